"""How often each rule decides: the answer of `aggregator status --rules`.

Counted when asked, over the newest stored articles by the rules as they are now: a rule changed
a minute ago is counted over the past 90 days as well. Each article is judged by its best copy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from aggregator.core.filter import Match, Rule, View
from aggregator.core.filter.match import Check, check_of
from aggregator.core.filter.tree import Either
from aggregator.core.model import Article, Place
from aggregator.core.settings import Rules, Settings
from aggregator.store import Store

WEEK: Final = timedelta(days=7)
QUARTER: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """One item of a rule: how many articles it decided, and why it decided none."""

    owner: str  # "source bbc", "output kursk"
    key: str  # keep, drop
    rule: str
    place: Place | None
    week: int  # articles of the last 7 days
    quarter: int  # of the last 90
    matches: int  # what it would have decided alone; counted until it decided one
    shadowed_by: Match | None  # what decided instead, mostly; None: it does, or nothing to decide
    timeouts: int

    @property
    def note(self) -> str:
        """What the operator should know: "" when all is well."""
        if self.timeouts:
            times = "once" if self.timeouts == 1 else f"on {self.timeouts} articles"
            return f"ran out of time {times}, and then did not match"
        if self.quarter:
            return ""
        return "shadowed" if self.shadowed_by else "never hit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The counts of all rules, in the order of feeds.yaml, and what they were counted over."""

    looked_at: int
    since: datetime | None  # the date of the oldest article
    rules: tuple[RuleCount, ...]


def rule_values(count: RuleCount) -> dict[str, object]:
    """Return the counts of a rule as --json shows them."""
    instead = count.shadowed_by
    return {
        "owner": count.owner,
        "key": count.key,
        "rule": count.rule,
        "place": str(count.place) if count.place else None,
        "week": count.week,
        "quarter": count.quarter,
        "shadowed_by": str(instead.place or instead.text) if instead else None,
        "timeouts": count.timeouts,
        "note": count.note,
    }


def tally(store: Store, settings: Settings, *, among: int, now: datetime) -> Tally:
    """Count over the articles of the last 90 days, the newest `among` at most."""
    books = _Books(settings, now)
    looked_at, since = 0, None
    if books.any:
        for article in _young(store, settings, now - QUARTER, among):
            looked_at, since = looked_at + 1, article.sort_at
            books.enter(article)
    return Tally(looked_at=looked_at, since=since, rules=tuple(books.counts()))


def _young(store: Store, settings: Settings, bound: datetime, among: int) -> Iterator[Article]:
    priority = {source.id: source.priority for source in settings.sources}
    articles = store.articles(tuple(priority), priority=priority)
    for _, article in zip(range(among), articles, strict=False):
        if article.sort_at < bound:
            return
        yield article


@dataclass(slots=True)
class _Item:
    """One alternative of a rule, asked alone until it decides something."""

    match: Match
    check: Check
    week: int = 0
    quarter: int = 0
    matches: int = 0
    timeouts: int = 0
    instead: Counter[Match] = field(default_factory=Counter)


class _Ledger:
    """The counts of one rule."""

    def __init__(self, owner: str, key: str, rule: Rule) -> None:
        self.owner = owner
        self.key = key
        self.rule = rule
        nodes = rule.tree.children if isinstance(rule.tree, Either) else (rule.tree,)
        matches = rule.alternatives or (Match(rule.text, rule.place),)
        self.items = {
            match: _Item(match, check_of(node)) for match, node in zip(matches, nodes, strict=True)
        }

    def ask(self, view: View, *, decided: Match | None) -> Match | None:
        """Ask the rule; `decided` is what has settled the article before, if anything has."""
        known = len(view.timed_out)
        match = self.rule.first_match(view)
        first = None if decided or match is None else self.items[match]
        if first is not None:
            first.quarter += 1
            first.week += view.now - view.article.sort_at < WEEK
        for item in self.items.values():
            if item is first:
                item.matches += 1
            elif not item.quarter and item.check.answer(view):
                item.matches += 1
                item.instead.update([one for one in (decided or match,) if one is not None])
        for pattern in view.timed_out[known:]:
            for item in self.items.values():
                item.timeouts += pattern in item.match.text
        return match

    def counts(self) -> Iterator[RuleCount]:
        for item in self.items.values():
            instead = item.instead.most_common(1)
            yield RuleCount(
                owner=self.owner,
                key=self.key,
                rule=item.match.text,
                place=item.match.place,
                week=item.week,
                quarter=item.quarter,
                matches=item.matches,
                shadowed_by=instead[0][0] if instead and not item.quarter else None,
                timeouts=item.timeouts,
            )


@dataclass(frozen=True, slots=True)
class _Pair:
    """The rules of one source or output."""

    keep: _Ledger | None
    drop: _Ledger | None

    @classmethod
    def of(cls, owner: str, rules: Rules) -> _Pair:
        return cls(
            _Ledger(owner, "keep", rules.keep) if rules.keep else None,
            _Ledger(owner, "drop", rules.drop) if rules.drop else None,
        )

    def judge(self, view: View, *, decided: Match | None) -> Match | None:
        """Ask both; return what has settled the article now, None when it is kept so far."""
        if self.keep is not None:
            kept = self.keep.ask(view, decided=decided)
            if kept is None and decided is None:
                decided = Match(self.keep.rule.text, self.keep.rule.place)
        if self.drop is not None:
            dropped = self.drop.ask(view, decided=decided)
            decided = decided or dropped
        return decided

    def counts(self) -> Iterator[RuleCount]:
        for ledger in (self.keep, self.drop):
            if ledger is not None:
                yield from ledger.counts()


class _Books:
    """The counts of all rules."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self._now = now
        self._sources: Mapping[str, _Pair] = {
            source.id: _Pair.of(f"source {source.id}", source.rules)
            for source in settings.sources
            if source.rules.keep or source.rules.drop
        }
        self._outputs: tuple[tuple[frozenset[str], _Pair], ...] = tuple(
            (frozenset(output.sources), _Pair.of(f"output {output.id}", output.rules))
            for output in settings.outputs
            if output.rules.keep or output.rules.drop
        )

    @property
    def any(self) -> bool:
        """Is there a rule at all?"""
        return bool(self._sources or self._outputs)

    def enter(self, article: Article) -> None:
        view = View(article, now=self._now)
        own = self._sources.get(article.source)
        decided = own.judge(view, decided=None) if own is not None else None
        sources = {article.source, *(seen.source for seen in article.sightings)}
        for members, pair in self._outputs:
            if not members.isdisjoint(sources):
                pair.judge(view, decided=decided)

    def counts(self) -> Iterator[RuleCount]:
        for pair in self._sources.values():
            yield from pair.counts()
        for _, pair in self._outputs:
            yield from pair.counts()
