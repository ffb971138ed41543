"""keep, drop, expect and rules: what they say becomes rules and examples, with their places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from aggregator.adapters.config.check import dotted
from aggregator.adapters.config.problems import Problems
from aggregator.adapters.config.reading import named as kind_of
from aggregator.adapters.config.spots import Spots
from aggregator.adapters.config.tree import (
    Items,
    Keys,
    Node,
    Path,
    find,
    is_nothing,
    plain,
    texts,
)
from aggregator.adapters.config.values import Wrong, did_you_mean, identifier, quoted
from aggregator.core import filter as language  # its parts are loaded when there is a rule
from aggregator.core.model import Place
from aggregator.core.settings import NamedRule, Rules

_KINDS = ("keep", "drop")
_NO_RULES = Rules()
_MOST_EXAMPLES = 1000


@dataclass(frozen=True, slots=True)
class RuleReader:
    """Reads the rules of one feeds.yaml; what is wrong with them is noted in `problems`."""

    problems: Problems
    spots: Spots
    named: dict[str, language.Rule] = field(default_factory=dict)

    def read_named(self, tree: Keys) -> tuple[NamedRule, ...]:
        """Read `rules:`, so that other rules can use them."""
        section = tree.pair("rules")
        if section is None or is_nothing(section[1]):
            return ()
        if not isinstance(section[1], Keys):
            what = f"expected keys, found {kind_of(plain(section[1]))}"
            self.problems.add(section[1].start, "rules", what, "write rules: {name: rule}")
            return ()
        nodes = {key.text: node for key, node in section[1].pairs if self._is_name(key)}
        definitions = {
            name: language.Definition(texts(without_examples(node)), self._places(node))
            for name, node in nodes.items()
        }
        rules, mistakes = language.compile_named(definitions)
        for name, error in mistakes:
            self._note(error, nodes[name], ("rules", name))
        self.named.update(rules)
        return tuple(
            NamedRule(name=name, rule=rules[name], examples=self._own_examples(name, node))
            for name, node in nodes.items()
        )

    def read(self, node: Node, path: Path) -> Rules:
        """Read `keep`, `drop` and `expect` of a source or output."""
        given = {kind: node for kind, node in _given(node) if kind in (*_KINDS, "expect")}
        if not given:
            return _NO_RULES
        return Rules(
            keep=self._rule(given.get("keep"), (*path, "keep")),
            drop=self._rule(given.get("drop"), (*path, "drop")),
            examples=tuple(self._examples(given.get("expect"), (*path, "expect"))),
        )

    def _is_name(self, key: Node) -> bool:
        assert not isinstance(key, Items | Keys)
        try:
            identifier(key.text.removeprefix("@"))
        except Wrong as error:
            self.problems.add(key.start, "rules", error.what, error.hint)
            return False
        if key.text.startswith("@"):
            what = f"the name is written without @ here: {quoted(key.text)}"
            self.problems.add(key.start, "rules", what, f"write {key.text[1:]}: …")
        return not key.text.startswith("@")

    def _rule(self, node: Node | None, path: Path) -> language.Rule | None:
        if node is None:
            return None
        try:
            return language.compile_rule(texts(node), places=self._places(node), named=self.named)
        except language.RuleError as error:
            self._note(error, node, path)
            return None

    def _places(self, node: Node) -> _Places:
        return _Places(node, self.problems, self.spots)

    def _note(self, error: language.RuleError, node: Node, path: Path) -> None:
        for mistake in error.all:
            start = self.spots.start(find(node, mistake.path), mistake.offset)
            where = dotted((*path, *mistake.path))
            self.problems.add(start, where, mistake.message, mistake.hint)

    def _own_examples(self, name: str, node: Node) -> tuple[language.Example, ...]:
        given = dict(_given(node))
        return tuple(self._examples(given.get("expect"), ("rules", name, "expect")))

    def _examples(self, node: Node | None, path: Path) -> Iterator[language.Example]:
        if node is None:
            return
        if not isinstance(node, Keys):
            what = f"expected keys, found {kind_of(plain(node))}"
            hint = "write expect: {keep: [a title], drop: [another]}"
            self.problems.add(node.start, dotted(path), what, hint)
            return
        for key, value in node.pairs:
            if key.text in _KINDS:
                yield from self._listed(value, (*path, key.text), kept=key.text == "keep")
            else:
                what = f"unknown key {quoted(key.text)}"
                hint = did_you_mean(key.text, _KINDS) or "known are keep, drop"
                self.problems.add(key.start, dotted((*path, key.text)), what, hint)

    def _listed(self, node: Node, path: Path, *, kept: bool) -> Iterator[language.Example]:
        if is_nothing(node):
            return
        if not isinstance(node, Items):
            yield from self._example(node, path, kept=kept)
            return
        if len(node.nodes) > _MOST_EXAMPLES:
            self.problems.add(node.start, dotted(path), f"more than {_MOST_EXAMPLES} examples")
            return
        for index, child in enumerate(node.nodes):
            yield from self._example(child, (*path, index), kept=kept)

    def _example(self, node: Node, path: Path, *, kept: bool) -> Iterator[language.Example]:
        place = self.problems.place(node.start)
        try:
            yield language.read_example(texts(node), kept=kept, place=place, where=dotted(path))
        except language.RuleError as error:
            self._note(error, node, path)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the parts of a rule stand. Picklable parts only are kept of what it returns."""

    node: Node
    problems: Problems
    spots: Spots

    def __call__(self, path: Path, offset: int | None = None, /) -> Place:
        return self.problems.place(self.spots.start(find(self.node, path), offset))


def without_examples(node: Node) -> Node:
    """A named rule as a rule: `expect` beside its keys is none of them."""
    if not isinstance(node, Keys) or node.pair("expect") is None:
        return node
    pairs = tuple(pair for pair in node.pairs if pair[0].text != "expect")
    return Keys(pairs, flow=node.flow, start=node.start, end=node.end)


def _given(node: Node) -> Iterator[tuple[str, Node]]:
    """The keys of a mapping that have a value."""
    if isinstance(node, Keys):
        for key, value in node.pairs:
            if not is_nothing(value):
                yield key.text, value
