"""What a rule would keep of the stored articles: the answer of `aggregator preview`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from aggregator.core.filter import Match, Rule, View
from aggregator.core.model import Article, Verdict
from aggregator.core.settings import Output, Settings
from aggregator.outputs import Catalogue, judge_of
from aggregator.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An article that the rule matches, by which of its alternatives, and where it stands now."""

    article: Article
    match: Match
    verdict: Verdict | None  # of the output that was asked about, by the rules it has
    carried_by: tuple[str, ...]  # outputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a rule matches among the newest articles.

    `decided` counts the matches by what the output does with them now: ("kept by output keep",
    where). Empty without an output.
    """

    looked_at: int
    since: datetime | None  # the date of the oldest article looked at
    matched: int
    hits: tuple[Hit, ...]  # the newest
    decided: Mapping[tuple[str, str], int]
    timed_out: tuple[str, ...]  # patterns that ran out of time on some article


def preview(
    store: Store,
    settings: Settings,
    rule: Rule,
    *,
    output: Output | None,
    among: int,
    limit: int,
    now: datetime,
) -> Preview:
    """Ask a rule of the newest `among` articles, of all sources or those of an output."""
    priority = {source.id: source.priority for source in settings.sources}
    sources = tuple(priority) if output is None else output.sources
    judge = None if output is None else judge_of(Catalogue.of(settings), output)
    hits: list[Hit] = []
    matched = looked_at = 0
    since = None
    decided: Counter[tuple[str, str]] = Counter()
    timed_out: dict[str, None] = {}
    for article in islice(store.articles(sources, priority=priority), among):
        looked_at, since = looked_at + 1, article.sort_at
        view = View(article, now=now)
        match = rule.first_match(view)
        timed_out.update(dict.fromkeys(view.timed_out))
        if match is None:
            continue
        matched += 1
        verdict = None if judge is None else judge(view.again())
        if verdict is not None:
            decided[told(verdict), str(verdict.place or "")] += 1
        if len(hits) < limit:
            carried_by = tuple(store.carried(article.slug))
            hits.append(Hit(article=article, match=match, verdict=verdict, carried_by=carried_by))
    return Preview(
        looked_at=looked_at,
        since=since,
        matched=matched,
        hits=tuple(hits),
        decided=dict(decided.most_common()),
        timed_out=tuple(timed_out),
    )


def told(verdict: Verdict) -> str:
    """Return a verdict in words: `dropped by source drop`; `kept` when no rule spoke."""
    word = "kept" if verdict.kept else "dropped"
    return f"{word} by {verdict.by}" if verdict.by else word
