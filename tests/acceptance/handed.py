"""What a published document hands to a reader: HTML to show and addresses to open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from xml.etree import ElementTree as ET

SCHEMES = frozenset([None, "http", "https", "urn", "tag"])
_NEVER = frozenset("script style iframe object embed form html svg math meta base".split())
_ADDRESSES = frozenset(
    "href src uri url icon logo link comments docs guid id base feed_url home_page_url next_url "
    "external_url image banner_image avatar favicon xmlUrl htmlUrl".split()
)
# RSS says of no text whether it is HTML: some readers take all of them for it.
_TEXTS_OF_RSS = frozenset(
    "title description encoded creator author category copyright source".split()
)


@dataclass(frozen=True, slots=True)
class Handed:
    """HTML that a reader will show, and addresses it will open."""

    html: frozenset[str]
    addresses: frozenset[str]

    def dangers(self, oracle: ModuleType) -> dict[str, object]:
        """What could run or lead astray, with the reasons."""
        found: dict[str, object] = {
            text: reasons for text in sorted(self.html) if (reasons := oracle.danger(text))
        }
        for address in sorted(self.addresses):
            if (scheme := oracle.scheme(address)) not in SCHEMES:
                found[address] = scheme
        return found


def handed(documents: Iterable[bytes]) -> Handed:
    """Read documents in XML and JSON. Raises when one is not well-formed."""
    html: set[str] = set()
    addresses: set[str] = set()
    for body in documents:
        assert b"\0" not in body
        read = _of_json if body.startswith(b"{") else _of_xml
        for is_html, value in read(body):
            (html if is_html else addresses).add(value)
    return Handed(frozenset(html), frozenset(addresses))


def _of_xml(body: bytes) -> Iterator[tuple[bool, str]]:
    root = ET.fromstring(body)
    for element in root.iter():
        name, text = element.tag.rpartition("}")[2], element.text or ""
        assert name not in _NEVER, name
        if name in _ADDRESSES:
            yield False, text
        if element.get("type") == "html" or (root.tag == "rss" and name in _TEXTS_OF_RSS):
            yield True, text
        for key, value in element.attrib.items():
            if key.rpartition("}")[2] in _ADDRESSES:
                yield False, value


def _of_json(body: bytes) -> Iterator[tuple[bool, str]]:
    found: list[tuple[bool, str]] = []

    def keep(pairs: list[tuple[str, object]]) -> None:
        for key, value in pairs:
            if isinstance(value, str) and key == "content_html":
                found.append((True, value))
            elif isinstance(value, str) and key in _ADDRESSES:
                found.append((False, value))

    json.loads(body.decode("utf-8"), object_pairs_hook=keep, parse_constant=_no_json)
    return iter(found)


def _no_json(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
