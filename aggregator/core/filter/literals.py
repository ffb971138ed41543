"""Amounts as rules spell them: 300, 7d, 36h, 2025-06-01. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(?:[0-9]{1,6}[smhdw])+")
_DURATION_PART = re.compile(r"([0-9]+)([smhdw])")
_COUNT = re.compile(r"[0-9]{1,9}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:.]+(?:[Zz]|[+-][0-9]{2}:[0-9]{2})?")

Amount = int | date | datetime  # a count or seconds, a whole day, a moment

HINTS = {
    "words": "a whole number: words>300",
    "seen_in": "a whole number: seen_in>=2",
    "age": "a duration in w, d, h, m or s, or a day: age<7d, age<36h, age<2025-06-01",
    "date": "a day or a moment: date>=2025-06-01, date<2025-06-01T12:00Z",
}


def amount(field: str, literal: str) -> Amount:
    """What a literal means for a field; raises ValueError when it means nothing."""
    if field == "age":
        return _duration(literal)
    if field == "date":
        return _date(literal)
    return int(_checked(_COUNT, literal))


def is_date(literal: str) -> bool:
    """Is this a day or a moment, and no duration?"""
    try:
        _date(literal)
    except ValueError:
        return False
    return True


def _checked(shape: re.Pattern[str], literal: str) -> str:
    if not shape.fullmatch(literal):
        raise ValueError(literal)
    return literal


def _duration(literal: str) -> int:
    _checked(_DURATION, literal)
    parts = _DURATION_PART.findall(literal)
    return sum(int(count) * _SECONDS[unit] for count, unit in parts)


def _date(literal: str) -> date | datetime:
    """A day in UTC; a moment without an offset is UTC as well."""
    if _DAY.fullmatch(literal):
        return date.fromisoformat(literal)
    moment = datetime.fromisoformat(_checked(_MOMENT, literal).upper())
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(literal) from error
