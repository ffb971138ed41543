"""Why is it here, or why not: the answers of `aggregator why`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from aggregator.archive import Edition
from aggregator.core.model import Article, Ruling, StoredEntry, Verdict
from aggregator.core.settings import Output, Settings
from aggregator.explain.chain import Event, chain
from aggregator.outputs import Catalogue
from aggregator.store import Store

MOST_ANSWERS: Final = 5  # articles that some words may name


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputAnswer:
    """What one output does with an article, and why it does not carry it.

    `missing` is "" while it carries it, else the first of these that holds: queued, seen (see
    StoredEntry.held), pruned (retention has dropped the text), dropped (by a rule), aged
    (max_age), past (of a source that joined later: backfill), beyond (limit), crowded
    (max_per_source), unbuilt (not built since).
    """

    output: str
    verdict: Verdict | None  # None: nothing that a rule could be asked about can be shown
    missing: str
    carried_since: datetime | None  # None: it does not carry it now
    first_carried: datetime | None  # also when it left since


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Everything that was decided about one article."""

    slug: str
    id: str
    title: str
    link: str
    sort_at: datetime
    shown: str  # the source whose copy is the best; "" when no text is left
    entries: tuple[StoredEntry, ...]  # first seen first
    rulings: tuple[Ruling, ...]  # the operator's, oldest first
    former_slugs: tuple[str, ...]  # of articles that have become this one
    asked_for: str  # the retired slug or atom:id that led here; "" when none did
    outputs: tuple[OutputAnswer, ...]

    @property
    def chain(self) -> tuple[Event, ...]:
        return chain(self.slug, self.entries, self.rulings)


def why(store: Store, settings: Settings, what: str, *, now: datetime) -> tuple[Why, ...]:
    """Explain the articles that `what` names: a slug, an id, a guid, a link, or words.

    Whatever was ever seen is known: what waits, what is never shown, and what retention has
    left no text of.
    """
    found = store.find(what, limit=MOST_ANSWERS)
    answers = (_why(store, settings, slug, what, now=now) for slug in found)
    return tuple(answer for answer in answers if answer is not None)


def _why(store: Store, settings: Settings, slug: str, what: str, *, now: datetime) -> Why | None:
    entries = _in_order(store.entries(slug=slug))
    if not entries:
        return None
    best = store.article(slug, priority=_priority(settings, entries))
    first = entries[0]
    former = store.former_names(slug)
    return Why(
        slug=slug,
        id=first.article_id,
        title=best.entry.title if best else first.title,
        link=best.entry.link if best else first.link,
        sort_at=first.sort_at,
        shown=best.source if best else "",
        entries=entries,
        rulings=store.rulings(slug),
        former_slugs=tuple(slug for slug, _ in former),
        asked_for=what if any(what in names for names in former) else "",
        outputs=tuple(_Asked(store, settings, slug, entries, now).answers()),
    )


def _in_order(entries: Iterable[StoredEntry]) -> tuple[StoredEntry, ...]:
    """As they came, the founder before those that came with it."""
    return tuple(
        sorted(
            entries,
            key=lambda each: (each.first_seen, each.rule != "new", each.source, each.guid),
        )
    )


def _priority(settings: Settings, entries: Iterable[StoredEntry]) -> dict[str, int]:
    sources = {entry.source for entry in entries}
    return {source.id: source.priority for source in settings.sources if source.id in sources}


@dataclass(slots=True)
class _Asked:
    """One article, and what each output makes of it.

    Settings are narrowed to the sources that have it: there may be 10,000 others.
    """

    store: Store
    settings: Settings
    slug: str
    entries: tuple[StoredEntry, ...]
    now: datetime
    _picked: dict[tuple[str, ...], Article | None] = field(default_factory=dict)

    def answers(self) -> Iterator[OutputAnswer]:
        """Of the outputs that have one of its sources."""
        names = {entry.source for entry in self.entries}
        sources = tuple(source for source in self.settings.sources if source.id in names)
        narrowed = Catalogue.of(replace(self.settings, sources=sources))
        listed = self.store.carried(self.slug)
        ever = self.store.carried(self.slug, ever=True)
        for output in self.settings.outputs:
            own = tuple(name for name in output.sources if name in names)
            if own:
                edition = Edition.of(
                    narrowed, replace(output, sources=own), store=self.store, now=self.now
                )
                yield self._answer(edition, listed, ever)

    def _answer(
        self, edition: Edition, listed: Mapping[str, datetime], ever: Mapping[str, datetime]
    ) -> OutputAnswer:
        name = edition.output.id
        article = self._shown(edition)
        verdict = None if article is None else edition.judge_at(self.now)(article)
        missing = "" if name in listed else self._missing(edition, article, verdict)
        return OutputAnswer(
            output=name,
            verdict=verdict,
            missing=missing,
            carried_since=listed.get(name),
            first_carried=ever.get(name),
        )

    def _shown(self, edition: Edition) -> Article | None:
        """The article as the output shows it: the best copy of its own sources."""
        sources = edition.output.sources
        if sources not in self._picked:
            picked = edition.picked([self.entries[0].slug_hash])
            self._picked[sources] = picked[0] if picked else None
        return self._picked[sources]

    def _missing(self, edition: Edition, article: Article | None, verdict: Verdict | None) -> str:
        if article is None or verdict is None:
            return _unshown([one for one in self.entries if one.source in edition.output.sources])
        if not verdict.kept:
            return "dropped"
        if not edition.is_kept(article):
            return "aged"
        if edition.past is not None and edition.past.key(article) is not None:
            return "past"
        return self._crowded(edition.output, article)

    def _crowded(self, output: Output, article: Article) -> str:
        oldest = self.store.oldest_carried(output.id)
        if oldest is not None and article.sort_at <= oldest:
            return "beyond"
        return "unbuilt" if output.max_per_source is None else "crowded"


def _unshown(entries: Sequence[StoredEntry]) -> str:
    """Why none of these entries can be shown."""
    states = {entry.held for entry in entries}
    if "" in states:
        return "pruned"
    return "queued" if "queued" in states else "seen"
