"""What is no mistake in a rule, and still hardly meant: parts that cannot match, or add nothing.

Pure. Every doubt is a proof (core.filter.prove): there are no false ones, but not all are found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aggregator.core.filter.patterns import matches_everything
from aggregator.core.filter.prove import Prover, Shelf, is_empty, is_full
from aggregator.core.filter.rule import Rule
from aggregator.core.filter.spell import spell
from aggregator.core.filter.tree import Either, Every, Exact, Leaf, Node, Not, Pattern
from aggregator.core.model import Place

_LONGEST = 60  # characters of a rule in a message


@dataclass(frozen=True, slots=True)
class Doubt:
    """A part of a rule at a place, and what is to be said of it."""

    place: Place | None
    what: str


def shown(node: Node) -> str:
    """A rule as a message tells it."""
    text = spell(node)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def told(node: Node) -> str:
    """A rule with the line where it stands."""
    return f"{shown(node)} (line {node.place.line})" if node.place else shown(node)


def alternatives(node: Node) -> tuple[Node, ...]:
    """What can match by itself."""
    return node.children if isinstance(node, Either) else (node,)


def _why_always(leaf: Leaf) -> str:
    if is_full(leaf):
        return "always matches: there is nothing else it could be"
    if isinstance(leaf, Pattern) and matches_everything(leaf.source, leaf.flags):
        return "matches every text: it can match nothing at all"
    return ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something never matches: `part` of it is excluded by something, or by itself."""

    part: Node
    excluded_by: Node | None

    def told_of(self, node: Node) -> str:
        """The reason, said after the node."""
        if self.excluded_by is None:
            return f"there is nothing that {shown(self.part)} could be"
        if self.part is node:
            return f"{told(self.excluded_by)} excludes it"
        return f"{shown(self.part)} and {told(self.excluded_by)} exclude each other"


def why_never(node: Node, facts: Sequence[Node], prover: Prover) -> Reason | None:
    """Why a rule matches no article for which the facts are true; None when it may."""
    if isinstance(node, Either):
        reasons = [why_never(child, facts, prover) for child in node.children]
        return reasons[0] if None not in reasons else None
    if isinstance(node, Every):
        for position, child in enumerate(node.children):
            reason = why_never(child, (*_beside(node, position), *facts), prover)
            if reason is not None:
                return reason
        return None
    if is_empty(node):
        return Reason(node, None)
    for fact in facts:
        if prover.is_tired:
            break
        if prover.excludes(node, fact):
            return Reason(node, fact)
    return None


def _beside(node: Every, position: int) -> tuple[Node, ...]:
    """What else must match. Negations do not exclude each other, and may be thousands."""
    others = node.children[:position] + node.children[position + 1 :]
    if isinstance(node.children[position], Not):
        return tuple(other for other in others if not isinstance(other, Not))
    return others


@dataclass(frozen=True, slots=True)
class Gate:
    """What is known of the articles of a source by the time that an output's rules are asked."""

    facts: tuple[Node, ...]
    dropped: Shelf | None
    rules: tuple[str, str]  # what the source's keep and drop say: many sources have the same

    def why_closed(self, node: Node, prover: Prover) -> str:
        """Why an article of the source that a rule matches never gets so far; "" when it may."""
        wider = self.dropped.wider(node) if self.dropped else None
        if wider is not None:
            return f"{told(wider)} has dropped it"
        never = why_never(node, self.facts, prover)
        return never.told_of(node) if never else ""


def gate(source: str, *, keep: Rule | None, dropped: Shelf | None, drop: Rule | None) -> Gate:
    """What the rules of a source let through; `dropped` are the alternatives of its drop."""
    facts: tuple[Node, ...] = (Exact("source", source),)
    return Gate(
        facts=(*facts, keep.tree) if keep else facts,
        dropped=dropped,
        rules=(keep.text if keep else "", drop.text if drop else ""),
    )


