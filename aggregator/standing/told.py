"""Source and state -> Standing: every fact of the poller's memory under a stable name. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath

from aggregator.core.model import SourceState
from aggregator.core.settings import Source
from aggregator.standing.discretion import Veil, veil
from aggregator.standing.notes import Note, hints_in_force, line_of, notes_of
from aggregator.standing.twins import SameFeed
from aggregator.standing.words import size, stamp, times

CONDITIONS = ("failing", "gone", "parked", "new", "ok")  # trouble first


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a source is: one JSON object of `aggregator status --json` and of /status.json.

    Times are None where there is none; `next_poll_at` also when it is polled no more.
    """

    source: str
    state: str = "new"  # one of CONDITIONS
    title: str
    site: str = ""
    url: str = ""  # as configured; a local path; "" for the public
    place: str = ""  # of the address in feeds.yaml
    polling: bool = False  # right now
    last_attempt_at: datetime | None = None
    last_success_at: datetime | None = None
    last_change_at: datetime | None = None
    last_full_at: datetime | None = None  # the last answer with a document
    next_poll_at: datetime | None = None
    next_reason: str = ""
    last_status: int | None = None
    last_error: str = ""
    last_error_kind: str = ""
    fail_count: int = 0  # in a row
    failing_since: datetime | None = None
    received: int = 0  # bytes of body of the last answer that could be used
    seconds: float = 0.0  # it took
    floor: int = 0  # seconds that the publisher asks for between two polls, capped
    floor_reason: str = ""  # with the value as the publisher said it
    ttl: int | None = None  # seconds
    syndication: int | None = None  # seconds
    skip_hours: tuple[int, ...] = ()  # GMT
    skip_days: tuple[int, ...] = ()  # Monday is 0
    hints: tuple[str, ...] = ()  # the same in words
    expired: bool = False  # says the feed (JSON Feed)
    validators: bool = False  # is there an ETag or Last-Modified to ask with?
    moved_to: str = ""  # pending
    moved_first_at: datetime | None = None
    moved_count: int = 0
    effective_url: str = ""  # asked instead of `url` since a move was confirmed
    new_url: str = ""  # itunes:new-feed-url
    self_link: str = ""
    gone: bool = False
    gone_at: datetime | None = None  # first 410
    parked_until: datetime | None = None
    unstable_guids: bool = False
    gaps: int = 0
    gap_at: datetime | None = None
    queued: int = 0
    same_as: tuple[str, ...] = ()  # the first of the sources that are the same feed
    notes: tuple[Note, ...] = ()

    @property
    def urgent(self) -> tuple[Note, ...]:
        """Return the notes that ask for somebody."""
        return tuple(note for note in self.notes if note.urgent)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a full account: a label, a moment if there is one, and words."""

    label: str
    text: str = ""
    at: datetime | None = None


def counts(told: Iterable[Standing]) -> list[tuple[str, int]]:
    """How many sources are in each condition that occurs, the worst first."""
    found = [standing.state for standing in told]
    return [(state, found.count(state)) for state in CONDITIONS if state in found]


def standing_of(
    source: Source,
    state: SourceState | None,
    *,
    same: SameFeed | None = None,
    now: datetime,
    public: bool = False,
) -> Standing:
    """Return how one source is. `state` is None when the store does not know it yet."""
    known = state or SourceState(source=source.id, next_poll_at=now, next_reason="new source")
    known = at_this_address(source, known)
    told = _with_wishes(
        _polled(source, known, now=now),
        known,
        notes=sorted(notes_of(source, known, same=same, now=now), key=lambda note: not note.urgent),
        same_as=same.besides(source.id) if same else (),
    )
    return _for_the_public(told, source) if public else _discreet(told, veil(source, public=False))


def condition_of(state: SourceState, *, now: datetime) -> str:
    """One word for how a source is: one of CONDITIONS."""
    if state.gone:
        return "gone"
    if state.fail_count > 0:
        return "failing"
    if state.parked_until is not None and state.parked_until > now:
        return "parked"
    return "ok" if state.last_success_at else "new"


def _polled(source: Source, state: SourceState, *, now: datetime) -> Standing:
    """Copy what is known of the source and of its polls."""
    return Standing(
        source=source.id,
        state=condition_of(state, now=now),
        title=source.title or state.info.title or source.id,
        site=state.info.link,
        url=source.url or str(source.path or ""),
        place=line_of(source.address_place or source.place),
        polling=state.lease_until is not None and state.lease_until > now,
        last_attempt_at=state.last_attempt_at,
        last_success_at=state.last_success_at,
        last_change_at=state.last_change_at,
        last_full_at=state.last_full_at,
        next_poll_at=None if state.gone else state.next_poll_at,
        next_reason=state.next_reason,
        last_status=state.last_status,
        last_error=state.last_error,
        last_error_kind=state.last_error_kind,
        fail_count=state.fail_count,
        failing_since=state.failing_since,
        received=state.last_received,
        seconds=state.last_seconds,
        validators=bool(state.validators.etag or state.validators.last_modified),
        gone=state.gone,
        gone_at=state.gone_at,
        parked_until=state.parked_until,
        unstable_guids=state.unstable_guids,
        gaps=state.gaps,
        gap_at=state.gap_at,
        queued=state.queued,
    )


def _with_wishes(
    told: Standing, state: SourceState, *, notes: Iterable[Note], same_as: tuple[str, ...]
) -> Standing:
    """Add what the publisher asks for, where it says the feed is, and what to say about it."""
    return replace(
        told,
        floor=state.floor,
        floor_reason=state.floor_reason,
        ttl=state.hints.ttl,
        syndication=state.hints.syndication,
        skip_hours=state.hints.skip_hours,
        skip_days=state.hints.skip_days,
        hints=hints_in_force(state),
        expired=state.hints.expired,
        moved_to=state.moved_to,
        moved_first_at=state.moved_first_at,
        moved_count=state.moved_count,
        effective_url=state.effective_url,
        new_url=state.hints.new_url,
        self_link=state.info.self_link,
        same_as=same_as,
        notes=tuple(notes),
    )


def at_this_address(source: Source, state: SourceState) -> SourceState:
    """Forget the moves of an address that is no longer the one in feeds.yaml."""
    if state.url == source.url:
        return state
    return replace(state, effective_url="", moved_to="", moved_first_at=None, moved_count=0)


def _discreet(told: Standing, veiled: Veil) -> Standing:
    """Draw the veil over every text that holds more than our own words."""
    every = "\n".join((*_told_texts(told), *told.hints, *map(str, told.notes)))
    if veiled(every) == every:
        return told
    return replace(
        told,
        title=veiled(told.title),
        site=veiled(told.site),
        url=veiled(told.url),
        next_reason=veiled(told.next_reason),
        last_error=veiled(told.last_error),
        floor_reason=veiled(told.floor_reason),
        hints=tuple(veiled(hint) for hint in told.hints),
        moved_to=veiled(told.moved_to),
        effective_url=veiled(told.effective_url),
        new_url=veiled(told.new_url),
        self_link=veiled(told.self_link),
        notes=tuple(_discreet_note(note, veiled) for note in told.notes),
    )


def _told_texts(told: Standing) -> tuple[str, ...]:
    """Return the texts that the veil is for, beside hints and notes."""
    return (
        told.title,
        told.site,
        told.url,
        told.next_reason,
        told.last_error,
        told.floor_reason,
        told.moved_to,
        told.effective_url,
        told.new_url,
        told.self_link,
        *(note.subject for note in told.notes),
    )


def _discreet_note(note: Note, veiled: Veil) -> Note:
    return replace(
        note, text=veiled(note.text), subject=veiled(note.subject), change=veiled(note.change)
    )


def _for_the_public(told: Standing, source: Source) -> Standing:
    """Leave out addresses; of feeds.yaml the file name and the line are enough.

    The site is made to be followed by everybody, so its address is not shortened.
    """
    place = PurePath(told.place).name
    change = f"{place}: aggregator status {told.source} shows how"
    notes = tuple(replace(note, change=change) if note.change else note for note in told.notes)
    shown = _discreet(replace(told, url="", place=place, notes=notes), veil(source, public=True))
    return replace(shown, site=veil(source, public=False)(told.site))


def values(told: Standing) -> dict[str, object]:
    """Return everything for programs, notes as objects. Names are stable."""
    fields = {field.name: getattr(told, field.name) for field in dataclasses.fields(told)}
    return fields | {"notes": [dataclasses.asdict(note) for note in told.notes]}


def facts(told: Standing) -> Iterator[Fact]:
    """Yield the full account of a source for people, without title, state and notes."""
    if told.url:
        yield Fact("address", f"{told.url} ({told.place})")
    if told.effective_url:
        yield Fact("asked at", told.effective_url)
    yield from _polls(told)
    if told.last_error:
        kind = f" ({told.last_error_kind})" if told.last_error_kind else ""
        yield Fact("error", f"{told.last_error}{kind}")
    if told.fail_count > 0:
        since = f", since {stamp(told.failing_since)}" if told.failing_since else ""
        row = " in a row" if told.fail_count > 1 else ""
        yield Fact("failed", f"{times(told.fail_count)}{row}{since}")
    for hint in told.hints:
        yield Fact("publisher asks", hint)


def _polls(told: Standing) -> Iterator[Fact]:
    yield Fact("last attempt", _answer(told), told.last_attempt_at)
    yield Fact("last success", "", told.last_success_at)
    yield Fact("last change", "", told.last_change_at)
    if told.polling:
        yield Fact("next poll", "under way now")
    elif told.next_poll_at is None:
        yield Fact("next poll", f"none: {told.next_reason}")
    else:
        yield Fact("next poll", told.next_reason, told.next_poll_at)


def _answer(told: Standing) -> str:
    """Say what the last poll was answered, how much came and how long it took."""
    if told.last_attempt_at is None:
        return ""
    status = f"HTTP {told.last_status}" if told.last_status else "no answer"
    if told.last_error:
        return status
    what = "not modified" if told.last_status == 304 else size(told.received)
    return f"{status}, {what} in {told.seconds:.2f} s"
