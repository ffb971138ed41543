"""Single values as Atom allows them: texts, addresses, languages, media types. Pure.

core/parse already made them safe; here a value that is not is dropped or mended, because one
illegal character would cost the whole document (lxml raises ValueError on it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from aggregator.core.clean import xml_legal
from aggregator.core.model import Article, Person

_WEB = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
_USUAL = re.compile(r"https?://\w[\w.~:/?#@!$&'()*+,;=%-]*", re.ASCII)  # nothing to mend
# What RFC 3987 allows nowhere, plus white space and controls.
_NOT_IN_IRI = re.compile(r"""[\x00-\x20\x7f-\xa0"<>\\^`{|}\u2028\u2029\ufffd]""")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")  # RFC 3066, as in RFC 4287's schema
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def legal(text: str) -> str:
    """`text` with U+FFFD for each character that XML 1.0 forbids (§2.2)."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)


def web_address(url: str) -> str:
    """An absolute http(s) IRI, illegal characters percent-encoded; "" for anything else."""
    if _USUAL.fullmatch(url):
        return url
    address = xml_legal(url).strip()
    if not _WEB.match(address):
        return ""
    return _NOT_IN_IRI.sub(lambda match: quote(match[0]), address)


def language_tag(language: str) -> str:
    """`language` when it can stand in xml:lang, else ""."""
    return language if _LANGUAGE.fullmatch(language) else ""


def people(*choices: Iterable[Person]) -> tuple[dict[str, str], ...]:
    """The first non-empty choice of named persons, as feedgen takes them."""
    for choice in choices:
        named = tuple(_person(person) for person in choice if legal(person.name).strip())
        if named:
            return named
    return ()


def _person(person: Person) -> dict[str, str]:
    return {
        "name": legal(person.name),
        "uri": web_address(person.uri),
        "email": person.email if _EMAIL.fullmatch(legal(person.email)) else "",
    }


def source_author(article: Article) -> Person:
    """Whom to name when nobody is: the source itself."""
    return Person(legal(article.info.title).strip() or article.source)
