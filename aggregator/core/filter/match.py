"""A tree made ready to be asked of many articles. Pure.

Answers are True, False, or None when a regular expression ran out of time: then nobody
knows, and neither a rule nor its opposite matches.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aggregator.core.filter import literals
from aggregator.core.filter.fold import fold, words_of
from aggregator.core.filter.patterns import Search
from aggregator.core.filter.spell import spell
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
from aggregator.core.filter.view import View, host_name


class Check(Protocol):
    """A question to an article."""

    def answer(self, view: View) -> bool | None: ...


def check_of(node: Node) -> Check:
    """The question that a tree asks."""
    match node:
        case Words():
            return _words_check(node)
        case Pattern():
            return _PatternCheck(node.field, Search(node.source, node.flags), spell(node))
        case Exact():
            return _ExactCheck(node.field, exact_name(node))
        case Compare():
            return _compare_check(node)
        case Has():
            return _HasCheck(node.what)
        case Not():
            return _NotCheck(check_of(node.child))
        case Every():
            return _every_check(node)
    return EitherCheck(node)


@dataclass(frozen=True, slots=True)
class _WordsCheck:
    """Words that follow each other; `line` is how they stand in Folded.line."""

    field: str
    words: tuple[str, ...]
    line: str

    def answer(self, view: View) -> bool:
        folded = view.folded(self.field)
        return self.words[0] in folded.words and self.line in folded.line


@dataclass(frozen=True, slots=True)
class _SignsCheck:
    """Something without any letter or digit: wherever it stands."""

    field: str
    signs: str

    def answer(self, view: View) -> bool:
        return self.signs in view.folded(self.field).text


def _words_check(node: Words) -> _WordsCheck | _SignsCheck:
    folded = fold(node.spelled)
    words = words_of(folded)
    if not words:
        return _SignsCheck(node.field, folded)
    return _WordsCheck(node.field, tuple(words), f" {' '.join(words)} ")


@dataclass(frozen=True, slots=True)
class _PatternCheck:
    field: str
    search: Search
    rule: str

    def answer(self, view: View) -> bool | None:
        return view.search(self.search, field=self.field, rule=self.rule)


@dataclass(frozen=True, slots=True)
class _ExactCheck:
    """A name, or what belongs to it: en and en-GB, example.com and news.example.com."""

    field: str
    name: str

    def answer(self, view: View) -> bool:
        names = view.names(self.field)
        return any(belongs(name, self.name, field=self.field) for name in names)


def belongs(name: str, other: str, *, field: str) -> bool:
    """Is a name the other one, or does it belong to it, as en-GB does to en?"""
    if name == other:
        return True
    if field == "host":
        return name.endswith("." + other)
    return field == "lang" and name.startswith(other + "-")


def exact_name(node: Exact) -> str:
    """The name that a leaf asks for, as View.names says it."""
    return fold(host_name(node.spelled) if node.field == "host" else node.spelled)


_OPERATORS: dict[str, Callable[[int, int], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class _CompareCheck:
    field: str
    operator: str
    literal: literals.Amount

    def answer(self, view: View) -> bool:
        return _OPERATORS[self.operator](_order(view, self.field, self.literal), 0)


def _order(view: View, field: str, literal: literals.Amount) -> int:
    """Is the amount less (-1), equal (0) or more (1)? A day (UTC) is equal as a whole."""
    if isinstance(literal, int):
        count = view.count(field)
        return (count > literal) - (count < literal)
    moment = view.article.sort_at
    if isinstance(literal, datetime):
        return (moment > literal) - (moment < literal)
    return (moment.date() > literal) - (moment.date() < literal)


def _compare_check(node: Compare) -> _CompareCheck:
    literal = literals.amount(node.field, node.spelled)
    return _CompareCheck(node.field, node.operator, literal)


@dataclass(frozen=True, slots=True)
class _HasCheck:
    thing: str

    def answer(self, view: View) -> bool:
        return view.has(self.thing)


@dataclass(frozen=True, slots=True)
class _NotCheck:
    check: Check

    def answer(self, view: View) -> bool | None:
        answer = self.check.answer(view)
        return None if answer is None else not answer


@dataclass(frozen=True, slots=True)
class _EveryCheck:
    checks: tuple[Check, ...]

    def answer(self, view: View) -> bool | None:
        known = True
        for check in self.checks:
            answer = check.answer(view)
            if answer is False:
                return False
            known = known and answer is not None
        return True if known else None


def _every_check(node: Every) -> _EveryCheck:
    """Several negations are asked as one, so that `-a -b -c ...` finds all its words together."""
    unwanted = tuple(child.child for child in node.children if isinstance(child, Not))
    if len(unwanted) < 2:
        return _EveryCheck(tuple(check_of(child) for child in node.children))
    wanted = (child for child in node.children if not isinstance(child, Not))
    none_of = _NotCheck(EitherCheck(Either(unwanted)))
    return _EveryCheck((*(check_of(child) for child in wanted), none_of))


@dataclass(frozen=True, slots=True)
class _Index:
    """Many words and phrases of one field, found together: 500 cost about what one costs."""

    field: str
    words: dict[str, int]  # single word -> position
    phrases: dict[tuple[str, str], tuple[tuple[int, str], ...]]  # first two -> position, line
    openings: frozenset[str]  # first words of phrases

    def first(self, view: View) -> int | None:
        """The lowest position that matches."""
        words = view.folded(self.field).words
        found = [self.words[word] for word in words & self.words.keys()]
        if not words.isdisjoint(self.openings):
            line = view.folded(self.field).line
            for pair in view.pairs(self.field) & self.phrases.keys():
                found += [at for at, phrase in self.phrases[pair] if phrase in line]
        return min(found, default=None)


def _indexes(checks: dict[int, _WordsCheck]) -> tuple[_Index, ...]:
    fields = sorted({check.field for check in checks.values()})
    return tuple(
        _index({at: check for at, check in checks.items() if check.field == field})
        for field in fields
    )


def _index(checks: dict[int, _WordsCheck]) -> _Index:
    """Index the checks of one field; of two that say the same, the first position counts."""
    words: dict[str, int] = {}
    phrases: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for position, check in checks.items():
        if len(check.words) == 1:
            words.setdefault(check.words[0], position)
        else:
            phrases.setdefault((check.words[0], check.words[1]), []).append((position, check.line))
    field = next(check.field for check in checks.values())
    return _Index(
        field=field,
        words=words,
        phrases={pair: tuple(found) for pair, found in phrases.items()},
        openings=frozenset(first for first, _ in phrases),
    )


class EitherCheck:
    """Alternatives; knows which one matches first, in the order written."""

    __slots__ = ("_indexes", "_others")

    def __init__(self, node: Either) -> None:
        checks = {position: check_of(child) for position, child in enumerate(node.children)}
        words = {at: check for at, check in checks.items() if isinstance(check, _WordsCheck)}
        self._indexes = _indexes(words)
        self._others = tuple((at, check) for at, check in checks.items() if at not in words)

    def answer(self, view: View) -> bool | None:
        """Does any alternative match?"""
        answer, _ = self.decide(view)
        return answer

    def decide(self, view: View) -> tuple[bool | None, int]:
        """The answer, and the position of the first alternative that matches, else -1."""
        found = [at for index in self._indexes if (at := index.first(view)) is not None]
        words = min(found, default=-1)
        known = True
        for position, check in self._others:
            if -1 < words < position:
                break
            answer = check.answer(view)
            if answer:
                return True, position
            known = known and answer is not None
        if words > -1:
            return True, words
        return (False if known else None), -1
