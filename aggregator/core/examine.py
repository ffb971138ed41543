"""What `aggregator check` says of rules that are no mistakes: failed examples, and hints. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from itertools import chain

from aggregator.core.filter import Example, Rule, verdict
from aggregator.core.filter.doubts import (
    Doubt,
    Doubter,
    Gate,
    alternatives,
    gate,
)
from aggregator.core.filter.fold import fold
from aggregator.core.filter.prove import Prover, Shelf
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
    gates = _gates(settings, prover)
    known = {fold(source.id): source.id for source in settings.sources}
    for each in settings.named:
        doubter = Doubter(prover, _foreign([each.rule], named))
        doubts = chain(_strangers(each.rule, known), doubter.of(each.rule))
        yield from _remarks(doubts, f"rules.{each.name}", doubter)
    yield from _unused(settings.named, _all_rules(settings))
    for index, source in enumerate(settings.sources):
        facts = (Exact("source", source.id),)
        yield from _owner(source.rules, f"sources[{index}]", known, named, prover, facts=facts)
    for index, output in enumerate(settings.outputs):
        before = tuple(gates[source] for source in output.sources if source in gates)
        where = f"outputs[{index}]"
        yield from _owner(output.rules, where, known, named, prover, before=before)


def _gates(settings: Settings, prover: Prover) -> dict[str, Gate]:
    """What each source lets through; sources that drop the same share a shelf."""
    shelves: dict[str, Shelf] = {}
    gates: dict[str, Gate] = {}
    for source in settings.sources:
        keep, drop = source.rules.keep, source.rules.drop
        if drop and drop.text not in shelves:
            shelves[drop.text] = Shelf(alternatives(drop.tree), prover)
        dropped = shelves[drop.text] if drop else None
        gates[source.id] = gate(source.id, keep=keep, drop=drop, dropped=dropped)
    return gates


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
    given = [rule for rule in (rules.keep, rules.drop) if rule is not None]
    doubter = Doubter(prover, _foreign(given, named))
    for kind, rule in (("keep", rules.keep), ("drop", rules.drop)):
        if rule is not None:
            doubts = chain(_strangers(rule, known), doubter.of(rule, facts=facts))
            if before:
                doubts = chain(doubts, doubter.behind(rule, before))
            yield from _remarks(doubts, f"{where}.{kind}", doubter)
    if rules.keep and rules.drop:
        yield from _remarks(doubter.between(rules.keep, rules.drop), where, doubter)


def _strangers(rule: Rule, known: Mapping[str, str]) -> Iterator[Doubt]:
    """The ids of sources that are not there."""
    for leaf in leaves(rule.tree):
        if isinstance(leaf, Exact) and leaf.field == "source" and fold(leaf.spelled) not in known:
            close = get_close_matches(fold(leaf.spelled), list(known), n=1)
            hint = f' (did you mean "{known[close[0]]}"?)' if close else ""
            yield Doubt(leaf.place, f'no source has the id "{leaf.spelled}"{hint}')


def _remarks(doubts: Iterable[Doubt], where: str, doubter: Doubter) -> Iterator[Remark]:
    for doubt in doubts:
        if doubt.place not in doubter.foreign:
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
