"""Spelling 2: a rule in one line of text becomes a tree. Pure.

    either  =  every { "OR" every }
    every   =  unary { [ "AND" ] unary }
    unary   =  ( "NOT" | "-" ) unary  |  "(" either ")"  |  FIELD ":" value  |  value
    value   =  word  |  '"' phrase '"'  |  "/" regex "/" flags  |  op literal  |  "(" either ")"
            |  "@" name

Inside FIELD:( ... ) every value belongs to that field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from dataclasses import field as attribute

from aggregator.core.filter.bounds import MAX_DEPTH, MAX_TEXT
from aggregator.core.filter.leaf import Budget, leaf_of
from aggregator.core.filter.lexer import Token, tokens_of
from aggregator.core.filter.problem import RuleError
from aggregator.core.filter.tree import (
    Either,
    Every,
    Node,
    depth,
    either,
    every,
    negate,
    repeated,
)
from aggregator.core.model import Place

_CLOSERS = ("OR", ")", "end")
_OTHER_HABITS = {
    "|": "OR",
    "||": "OR",
    "or": "OR",
    "&": "AND",
    "&&": "AND",
    "and": "AND",
    "not": "NOT",
}


@dataclass(frozen=True, slots=True)
class Notes:
    """What was met on the way through a rule. Mutable lists."""

    repeats: list[tuple[Node, Node]] = attribute(default_factory=list)  # and what they repeat
    names: list[str] = attribute(default_factory=list)  # of rules that it uses


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What surrounds a piece of a rule."""

    budget: Budget
    notes: Notes
    named: Callable[[str], Node]  # raises RuleError
    field: str = ""  # the field that all values belong to
    at: Callable[[int | None], Place] | None = None  # offset in the line -> place
    depth: int = 0

    def place(self, offset: int | None = None) -> Place | None:
        """Where a character of the line stands; without an offset, the whole value."""
        return self.at(offset) if self.at else None

    def either(self, nodes: Iterable[Node], *, place: Place | None) -> Node:
        """Any of the nodes; repeats are noted."""
        nodes = tuple(nodes)
        self.notes.repeats.extend(repeated(nodes, Either))
        return either(nodes, place=place)

    def every(self, nodes: Iterable[Node], *, place: Place | None) -> Node:
        """All of the nodes; repeats are noted."""
        nodes = tuple(nodes)
        self.notes.repeats.extend(repeated(nodes, Every))
        return every(nodes, place=place)

    def deeper(self, *, offset: int | None = None) -> Context:
        """The same one level down; raises RuleError at the bottom."""
        if self.depth == MAX_DEPTH:
            raise RuleError(
                "the rule is nested too deeply", hint=f"at most {MAX_DEPTH} levels", offset=offset
            )
        return replace(self, depth=self.depth + 1)


def parse_line(text: str, context: Context) -> Node:
    """The tree of a one-line rule; raises RuleError with the offset of the mistake."""
    if len(text) > MAX_TEXT:
        raise RuleError(
            f"the rule has {len(text)} characters", hint=f"at most {MAX_TEXT}", offset=MAX_TEXT
        )
    if not text.strip():
        raise RuleError("the rule is empty", hint="leave the key out to have no rule")
    parser = _Parser(tuple(tokens_of(text)))
    node = parser.either(context)
    if parser.here.kind == ")":
        raise _closes_nothing(parser.here)
    return node


