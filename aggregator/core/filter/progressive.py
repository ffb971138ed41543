"""Spelling 1: a rule in YAML (string, list, mapping) becomes a tree. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Protocol

from aggregator.core.filter.fields import FIELDS, JOINERS
from aggregator.core.filter.leaf import Budget, TooLarge
from aggregator.core.filter.oneline import Context, Notes, parse_line
from aggregator.core.filter.problem import Path, RuleError, did_you_mean
from aggregator.core.filter.tree import Node, negate
from aggregator.core.model import Place


class Places(Protocol):
    """Where things stand: the YAML node at a path within the value, () for the value itself,
    and in a text the character at an offset."""

    def __call__(self, path: Path, offset: int | None = None, /) -> Place: ...


_MAX_MISTAKES = 50  # of one rule; more help nobody


class _Join(Protocol):
    def __call__(self, nodes: Iterable[Node], *, place: Place | None) -> Node: ...


class _Enough(Exception):
    """Reading on would help nobody."""


def read_yaml(
    value: object,
    *,
    places: Places | None,
    notes: Notes,
    named: Callable[[str], Node],
) -> Node:
    """The tree of a rule in either spelling; raises RuleError, whose `all` has every mistake."""
    reader = _Reader(places)
    try:
        node = reader.read(value, (), Context(budget=Budget(), notes=notes, named=named))
    except _Enough:
        node = None
    if node is None:
        first = reader.mistakes[0]
        first.all = tuple(reader.mistakes)
        raise first
    return node


class _Reader:
    """Walks through YAML values; a mistake is noted, and None stands for its node."""

    def __init__(self, places: Places | None) -> None:
        self._places = places
        self.mistakes: list[RuleError] = []

    def read(self, value: object, path: Path, context: Context) -> Node | None:
        """The tree of the value at `path`."""
        context = self._placed(context, path)
        try:
            if isinstance(value, list | tuple):
                return self._list(value, path, context, join=context.either)
            if isinstance(value, Mapping):
                return self._mapping(value, path, context)
            return parse_line(_text(value), context)
        except RuleError as error:
            self._note(error, path)
            return None

    def _placed(self, context: Context, path: Path) -> Context:
        return replace(context, at=partial(self._places, path) if self._places else None)

    def _note(self, error: RuleError, path: Path) -> None:
        error.path = path
        self.mistakes.append(error)
        if isinstance(error, TooLarge) or len(self.mistakes) == _MAX_MISTAKES:
            raise _Enough

    def _list(
        self, values: Iterable[object], path: Path, context: Context, *, join: _Join
    ) -> Node | None:
        deeper = context.deeper()
        nodes = [self.read(value, (*path, index), deeper) for index, value in enumerate(values)]
        if not nodes:
            raise RuleError("the list is empty", hint="leave the key out to have no rule")
        return _joined(nodes, join, context.place())

    def _mapping(
        self, mapping: Mapping[object, object], path: Path, context: Context
    ) -> Node | None:
        deeper = context.deeper()
        nodes = [self._key(key, value, path, deeper) for key, value in mapping.items()]
        if not nodes:
            raise RuleError("the mapping is empty", hint="leave the key out to have no rule")
        return _joined(nodes, context.every, context.place())

    def _key(self, key: object, value: object, path: Path, context: Context) -> Node | None:
        name = str(key)
        path = (*path, name)
        try:
            _check_key(name, value, context.field)
            if name == "all" and isinstance(value, list | tuple):
                return self._list(value, path, self._placed(context, path), join=context.every)
        except RuleError as error:
            self._note(error, path)
            return None
        if name == "not":
            node = self.read(value, path, context)
            return None if node is None else negate(node, place=self._placed(context, path).place())
        field = context.field if name in JOINERS else name
        return self.read(value, path, replace(context, field=field))


def _joined(nodes: list[Node | None], join: _Join, place: Place | None) -> Node | None:
    sound = [node for node in nodes if node is not None]
    return join(sound, place=place) if len(sound) == len(nodes) else None


def _check_key(name: str, value: object, field: str) -> None:
    if name == "any" and isinstance(value, Mapping):
        raise RuleError("any: takes a list", hint="any: [{title: …}, {author: …}]")
    if name in JOINERS:
        return
    if name not in FIELDS:
        raise RuleError(f'no field "{name}"', hint=did_you_mean(name, (*FIELDS, *JOINERS)))
    if field:
        raise RuleError(f"{name}: stands inside {field}:", hint="one field at a time")


def _text(value: object) -> str:
    """A YAML scalar as the text of a one-line rule."""
    if isinstance(value, str):
        return value
    if value is None:
        raise RuleError("the rule is empty", hint="leave the key out to have no rule")
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18:
        return str(value)  # a minus would negate
    raise RuleError(f"{value} is no text", hint=f'quote it: "{value}"')
