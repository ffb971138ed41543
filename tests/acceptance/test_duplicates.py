"""Labelled stories, syndicated over eight feeds for three rounds, through the whole program."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.dedupe_report.run import measure
from tools.dedupe_report.text import report

SEED = 1  # not one of those that `make dedupe-report` measures


@pytest.mark.parametrize(
    ("texts", "precision", "recall"),
    [(True, 0.998, 0.98), (False, 0.99, 0.85)],
    ids=["texts", "headlines"],
)
def test_copies_find_their_story_under_an_id_that_never_changes(
    testkit: Path, texts: bool, precision: float, recall: float
) -> None:
    result = measure(testkit, SEED, texts=texts)
    assert result.ids.broken == []
    assert result.lost == 0
    mistakes = "\n".join(report((result,), texts=texts, examples=5))
    assert result.score.precision >= precision, mistakes
    assert result.score.recall >= recall, mistakes
