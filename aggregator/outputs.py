"""Which outputs must be built, and how their rules are applied. Knows settings, not the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import blake2b

from aggregator.core.filter import verdict
from aggregator.core.model import Article, OutputState, Verdict
from aggregator.core.settings import Output, Rules, Settings, Source


def digest(settings: Settings, output: Output) -> str:
    """Return a hash over everything in feeds.yaml that shapes the bytes of an output."""
    sources = {source.id: source for source in settings.sources}
    shape = [
        output.base_of(settings.base_url),
        *_output_shape(output),
        [_source_shape(sources[source]) for source in output.sources if source in sources],
    ]
    return blake2b(json.dumps(shape).encode(), digest_size=16).hexdigest()


def _output_shape(output: Output) -> list[object]:
    return [
        output.id,
        output.atom_id,
        output.title,
        output.subtitle,
        output.author,
        output.language,
        output.order,
        output.limit,
        output.max_age.total_seconds() if output.max_age else None,
        _rules_shape(output.rules),
        *([output.max_per_source] if output.max_per_source else []),  # later than the others
    ]


def _source_shape(source: Source) -> list[object]:
    return [source.id, source.title, source.priority, _rules_shape(source.rules)]


def _rules_shape(rules: Rules) -> list[str]:
    return [rules.keep.text if rules.keep else "", rules.drop.text if rules.drop else ""]


def public_sources(settings: Settings) -> tuple[Source, ...]:
    """Return the sources but for those that only private outputs carry."""
    private = [one for one in settings.outputs if one.access is not None]
    if not private:
        return settings.sources
    public = {source for one in settings.outputs if one.access is None for source in one.sources}
    hidden = {source for one in private for source in one.sources} - public
    return tuple(source for source in settings.sources if source.id not in hidden)


def is_timed(settings: Settings, output: Output) -> bool:
    """Can the output change with the clock alone (`age<7d`, `max_age:`)?"""
    if output.max_age is not None or _timed_rules(output.rules):
        return True
    members = set(output.sources)
    return any(_timed_rules(source.rules) for source in settings.sources if source.id in members)


def _timed_rules(rules: Rules) -> bool:
    return any(rule is not None and rule.timed for rule in (rules.keep, rules.drop))


def is_current(
    output: Output, state: OutputState | None, *, digest: str, changes: Mapping[str, int]
) -> bool:
    """Was the output last built from these settings and from all changes of its sources?"""
    if state is None or state.digest != digest or state.built_at is None:
        return False
    return state.built_change >= last_change(output, changes)


def last_change(output: Output, changes: Mapping[str, int]) -> int:
    """Return the change number of the output's sources, 0 when none ever changed."""
    return max((changes.get(source, 0) for source in output.sources), default=0)


def judge_for(settings: Settings, output: Output, *, now: datetime) -> Callable[[Article], Verdict]:
    """Return what says of an article whether the output keeps it: source rules, then its own."""
    rules = {source.id: source.rules for source in settings.sources}
    nothing = Rules()

    def judge(article: Article) -> Verdict:
        own = rules.get(article.source, nothing)
        return verdict(
            article,
            source_keep=own.keep,
            source_drop=own.drop,
            output_keep=output.rules.keep,
            output_drop=output.rules.drop,
            now=now,
        )

    return judge
