"""Archives (RFC 5005 §4): nothing is lost, and nothing changes that was closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from aggregator import archive
from aggregator.adapters.sqlite import SqliteStore
from aggregator.core.filter import compile_rule
from aggregator.core.model import Entry
from aggregator.core.settings import Rules
from aggregator.core.shares import Quota
from aggregator.pipeline import choose
from tests.adapters.store.polls import DAY, HOUR, NOW, entry
from tests.publishing import ATOM, HISTORY, Follower, Press, dated, link, output, titles

Opened = Callable[[], SqliteStore]


@pytest.fixture
def reopen(tmp_path: Path) -> Iterator[Opened]:
    opened: list[SqliteStore] = []

    def open_store() -> SqliteStore:
        opened.append(SqliteStore.open(tmp_path / "store.db"))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()


def named(*names: str, age: timedelta = HOUR, at: int = 0) -> list[Entry]:
    """Entries published some time before an hour, the first one last."""
    return dated([entry(name) for name in names], NOW + at * HOUR - age)


def title_of(name: str) -> str:
    return entry(name).title


def fill(press: Press, rounds: int, *, each: int = 5, start: int = 0) -> list[str]:
    """Poll and build hour by hour, some new entries each time; return their titles."""
    seen: list[str] = []
    for number in range(start, start + rounds):
        press.hour = number
        names = [f"r{number}n{index}" for index in range(each)]
        press.polled("a", *named(*names, at=number, age=timedelta(minutes=1)))
        press.build()
        seen += map(title_of, names)
    return seen


def all_titles(press: Press) -> set[str]:
    """What can be had: the document and the pages behind it."""
    found: set[str] = set()
    body = press.files["feeds/out.atom"]
    while True:
        found |= set(titles(body))
        address = link(etree.fromstring(body), "prev-archive")
        if not address:
            return found
        body = press.files[address.removeprefix("https://feeds.example.net/")]


# W42
def test_pages_are_closed_when_full_and_lead_from_the_document_to_the_first(
    reopen: Opened,
) -> None:
    press = Press(reopen(), output())
    seen = fill(press, 7)
    assert sorted(press.pages) == sorted(
        f"feeds/out/archive/{number}.{form}" for number in (1, 2, 3) for form in ("atom", "json")
    )
    assert all_titles(press) == set(seen)
    first = etree.fromstring(press.files["feeds/out/archive/1.atom"])
    assert first.find(HISTORY + "archive") is not None
    assert sorted(titles(press.files["feeds/out/archive/1.atom"])) == sorted(seen[:10])
    assert first.findtext(ATOM + "id") == "urn:example:out"


# W42
def test_a_closed_page_never_changes(reopen: Opened) -> None:
    press = Press(reopen(), output())
    fill(press, 3)
    closed = dict(press.pages)
    assert closed
    press.output = replace(press.output, title="Another title", author="Somebody")
    press.polled("a", entry("r0n0", title="Quite another headline", content="<p>Other words</p>"))
    fill(press, 5, start=3)
    press.store.prune(before=NOW + 99 * DAY, min_articles=0)
    press.build()
    assert {name: press.files[name] for name in closed} == closed


# W11
def test_a_page_can_be_made_again_byte_for_byte_whatever_has_become_of_its_articles(
    reopen: Opened,
) -> None:
    press = Press(reopen(), output())
    fill(press, 4)
    press.store.prune(before=NOW + 99 * DAY, min_articles=0)
    again = Press(reopen(), replace(press.output, title="Another title"))
    for number in press.store.pages("out"):
        remade = again.remade(number)
        assert remade == {name: press.files[name] for name in remade}


# W11
def test_a_restart_builds_the_same_bytes(reopen: Opened) -> None:
    press = Press(reopen(), output())
    fill(press, 6)
    again = Press(reopen(), output(), hour=press.hour)
    assert again.build() == press.files["feeds/out.atom"]
    assert {name: again.files[name] for name in again.files} == {
        name: press.files[name] for name in again.files
    }


# W43
def test_a_late_date_shifts_no_page_and_is_carried_all_the_same(reopen: Opened) -> None:
    press = Press(reopen(), output())
    fill(press, 4)
    closed = dict(press.pages)
    press.polled("b", *named("late", at=press.hour, age=2 * DAY))
    assert title_of("late") in titles(press.build())
    fill(press, 1, start=4)
    assert title_of("late") in titles(press.files["feeds/out.atom"])
    fill(press, 3, start=5)
    assert title_of("late") not in titles(press.files["feeds/out.atom"])
    assert title_of("late") in all_titles(press)
    assert {name: press.files[name] for name in closed} == closed


def test_what_is_carried_can_be_told_without_building(reopen: Opened) -> None:
    for order in ("newest", "oldest"):
        press = Press(reopen(), output(id=order, order=order))
        press.polled("a", *named(*(f"{order}{number}" for number in range(12))))
        press.build()
        press.polled("b", *named(f"{order}late", age=2 * DAY))
        carried = titles(press.build())
        assert title_of(f"{order}late") == carried[-1 if order == "newest" else 0]
        assert [one.entry.title for one in archive.document(press.edition())] == carried


def test_the_past_of_a_new_source_is_no_news(reopen: Opened) -> None:
    press = Press(reopen(), output())
    fill(press, 4)
    press.polled("b", *named("ancient", at=press.hour, age=30 * DAY))
    press.build()
    assert title_of("ancient") not in all_titles(press)


# W45
def test_an_edited_article_comes_again_with_its_id_and_a_newer_date(reopen: Opened) -> None:
    press = Press(reopen(), output())
    fill(press, 5)
    follower = Follower()
    follower.follow(press.files)
    before = dict(follower.held)
    (first,) = [
        found
        for found in etree.fromstring(press.files["feeds/out/archive/1.atom"]).findall(
            ATOM + "entry"
        )
        if found.findtext(ATOM + "title") == title_of("r0n0")
    ]
    name = first.findtext(ATOM + "id")
    press.hour = 9
    press.polled("a", entry("r0n0", content="<p>Now it says something else entirely</p>"))
    document = etree.fromstring(press.build())
    (again,) = [
        found for found in document.findall(ATOM + "entry") if found.findtext(ATOM + "id") == name
    ]
    assert again.findtext(ATOM + "updated") > before[name]
    fill(press, 6, start=10)
    follower.follow(press.files)
    assert follower.held[name] == again.findtext(ATOM + "updated")
    assert follower.held.keys() >= before.keys()


# W44
def test_a_complete_feed_and_one_without_archive_have_no_pages(reopen: Opened) -> None:
    for given_output in (output(archive=0, complete=True), output(id="two", archive=0)):
        press = Press(reopen(), given_output)
        fill(press, 4)
        assert press.pages == {}
        body = press.files[f"feeds/{given_output.id}.atom"]
        assert len(titles(body)) == 10
        assert link(etree.fromstring(body), "prev-archive") == ""
        complete = etree.fromstring(body).find(HISTORY + "complete")
        assert (complete is not None) == given_output.complete


def rules(drop: str = "", keep: str = "") -> Rules:
    return Rules(
        keep=compile_rule(keep) if keep else None, drop=compile_rule(drop) if drop else None
    )


# W22
def test_a_drop_rule_takes_an_article_down_everywhere_and_touches_nothing_else(
    reopen: Opened,
) -> None:
    press = Press(reopen(), output())
    fill(press, 5)
    gone = title_of("r0n3")
    assert gone in all_titles(press)
    before = dict(press.pages)
    press.output = replace(press.output, rules=rules(drop="title:r0n3"))
    press.build()
    assert all(gone.encode() not in body for body in press.files.values())
    assert {name for name in before if press.files[name] != before[name]} == {
        "feeds/out/archive/1.atom",
        "feeds/out/archive/1.json",
    }
    assert len(titles(press.files["feeds/out/archive/1.atom"])) == 9
    press.build()
    assert gone.encode() not in press.remade(1)["feeds/out/archive/1.atom"]


# W22
def test_a_narrower_keep_rule_and_the_clock_take_nothing_down(reopen: Opened) -> None:
    press = Press(reopen(), output())
    fill(press, 5)
    before = dict(press.pages)
    for new_rules in (rules(keep="title:nothing"), rules(drop="age>1h"), rules()):
        press.output = replace(press.output, rules=new_rules)
        press.hour += 48
        press.build()
    assert {name: press.files[name] for name in before} == before


def test_what_ages_out_before_its_page_is_full_is_archived_in_a_short_one(reopen: Opened) -> None:
    press = Press(reopen(), output(max_age=6 * HOUR))
    fill(press, 1, each=3)
    assert press.pages == {}
    press.hour = 12
    document = press.build()
    assert titles(document) == []
    assert sorted(titles(press.files["feeds/out/archive/1.atom"])) == sorted(
        title_of(f"r0n{index}") for index in range(3)
    )
    press.hour = 13
    press.build()
    assert len(press.store.pages("out")) == 1


def test_the_share_of_a_source_holds_besides_and_what_it_pushes_out_is_archived(
    reopen: Opened,
) -> None:
    press = Press(reopen(), output(max_per_source=Quota(2)))
    seen = fill(press, 3, each=2)
    assert len(titles(press.files["feeds/out.atom"])) == 2
    assert all_titles(press) == set(seen)


def test_a_page_ends_where_its_document_would_be_too_large(reopen: Opened) -> None:
    press = Press(reopen(), output())
    huge = "<p>" + "word " * 100_000 + "</p>"
    press.polled(
        "a",
        *(
            replace(one, content=f"<p>{one.title}</p>{huge}")
            for one in named(*(f"big{index}" for index in range(20)))
        ),
    )
    press.output = replace(press.output, limit=20, archive=20)
    press.build()
    sizes = [len(body) for name, body in press.pages.items() if name.endswith(".atom")]
    assert sizes
    assert max(sizes) < 9 * 1024 * 1024
    assert len(titles(press.files["feeds/out/archive/1.atom"])) < 20


def came_in(press: Press, steps: list[tuple[int, int, int, bool, bool]]) -> set[str]:
    """The ids of what came in after the first build, shown in a document or not."""
    first = NOW + steps[0][0] * HOUR
    found = press.store.articles(["a", "b"], priority={})
    return {article.id for article in found if article.first_seen > first}


STEPS = st.lists(
    st.tuples(
        st.integers(1, 30),  # hours that pass
        st.integers(0, 12),  # new entries
        st.integers(0, 100),  # hours that they are late
        st.booleans(),  # is an old one edited?
        st.booleans(),  # does the subscriber look?
    ),
    min_size=1,
    max_size=12,
)


# W42 W43 W45
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS, limit=st.integers(1, 12), timed=st.booleans(), shared=st.booleans())
def test_a_subscriber_that_follows_the_archive_misses_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, int, int, bool, bool]],
    limit: int,
    timed: bool,
    shared: bool,
) -> None:
    store = SqliteStore.open(tmp_path_factory.mktemp("store") / "store.db")
    changes = {
        "max_age": 40 * HOUR if timed else None,
        "max_per_source": Quota(3) if shared else None,
    }
    press, follower = Press(store, output(limit=limit, **changes)), Follower()
    published: dict[str, str] = {}
    closed: dict[str, bytes] = {}
    count = 0
    for hours, new, lateness, edited, looks in steps:
        press.hour += hours
        names = [f"s{count + index}" for index in range(new)]
        fresh = named(*names, at=press.hour, age=(lateness + 1) * HOUR)
        press.polled("a" if count % 2 else "b", *fresh)
        if edited and count:
            press.polled("a", entry("s0", content=f"<p>edited at {press.hour}</p>"))
        count += new
        document = press.build()
        for found in etree.fromstring(document).findall(ATOM + "entry"):
            published[found.findtext(ATOM + "id")] = found.findtext(ATOM + "updated")
        assert {name: press.files[name] for name in closed} == closed
        closed = dict(press.pages)
        if looks:
            follower.follow(press.files)
            assert follower.held.keys() >= published.keys()
            assert not {name for name in published if follower.held[name] < published[name]}
            if not timed and not shared:
                assert follower.held.keys() >= came_in(press, steps)
        size = archive.page_size(press.output)
        assert len(titles(document)) <= 2 * press.output.limit + size
    store.close()


def test_outputs_chosen_together_hold_what_each_would_alone(reopen: Opened) -> None:
    press = Press(reopen(), output())
    for number in range(30):
        press.polled("ab"[number % 2], *named(f"n{number}", age=number * HOUR))
    outputs = [
        output(id="plain", limit=7),
        output(id="ruled", rules=Rules(keep=compile_rule("title:/n[0-9] /"))),
        output(id="rare", rules=Rules(keep=compile_rule("title:/n2[79] /"))),
        output(id="young", max_age=5 * HOUR, order="oldest"),
        output(id="shared", max_per_source=Quota(2)),
        output(id="daily", max_per_source=Quota(3, DAY), limit=9),
        output(id="slow", rules=Rules(drop=compile_rule("content:/(a+)+$/"))),
    ]
    editions = [replace(press, output=one).edition() for one in outputs]
    together = archive.newest_of(editions)
    assert together == tuple(
        choose(
            edition.output,
            press.store.articles(("a", "b"), priority={}),
            judge=edition.judge_at(press.now),
            shares=edition.shares,
            now=press.now,
        )
        for edition in editions
    )
    assert [len(newest) for newest in together] == [7, 10, 2, 6, 4, 9, 10]
