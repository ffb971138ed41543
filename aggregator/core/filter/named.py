"""Rules that have a name, and use each other by it: compiled in the order they need. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aggregator.core.filter.bounds import MAX_DEPTH
from aggregator.core.filter.lexer import tokens_of
from aggregator.core.filter.oneline import Notes
from aggregator.core.filter.problem import RuleError
from aggregator.core.filter.progressive import Places, read_yaml
from aggregator.core.filter.rule import Rule, rule_of, unknown_name
from aggregator.core.filter.tree import Node, Words

# Stands for a rule that has mistakes of its own, so that each is told once, where it is.
_BROKEN = Words("", "broken")


@dataclass(frozen=True, slots=True)
class Definition:
    """A rule in either spelling, as it stands under its name, and where its parts stand."""

    value: object
    places: Places | None = None


def compile_named(
    definitions: Mapping[str, Definition],
) -> tuple[dict[str, Rule], tuple[tuple[str, RuleError], ...]]:
    """Compile rules that may use each other: in the order given, and (name, mistake) pairs.

    Each RuleError holds every mistake of its rule. A rule with mistakes, and one that needs
    itself, is a rule all the same, which says nothing of use, so that others can be read.
    """
    library = _Library(definitions)
    for name in definitions:
        library.visit(name)
    return {name: library.rules[name] for name in definitions}, tuple(library.mistakes)


class _Library:
    """Compiles each rule after those that it uses. No recursion: chains may be long."""

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self._definitions = definitions
        self._path: list[str] = []  # who is waiting for whom
        self.rules: dict[str, Rule] = {}
        self.mistakes: list[tuple[str, RuleError]] = []

    def visit(self, name: str) -> None:
        """Compile a rule and all that it needs, unless that is done."""
        waiting = [(name, self._needs(name))]
        self._path = [name]
        while waiting:
            name, needs = waiting[-1]
            needed = next(needs, None)
            if needed is None:
                self._compile(name)
                waiting.pop()
                self._path.pop()
            elif needed not in self._path:
                waiting.append((needed, self._needs(needed)))
                self._path.append(needed)

    def _needs(self, name: str) -> Iterator[str]:
        """The rules that a rule uses, as far as they are not compiled when it is their turn."""
        for used in dict.fromkeys(_used(self._definitions[name].value)):
            if used in self._definitions and used not in self.rules:
                yield used

    def _compile(self, name: str) -> None:
        if name in self.rules:
            return
        places = self._definitions[name].places
        place = places(()) if places else None
        notes = Notes()
        try:
            node = read_yaml(
                self._definitions[name].value, places=places, notes=notes, named=self._lookup
            )
            self.rules[name] = rule_of(node, notes=notes, place=place)
        except RuleError as error:
            self.mistakes.append((name, error))
            self.rules[name] = rule_of(_BROKEN, notes=notes, place=place)

    def _lookup(self, name: str) -> Node:
        if name in self.rules:
            return self.rules[name].tree
        if name not in self._path:
            raise unknown_name(name, tuple(self._definitions))
        circle = [*self._path[self._path.index(name) :], name]
        way = " → ".join(f"@{step}" for step in circle)
        raise RuleError(f"@{name} needs itself", hint=way)


def _used(value: object, depth: int = 0) -> Iterator[str]:
    """The names that occur in a rule. What cannot be read is told when it is compiled."""
    if isinstance(value, str) and "@" in value:
        try:
            yield from (token.text for token in tokens_of(value) if token.kind == "rule")
        except RuleError:
            return
    elif isinstance(value, Mapping) and depth < MAX_DEPTH:
        for child in value.values():
            yield from _used(child, depth + 1)
    elif isinstance(value, list | tuple) and depth < MAX_DEPTH:
        for child in value:
            yield from _used(child, depth + 1)
