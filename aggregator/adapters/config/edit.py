"""Adding and removing sources in the text of a feeds.yaml, byte for byte the same elsewhere.

Every edit is read again and compared with what was meant; if they differ, nothing is edited.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from aggregator.adapters.config.build import source_ids
from aggregator.adapters.config.load import parse
from aggregator.adapters.config.names import default_ids
from aggregator.adapters.config.problems import Problems
from aggregator.adapters.config.tree import (
    Items,
    Keys,
    Node,
    Plain,
    Scalar,
    is_nothing,
    last_leaf,
    plain,
)
from aggregator.adapters.config.values import (
    Wrong,
    address,
    did_you_mean,
    expand,
    identifier,
    quoted,
)
from aggregator.core.errors import ConfigError

_PLAIN_TEXT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._/?&=%+~@;()'-]|:(?! |$))*(?<! )")
_BY_HAND = "edit the file by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSource:
    """A source to be added: what stands in its keys; empty ones are left out."""

    url: str = ""
    path: str = ""
    id: str = ""
    title: str = ""
    tags: tuple[str, ...] = ()


def add_source(
    text: str,
    *,
    url: str,
    source_id: str | None = None,
    title: str = "",
    tags: tuple[str, ...] = (),
    file: str = "feeds.yaml",
) -> str:
    """Add one source at the end of `sources:`; one that is there already is an error.

    Otherwise as add_sources.
    """
    source = NewSource(url=url, id=source_id or "", title=title, tags=tags)
    _, body = _without_mark(text)
    problems = Problems(file, body)
    for node in _source_nodes(parse(body, problems)):
        if _location(node) == _location_of(source):
            problems.add(node.start, "sources", f"{quoted(url)} is in the file already")
    problems.raise_if_any()
    return add_sources(text, (source,), file=file)


def add_sources(text: str, sources: Sequence[NewSource], *, file: str = "feeds.yaml") -> str:
    """Add sources at the end of `sources:`, but for those that are there already.

    The text must have its own line ends (read with newline=""). A new source gets an `id:`
    where the ids made for others would change otherwise. Raises ConfigError when a URL or an
    id is wrong, when the text is not YAML, or is written in a way that cannot be edited safely.
    """
    mark, body = _without_mark(text)
    problems = Problems(file, body)
    tree = parse(body, problems)
    sources = _unknown(tree, sources)
    if not sources:
        return text
    _check_new(sources, tree, problems)
    edited = _added(body, tree, sources, problems)
    nodes = _source_nodes(parse(edited, Problems(file, edited)))
    before = _ids(_source_nodes(tree), {})
    if _ids(nodes, {})[: len(before)] != before:
        edited = _added(body, tree, _with_ids(sources, before), problems)
    return mark + edited


def remove_source(
    text: str, name: str, *, environ: Mapping[str, str] | None = None, file: str = "feeds.yaml"
) -> str:
    """Remove the source with this id, URL or path.

    `environ` fills `${VAR}` in URLs that ids are made from. Raises ConfigError when there is
    no such source, or when the file is written in a way that cannot be edited safely.
    """
    mark, body = _without_mark(text)
    problems = Problems(file, body)
    tree = parse(body, problems)
    nodes = _source_nodes(tree)
    index = _index_of(name, nodes, environ or {}, problems)
    edited = _removed(body, tree, index, problems)
    expected = _data(tree)
    expected["sources"] = [*_listed(expected)[:index], *_listed(expected)[index + 1 :]]
    _compare(edited, expected, problems, nodes[index].start)
    return mark + edited


# --- adding


def _added(text: str, tree: Keys, sources: Sequence[NewSource], problems: Problems) -> str:
    edited = _Insertion(text, tree, problems).text([_keys(source) for source in sources])
    expected = _data(tree)
    expected["sources"] = [*_listed(expected), *(_plain_keys(source) for source in sources)]
    _compare(edited, expected, problems, _sources_start(tree))
    return edited


class _Insertion:
    """The ways in which `sources:` may be written, and where a new item goes in each."""

    def __init__(self, text: str, tree: Keys, problems: Problems) -> None:
        self._text = text
        self._tree = tree
        self._problems = problems
        self._newline = "\r\n" if "\r\n" in text else "\n"

    def text(self, items: Sequence[Sequence[tuple[str, str]]]) -> str:
        pair = self._tree.pair("sources")
        if pair is None:
            return self._at_end(items)
        key, value = pair
        if is_nothing(value):
            return self._below_key(key, value, items)
        if not isinstance(value, Items):
            self._problems.fail(value.start, "sources", "expected a list", _BY_HAND)
        if not value.nodes:
            return self._below_key(key, value, items)
        if value.flow:
            what = "sources stand in [brackets], which cannot be edited safely"
            self._problems.fail(value.start, "sources", what, "put each on a line with a dash")
        return self._after_last(value, items)

    def _at_end(self, items: Sequence[Sequence[tuple[str, str]]]) -> str:
        start = self._text
        if start and not start.endswith(("\n", "\r")):
            start += self._newline
        return start + "sources:" + self._newline + self._lines(items, "  ")

    def _below_key(
        self, key: Scalar, value: Node, items: Sequence[Sequence[tuple[str, str]]]
    ) -> str:
        """`sources:` without a value, or with `[]`, which goes."""
        colon = self._text.index(":", key.end) + 1
        between, after = self._text[colon : value.start], self._text[value.end :]
        before = self._text[:colon] + (between.rstrip(" ") if between.strip() == "" else between)
        rest, newline, below = _split_line(after)
        indent = " " * (self._problems.place(key.start).column + 1)
        added = self._lines(items, indent)
        return before + rest + (newline or self._newline) + added + below

    def _after_last(self, value: Items, items: Sequence[Sequence[tuple[str, str]]]) -> str:
        column = self._problems.place(value.start).column - 1
        end = _end_of(value.nodes[-1], self._text, column)
        head, tail = self._text[:end], self._text[end:]
        if not head.endswith(("\n", "\r")):
            head += self._newline
        indent = self._text[value.start - column : value.start]
        return head + self._lines(items, indent) + tail

    def _lines(self, items: Sequence[Sequence[tuple[str, str]]], indent: str) -> str:
        lines = [
            f"{indent}{'  ' if number else '- '}{key}: {value}"
            for item in items
            for number, (key, value) in enumerate(item)
        ]
        return "".join(line + self._newline for line in lines)


def _keys(source: NewSource) -> list[tuple[str, str]]:
    """The lines of a new source: keys and their values as YAML."""
    keys = [("id", source.id), ("url", source.url), ("path", source.path), ("title", source.title)]
    written = [(key, _spelled(value)) for key, value in keys if value]
    if source.tags:
        written.append(("tags", f"[{', '.join(_spelled(tag) for tag in source.tags)}]"))
    return written


def _plain_keys(source: NewSource) -> dict[str, Plain]:
    keys = {"id": source.id, "url": source.url, "path": source.path, "title": source.title}
    data: dict[str, Plain] = {key: value for key, value in keys.items() if value}
    return {**data, "tags": list(source.tags)} if source.tags else data


def _spelled(value: str) -> str:
    """A text as a YAML scalar, in quotes only where they are needed."""
    scalar = Scalar(value, plain=True, start=0, end=0)
    if _PLAIN_TEXT.fullmatch(value) and plain(scalar) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _check_new(sources: Sequence[NewSource], tree: Keys, problems: Problems) -> None:
    for source in sources:
        try:
            if source.url and "${" not in source.url:
                address(source.url)
            if source.id:
                identifier(source.id)
        except Wrong as error:
            problems.add(_sources_start(tree), "sources", error.what, error.hint)
    problems.raise_if_any()


def _unknown(tree: Keys, sources: Sequence[NewSource]) -> tuple[NewSource, ...]:
    known = {_location(node) for node in _source_nodes(tree)}
    new = {_location_of(source): source for source in reversed(sources)}
    return tuple(source for place, source in reversed(new.items()) if place not in known)


def _with_ids(sources: Sequence[NewSource], taken: Sequence[str]) -> tuple[NewSource, ...]:
    unnamed = [_location_of(source) for source in sources if not source.id]
    made = iter(default_ids(unnamed, {*taken, *(source.id for source in sources)}))
    return tuple(source if source.id else replace(source, id=next(made)) for source in sources)


# --- removing


def _index_of(
    name: str, nodes: Sequence[Node], environ: Mapping[str, str], problems: Problems
) -> int:
    ids = _ids(nodes, environ)
    for names in (ids, tuple(_location(node) for node in nodes)):
        if name in names:
            return names.index(name)
    hint = did_you_mean(name, ids) or f"there are {', '.join(ids[:20])}" if ids else ""
    return problems.fail(0, "sources", f"no source {quoted(name)}", hint)


def _ids(nodes: Sequence[Node], environ: Mapping[str, str]) -> tuple[str, ...]:
    return source_ids(nodes, [_expanded(_location(node), environ) for node in nodes])


def _expanded(location: str, environ: Mapping[str, str]) -> str:
    try:
        return address(expand(location, environ)).url
    except Wrong:
        return location


def _removed(text: str, tree: Keys, index: int, problems: Problems) -> str:
    pair = tree.pair("sources")
    assert pair is not None
    key, value = pair
    assert isinstance(value, Items)
    node = value.nodes[index]
    if value.flow:
        what = "sources stand in [brackets], which cannot be edited safely"
        problems.fail(value.start, "sources", what, _BY_HAND)
    column = problems.place(value.start).column - 1
    dash = len(text[: node.start].rstrip()) - 1
    if text[dash : dash + 1] != "-" or problems.place(dash).column - 1 != column:
        problems.fail(node.start, "sources", "comments or anchors stand in the way", _BY_HAND)
    end = _end_of(node, text, column)
    head, tail = text[: dash - column], text[end:]
    if len(value.nodes) > 1:
        return head + tail
    colon = text.index(":", key.end) + 1
    return head[:colon] + " []" + head[colon:] + tail


# --- both


def _end_of(node: Node, text: str, column: int) -> int:
    """The end of the lines of a block item: its comments go with it."""
    end = last_leaf(node).end
    if text[end - 1 : end] not in {"\n", "\r"}:
        rest, newline, _ = _split_line(text[end:])
        end += len(rest) + len(newline)
    while True:
        rest, newline, _ = _split_line(text[end:])
        indent = len(rest) - len(rest.lstrip(" "))
        if indent <= column or not rest.lstrip(" ").startswith("#"):
            return end
        end += len(rest) + len(newline)


def _split_line(text: str) -> tuple[str, str, str]:
    """The first line, its end, and the rest."""
    match = re.search("\r\n|\n|\r", text)
    if match is None:
        return text, "", ""
    return text[: match.start()], match[0], text[match.end() :]


def _without_mark(text: str) -> tuple[str, str]:
    return ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)


def _data(tree: Keys) -> dict[str, Plain]:
    return {key.text: plain(value) for key, value in tree.pairs}


def _listed(data: Mapping[str, Plain]) -> list[Plain]:
    sources = data.get("sources")
    return sources if isinstance(sources, list) else []


def _source_nodes(tree: Keys) -> tuple[Node, ...]:
    pair = tree.pair("sources")
    return pair[1].nodes if pair and isinstance(pair[1], Items) else ()


def _sources_start(tree: Keys) -> int:
    pair = tree.pair("sources")
    return pair[0].start if pair else 0


def _location(node: Node) -> str:
    if isinstance(node, Scalar):
        return _without_fragment(node.text)
    if not isinstance(node, Keys):
        return ""
    values = [
        pair[1].text
        for key in ("url", "path")
        if (pair := node.pair(key)) and isinstance(pair[1], Scalar)
    ]
    return _without_fragment(values[0]) if values else ""


def _location_of(source: NewSource) -> str:
    return _without_fragment(source.url) or source.path


def _without_fragment(url: str) -> str:
    return url.partition("#")[0] if "://" in url else url


def _compare(edited: str, expected: dict[str, Plain], problems: Problems, start: int) -> None:
    """Refuse an edit that does not read as it was meant."""
    try:
        found = _data(parse(edited, Problems(problems.file, edited)))
    except ConfigError:
        _refuse(problems, start)
    if found != expected:
        _refuse(problems, start)


def _refuse(problems: Problems, start: int) -> NoReturn:
    what = "this file is written in a way that cannot be edited safely"
    problems.fail(start, "sources", what, _BY_HAND)