class _Parser:
    """A place among the tokens that moves on with everything understood."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._tokens = tokens
        self._index = 0

    @property
    def here(self) -> Token:
        """The token to be understood next."""
        return self._tokens[self._index]

    def _take(self) -> Token:
        token = self.here
        self._index += 1
        return token

    def either(self, context: Context) -> Node:
        """Alternatives, up to the end or a closing parenthesis."""
        start = self.here.offset
        nodes = [self._every(context)]
        while self.here.kind == "OR":
            self._take()
            nodes.append(self._every(context))
        return context.either(nodes, place=context.place(start))

    def _every(self, context: Context) -> Node:
        nodes: list[Node] = []
        start = self.here.offset
        while self.here.kind not in _CLOSERS:
            self._join(first=not nodes)
            nodes.append(self._unary(context))
        if not nodes:
            raise self._nothing_here()
        return context.every(nodes, place=context.place(start))

    def _join(self, *, first: bool) -> None:
        """Pass over an AND; refuse the habits of other languages, which would be words here."""
        token = self.here
        last = self._tokens[self._index + 1].kind in ("AND", *_CLOSERS)
        if token.kind == "AND":
            if first or last:
                raise _lacks_a_side(token)
            self._take()
        elif _is_habit(token) and not last and (token.text == "not" or not first):
            raise RuleError(
                f'"{token.text}" is a word here',
                hint=f'write {_OTHER_HABITS[token.text]}, or quote it: "{token.text}"',
                offset=token.offset,
            )

    def _nothing_here(self) -> RuleError:
        before = self._tokens[self._index - 1] if self._index else None
        if self.here.kind == "OR":
            return _lacks_a_side(self.here)
        if before is not None and before.kind == "OR":
            return _lacks_a_side(before)
        if before is None:
            return _closes_nothing(self.here)
        return RuleError("nothing between the parentheses", offset=before.offset)

    def _unary(self, context: Context) -> Node:
        if self.here.kind != "NOT":
            return self._term(context)
        token = self._take()
        if self.here.kind in ("AND", *_CLOSERS):
            raise RuleError("this negates nothing", hint='the word: "NOT"', offset=token.offset)
        child = self._unary(context.deeper(offset=token.offset))
        return negate(child, place=context.place(token.offset))

    def _term(self, context: Context) -> Node:
        if self.here.kind != "field":
            return self._value(context)
        token = self._take()
        if context.field:
            raise RuleError(
                f"{token.text}: stands inside {context.field}:",
                hint="one field at a time; to search for the text, quote it",
                offset=token.offset,
            )
        if self.here.kind == "NOT":
            raise RuleError(
                f"{token.text}: has no value", hint=f"-{token.text}:…", offset=token.offset
            )
        if self.here.kind in ("AND", "field", *_CLOSERS):
            raise RuleError(
                f"{token.text}: has no value", hint=f"{token.text}:word", offset=token.offset
            )
        return self._value(replace(context, field=token.text), start=token.offset)

    def _value(self, context: Context, *, start: int | None = None) -> Node:
        token = self._take()
        if token.kind == "(":
            return self._group(token, context)
        if token.kind == "rule":
            return _named(token, context)
        context.budget.take(token)
        place = context.place(token.offset if start is None else start)
        return leaf_of(token, field=context.field, place=place)

    def _group(self, opening: Token, context: Context) -> Node:
        node = self.either(context.deeper(offset=opening.offset))
        if self.here.kind != ")":
            raise RuleError("this parenthesis is never closed", offset=opening.offset)
        self._take()
        return node


def _is_habit(token: Token) -> bool:
    return token.kind == "word" and token.text in _OTHER_HABITS


def _named(token: Token, context: Context) -> Node:
    """What stands under a name at the top of feeds.yaml, as if it stood here in parentheses."""
    if context.field:
        raise RuleError(
            f"@{token.text} stands inside {context.field}:",
            hint="a named rule has its own fields; to search for the text, quote it",
            offset=token.offset,
        )
    try:
        node = context.named(token.text)
    except RuleError as error:
        error.offset = token.offset
        raise
    context.notes.names.append(token.text)
    context.budget.take_all(node)
    if context.depth + 1 + depth(node) > MAX_DEPTH:
        raise RuleError(
            f"the rule is nested too deeply with @{token.text} in it",
            hint=f"at most {MAX_DEPTH} levels",
            offset=token.offset,
        )
    return node


def _lacks_a_side(token: Token) -> RuleError:
    return RuleError(
        f"{token.kind} needs something on both sides",
        hint=f'the word itself: "{token.kind}"',
        offset=token.offset,
    )


def _closes_nothing(token: Token) -> RuleError:
    return RuleError("this parenthesis closes nothing", hint='quote it: ")"', offset=token.offset)
