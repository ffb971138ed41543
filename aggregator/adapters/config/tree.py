"""YAML text -> a small tree that knows where each value stands. The only importer of PyYAML.

Data only: tags are refused, keys are text and unique, depth and size are bounded. Plain
scalars are read by YAML 1.2's core schema, less its octal and hexadecimal numbers, so `NO`,
`on`, `1:30`, `010` and dates stay the text they look like. A value may begin with @ unquoted,
which YAML reserves and does not use: it is how rules are called by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import yaml

from aggregator.adapters.config.problems import Problems, Span

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # with libyaml 20 times as fast
_DEEPEST = 40
_MOST_NODES = 5_000_000  # aliases count as often as they are used
_TEXT_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FRACTION = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?")
_CONSTANTS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_TELLING = frozenset(["", *"+-.0123456789", *(word[:1] for word in _CONSTANTS)])
_ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Scalar(NamedTuple):
    """A leaf. `start` and `end` are offsets into the text, end exclusive.

    A tuple, because a file is made of little else.
    """

    text: str
    plain: bool  # unquoted: may mean a number, true, false or nothing
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list, in `[flow]` or block style."""

    nodes: tuple[Node, ...]
    flow: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Keys:
    """A mapping. Of repeated keys only the first is here."""

    pairs: tuple[tuple[Scalar, Node], ...]
    flow: bool
    start: int
    end: int

    def pair(self, name: str) -> tuple[Scalar, Node] | None:
        """The key of that name and its value."""
        for pair in self.pairs:
            if pair[0].text == name:
                return pair
        return None


Node = Scalar | Items | Keys
Path = tuple[str | int, ...]
Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]


def compose(text: str, problems: Problems) -> Keys:
    """Read the one document of a text; raises ConfigError when it is not a mapping."""
    illegal = _ILLEGAL.search(text)
    if illegal:
        what = f"holds the control character U+{ord(illegal[0]):04X}"
        problems.fail(illegal.start(), "", what, "delete it")
    stand_in = _stand_in(text)
    try:
        root = _Composer(text, problems, stand_in).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        offset = mark.index if mark else 0
        what = ": ".join(part for part in (error.context, error.problem) if part)
        what = what.replace(stand_in, "@")
        problems.fail(offset, "", f"not YAML: {what}", _advice(text, offset))
    except (yaml.YAMLError, ValueError) as error:  # ValueError: \U00110000 without libyaml
        problems.fail(0, "", f"not YAML: {str(error).splitlines()[0]}")
    if isinstance(root, Keys):
        return root
    if is_nothing(root):
        return Keys((), flow=False, start=len(text), end=len(text))
    return problems.fail(root.start, "", "expected keys, such as `sources:`", "see docs")


def _stand_in(text: str) -> str:
    """A character of the private use area that is not in the text, to stand for @."""
    return next((chr(code) for code in range(0xE000, 0xF900) if chr(code) not in text), "@")


def plain(node: Node) -> Plain:
    """The value of a node as plain data."""
    if isinstance(node, Scalar):
        return _value(node) if node.plain else node.text
    if isinstance(node, Items):
        return [plain(item) for item in node.nodes]
    return {key.text: plain(value) for key, value in node.pairs}


def is_nothing(node: Node) -> bool:
    """Is it a key's missing value, or null?"""
    return isinstance(node, Scalar) and plain(node) is None


def texts(node: Node) -> Plain:
    """Like `plain`, but numbers stay as they are spelled: for rules, where 1.20 is a word."""
    if isinstance(node, Scalar):
        return None if is_nothing(node) else node.text
    if isinstance(node, Items):
        return [texts(item) for item in node.nodes]
    return {key.text: texts(value) for key, value in node.pairs}


def find(node: Node, path: Path) -> Node:
    """The node at the end of a path, or the deepest one on the way that exists."""
    for step in path:
        child = _child(node, step)
        if child is None:
            return node
        node = child
    return node


def find_key(node: Node, path: Path) -> Node:
    """The key that ends a path, for mistakes in the key itself."""
    parent = find(node, path[:-1])
    pair = parent.pair(str(path[-1])) if isinstance(parent, Keys) else None
    return pair[0] if pair else parent


def last_leaf(node: Node) -> Node:
    """Where a node really ends: a block's own end mark swallows the comments after it."""
    while not isinstance(node, Scalar) and not node.flow:
        node = node.nodes[-1] if isinstance(node, Items) else node.pairs[-1][1]
    return node


def leaves(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Span]]:
    """Each leaf's keys on the way down, and its span."""
    if isinstance(node, Scalar):
        yield path, (node.start, node.end)
    elif isinstance(node, Items):
        for item in node.nodes:
            yield from leaves(item, path)
    else:
        for key, value in node.pairs:
            yield from leaves(value, (*path, key.text))


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(node, Items) and isinstance(step, int):
        return node.nodes[step] if step < len(node.nodes) else None
    if isinstance(node, Keys):
        pair = node.pair(str(step))
        return pair[1] if pair else None
    return None


def _value(scalar: Scalar) -> str | int | float | bool | None:
    text = scalar.text
    if text[:1] not in _TELLING:  # nearly always: this is asked of every scalar of the file
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _NUMBER.fullmatch(text):
        return int(text)
    if _FRACTION.fullmatch(text):
        return float(text)
    return text


