"""What follows from a rule, and what excludes it: as far as it can be told for sure. Pure.

Nothing here guesses: an answer of True is a proof, False says only that none was found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from aggregator.core.filter import literals
from aggregator.core.filter.fields import ANYWHERE
from aggregator.core.filter.fold import fold, words_of
from aggregator.core.filter.match import belongs, exact_name
from aggregator.core.filter.tree import (
    Compare,
    Either,
    Every,
    Exact,
    Has,
    Node,
    Not,
    Pattern,
    Words,
)

MAX_STEPS = 500_000  # of one prover; after that, it proves nothing more
_LONGEST_PHRASE = 40  # words of a phrase in which others are looked for
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_LEAST = {"words": 0, "seen_in": 1}
_PARTS = {
    "text": frozenset({"title", "summary", "content"}),
    ANYWHERE: frozenset({"title", "summary", "content", "text", "tag"}),
}


@dataclass(frozen=True, slots=True)
class Span:
    """Whole numbers from `first` to `last`; None is no bound."""

    first: int | None
    last: int | None

    def is_within(self, other: Span) -> bool:
        """Is every number of this one in the other?"""
        low = other.first is None or (self.first is not None and self.first >= other.first)
        high = other.last is None or (self.last is not None and self.last <= other.last)
        return low and high

    def misses(self, other: Span) -> bool:
        """Have the two no number in common?"""
        return _is_below(self, other) or _is_below(other, self)


def _is_below(one: Span, other: Span) -> bool:
    return one.last is not None and other.first is not None and one.last < other.first


def span_of(node: Compare) -> Span | None:
    """The numbers that a comparison takes: counts, seconds, microseconds; None for !=."""
    first, last = _ends(literals.amount(node.field, node.spelled))
    spans = {
        ">": Span(last + 1, None),
        ">=": Span(first, None),
        "<": Span(None, first - 1),
        "<=": Span(None, last),
        "=": Span(first, last),
    }
    return spans.get(node.operator)


def _ends(amount: literals.Amount) -> tuple[int, int]:
    """The first and last number that an amount means: a day is all of its microseconds."""
    if isinstance(amount, int):
        return amount, amount
    if isinstance(amount, datetime):
        moment = (amount - _EPOCH) // timedelta(microseconds=1)
        return moment, moment
    return _ends(datetime.combine(amount, time(), UTC))[0], _ends(_end_of(amount))[0]


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max, UTC)


def covers(field: str, part: str) -> bool:
    """Is whatever stands in `part` looked at by who asks for `field`?"""
    return field == part or part in _PARTS.get(field, ())


class Prover:
    """Proves things about rules. Mutable: it counts its steps, and remembers folded words."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self._steps = steps
        self._words: dict[str, tuple[str, ...]] = {}

    @property
    def is_tired(self) -> bool:
        """Is it of no use to ask for more?"""
        return self._steps < 0

    def tires(self) -> bool:
        """Count a step; was it one too many?"""
        self._steps -= 1
        return self._steps < 0

    def words(self, node: Words) -> tuple[str, ...]:
        """The folded words of a leaf; () for signs such as 🚀."""
        if node.spelled not in self._words:
            self._words[node.spelled] = tuple(words_of(fold(node.spelled)))
        return self._words[node.spelled]

    def implies(self, one: Node, other: Node) -> bool:
        """Does the other match every article that the one matches?"""
        if self.tires():
            return False
        if isinstance(one, Either):
            return all(self.implies(child, other) for child in one.children)
        if isinstance(other, Every):
            return all(self.implies(one, child) for child in other.children)
        if isinstance(other, Either):
            if any(self.implies(one, child) for child in other.children):
                return True
        elif isinstance(other, Not) and self.excludes(one, other.child):
            return True
        if isinstance(one, Every):
            return any(self.implies(child, other) for child in one.children)
        if isinstance(one, Not):
            return isinstance(other, Not) and self.implies(other.child, one.child)
        return self._leaf_implies(one, other)

    def excludes(self, one: Node, other: Node) -> bool:
        """Is there no article that both match?"""
        if self.tires():
            return False
        for first, second in ((one, other), (other, one)):
            if isinstance(first, Either):
                return all(self.excludes(child, second) for child in first.children)
        for first, second in ((one, other), (other, one)):
            if isinstance(first, Every):
                return any(self.excludes(child, second) for child in first.children)
        for first, second in ((one, other), (other, one)):
            if isinstance(first, Not):
                return not isinstance(second, Not) and self.implies(second, first.child)
        if isinstance(one, Compare) and isinstance(other, Compare):
            return _miss(one, other)
        if isinstance(one, Exact) and isinstance(other, Exact) and one.field == other.field:
            return not (_belongs(one, other) or _belongs(other, one))
        return False

    def _leaf_implies(self, one: Node, other: Node) -> bool:
        if one == other:
            return True
        if isinstance(one, Words) and isinstance(other, Words):
            return covers(other.field, one.field) and self._contains(one, other)
        if isinstance(one, Pattern) and isinstance(other, Pattern):
            same = (one.source, one.flags) == (other.source, other.flags)
            return same and covers(other.field, one.field)
        if isinstance(one, Exact) and isinstance(other, Exact):
            return one.field == other.field and _belongs(one, other)
        if isinstance(one, Compare) and isinstance(other, Compare):
            return _is_narrower(one, other)
        if isinstance(one, Words | Pattern) and isinstance(other, Has):
            return one.field == other.what == "author"
        return False

    def _contains(self, phrase: Words, part: Words) -> bool:
        """Do the words of a part stand in a phrase, side by side in this order?"""
        whole, wanted = self.words(phrase), self.words(part)
        if not whole or not wanted:
            return not whole and not wanted and fold(phrase.spelled) == fold(part.spelled)
        length = len(wanted)
        return any(whole[at : at + length] == wanted for at in range(len(whole) - length + 1))


