"""The row of each source: adopting what feeds.yaml lists, claiming what is due, writing it back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.adapters.sqlite import codec, keyed
from aggregator.adapters.sqlite.codec import many, to_optional_moment
from aggregator.adapters.sqlite.connection import writing
from aggregator.adapters.sqlite.renamed import renamed
from aggregator.adapters.sqlite.rows import (
    COLUMNS,
    PLAIN,
    from_row,
    to_plain_row,
    to_row,
    told_alike,
)
from aggregator.core.cadence import clamp_loaded
from aggregator.core.model import Novelty, SourceState
from aggregator.core.outcome import Outcome
from aggregator.core.settings import Source

_PAGE = 1000  # states read at a time

_SELECT = f"SELECT {', '.join(COLUMNS)} FROM source_state"
_INSERT = (
    f"INSERT INTO source_state ({', '.join(COLUMNS)}, listed) "
    f"VALUES ({', '.join(f':{column}' for column in COLUMNS)}, 1)"
)
_UPDATE = (
    f"UPDATE source_state SET {', '.join(f'{column} = :{column}' for column in COLUMNS[1:])} "
    "WHERE source = :source"
)
_UPDATE_PLAIN = (
    f"UPDATE source_state SET {', '.join(f'{column} = :{column}' for column in PLAIN[1:])} "
    "WHERE source = :source"
)
# A forced poll must not bring the next one forward, nor a crash undercut the floor that the
# publisher's hints have set: the request goes out at some moment within the lease, so that is
# counted from its end.
_NEXT_POLL_OF_CLAIMED = "max(next_poll_at, :now + :next_poll, :lease_until + floor)"
_TAKE = (
    "UPDATE source_state SET last_attempt_at = :now, lease_until = :lease_until, "
    f"next_poll_at = {_NEXT_POLL_OF_CLAIMED} WHERE source IN (SELECT value FROM json_each(:taken))"
)
# As the rows will be: a poll goes by when it was asked before, so these are read before.
_OF_CLAIMED = {"lease_until": ":lease_until", "next_poll_at": _NEXT_POLL_OF_CLAIMED}
_CLAIMED = (
    f"SELECT {', '.join(_OF_CLAIMED.get(column, column) for column in COLUMNS)} "
    "FROM source_state WHERE source IN (SELECT value FROM json_each(:taken))"
)
_IS_DUE = (
    "listed = 1 AND gone = 0 AND next_poll_at <= :now "
    "AND (lease_until IS NULL OR lease_until <= :now) "
    "AND (parked_until IS NULL OR parked_until <= :now)"
)


def adopt(
    connection: sqlite3.Connection,
    sources: Sequence[Source],
    *,
    now: datetime,
    spread: timedelta,
    hard_interval: timedelta,
) -> None:
    """See Store.adopt. Rows that are right already are not written."""
    listed = many(source.id for source in sources)
    with writing(connection):
        if found := renamed(connection, sources):
            _follow(connection, found)
        known = {row[0] for row in connection.execute("SELECT source FROM source_state")}
        fresh = [source for source in sources if source.id not in known]
        connection.executemany(_INSERT, map(to_row, _first_states(fresh, now=now, spread=spread)))
        keyed.mark(connection, [source.id for source in fresh])
        connection.execute(
            "UPDATE source_state SET listed = 0 WHERE listed = 1 "
            "AND source NOT IN (SELECT value FROM json_each(?))",
            (listed,),
        )
        connection.execute(
            "UPDATE source_state SET listed = 1 WHERE listed = 0 "
            "AND source IN (SELECT value FROM json_each(?))",
            (listed,),
        )
        _resume_moved(connection, sources, now=now, hard_interval=hard_interval)
        _clamp(connection, now=now)


def _follow(connection: sqlite3.Connection, found: Mapping[str, str]) -> None:
    from aggregator.adapters.sqlite import renaming  # noqa: PLC0415 (with all that makes keys)

    renaming.follow(connection, found)


def _first_states(
    sources: Sequence[Source], *, now: datetime, spread: timedelta
) -> Iterator[SourceState]:
    for index, source in enumerate(sources):
        yield SourceState(
            source=source.id,
            url=source.url,
            next_poll_at=now + spread * index / len(sources),
            next_reason="new source",
        )


def _resume_moved(
    connection: sqlite3.Connection,
    sources: Sequence[Source],
    *,
    now: datetime,
    hard_interval: timedelta,
) -> None:
    """A source that was gone for good (410) is due again once its URL was edited (P47)."""
    gone = dict(connection.execute("SELECT source, url FROM source_state WHERE gone = 1"))
    edited = [
        source.id for source in sources if source.id in gone and source.url != gone[source.id]
    ]
    connection.execute(
        "UPDATE source_state SET gone = 0, gone_at = NULL, next_reason = 'new address', "
        "next_poll_at = max(:now, min(coalesce(last_attempt_at, 0), :now) + :hard) "
        "WHERE source IN (SELECT value FROM json_each(:edited))",
        {
            "now": codec.to_seconds(now),
            "hard": hard_interval // timedelta(seconds=1),
            "edited": many(edited),
        },
    )


def _clamp(connection: sqlite3.Connection, *, now: datetime) -> None:
    """Pull back what a clock that once ran ahead has written (P105).

    Only rows that might need it are read: 100,000 sources must not delay a start.
    """
    suspects = _states_where(
        connection,
        "next_poll_at > :tomorrow OR lease_until > :now OR parked_until > :now "
        "OR max(coalesce(last_attempt_at, 0), coalesce(last_success_at, 0), "
        "coalesce(last_change_at, 0), coalesce(failing_since, 0), coalesce(moved_first_at, 0), "
        "coalesce(gone_at, 0), coalesce(last_full_at, 0), coalesce(gap_at, 0)) > :now",
        {"now": codec.to_seconds(now), "tomorrow": codec.to_seconds(now + timedelta(days=1))},
    )
    clamped = [(state, clamp_loaded(state, now)) for state in suspects]
    connection.executemany(_UPDATE, (to_row(after) for before, after in clamped if after != before))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a claim asks for; see Store.claim."""

    now: datetime
    lease: timedelta
    next_poll: timedelta
    limit: int
    accept: Callable[[str], bool]
    only: Sequence[str] | None
    force: bool
    hard_interval: timedelta


