"""What feedparser found of a feed -> FeedInfo and Hints. Pure."""

from __future__ import annotations

import re

from aggregator.core.model import FeedInfo, Hints
from aggregator.core.parse.dates import moment
from aggregator.core.parse.fields import MAX_NAME, MAX_TITLE, Page, iri, language, line, people
from aggregator.core.parse.raw import Raw, mapping, mappings, text, texts

_PERIODS = {  # seconds; RSS 1.0 syndication module
    "hourly": 3600,
    "daily": 86400,
    "weekly": 7 * 86400,
    "monthly": 30 * 86400,
    "yearly": 365 * 86400,
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DIGITS = re.compile(r"[0-9]{1,7}")


def read_info(raw: Raw, *, page: Page, self_link: str) -> FeedInfo:
    """The metadata of a feed, or of the atom:source of an entry."""
    icons = (text(raw, "icon"), text(raw, "logo"), text(mapping(raw, "image"), "href"))
    return FeedInfo(
        title=line(raw, "title", MAX_TITLE, atom=page.atom),
        subtitle=line(raw, "subtitle", MAX_TITLE, atom=page.atom),
        id=iri(text(raw, "raw_id") or text(raw, "id")),
        link=page.followed(
            _first_link(raw, "alternate", page=page) or page.absolute(text(raw, "link"))
        ),
        self_link=_first_link(raw, "self", page=page) or page.absolute(self_link),
        updated=moment(text(raw, "updated"), dict.get(raw, "updated_parsed"))
        or moment(text(raw, "published"), dict.get(raw, "published_parsed")),
        authors=people(mappings(raw, "authors"), page=page),
        rights=line(raw, "rights", MAX_NAME, atom=page.atom),
        icon=next(filter(None, map(page.absolute, icons)), ""),
        language=language(text(raw, "language")),
    )


def _first_link(raw: Raw, relation: str, *, page: Page) -> str:
    links = (link for link in mappings(raw, "links") if text(link, "rel") == relation)
    ranked = sorted(links, key=lambda link: text(link, "type") not in ("text/html", ""))
    return next(filter(None, (page.absolute(text(link, "href")) for link in ranked)), "")


def read_hints(raw: Raw, *, page: Page) -> Hints:
    """What the feed says about polling; invalid values are as good as none."""
    moved = text(raw, "itunes_new-feed-url") or text(raw, "newlocation")
    return Hints(
        ttl=_ttl(text(raw, "ttl")),
        syndication=_syndication(text(raw, "sy_updateperiod"), text(raw, "sy_updatefrequency")),
        skip_hours=_hours(texts(raw, "skip_hours")),
        skip_days=_days(texts(raw, "skip_days")),
        new_url=page.absolute(moved),
        hub=_first_link(raw, "hub", page=page),
    )


def _whole(value: str) -> int:
    """Digits as a number; 0 for anything else, and for numbers no publisher can mean."""
    value = value.strip()
    return int(value) if _DIGITS.fullmatch(value) else 0


def _ttl(minutes: str) -> int | None:
    return _whole(minutes) * 60 or None


def _syndication(period: str, frequency: str) -> int | None:
    seconds = _PERIODS.get(period.strip().lower())
    times = _whole(frequency) if frequency.strip() else 1
    return max(seconds // times, 1) if seconds and times else None


def _hours(values: list[str]) -> tuple[int, ...]:
    """Hours 0 to 23, GMT. RSS 0.91 counted 1 to 24: 24 is midnight. All hours are none."""
    numbers = {int(value) % 24 for value in values if value.strip().isdecimal() and _hour(value)}
    return () if len(numbers) == 24 else tuple(sorted(numbers))


def _hour(value: str) -> bool:
    return _DIGITS.fullmatch(value.strip()) is not None and int(value) <= 24


def _days(values: list[str]) -> tuple[int, ...]:
    """Days of the week, Monday is 0. All days are none."""
    names = [value.strip().lower() for value in values]
    numbers = sorted({_DAYS.index(name) for name in names if name in _DAYS})
    return () if len(numbers) == 7 else tuple(numbers)
