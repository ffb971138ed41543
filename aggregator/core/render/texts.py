"""What an entry says in each form: content, summary, dates, people. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final

from aggregator.core.model import Article
from aggregator.core.render.cut import cut_html
from aggregator.core.render.fields import legal, people, source_author, web_address
from aggregator.core.render.links import Link, links_of

MAX_TEXT: Final = 512 * 1024  # characters of one entry's content; longer ones are cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One article made ready for every form, once. Texts are legal XML, links lead to the web."""

    article: Article
    id: str
    title: str
    link: str
    content: str  # HTML, or the title as text when there is nothing else to show
    is_html: bool
    summary: str  # HTML; "" when the content says the same
    published: datetime | None
    authors: tuple[dict[str, str], ...]
    terms: tuple[str, ...]
    links: tuple[Link, ...]


def told(article: Article) -> Told:
    """Prepare an article for rendering."""
    entry = article.entry
    origin = entry.origin.authors if entry.origin else ()
    link = web_address(entry.link)
    content, summary = _bounded(entry.content, link), _bounded(entry.summary, link)
    is_html = True
    if not content and not link:  # one that leads nowhere has content (RFC 4287 §4.1.2)
        content, summary, is_html = summary or legal(entry.title), "", bool(summary)
    terms = dict.fromkeys(map(legal, entry.categories))
    return Told(
        article=article,
        id=legal(article.id),
        title=legal(entry.title),
        link=link,
        content=content,
        is_html=is_html,
        summary="" if summary == content else summary,
        published=min(entry.published, article.updated) if entry.published else None,
        authors=people(entry.authors, origin, article.info.authors, [source_author(article)]),
        terms=tuple(term for term in terms if term),
        links=tuple(links_of(article)),
    )


def _bounded(html: str, link: str) -> str:
    if len(html) <= MAX_TEXT:
        return legal(html)
    more = f'<p><a href="{escape(link)}">…</a></p>' if link else "<p>…</p>"
    return legal(cut_html(html, limit=MAX_TEXT)) + more