def claim(connection: sqlite3.Connection, wanted: Claim) -> tuple[SourceState, ...]:
    """See Store.claim. The write lock is not asked for when nothing can be claimed."""
    if wanted.limit <= 0 or next(_claimable(connection, wanted), None) is None:
        return ()
    with writing(connection):
        taken = _accepted(_claimable(connection, wanted), wanted)
        values = {
            "now": codec.to_seconds(wanted.now),
            "lease_until": codec.to_seconds(wanted.now + wanted.lease),
            "next_poll": wanted.next_poll // timedelta(seconds=1),
            "taken": many(taken),
        }
        claimed = {row[0]: from_row(row) for row in connection.execute(_CLAIMED, values)}
        connection.execute(_TAKE, values)
    return tuple(claimed[source] for source in taken)


def _accepted(claimable: Iterable[str], wanted: Claim) -> list[str]:
    taken: list[str] = []
    for source in claimable:
        if wanted.accept(source):
            taken.append(source)
        if len(taken) >= wanted.limit:
            break
    return taken


def _claimable(connection: sqlite3.Connection, wanted: Claim) -> Iterator[str]:
    return _due(connection, wanted.now) if wanted.only is None else _named(connection, wanted)


def _due(connection: sqlite3.Connection, now: datetime) -> Iterator[str]:
    for (source,) in connection.execute(
        f"SELECT source FROM source_state WHERE {_IS_DUE} ORDER BY next_poll_at, source",
        {"now": codec.to_seconds(now)},
    ):
        yield source


def due_count(connection: sqlite3.Connection, now: datetime) -> int:
    """See Store.due_count. Counted in the index alone."""
    row = connection.execute(
        f"SELECT count(*) FROM source_state WHERE {_IS_DUE}", {"now": codec.to_seconds(now)}
    ).fetchone()
    return int(row[0])


def parked(connection: sqlite3.Connection, now: datetime) -> dict[str, datetime]:
    """See Store.parked. Found by an index that holds nothing else; the latest comes last."""
    rows = connection.execute(
        "SELECT CASE effective_url WHEN '' THEN url ELSE effective_url END, parked_until "
        "FROM source_state WHERE parked_until > ? ORDER BY parked_until, source",
        (codec.to_seconds(now),),
    )
    return {address: codec.to_moment(until) for address, until in rows}


