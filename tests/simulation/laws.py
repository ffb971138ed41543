"""What must be true of what the publishers have seen. Measured on the server's own clock.

The clock on our wall is allowed this much: where it is further ahead at the later of two requests
than it was at the earlier, it has told us that this much more time has passed; nobody can know
better after a restart, so that much is taken off. A clock that was set back takes nothing off.
A parked host is counted by the monotonic clock: within one life of the program no step of the
clock is an excuse. What another process was told takes a second or two to get around.

A poll that was killed before its answer was written down is asked again after the least interval,
whatever the operator's own interval is; the hints heard before it bind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import pairwise

from aggregator.dispatch import is_private
from tests.simulation.program import LIMITS
from tests.simulation.publishers import DAY, MINUTE
from tests.simulation.visits import Visit

HARD = LIMITS.hard_interval.total_seconds()
LEAST = LIMITS.min_interval.total_seconds()
WORD = 3.0  # seconds
SPACING = LIMITS.host_interval.total_seconds()


def violations(visits: Sequence[Visit]) -> list[str]:
    """Return everything that was impolite, in words. Visits come in the order of their requests."""
    return [
        *(said for own in _groups(visits, lambda one: one.source) for said in _source_laws(own)),
        *(said for own in _groups(visits, lambda one: one.host) for said in _parking(own)),
        *(said for own in _groups(visits, lambda one: (one.life, one.host)) for said in _host(own)),
        *_bursts(visits),
    ]


def _groups(visits: Sequence[Visit], key: Callable[[Visit], Hashable]) -> Iterator[list[Visit]]:
    groups: defaultdict[Hashable, list[Visit]] = defaultdict(list)
    for visit in visits:
        groups[key(visit)].append(visit)
    yield from groups.values()


# --- one source


def _source_laws(visits: Sequence[Visit]) -> Iterator[str]:
    """No request before everything has passed that the one before it has put in force."""
    for (before, hints), after in zip(_with_hints(visits), visits[1:], strict=False):
        for earliest, offset, why in _waits(before, after, hints=hints):
            early = earliest - max(after.asked_offset - offset, 0.0) - after.asked
            if early > 0:
                yield f"{early:.2f} s early ({why}): {before} then {after}"


def _with_hints(visits: Sequence[Visit]) -> Iterator[tuple[Visit, float]]:
    """Yield each visit and how long the hints heard last ask to wait after it, in seconds."""
    cache = document = 0.0
    address = ""
    for visit in visits:
        if visit.heard is not None and visit.configured != address:
            cache, document, address = 0.0, 0.0, visit.configured
        if visit.believed and visit.answer is not None:
            promise = visit.answer.promise
            cache = cache if promise.cache is None else promise.cache
            document = document if promise.document is None else promise.document
        yield visit, min(max(cache, document), DAY) if visit.configured == address else 0.0


def _waits(before: Visit, after: Visit, *, hints: float) -> Iterator[tuple[float, float, str]]:
    """Yield what binds the next request: a moment, how wrong our clock was then, and a reason."""
    heard = before.heard is not None
    offset = before.heard_offset if heard else before.asked_offset
    yield before.asked + HARD, offset, "the hard interval"
    if before.configured != after.configured:
        return
    if heard and before.answer is not None:
        retry, rest = before.answer.promise.retry, before.answer.status in (429, 503)
        if rest or not after.named:
            yield before.answered + retry, offset, "Retry-After"
    if not after.named:
        yield (before.answered if heard else before.asked) + hints, offset, "hints"
        yield before.asked + _own_interval(before), offset, "our own interval"


def _own_interval(visit: Visit) -> float:
    if visit.schedule.cron:
        return HARD
    if visit.schedule.every is None:
        return LEAST
    every = visit.schedule.every.total_seconds()
    return every if visit.heard is not None else min(every, LEAST)


# --- one host


def _parking(visits: Sequence[Visit]) -> Iterator[str]:
    """After a 429 nobody asks its host:port before the deadline, unless it is private.

    Over a restart the clock has its say, and what it once said counts: who was let in while it
    ran ahead has made the program forget the parking.
    """
    told: list[tuple[Visit, float]] = []
    for index, visit in enumerate(visits):
        for one, deadline in told:
            if deadline > visit.asked and not _excused(one, deadline, visits[: index + 1]):
                yield f"{deadline - visit.asked:.2f} s early (parked host): {one} then {visit}"
        promised = visit.answer.promise.host if visit.answer else 0.0
        if promised and visit.heard is not None and not is_private(visit.host):
            told.append((visit, visit.answered + promised))


def _excused(told: Visit, deadline: float, visits: Sequence[Visit]) -> bool:
    """Tell whether the last of `visits` could not know that its host is parked."""
    visit, heard = visits[-1], told.heard or 0.0
    if visit.life == told.life:
        return visit.asked < heard
    furthest = max(one.asked_offset for one in visits if one.asked >= told.asked)
    trust = max(furthest - told.heard_offset, 0.0)
    return visit.asked < heard + WORD or visit.asked >= deadline - trust


def _host(visits: Sequence[Visit]) -> Iterator[str]:
    """One at a time, and some seconds apart: within one life, for a kill forgets the seconds."""
    for before, after in pairwise(visits):
        if before.ended is None or before.ended > after.asked:
            yield f"two at once: {before} and {after}"
        elif after.asked - before.asked < SPACING:
            yield f"too close: {before} and {after}"


# --- all together


def _bursts(visits: Sequence[Visit]) -> Iterator[str]:
    """Downtime, restarts and steps of the clock make no stampede.

    Two starts a second, or all sources in a minute when they are new; half as many again, whose
    hosts were busy and come free together; and some more that happen to be due.
    """
    rate = max(2.0, len({visit.source for visit in visits}) / MINUTE)
    most = int(15 * rate) + 10
    for first, last in zip(visits, visits[most:], strict=False):
        if last.asked - first.asked < 10:
            yield f"{most} requests within 10 s: from {first} to {last}"
