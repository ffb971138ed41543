"""HTTP header values -> validators for the next request, and how long to wait before it.

Conditional requests follow RFC 9110 §13, freshness RFC 9111 §4.2. Pure. Header fields are
rubbish until proven otherwise: no value, however odd, makes a function here raise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from aggregator.core.model import Validators
from aggregator.core.settings import Source

DAY = 86_400  # seconds
WEEK = 7 * DAY
DELTA = ("A-IM", "feed")  # only what is new since the validator (RFC 3229 §10.5.3)
_MARK = 4  # bytes

_DIRECTIVE = re.compile(
    r"""([!#$%&'*+.^_`|~0-9a-z-]+)                      # name
        (?:[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^\s,;"]*))?  # value, quoted or not
    """,
    re.IGNORECASE | re.VERBOSE,
)
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_SECONDS = re.compile(r"[0-9]+")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# IMF-fixdate and RFC 850: "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"
_DATE = re.compile(
    r"(?:[a-z]{3,9},?\s+)?(?P<day>[0-9]{1,2})[ -](?P<month>[a-z]{3})[ -](?P<year>[0-9]{4}|[0-9]{2})"
    r"\s+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
    r"\s*(?:GMT|UTC|Z|[+-]0000)?",
    re.IGNORECASE | re.ASCII,
)
# asctime: "Sun Nov  6 08:49:37 1994"
_ASCTIME = re.compile(
    r"[a-z]{3}\s+(?P<month>[a-z]{3})\s+(?P<day>[0-9]{1,2})"
    r"\s+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})\s+(?P<year>[0-9]{4})",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Headers:
    """The header fields of one answer: names in lower case, values byte for byte."""

    fields: tuple[tuple[bytes, bytes], ...]

    @classmethod
    def of(cls, raw: Iterable[tuple[bytes, bytes]]) -> Headers:
        """Take fields as they came; outer white space is no part of a value (RFC 9110 §5.5)."""
        return cls(tuple((name.lower(), value.strip(b" \t")) for name, value in raw))

    def every(self, name: bytes) -> tuple[bytes, ...]:
        """All values of a field, in order; `name` in lower case."""
        return tuple(value for known, value in self.fields if known == name)

    def first(self, name: bytes) -> bytes:
        """The first value of a field; empty when there is none."""
        return next((value for known, value in self.fields if known == name), b"")

    def text(self, name: bytes) -> str:
        """The first value as text; every byte becomes one character."""
        return self.first(name).decode("latin-1")


# --- conditional requests


def validators_of(headers: Headers) -> Validators:
    """What a full answer (200) says about itself; what it no longer says is dropped."""
    return Validators(
        etag=headers.first(b"etag") or None,
        last_modified=headers.first(b"last-modified") or None,
    )


def merge(stored: Validators, received: Validators) -> Validators:
    """Validators after a 304: what it carries replaces, the rest is kept (RFC 9111 §3.2)."""
    return Validators(
        etag=received.etag or stored.etag,
        last_modified=received.last_modified or stored.last_modified,
    )


def conditional_headers(validators: Validators) -> tuple[tuple[str, str], ...]:
    """Request fields whose UTF-8 form is exactly the stored bytes (RFC 9110 §13.1).

    A validator that cannot be sent back byte for byte (not UTF-8, control characters) is
    left out: a wrong one could hide news for ever. Whoever names the version it knows is
    content with the entries since (226): without If-None-Match there is nothing to add to.
    """
    fields: list[tuple[str, str]] = []
    if validators.etag and _sendable(validators.etag):
        fields += [("If-None-Match", validators.etag.decode()), DELTA]
    if validators.last_modified and _sendable(validators.last_modified):
        fields.append(("If-Modified-Since", validators.last_modified.decode()))
    return tuple(fields)


def request_mark(source: Source) -> str:
    """A mark of the credentials and header fields a source is asked with; "" without any.

    Another mark than at the last poll means that the stored validators may belong to what
    somebody else was shown, so one request goes out without them (RFC 9110 §8.8.1). The mark
    is stored beside them, and short on purpose: 32 bits cannot give away a random token. They
    could confirm a guess at a poor password, to somebody who has the database.
    """
    if not (source.username or source.password or source.headers):
        return ""
    password = source.password.value if source.password else ""
    fields = sorted((name.lower(), secret.value) for name, secret in source.headers)
    told = repr((source.id, source.username, password, fields))
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=_MARK).hexdigest()


def is_suspicious(validators: Validators, *, now: datetime) -> bool:
    """Whether Last-Modified lies: before 1990 or in the future, where 304s may never end."""
    if validators.last_modified is None:
        return False
    modified = http_date(validators.last_modified)
    if modified is None:
        return False
    return modified.year < 1990 or modified > now + timedelta(days=1)


def _sendable(value: bytes) -> bool:
    if _CONTROL.search(value):
        return False
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


# --- freshness


def fresh_for(headers: Headers, *, cap: int = DAY) -> tuple[int | None, str]:
    """How long the answer asks not to be asked again, in seconds and in words.

    At most `cap`; the words keep the raw value. (None, "") without a usable hint: a hint is
    a floor, so no-cache, no-store and a lifetime of zero or less say nothing.
    """
    directives = _directives(headers)
    if "no-store" in directives or directives.get("no-cache") == "":
        return None, ""
    age = _seconds(headers.text(b"age")) or 0
    max_age = _seconds(directives.get("max-age", ""))
    if max_age is not None:
        return _remaining(max_age, age, f"max-age={max_age}", cap)
    lifetime = _expires_minus_date(headers)
    if lifetime is None:
        return None, ""
    return _remaining(lifetime, age, f"Expires - Date = {lifetime}", cap)


def retry_after(headers: Headers, *, cap: int = WEEK) -> int | None:
    """Seconds to wait, at most `cap` (RFC 9110 §10.2.3); None when absent, past or unreadable.

    A date counts from the answer's own Date, never from our clock; without Date it says nothing.
    """
    value = headers.text(b"retry-after")
    seconds = _seconds(value)
    if seconds is None:
        seconds = _between(headers.first(b"date"), headers.first(b"retry-after"))
    if seconds is None or seconds <= 0:
        return None
    return min(seconds, cap)


def http_date(value: bytes) -> datetime | None:
    """Read any of the three forms of RFC 9110 §5.6.7, and near misses; None otherwise."""
    text = value.decode("latin-1").strip()
    match = _DATE.fullmatch(text) or _ASCTIME.fullmatch(text)
    if match is None or match["month"].lower() not in _MONTHS:
        return None
    try:
        return datetime(
            _full_year(match["year"]),
            _MONTHS.index(match["month"].lower()) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            min(int(match["second"]), 59),  # a leap second is second 60
            tzinfo=UTC,
        )
    except ValueError:
        return None


def _remaining(lifetime: int, age: int, reason: str, cap: int) -> tuple[int | None, str]:
    if age:
        reason += f" minus Age {age}"
    seconds = lifetime - age
    if seconds <= 0:
        return None, ""
    if seconds > cap:
        return cap, f"{reason}, capped at {cap}"
    return seconds, reason


def _expires_minus_date(headers: Headers) -> int | None:
    return _between(headers.first(b"date"), headers.first(b"expires"))


def _between(start: bytes, end: bytes) -> int | None:
    begun, ended = http_date(start), http_date(end)
    if begun is None or ended is None:
        return None
    return int((ended - begun).total_seconds())


def _directives(headers: Headers) -> dict[str, str]:
    """Cache-Control by name in lower case; the first of a repeated one counts (§4.2.1)."""
    text = ",".join(value.decode("latin-1") for value in headers.every(b"cache-control"))
    directives: dict[str, str] = {}
    for match in _DIRECTIVE.finditer(text):
        directives.setdefault(match[1].lower(), match[2] or "")
    return directives


def _seconds(value: str) -> int | None:
    """Read a count of seconds, quoted or not; None for anything else."""
    digits = value.strip(' \t"')
    if not _SECONDS.fullmatch(digits):
        return None
    # RFC 9111 §1.2.2: too large to hold means 2^31. int() itself refuses 5,000 digits.
    return min(int(digits), 2**31) if len(digits) <= 10 else 2**31


def _full_year(digits: str) -> int:
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (1900 if year >= 70 else 2000)
