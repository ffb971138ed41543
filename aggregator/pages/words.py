"""Values -> the words and groups the pages show. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Final

from aggregator.core.clean import text_of
from aggregator.core.model import Article, Enclosure
from aggregator.core.render.cut import cut_html
from aggregator.core.render.fields import language_tag, web_address
from aggregator.standing.words import WEEKDAYS

_EXCERPT: Final = 320  # characters
_HEAD: Final = 80
_FILES: Final = 5  # of one article
_LISTENED_OR_WATCHED: Final = {"audio": "Audio", "video": "Video"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleLine:
    """One article on a page for people."""

    title: str
    link: str
    excerpt: str
    source: str
    at: datetime
    language: str = ""  # of title and excerpt
    files: tuple[tuple[str, str], ...] = ()  # (what it is, link)
    others: tuple[tuple[str, str], ...] = ()  # (title, link) of further sources


def days(articles: Iterable[Article]) -> list[tuple[date, list[Article]]]:
    """The articles of each day (UTC), in the order given."""
    groups = groupby(articles, key=lambda article: article.sort_at.date())
    return [(day, list(group)) for day, group in groups]


def article_line(article: Article) -> ArticleLine:
    """What a person sees of an article; its own source is named, whatever it claims."""
    entry = article.entry
    excerpt = shorten(text_of(cut_html(entry.summary or entry.content, limit=4000)))
    title = entry.title.strip()
    if not title:
        title, excerpt = _headed(excerpt)
    title = title or entry.link or "Untitled"
    return ArticleLine(
        title=title,
        link=web_address(entry.link),
        excerpt="" if excerpt == title else excerpt,
        source=article.info.title or article.source,
        at=article.sort_at,
        language=language_tag(entry.language) or language_tag(article.info.language),
        files=_files(entry.enclosures),
        others=tuple(
            (seen.title or seen.source, web_address(seen.link)) for seen in article.sightings
        ),
    )


def _headed(text: str) -> tuple[str, str]:
    """A note without a title: its beginning in the place of one, and how it goes on."""
    title = shorten(text, limit=_HEAD)
    rest = text[len(title.removesuffix("…")) :].strip() if len(text) > _HEAD else ""
    return title, f"…{rest}" if rest else ""


def _files(enclosures: Iterable[Enclosure]) -> tuple[tuple[str, str], ...]:
    """What can be listened to or watched; pictures and the rest are at the article."""
    found = []
    for enclosure in enclosures:
        word = _LISTENED_OR_WATCHED.get(enclosure.type.partition("/")[0].lower())
        link = web_address(enclosure.href)
        if word and link:
            found.append((word, link))
    return tuple(found[:_FILES])


def shorten(text: str, *, limit: int = _EXCERPT) -> str:
    """`text` in one line, cut between words with an ellipsis when longer than `limit`."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    return line[:limit].rsplit(" ", 1)[0].rstrip(".,;:–— ") + "…"


def day_name(day: date) -> str:
    """ "Friday, 20 November 2026": never "today", for a page outlives its day."""
    return f"{WEEKDAYS[day.weekday()]}, {_date(day)}"


def moment(when: datetime) -> str:
    """ "20 November 2026, 12:00 UTC"."""
    return f"{_date(when)}, {when:%H:%M} UTC"


def _date(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


# Not strftime: the names would follow the locale of the process.
_MONTHS: Final = (
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
