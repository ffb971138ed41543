"""Which outputs are behind, as the daemon keeps count of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.adapters.sqlite import SqliteStore
from aggregator.app import App
from aggregator.app.behind import Behind
from aggregator.core.render import FORMATS, feed_path
from aggregator.core.settings import Output, Settings
from tests.adapters.store.polls import HOUR, NOW, adopt, entry, poll, source

LEFT = Output(id="left", title="Left", sources=("a", "b"))
RIGHT = Output(id="right", title="Right", sources=("b", "c"))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    settings = Settings(
        file=tmp_path / "feeds.yaml",
        data_dir=tmp_path,
        base_url="https://feeds.example.net/",
        sources=tuple(map(source, "abc")),
        outputs=(LEFT, RIGHT),
    )
    with SqliteStore.open(tmp_path / "store.db") as store:
        adopt(store, *settings.sources)
        yield App(settings, store, {})


@pytest.fixture
def behind(app: App) -> Behind:
    found = Behind(app)
    found.learn()
    return found


def stale(behind: Behind, app: App, *, timed: bool = False) -> list[str]:
    return [one.id for one in behind.stale(app.settings.outputs, outdated=(), timed=timed)]


def build(behind: Behind, app: App) -> list[str]:
    """Build what is stale, as far as the books go."""
    built = behind.stale(app.settings.outputs, outdated=(), timed=False)
    for one in built:
        digest = behind.digest(one)
        app.store.open_build(one.id, digest=digest, fresh_id=f"urn:{one.id}", now=NOW)
        for form in FORMATS:
            path = app.public_root / feed_path(one.id, form)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        change = behind.last_change(one)
        app.store.close_build(one.id, change=change, slug_hashes=(), now=NOW)
    return [one.id for one in built]


def changed(app: App, name: str, number: int) -> None:
    wanted = next(one for one in app.settings.sources if one.id == name)
    poll(app.store, wanted, entry(str(number)), now=NOW + number * HOUR)


def test_what_was_never_built_is_behind_and_then_no_more(app: App, behind: Behind) -> None:
    assert build(behind, app) == ["left", "right"]
    assert stale(behind, app) == []


def test_a_change_puts_the_outputs_of_its_source_behind(app: App, behind: Behind) -> None:
    build(behind, app)
    for number, (name, expected) in enumerate({"a": ["left"], "c": ["right"]}.items(), start=1):
        changed(app, name, number)
        assert stale(behind, app) == expected
        assert stale(behind, app) == expected  # also when nobody built it
        assert build(behind, app) == expected
        assert stale(behind, app) == []
    changed(app, "b", 3)
    assert build(behind, app) == ["left", "right"]


def test_a_restart_changes_nothing(app: App, behind: Behind) -> None:
    build(behind, app)
    changed(app, "a", 1)
    anew = Behind(app)
    anew.learn()
    assert stale(anew, app) == stale(behind, app) == ["left"]
    assert anew.last_change(LEFT) == behind.last_change(LEFT) > 0


def test_a_change_that_came_while_an_output_was_built_is_for_the_next_build(
    app: App, behind: Behind
) -> None:
    build(behind, app)
    changed(app, "a", 1)
    assert stale(behind, app) == ["left"]
    before = behind.last_change(LEFT)
    changed(app, "a", 2)
    assert behind.last_change(LEFT) == before
    app.store.close_build("left", change=before, slug_hashes=(), now=NOW)
    assert stale(behind, app) == ["left"]


def test_other_settings_put_an_output_behind_once_they_are_learned(
    app: App, behind: Behind
) -> None:
    build(behind, app)
    app.settings = replace(app.settings, outputs=(LEFT, replace(RIGHT, title="Wrong")))
    assert app.catalogue.settings is app.settings
    behind.learn()
    assert build(behind, app) == ["right"]


def test_a_lost_file_and_a_page_of_old_put_an_output_behind(app: App, behind: Behind) -> None:
    build(behind, app)
    assert behind.stale(app.settings.outputs, outdated=["right"], timed=False) == [RIGHT]
    (app.public_root / feed_path("left", "json")).unlink()
    assert stale(behind, app) == ["left"]


def test_the_clock_counts_only_for_those_it_can_change(app: App, behind: Behind) -> None:
    build(behind, app)
    assert stale(behind, app, timed=True) == []
    app.settings = replace(app.settings, outputs=(LEFT, replace(RIGHT, max_age=HOUR)))
    behind.learn()
    build(behind, app)
    assert stale(behind, app) == []
    assert stale(behind, app, timed=True) == ["right"]


def test_only_later_changes_are_asked_for(app: App) -> None:
    changed(app, "a", 1)
    (first,) = app.store.changes().values()
    assert app.store.changes(since=first) == {}
    changed(app, "b", 2)
    assert list(app.store.changes(since=first)) == ["b"]
    assert list(app.store.changes()) == ["a", "b"]
