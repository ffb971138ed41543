"""A tree as one line of text: the canonical spelling, which compiles to the same tree. Pure."""

from __future__ import annotations

import re

from aggregator.core.filter.tree import (
    Compare,
    Either,
    Every,
    Exact,
    Has,
    Node,
    Not,
    Pattern,
    Words,
)

# Anything else is safer, and clearer, in quotes.
_BARE = re.compile(r"[^\W_][^\s\"():/<>=!\\“”„«»|*]*")
_KEYWORDS = frozenset({"AND", "OR", "NOT", "or", "and", "not"})


def spell(node: Node) -> str:
    """The one-line text of a rule."""
    if isinstance(node, Either):
        return " OR ".join(spell(child) for child in node.children)
    if isinstance(node, Every):
        return " ".join(_enclosed(child, Either) for child in node.children)
    if isinstance(node, Not):
        return "-" + _enclosed(node.child, Either, Every)
    if isinstance(node, Compare):
        return f"{node.field}{node.operator}{node.spelled}"
    if isinstance(node, Has):
        return f"has:{node.what}"
    prefix = f"{node.field}:" if node.field else ""
    if isinstance(node, Pattern):
        return f"{prefix}/{node.source}/{node.flags}"
    return prefix + _quoted(node)


def _enclosed(node: Node, *kinds: type[Node]) -> str:
    return f"({spell(node)})" if isinstance(node, kinds) else spell(node)


def _quoted(node: Words | Exact) -> str:
    spelled = node.spelled
    if _BARE.fullmatch(spelled) and spelled not in _KEYWORDS:
        return spelled
    escaped = spelled.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
