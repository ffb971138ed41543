"""One value of a rule becomes one leaf of its tree, or says what is wrong with it. Pure."""

from __future__ import annotations

import re

from aggregator.core.filter import literals
from aggregator.core.filter.bounds import MAX_PATTERN_TEXT, MAX_PATTERNS, MAX_TERMS
from aggregator.core.filter.fields import AMOUNT_FIELDS, NAME_FIELDS, THINGS
from aggregator.core.filter.fold import fold
from aggregator.core.filter.lexer import Token
from aggregator.core.filter.patterns import FLAGS, PatternError, Search
from aggregator.core.filter.problem import RuleError, did_you_mean
from aggregator.core.filter.tree import Compare, Exact, Has, Leaf, Node, Pattern, Words, leaves
from aggregator.core.model import Place

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_PORT = re.compile(r"[^:]*:[^:]*")  # two colons are an IPv6 address
# What is younger than a day came after it.
_MIRRORED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": "=", "!=": "!="}


class TooLarge(RuleError):
    """The rule has more parts than any rule may have: reading on is pointless."""


class Budget:
    """How much more a rule may hold. Mutable: every leaf takes from it."""

    def __init__(self) -> None:
        self._terms = MAX_TERMS
        self._patterns = MAX_PATTERNS

    def take(self, token: Token) -> None:
        """Account for one leaf; raises TooLarge."""
        self._spend(terms=1, patterns=int(token.kind == "regex"))

    def take_all(self, node: Node) -> None:
        """Account for a named rule, each time it is used; raises TooLarge."""
        found = leaves(node)
        patterns = sum(isinstance(leaf, Pattern) for leaf in found)
        self._spend(terms=len(found), patterns=patterns)

    def _spend(self, *, terms: int, patterns: int) -> None:
        self._terms -= terms
        self._patterns -= patterns
        if self._terms < 0:
            raise TooLarge("the rule is too long", hint=f"at most {MAX_TERMS} terms")
        if self._patterns < 0:
            raise TooLarge(
                "too many regular expressions",
                hint=f"at most {MAX_PATTERNS}; words and phrases are faster",
            )


def leaf_of(token: Token, *, field: str, place: Place | None) -> Leaf:
    """The leaf that a word, phrase, regular expression or comparison makes in a field."""
    _refuse_controls(token)
    if token.kind == "comparison":
        return _comparison(token, field, place)
    if token.kind == "regex":
        return _pattern(token, field, place)
    if field in AMOUNT_FIELDS:
        return _amount(field, "=", token.text, offset=token.offset, place=place)
    if field == "has":
        return _has(token, place)
    if field in NAME_FIELDS:
        return _exact(token, field, place)
    spelled = " ".join(token.text.split())
    if not fold(spelled):
        raise RuleError("nothing to search for", hint="a word or phrase", offset=token.offset)
    return Words(field, spelled, place)


def _refuse_controls(token: Token) -> None:
    found = _CONTROL.search(token.text)
    if found:
        raise RuleError(
            f"holds the control character U+{ord(found[0]):04X}",
            hint=r"YAML reads \b in double quotes as one: use single quotes",
            offset=token.offset,
        )


def _comparison(token: Token, field: str, place: Place | None) -> Compare:
    if field not in AMOUNT_FIELDS:
        raise RuleError(
            f'"{token.text}" compares nothing',
            hint=f"{', '.join(AMOUNT_FIELDS)} can be compared: words>300; or quote it",
            offset=token.offset,
        )
    return _amount(field, token.text, token.more, offset=token.offset, place=place)


def _amount(
    field: str, operator: str, literal: str, *, offset: int, place: Place | None
) -> Compare:
    literal = literal.strip()
    if field == "age" and literals.is_date(literal):
        return Compare("date", _MIRRORED[operator], literal, place)
    try:
        literals.amount(field, literal)
    except ValueError as error:
        what = f'"{literal}" is no amount for {field}' if literal else f"{field} lacks an amount"
        raise RuleError(what, hint=literals.HINTS[field], offset=offset) from error
    if field == "age" and operator in ("=", "!="):
        raise RuleError("age is never exact", hint=f"age<{literal} or age>{literal}", offset=offset)
    return Compare(field, operator, literal, place)


def _has(token: Token, place: Place | None) -> Has:
    what = token.text.strip().lower()
    if what not in THINGS:
        raise RuleError(
            f'has: knows no "{token.text}"', hint=did_you_mean(what, THINGS), offset=token.offset
        )
    return Has(what, place)


def _exact(token: Token, field: str, place: Place | None) -> Exact:
    spelled = token.text.strip()
    if field == "host":
        spelled = spelled.removeprefix("*").strip(".").lower()
        if _PORT.fullmatch(spelled) or set(spelled) & set("/@ *?"):
            raise RuleError(
                f'"{token.text}" is no host', hint="host:example.com", offset=token.offset
            )
    if field == "lang":
        spelled = spelled.replace("_", "-").lower()
    if not spelled:
        raise RuleError(f"{field}: has no value", hint=f"{field}:name", offset=token.offset)
    return Exact(field, spelled, place)


def _pattern(token: Token, field: str, place: Place | None) -> Pattern:
    if field in AMOUNT_FIELDS or field == "has":
        raise RuleError(f"{field} takes no regular expression", offset=token.offset)
    if not token.text:
        raise RuleError("the regular expression is empty", offset=token.offset)
    if len(token.text) > MAX_PATTERN_TEXT:
        raise RuleError(
            f"the regular expression has {len(token.text)} characters",
            hint=f"at most {MAX_PATTERN_TEXT}",
            offset=token.offset,
        )
    flags = "".join(sorted(set(token.more)))
    if not set(flags) <= FLAGS.keys() or len(flags) != len(token.more):
        raise RuleError(
            f'"{token.more}" are no flags',
            hint='flags are i, m, s, x, once each; to search for a path, quote it: "/a/b"',
            offset=token.offset + len(token.text) + 2,
        )
    try:
        Search(token.text, flags)
    except PatternError as error:
        offset = token.offset + 1 + error.offset
        raise RuleError(f"bad regular expression: {error}", offset=offset) from error
    return Pattern(field, token.text, flags, place)
