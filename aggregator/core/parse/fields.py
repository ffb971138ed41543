"""One field of an entry or a feed, made safe. Pure.

Limits are in characters, and generous: they stop floods, they do not shape content.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from aggregator.core.clean import (
    HtmlCleaner,
    absolute_url,
    guessed_text,
    one_line,
    paragraphs,
    plain_text,
    xml_legal,
)
from aggregator.core.model import Enclosure, Person
from aggregator.core.parse.raw import Raw, text
from aggregator.core.trackers import Cleaning, without_tracking

MAX_TITLE = 1000
MAX_NAME = 200
MAX_BYLINE = 1000
MAX_CATEGORY = 100
MAX_CATEGORIES = 64
MAX_ENCLOSURES = 64
MAX_PEOPLE = 16

_EMAIL = re.compile(r"[^\s@<>()\"',;:]{1,64}@[\w.-]{1,190}")
_BYLINE_EDGES = " \t\r\n()<>[],;:"
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:[^\s<>\"{}|\\^`]{1,2000}")
_SCRIPT_IRI = re.compile(r"(?:javascript|vbscript|data|file|about|blob):", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]{0,15}[\s/>]")
_PLAIN_TYPES = frozenset(["text/plain", ""])
_HTML_TYPES = frozenset(["text/html", "application/xhtml+xml"])


@dataclass(frozen=True, slots=True)
class Page:
    """Where a document came from: what its relative addresses mean.

    `base` is the URL it was fetched from ("" for a local file), `site` its own alternate link.
    """

    base: str
    site: str = ""
    atom: bool = False  # types are declared, so nothing is guessed
    cleaning: Cleaning = Cleaning()

    def absolute(self, href: str) -> str:
        """RFC 3986 §5.1: the base, then the site of the feed."""
        return absolute_url(href, self.base or self.site)

    def html(self, markup: str, base: str = "") -> str:
        """Markup found at `base`, sanitised."""
        return HtmlCleaner(base or self.base or self.site, self.cleaning).clean(markup)

    def followed(self, link: str) -> str:
        """An absolute link as readers follow it. Ids are made of the link as it was written."""
        return without_tracking(link) if self.cleaning.tracking_parameters else link


def line(raw: Raw, key: str, limit: int, *, atom: bool) -> str:
    """A text construct (RFC 4287 §3.1) as one line of plain text."""
    detail = dict.get(raw, f"{key}_detail")
    if not isinstance(detail, dict):
        return guessed_text(text(raw, key), limit)
    value = text(detail, "value") or text(raw, key)
    kind = text(detail, "type")
    if kind == "application/xhtml+xml" or (atom and kind == "text/html"):
        return plain_text(value, limit)
    if atom:
        return one_line(value, limit)
    return guessed_text(value, limit, undecoded=bool(dict.get(detail, "cdata")))


def html(detail: Raw, *, page: Page) -> str:
    """A text construct or content element as sanitised HTML; "" for media and archives."""
    kind, value = text(detail, "type").lower(), text(detail, "value")
    if not value.strip():
        return ""
    base = text(detail, "base")
    if kind in _HTML_TYPES:
        return page.html(value, base)
    if kind in _PLAIN_TYPES or kind.startswith("text/"):
        return page.html(paragraphs(xml_legal(value)), base)
    return ""


def guessed_html(value: str, *, page: Page) -> str:
    """Text that may be markup, as sanitised HTML."""
    return page.html(value if _TAG.search(value) else paragraphs(xml_legal(value)))


def person(raw: Raw, *, page: Page) -> Person | None:
    """An author; None when neither name nor address is left.

    RSS writes `mail@host (Name)` in one text; `Name <mail@host>` is common too.
    """
    written = text(raw, "name")[:MAX_BYLINE]
    email = email_address(text(raw, "email"))
    if "@" in written and (inside := email_address(written)):
        email = email or inside
        written = written.replace(inside, "").strip(_BYLINE_EDGES)
    name = guessed_text(written, MAX_NAME)
    uri = page.absolute(text(raw, "href"))
    return Person(name or email or uri, uri, email) if name or email or uri else None


def people(raws: Iterable[Raw], *, page: Page) -> tuple[Person, ...]:
    """The distinct authors by name, the fuller record of two with one name."""
    found: dict[str, Person] = {}
    for raw in raws:
        one = person(raw, page=page)
        if one and len(one.uri + one.email) >= len("".join(_addresses(found.get(one.name)))):
            found[one.name] = one
    return tuple(islice(found.values(), MAX_PEOPLE))


def _addresses(one: Person | None) -> tuple[str, str]:
    return (one.uri, one.email) if one else ("", "")


def email_address(value: str) -> str:
    """The address if it has the shape of one (RFC 4287 §3.2.3), else ""."""
    match = _EMAIL.search(value[:300])
    return match[0] if match else ""


def categories(terms: Iterable[str]) -> tuple[str, ...]:
    """Distinct terms in document order."""
    lines = (guessed_text(term, MAX_CATEGORY) for term in terms)
    return tuple(islice(dict.fromkeys(filter(None, lines)), MAX_CATEGORIES))


def enclosures(found: Iterable[Enclosure]) -> tuple[Enclosure, ...]:
    """Distinct by address; the record that says more wins."""
    kept: dict[str, Enclosure] = {}
    for one in found:
        if one.href and _said(one) > _said(kept.get(one.href)):
            kept[one.href] = one
    return tuple(islice(kept.values(), MAX_ENCLOSURES))


def _said(one: Enclosure | None) -> int:
    return -1 if one is None else bool(one.type) + (one.length is not None)


def enclosure(href: str, kind: str, length: object, *, page: Page) -> Enclosure:
    """A related file; `href` is "" when it cannot be used, bad types and lengths are left out."""
    kind = kind.strip().lower()
    return Enclosure(
        href=page.absolute(href),
        type=kind if _MEDIA_TYPE.fullmatch(kind) else "",
        length=number(length),
    )


def number(value: object, *, limit: int = 2**53) -> int | None:
    """A whole number greater than zero, as a number or in digits; None otherwise."""
    if isinstance(value, str):
        digits = value.strip()
        value = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 17 else 0
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 < value < limit else None


def language(value: str) -> str:
    """A language tag (BCP 47) or ""."""
    value = value.strip().replace("_", "-")
    return value if _LANGUAGE.fullmatch(value) else ""


def iri(value: str) -> str:
    """An absolute IRI that may serve as an id, or ""."""
    value = value.strip()
    return value if _IRI.fullmatch(value) and not _SCRIPT_IRI.match(value) else ""
