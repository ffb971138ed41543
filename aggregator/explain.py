"""Why is it here, and what would change: the answers of `aggregator why` and `aggregator plan`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aggregator.core.model import Article, StoredEntry, Verdict
from aggregator.core.settings import Output, Settings
from aggregator.outputs import judge_for
from aggregator.pipeline import choose
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
    entries: tuple[StoredEntry, ...]
    outputs: tuple[OutputAnswer, ...]


def why(store: Store, settings: Settings, what: str, *, now: datetime) -> tuple[Why, ...]:
    """Explain the articles that `what` names: a slug, an id, a guid, a link, or words."""
    priority = {source.id: source.priority for source in settings.sources}
    answers = []
    for slug in store.find(what):
        article = store.article(slug, priority=priority)
        if article is not None:
            answers.append(
                Why(
                    article=article,
                    entries=tuple(store.entries(slug=slug)),
                    outputs=_answers(store, settings, article, now=now),
                )
            )
    return tuple(answers)


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
    priority = {source.id: source.priority for source in settings.sources}
    articles = store.articles(output.sources, priority=priority)
    chosen = choose(output, articles, judge=judge_for(settings, output, now=now), now=now)
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
