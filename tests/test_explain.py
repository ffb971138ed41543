"""`why` of everything that was ever seen, and `preview` of a rule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator import archive, explain
from aggregator.adapters.sqlite import SqliteStore
from aggregator.archive import Edition
from aggregator.core.filter import Match, compile_rule
from aggregator.core.model import Place
from aggregator.core.settings import Output, Rules, Settings, Source
from aggregator.core.shares import Quota
from aggregator.outputs import Catalogue
from tests.adapters.store.polls import DAY, HOUR, NOW, adopt, entry, poll, source


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore.open(tmp_path / "store.db") as opened:
        adopt(opened, source("a"), source("b"))
        yield opened


def settings(*outputs: Output, a: Rules | None = None) -> Settings:
    sources = (Source(id="a", url=source("a").url, rules=a or Rules()), source("b"))
    return Settings(file=Path("x"), data_dir=Path("x"), sources=sources, outputs=outputs)


def output(**changes: object) -> Output:
    return Output(id="out", title="Out", **{"sources": ("a", "b"), **changes})  # type: ignore[arg-type]


def rule(text: str, line: int = 7) -> Rules:
    place = Place("feeds.yaml", line, 3)
    return Rules(drop=compile_rule(text, places=lambda *_: place))


def build(store: SqliteStore, using: Settings, *, hour: int = 1) -> None:
    """What a build writes about each output."""
    now = NOW + hour * HOUR
    store.list_outputs(using.outputs, now=now)
    for one in using.outputs:
        store.open_build(one.id, digest=repr(one), fresh_id="urn:x", now=now)
        edition = Edition.of(Catalogue.of(using), one, store=store, now=now)
        newest = edition.newest()
        late = archive.late(edition, newest, fresh=archive.fresh(edition))
        store.carry(one.id, (*newest, *late), now=now)
        carried = [article.slug_hash for article in archive.document(edition)]
        change = max(store.changes().values(), default=0)
        store.close_build(one.id, change=change, slug_hashes=carried, now=now)


def asked(store: SqliteStore, using: Settings, what: str, *, hour: int = 2) -> explain.OutputAnswer:
    """What the one output says of the one article."""
    (answer,) = explain.why(store, using, what, now=NOW + hour * HOUR)
    (one,) = answer.outputs
    return one


def test_what_is_carried_is_told_with_the_time(store: SqliteStore) -> None:
    poll(store, source("a"), entry("1"))
    using = settings(output())
    assert asked(store, using, "guid-1").missing == "unbuilt"
    build(store, using)
    one = asked(store, using, "guid-1")
    assert (one.missing, one.carried_since, one.first_carried) == ("", NOW + HOUR, NOW + HOUR)


def test_what_waits_and_what_is_never_shown_are_told_apart(store: SqliteStore) -> None:
    poll(store, source("a"), entry("1"), entry("2", published=NOW - DAY), capacity=1)
    poll(store, source("a"), *map(entry, "34"), now=NOW + HOUR, capacity=1)
    using = settings(output())
    build(store, using)
    assert asked(store, using, "guid-2").missing == "seen"
    queued = {name: asked(store, using, f"guid-{name}").missing for name in "34"}
    assert sorted(queued.values()) == ["", "queued"]


def test_what_retention_has_dropped_is_still_explained(store: SqliteStore) -> None:
    poll(store, source("a"), entry("1", categories=("old",)))
    using = settings(output(limit=1))
    build(store, using)
    poll(store, source("a"), entry("2", published=NOW + HOUR), now=NOW + HOUR)
    store.prune(before=NOW + DAY, min_articles=0)
    poll(store, source("b"), entry("3", published=NOW + DAY), now=NOW + DAY)
    build(store, using, hour=30)
    (answer,) = explain.why(store, using, "guid-1", now=NOW + 2 * DAY)
    assert (answer.title, answer.shown) == (entry("1").title, "")
    assert answer.link == entry("1").link
    assert answer.sort_at == NOW - HOUR
    (one,) = answer.outputs
    assert (one.missing, one.verdict, one.carried_since) == ("pruned", None, None)
    assert one.first_carried == NOW + HOUR


def test_what_a_source_drops_is_explained_by_its_line(store: SqliteStore) -> None:
    poll(store, source("a"), entry("1"))
    using = settings(output(), a=rule("headline", line=12))
    build(store, using)
    one = asked(store, using, "guid-1")
    assert one.missing == "dropped"
    assert one.verdict is not None
    assert (one.verdict.by, str(one.verdict.place)) == ("source drop", "feeds.yaml:12:3")


def test_the_copy_of_the_output_is_judged_not_the_best_of_all(store: SqliteStore) -> None:
    poll(store, source("a"), entry("1", categories=("bad",)))
    poll(store, source("b"), entry("1", guid="b1", content=entry("1").content + "<p>More.</p>"))
    using = settings(output(sources=("a",), rules=rule("tag:bad")))
    build(store, using)
    assert asked(store, using, "guid-1").missing == "dropped"


def test_age_room_and_shares_are_told_apart(store: SqliteStore) -> None:
    poll(store, source("a"), *(entry(str(n), published=NOW - n * HOUR) for n in range(1, 6)))
    aged, beyond = output(max_age=3 * HOUR), output(limit=2)
    crowded = output(max_per_source=Quota(1), limit=3)
    for one, reason in ((aged, "aged"), (beyond, "beyond"), (crowded, "crowded")):
        using = settings(one)
        build(store, using)
        if one is crowded:
            poll(store, source("b"), entry("old", published=NOW - 9 * HOUR), now=NOW + HOUR)
            build(store, using)
        assert asked(store, using, "guid-4").missing == reason


def test_the_past_of_a_source_that_joined_later_is_told(store: SqliteStore) -> None:
    poll(store, source("a"), entry("1"))
    build(store, settings(output(sources=("a",))))
    poll(store, source("b"), *(entry(f"b{n}", published=NOW - n * HOUR) for n in range(4)))
    using = settings(output(backfill=2))
    build(store, using, hour=2)
    reasons = [asked(store, using, f"guid-b{n}", hour=3).missing for n in range(4)]
    assert reasons == ["", "", "past", "past"]


def test_an_output_without_its_sources_says_nothing(store: SqliteStore) -> None:
    poll(store, source("a"), entry("1"))
    (answer,) = explain.why(store, settings(output(sources=("b",))), "guid-1", now=NOW)
    assert answer.outputs == ()


# --- preview


def previewed(store: SqliteStore, text: str, **options: object) -> explain.Preview:
    one = output(rules=rule("tag:bad"))
    asked_for = {"output": None, "among": 100, "limit": 10, "now": NOW + DAY, **options}
    if asked_for["output"]:
        asked_for["output"] = one
    return explain.preview(
        store,
        settings(one),
        compile_rule(text),
        **asked_for,  # type: ignore[arg-type]
    )


def test_a_preview_lists_the_newest_matches_and_counts_all(store: SqliteStore) -> None:
    tags = ("bad", "good")
    poll(
        store,
        source("a"),
        *(entry(str(n), published=NOW - n * HOUR, categories=(tags[n % 2],)) for n in range(6)),
    )
    found = previewed(store, "tag:good OR title:/number [02]/", limit=2)
    assert [hit.article.entry.title[16:17] for hit in found.hits] == ["0", "1"]
    assert [hit.match.text for hit in found.hits] == ["title:/number [02]/", "tag:good"]
    assert (found.looked_at, found.matched, found.since) == (6, 5, NOW - 5 * HOUR)
    assert found.decided == {}
    with_output = previewed(store, "tag:bad tag:bad OR tag:good", output=True, among=3)
    assert with_output.decided == {("dropped by output drop", "feeds.yaml:7:3"): 2, ("kept", ""): 1}
    assert with_output.looked_at == 3


def test_a_preview_names_patterns_that_ran_out_of_time(store: SqliteStore) -> None:
    poll(store, source("a"), entry("1", title="a" * 4000 + "!"))
    assert previewed(store, "title:/(a+)+$/").timed_out == ("title:/(a+)+$/",)


# --- how often each rule decides


def counted(store: SqliteStore, using: Settings, **options: int) -> dict[str, explain.RuleCount]:
    found = explain.tally(store, using, among=options.get("among", 1000), now=NOW + DAY)
    return {count.rule: count for count in found.rules}


def listed(*texts: str) -> Rules:
    """A list of words, each in a line of its own."""

    def place(path: tuple[str | int, ...], _: int | None = None) -> Place:
        return Place("y", int(path[0]) if path else 0, 1)

    return Rules(drop=compile_rule(list(texts), places=place))


def test_each_item_of_a_rule_is_counted_by_what_it_decides(store: SqliteStore) -> None:
    ages = (1, 2, 10, 40, 100)
    poll(
        store,
        source("a"),
        *(entry(f"{n}", published=NOW - n * DAY, categories=("bad",)) for n in ages),
    )
    found = counted(store, settings(output(rules=listed("tag:bad", "headline", "nowhere"))))
    bad, late, never = found.values()
    assert (bad.owner, bad.key, bad.week, bad.quarter, bad.note) == ("output out", "drop", 2, 4, "")
    assert (late.quarter, late.matches, late.note) == (0, 4, "shadowed")
    assert late.shadowed_by == Match("tag:bad", Place("y", 0, 1))
    assert (never.quarter, never.matches, never.note) == (0, 0, "never hit")


def test_a_rule_of_the_source_shadows_one_of_the_output(store: SqliteStore) -> None:
    poll(store, source("a"), entry("1"))
    using = settings(output(rules=rule("particular", line=9)), a=rule("headline", line=3))
    found = counted(store, using)
    assert (found["headline"].owner, found["headline"].quarter) == ("source a", 1)
    assert found["particular"].note == "shadowed"
    assert found["particular"].shadowed_by == Match("headline", Place("feeds.yaml", 3, 3))


def test_a_keep_that_does_not_match_comes_before_the_drop(store: SqliteStore) -> None:
    poll(store, source("a"), entry("1"), entry("2", title="Another wanted one"))
    keep = compile_rule("wanted", places=lambda *_: Place("y", 5, 1))
    using = settings(output(rules=Rules(keep=keep, drop=compile_rule("headline"))))
    found = counted(store, using)
    assert found["wanted"].quarter == 1
    assert found["headline"].shadowed_by == Match("wanted", Place("y", 5, 1))


def test_patterns_that_run_out_of_time_are_counted(store: SqliteStore) -> None:
    poll(store, source("a"), entry("1", title="a" * 4000 + "!"))
    found = counted(store, settings(output(rules=rule("title:/(a+)+$/"))))
    assert found["title:/(a+)+$/"].timeouts == 1
    assert "ran out of time" in found["title:/(a+)+$/"].note


def test_no_more_articles_are_looked_at_than_asked(store: SqliteStore) -> None:
    poll(store, source("a"), *(entry(str(n), published=NOW - n * HOUR) for n in range(5)))
    assert counted(store, settings(output(rules=rule("headline"))), among=3)["headline"].week == 3
    assert explain.tally(store, settings(output()), among=9, now=NOW) == explain.Tally(
        looked_at=0, since=None, rules=()
    )
