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
_MISUSED = re.compile(r"([A-Za-z_][A-Za-z_-]*)(?:[<>]=?|!?=)")
_DASHED = re.compile(r"([A-Za-z_]+-[A-Za-z_-]+):")
_COMPARISON = re.compile(r'([<>]=?|!?=)\s*([^\s()"]*)')
_PHRASE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_REGEX = re.compile(r"/((?:[^/\\\n]|\\[^\n])*)/([^\s()]*)")
_WORD = re.compile(r'[^\s()"]+')
_NAMED = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

# What means something in other search boxes, and would be taken for text here: pattern of the
# word, what is wrong with it, what would be right.
_HABITS = (
    (re.compile(r"!\w"), "! does not negate", "write -word"),
    (re.compile(r"[–—−]\S"), "this dash does not negate", "write -word, with the minus sign"),
    (re.compile(r"\^"), "^ is no anchor", "a regular expression is /^like this/"),
    (re.compile(r".*\w\|\w"), "| is no OR", "write (one OR two), or /one|two/i"),
    (re.compile(r"(?!\*\.).*\*"), "* is no wildcard", r"write a regular expression: /\bword/i"),
)
_QUOTED_BY_APOSTROPHES = re.compile(r"'[^'\"()]*\s[^'\"()]*'(?=[\s)]|$)")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a rule, and how many characters stand before it.

    `kind` is one of: ( ) AND OR NOT field comparison word phrase regex rule end. A field's
    `text` is its name, and so is that of a named rule; a comparison's the operator with the
    literal in `more`, a regular expression's the source with the flags in `more`.
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
    if first == "@":
        return _rule(text, at)
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


def _rule(text: str, at: int) -> tuple[Token, int]:
    word = _WORD.match(text, at + 1)
    name = word[0] if word else ""
    if not _NAMED.fullmatch(name):
        raise RuleError(
            f'"@{name}" is no name of a rule',
            hint="names are of a-z, 0-9, hyphen, dot and underscore; to search for it, quote it",
            offset=at,
        )
    return Token("rule", at, name), at + 1 + len(name)


def _name(text: str, at: int) -> tuple[Token, int] | None:
    """A field in front of its value; None when the text is no name."""
    if amount := _AMOUNT.match(text, at):
        return Token("field", at, amount[1]), amount.end()
    if misused := _MISUSED.match(text, at):
        raise _cannot_compare(misused[1], at)
    if dashed := _DASHED.match(text, at):
        _refuse_dashes(dashed[1], at)
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


def _refuse_dashes(name: str, at: int) -> None:
    """seen-in: is a misspelt field; covid-19: and sci-fi: are text."""
    if name.replace("-", "_").lower() in FIELDS:
        raise _unknown_field(name, offset=at)


def _unknown_field(name: str, *, offset: int) -> RuleError:
    hint = f"{did_you_mean(name, FIELDS)}; to search for the text, quote it"
    return RuleError(f'no field "{name}"', hint=hint, offset=offset)


def _word(text: str, at: int) -> tuple[Token, int]:
    if text[at] in "“”„«»":
        raise RuleError(f"{text[at]} is not a quote here", hint='write "…"', offset=at)
    if _QUOTED_BY_APOSTROPHES.match(text, at):
        raise RuleError("' is not a quote here", hint='write "…"', offset=at)
    word = _WORD.match(text, at)
    end = word.end() if word else at + 1
    _refuse_habits(text[at:end], at)
    return Token("word", at, text[at:end]), end


def _refuse_habits(word: str, at: int) -> None:
    for pattern, what, hint in _HABITS:
        if pattern.match(word):
            raise RuleError(
                f'{what} in "{word}"', hint=f"{hint}; to search for the text, quote it", offset=at
            )