def _belongs(one: Exact, other: Exact) -> bool:
    """Has every article with this name the other one too?"""
    return belongs(exact_name(one), exact_name(other), field=one.field)


def _is_narrower(one: Compare, other: Compare) -> bool:
    own, wide = span_of(one), span_of(other)
    if one.field != other.field or own is None:
        return False
    if wide is not None:
        return own.is_within(wide)
    exception = span_of(_exactly(other))
    return exception is not None and own.misses(exception)


def _miss(one: Compare, other: Compare) -> bool:
    own, its = span_of(one), span_of(other)
    if one.field != other.field:
        return False
    if own is not None and its is not None:
        return own.misses(its)
    if its is None and own is not None:
        exception = span_of(_exactly(other))
        return exception is not None and own.is_within(exception)
    return own is None and its is not None and _miss(other, one)


def _exactly(node: Compare) -> Compare:
    """What a != excepts."""
    return Compare(node.field, "=", node.spelled)


def is_empty(node: Node) -> bool:
    """Does a comparison take no amount that there is: words<0, seen_in<1?"""
    span = span_of(node) if isinstance(node, Compare) else None
    return span is not None and isinstance(node, Compare) and span.misses(_domain(node.field))


def is_full(node: Node) -> bool:
    """Does a comparison take every amount that there is: words>=0, seen_in>=1?"""
    span = span_of(node) if isinstance(node, Compare) else None
    return span is not None and isinstance(node, Compare) and _domain(node.field).is_within(span)


def _domain(field: str) -> Span:
    return Span(_LEAST.get(field), None)


class Shelf:
    """Many alternatives, in which those are found quickly that follow from a rule."""

    def __init__(self, nodes: Iterable[Node], prover: Prover) -> None:
        self._prover = prover
        self._words: dict[tuple[str, tuple[str, ...]], tuple[int, Node]] = {}
        self._others: list[tuple[int, Node]] = []
        for position, node in enumerate(nodes):
            if isinstance(node, Words) and prover.words(node):
                self._words.setdefault((node.field, prover.words(node)), (position, node))
            else:
                self._others.append((position, node))

    def wider(self, node: Node, *, at: int | None = None) -> Node | None:
        """An alternative that matches whatever `node` does; None when none is found.

        `at` is the position of the node when it is one of them: then neither itself nor a
        later one that says the same counts.
        """
        if self._prover.tires():
            return None
        if isinstance(node, Either):
            wider = self.wider(node.children[0])
            return wider if wider and self._prover.implies(node, wider) else None
        if isinstance(node, Words) and (worded := self._wider_words(node, at)):
            return worded
        if isinstance(node, Every):
            for child in node.children:
                if isinstance(child, Words) and (worded := self._wider_words(child, None)):
                    return worded
        return self._wider_other(node, at)

    def _wider_other(self, node: Node, at: int | None) -> Node | None:
        for position, other in self._others:
            if self._prover.is_tired:
                break
            if position != at and self._prover.implies(node, other):
                later = at is not None and position > at
                if not (later and self._prover.implies(other, node)):
                    return other
        return None

    def _wider_words(self, node: Words, at: int | None) -> Node | None:
        words = self._prover.words(node)[:_LONGEST_PHRASE]
        for field in (node.field, "text", ANYWHERE):
            if not covers(field, node.field):
                continue
            for start in range(len(words)):
                for end in range(start + 1, len(words) + 1):
                    position, found = self._words.get((field, words[start:end]), (at, node))
                    if position != at:
                        return found
        return None
