"""Why is it here, and what would change: the answers of `aggregator why` and `aggregator plan`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aggregator.core.model import Article, Ruling, StoredEntry, Verdict
from aggregator.core.settings import Output, Settings
from aggregator.outputs import judge_for
from aggregator.rehearsal import Rehearsal
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
    """What a feeds.yaml would do to one output: slugs with titles, in the order of the output."""

    output: str
    state: str  # new, removed, changed, same
    appear: Mapping[str, str]
    vanish: Mapping[str, str]
    new: tuple[str, ...] = ()  # slugs: of those that appear, the ones it has never carried
    announced: tuple[str, ...] = ()  # of these, the ones that are news to subscribers


def plan(store: Store, settings: Settings, *, now: datetime) -> tuple[Change, ...]:
    """Compare what each output would carry with what it carries now.

    Articles of sources that were never polled are not known before they are.
    """
    rehearsal = Rehearsal(store=store, settings=settings, now=now)
    changes = [_change(rehearsal, output) for output in settings.outputs]
    left = {rehearsal.stored_id(output.id) for output in settings.outputs}
    removed = (name for name in store.listed_outputs() if name not in left)
    return (*changes, *(_removed(store, name) for name in removed))


def _change(rehearsal: Rehearsal, output: Output) -> Change:
    before = rehearsal.store.carrying(rehearsal.stored_id(output.id))
    contents = rehearsal.contents(output)
    if contents is None:
        return Change(output=output.id, state="same", appear={}, vanish={})
    after = {article.slug: article for article in contents.articles}
    appear = [article for slug, article in after.items() if slug not in before]
    known = rehearsal.first_carried(output.id, [article.slug_hash for article in appear])
    new = [article for article in appear if article.slug_hash not in known]
    vanish = {slug: title for slug, title in before.items() if slug not in after}
    state = "changed" if appear or vanish else "same"
    return Change(
        output=output.id,
        state=state if rehearsal.is_known(output.id) else "new",
        appear={article.slug: article.entry.title for article in appear},
        vanish=vanish,
        new=tuple(article.slug for article in new),
        announced=tuple(one.slug for one in new if one.slug_hash not in contents.no_news),
    )


def _removed(store: Store, output: str) -> Change:
    return Change(output=output, state="removed", appear={}, vanish=store.carrying(output))
