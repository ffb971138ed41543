"""Which outputs must be built, and how their rules are applied. Knows settings, not the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b

from aggregator.core.filter import View, verdict_on
from aggregator.core.model import Article, OutputState, Verdict
from aggregator.core.settings import Output, Rules, Settings, Source
from aggregator.core.shares import Quota

_USUAL_ARCHIVE = Output(id="", title="").archive
_USUAL_BACKFILL = Output(id="", title="").backfill
_USUAL_TTL = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What building asks of the sources of one feeds.yaml, to be found without asking them all."""

    settings: Settings
    sources: Mapping[str, Source]
    priority: dict[str, int]  # of those that have another than 0
    rules: Mapping[str, Rules]  # of those that have some
    timed: frozenset[str]  # those with rules that the clock decides
    intervals: Mapping[str, timedelta]  # of those polled at fixed intervals

    @classmethod
    def of(cls, settings: Settings) -> Catalogue:
        """The catalogue of the settings; one for as long as they are in use."""
        listed, nothing = settings.sources, Rules()
        rules = {source.id: source.rules for source in listed if source.rules != nothing}
        return cls(
            settings=settings,
            sources={source.id: source for source in listed},
            priority={source.id: source.priority for source in listed if source.priority},
            rules=rules,
            timed=frozenset(source for source, own in rules.items() if _timed_rules(own)),
            intervals={
                source.id: source.schedule.every
                for source in listed
                if source.schedule.every is not None
            },
        )


def digest(catalogue: Catalogue, output: Output) -> str:
    """Return a hash over everything in feeds.yaml that shapes the bytes of an output."""
    sources = catalogue.sources
    shape = [
        output.base_of(catalogue.settings.base_url),
        *_output_shape(output),
        [_source_shape(sources[source]) for source in output.sources if source in sources],
    ]
    pace = ttl(catalogue, output)
    if pace != _USUAL_TTL:
        shape.append(["ttl", pace])
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
        *_later_shape(output),
    ]


def _later_shape(output: Output) -> list[object]:
    """What was added later: left out where it says nothing, so that no digest changed for it."""
    shape: dict[str, object] = {
        "max_per_source": _quota_shape(output.max_per_source),
        "backfill": None if output.backfill == _USUAL_BACKFILL else output.backfill,
        "archive": None if output.archive == _USUAL_ARCHIVE else output.archive,
        "complete": output.complete,
        "hub": output.hub,
    }
    return [[name, value] for name, value in shape.items() if value not in (None, False, "")]


def _quota_shape(quota: Quota | None) -> object:
    if quota is None or quota.period is None:
        return None if quota is None else quota.size
    return [quota.size, quota.period.total_seconds()]


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


def is_timed(catalogue: Catalogue, output: Output) -> bool:
    """Can the output change with the clock alone (`age<7d`, `max_age:`)?"""
    if output.max_age is not None or _timed_rules(output.rules):
        return True
    return not catalogue.timed.isdisjoint(output.sources)


def timed_outputs(catalogue: Catalogue) -> frozenset[str]:
    """The ids of the outputs that can change with the clock alone."""
    return frozenset(one.id for one in catalogue.settings.outputs if is_timed(catalogue, one))


def outputs_by_source(settings: Settings) -> dict[str, list[str]]:
    """Of each source that some output lists, the ids of these outputs."""
    found: dict[str, list[str]] = {}
    for output in settings.outputs:
        for source in output.sources:
            found.setdefault(source, []).append(output.id)
    return found


def _timed_rules(rules: Rules) -> bool:
    return any(rule is not None and rule.timed for rule in (rules.keep, rules.drop))


def is_current(state: OutputState | None, *, digest: str, change: int) -> bool:
    """Was the output last built from these settings and from the last change of its sources?"""
    if state is None or state.digest != digest or state.built_at is None:
        return False
    return state.built_change >= change


def last_change(output: Output, changes: Mapping[str, int]) -> int:
    """Return the change number of the output's sources, 0 when none ever changed."""
    return max((changes.get(source, 0) for source in output.sources), default=0)


Judge = Callable[[Article], Verdict]
JudgeOfView = Callable[[View], Verdict]


def judge_of(catalogue: Catalogue, output: Output) -> JudgeOfView:
    """Return what says of an article whether the output keeps it: source rules, then its own."""
    rules, nothing = catalogue.rules, Rules()

    def judge(view: View) -> Verdict:
        own = rules.get(view.article.source, nothing)
        return verdict_on(
            view,
            source_keep=own.keep,
            source_drop=own.drop,
            output_keep=output.rules.keep,
            output_drop=output.rules.drop,
        )

    return judge


def ttl(catalogue: Catalogue, output: Output) -> int:
    """Return the minutes for which readers may keep a copy, as a rule: 5 to 60 (W33).

    The document cannot know when its sources are polled next, and must not change for that: it
    says what the settings say.
    """
    fixed = catalogue.intervals.keys() & output.sources
    intervals = (catalogue.intervals[source] for source in fixed)
    shortest = min((catalogue.settings.limits.min_interval, *intervals))
    return max(5, min(_USUAL_TTL, int(shortest.total_seconds()) // 60))
