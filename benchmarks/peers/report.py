"""The results as they stand in docs/performance.md, with what they were measured on."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.chart import Bar, Group, chart
from benchmarks.peers.comparison import SCENARIOS, Results
from benchmarks.peers.contestants import Contestant
from benchmarks.peers.documents import Facts
from benchmarks.peers.table import said, tables, times

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, DRAWING = "performance.md", "performance.svg"
BEGIN, END = "<!-- peers: written by make bench -->", "<!-- end of peers -->"


def report(
    results: Results, facts: Facts, contestants: Sequence[Contestant], *, feeds: int, rounds: int
) -> str:
    """The part between the marks."""
    return "\n".join(
        [
            _setting(facts, feeds=feeds, rounds=rounds),
            f"![CPU seconds of all, as a chart]({DRAWING})\n",
            tables(results),
            "What each of them does with the feeds:\n",
            _contestants(results, contestants),
        ]
    )


def _setting(facts: Facts, *, feeds: int, rounds: int) -> str:
    kind = (
        "collected from tests of other projects"
        if facts.collected
        else "**made up**, as none were at hand"
    )
    entries = "least {:.0f}, median {:.0f}, mean {:.0f}, most {:.0f}".format(*facts.entries)
    sizes = "least {:.0f}, median {:.0f}, mean {:.0f}, most {:.0f}".format(*facts.kilobytes)
    return (
        f"{feeds} feeds of {facts.documents} documents {kind} (entries: {entries}; KB: {sizes}), "
        f"medians of {rounds} rounds, in turns. {_machine()}.\n"
    )


def _machine() -> str:
    found = re.search(r"model name\s*:\s*(.+)", _read("/proc/cpuinfo"))
    name = found[1] if found else platform.machine()
    python = platform.python_version()
    linux = ".".join(platform.release().split(".")[:2])  # who built it is nobody's business
    return f"{os.cpu_count()} processors ({name}), Linux {linux}, Python {python}"


def _read(path: str) -> str:
    file = Path(path)
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _contestants(results: Results, contestants: Sequence[Contestant]) -> str:
    there = [one for one in contestants if one.name in results.contestants()]
    return "".join(f"- **{one.name}** ({one.version()}): {one.does}.\n" for one in there)


def drawing(results: Results) -> str:
    """The chart: CPU seconds of all contestants, scenario by scenario."""
    names = results.contestants()

    def bar(name: str, scenario: str) -> Bar:
        seconds = results.cpu(name, scenario).middle
        ratio = f" ({said(times(results, name, scenario))})" if name != names[0] else ""
        return Bar(name, seconds, f"{seconds:.2f} s{ratio}")

    groups = [
        Group(scenario.name, tuple(bar(name, scenario.name) for name in names))
        for scenario in SCENARIOS
    ]
    return chart(f"CPU seconds (less is better) and how many times those of {names[0]}", groups)


def write(text: str, drawn: str, folder: Path = DOCS) -> None:
    """Put both into the documentation. Raises ValueError where the page has no place for it."""
    page = folder / PAGE
    page.write_text(placed(page.read_text(encoding="utf-8"), text), encoding="utf-8")
    (folder / DRAWING).write_text(drawn, encoding="utf-8")


def placed(page: str, text: str) -> str:
    """The page with another text between the marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{text}\n{END}{after}"
