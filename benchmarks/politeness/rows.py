"""What each row asks of the record of one client: yes, partly or no, with what was seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.politeness.scripts import (
    EXACT_TARGET,
    FOREIGN_ETAG,
    NEW,
    ODD_DATE,
    OLD,
    PACED,
    WEAK,
)
from benchmarks.politeness.server import LINGER, Recorder, Request

ROUNDS = 5

Judge = Callable[[Recorder], str]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: its number, what is asked, and the judgement."""

    number: str
    asked: str
    judge: Judge


def pair(request: Request | None) -> tuple[str | None, str | None]:
    """The validators a request carries: If-None-Match and If-Modified-Since."""
    if request is None:
        return None, None
    return request.get("if-none-match"), request.get("if-modified-since")


def nth(record: Recorder, path: str, number: int) -> Request | None:
    """The request for a path of that number, from 1."""
    requests = record.of(path)
    return requests[number - 1] if len(requests) >= number else None


def verdict(*passed: bool) -> str:
    return "yes" if all(passed) else "partly" if any(passed) else "no"


# --- validators


def exact_etag(record: Recorder) -> str:
    if pair(nth(record, "/p1", 2))[0] == WEAK:
        return "yes"
    later = pair(nth(record, "/p1", 3))[0] == WEAK
    return "partly (from the third poll on)" if later else "no"


def exact_date(record: Recorder) -> str:
    sent = pair(nth(record, "/p2", 3))[1]
    return "yes" if sent == ODD_DATE else f"no (sent {sent})" if sent else "no"


def only_what_came(record: Recorder) -> str:
    both, etag, modified, none = (
        nth(record, f"/{name}", 3) for name in ("p3", "p1", "p2", "p3-none")
    )
    return verdict(
        pair(both) == ('"3"', OLD),
        pair(etag) == (WEAK, None),
        pair(modified)[0] is None and pair(modified)[1] is not None,
        none is not None and pair(none) == (None, None),
    )


def then_sends(path: str, etag: str | None, modified: str | None) -> Judge:
    """Whether the request after the change carries these validators."""

    def judge(record: Recorder) -> str:
        request = nth(record, path, 4)
        if request is None:
            return "not asked again"
        sent = pair(request)
        if sent == (etag, modified):
            return "yes"
        return "partly" if etag is not None and sent[0] == etag else "no"

    return judge


def no_hang(record: Recorder) -> str:
    held = record.held.get("/p12")
    if held is None:
        return "not asked again"
    return "yes" if held < LINGER / 2 else f"no (waited {held:.0f} s)"


def foreign_etag(record: Recorder) -> str:
    request = nth(record, "/p16", 3)
    if request is None:
        return "no (not asked again)"
    etag, modified = pair(request)
    if etag == FOREIGN_ETAG:
        return "yes"
    if etag is None:
        return "yes (left out)" if modified == OLD else "no (nothing sent)"
    return "no (altered)"


# --- hints


def asked_exactly(count: int, *paths: str) -> Judge:
    """Whether the rounds saw so many requests for each path, and not more."""

    def judge(record: Recorder) -> str:
        times = [len(record.of(path)) for path in paths]
        answer = verdict(*(seen == count for seen in times))
        if answer == "yes":
            return answer
        return f"{answer} (asked {'/'.join(map(str, times))} times)"

    return judge


def still_conditional(record: Recorder) -> str:
    paths = ("/p22-none", "/p22-zero", "/p22-expires")
    return verdict(*(pair(nth(record, path, 3))[0] == '"1"' for path in paths))


def survives_nonsense(record: Recorder) -> str:
    """Asked again; the quoted number may be taken as meant."""
    missing, quoted, negative = (len(record.of(f"/p24-{number}")) for number in range(3))
    return verdict(missing > 1, quoted > 0, negative > 1)


def harmless(record: Recorder) -> str:
    asked = {request.round for request in record.of("/behind")}
    return "yes" if asked == {1, 2} else "no (the run breaks off)"


def asked_again(*paths: str) -> Judge:
    def judge(record: Recorder) -> str:
        return verdict(*(len(record.of(path)) > 1 for path in paths))

    return judge


def ttl(record: Recorder) -> str:
    once = len(record.of("/p31"))
    if len(record.of("/p31-zero")) < 2:
        return "no (ttl 0 not ignored)"
    return "yes" if once == 1 else f"no (asked {once} times)"


# --- moves


def starts_anew(record: Recorder) -> str:
    if not record.of("/p38-target"):
        return "not followed"
    seen = {request.round for request in record.of("/p38")}
    return verdict(seen == set(range(1, ROUNDS + 1)))


def adopted(record: Recorder) -> str:
    if not record.of("/p39-target"):
        return "not followed"
    asked = {request.round for request in record.of("/p39")}
    if asked == {1}:
        return "no"
    return f"yes (not in {ROUNDS} polls)" if len(asked) == ROUNDS else "yes"


# --- hygiene


def identifies_itself(record: Recorder) -> str:
    agent = record.requests[0].get("user-agent") or ""
    if not agent:
        return "no (none sent)"
    parts = (
        re.search(r"\w/\d", agent) is not None,
        "http" in agent or "@" in agent,
        "subscribers" in agent,
    )
    missing = [
        name
        for name, there in zip(("version", "contact", "subscribers"), parts, strict=True)
        if not there
    ]
    return "yes" if not missing else f"{verdict(*parts)} (no {', '.join(missing)})"