def _advice(text: str, offset: int) -> str:
    """What usually is wrong at such a place."""
    start = text.rfind("\n", 0, offset) + 1
    before = text[start:offset]
    if text[offset : offset + 1] == "\t" or "\t" in before[: len(before) - len(before.lstrip())]:
        return "indent with spaces, not tabs"
    if text[offset : offset + 1] in {"`", "%"}:
        return f"put the value in quotes: it starts with {text[offset]}"
    if text[offset : offset + 1] == ":":
        return "put a value that holds `: ` in quotes"
    return "look at the quotes, brackets and indentation here and above"


def _moved(node: Node, start: int, end: int) -> Node:
    """A node as an alias shows it: it stands where the alias stands, and ends there."""
    if isinstance(node, Scalar):
        return node._replace(start=start, end=end)
    return replace(node, flow=True, start=start, end=end)


def _start(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark else 0


def _end(event: yaml.Event) -> int:
    return event.end_mark.index if event.end_mark else 0


@dataclass(slots=True)
class _Anchor:
    node: Node
    size: int


class _Composer:
    """Builds the tree from parser events; PyYAML's own composer bounds nothing."""

    def __init__(self, text: str, problems: Problems, stand_in: str) -> None:
        self._loader = _LOADER(text.replace("@", stand_in))
        self._next: Callable[[], yaml.Event] = self._loader.get_event
        self._stand_in = stand_in
        self._problems = problems
        self._anchors: dict[str, _Anchor | None] = {}
        self._count = 0

    def document(self) -> Node:
        try:
            return self._document()
        finally:
            self._loader.dispose()

    def _document(self) -> Node:
        self._next()  # the start of the stream
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return Scalar("", plain=True, start=0, end=0)
        root = self._node(self._next(), depth=0)
        self._next()  # the end of the document
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            self._problems.fail(_start(event), "", "a second document starts here")
        return root

    def _node(self, event: yaml.Event, *, depth: int) -> Node:
        start = _start(event)
        if depth > _DEEPEST:
            self._problems.fail(start, "", f"nested more than {_DEEPEST} deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._count
        self._grow(1, start)
        if isinstance(event, yaml.ScalarEvent) and event.anchor is None and event.tag is None:
            return self._scalar(event, start)  # nearly always
        anchor: str | None = event.anchor  # type: ignore[attr-defined]
        if anchor:
            self._anchors[anchor] = None
        self._check_tag(event)
        node = self._built(event, depth)
        if anchor:
            self._anchors[anchor] = _Anchor(node, self._count - before)
        return node

    def _built(self, event: yaml.Event, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, _start(event))
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(event, depth)
        assert isinstance(event, yaml.MappingStartEvent)
        return self._keys(event, depth)

    def _scalar(self, event: yaml.ScalarEvent, start: int) -> Scalar:
        untagged = event.implicit[0] and not event.style
        return Scalar(event.value.replace(self._stand_in, "@"), untagged, start, _end(event))

    def _items(self, start: yaml.SequenceStartEvent, depth: int) -> Items:
        nodes: list[Node] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            nodes.append(self._node(event, depth=depth + 1))
        flow = bool(start.flow_style)
        return Items(tuple(nodes), flow, _start(start), _end(event))

    def _keys(self, start: yaml.MappingStartEvent, depth: int) -> Keys:
        pairs: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._node(event, depth=depth + 1)
            value = self._node(self._next(), depth=depth + 1)
            self._add_pair(pairs, key, value)
        flow = bool(start.flow_style)
        return Keys(tuple(pairs.values()), flow, _start(start), _end(event))

    def _add_pair(self, pairs: dict[str, tuple[Scalar, Node]], key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            self._problems.add(key.start, "", "a key must be text, not a list or mapping")
        elif key.text == "<<" and key.plain:
            hint = "what sources share goes under `defaults:`"
            self._problems.add(key.start, "<<", "merge keys are not part of YAML 1.2", hint)
        elif key.text in pairs:
            first = self._problems.place(pairs[key.text][0].start)
            self._problems.conceal((value.start, value.end))
            what = f'the key "{key.text}" stands here twice'
            self._problems.add(key.start, key.text, what, f"first in line {first.line}")
        else:
            pairs[key.text] = (key, value)

    def _alias(self, event: yaml.AliasEvent) -> Node:
        start = _start(event)
        if event.anchor not in self._anchors:
            self._problems.fail(start, "", f"no anchor &{event.anchor} stands above")
        anchor = self._anchors[event.anchor]
        if anchor is None:
            self._problems.fail(start, "", f"&{event.anchor} contains itself")
        self._grow(anchor.size, start)
        return _moved(anchor.node, start, _end(event))

    def _grow(self, size: int, start: int) -> None:
        self._count += size
        if self._count > _MOST_NODES:
            what = f"more than {_MOST_NODES:,} values, aliases counted as often as used"
            self._problems.fail(start, "", what)

    def _check_tag(self, event: yaml.Event) -> None:
        tag: str | None = event.tag  # type: ignore[attr-defined]
        if tag is not None and tag not in _TEXT_TAGS:
            shown = tag.replace("tag:yaml.org,2002:", "!!").replace(self._stand_in, "@")
            hint = "only plain data is read; delete the tag"
            self._problems.add(_start(event), "", f"the tag {shown} is not allowed", hint)
