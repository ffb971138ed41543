"""Why is it here, and what would change: the answers of `aggregator why` and `aggregator plan`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aggregator.archive import Edition, document
from aggregator.core.model import Article, Ruling, StoredEntry, Verdict
from aggregator.core.settings import Output, Settings
from aggregator.outputs import judge_for
from aggregator.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputAnswer:
    """What one output does with an article."""

    output: str
    verdict: Verdict
    carried_since: datetime | None  # None: it does not carry it now


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Everything that was decided about one article."""

    article: Article
    entries: tuple[StoredEntry, ...]  # first seen first
    rulings: tuple[Ruling, ...]  # the operator's, oldest first
    former_slugs: tuple[str, ...]  # of articles that have become this one
    asked_for: str  # the retired slug or atom:id that led here; "" when none did
    outputs: tuple[OutputAnswer, ...]


def why(store: Store, settings: Settings, what: str, *, now: datetime) -> tuple[Why, ...]:
    """Explain the articles that `what` names: a slug, an id, a guid, a link, or words."""
    priority = {source.id: source.priority for source in settings.sources}
    answers = []
    for slug in store.find(what):
        article = store.article(slug, priority=priority)
        if article is not None:
            former = store.former_names(slug)
            answers.append(
                Why(
                    article=article,
                    entries=_in_order(store.entries(slug=slug)),
                    rulings=store.rulings(slug),
                    former_slugs=tuple(slug for slug, _ in former),
                    asked_for=what if any(what in names for names in former) else "",
                    outputs=_answers(store, settings, article, now=now),
                )
            )
    return tuple(answers)


def _in_order(entries: Iterable[StoredEntry]) -> tuple[StoredEntry, ...]:
    """As they came, the founder before those that came with it."""
    return tuple(
        sorted(
            entries,
            key=lambda each: (each.first_seen, each.rule != "new", each.source, each.guid),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step on the way of an article to what it is, in plain words."""

    at: datetime
    text: str
    held: str = ""  # why outputs may not show the entry; see StoredEntry


def chain(answer: Why) -> tuple[Event, ...]:
    """Return what was decided about an article, in the order of time."""
    events = [
        Event(at=entry.first_seen, text=_told_entry(entry, answer), held=entry.held)
        for entry in answer.entries
    ]
    for ruling in answer.rulings:
        told = _told_ruling(ruling)
        events.append(Event(at=ruling.at, text=told))
        if ruling.undone_at is not None:
            events.append(Event(at=ruling.undone_at, text=f"taken back: {told}"))
    return tuple(sorted(events, key=lambda event: event.at))


def _told_entry(entry: StoredEntry, answer: Why) -> str:
    """What the rules made of an entry, whatever the operator has made of it since."""
    splits = [
        ruling.other
        for ruling in answer.rulings
        if (ruling.source, ruling.guid) == (entry.source, entry.guid)
    ]
    first = splits[0] if splits else entry.home
    place = first if first not in ("", answer.article.slug) else "the article"
    if entry.rule == "new":
        return f"{entry.source} {entry.guid} founded {place} ({entry.evidence})"
    matched = f" as {entry.matched_source} {entry.matched_guid}" if entry.matched_source else ""
    return f"{entry.source} {entry.guid} joined {place} by {entry.rule}{matched} ({entry.evidence})"


def _told_ruling(ruling: Ruling) -> str:
    if ruling.kind == "merge":
        return f"the operator merged {ruling.slug} into {ruling.other}"
    entry = f"{ruling.source} {ruling.guid}"
    return f"the operator split {entry} off {ruling.other}: it is {ruling.slug}"


def _answers(
    store: Store, settings: Settings, article: Article, *, now: datetime
) -> tuple[OutputAnswer, ...]:
    carried = store.carried(article.slug)
    sources = {article.source, *(sighting.source for sighting in article.sightings)}
    return tuple(
        OutputAnswer(
            output=output.id,
            verdict=judge_for(settings, output, now=now)(article),
            carried_since=carried.get(output.id),
        )
        for output in settings.outputs
        if sources.intersection(output.sources)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a feeds.yaml would do to one output: slugs with titles, in order."""

    output: str
    state: str  # new, removed, changed, same
    appear: Mapping[str, str]
    vanish: Mapping[str, str]


def plan(store: Store, settings: Settings, *, now: datetime) -> tuple[Change, ...]:
    """Compare what each output would carry with what it carries now.

    Articles of sources that were never polled are not known before they are.
    """
    states = store.output_states()
    removed = [name for name in sorted(states) if name not in _names(settings)]
    changes = [
        _change(store, output.id, output.id in states, _selected(store, settings, output, now=now))
        for output in settings.outputs
    ]
    return (*changes, *(_change(store, name, True, None) for name in removed))


def _names(settings: Settings) -> frozenset[str]:
    return frozenset(output.id for output in settings.outputs)


def _selected(
    store: Store, settings: Settings, output: Output, *, now: datetime
) -> Mapping[str, str]:
    chosen = document(Edition.of(settings, output, store=store, now=now))
    return {article.slug: article.entry.title for article in chosen}


def _change(store: Store, name: str, known: bool, after: Mapping[str, str] | None) -> Change:
    before = store.carrying(name)
    appear = {slug: title for slug, title in (after or {}).items() if slug not in before}
    vanish = {slug: title for slug, title in before.items() if slug not in (after or {})}
    if after is None:
        state = "removed"
    elif not known:
        state = "new"
    else:
        state = "changed" if appear or vanish else "same"
    return Change(output=name, state=state, appear=appear, vanish=vanish)
