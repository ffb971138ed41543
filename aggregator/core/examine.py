"""What `aggregator check` says of rules that are no mistakes: failed examples, and hints. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from aggregator.core.filter import Example, Rule, verdict
from aggregator.core.filter.doubts import (
    Doubt,
    Gate,
    doubts_behind,
    doubts_between,
    doubts_of,
    gate,
)
from aggregator.core.filter.fold import fold
from aggregator.core.filter.prove import Prover
from aggregator.core.filter.tree import Either, Every, Exact, Node, Not, leaves
from aggregator.core.model import Place, Verdict
from aggregator.core.settings import NamedRule, Rules, Settings


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to say about a place in feeds.yaml. `where` are the keys that lead to it."""

    place: Place | None
    where: str
    what: str


# --- examples


def failed_examples(settings: Settings, *, now: datetime) -> tuple[Remark, ...]:
    """Try every example of `expect:`; a remark for each that comes out otherwise."""
    return tuple(remark for remark in _tried(settings, now) if remark)


def _tried(settings: Settings, now: datetime) -> Iterator[Remark | None]:
    for named in settings.named:
        for example in named.examples:
            yield _judged(example, Rules(keep=named.rule), now)
    for source in settings.sources:
        for example in source.rules.examples:
            yield _judged(example, source.rules, now, source=source.id)
    for output in settings.outputs:
        for example in output.rules.examples:
            yield _judged(example, output.rules, now)


def _judged(example: Example, rules: Rules, now: datetime, *, source: str = "") -> Remark | None:
    found = verdict(
        example.article(now, source=source),
        source_keep=None,
        source_drop=None,
        output_keep=rules.keep,
        output_drop=rules.drop,
        now=now,
    )
    if found.kept == example.kept:
        return None
    what = f"{example} should be {_done(example.kept)}, and is {_done(found.kept)}: {_why(found)}"
    return Remark(example.place, example.where, what)


def _done(kept: bool) -> str:
    return "kept" if kept else "dropped"


def _why(found: Verdict) -> str:
    line = f" (line {found.place.line})" if found.place else ""
    slow = f"; out of time: {', '.join(found.timed_out)}" if found.timed_out else ""
    if not found.rule:
        return f"no rule speaks of it{slow}"
    if found.by.endswith("drop"):
        return f"{found.rule}{line} drops it{slow}"
    if found.kept:
        return f"{found.rule}{line} keeps it, and nothing drops it{slow}"
    return f"{found.rule}{line} does not match it{slow}"


# --- hints


def hints(settings: Settings) -> tuple[Remark, ...]:
    """What is no mistake, and hardly meant: parts of rules that never match, or add nothing.

    The first remark about each place, in the order of the file.
    """
    named = {each.name: each.rule for each in settings.named}
    first: dict[tuple[int, int], Remark] = {}
    for remark in _hints(settings, named, Prover()):
        if remark.place is not None:
            first.setdefault((remark.place.line, remark.place.column), remark)
    return tuple(first[position] for position in sorted(first))


def _hints(settings: Settings, named: Mapping[str, Rule], prover: Prover) -> Iterator[Remark]:
    gates = {
        source.id: gate(source.id, keep=source.rules.keep, drop=source.rules.drop, prover=prover)
        for source in settings.sources
    }
    known = {fold(source.id): source.id for source in settings.sources}
    for each in settings.named:
        doubts = _of_one(each.rule, known, prover)
        yield from _remarks(doubts, f"rules.{each.name}", _foreign([each.rule], named))
    yield from _unused(settings.named, _all_rules(settings))
    for index, source in enumerate(settings.sources):
        facts = (Exact("source", source.id),)
        yield from _owner(source.rules, f"sources[{index}]", known, named, prover, facts=facts)
    for index, output in enumerate(settings.outputs):
        before = tuple(gates[source] for source in output.sources if source in gates)
        where = f"outputs[{index}]"
        yield from _owner(output.rules, where, known, named, prover, before=before)


def _owner(
    rules: Rules,
    where: str,
    known: Mapping[str, str],
    named: Mapping[str, Rule],
    prover: Prover,
    *,
    facts: tuple[Node, ...] = (),
    before: tuple[Gate, ...] = (),
) -> Iterator[Remark]:
    """What is to be said of the rules of one source or output."""
    for kind, rule in (("keep", rules.keep), ("drop", rules.drop)):
        if rule is None:
            continue
        foreign = _foreign([rule], named)
        doubts = [*_of_one(rule, known, prover, facts=facts)]
        if before:
            doubts += doubts_behind(rule, before, prover)
        yield from _remarks(doubts, f"{where}.{kind}", foreign)
    if rules.keep and rules.drop:
        foreign = _foreign([rules.keep, rules.drop], named)
        yield from _remarks(doubts_between(rules.keep, rules.drop, prover), where, foreign)


def _of_one(
    rule: Rule, known: Mapping[str, str], prover: Prover, *, facts: tuple[Node, ...] = ()
) -> Iterator[Doubt]:
    for leaf in leaves(rule.tree):
        if isinstance(leaf, Exact) and leaf.field == "source" and fold(leaf.spelled) not in known:
            close = get_close_matches(fold(leaf.spelled), list(known), n=1)
            hint = f' (did you mean "{known[close[0]]}"?)' if close else ""
            yield Doubt(leaf.place, f'no source has the id "{leaf.spelled}"{hint}')
    yield from doubts_of(rule, prover, facts=facts)


def _remarks(doubts: Iterable[Doubt], where: str, foreign: frozenset[Place]) -> Iterator[Remark]:
    for doubt in doubts:
        if doubt.place not in foreign:
            yield Remark(doubt.place, where, doubt.what)


def _all_rules(settings: Settings) -> Iterator[Rule]:
    owners = [source.rules for source in settings.sources]
    owners += [output.rules for output in settings.outputs]
    given = [rule for rules in owners for rule in (rules.keep, rules.drop)]
    yield from (rule for rule in given if rule is not None)
    yield from (each.rule for each in settings.named)


def _unused(named: Iterable[NamedRule], rules: Iterable[Rule]) -> Iterator[Remark]:
    used = {name for rule in rules for name in rule.names}
    for each in named:
        if each.name not in used:
            yield Remark(each.rule.place, f"rules.{each.name}", f"nothing uses @{each.name}")


def _foreign(rules: Iterable[Rule], named: Mapping[str, Rule]) -> frozenset[Place]:
    """The places of what rules say by names: it is looked at where it stands."""
    used = {name for rule in rules for name in rule.names}
    return frozenset(place for name in used for place in _places(named[name].tree))


def _places(node: Node) -> Iterator[Place]:
    if node.place is not None:
        yield node.place
    if isinstance(node, Either | Every):
        for child in node.children:
            yield from _places(child)
    elif isinstance(node, Not):
        yield from _places(node.child)
