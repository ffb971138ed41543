"""Values -> the words and groups the pages show. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from aggregator.core.clean import text_of
from aggregator.core.model import Article
from aggregator.core.render.cut import cut_html
from aggregator.core.render.fields import web_address
from aggregator.standing.words import WEEKDAYS

_EXCERPT = 320  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleLine:
    """One article on a page for people."""

    title: str
    link: str
    excerpt: str
    source: str
    at: datetime
    others: tuple[tuple[str, str], ...] = ()  # (title, link) of further sources


def days(articles: Iterable[Article]) -> list[tuple[date, list[ArticleLine]]]:
    """The articles of each day (UTC), in the order given."""
    lines = [article_line(article) for article in articles]
    return [(day, list(group)) for day, group in groupby(lines, key=lambda line: line.at.date())]


def article_line(article: Article) -> ArticleLine:
    """What a person sees of an article; its own source is named, whatever it claims."""
    excerpt = shorten(text_of(cut_html(article.entry.summary or article.entry.content, limit=4000)))
    title = article.entry.title or shorten(excerpt, limit=80) or article.entry.link or "Untitled"
    others = ((seen.title or seen.source, web_address(seen.link)) for seen in article.sightings)
    return ArticleLine(
        title=title,
        link=web_address(article.entry.link),
        excerpt="" if excerpt == title else excerpt,
        source=article.info.title or article.source,
        at=article.sort_at,
        others=tuple(others),
    )


def shorten(text: str, *, limit: int = _EXCERPT) -> str:
    """`text` in one line, cut between words with an ellipsis when longer than `limit`."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    return line[:limit].rsplit(" ", 1)[0].rstrip(".,;:–— ") + "…"


def day_name(day: date, today: date) -> str:
    """ "Today", "Yesterday", or "Friday, 20 November 2026"."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return f"{WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


# Not strftime: the names would follow the locale of the process.
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
