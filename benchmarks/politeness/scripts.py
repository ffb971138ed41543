"""What the recording server answers: a script for each path, named after the row it tests."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import formatdate

from benchmarks.politeness.server import Answer, Request, Script

WEAK = 'W/"a-B"'
ODD_DATE = "Mon, 1 Jan 2024 7:00:00 GMT"
OLD, NEW = "Sat, 01 Mar 2025 10:00:00 GMT", "Sat, 01 Mar 2025 11:00:00 GMT"
FOREIGN_ETAG = '"caf\xe9"'  # obs-text, RFC 9110 §5.5
SERVER_NOW = 1_700_000_000  # a server whose clock is years behind
EXACT = "/p58/%7Ea/b%2Fc/%41"
EXACT_TARGET = f"{EXACT}?u=http%3A%2F%2Fx&z=1&a=+[x]"
MALFORMED = ("max-age=", 'max-age="7200"', "max-age=-1")
PACED = tuple(f"/paced-{number}" for number in range(5))


def feed(name: str, story: int = 1, extra: str = "") -> bytes:
    """A small RSS 2.0 document with one story."""
    link = f"https://site.example{name}/{story}"
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>{name}</title>{extra}"
        f"<link>https://site.example/</link><description>d</description><item><guid>{link}</guid>"
        f"<title>Story {story} of {name}</title><link>{link}</link>"
        "<pubDate>Fri, 27 Jun 2025 09:00:00 GMT</pubDate></item></channel></rss>"
    ).encode()


def ok(name: str, story: int = 1, *, extra: str = "", **fields: str) -> Answer:
    """200 with a feed; `Last_Modified` becomes Last-Modified."""
    return Answer("200 OK", _fields(fields), feed(name, story, extra))


def status(line: str, **fields: str) -> Answer:
    return Answer(line, _fields(fields), b"" if line.startswith("304") else b"sorry")


def _fields(fields: dict[str, str]) -> tuple[tuple[str, str], ...]:
    named = tuple((name.replace("_", "-"), value) for name, value in fields.items())
    return (("Content-Type", "application/rss+xml"), *named)


def turns(first: Answer, *later: Answer) -> Script:
    """The first answer twice, then the others, the last one for ever.

    Twice because newsboat remembers no validators of the very first poll of a feed.
    """
    answers = (first, first, *later)
    return lambda before, _: answers[min(before, len(answers) - 1)]


def conditional(answer: Answer) -> Script:
    """The answer, or 304 when one of its validators comes back."""
    etag, modified = (dict(answer.fields).get(name) for name in ("ETag", "Last-Modified"))

    def script(_before: int, request: Request) -> Answer:
        same = etag is not None and request.get("if-none-match") == etag
        same = same or (modified is not None and request.get("if-modified-since") == modified)
        kept = tuple(pair for pair in answer.fields if pair[0] in ("ETag", "Last-Modified"))
        return Answer("304 Not Modified", kept) if same else answer

    return script


def rounds() -> dict[str, Script]:
    """The scripts of the rounds; the first paths of a row are those that a client is told."""
    return {**_validators(), **_hints(), **_moves(), **_hygiene()}


def _validators() -> dict[str, Script]:
    lingering = Answer("304 Not Modified", (("Content-Length", "500"),), linger=True)
    return {
        "/p1": conditional(ok("/p1", ETag=WEAK)),
        "/p2": conditional(ok("/p2", Last_Modified=ODD_DATE)),
        "/p3": conditional(ok("/p3", ETag='"3"', Last_Modified=OLD)),
        "/p3-none": turns(ok("/p3-none")),
        "/p4": turns(
            ok("/p4", ETag='"1"', Last_Modified=OLD), ok("/p4", ETag='"2"', Last_Modified=NEW)
        ),
        "/p5": turns(
            ok("/p5", ETag='"1"', Last_Modified=OLD), ok("/p5", 2, ETag='"2"', Last_Modified=OLD)
        ),
        "/p6": turns(
            ok("/p6", ETag='"1"', Last_Modified=OLD), status("304 Not Modified", ETag='"2"')
        ),
        "/p7": turns(ok("/p7", ETag='"1"'), status("304 Not Modified")),
        "/p8": turns(ok("/p8", ETag='"1"', Last_Modified=OLD), ok("/p8", 2, Last_Modified=NEW)),
        "/p12": turns(ok("/p12", ETag='"1"'), lingering),
        "/p16": turns(ok("/p16", ETag=FOREIGN_ETAG, Last_Modified=OLD)),
    }


def _hints() -> dict[str, Script]:
    date = formatdate(SERVER_NOW, usegmt=True)
    later = formatdate(SERVER_NOW + 7200, usegmt=True)
    many, seldom = "429 Too Many Requests", "503 Service Unavailable"
    found: dict[str, Script] = {
        "/p19": turns(ok("/p19", Cache_Control="max-age=7200", Age="600")),
        "/p20": turns(
            ok("/p20", ETag='"1"'), status("304 Not Modified", Cache_Control="max-age=7200")
        ),
        "/p21-403": turns(status("403 Forbidden", Cache_Control="max-age=7200")),
        "/p21-404": turns(status("404 Not Found", Cache_Control="max-age=7200")),
        "/p22-none": turns(ok("/p22-none", ETag='"1"', Cache_Control="no-cache, no-store")),
        "/p22-zero": turns(ok("/p22-zero", ETag='"1"', Cache_Control="max-age=0")),
        "/p22-expires": turns(ok("/p22-expires", ETag='"1"', Expires="0")),
        "/p23": turns(ok("/p23", Date=date, Expires=later)),
        "/p26": turns(status(many, Retry_After="3600")),
        "/p26-date": turns(status(many, Date=date, Retry_After=later)),
        "/p27": turns(status(seldom, Retry_After="3600")),
        "/p28": turns(status(many)),
        "/p29-soon": turns(status(seldom, Retry_After="soon")),
        "/p29-negative": turns(status(seldom, Retry_After="-5")),
        "/p29-past": turns(status(seldom, Date=later, Retry_After=date)),
        "/p31": turns(ok("/p31", extra="<ttl>180</ttl>")),
        "/p31-zero": turns(ok("/p31-zero", extra="<ttl>0</ttl>")),
    }
    for number, value in enumerate(MALFORMED):
        path = f"/p24-{number}"
        found[path] = turns(ok(path, ETag='"1"', Cache_Control=value))
    return found


def _moves() -> dict[str, Script]:
    return {
        "/p38": turns(status("302 Found", Location="/p38-target")),
        "/p38-target": turns(ok("/p38")),
        "/p39": turns(status("301 Moved Permanently", Location="/p39-target")),
        "/p39-target": turns(ok("/p39")),
        "/p47": turns(status("410 Gone")),
    }


def _hygiene() -> dict[str, Script]:
    return {
        "/p56": turns(status("302 Found", Location="/p56-target", Set_Cookie="a=b; Path=/")),
        "/p56-target": turns(ok("/p56", Set_Cookie="c=d; Path=/")),
        "/p56-plain": turns(ok("/p56-plain", Set_Cookie="e=f; Path=/")),
        EXACT: turns(ok("/p58")),
    }


def absurd() -> dict[str, Script]:
    """A number that fits into nothing, and another feed behind it."""
    return {
        "/absurd": turns(ok("/absurd", Cache_Control="max-age=99999999999999999999")),
        "/behind": turns(ok("/behind")),
    }


def pacing() -> dict[str, Script]:
    """Five feeds of one host that take their time."""
    return {path: turns(_slow(path)) for path in PACED}


def _slow(path: str) -> Answer:
    answer = ok(path, ETag='"1"')
    return Answer(answer.status, answer.fields, answer.body, delay=0.3)


def told(paths: Sequence[str]) -> list[str]:
    """The targets a client is told, of all paths: not those that redirects lead to."""
    targets = [path for path in paths if not path.endswith("-target")]
    return [EXACT_TARGET if path == EXACT else path for path in targets]
