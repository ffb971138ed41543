"""What is measured of a command, and how the figures are shown."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.peers.chart import Bar, Group, chart
from benchmarks.peers.comparison import SCENARIOS, START, Results, Run
from benchmarks.peers.contestants import CONTESTANTS, Sfeed
from benchmarks.peers.documents import Facts
from benchmarks.peers.meter import Cost
from benchmarks.peers.report import BEGIN, DOCS, END, PAGE, drawing, placed, report
from benchmarks.peers.server import Record
from benchmarks.peers.table import table, tables, times

SPIN = "import time\nwhile time.process_time() < 0.3: pass"
ORPHAN = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SPIN!r}])"
FACTS = Facts(documents=2, collected=True, entries=(5, 6, 7, 8), kilobytes=(5, 6, 7, 8))


def results() -> Results:
    found = Results()
    for turn in (1, 3, 2):
        for place, name in enumerate(("aggregator", "newsboat")):
            for scenario in (*SCENARIOS, START):
                seconds = turn * (1 + 3 * place) / (2 if scenario is START else 1)
                cost = Cost(wall=2 * seconds, cpu=seconds, memory=10 * turn)
                asked = scenario.feeds or 10
                record = Record(requests=asked, whole=4, unchanged=6, sent=2_500_000, packed=4)
                found.add(name, scenario.name, Run(cost, record, stored=1234))
    return found


def measured(*command: str) -> Cost:
    meter = [sys.executable, "-m", "benchmarks.peers.meter", *command]
    done = subprocess.run(meter, check=True, capture_output=True, text=True)
    return Cost(**json.loads(done.stdout))


def test_the_time_of_processes_that_nobody_waits_for_is_counted() -> None:
    cost = measured(sys.executable, "-c", ORPHAN)
    assert cost.cpu >= 0.3
    assert cost.wall >= 0.3
    assert cost.memory > 1


def test_a_command_that_fails_is_not_measured() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        measured(sys.executable, "-c", "raise SystemExit('no')")


def test_a_table_names_its_columns_and_aligns_figures_to_the_right() -> None:
    drawn = table(["", "a"], [["one", "1"], ["two", "2"]])
    assert drawn == "|  | a |\n| --- | ---: |\n| one | 1 |\n| two | 2 |\n"


def test_the_tables_show_medians_spreads_ratios_and_what_was_asked() -> None:
    drawn = tables(results())
    assert "| first import | 2.00 (1.00 to 3.00) | 8.00 (4.00 to 12.00) **4.0x** |" in drawn
    assert "| four feeds, 304 | 1.00 (0.50 to 1.50) | 4.00 (2.00 to 6.00) **4.0x** |" in drawn
    assert "| first import | 166.67 | 666.67 |" in drawn  # (2 - 1) s for 10 - 4 feeds
    assert "| all 304 | 4 + 6, 2.5 MB | 4 + 6, 2.5 MB |" in drawn
    assert "| 7 % with one new | 1,234 | 1,234 |" in drawn
    assert times(results(), "newsboat", SCENARIOS[0].name) == 4


def test_one_that_failed_is_in_no_table() -> None:
    found = results()
    found.drop("newsboat")
    assert found.contestants() == ("aggregator",)
    assert "newsboat" not in tables(found)


def test_the_chart_is_well_formed_and_names_everyone() -> None:
    root = ElementTree.fromstring(drawing(results()))
    said = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert said.count("newsboat") == len(SCENARIOS)
    assert said.count("8.00 s (4.0x)") == len(SCENARIOS)


def test_the_longest_bar_of_a_group_fits_and_names_are_escaped() -> None:
    root = ElementTree.fromstring(chart("<&>", [Group("g", (Bar("a", 1, "1"), Bar("b", 4, "4")))]))
    page, *bars = (float(one.attrib["width"]) for one in root.iter() if "rect" in one.tag)
    assert bars[0] == pytest.approx(bars[1] / 4, abs=0.1)
    assert bars[1] < page


def test_the_report_says_what_was_measured_and_what_each_does() -> None:
    text = report(results(), FACTS, CONTESTANTS[:1], feeds=10, rounds=3)
    assert "10 feeds of 2 documents collected from tests of other projects" in text
    assert "medians of 3 rounds" in text
    assert "**aggregator**" in text
    assert re.search(r", Linux \d+\.\d+, Python", text)


def test_a_run_without_anybody_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--feeds", "1", "--rounds", "1"]
    bare = {**os.environ, "AGGREGATOR_SHARED": str(tmp_path)}
    done = subprocess.run(
        [*command, "--only", "nobody"], check=False, env=bare, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == ""
    assert "nobody is left out: known are aggregator" in done.stdout


def test_a_program_that_no_package_brought_has_no_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refusing = tmp_path / "dpkg-query"
    refusing.write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Sfeed().version() == "version unknown"
    refusing.unlink()
    assert Sfeed().version() == "version unknown"


def test_a_report_takes_the_place_of_the_last_one(tmp_path: Path) -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert placed(page, "new\n") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    with pytest.raises(ValueError, match="no <!-- peers"):
        placed("a page", "new")


def test_the_documentation_has_a_place_for_the_report() -> None:
    assert placed((DOCS / PAGE).read_text(encoding="utf-8"), "")
