"""A part of an output, as an address asks for it: `feeds/ID.atom?q=RULE&limit=N`. Pure.

What the output's own rules keep is filtered once more. The result is what an output would carry
that had the rule among its `keep:`, and so a feed of its own: with an id, a title and an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote
from uuid import NAMESPACE_OID, uuid5

from aggregator.core.filter import Rule, RuleError
from aggregator.core.filter.query import compile_query
from aggregator.core.settings import Output

_LONGEST_DIGITS: Final = 9
_SHOWN: Final = 60  # characters of a mistaken rule on either side of the mistake
_LONGEST_TITLE: Final = 200  # characters that a rule adds to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What is asked for, in one spelling: of those rules that say the same, all are equal."""

    rule: Rule | None = None
    limit: int | None = None  # fewer than the output's own

    @property
    def query(self) -> str:
        """What follows the question mark of the address (RFC 3986 §3.4)."""
        parts = [f"q={quote(self.rule.text, safe='/:')}"] if self.rule else []
        parts += [f"limit={self.limit}"] if self.limit is not None else []
        return "&".join(parts)

    @property
    def is_timed(self) -> bool:
        """Can its answer change with the clock alone?"""
        return self.rule is not None and self.rule.timed

    def of(self, output: Output) -> Output:
        """The output with the title and limit of this part of it.

        It has no archive behind it, and no hub hears of it.
        """
        return replace(
            output,
            title=self._title(output.title),
            limit=output.limit if self.limit is None else self.limit,
            archive=0,
            hub="",
        )

    def _title(self, whole: str) -> str:
        if self.rule is None:
            return whole
        text = self.rule.text
        told = text if len(text) <= _LONGEST_TITLE else text[: _LONGEST_TITLE - 1] + "…"
        return f"{whole} ({told})"

    def atom_id(self, whole: str) -> str:
        """The Atom id, made of the output's: the same rule has the same id for ever.

        The newest ten of a feed are no other feed.
        """
        if self.rule is None:
            return whole
        return uuid5(NAMESPACE_OID, f"{whole} {self.rule.text}").urn


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """One document of a part of an output, and what it cost to make."""

    body: bytes
    coded: Mapping[str, bytes] = field(default_factory=dict)  # by Content-Encoding
    seconds: float = 0.0  # of CPU time


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a document is made from. Equal versions of a narrowing have the same articles.

    `settings` stands for all that shapes the output, `change` for the articles stored, `slot`
    for the time where that counts.
    """

    settings: str
    change: int
    slot: int = 0


def narrowing(output: Output, *, q: str, limit: str) -> Narrowing | None:
    """What `q` and `limit` ask of an output; None when that is the output as it is.

    Raises RuleError, with an offset when it is `q` that cannot be understood.
    """
    rule = compile_query(q) if q.strip() else None
    number = _number(limit.strip())
    if number is not None and number >= output.limit:
        number = None
    if rule is None and number is None:
        return None
    return Narrowing(rule=rule, limit=number)


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and int(text[:_LONGEST_DIGITS]) > 0):
        raise RuleError("limit is no number", hint="1 or more")
    return int(text[:_LONGEST_DIGITS])


def mistake(q: str, error: RuleError) -> str:
    """Lines that say what is wrong with a rule, with a caret below the place.

    Of a long rule only what surrounds the mistake; nothing that moves the caret.
    """
    if error.offset is None:
        return f"{error}\n"
    start = max(0, error.offset - _SHOWN)
    shown = q[start : error.offset + _SHOWN]
    line = "".join(character if character.isprintable() else " " for character in shown)
    return f"{error}\n    {line}\n    {' ' * (error.offset - start)}^\n"
