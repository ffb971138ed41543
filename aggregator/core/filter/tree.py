"""What a rule says: a small tree that both spellings become. Pure.

Two rules that say the same in the same order are equal; places never count. `either`,
`every` and `negate` keep trees flat, so that one meaning has one shape.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field as attribute

from aggregator.core.model import Place


@dataclass(frozen=True, slots=True)
class Words:
    """Whole words in this order, in a field; field "" is title, summary, content and tags."""

    field: str
    spelled: str  # as typed, white space made single
    place: Place | None = attribute(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression somewhere in a field."""

    field: str
    source: str  # as typed between the slashes, inner ones escaped
    flags: str  # of "imsx", sorted
    place: Place | None = attribute(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Exact:
    """A field that is one name: host, source, lang."""

    field: str
    spelled: str
    place: Place | None = attribute(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """An amount or a date against a literal."""

    field: str
    operator: str  # > >= < <= = !=
    spelled: str  # the literal: 300, 7d, 2025-06-01
    place: Place | None = attribute(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Has:
    """Is there an enclosure, an image, an author?"""

    what: str
    place: Place | None = attribute(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Every:
    """All of two or more."""

    children: tuple[Node, ...]
    place: Place | None = attribute(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Either:
    """Any of two or more, in the order written."""

    children: tuple[Node, ...]
    place: Place | None = attribute(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    child: Node
    place: Place | None = attribute(default=None, compare=False)


Leaf = Words | Pattern | Exact | Compare | Has
Node = Leaf | Every | Either | Not


def either(nodes: Iterable[Node], *, place: Place | None) -> Node:
    """Any of `nodes` (at least one): flat, without repeats, in order."""
    nodes = tuple(nodes)
    if len(nodes) == 1:
        return nodes[0]
    children: dict[Node, Node] = {}
    for node in nodes:
        for child in node.children if isinstance(node, Either) else (node,):
            children.setdefault(child, child)
    if len(children) == 1:
        return next(iter(children.values()))
    return Either(tuple(children.values()), place)


def every(nodes: Iterable[Node], *, place: Place | None) -> Node:
    """All of `nodes` (at least one): flat, without repeats, in order."""
    nodes = tuple(nodes)
    if len(nodes) == 1:
        return nodes[0]
    children: dict[Node, Node] = {}
    for node in nodes:
        for child in node.children if isinstance(node, Every) else (node,):
            children.setdefault(child, child)
    if len(children) == 1:
        return next(iter(children.values()))
    return Every(tuple(children.values()), place)


def negate(node: Node, *, place: Place | None) -> Node:
    """The opposite of `node`; twice is not at all."""
    if isinstance(node, Not):
        return node.child
    return Not(node, place)


def leaves(node: Node) -> tuple[Leaf, ...]:
    """Everything a rule looks at, from left to right."""
    if isinstance(node, Not):
        return leaves(node.child)
    if isinstance(node, Every | Either):
        return tuple(leaf for child in node.children for leaf in leaves(child))
    return (node,)


def repeated(nodes: Iterable[Node], kind: type[Either | Every]) -> tuple[tuple[Node, Node], ...]:
    """What `either` or `every` leave out, each with the node that says the same before it."""
    seen: dict[Node, Node] = {}
    found: list[tuple[Node, Node]] = []
    for node in nodes:
        for child in node.children if isinstance(node, kind) else (node,):
            first = seen.setdefault(child, child)
            if first is not child:
                found.append((child, first))
    return tuple(found)


def depth(node: Node) -> int:
    """How many levels of parentheses and negations the one-line text of a tree has."""
    if isinstance(node, Not):
        return 1 + isinstance(node.child, Every | Either) + depth(node.child)
    if isinstance(node, Every):
        return max(isinstance(child, Either) + depth(child) for child in node.children)
    if isinstance(node, Either):
        return max(depth(child) for child in node.children)
    return 0
