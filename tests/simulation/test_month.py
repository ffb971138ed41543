"""The simulated month: whatever happens, nobody is asked too early.

AGGREGATOR_MONTH_SEEDS=50 AGGREGATOR_MONTH_SOURCES=200 is the full size, about a minute a seed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.simulation.laws import violations
from tests.simulation.month import simulate

SEEDS = int(os.environ.get("AGGREGATOR_MONTH_SEEDS", "1"))
SOURCES = int(os.environ.get("AGGREGATOR_MONTH_SOURCES", "20"))


# P19 P20 P21 P23 P26 P27 P30 P31 P33 P35 P97 P98 P99 P102 P104 P105
@pytest.mark.no_cover
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_in_a_month_of_trouble_nobody_is_asked_too_early(seed: int, tmp_path: Path) -> None:
    world = simulate(seed, sources=SOURCES, file=tmp_path / "aggregator.db")
    assert world.bugs == []
    assert violations(world.visits) == []
    # It was a month of trouble, and the program lived through it.
    assert len({visit.source for visit in world.visits}) >= SOURCES
    assert len({visit.life for visit in world.visits}) > 40
    assert sum(visit.heard is None for visit in world.visits) >= 5
    statuses = {visit.answer.status for visit in world.visits if visit.answer}
    assert statuses >= {200, 304, 429, 503}
