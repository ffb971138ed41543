"""Makes the document of a part of an output when somebody asks for it; writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice

from aggregator import outputs
from aggregator.app import clock
from aggregator.app.application import App
from aggregator.app.freshness import TIMED_AGE
from aggregator.archive import Edition
from aggregator.core.codings import CODINGS
from aggregator.core.model import Article, OutputState, Verdict
from aggregator.core.narrow import Narrowed, Narrowing, Version
from aggregator.core.render import render
from aggregator.core.settings import Output
from aggregator.outputs import Judge
from aggregator.pipeline import choose

MOST_ARTICLES = 10_000  # stored articles that are looked at, the newest
MOST_SECONDS = 2.0  # of CPU time to look; where they run out, what was found is all there is
_NOT_ASKED_FOR = Verdict(kept=False)


def version(app: App, output: Output, *, is_timed: bool) -> Version | None:
    """Return what a part of an output is made from now; None when it was never built.

    It changes with the builds of the output, and every ten minutes where the clock counts.
    """
    state = app.store.output_states().get(output.id)
    if state is None:
        return None
    slot = int(clock.now().timestamp()) // TIMED_AGE if is_timed else 0
    return Version(settings=state.digest, change=state.built_change, slot=slot)


def narrowed(app: App, output: Output, narrowing: Narrowing, form: str) -> Narrowed | None:
    """Return a part of an output in one of its forms; None when it was never built."""
    began = clock.effort()
    state = app.store.output_states().get(output.id)
    if state is None:
        return None
    body = _body(app, output, narrowing, form, state=state, until=began + MOST_SECONDS)
    coded = {coding.name: coding.pack(body) for coding in CODINGS}
    return Narrowed(body=body, coded=coded, seconds=clock.effort() - began)


def _body(
    app: App,
    output: Output,
    narrowing: Narrowing,
    form: str,
    *,
    state: OutputState,
    until: float,
) -> bytes:
    catalogue, part = app.catalogue, narrowing.of(output)
    edition = Edition.of(catalogue, part, store=app.store, now=clock.now(), atom_id=state.atom_id)
    articles = app.store.articles(output.sources, priority=edition.priority)
    rendered = render(
        part,
        choose(
            part,
            within(articles, until=until, effort=clock.effort),
            judge=_judge(edition, narrowing, now=edition.now),
            shares=edition.shares,
            now=edition.now,
        ),
        base_url=output.base_of(catalogue.settings.base_url),
        atom_id=narrowing.atom_id(edition.atom_id),
        settings_changed_at=state.settings_changed_at,
        ttl=outputs.ttl(catalogue, output),
        query=narrowing.query,
        forms=(form,),
    )
    return rendered.bodies[form]


def _judge(edition: Edition, narrowing: Narrowing, *, now: datetime) -> Judge:
    """Keep what both the rule asked for and the output's own rules keep; the cheaper one first."""
    rule, judge = narrowing.rule, edition.judge_at(now)
    if rule is None:
        return judge

    def both(article: Article) -> Verdict:
        return judge(article) if rule.matches(article, now=now) else _NOT_ASKED_FOR

    return both


def within(
    articles: Iterable[Article], *, until: float, effort: Callable[[], float]
) -> Iterator[Article]:
    """The first articles, as far as there is time."""
    for article in islice(articles, MOST_ARTICLES):
        yield article
        if effort() > until:
            return
