"""One story once, under a name that never changes, and never two stories as one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.judge import Decision, novelty
from aggregator.core.model import Entry, Key
from aggregator.core.settings import Dedupe
from tests.core.stories import DAY, HOUR, NOON, Library, entry, source, text

ALPHA, BETA = source("alpha"), source("beta")


def one(decisions: tuple[Decision, ...]) -> Decision:
    (decision,) = decisions
    return decision


def test_a_first_entry_founds_an_article_of_the_known_shape() -> None:
    title = "Ukraine Holds Kursk Foothold Inside Russia, Commander Affirms"
    decision = one(Library().poll(ALPHA, entry("1", title)))
    assert decision.mint
    assert decision.slug.startswith("ukraine-holds-kursk-foothold-inside-russia-comman-")
    assert len(decision.slug.rpartition("-")[2]) == 13


def test_the_same_document_again_changes_nothing() -> None:  # P18 is proven on the store
    library = Library()
    library.poll(ALPHA, entry("1", body=text(1)), entry("2", "Another story of some length here"))
    again = library.poll(
        ALPHA, entry("1", body=text(1)), entry("2", "Another story of some length here")
    )
    assert [decision.action for decision in again] == ["unchanged", "unchanged"]


def test_a_copy_in_another_source_joins_by_headline_and_text() -> None:
    library = Library()
    first = one(library.poll(ALPHA, entry("1", body=text(1), link="https://alpha.example/a/1")))
    copy = one(library.poll(BETA, entry("x", body=text(1), link="https://beta.example/b/2")))
    assert (copy.slug, copy.rule, copy.mint) == (first.slug, "slug", False)
    assert copy.evidence.startswith("text overlap")


def test_a_copy_without_text_joins_by_a_distinctive_headline() -> None:
    library = Library()
    first = one(library.poll(ALPHA, entry("1", link="https://alpha.example/a/1")))
    copy = one(library.poll(BETA, entry("x", link="https://beta.example/b/2")))
    assert copy.slug == first.slug


@pytest.mark.parametrize("title", ["Weekly links", "Morning briefing", "Privacy Policy"])
def test_an_undistinctive_headline_alone_joins_nothing(title: str) -> None:
    library = Library()
    first = one(library.poll(ALPHA, entry("1", title, link="https://alpha.example/a/1")))
    other = one(library.poll(BETA, entry("x", title, link="https://beta.example/b/2")))
    assert other.mint
    assert other.slug != first.slug


def test_two_texts_that_do_not_overlap_veto_the_same_headline() -> None:
    library = Library()
    library.poll(ALPHA, entry("1", body=text(1), link="https://alpha.example/a/1"))
    other = one(library.poll(BETA, entry("x", body=text(2), link="https://beta.example/b/2")))
    assert other.mint
    assert other.evidence == "another story has the same headline"


def test_a_recurring_column_is_a_new_article_each_week() -> None:
    library = Library()
    title = "What we learned about the economy this week"
    slugs: set[str] = set()
    for week in range(4):
        when = NOON + 7 * DAY * week
        columns = [
            entry(f"w{number}", title, at=NOON + 7 * DAY * number, body=text(number))
            for number in range(week + 1)
        ]
        slugs.update(d.slug for d in library.poll(ALPHA, *columns, now=when))
    assert len(slugs) == 4


def test_a_column_without_text_on_the_next_day_is_no_copy() -> None:
    library = Library()
    title = "Ten things to know before markets open"
    first = one(library.poll(ALPHA, entry("1", title)))
    second = one(library.poll(ALPHA, entry("2", title, at=NOON + DAY), now=NOON + DAY))
    assert first.slug != second.slug


def test_a_headline_outside_the_window_nominates_nobody() -> None:
    library = Library()
    library.poll(ALPHA, entry("1", link="https://alpha.example/a/1"))
    later = NOON + 4 * DAY
    other = one(
        library.poll(BETA, entry("x", link="https://beta.example/b/2", at=later), now=later)
    )
    assert other.mint


def test_the_window_is_a_setting() -> None:
    library = Library()
    library.poll(ALPHA, entry("1", link="https://alpha.example/a/1"))
    later = NOON + 4 * DAY
    wide = source("beta", dedupe=Dedupe(window=timedelta(days=7)))
    copy = one(library.poll(wide, entry("x", link="https://beta.example/2", at=later), now=later))
    assert not copy.mint


def test_a_retitled_story_keeps_its_slug_and_id() -> None:
    library = Library()
    first = one(library.poll(ALPHA, entry("tag:a,2025:1", body=text(1))))
    retitled = one(
        library.poll(ALPHA, entry("tag:a,2025:1", "A new headline", body=text(1)), now=NOON + HOUR)
    )
    assert retitled.action == "updated"
    assert (retitled.slug, retitled.atom_id) == (first.slug, first.atom_id)


def test_a_copy_under_the_new_headline_finds_the_retitled_story() -> None:
    library = Library()
    first = one(library.poll(ALPHA, entry("1", "Old words about the big storm", link="")))
    library.poll(ALPHA, entry("1", "Storm reaches the northern coast tonight", link=""))
    copy = one(library.poll(BETA, entry("9", "Storm reaches the northern coast tonight")))
    assert copy.slug == first.slug


def test_guid_churn_is_recognised_by_link() -> None:
    library = Library()
    link = "https://site.example/a-story"
    first = one(library.poll(ALPHA, entry("a1", link=link)))
    for poll in range(2, 6):
        again = one(library.poll(ALPHA, entry(f"a{poll}", link=link), now=NOON + HOUR * poll))
        assert (again.rule, again.slug) == ("link", first.slug)


def test_guid_and_link_churn_is_recognised_by_the_text() -> None:
    library = Library()
    first = one(library.poll(ALPHA, entry("a1", body=text(3))))
    again = one(library.poll(ALPHA, entry("a2", body=text(3)), now=NOON + HOUR))
    assert again.slug == first.slug


def test_a_site_move_makes_aliases_not_articles() -> None:
    library = Library()
    old = [
        entry(f"http://old.example/?p={n}", f"Story number {n} of a long series") for n in (1, 2)
    ]
    new = [
        entry(f"https://new.example/?p={n}", f"Story number {n} of a long series") for n in (1, 2)
    ]
    first = library.poll(ALPHA, *old)
    second = library.poll(ALPHA, *new)
    assert [decision.rule for decision in second] == ["guid~", "guid~"]
    assert [d.slug for d in first] == [d.slug for d in second]


def test_a_tracking_parameter_makes_no_second_article() -> None:
    library = Library()
    first = one(library.poll(ALPHA, entry("1", "One", link="https://x.example/s?utm_source=a")))
    copy = one(library.poll(BETA, entry("2", "Two", link="http://www.x.example/s?utm_source=b")))
    assert (copy.rule, copy.slug) == ("link", first.slug)


def test_an_evergreen_link_is_not_one_story() -> None:
    library = Library()
    link = "https://site.example/live"
    first = one(library.poll(ALPHA, entry("1", "Monday: storm", link=link, body=text(1))))
    second = one(library.poll(ALPHA, entry("2", "Tuesday: sun", link=link, body=text(2))))
    assert second.slug != first.slug


def test_a_link_shared_by_several_entries_of_a_document_names_none() -> None:
    link = "https://site.example/blog"
    decisions = Library().poll(
        ALPHA, entry("1", "First story", link=link), entry("2", "Second story", link=link)
    )
    assert len({decision.slug for decision in decisions}) == 2


def test_live_blogs_that_differ_in_their_tails_are_two_articles() -> None:
    long = "At least a dozen things everybody should know about the great election of the year"
    decisions = Library().poll(ALPHA, entry("1", long + " in Lima"), entry("2", long + " in Oslo"))
    assert len({decision.slug for decision in decisions}) == 2


def test_an_entry_key_that_a_document_repeats_is_decided_once() -> None:
    first, again = Library().poll(ALPHA, entry("g"), entry("g", "The same guid, other words"))
    assert (first.action, again.action) == ("new", "unchanged")
    assert first.slug == again.slug


def test_a_guid_given_to_another_story_later_loses_neither() -> None:
    library = Library()
    first = one(library.poll(ALPHA, entry("G", "Bank holds rates", link="https://a.example/1")))
    other = entry(
        "G", "Ferry sinks off the coast of Lima", link="https://a.example/2", at=NOON + DAY
    )
    second = one(library.poll(ALPHA, other, now=NOON + DAY))
    assert second.mint
    assert second.slug != first.slug
    assert one(library.poll(ALPHA, other, now=NOON + 2 * DAY)).action == "unchanged"


def test_a_retitled_story_under_a_new_link_is_told_by_its_guid_and_text() -> None:
    library = Library()
    library.poll(ALPHA, entry("G", "Bank holds rates", link="https://a.example/1", body=text(5)))
    retitled = entry(
        "G", "Ferry sinks off the coast of Lima", link="https://a.example/2", body=text(5)
    )
    assert one(library.poll(ALPHA, retitled, now=NOON + HOUR)).action == "updated"


def test_a_retitled_story_without_text_is_told_by_its_guid_and_date() -> None:
    library = Library()
    library.poll(ALPHA, entry("G", "Bank holds rates", link="https://a.example/1"))
    retitled = entry("G", "Ferry sinks off the coast of Lima", link="https://a.example/2")
    assert one(library.poll(ALPHA, retitled, now=NOON + HOUR)).action == "updated"


def test_an_id_is_not_stolen_by_another_source() -> None:  # S36
    library = Library()
    first = one(library.poll(ALPHA, entry("tag:alpha,2025:1", body=text(1))))
    thief = one(
        library.poll(BETA, entry("tag:alpha,2025:1", "Buy cheap watches here now", body=text(2)))
    )
    assert first.atom_id == "tag:alpha,2025:1"
    assert thief.mint
    assert thief.atom_id.startswith("urn:uuid:")


def test_a_script_is_never_an_atom_id() -> None:  # S28
    decision = one(Library().poll(ALPHA, entry("javascript:alert(1)")))
    assert decision.atom_id.startswith("urn:uuid:")


def test_sources_of_different_pools_do_not_meet() -> None:
    library = Library()
    first = one(library.poll(ALPHA, entry("1", body=text(1), link="https://x.example/1")))
    apart = source("beta", dedupe=Dedupe(pool="apart"))
    other = one(library.poll(apart, entry("2", body=text(1), link="https://x.example/1")))
    assert other.mint
    assert other.slug != first.slug


def test_dedupe_off_joins_nothing_but_the_entry_itself() -> None:
    library = Library()
    off = source("beta", dedupe=Dedupe(enabled=False))
    library.poll(ALPHA, entry("1", body=text(1), link="https://x.example/1"))
    assert one(library.poll(off, entry("2", body=text(1), link="https://x.example/1"))).mint
    again = one(library.poll(off, entry("2", body=text(1), link="https://x.example/1")))
    assert again.action == "unchanged"


@pytest.mark.parametrize("title", ["🚀", "", "---"])
def test_headlines_without_letters_are_told_apart_by_their_links(title: str) -> None:
    decisions = Library().poll(ALPHA, entry("1", title), entry("2", title))
    assert len({decision.slug for decision in decisions}) == 2


@pytest.mark.parametrize("title", ["他来了一个新的时代开始了", "समाचार आज की बड़ी ख़बर यहाँ", "Νέα"])
def test_other_scripts_are_deduplicated_too(title: str) -> None:
    library = Library()
    first = one(library.poll(ALPHA, entry("1", title, body=text(1), link="https://a.example/1")))
    copy = one(library.poll(BETA, entry("2", title, body=text(1), link="https://b.example/2")))
    assert copy.slug == first.slug


def test_a_future_date_pins_nothing_to_the_top() -> None:  # P90
    decision = one(Library().poll(ALPHA, entry("1", at=NOON + 900 * DAY)))
    assert decision.sort_at == NOON
    assert decision.updated == NOON


def test_an_old_date_is_where_an_old_entry_sorts() -> None:  # P89
    decision = one(Library().poll(ALPHA, entry("1", at=NOON - 900 * DAY)))
    assert decision.sort_at == NOON - 900 * DAY


def test_white_space_and_counters_are_no_edit() -> None:
    library = Library()
    library.poll(ALPHA, entry("1", body="The story. 3 comments"))
    for body in ("The  story. 14 comments", "The\u00a0story.\n1,204\tComments", "The story."):
        assert one(library.poll(ALPHA, entry("1", body=body))).action == "unchanged"
    assert one(library.poll(ALPHA, entry("1", body="The story, 14."))).action == "updated"


def test_an_entry_that_flaps_stops_moving() -> None:  # P88
    library = Library()
    actions = [
        one(library.poll(ALPHA, entry("1", body=f"version {poll}"), now=NOON + HOUR * poll)).action
        for poll in range(40)
    ]
    assert actions.count("updated") == 24
    assert actions[-1] == "unchanged"


def test_an_edit_that_the_publisher_dates_never_flaps() -> None:
    library = Library()
    for poll in range(40):
        when = NOON + HOUR * poll
        decision = one(
            library.poll(ALPHA, entry("1", body=f"version {poll}", updated=when), now=when)
        )
    assert decision.action == "updated"
    assert decision.updated == NOON + HOUR * 39


def test_updated_never_goes_back_nor_ahead() -> None:
    library = Library()
    library.poll(ALPHA, entry("1", body="one", updated=NOON))
    back = one(library.poll(ALPHA, entry("1", body="two", updated=NOON - DAY), now=NOON + HOUR))
    assert back.updated == NOON
    ahead = one(
        library.poll(ALPHA, entry("1", body="three", updated=NOON + 9 * DAY), now=NOON + 2 * HOUR)
    )
    assert ahead.updated == NOON + 2 * HOUR


def test_novelty_counts_what_was_new() -> None:
    library = Library()
    library.poll(ALPHA, entry("1", body=text(1), link="https://x.example/1"))
    decisions = library.poll(
        BETA,
        entry("2", body=text(1), link="https://x.example/1"),
        entry("3", "Another headline of good length today", body=text(2)),
    )
    counted = novelty(decisions)
    assert (counted.new, counted.new_articles, counted.joined) == (2, 1, 1)


def held(decisions: tuple[Decision, ...]) -> list[int]:
    return [decision.held for decision in decisions]


def days(*ages: int) -> list[Entry]:
    """Stories of their own, each so many days old."""
    return [
        entry(f"d{age}", f"Story of day {age} in a long series of them", at=NOON - age * DAY)
        for age in ages
    ]


def test_of_too_many_new_entries_the_newest_are_shown() -> None:
    assert held(Library().poll(ALPHA, *days(5, 1, 4, 2, 3), capacity=2)) == [1, 0, 1, 0, 1]
    assert held(Library().poll(ALPHA, *days(5, 1, 4), capacity=2, first=True)) == [2, 0, 0]
    assert held(Library().poll(ALPHA, *days(5, 1, 4), capacity=3)) == [0, 0, 0]
    assert held(Library().poll(ALPHA, *days(5, 1), capacity=0)) == [1, 1]


def test_a_date_in_the_future_takes_no_place_before_the_first_of_today() -> None:
    ahead = [replace(each, published=NOON + 900 * DAY) for each in days(1, 2)]
    undated = [replace(each, published=None) for each in days(3, 4)]
    decisions = Library().poll(ALPHA, undated[0], ahead[0], undated[1], ahead[1], capacity=2)
    assert held(decisions) == [0, 0, 1, 1]


def test_only_new_entries_count_against_the_capacity() -> None:
    library = Library()
    library.poll(ALPHA, *days(1, 2, 3))
    decisions = library.poll(ALPHA, *days(0, 1, 2, 3, 4), capacity=1)
    assert held(decisions) == [0, 0, 0, 0, 1]
    counted = novelty(decisions)
    assert (counted.new, counted.held, counted.unchanged) == (2, 1, 3)


def test_a_new_guid_for_a_known_story_of_the_source_is_churn_and_takes_no_place() -> None:
    library = Library()
    known = days(1, 2, 3)
    library.poll(ALPHA, *known, capacity=2)
    renamed = [replace(each, guid=f"x{each.guid}") for each in known]
    decisions = library.poll(ALPHA, *renamed, *days(9), capacity=1)
    assert [decision.churned for decision in decisions] == [True, True, True, False]
    assert held(decisions) == [0, 0, 1, 0]  # the held story stays held under its new guid
    assert (novelty(decisions).churned, novelty(decisions).held) == (3, 0)


def test_a_copy_of_another_sources_story_is_no_churn() -> None:
    library = Library()
    library.poll(ALPHA, *days(1, 2))
    decisions = library.poll(BETA, *days(1, 2))
    assert novelty(decisions).joined == 2
    assert novelty(decisions).churned == 0


def test_a_new_guid_alone_is_no_edit() -> None:
    library = Library()
    story = entry("1", body=text(1), updated=NOON - HOUR)
    first = one(library.poll(ALPHA, story, now=NOON))
    later = replace(story, guid="2", updated=NOON + 5 * HOUR)
    same = one(library.poll(ALPHA, later, now=NOON + 5 * HOUR))
    assert same.updated == first.updated
    edited = replace(later, guid="3", content=f"<p>{text(1)} and more</p>")
    assert one(library.poll(ALPHA, edited, now=NOON + 6 * HOUR)).updated == NOON + 5 * HOUR


@given(st.lists(st.integers(0, 9), unique=True), st.integers(0, 10))
def test_no_more_than_the_capacity_is_shown_and_nothing_newer_is_held(
    ages: list[int], capacity: int
) -> None:
    decisions = Library().poll(ALPHA, *days(*ages), capacity=capacity)
    shown = [decision.sort_at for decision in decisions if not decision.held]
    kept_back = [decision.sort_at for decision in decisions if decision.held]
    assert len(shown) == min(capacity, len(ages))
    assert not shown or not kept_back or min(shown) > max(kept_back)


TITLES = st.sampled_from(
    ["Fed holds rates steady for second time", "Weekly links", "🚀", "Storm hits the coast", ""]
)
ENTRIES = st.builds(
    lambda guid, title, link, body, hours: entry(
        guid,
        title,
        link=link,
        body=text(body) if body else "",
        at=NOON + HOUR * hours,
    ),
    st.sampled_from(["1", "2", "3", "tag:x,2025:1", "https://a.example/?p=1"]),
    TITLES,
    st.sampled_from(["", "https://a.example/1", "https://a.example/2", "https://b.example/x"]),
    st.integers(0, 3),
    st.integers(-100, 5),
)
POLLS = st.lists(
    st.tuples(
        st.sampled_from([ALPHA, BETA]),
        st.lists(ENTRIES, max_size=5, unique_by=lambda each: each.guid),  # core.parse sees to it
    ),
    max_size=6,
)


@given(POLLS)
def test_names_never_change_and_never_repeat(polls: list[tuple[object, list[Entry]]]) -> None:
    library = Library()
    names: dict[int, tuple[str, str]] = {}
    owners: dict[str, int] = {}
    when: datetime = NOON
    for of, entries in polls:
        when += HOUR
        for decision in library.poll(of, *entries, now=when):  # type: ignore[arg-type]
            name = (decision.slug, decision.atom_id)
            assert names.setdefault(decision.slug_hash, name) == name
            assert owners.setdefault(decision.atom_id, decision.slug_hash) == decision.slug_hash


@given(POLLS)
def test_deciding_twice_finds_nothing_new(polls: list[tuple[object, list[Entry]]]) -> None:
    library = Library()
    for of, entries in polls:
        library.poll(of, *entries)  # type: ignore[arg-type]
        again = library.poll(of, *entries)  # type: ignore[arg-type]
        assert not novelty(again).new


def test_every_key_kind_has_its_rule() -> None:
    from aggregator.core.judge import RULES

    decision = one(
        Library().poll(
            ALPHA,
            entry(
                "https://site.example/?p=1",
                link="https://site.example/world/a-story-of-five-words",
                body=text(1),
            ),
        )
    )
    assert {key.kind for key in decision.keys} == set(RULES)
    assert all(isinstance(key, Key) for key in decision.keys)


def test_two_stories_of_one_headline_in_one_document_stay_two() -> None:
    title = "Bank holds rates as markets fall once more"
    library = Library()
    pair = [
        entry(name, title, link=f"https://a.example/{name}", body=text(number))
        for number, name in enumerate("xy")
    ]
    first, second = library.poll(ALPHA, *pair)
    assert first.slug != second.slug
    headlines = [entry(name, title, link=f"https://b.example/{name}") for name in "xy"]
    assert len({decision.slug for decision in library.poll(BETA, *headlines)}) == 2


def test_a_short_text_that_shares_nothing_contradicts_the_headline() -> None:
    library = Library()
    library.poll(ALPHA, entry("1", body=text(1), link="https://alpha.example/a/1"))
    excerpt = text(2, words=60)
    other = one(library.poll(BETA, entry("x", body=excerpt, link="https://beta.example/b/2")))
    assert other.mint


def test_of_two_stories_under_one_headline_the_nearer_in_time_gets_the_copy() -> None:
    title = "Bank holds rates as markets fall once more"
    library = Library()
    early = entry("1", title, link="https://a.example/1", body=text(1), at=NOON - 40 * HOUR)
    late = entry("2", title, link="https://b.example/2", body=text(2))
    library.poll(ALPHA, early)
    expected = one(library.poll(BETA, late))
    copy = one(library.poll(source("gamma"), entry("3", title, link="https://c.example/3")))
    assert copy.slug == expected.slug
