"""Values -> the words and groups the pages show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from aggregator.core.clean import text_of
from aggregator.core.model import Article, SourceState
from aggregator.core.render.cut import cut_html
from aggregator.core.render.fields import web_address
from aggregator.core.settings import Source

_EXCERPT = 320  # characters
_UNITS = (("d", 86400), ("h", 3600), ("min", 60))
_ORDER = ("failing", "gone", "waiting", "new", "well")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleLine:
    """One article on a page for people."""

    title: str
    link: str
    excerpt: str
    source: str
    at: datetime
    others: tuple[tuple[str, str], ...] = ()  # (title, link) of further sources


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """One source on the status page."""

    id: str
    title: str
    link: str
    condition: str  # failing, gone, waiting, new, well
    last_success_at: datetime | None
    last_change_at: datetime | None
    next_poll_at: datetime | None
    next_reason: str
    error: str
    failures: int
    failing_since: datetime | None


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


def source_lines(
    sources: Sequence[Source], states: Iterable[SourceState], *, now: datetime
) -> list[SourceLine]:
    """The sources, those in trouble first, then by id."""
    known = {state.source: state for state in states}
    lines = [_source_line(source, known.get(source.id), now) for source in sources]
    return sorted(lines, key=lambda line: (_ORDER.index(line.condition), line.id))


def counts(lines: Iterable[SourceLine]) -> list[tuple[str, int]]:
    """How many sources are in each condition that occurs, the worst first."""
    found = [line.condition for line in lines]
    return [(condition, found.count(condition)) for condition in _ORDER if condition in found]


def _source_line(source: Source, state: SourceState | None, now: datetime) -> SourceLine:
    if state is None:
        return SourceLine(
            id=source.id,
            title=source.title or source.id,
            link="",
            condition="new",
            last_success_at=None,
            last_change_at=None,
            next_poll_at=None,
            next_reason="",
            error="",
            failures=0,
            failing_since=None,
        )
    return SourceLine(
        id=source.id,
        title=source.title or state.info.title or source.id,
        link=web_address(state.info.link),
        condition=condition_of(state, now),
        last_success_at=state.last_success_at,
        last_change_at=state.last_change_at,
        next_poll_at=None if state.gone else state.next_poll_at,
        next_reason=state.next_reason,
        error=state.last_error,
        failures=state.fail_count,
        failing_since=state.failing_since,
    )


def condition_of(state: SourceState, now: datetime) -> str:
    """One word for how a source is."""
    if state.gone:
        return "gone"
    if state.fail_count:
        return "failing"
    if state.parked_until is not None and state.parked_until > now:
        return "waiting"
    return "well" if state.last_success_at else "new"


def distance(when: datetime | None, now: datetime) -> str:
    """ "3 h ago", "in 12 min", "now"; "never" for None."""
    if when is None:
        return "never"
    amount = _amount(abs(when - now))
    if not amount:
        return "now"
    return f"{amount} ago" if when < now else f"in {amount}"


def _amount(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return ""


def day_name(day: date, today: date) -> str:
    """ "Today", "Yesterday", or "Friday, 20 November 2026"."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return f"{_WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


# Not strftime: the names would follow the locale of the process.
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
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
