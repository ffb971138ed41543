"""Run all contestants over the same scenarios, in turns, and note what each took and asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from benchmarks.peers.contestants import Contestant
from benchmarks.peers.documents import Facts
from benchmarks.peers.meter import Cost
from benchmarks.peers.server import Record


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is published when all feeds are asked for, after what the scenario before left."""

    name: str
    step: str
    rehearsals: int = 0  # runs before that are not measured
    feeds: int | None = None  # only so many, in a home of their own


START = Scenario("four feeds, 304", "old", rehearsals=2, feeds=4)
SCENARIOS = (
    Scenario("first import", "old"),
    # newsboat 2.21 asks conditionally from its third time on
    Scenario("all 304", "old", rehearsals=1),
    Scenario("7 % with one new", "few"),
    Scenario("one new in every feed", "all"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One contestant in one scenario once."""

    cost: Cost
    record: Record
    stored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Of several runs."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(middle=median(values), least=min(values), most=max(values))


class Results:
    """All runs of a comparison."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str], list[Run]] = {}

    def add(self, contestant: str, scenario: str, run: Run) -> None:
        self._runs.setdefault((contestant, scenario), []).append(run)

    def drop(self, contestant: str) -> None:
        """Forget one that failed."""
        self._runs = {key: runs for key, runs in self._runs.items() if key[0] != contestant}

    def contestants(self) -> tuple[str, ...]:
        """In the order they came."""
        return tuple(dict.fromkeys(contestant for contestant, _ in self._runs))

    def runs(self, contestant: str, scenario: str) -> tuple[Run, ...]:
        return tuple(self._runs[contestant, scenario])

    def cpu(self, contestant: str, scenario: str) -> Spread:
        """Seconds."""
        return Spread.of([run.cost.cpu for run in self.runs(contestant, scenario)])

    def wall(self, contestant: str, scenario: str) -> Spread:
        """Seconds."""
        return Spread.of([run.cost.wall for run in self.runs(contestant, scenario)])

    def memory(self, contestant: str, scenario: str) -> Spread:
        """MB."""
        return Spread.of([run.cost.memory for run in self.runs(contestant, scenario)])


class Publishers:
    """The server process, seen from here."""

    def __init__(self, port: int, facts: Facts) -> None:
        self.facts = facts
        self._top = f"http://127.0.0.1:{port}"

    def urls(self, count: int) -> list[str]:
        return [f"{self._top}/feed/{number}" for number in range(count)]

    def publish(self, step: str) -> None:
        self._ask(f"publish/{step}")

    def record(self) -> Record:
        """What was asked since the last call."""
        return Record(**self._ask("record"))

    def _ask(self, path: str) -> dict[str, int]:
        with urlopen(f"{self._top}/{path}", timeout=60) as answer:
            told: dict[str, int] = json.load(answer)
        return told


@contextmanager
def publishers(count: int) -> Iterator[Publishers]:
    """Start the server; it is ready when this yields."""
    command = [sys.executable, "-m", "benchmarks.peers.server", str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            port = ready.pop("port")
            yield Publishers(port, Facts(**ready))
        finally:
            process.kill()


def compare(
    contestants: Sequence[Contestant], publishers: Publishers, *, count: int, rounds: int
) -> Results:
    """Run everything; a contestant that fails is dropped, and said so."""
    results = Results()
    taking_part = list(contestants)
    for number in range(rounds):
        with tempfile.TemporaryDirectory(prefix="aggregator-bench-") as folder:
            homes = _Homes(Path(folder), publishers.urls(count))
            for scenario in (START, *SCENARIOS):
                publishers.publish(scenario.step)
                for contestant in _in_turn(taking_part, number):
                    run = _attempt(scenario, contestant, homes, publishers)
                    if run is None:
                        taking_part.remove(contestant)
                        results.drop(contestant.name)
                    else:
                        results.add(contestant.name, scenario.name, run)
                        _tell(number, scenario, contestant, run)
    return results


class _Homes:
    """The folders of a round, each prepared when it is first asked for."""

    def __init__(self, folder: Path, urls: Sequence[str]) -> None:
        self._folder = folder
        self._urls = urls

    def of(self, contestant: Contestant, feeds: int | None) -> Path:
        """Where it is at home with the first so many of the feeds, or all."""
        urls = self._urls[:feeds]
        home = self._folder / str(len(urls)) / contestant.name
        if not home.exists():
            home.mkdir(parents=True)
            contestant.prepare(home, urls)
        return home


def _in_turn(contestants: Sequence[Contestant], number: int) -> list[Contestant]:
    """Another one begins in each round."""
    start = number % max(1, len(contestants))
    return [*contestants[start:], *contestants[:start]]


def _attempt(
    scenario: Scenario, contestant: Contestant, homes: _Homes, publishers: Publishers
) -> Run | None:
    """Run it, after its rehearsals; None when it fails, and why is said."""
    try:
        home = homes.of(contestant, scenario.feeds)
        for _ in range(scenario.rehearsals):
            _run(contestant, home, publishers)
        return _run(contestant, home, publishers)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        print(f"{contestant.name} is left out: {error}", flush=True)
        return None


def _run(contestant: Contestant, home: Path, publishers: Publishers) -> Run:
    """Run it once. Raises RuntimeError when it fails."""
    publishers.record()
    command = [sys.executable, "-m", "benchmarks.peers.meter", *contestant.command(home)]
    environment = {**os.environ, **contestant.environment(home)}
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-2000:])
    cost = Cost(**json.loads(done.stdout))
    return Run(cost, publishers.record(), contestant.stored(home))


def _tell(number: int, scenario: Scenario, contestant: Contestant, run: Run) -> None:
    cost, record = run.cost, run.record
    print(
        f"round {number + 1}  {scenario.name:<22} {contestant.name:<22}"
        f"{cost.cpu:>8.2f} s CPU{cost.wall:>8.2f} s{cost.memory:>6.0f} MB"
        f"{record.requests:>6} asked{record.unchanged:>6} times 304{run.stored:>8} entries",
        flush=True,
    )
