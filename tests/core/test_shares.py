"""What bounds how much of one source an output shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.filter import select
from aggregator.core.model import Article, Sighting, Verdict
from aggregator.core.shares import Quota, Share, members, of_past, of_source, with_room
from tests.core.articles import article

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def at(hours: float, *, source: str = "loud", number: int | None = None) -> Article:
    """An article of so many hours after Monday, 0:00."""
    made = article(int(hours * 60) if number is None else number)
    return replace(made, source=source, sort_at=MONDAY + hours * HOUR)


def hours(articles: Iterable[Article]) -> list[float]:
    return [(one.sort_at - MONDAY) / HOUR for one in articles]


def seen_in(source: str) -> Sighting:
    return Sighting(source=source, title=source, link="")


def keep_all(_: Article) -> Verdict:
    return Verdict(kept=True)


def within(articles: Iterable[Article], shares: Sequence[Share]) -> tuple[Article, ...]:
    """All that the shares let pass, of articles that come newest first."""
    return select(
        articles,
        judge=keep_all,
        limit=1000,
        shares=shares,
        max_age=None,
        order="newest",
        now=MONDAY,
    )


def never(_: int) -> datetime | None:
    return None


def test_the_newest_of_a_source_stay_and_the_others_keep_their_places() -> None:
    articles = [at(5), at(4), at(3, source="quiet"), at(2), at(1)]
    assert hours(within(articles, [of_source(Quota(2))])) == [5, 4, 3]


def test_the_first_of_each_day_stay_whatever_follows() -> None:
    share = of_source(Quota(2, DAY))
    morning = [at(3), at(2), at(1), at(-1), at(-2), at(-3)]
    assert hours(within(morning, [share])) == [2, 1, -2, -3]
    assert hours(within([at(9), at(8), *morning], [share])) == [2, 1, -2, -3]


def test_days_and_weeks_begin_at_midnight_and_on_mondays() -> None:
    of_day, of_week = of_source(Quota(1, DAY)), of_source(Quota(1, 7 * DAY))
    moment = MONDAY + 3 * DAY + 5 * HOUR
    assert of_day.since(moment) == MONDAY + 3 * DAY
    assert of_week.since(moment) == of_week.since(MONDAY) == MONDAY
    assert of_week.since(MONDAY - HOUR) == MONDAY - 7 * DAY


def test_a_selection_reads_no_further_than_the_day_it_needs() -> None:
    articles = (at(-number, number=number) for number in count())
    select(
        articles,
        judge=keep_all,
        limit=2,
        shares=[of_source(Quota(1, DAY))],
        max_age=None,
        order="newest",
        now=MONDAY,
    )
    assert next(articles).slug_hash < 52


def test_age_never_lets_out_what_the_day_had_no_room_for() -> None:
    day = [at(hour) for hour in (23, 20, 6, 2, 1)]
    for age in range(1, 30):
        chosen = select(
            iter(day),
            judge=keep_all,
            limit=9,
            shares=[of_source(Quota(2, DAY))],
            max_age=age * HOUR,
            order="newest",
            now=MONDAY + DAY,
        )
        assert set(hours(chosen)) <= {2, 1}


def test_age_and_a_share_without_periods_bound_independently() -> None:
    chosen = select(
        [at(5), at(4), at(3, source="quiet"), at(2, source="quiet")],
        judge=keep_all,
        limit=9,
        shares=[of_source(Quota(1))],
        max_age=3 * HOUR,
        order="newest",
        now=MONDAY + 6 * HOUR,
    )
    assert hours(chosen) == [5, 3]


def test_others_find_room_beside_what_is_there() -> None:
    share = of_source(Quota(2))
    there = [at(5), at(4, source="quiet")]
    others = [at(3), at(2), at(1, source="quiet"), at(0, source="quiet")]
    assert hours(with_room(others, beside=there, shares=[share])) == [3, 1]
    assert hours(with_room(others, beside=there, shares=[])) == [3, 2, 1, 0]


@given(
    moments=st.lists(st.tuples(st.integers(0, 99), st.sampled_from("abc")), max_size=40),
    size=st.integers(1, 4),
    period=st.sampled_from([None, HOUR, DAY]),
)
def test_no_share_is_ever_exceeded_and_none_is_left_empty(
    moments: list[tuple[int, str]], size: int, period: timedelta | None
) -> None:
    share = of_source(Quota(size, period))
    articles = [at(hour, source=name) for hour, name in sorted(moments, reverse=True)]
    found = list(within(articles, [share]))
    wanted, shown = (Counter(map(share.part, some)) for some in (articles, found))
    assert shown == {part: min(size, number) for part, number in wanted.items()}
    assert found == sorted(found, key=lambda one: one.sort_at, reverse=True)


# --- the past of a source that joined later

MEMBERS = ("old", "new")
LATER = {"new": MONDAY}


def past(size: int = 2, *, first_carried: Callable[[int], datetime | None] = never) -> Share:
    share = of_past(size, MEMBERS, LATER, first_carried=first_carried)
    assert share is not None
    return share


def shown(*articles: Article, share: Share | None = None) -> list[float]:
    return hours(within(articles, [share or past()]))


def test_the_newest_of_a_new_sources_past_come_in_and_all_of_its_news() -> None:
    news = [at(3, source="new"), at(2, source="new"), at(0, source="new")]
    before = [at(-1, source="new"), at(-2, source="new"), at(-3, source="new")]
    assert shown(*news, *before) == [3, 2, 0, -1, -2]


def test_the_past_of_the_first_members_is_not_bounded() -> None:
    assert shown(*(at(-number, source="old") for number in range(9))) == [-n for n in range(9)]


def test_what_another_member_has_too_is_not_the_new_ones_past() -> None:
    shared = replace(at(-5, source="new"), sightings=(seen_in("old"),))
    elsewhere = replace(at(-6, source="new"), sightings=(seen_in("other"),))
    first = [at(-1, source="new"), at(-2, source="new")]
    assert shown(*first, shared, elsewhere) == [-1, -2, -5]


def test_what_was_carried_before_the_source_joined_comes_back() -> None:
    before, after = MONDAY - DAY, MONDAY + HOUR
    first = {1: before, 2: after}
    share = past(0, first_carried=first.get)
    returning = [at(-1, source="new", number=number) for number in (1, 2, 3)]
    assert [one.slug_hash for one in within(returning, [share])] == [1]


def test_no_share_is_needed_where_all_were_there_from_the_beginning() -> None:
    assert of_past(2, MEMBERS, {}, first_carried=never) is None


def test_sources_join_when_they_are_noticed() -> None:
    def joined(
        known: dict[str, datetime | None], *, has_carried: bool = True
    ) -> dict[str, datetime | None]:
        return members(known, ["a", "b"], has_carried=has_carried, now=MONDAY)

    assert joined({"a": None, "c": None}) == {"a": None, "b": MONDAY}
    assert joined({"a": None, "b": MONDAY - DAY}) == {"a": None, "b": MONDAY - DAY}
    assert joined({"a": MONDAY}, has_carried=False) == {"a": None, "b": None}
    assert joined({}) == {"a": None, "b": None}
