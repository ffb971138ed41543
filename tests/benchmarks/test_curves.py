"""The scale curves still know the store that they fill."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.adapters.sqlite import SqliteStore
from aggregator.adapters.sqlite.writer import Writer
from benchmarks.curves import ticks
from benchmarks.curves.__main__ import main
from benchmarks.curves.articles import DatedApp, Papers
from benchmarks.curves.filled import fill, profile
from benchmarks.press import published


async def test_ticks_are_measured_on_sources_that_were_all_polled(tmp_path: Path) -> None:
    file = profile(tmp_path, 200)
    with SqliteStore.open(fill(file)) as store:
        assert store.census() == {"ok": 198, "failing": 2}
        assert (
            store.due_count(max(state.last_attempt_at or published(0) for state in store.states()))
            == 0
        )
    start = await ticks.measure(file)
    assert set(start.ticks) == {0, *ticks.DUE}


@pytest.mark.parametrize(("curve", "least"), [("sources", "60"), ("articles", "3,000")])
def test_a_size_that_is_too_small_is_refused_with_the_least_one(
    curve: str, least: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([curve, "--sizes", "1000000,10"])
    assert f"measured from {least} on" in capsys.readouterr().err


async def test_papers_are_polled_with_one_new_entry_among_known_ones(tmp_path: Path) -> None:
    with DatedApp.open(profile(tmp_path, 0), {}) as app:
        assert isinstance(app, DatedApp)
        file = tmp_path / "feeds.yaml"
        file.write_text("sources: [{id: paper1, url: 'https://www.paper1.example/feed.xml'}]\n")
        app.reload()
        app.store.adopt(app.settings.sources, now=published(0), spread=timedelta(0))
        writer = Writer(app.store)
        papers = Papers(app, writer, articles=100, stored=0)
        try:
            known = await papers.poll({1: papers.known(1)})
            found = await papers.poll({1: papers.with_one_new(1)})
        finally:
            await writer.close()
    assert [report.novelty.new for report in (*known, *found)] == [29, 1]
