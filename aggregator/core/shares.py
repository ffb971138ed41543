"""How many articles an output shows of one source, and of a new source's past. Pure.

A share bounds the articles that have the same key. Of those without a period the newest stay; of
those with one (3 a day) the first of each day, so that what was shown is not pushed out again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from aggregator.core.model import Article

_MONDAY = datetime(1969, 12, 29, tzinfo=UTC)  # weeks begin on Mondays; days and hours fit in


@dataclass(frozen=True, slots=True)
class Quota:
    """So many; with a period so many in each hour, day or week (UTC)."""

    size: int
    period: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """At most `size` articles of the same key, in each period if there is one."""

    size: int
    key: Callable[[Article], Hashable | None]  # None: does not count
    period: timedelta | None = None

    def since(self, moment: datetime) -> datetime:
        """The beginning of the period that a moment falls into; without periods the moment."""
        if self.period is None:
            return moment
        return moment - (moment - _MONDAY) % self.period

    def part(self, article: Article) -> Hashable | None:
        """What an article takes room in; None when it takes none."""
        key = self.key(article)
        if key is None or self.period is None:
            return key
        return key, self.since(article.sort_at)


class Gate(Protocol):
    """Lets articles pass, offered newest first, as far as a share has room."""

    def offer(self, article: Article) -> list[Article]:
        """What passes now: this one, others that have waited, or nothing yet."""

    def rest(self) -> list[Article]:
        """What has waited for older ones, when there are none."""


def gate_of(share: Share) -> Gate:
    """A gate that nothing has passed yet."""
    return _NewestOfAll(share) if share.period is None else _FirstOfPeriod(share)


class _NewestOfAll:
    """The newest of each key pass at once."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._seen: Counter[Hashable] = Counter()

    def offer(self, article: Article) -> list[Article]:
        key = self._share.key(article)
        self._seen[key] += 1
        return [article] if key is None or self._seen[key] <= self._share.size else []

    def rest(self) -> list[Article]:
        return []


class _FirstOfPeriod:
    """All articles of a period wait for its end: the first of them are those that pass."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._period: list[Article] = []

    def offer(self, article: Article) -> list[Article]:
        since = self._share.since
        passed: list[Article] = []
        if self._period and since(self._period[0].sort_at) != since(article.sort_at):
            passed, self._period = self.rest(), []
        self._period.append(article)
        return passed

    def rest(self) -> list[Article]:
        first = _NewestOfAll(self._share)
        passed = [one for article in reversed(self._period) for one in first.offer(article)]
        return passed[::-1]


def with_room(
    others: Iterable[Article], *, beside: Iterable[Article], shares: Sequence[Share]
) -> Iterator[Article]:
    """Those of `others` that find room in every share beside the articles that are there."""
    there = tuple(beside) if shares else ()
    taken = [Counter(share.part(article) for article in there) for share in shares]
    for article in others:
        parts = [share.part(article) for share in shares]
        if all(
            part is None or counts[part] < share.size
            for share, counts, part in zip(shares, taken, parts, strict=True)
        ):
            for counts, part in zip(taken, parts, strict=True):
                counts[part] += 1
            yield article


def of_source(quota: Quota) -> Share:
    """`max_per_source:`"""
    return Share(size=quota.size, key=lambda article: article.source, period=quota.period)


# --- the past of sources that joined later


def members(
    known: Mapping[str, datetime | None],
    sources: Iterable[str],
    *,
    has_carried: bool,
    now: datetime,
) -> dict[str, datetime | None]:
    """Since when each source is part of an output; None: from the beginning.

    `known` is what was remembered of it. Whatever joins before the output has carried anything
    was there from the beginning, and so is everything when nothing was remembered.
    """
    if not has_carried:
        return dict.fromkeys(sources)
    joined = now if known else None
    return {source: known.get(source, joined) for source in sources}


def of_past(
    size: int,
    sources: Collection[str],
    joined: Mapping[str, datetime],
    *,
    first_carried: Callable[[int], datetime | None],
) -> Share | None:
    """`backfill:` of an output with these sources; None when none `joined` later.

    What a source published before it joined is its past, unless another member has it too, or
    the output had carried it (slug hash -> first time) before the source joined.
    """
    if not joined:
        return None
    members = frozenset(sources)

    def key(article: Article) -> str | None:
        own = members & {article.source, *(seen.source for seen in article.sightings)}
        late = [joined[source] for source in own if source in joined]
        if len(late) < len(own) or not late or article.sort_at >= min(late):
            return None
        carried = first_carried(article.slug_hash)
        return None if carried is not None and carried < max(late) else article.source

    return Share(size=size, key=key)
