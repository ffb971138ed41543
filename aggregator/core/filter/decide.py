"""Rules applied to articles: a verdict on one, a selection of many. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice, takewhile

from aggregator.core.filter.rule import Match, Rule
from aggregator.core.filter.view import View
from aggregator.core.model import Article, Verdict
from aggregator.core.shares import Share, within


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
    view = View(article, now=now)
    decided = Verdict(kept=True)
    for owner, keep, drop in (
        ("source", source_keep, source_drop),
        ("output", output_keep, output_drop),
    ):
        kept = keep.first_match(view) if keep else None
        if keep and not kept:
            return _verdict(Match(keep.text, keep.place), view, kept=False, by=f"{owner} keep")
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
    bound = None if max_age is None else now - max_age
    kept = (article for article in _until(articles, bound, shares) if judge(article).kept)
    shared = within(kept, shares)
    young = (article for article in shared if bound is None or article.sort_at >= bound)
    chosen = tuple(islice(young, max(limit, 0)))
    return chosen[::-1] if order == "oldest" else chosen


def _until(
    articles: Iterable[Article], bound: datetime | None, shares: Sequence[Share]
) -> Iterable[Article]:
    """Those that matter: the whole of the period at the bound, whose first articles count."""
    if bound is None:
        return articles
    floor = min([bound, *(share.since(bound) for share in shares)])
    return takewhile(lambda article: article.sort_at >= floor, articles)
