"""Spelling 2: a rule in one line of text becomes a tree. Pure.

    either  =  every { "OR" every }
    every   =  unary { [ "AND" ] unary }
    unary   =  ( "NOT" | "-" ) unary  |  "(" either ")"  |  FIELD ":" value  |  value
    value   =  word  |  '"' phrase '"'  |  "/" regex "/" flags  |  op literal  |  "(" either ")"

Inside FIELD:( ... ) every value belongs to that field.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from aggregator.core.filter.bounds import MAX_DEPTH, MAX_TEXT
from aggregator.core.filter.leaf import Budget, leaf_of
from aggregator.core.filter.lexer import Token, tokens_of
from aggregator.core.filter.problem import RuleError
from aggregator.core.filter.tree import Node, either, every, negate
from aggregator.core.model import Place

_CLOSERS = ("OR", ")", "end")
_OTHER_HABITS = {"|": "OR", "||": "OR", "or": "OR", "&": "AND", "&&": "AND"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What surrounds a piece of a rule."""

    budget: Budget
    field: str = ""  # the field that all values belong to
    place: Place | None = None
    depth: int = 0

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
        nodes = [self._every(context)]
        while self.here.kind == "OR":
            self._take()
            nodes.append(self._every(context))
        return either(nodes, place=context.place)

    def _every(self, context: Context) -> Node:
        nodes: list[Node] = []
        while self.here.kind not in _CLOSERS:
            self._join(first=not nodes)
            nodes.append(self._unary(context))
        if not nodes:
            raise self._nothing_here()
        return every(nodes, place=context.place)

    def _join(self, *, first: bool) -> None:
        """Pass over an AND; refuse the habits of other languages, which would be words here."""
        token = self.here
        last = self._tokens[self._index + 1].kind in ("AND", *_CLOSERS)
        if token.kind == "AND":
            if first or last:
                raise _lacks_a_side(token)
            self._take()
        elif token.kind == "word" and token.text in _OTHER_HABITS and not (first or last):
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
        return negate(self._unary(context.deeper(offset=token.offset)), place=context.place)

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
        return self._value(replace(context, field=token.text))

    def _value(self, context: Context) -> Node:
        token = self._take()
        if token.kind == "(":
            return self._group(token, context)
        context.budget.take(token)
        return leaf_of(token, field=context.field, place=context.place)

    def _group(self, opening: Token, context: Context) -> Node:
        node = self.either(context.deeper(offset=opening.offset))
        if self.here.kind != ")":
            raise RuleError("this parenthesis is never closed", offset=opening.offset)
        self._take()
        return node


def _lacks_a_side(token: Token) -> RuleError:
    return RuleError(
        f"{token.kind} needs something on both sides",
        hint=f'the word itself: "{token.kind}"',
        offset=token.offset,
    )


def _closes_nothing(token: Token) -> RuleError:
    return RuleError("this parenthesis closes nothing", hint='quote it: ")"', offset=token.offset)
