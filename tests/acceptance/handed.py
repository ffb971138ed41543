"""What a published document hands to a reader: HTML to show and addresses to open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from xml.etree import ElementTree as ET

WEB = frozenset([None, "http", "https"])
_ACTING = frozenset("javascript vbscript livescript mocha data file about blob jar feed".split())
_NEVER = frozenset("script style iframe object embed form html svg math meta base".split())
_ADDRESSES = frozenset(
    "href src uri url icon logo link comments docs base feed_url home_page_url next_url "
    "external_url image banner_image avatar favicon xmlUrl htmlUrl".split()
)
_IDS = frozenset(["id", "guid"])
_HTML_OF_RSS = frozenset(["description", "encoded"])
# RSS says of no text whether it is HTML: some readers take all of them for it.
_TEXTS_OF_RSS = frozenset("title creator author category copyright source rights".split())


@dataclass(frozen=True, slots=True)
class Handed:
    """HTML that a reader will show, texts it may take for HTML, and addresses it will open."""

    html: frozenset[str]
    texts: frozenset[str]
    ids: frozenset[str]  # of any scheme that does nothing where a reader opens it
    addresses: frozenset[str]

    def dangers(self, oracle: ModuleType) -> dict[str, object]:
        """What could run or lead astray, with the reasons."""
        found: dict[str, object] = {}
        for text in sorted(self.html | self.texts):
            # Reading a text once more than meant may change it, as any reference would.
            harmless = {"mutates"} if text in self.texts else set()
            if reasons := set(oracle.danger(text)) - harmless:
                found[text] = reasons
        for address in sorted(self.addresses):
            if (scheme := oracle.scheme(address)) not in WEB:
                found[address] = scheme
        found |= {one: "id" for one in sorted(self.ids) if oracle.scheme(one) in _ACTING}
        return found


def handed(documents: Iterable[bytes]) -> Handed:
    """Read documents in XML and JSON. Raises when one is not well-formed."""
    found: dict[str, set[str]] = {kind: set() for kind in ("html", "text", "id", "address")}
    for body in documents:
        assert b"\0" not in body
        read = _of_json if body.startswith(b"{") else _of_xml
        for kind, value in read(body):
            found[kind].add(value)
    return Handed(
        html=frozenset(found["html"]),
        texts=frozenset(found["text"] - found["html"]),
        ids=frozenset(found["id"]),
        addresses=frozenset(found["address"]),
    )


def _of_xml(body: bytes) -> Iterator[tuple[str, str]]:
    root = ET.fromstring(body)
    for element in root.iter():
        name, text = element.tag.rpartition("}")[2], element.text or ""
        assert name not in _NEVER, name
        if name in _ADDRESSES or name in _IDS:
            yield "id" if name in _IDS else "address", text
        if element.get("type") == "html" or (root.tag == "rss" and name in _HTML_OF_RSS):
            yield "html", text
        elif root.tag == "rss" and name in _TEXTS_OF_RSS:
            yield "text", text
        for key, value in element.attrib.items():
            if key.rpartition("}")[2] in _ADDRESSES:
                yield "address", value


def _of_json(body: bytes) -> Iterator[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def keep(pairs: list[tuple[str, object]]) -> None:
        for key, value in pairs:
            if isinstance(value, str) and key == "content_html":
                found.append(("html", value))
            elif isinstance(value, str) and key in _IDS:
                found.append(("id", value))
            elif isinstance(value, str) and key in _ADDRESSES:
                found.append(("address", value))

    json.loads(body.decode("utf-8"), object_pairs_hook=keep, parse_constant=_no_json)
    return iter(found)


def _no_json(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
