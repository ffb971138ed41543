"""Servers that answer as servers do, well and badly, and say what they asked for in plain numbers.

What a `Promise` holds is known to the publisher who made the header, not read back from it: the
tests must not learn from the code that they test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

from aggregator.core.model import Feed, Validators

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
MONTH = 30 * DAY

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What an answer asked for, in seconds after it. None: it says nothing about that."""

    cache: float | None = None  # freshness of a 200 or 304
    retry: float = 0.0  # Retry-After, or the freshness of an error
    document: float | None = None  # ttl or sy:*, of a full answer
    host: float = 0.0  # Retry-After of a 429: it speaks for the whole host


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response, or none: `trouble` is the kind of a failure below HTTP."""

    status: int = 200
    headers: tuple[Header, ...] = ()
    body: bytes = field(default=b"", repr=False)
    edition: int = 0
    location: str = ""
    trouble: str = ""
    seconds: float = 0.2
    promise: Promise = Promise()


@dataclass(frozen=True, slots=True)
class Episode:
    """Some hours or days in which a publisher is not himself."""

    start: float
    end: float
    kind: str


@dataclass(slots=True)
class Publisher:
    """One feed on a server. All times are seconds of the server's own clock."""

    name: str
    url: str
    chance: Random
    news: tuple[float, ...]  # when an entry appears
    episodes: tuple[Episode, ...]
    validators: str  # etag, modified, both, none, restless
    cache: Callable[[float], tuple[tuple[Header, ...], float | None]]
    hints: tuple[str, float | None]  # markup, seconds
    skew: float = 0.0  # how wrong the server's Date is
    moves: bool = False
    thorough: bool = False  # each document is parsed, not only its head
    head: Feed | None = None
    salt: dict[int, int] = field(default_factory=dict)

    def answer(self, url: str, sent: Validators, *, time: float) -> Answer:
        """Answer a request for `url` with these validators."""
        kind = next((one.kind for one in self.episodes if one.start <= time < one.end), "")
        if url == self.url:
            if kind == "moving" or (kind == "moved" and self.moves):
                return _redirect(self, 301, "new")
            if kind == "detour":
                return _redirect(self, 302, "elsewhere")
        seconds = self.chance.choice((0.05, 0.1, 0.3, 0.6, 1.0, 4.0, 20.0))
        faulty = _FAULTS.get(kind)
        if faulty is not None and self.chance.random() < 0.9:
            return replace(faulty(self, time), seconds=seconds)
        return replace(self._healthy(sent, time), seconds=seconds)

    def _healthy(self, sent: Validators, time: float) -> Answer:
        edition = sum(one <= time for one in self.news)
        current = self._current(edition, time)
        fields, cache = self.cache(self.skew + time)
        headers = (*_date(self.skew + time), *fields)
        asked = sent.etag or sent.last_modified
        if asked and asked in (current.etag, current.last_modified):
            if self.chance.random() < 0.3:  # a 304 may leave out what it sent before
                return Answer(status=304, headers=_date(self.skew + time))
            return Answer(status=304, headers=headers, promise=Promise(cache=cache))
        named = ((b"ETag", current.etag), (b"Last-Modified", current.last_modified))
        return Answer(
            headers=headers + tuple((name, value) for name, value in named if value),
            body=self.document(edition),
            edition=edition,
            promise=Promise(cache=cache or 0.0, document=self.hints[1] or 0.0),
        )

    def _current(self, edition: int, time: float) -> Validators:
        if self.validators == "restless":  # several servers that do not agree
            self.salt[edition] = self.chance.randrange(3)
        etag = b'W/"%d-%d"' % (edition, self.salt.get(edition, 0))
        changed = self.news[edition - 1] if edition else 0.0
        modified = _stamp(changed)
        return Validators(
            etag=etag if self.validators in ("etag", "both", "restless") else None,
            last_modified=modified if self.validators in ("modified", "both") else None,
        )

    def document(self, edition: int) -> bytes:
        """Return the document with the newest three entries."""
        shown = "".join(
            f"<item><guid>{self.name}-{number}</guid><title>Story {number} of {self.name}</title>"
            f"<link>https://{self.name}.example/{number}</link></item>"
            for number in range(edition, max(edition - 3, 0), -1)
        )
        return (
            '<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">'
            f"<channel><title>{self.name}</title><link>https://{self.name}.example/</link>"
            f"{self.hints[0]}{shown}</channel></rss>"
        ).encode()


def _redirect(publisher: Publisher, status: int, to: str) -> Answer:
    return Answer(status=status, location=f"https://{to}.example/{publisher.name}")


def _stamp(time: float) -> bytes:
    return format_datetime(EPOCH + timedelta(seconds=int(time)), usegmt=True).encode()


def _date(time: float) -> tuple[Header, ...]:
    return ((b"Date", _stamp(time)),)


# --- trouble


