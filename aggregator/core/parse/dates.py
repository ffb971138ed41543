"""What publishers write for a date -> an aware UTC datetime, or None. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # before there were feeds it is a mistake
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
MAX_DATE = 64  # characters

_ISO = re.compile(r"[0-9]{4}-?[0-9W]")  # feedparser drops the time of 20250627T100000Z
_EPOCH = re.compile(r"[0-9]{10}(?:[0-9]{3})?")
_DAY_MONTH = re.compile(
    r"(?:\D{0,16}?[\s,])?([0-9]{1,2})\.?\s+(?:de\s+)?([^\W\d_]{3,12})\.?,?\s+(?:de\s+)?([0-9]{4})"
    r"(?:,?\s+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?(?:\s*([+-][0-9]{2}):?([0-9]{2}))?"
)
_MONTHS = {  # by their first letters, in the languages seen in feeds
    name: number
    for number, names in enumerate(
        (
            "jan ene gen янв stycz",
            "feb fev fév fevr lut фев",
            "mar mär maa mrt мар",
            "apr avr abr kwi апр",
            "may mai mag mei maj мая май",
            "jun juin giu cze июн",
            "jul juil lug lip июл",
            "aug aou aoû ago sie авг",
            "sep set wrz сен",
            "oct okt ott out paź окт",
            "nov lis ноя",
            "dec déc dez dic gru дек",
        ),
        start=1,
    )
    for name in names.split()
}


def moment(written: str, parsed: object = None) -> datetime | None:
    """The date that was `written`, which feedparser read as `parsed` (a struct_time in UTC).

    Whole seconds. Without a zone it is UTC. What is not between 1990 and 2100 is a mistake and
    gives None: year 0, the epoch, year 9999, and seconds since 1970 read as a year.
    """
    written = written.strip()[:MAX_DATE]
    if not written and parsed is None:
        return None
    if _EPOCH.fullmatch(written):  # feedparser takes the first four digits for a year
        return _plausible(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(written[:10])))
    if _ISO.match(written) and (date := _first(written, datetime.fromisoformat)):
        return _plausible(date)
    if isinstance(parsed, tuple):
        return _plausible(_from_struct(parsed))
    return _plausible(_first(written, parsedate_to_datetime, _spelled))


def _plausible(date: datetime | None) -> datetime | None:
    return date if date is not None and EARLIEST <= date < LATEST else None


def _from_struct(parsed: tuple[int, ...]) -> datetime | None:
    year, month, day, hour, minute, second = parsed[:6]
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None


def _first(written: str, *readers: Callable[[str], datetime | None]) -> datetime | None:
    """What the first reader that understands `written` says."""
    for read in readers:
        try:
            date = read(written)
        except (ValueError, OverflowError, IndexError, TypeError):
            continue
        if date is not None:
            return _utc(date)
    return None


def _utc(date: datetime) -> datetime | None:
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    try:
        return aware.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        return None


def _spelled(written: str) -> datetime | None:
    """`27 juin 2025 10:00`, `Vie, 27 de junio de 2025`: the month by its first letters."""
    match = _DAY_MONTH.match(written)
    if not match:
        return None
    day, name, year, hour, minute, second, zone_hours, zone_minutes = match.groups()
    month = next((_MONTHS[name[:n].lower()] for n in (5, 4, 3) if name[:n].lower() in _MONTHS), 0)
    zone = timezone(timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0)))
    clock = (int(hour or 0), int(minute or 0), int(second or 0))
    return datetime(int(year), month, int(day), *clock, tzinfo=zone)
