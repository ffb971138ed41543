"""When the daemon builds: at once after a lone change, seldom in a storm of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from aggregator.app.gathering import Gathering
from tests.simulation.virtual import run

REST, SETTLE = 1.0, 0.05


@dataclass(slots=True)
class Builds:
    """Builds that take their time; each knows how many changes there had been at its start."""

    seconds: float = 0.0
    changes: int = 0
    started: list[float] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)

    async def build(self) -> None:
        self.started.append(asyncio.get_running_loop().time())
        self.seen.append(self.changes)
        await asyncio.sleep(self.seconds)


def built(changes: Iterable[float], *, seconds: float = 0.0) -> Builds:
    """What is built of changes at these times, in virtual time."""
    builds = Builds(seconds)
    gathering = Gathering(builds.build, rest=REST, settle=SETTLE)

    async def live() -> None:
        task = asyncio.create_task(gathering.run())
        for moment in changes:
            await asyncio.sleep(moment - asyncio.get_running_loop().time())
            builds.changes += 1
            gathering.changed()
        await asyncio.sleep(5 * (REST + seconds))
        task.cancel()

    run(live())
    return builds


def test_nothing_is_built_without_a_change() -> None:
    assert built([]).started == []


def test_a_lone_change_is_built_at_once() -> None:
    assert built([7.0, 20.0]).started == pytest.approx([7.0 + SETTLE, 20.0 + SETTLE])


def test_changes_that_come_together_are_built_together() -> None:
    builds = built([3.0, 3.01, 3.02, 3.04])
    assert builds.started == pytest.approx([3.0 + SETTLE])
    assert builds.seen == [4]


@pytest.mark.parametrize("seconds", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("pause", [0.001, 0.13, 0.9])
def test_a_storm_is_built_once_in_a_rest(pause: float, seconds: float) -> None:
    storm = 30.0
    builds = built([number * pause for number in range(int(storm / pause))], seconds=seconds)
    assert len(builds.started) <= storm / REST + 1
    gaps = [after - before for before, after in pairwise(builds.started)]
    assert min(gaps) >= seconds + REST - 1e-6
    assert max(gaps) <= seconds + REST + pause + SETTLE + 1e-6


@pytest.mark.parametrize("seconds", [0.0, 0.3, 2.0])
def test_no_change_is_forgotten(seconds: float) -> None:
    times = [0.1, 0.16, 0.3, 1.2, 2.1, 2.15, 2.5, 4.0]
    builds = built(times, seconds=seconds)
    assert builds.seen[-1] == len(times)
    assert builds.seen == sorted(set(builds.seen))  # each has something that none before it had
