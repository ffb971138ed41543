"""Trees against shapes: what is wrong is noted at its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from aggregator.adapters.config.keys import Mistake, Shape, read_keys
from aggregator.adapters.config.problems import Problems, Span
from aggregator.adapters.config.reading import Surroundings, named
from aggregator.adapters.config.shape import (
    DedupeShape,
    DefaultsShape,
    LimitsShape,
    NetworkShape,
    OutputShape,
    RetentionShape,
    RootShape,
    ServerShape,
    SourceShape,
)
from aggregator.adapters.config.tree import (
    Items,
    Keys,
    Node,
    Path,
    Plain,
    Scalar,
    find,
    find_key,
    is_nothing,
    leaves,
    plain,
)

ALL_SHAPES: tuple[type[Shape], ...] = (
    RootShape,
    DefaultsShape,
    SourceShape,
    DedupeShape,
    OutputShape,
    LimitsShape,
    NetworkShape,
    RetentionShape,
    ServerShape,
)
_PUBLIC = frozenset(name for shape in ALL_SHAPES for name in shape.keys) | {"cron"}
_SECRET = frozenset({"password", "headers", "token"})
_RULES = frozenset({"keep", "drop", "expect", "rules"})
_TELLING = re.compile(r"(?im)(?:password|headers|authorization|token|secret|key|cookie)\b(.*)$")
_LINE = re.compile(r"(?m)^[\s-]*[\"']?([^\s:\"']+)[\"']?:(?=\s)(.*)$")
_LISTS = ("sources", "outputs")

ShapeT = TypeVar("ShapeT", bound=Shape)
ShapeT_co = TypeVar("ShapeT_co", bound=Shape, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Generic[ShapeT_co]):
    """One source or output: where it stands, and what is right about it.

    `shape` is None when not even a part of it could be used; `broken` names the keys that
    were left out of it because they are wrong.
    """

    path: Path
    node: Node
    shape: ShapeT_co | None
    broken: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """All of feeds.yaml, each part checked for itself."""

    tree: Keys
    root: RootShape
    sources: tuple[Item[SourceShape], ...]
    outputs: tuple[Item[OutputShape], ...]


def dotted(path: Path) -> str:
    """("outputs", 2, "sources") -> outputs[2].sources."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".")


def private_spans(tree: Node) -> list[Span]:
    """Where values stand that must not be shown: secrets, and those of keys nobody knows."""
    return [span for path, span in leaves(tree) if not _is_public(path)]


def guessed_private_spans(text: str) -> list[Span]:
    """The same for a text that is no YAML: rather too much than too little."""
    telling = [match.span(1) for match in _TELLING.finditer(text)]
    unknown = [match.span(2) for match in _LINE.finditer(text) if match[1] not in _PUBLIC]
    return telling + unknown


def check(tree: Keys, problems: Problems, around: Surroundings) -> Checked:
    """Check a whole tree; problems are noted, and what is right is returned."""
    listed = {name: _listed(tree, name, problems) for name in _LISTS}
    rest = Keys(
        tuple(pair for pair in tree.pairs if pair[0].text not in _LISTS),
        flow=tree.flow,
        start=tree.start,
        end=tree.end,
    )
    root, _ = _validated(RootShape, rest, (), problems, around)
    assert root is not None  # no key of it is required
    return Checked(
        tree=tree,
        root=root,
        sources=tuple(_items(SourceShape, "sources", listed["sources"], problems, around)),
        outputs=tuple(_items(OutputShape, "outputs", listed["outputs"], problems, around)),
    )


def _is_public(path: tuple[str, ...]) -> bool:
    for key in path:
        if key in _RULES:
            return True
        if key in _SECRET or key not in _PUBLIC:
            return False
    return True


def _listed(tree: Keys, name: str, problems: Problems) -> tuple[Node, ...]:
    pair = tree.pair(name)
    if pair is None or is_nothing(pair[1]):
        return ()
    if isinstance(pair[1], Items):
        return pair[1].nodes
    problems.add(pair[1].start, name, f"expected a list, found {named(plain(pair[1]))}")
    return ()


def _items(
    model: type[ShapeT],
    name: str,
    nodes: tuple[Node, ...],
    problems: Problems,
    around: Surroundings,
) -> Iterator[Item[ShapeT]]:
    for index, node in enumerate(nodes):
        path: Path = (name, index)
        if isinstance(node, Scalar):
            node = _spelled_out(node, model)  # noqa: PLW2901
        if isinstance(node, Keys):
            shape, broken = _validated(model, node, path, problems, around)
            yield Item(path=path, node=node, shape=shape, broken=broken)
            continue
        expected = "a URL or keys" if model is SourceShape else "keys"
        what = f"expected {expected}, found {named(plain(node))}"
        problems.add(node.start, dotted(path), what)


def _spelled_out(node: Scalar, model: type[Shape]) -> Node:
    """A plain URL is short for a source with that URL."""
    if model is not SourceShape or not isinstance(plain(node), str):
        return node
    key = Scalar("url", plain=True, start=node.start, end=node.start)
    return Keys(((key, node),), flow=True, start=node.start, end=node.end)


def _validated(
    model: type[ShapeT], node: Keys, path: Path, problems: Problems, around: Surroundings
) -> tuple[ShapeT | None, frozenset[str]]:
    """Check one mapping; what is wrong is left out of the shape."""
    values, mistakes = read_keys(model, _given(plain(node), model), around)
    for mistake in mistakes:
        _note(mistake, node, path, problems)
    broken = frozenset(str(mistake.path[0]) for mistake in mistakes)
    complete = all(name in values for name in model.required)
    return model(values) if complete else None, broken


def _given(data: Plain, model: type[Shape]) -> dict[str, Plain]:
    """A key without a value is a key left out."""
    assert isinstance(data, dict)
    if None not in data.values():
        return data
    known = model.keys
    return {key: value for key, value in data.items() if value is not None or key not in known}


def _note(mistake: Mistake, node: Keys, path: Path, problems: Problems) -> None:
    found = find_key(node, mistake.path) if mistake.at_key else find(node, mistake.path)
    where = dotted((*path, *mistake.path))
    problems.add(found.start, where, mistake.what, mistake.hint)
