"""Moments, spans, sizes and calendars as people say them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

_UNITS = (("d", 86400), ("h", 3600), ("min", 60))
# Not strftime: the names would follow the locale of the process.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def distance(when: datetime | None, now: datetime) -> str:
    """Say how far away: "3 h ago", "in 12 min", "now"; "never" for None."""
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


def stamp(when: datetime) -> str:
    """Return a time to the minute: "2026-11-22 12:00 UTC"."""
    return f"{when:%Y-%m-%d %H:%M} UTC"


def day(when: datetime) -> str:
    """Return the day of a time: "2026-11-22"."""
    return f"{when:%Y-%m-%d}"


def size(count: int) -> str:
    """Say a number of bytes: "512 bytes", "12.3 KiB"."""
    if count < 1024:
        return f"{count} bytes"
    if count < 1024 * 1024:
        return f"{count / 1024:.1f} KiB"
    return f"{count / 1024 / 1024:.1f} MiB"


def times(count: int) -> str:
    """Say how often: "once", "3 times"."""
    return "once" if count == 1 else f"{count} times"


def counted(count: int, noun: str, nouns: str = "") -> str:
    """Say a number of things: "1 entry", "2 entries"."""
    return f"{count} {noun}" if count == 1 else f"{count} {nouns or noun + 's'}"


def hours(numbers: Iterable[int]) -> str:
    """Say hours of the day, runs of them shortened: "0–5, 22 h GMT"; "" for none."""
    runs = [
        str(first) if first == last else f"{first}–{last}"
        for first, last in _runs(sorted({number for number in numbers if 0 <= number < 24}))
    ]
    return f"{', '.join(runs)} h GMT" if runs else ""


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def days(numbers: Iterable[int]) -> str:
    """Say days of the week, Monday is 0; "" for none."""
    return ", ".join(WEEKDAYS[number] for number in sorted(set(numbers)) if 0 <= number < 7)