def _refusing(status: int) -> Callable[[Publisher, float], Answer]:
    """An error that may say for how long, in one of three ways."""

    def refuse(publisher: Publisher, time: float) -> Answer:
        chance, date = publisher.chance, publisher.skew + time
        wait = chance.choice((30, 600, 2 * 3600, 9 * 3600, 40 * 3600, 9 * 86_400))
        seconds = min(float(wait), 7 * DAY)
        promised = Promise(retry=seconds, host=seconds if status == 429 else 0.0)
        way = chance.choice(("seconds", "date", "cache", "nonsense", "silence"))
        if way == "seconds":
            fields: tuple[Header, ...] = ((b"Retry-After", b"%d" % wait),)
        elif way == "date":
            # Both have whole seconds, so that their difference is exact.
            fields = ((b"Retry-After", _stamp(int(date) + wait)),)
        elif way == "cache":
            fields = ((b"Cache-Control", b"max-age=%d" % wait),)
            promised = Promise(retry=seconds)
        elif way == "nonsense":
            fields, promised = ((b"Retry-After", b"soon"),), Promise()
        else:
            fields, promised = (), Promise()
        return Answer(status=status, headers=(*_date(date), *fields), promise=promised)

    return refuse


def _below_http(kind: str) -> Callable[[Publisher, float], Answer]:
    return lambda publisher, time: Answer(trouble=kind)


def _no_feed(publisher: Publisher, time: float) -> Answer:
    return Answer(headers=_date(publisher.skew + time), body=b"<html><title>Log in</title></html>")


_FAULTS: dict[str, Callable[[Publisher, float], Answer]] = {
    "busy": _refusing(429),
    "overloaded": _refusing(503),
    "broken": _refusing(500),
    "forbidden": _refusing(403),
    "missing": _refusing(404),
    "gone": _refusing(410),
    "unasked": lambda publisher, time: Answer(status=304, headers=_date(time)),
    "timeout": _below_http("timeout"),
    "dns": _below_http("dns"),
    "cut off": _below_http("truncated"),
    "login": _no_feed,
}
_EPISODES = (*_FAULTS, "busy", "overloaded", "timeout", "detour", "moving", "moved")


# --- characters


def _never(time: float) -> tuple[tuple[Header, ...], float | None]:
    return (), None


def _max_age(seconds: int, age: int) -> Callable[[float], tuple[tuple[Header, ...], float | None]]:
    fields = ((b"Cache-Control", b"public, max-age=%d" % seconds), (b"Age", b"%d" % age))
    return lambda time: (fields, min(max(seconds - age, 0.0), DAY))


def _expires(seconds: int) -> Callable[[float], tuple[tuple[Header, ...], float | None]]:
    return lambda time: (((b"Expires", _stamp(int(time) + seconds)),), min(float(seconds), DAY))


def _no_cache(time: float) -> tuple[tuple[Header, ...], float | None]:
    return ((b"Cache-Control", b"no-cache, max-age=0"), (b"Expires", b"0")), 0.0


_CACHES = (
    _never,
    _never,
    _no_cache,
    _max_age(600, 0),
    _max_age(7200, 600),
    _max_age(6 * 3600, 0),
    _max_age(90_000, 100),
    _max_age(300, 400),
    _expires(5400),
    _expires(4 * 3600),
)
_HINTS: tuple[tuple[str, float | None], ...] = (
    ("", None),
    ("", None),
    ("<ttl>180</ttl>", 3 * HOUR),
    ("<ttl>6000</ttl>", DAY),
    ("<ttl>-5</ttl>", None),
    (
        "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
        6 * HOUR,
    ),
    ("<skipHours><hour>1</hour><hour>2</hour><hour>3</hour></skipHours>", None),
    ("<skipDays><day>Sunday</day></skipDays>", None),
)


def make_publisher(name: str, host: str, chance: Random) -> Publisher:
    """Return a publisher with a character of its own for a month."""
    return Publisher(
        name=name,
        url=f"https://{host}/{name}",
        chance=chance,
        news=_news(chance),
        episodes=_episodes(chance),
        validators=chance.choice(("etag", "modified", "both", "none", "restless")),
        cache=chance.choice(_CACHES),
        hints=chance.choice(_HINTS),
        skew=chance.choice((0.0, 0.0, 500.0, -4000.0)),
        moves=chance.random() < 0.5,
        thorough=chance.random() < 0.1,
    )


def _news(chance: Random) -> tuple[float, ...]:
    mean = chance.choice((3 * HOUR, DAY, 4 * DAY, 20 * DAY))
    times, time = [], -5 * mean
    while time < MONTH:
        time += chance.expovariate(1 / mean)
        times.append(time)
    return tuple(times)


def _episodes(chance: Random) -> tuple[Episode, ...]:
    found, time = [], 0.0
    while time < MONTH:
        time += chance.expovariate(1 / (4 * DAY))
        length = chance.choice((10 * MINUTE, 3 * HOUR, DAY, 9 * DAY))
        kind = chance.choice(_EPISODES)
        found.append(Episode(time, time + length, kind))
        time += length
    return tuple(found)
