"""The figures as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median

from benchmarks.peers.comparison import SCENARIOS, START, Results, Scenario

Cell = Callable[[str, str], str]  # name of a contestant, name of a scenario -> what stands there


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, rule, *rows))


def tables(results: Results) -> str:
    """All tables, each with its title."""
    return "\n".join(f"{title}\n\n{drawn}" for title, drawn in _tables(results))


def _tables(results: Results) -> Iterator[tuple[str, str]]:
    head = ["", *results.contestants()]

    def rows(cell: Cell, scenarios: Sequence[Scenario] = SCENARIOS) -> list[list[str]]:
        return [
            [scenario.name, *(cell(name, scenario.name) for name in results.contestants())]
            for scenario in scenarios
        ]

    first = results.contestants()[0]
    title = f"**CPU seconds**, least to most in brackets, and how many times those of {first}:"
    yield title, table(head, rows(lambda *place: _cpu(results, *place), (*SCENARIOS, START)))
    title = "**CPU milliseconds for each feed**, without what a run with four feeds takes:"
    yield title, table(head, rows(lambda *place: f"{each(results, *place):.2f}"))
    title = "**Seconds** from start to end:"
    yield title, table(head, rows(lambda *place: f"{results.wall(*place).middle:.1f}"))
    title = "**Memory**, MB of all its processes together at the highest moment:"
    yield title, table(head, rows(lambda *place: f"{results.memory(*place).middle:.0f}"))
    title = "**Answers**: documents + 304, and MB of documents as they were sent (gzip for most):"
    yield title, table(head, rows(lambda *place: _answers(results, *place)))
    title = "**Entries** stored afterwards:"
    yield title, table(head, rows(lambda *place: f"{results.runs(*place)[-1].stored:,}"))


def times(results: Results, name: str, scenario: str) -> float:
    """How many times the CPU seconds of the first contestant: the median over the rounds."""
    first = results.contestants()[0]
    pairs = zip(results.runs(name, scenario), results.runs(first, scenario), strict=True)
    return median(its.cost.cpu / ours.cost.cpu for its, ours in pairs)


def each(results: Results, name: str, scenario: str) -> float:
    """CPU milliseconds for each feed more than the few of a run that mostly starts and ends."""
    seconds = results.cpu(name, scenario).middle - results.cpu(name, START.name).middle
    all_feeds, few = (
        results.runs(name, which)[0].record.requests for which in (scenario, START.name)
    )
    return 1000 * seconds / (all_feeds - few)


def _cpu(results: Results, name: str, scenario: str) -> str:
    cpu = results.cpu(name, scenario)
    spread = f"{cpu.middle:.2f} ({cpu.least:.2f} to {cpu.most:.2f})"
    is_first = name == results.contestants()[0]
    return spread if is_first else f"{spread} **{said(times(results, name, scenario))}**"


def said(ratio: float) -> str:
    """A ratio with as many digits as it deserves."""
    return f"{ratio:.1f}x" if ratio >= 1 else f"{ratio:.2f}x"


def _answers(results: Results, name: str, scenario: str) -> str:
    record = results.runs(name, scenario)[-1].record
    return f"{record.whole} + {record.unchanged}, {record.sent / 1e6:.1f} MB"
