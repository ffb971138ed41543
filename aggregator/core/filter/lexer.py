"""One line of text cut into the tokens of a rule. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aggregator.core.filter.fields import AMOUNT_FIELDS, FIELDS
from aggregator.core.filter.problem import RuleError, did_you_mean

_SPACE = re.compile(r"\s*")
_KEYWORD = re.compile(r'(?:AND|OR|NOT)(?=[\s()"]|$)')
_AMOUNT = re.compile(rf"({'|'.join(AMOUNT_FIELDS)})\s*(?=[<>=]|!=)")
_FIELD = re.compile(r"([A-Za-z_]+):(?!//)")
_MISUSED = re.compile(r"([A-Za-z_]+)(?:[<>]=?|!?=)")
_COMPARISON = re.compile(r'([<>]=?|!?=)\s*([^\s()"]*)')
_PHRASE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_REGEX = re.compile(r"/((?:[^/\\\n]|\\[^\n])*)/([^\s()]*)")
_WORD = re.compile(r'[^\s()"]+')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a rule, and how many characters stand before it.

    `kind` is one of: ( ) AND OR NOT field comparison word phrase regex end. A field's `text`
    is its name, a comparison's the operator with the literal in `more`, a regular
    expression's the source with the flags in `more`.
    """

    kind: str
    offset: int
    text: str = ""
    more: str = ""


def tokens_of(text: str) -> Iterator[Token]:
    """Cut a rule into tokens, an end token last; raises RuleError at what cannot be one."""
    position = _skip_space(text, 0)
    while position < len(text):
        token, position = _next(text, position)
        yield token
        position = _skip_space(text, position)
    yield Token("end", len(text))


def _skip_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _next(text: str, at: int) -> tuple[Token, int]:
    first = text[at]
    if first in "()":
        return Token(first, at), at + 1
    if keyword := _KEYWORD.match(text, at):
        return Token(keyword[0], at), keyword.end()
    if first == "-":
        return _minus(text, at)
    if first == '"':
        return _phrase(text, at)
    if first == "/":
        return _regex(text, at)
    if comparison := _COMPARISON.match(text, at):
        return Token("comparison", at, comparison[1], comparison[2]), comparison.end()
    return _name(text, at) or _word(text, at)


def _minus(text: str, at: int) -> tuple[Token, int]:
    if at + 1 == len(text) or text[at + 1].isspace():
        raise RuleError(
            '"-" stands alone', hint='no space after it to negate; to search for it: "-"', offset=at
        )
    return Token("NOT", at), at + 1


def _phrase(text: str, at: int) -> tuple[Token, int]:
    phrase = _PHRASE.match(text, at)
    if phrase is None:
        raise RuleError("this quote is never closed", hint='a quote itself: \\"', offset=at)
    return Token("phrase", at, _ESCAPED.sub(r"\1", phrase[1])), phrase.end()


def _regex(text: str, at: int) -> tuple[Token, int]:
    found = _REGEX.match(text, at)
    if found is None:
        raise RuleError(
            "this regular expression is never closed",
            hint='/like this/i; to search for the text, quote it: "/…"',
            offset=at,
        )
    return Token("regex", at, found[1], found[2]), found.end()


def _name(text: str, at: int) -> tuple[Token, int] | None:
    """A field in front of its value; None when the text is no name."""
    if amount := _AMOUNT.match(text, at):
        return Token("field", at, amount[1]), amount.end()
    if misused := _MISUSED.match(text, at):
        raise _cannot_compare(misused[1], at)
    field = _FIELD.match(text, at)
    if field is None:
        return None
    if field[1] not in FIELDS:
        raise _unknown_field(field[1], offset=at)
    return Token("field", at, field[1]), field.end()


def _cannot_compare(name: str, at: int) -> RuleError:
    if name not in FIELDS:
        return _unknown_field(name, offset=at)
    return RuleError(
        f"{name} cannot be compared",
        hint=f"{name}:…; comparable are {', '.join(AMOUNT_FIELDS)}",
        offset=at,
    )


def _unknown_field(name: str, *, offset: int) -> RuleError:
    hint = f"{did_you_mean(name, FIELDS)}; to search for the text, quote it"
    return RuleError(f'no field "{name}"', hint=hint, offset=offset)


def _word(text: str, at: int) -> tuple[Token, int]:
    if text[at] in "“”„«»":
        raise RuleError(f"{text[at]} is not a quote here", hint='write "…"', offset=at)
    word = _WORD.match(text, at)
    end = word.end() if word else at + 1
    return Token("word", at, text[at:end]), end