def moved(connection: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    """See Store.moved. Reads all rows: once, at a start."""
    rows = connection.execute(
        "SELECT source, url, effective_url FROM source_state WHERE effective_url <> '' "
        "ORDER BY source"
    )
    return {source: (url, effective_url) for source, url, effective_url in rows}


def _named(connection: sqlite3.Connection, wanted: Claim) -> Iterator[str]:
    """The named sources that may be taken although not due, in the order they were named."""
    now = codec.to_seconds(wanted.now)
    latest_attempt = codec.to_seconds(wanted.now - wanted.hard_interval)
    free = {
        row[0]
        for row in connection.execute(
            "SELECT source FROM source_state WHERE listed = 1 "
            "AND source IN (SELECT value FROM json_each(:names)) "
            "AND (lease_until IS NULL OR lease_until <= :now) "
            "AND (:force OR (gone = 0 AND (parked_until IS NULL OR parked_until <= :now) "
            # Who asked for rest is left alone until the time that was then set (RFC 9110 §10.2.3).
            "AND (next_poll_at <= :now OR last_status IS NULL OR last_status NOT IN (429, 503)) "
            "AND (last_attempt_at IS NULL OR min(last_attempt_at, :now) <= :latest_attempt)))",
            {
                "names": many(wanted.only or ()),
                "now": now,
                "force": wanted.force,
                "latest_attempt": latest_attempt,
            },
        )
    }
    for name in dict.fromkeys(wanted.only or ()):
        if name in free:
            yield name


def leases(connection: sqlite3.Connection, outcomes: Iterable[Outcome]) -> dict[str, int | None]:
    """Until when each polled source is leased, in seconds as they are stored."""
    polled = many(outcome.state.source for outcome in outcomes)
    return dict(
        connection.execute(
            "SELECT source, lease_until FROM source_state "
            "WHERE source IN (SELECT value FROM json_each(?))",
            (polled,),
        )
    )


def write(connection: sqlite3.Connection, state: SourceState) -> None:
    """Write a state whole, whatever is stored."""
    connection.execute(_UPDATE, to_row(state))


def write_all(
    connection: sqlite3.Connection, changes: Iterable[tuple[SourceState, SourceState]]
) -> None:
    """Write what states have become, of those that were read.

    Most polls leave alone what is stored as JSON: then it is neither made nor written again.
    """
    whole: list[SourceState] = []
    rest: list[SourceState] = []
    for before, after in changes:
        (rest if told_alike(before, after) else whole).append(after)
    connection.executemany(_UPDATE, map(to_row, whole))
    connection.executemany(_UPDATE_PLAIN, map(to_plain_row, rest))


def state(connection: sqlite3.Connection, source: str) -> SourceState | None:
    return next(_states_where(connection, "source = ?", (source,)), None)


def states(connection: sqlite3.Connection) -> Iterator[SourceState]:
    """Listed sources by id, a page at a time: a slow reader holds no snapshot."""
    last = ""
    while True:
        page = list(
            _states_where(
                connection, "listed = 1 AND source > ? ORDER BY source LIMIT ?", (last, _PAGE)
            )
        )
        yield from page
        if len(page) < _PAGE:
            return
        last = page[-1].source


def _states_where(
    connection: sqlite3.Connection, condition: str, values: tuple[object, ...] | dict[str, object]
) -> Iterator[SourceState]:
    return map(from_row, connection.execute(f"{_SELECT} WHERE {condition}", values))


def next_due(connection: sqlite3.Connection) -> datetime | None:
    """The earliest moment at which some source can be claimed.

    A lease that a crash left behind runs out: its source counts from then. The rows come
    ordered by next_poll_at, so that mostly the first one decides.
    """
    earliest: int | None = None
    for next_poll_at, lease_until, parked_until in connection.execute(
        "SELECT next_poll_at, lease_until, parked_until FROM source_state "
        "WHERE listed = 1 AND gone = 0 ORDER BY next_poll_at, source"
    ):
        if earliest is not None and next_poll_at >= earliest:
            break
        moment = max(next_poll_at, lease_until or next_poll_at, parked_until or next_poll_at)
        earliest = moment if earliest is None else min(earliest, moment)
    return to_optional_moment(earliest)


def settled(outcome: Outcome, novelty: Novelty, *, queued: int) -> SourceState:
    """What the state of the source becomes."""
    after = outcome.settle(novelty)
    source = outcome.state.source
    if (after.source, after.lease_until, after.queued) == (source, None, queued):
        return after
    return replace(after, source=source, lease_until=None, queued=queued)
