"""Names as expat writes them -> names as feedparser knows them. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from feedparser.mixin import _FeedParserMixin

LONGEST_KEPT = 200  # characters of names that are kept beyond their document

# prefixes that mean something to feedparser or to us, whatever they stand for
_KNOWN_PREFIXES = frozenset(_FeedParserMixin.namespaces.values()) - {""} | {"atom"}
_KNOWN_NAMESPACES = {uri.lower(): name for uri, name in _FeedParserMixin.namespaces.items()}


def is_harmless(prefix: str | None, uri: str) -> bool:
    """May an entry declare this namespace without changing how feedparser reads other entries?

    feedparser remembers declarations beyond their scope, by prefix as well as by namespace.
    """
    if not prefix:
        return True
    known = _KNOWN_NAMESPACES.get(uri.lower())
    if known is None:
        return prefix.lower() not in _KNOWN_PREFIXES and "backend.userland.com" not in uri.lower()
    return prefix == (known or "atom")


def known_prefix(namespace: str) -> str:
    """What feedparser calls a namespace, "" for one it does not know and for those of feeds."""
    lowered = namespace.lower()
    return "" if "backend.userland.com/rss" in lowered else _KNOWN_NAMESPACES.get(lowered, "")


def split(tag: str) -> tuple[str, str]:
    """Prefix ("" for none) and name."""
    prefix, colon, name = tag.partition(":")
    return (prefix, name) if colon else ("", tag)


def parted(name: str) -> tuple[str, str]:
    """Namespace and local name of what expat writes as `namespace local prefix`."""
    parts = name.split()
    if len(parts) == 1:
        return "", name
    namespace, local = parts[:2] if len(parts) == 3 else parts
    return namespace, local


class AttributeNames(NamedTuple):
    """What feedparser calls the attributes of an element, in their order."""

    known: tuple[str, ...]
    otherwise: tuple[str, ...]  # as they were written; none where that is the same
    lowered: tuple[str, ...]  # those of them whose values do not tell cases apart


def attribute_names(names: tuple[str, ...]) -> AttributeNames:
    """What feedparser calls the attributes that expat calls so.

    Long names are not kept: a worker reads many documents, and a name may have megabytes.
    """
    is_short = sum(map(len, names)) <= LONGEST_KEPT
    return _kept_names(names) if is_short else _attribute_names(names)


def _attribute_names(names: tuple[str, ...]) -> AttributeNames:
    known = tuple(map(_known_name, names))
    written = tuple(map(_written_name, names))
    lowered = tuple(name for name in ("rel", "type") if name in (*known, *written))
    return AttributeNames(known, () if known == written else written, lowered)


def _known_name(name: str) -> str:
    namespace, local = parted(name)
    known = _KNOWN_NAMESPACES.get(namespace.lower(), "")
    return (f"{known}:{local}" if known else local).lower()


def _written_name(name: str) -> str:
    _, local = parted(name)
    parts = name.split()
    return (f"{parts[2]}:{local}" if len(parts) == 3 else local).lower()


_kept_names = lru_cache(maxsize=1024)(_attribute_names)
