"""Rules applied to articles: a verdict on one, a selection of many. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice, takewhile

from aggregator.core.filter.rule import Match, Rule
from aggregator.core.filter.view import View
from aggregator.core.model import Article, Verdict


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
    max_per_source: int | None = None,
    max_age: timedelta | None,
    order: str,
    now: datetime,
) -> tuple[Article, ...]:
    """The newest `limit` articles that are kept and not older than `max_age`.

    Of one source at most `max_per_source`, so that a flood leaves the others their places.
    `articles` come newest first (by sort_at) and are read no further than needed. `order`
    (newest or oldest) turns the result round and never changes what is in it.
    """
    bound = None if max_age is None else now - max_age
    young = takewhile(lambda article: bound is None or article.sort_at >= bound, articles)
    kept = (article for article in young if judge(article).kept)
    shared = kept if max_per_source is None else _shared(kept, max_per_source)
    chosen = tuple(islice(shared, max(limit, 0)))
    return chosen[::-1] if order == "oldest" else chosen


def _shared(articles: Iterable[Article], share: int) -> Iterator[Article]:
    """The first `share` of each source."""
    seen: Counter[str] = Counter()
    for article in articles:
        seen[article.source] += 1
        if seen[article.source] <= share:
            yield article