def accepts_feeds(record: Recorder) -> str:
    accept = record.requests[0].get("accept") or ""
    language = record.requests[0].get("accept-language")
    named = "application/atom+xml" in accept and "application/rss+xml" in accept
    answer = verdict(named, re.search(r"\*/\*\s*;\s*q=0", accept) is not None, language is None)
    return answer if named else f"{answer} ({accept or 'no Accept'})"


def compression(record: Recorder) -> str:
    offered = record.requests[0].get("accept-encoding") or ""
    return f"yes ({offered})" if "gzip" in offered else "no"


def no_cookies(record: Recorder) -> str:
    sent = {request.path for request in record.requests if request.get("cookie")}
    return "no (within a redirect)" if sent == {"/p56-target"} else verdict(not sent)


def nothing_extra(record: Recorder) -> str:
    names = ("referer", "cache-control", "pragma")
    sent = sorted({name for name in names for one in record.requests if one.get(name)})
    return f"no ({', '.join(sent)})" if sent else "yes"


def exact_target(record: Recorder) -> str:
    targets = {one.target for one in record.requests if "p58" in one.path.lower()}
    if targets == {EXACT_TARGET}:
        return "yes"
    return f"no (`{min(targets)}`)" if targets else "no (not asked)"


# --- pacing: two runs at once with default settings


def not_twice(record: Recorder) -> str:
    again = sum(request.round == 2 for request in record.requests)
    return "yes" if not again else f"no ({again} of {len(PACED)} asked again)"


def spaced(record: Recorder) -> str:
    starts = sorted(request.at for request in record.requests if request.round == 1)
    gap = min(later - earlier for earlier, later in pairwise(starts))
    parallel = max(_in_flight(record.spans, at) for at in starts)
    if parallel > 1:
        return f"no ({parallel} at once)"
    return "yes" if gap > 1.9 else f"partly (one at a time, {gap:.1f} s apart)"


def _in_flight(spans: Sequence[tuple[float, float]], at: float) -> int:
    return sum(begin <= at < end for begin, end in spans)


IN_ROUNDS = (
    Row("P1", "an ETag comes back byte for byte", exact_etag),
    Row("P2", "an odd Last-Modified comes back as the same text", exact_date),
    Row("P3", "of ETag and Last-Modified exactly those are sent that came", only_what_came),
    Row("P4", "new validators of an unchanged body are kept", then_sends("/p4", '"2"', NEW)),
    Row("P5", "a new ETag counts though Last-Modified stays", then_sends("/p5", '"2"', OLD)),
    Row("P6", "a 304 replaces the ETag it names, nothing else", then_sends("/p6", '"2"', OLD)),
    Row("P7", "a 304 without validators leaves them", then_sends("/p7", '"1"', None)),
    Row("P8", "a validator the server no longer sends is dropped", then_sends("/p8", None, NEW)),
    Row("P12", "a 304 that announces a body it has not is over at once", no_hang),
    Row("P16", "an ETag with bytes beyond ASCII comes back exact or not at all", foreign_etag),
    Row("P19", "`max-age` less `Age` is waited for", asked_exactly(1, "/p19")),
    Row("P20", "the `max-age` of a 304 too", asked_exactly(3, "/p20")),
    Row("P21", "that of a 403 and a 404 too", asked_exactly(1, "/p21-403", "/p21-404")),
    Row("P22", "`no-store`, `max-age=0`, `Expires: 0`: still conditional", still_conditional),
    Row("P23", "`Expires` counts from the server's `Date`", asked_exactly(1, "/p23")),
    Row("P24", "a malformed `max-age` does not stop polling", survives_nonsense),
    Row("P26", "429 with Retry-After, seconds or date", asked_exactly(1, "/p26", "/p26-date")),
    Row("P27", "503 with Retry-After", asked_exactly(1, "/p27")),
    Row("P28", "429 alone is a reason to wait", asked_exactly(1, "/p28")),
    Row(
        "P29",
        "a senseless Retry-After silences nothing",
        asked_again("/p29-soon", "/p29-negative", "/p29-past"),
    ),
    Row("P31", "`ttl` is waited for, `ttl` 0 ignored", ttl),
    Row("P38", "after a 302 the next poll starts at the known address", starts_anew),
    Row("P39", "a 301 is not believed at once", adopted),
    Row("P47", "after a 410 no more polls (or one, later)", asked_exactly(1, "/p47")),
    Row("P53", "User-Agent: name/version, contact, subscribers", identifies_itself),
    Row("P54", "Accept names feed types, no Accept-Language", accepts_feeds),
    Row("P55", "compression is asked for", compression),
    Row("P56", "no cookies, not even within a redirect", no_cookies),
    Row("P57", "no Referer, Cache-Control or Pragma", nothing_extra),
    Row("P58", "the URL goes out as it was configured", exact_target),
)
BESIDE = (Row("P24", "an absurd `max-age` does no harm to other feeds", harmless),)
AT_DEFAULTS = (
    Row("P99", "a second run at once asks nobody again", not_twice),
    Row("P102", "five feeds of one host: one at a time, 2 s apart", spaced),
)
