"""Rules applied to articles: a verdict on one, a selection of many. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.core.filter.view import View
from aggregator.core.model import Article, Verdict
from aggregator.core.shares import Share, gate_of

if TYPE_CHECKING:
    from aggregator.core.filter.rule import Match, Rule


def verdict(
    article: Article,
    *,
    source_keep: Rule | None,
    source_drop: Rule | None,
    output_keep: Rule | None,
    output_drop: Rule | None,
    now: datetime,
) -> Verdict:
    """Kept = (no keep, or keep matches) and no drop matches; the source's rules speak first.

    The verdict names what decided: the item of a `drop:` that matched, the `keep:` that did
    not, or the item of the last `keep:` that did.
    """
    return verdict_on(
        View(article, now=now),
        source_keep=source_keep,
        source_drop=source_drop,
        output_keep=output_keep,
        output_drop=output_drop,
    )


def verdict_on(
    view: View,
    *,
    source_keep: Rule | None,
    source_drop: Rule | None,
    output_keep: Rule | None,
    output_drop: Rule | None,
) -> Verdict:
    """`verdict` on an article that was made ready already."""
    decided = Verdict(kept=True)
    for owner, keep, drop in (
        ("source", source_keep, source_drop),
        ("output", output_keep, output_drop),
    ):
        kept = keep.first_match(view) if keep else None
        if keep and not kept:
            return _verdict(keep.whole, view, kept=False, by=f"{owner} keep")
        if kept:
            decided = _verdict(kept, view, kept=True, by=f"{owner} keep")
        dropped = drop.first_match(view) if drop else None
        if dropped:
            return _verdict(dropped, view, kept=False, by=f"{owner} drop")
    return replace(decided, timed_out=tuple(view.timed_out))


def _verdict(match: Match, view: View, *, kept: bool, by: str) -> Verdict:
    return Verdict(
        kept=kept, rule=match.text, place=match.place, by=by, timed_out=tuple(view.timed_out)
    )


def select(
    articles: Iterable[Article],
    *,
    judge: Callable[[Article], Verdict],
    limit: int,
    shares: Sequence[Share] = (),
    max_age: timedelta | None,
    order: str,
    now: datetime,
) -> tuple[Article, ...]:
    """The newest `limit` articles that are kept, within all shares, not older than `max_age`.

    `articles` come newest first (by sort_at) and are read no further than needed. `order`
    (newest or oldest) turns the result round and never changes what is in it.
    """
    selection = Selection(limit=limit, shares=shares, max_age=max_age, now=now)
    if not selection.is_full:
        for article in articles:
            if not selection.reaches(article):
                break
            if judge(article).kept and selection.offer(article):
                break
    return selection.result(order)


class Selection:
    """Takes what is kept of the articles, one after the other, the newest first."""

    def __init__(
        self,
        *,
        limit: int,
        shares: Sequence[Share] = (),
        max_age: timedelta | None,
        now: datetime,
    ) -> None:
        self._limit = max(limit, 0)
        self._gates = [gate_of(share) for share in shares]
        self._bound = None if max_age is None else now - max_age
        # The whole of the period at the bound matters: its first articles are those that count.
        since = [] if self._bound is None else [share.since(self._bound) for share in shares]
        self._floor = None if self._bound is None else min([self._bound, *since])
        self._chosen: list[Article] = []

    @property
    def is_full(self) -> bool:
        """Is there no room for older articles?"""
        return len(self._chosen) >= self._limit

    def reaches(self, article: Article) -> bool:
        """Can the article, or an older one, still be chosen?"""
        return self._floor is None or article.sort_at >= self._floor

    def offer(self, article: Article) -> bool:
        """Take a kept article if there is room; is the selection full now?"""
        offered = [article]
        for gate in self._gates:
            offered = [passed for one in offered for passed in gate.offer(one)]
        self._take(offered)
        return self.is_full

    def result(self, order: str) -> tuple[Article, ...]:
        """What was chosen, newest or oldest first."""
        waiting: list[Article] = []
        for gate in self._gates:
            passed = [late for one in waiting for late in gate.offer(one)]
            waiting = [*passed, *gate.rest()]
        self._take(waiting)
        chosen = tuple(self._chosen[: self._limit])
        return chosen[::-1] if order == "oldest" else chosen

    def _take(self, articles: Iterable[Article]) -> None:
        bound = self._bound
        self._chosen += [one for one in articles if bound is None or one.sort_at >= bound]