def speaks_of_sources(node: Node) -> bool:
    """Can the id of a source alone keep this from matching?"""
    if isinstance(node, Either | Every):
        return any(speaks_of_sources(child) for child in node.children)
    return isinstance(node, Exact) and node.field == "source"


@dataclass(frozen=True, slots=True)
class Doubter:
    """Finds what is doubtful. What is called by name, at `foreign` places, is told where it is."""

    prover: Prover
    foreign: frozenset[Place] = frozenset()

    def of(self, rule: Rule, *, facts: Sequence[Node] = ()) -> Iterator[Doubt]:
        """Doubts about one rule, of articles for which all `facts` are known to be true."""
        for again, first in rule.repeats:
            if again.place != first.place and self._is_own(again):
                yield Doubt(again.place, f"{shown(again)} stands here twice: {told(first)}")
        yield from self._walk(rule.tree, tuple(facts))

    def behind(self, rule: Rule, gates: Sequence[Gate]) -> Iterator[Doubt]:
        """What of an output's rule the rules of each of its sources leave nothing to decide."""
        unlike = tuple({gate.rules: gate for gate in gates}.values())
        bare = any(gate.rules == ("", "") for gate in unlike)
        for node in self._alternatives(rule):
            named = speaks_of_sources(node)
            if bare and not named:
                continue
            reason = self._why_all_closed(node, gates if named else unlike)
            if reason:
                yield Doubt(node.place, f"{shown(node)} never gets to decide: {reason}")

    def between(self, keep: Rule, drop: Rule) -> Iterator[Doubt]:
        """What a keep and a drop of one owner make of each other."""
        dropped = Shelf(alternatives(drop.tree), self.prover)
        for node in self._alternatives(keep):
            wider = dropped.wider(node)
            if wider is not None:
                what = f"{shown(node)} keeps nothing: {told(wider)} drops it again"
                yield Doubt(node.place, what)
        for node in self._alternatives(drop):
            if why_never(node, (keep.tree,), self.prover):
                what = f"{shown(node)} drops nothing: {told(keep.tree)} keeps none of it"
                yield Doubt(node.place, what)

    def _is_own(self, node: Node) -> bool:
        return node.place not in self.foreign

    def _alternatives(self, rule: Rule) -> Iterator[Node]:
        return (node for node in alternatives(rule.tree) if self._is_own(node))

    def _why_all_closed(self, node: Node, gates: Sequence[Gate]) -> str:
        reason = ""
        for gate in gates:
            reason = gate.why_closed(node, self.prover)
            if not reason:
                break
        return reason

    def _walk(self, node: Node, facts: tuple[Node, ...]) -> Iterator[Doubt]:
        if self.prover.is_tired or not self._is_own(node):
            return
        never = why_never(node, facts, self.prover)
        if never:
            yield Doubt(node.place, f"{shown(node)} never matches: {never.told_of(node)}")
        elif isinstance(node, Either):
            yield from self._walk_either(node, facts)
        elif isinstance(node, Every):
            for position, child in enumerate(node.children):
                yield from self._walk(child, (*facts, *_beside(node, position)))
        elif isinstance(node, Not):
            yield from self._walk(node.child, facts)
        elif always := _why_always(node):
            yield Doubt(node.place, f"{shown(node)} {always}")

    def _walk_either(self, node: Either, facts: tuple[Node, ...]) -> Iterator[Doubt]:
        shelf = Shelf(node.children, self.prover)
        own = [(at, child) for at, child in enumerate(node.children) if self._is_own(child)]
        for position, child in own:
            wider = shelf.wider(child, at=position)
            if wider is not None:
                what = f"{shown(child)} adds nothing: {told(wider)} matches whatever it does"
                yield Doubt(child.place, what)
            elif isinstance(child, Not) and shelf.wider(child.child) is not None:
                what = f"{shown(child)} or its opposite: this matches everything"
                yield Doubt(child.place, what)
            else:
                yield from self._walk(child, facts)
