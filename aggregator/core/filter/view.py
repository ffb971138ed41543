"""An article as rules see it: each field made ready once, when first asked for. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator.core.filter.bounds import MAX_TIMEOUTS, PATTERN_INPUT
from aggregator.core.filter.fields import ANYWHERE
from aggregator.core.filter.fold import Folded, fold, fold_all, join, pairs_of
from aggregator.core.model import Article, Person

if TYPE_CHECKING:
    from aggregator.core.filter.patterns import Search

_COMPOSED = {
    "text": ("title", "summary", "content"),
    ANYWHERE: ("title", "summary", "content", "tag"),
}


class View:
    """One article at one moment. Mutable: it remembers what was derived, and which patterns
    ran out of time. Make one per article and ask it as many rules as there are.

    All fields are those of the copy that is shown; `seen_in` alone counts the others.
    """

    __slots__ = ("_folded", "_pairs", "_values", "article", "now", "timed_out")

    def __init__(self, article: Article, *, now: datetime) -> None:
        self.article = article
        self.now = now
        self.timed_out: list[str] = []
        self._values: dict[str, tuple[str, ...]] = {}
        self._folded: dict[str, Folded] = {}
        self._pairs: dict[str, frozenset[tuple[str, str]]] = {}

    def again(self) -> View:
        """The same for other rules: what was derived is shared, and time is theirs to spend."""
        other = View(self.article, now=self.now)
        other._values, other._folded, other._pairs = self._values, self._folded, self._pairs
        return other

    def values(self, field: str) -> tuple[str, ...]:
        """The texts of a field as written, in Unicode normal form C; () when missing."""
        if field not in self._values:
            if field in _COMPOSED:
                texts = tuple(text for part in _COMPOSED[field] for text in self.values(part))
            else:
                texts = tuple(
                    unicodedata.normalize("NFC", text) for text in _texts(self.article, field)
                )
            self._values[field] = texts
        return self._values[field]

    def folded(self, field: str) -> Folded:
        """The texts of a field as words."""
        if field not in self._folded:
            if field in _COMPOSED:
                self._folded[field] = join(self.folded(part) for part in _COMPOSED[field])
            else:
                self._folded[field] = fold_all(self.values(field))
        return self._folded[field]

    def pairs(self, field: str) -> frozenset[tuple[str, str]]:
        """Every two words that follow each other in a field."""
        if field not in self._pairs:
            self._pairs[field] = pairs_of(self.folded(field))
        return self._pairs[field]

    def names(self, field: str) -> tuple[str, ...]:
        """The one name in `host`, `source` or `lang`, folded; () when missing."""
        return tuple(fold(value) for value in self.values(field))

    def search(self, search: Search, *, field: str, rule: str) -> bool | None:
        """Does a pattern occur in a field? None when time ran out, which is remembered.

        After MAX_TIMEOUTS on one article no further pattern is tried on it.
        """
        if rule in self.timed_out:
            return None
        for text in self.values(field):
            spent = len(self.timed_out) >= MAX_TIMEOUTS
            found = None if spent else search.found_in(text[:PATTERN_INPUT])
            if found is None:
                self.timed_out.append(rule)
                return None
            if found:
                return True
        return False

    def count(self, field: str) -> int:
        """`words`; `seen_in` in sources; `age` in whole seconds."""
        if field == "words":
            return self.article.words
        if field == "seen_in":
            return len({self.article.source, *(seen.source for seen in self.article.sightings)})
        return int((self.now - self.article.sort_at).total_seconds())

    def has(self, thing: str) -> bool:
        """Is there an `enclosure`, an `image`, an `author`?"""
        entry = self.article.entry
        if thing == "enclosure":
            return bool(entry.enclosures)
        if thing == "author":
            return bool(self.values("author"))
        return (
            bool(entry.image)
            or any(enclosure.type.startswith("image/") for enclosure in entry.enclosures)
            or "<img " in entry.content
            or "<img " in entry.summary
        )


def _texts(article: Article, field: str) -> tuple[str, ...]:
    """What the article says in a field that is not composed of others."""
    return tuple(text for text in _READERS[field](article) if text)


def _text_of(html: str) -> str:
    from aggregator.core.clean import text_of  # noqa: PLC0415 (few rules ask for it)

    return text_of(html)


def _author(article: Article) -> tuple[str, ...]:
    # RFC 4287 section 4.2.1: an entry without authors has those of its source or feed.
    persons: tuple[Person, ...] = article.entry.authors
    if not persons and article.entry.origin is not None:
        persons = article.entry.origin.authors
    if not persons:
        persons = article.info.authors
    return tuple(text for person in persons for text in (person.name, person.email))


def _host(article: Article) -> tuple[str, ...]:
    try:
        return (host_name(urlsplit(article.entry.link).hostname or ""),)
    except ValueError:  # an unclosed bracket, a bad port
        return ()


def host_name(host: str) -> str:
    """A host as people write it: xn--bcher-kva.example is bücher.example."""
    try:
        return host.encode("ascii").decode("idna")
    except UnicodeError:
        return host


def _language(article: Article) -> tuple[str, ...]:
    language = article.entry.language or article.info.language
    return (language.replace("_", "-"),)


_READERS: dict[str, Callable[[Article], tuple[str, ...]]] = {
    "title": lambda article: (article.entry.title,),
    "summary": lambda article: (_text_of(article.entry.summary),),
    "content": lambda article: (_text_of(article.entry.content),),
    "author": _author,
    "tag": lambda article: article.entry.categories,
    "link": lambda article: (article.entry.link,),
    "host": _host,
    "source": lambda article: (article.source,),
    "lang": _language,
}
