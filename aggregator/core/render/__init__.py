"""Articles + Output -> Atom bytes (RFC 4287). Pure; the only importer of feedgen.

Same input, same bytes, in every process. Whatever the store holds, the document is valid:
an article that cannot be rendered is left out and named, and costs the others nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator

from aggregator import __version__
from aggregator.core.model import Article, Person
from aggregator.core.render.cut import cut_html
from aggregator.core.render.extension import ArticleExtension
from aggregator.core.render.fields import (
    language_tag,
    legal,
    people,
    source_author,
    web_address,
)
from aggregator.core.settings import Output

ATOM_TYPE: Final = "application/atom+xml"
GENERATOR: Final = "aggregator"
MAX_TEXT: Final = 512 * 1024  # characters of one entry's content; longer ones are cut
MAX_DOCUMENT: Final = 8 * 1024 * 1024  # characters of all entries; the rest is left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One document. `left_out` has a reason for each article that could not be shown."""

    body: bytes
    carried: tuple[int, ...]  # slug hashes of the articles in it, in order
    updated: datetime  # the feed's atom:updated
    left_out: tuple[str, ...] = ()


def feed_path(output_id: str) -> str:
    """Where the Atom document of an output stands, relative to base_url."""
    return f"feeds/{output_id}.atom"


def page_path(output_id: str) -> str:
    """Where the page for people stands, relative to base_url."""
    return f"feeds/{output_id}/"


def is_own(head: bytes) -> bool:
    """Do these first bytes (4 KiB are plenty) belong to a document that `render` wrote?"""
    return b"<generator" in head and f">{GENERATOR}</generator>".encode() in head


def render(
    output: Output,
    articles: Iterable[Article],
    *,
    base_url: str,
    atom_id: str,
    settings_changed_at: datetime,
) -> Rendered:
    """The Atom document of `output` with `articles` in the order given.

    `base_url` is the public address, ending with a slash: nothing else gives the self link.
    The feed's updated is the newest of the articles' and `settings_changed_at`, never the time
    of rendering. Raises nothing for whatever an article holds.
    """

    def document(chosen: Sequence[Article]) -> bytes:
        feed = _feed(output, base_url=base_url, atom_id=atom_id)
        feed.updated(_newest(chosen, settings_changed_at))
        for article in chosen:
            _fill(feed.add_entry(order="append"), article)
        body: bytes = feed.atom_str()
        return body

    chosen, left_out = _within_bounds(articles)
    try:
        body = document(chosen)
    except (ValueError, TypeError):
        chosen, damaged = _renderable(chosen, document)
        left_out += damaged
        body = document(chosen)
    return Rendered(
        body=body,
        carried=tuple(article.slug_hash for article in chosen),
        updated=_newest(chosen, settings_changed_at),
        left_out=left_out,
    )


def _within_bounds(articles: Iterable[Article]) -> tuple[list[Article], tuple[str, ...]]:
    """Leave out second entries of an id (feed readers keep one at random) and what is too much."""
    chosen: dict[str, Article] = {}
    left_out: list[str] = []
    size = 0
    for article in articles:
        if legal(article.id) in chosen:
            left_out.append(f"{article.slug}: repeats the id {article.id}")
            continue
        size += min(len(article.entry.content), MAX_TEXT) + len(article.entry.summary)
        if size > MAX_DOCUMENT and chosen:
            left_out.append(f"{article.slug}: the document is full")
        else:
            chosen[legal(article.id)] = article
    return list(chosen.values()), tuple(left_out)


def _renderable(
    articles: Iterable[Article], document: Callable[[Sequence[Article]], bytes]
) -> tuple[list[Article], tuple[str, ...]]:
    chosen: list[Article] = []
    left_out: list[str] = []
    for article in articles:
        try:
            document((article,))
        except (ValueError, TypeError) as error:
            left_out.append(f"{article.slug}: {error}")
        else:
            chosen.append(article)
    return chosen, tuple(left_out)


def _newest(articles: Iterable[Article], floor: datetime) -> datetime:
    return max([floor, *(article.updated for article in articles)])


def _feed(output: Output, *, base_url: str, atom_id: str) -> FeedGenerator:
    feed = FeedGenerator()
    feed.register_extension("article", ArticleExtension, ArticleExtension)
    feed.id(legal(atom_id))
    feed.title(legal(output.title).strip() or output.id)
    feed.subtitle(legal(output.subtitle))
    feed.link(
        [
            {"rel": "self", "type": ATOM_TYPE, "href": base_url + feed_path(output.id)},
            {"rel": "alternate", "type": "text/html", "href": base_url + page_path(output.id)},
        ]
    )
    feed.author(list(people([Person(output.author)])))
    feed.language(language_tag(output.language))
    # The address of this very service: the only page about it that surely exists.
    feed.generator(GENERATOR, version=__version__, uri=base_url)
    return feed


def _fill(element: FeedEntry, article: Article) -> None:
    entry = article.entry
    origin = entry.origin.authors if entry.origin else ()
    element.article.article = article
    element.id(legal(article.id))
    element.title(legal(entry.title) or "-")  # the extension empties it again
    element.updated(article.updated)
    if entry.published:
        element.published(min(entry.published, article.updated))
    own = [source_author(article)]
    element.author(list(people(entry.authors, origin, article.info.authors, own)))
    if web_address(entry.link):
        element.link(href=web_address(entry.link), rel="alternate")
    element.category([{"term": term} for term in _terms(article)])
    element.rights(legal(entry.rights))
    _fill_texts(element, article)


def _terms(article: Article) -> list[str]:
    """The categories, each once, in the publisher's order."""
    return [term for term in dict.fromkeys(map(legal, article.entry.categories)) if term]


def _fill_texts(element: FeedEntry, article: Article) -> None:
    """content and summary; an entry that leads nowhere gets what it has as its content (§4.1.2)."""
    content = _bounded(article.entry.content, article)
    summary = _bounded(article.entry.summary, article)
    if not content and not web_address(article.entry.link):
        content, summary = summary, ""
        if not content:
            element.content(legal(article.entry.title), type="text")
            return
    if content:
        element.content(content, type="html")
    if summary and summary != content:
        element.summary(summary, type="html")


def _bounded(html: str, article: Article) -> str:
    if len(html) <= MAX_TEXT:
        return legal(html)
    link = web_address(article.entry.link)
    more = f'<p><a href="{escape(link)}">…</a></p>' if link else "<p>…</p>"
    return legal(cut_html(html, limit=MAX_TEXT)) + more
