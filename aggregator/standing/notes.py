"""What an operator should know of a source, and what to do about it, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from aggregator.core.cadence import MOVE_POLLS, MOVE_SPAN, in_words
from aggregator.core.model import Place, SourceState
from aggregator.core.settings import Source
from aggregator.standing.twins import SameFeed, address_key
from aggregator.standing.words import counted, day, days, hours, stamp, times

_UNCONFIRMED = ("moving", "new address")
_LARGE = 64 * 1024  # bytes: what a source without validators costs at every poll


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence about a source. `urgent`: somebody should do something, or has lost something.

    `subject` is what it is about (an address, other sources): a note with the same kind and
    subject is the same note, although its counts differ. `change` is the line of feeds.yaml to
    write: "feeds.yaml:12: url: https://...".
    """

    kind: str
    text: str
    subject: str = ""
    change: str = ""
    urgent: bool = False

    def __str__(self) -> str:
        if not self.change:
            return self.text
        asks = "If that is right, change" if self.kind in _UNCONFIRMED else "Change"
        return f"{self.text}. {asks} {self.change}"


def notes_of(
    source: Source, state: SourceState, *, same: SameFeed | None, now: datetime
) -> Iterator[Note]:
    """Yield what there is to say beside errors and times, the most important first."""
    if state.url and state.url != source.url:
        yield Note(
            kind="edited",
            text="feeds.yaml has another address than the last poll asked: it is asked next",
        )
    else:
        yield from _ends(source, state)
        yield from _moves(source, state)
        yield from _other_addresses(source, state)
    if same is not None:
        yield _twin(source, same)
    yield from _losses(state)
    yield from _parking(state, now=now)
    yield from _habits(source, state)


def _change(source: Source, address: str) -> str:
    return f"{line_of(source.address_place or source.place)}: url: {address}"


def line_of(place: Place | None) -> str:
    """Return file and line, as far as they are known."""
    return f"{place.file}:{place.line}" if place else "feeds.yaml"


def _ends(source: Source, state: SourceState) -> Iterator[Note]:
    what = "it has expired" if state.hints.expired else "it is gone (410)"
    since = f" since {day(state.gone_at)}" if state.gone_at else ""
    if state.gone:
        yield Note(
            kind="gone",
            text=f"polls have stopped: the publisher says{since} that {what}; what was published "
            f"stays. To resume: aggregator poll {source.id} --force, or another address",
            change=_change(source, "…"),
            urgent=True,
        )
    elif state.gone_at:
        yield Note(
            kind="going",
            text=f"the publisher says{since} that {what}; asked once more a day later, "
            "then polls stop",
            urgent=True,
        )


def _moves(source: Source, state: SourceState) -> Iterator[Note]:
    if state.effective_url:
        yield Note(
            kind="moved",
            text=f"has moved for good, and is asked at {state.effective_url}",
            subject=state.effective_url,
            change=_change(source, state.effective_url),
            urgent=True,
        )
    if state.moved_to:
        since = f" since {stamp(state.moved_first_at)}" if state.moved_first_at else ""
        yield Note(
            kind="moving",
            text=f"is permanently redirected to {state.moved_to}, seen {times(state.moved_count)}"
            f"{since}; believed after {MOVE_POLLS} polls over {MOVE_SPAN.days} days",
            subject=state.moved_to,
            change=_change(source, state.moved_to),
            urgent=True,
        )


def _other_addresses(source: Source, state: SourceState) -> Iterator[Note]:
    """P51: what a document says of its own address is a hint, and never followed."""
    asked = {address_key(url) for url in (source.url, state.effective_url, state.moved_to) if url}
    if not asked:
        return
    new = state.hints.new_url
    if new and address_key(new) not in asked:
        yield Note(
            kind="new address",
            text=f"the document names a new address (itunes:new-feed-url), {new}: a hint, and not "
            "followed by itself",
            subject=new,
            change=_change(source, new),
            urgent=True,
        )
    own = state.info.self_link
    if own and address_key(own) not in {*asked, address_key(new)}:
        yield Note(
            kind="own address",
            text=f"its own address is {own}, says the document (rel=self) or a temporary "
            "redirect: a hint, and not followed by itself",
            subject=own,
        )


def _twin(source: Source, same: SameFeed) -> Note:
    others = ", ".join(same.besides(source.id))
    more = len(same.sources) - 1 - len(same.besides(source.id))
    told = others if more <= 0 else f"{others} and {more} more"
    return Note(
        kind="duplicate",
        text=f"same feed as {told}: {same.because}. One of them is enough",
        subject=str(same),
        urgent=True,
    )


def _losses(state: SourceState) -> Iterator[Note]:
    if state.gaps > 0:
        last = f", last on {stamp(state.gap_at)}" if state.gap_at else ""
        yield Note(
            kind="gap",
            text=f"entries were lost between polls: a document held none of the one before "
            f"({times(state.gaps)}{last}); the interval was shortened",
            urgent=True,
        )
    if state.queued > 0:
        entries = counted(state.queued, "entry", "entries")
        yield Note(
            kind="flood",
            text=f"{entries} of a flood wait to enter the outputs, so many at a poll "
            "(limits.new_entries)",
            urgent=True,
        )


def _parking(state: SourceState, *, now: datetime) -> Iterator[Note]:
    if state.parked_until is not None and state.parked_until > now:
        yield Note(
            kind="parked",
            text=f"the host asked everybody to wait (429) until {stamp(state.parked_until)}",
        )


def _habits(source: Source, state: SourceState) -> Iterator[Note]:
    if state.unstable_guids:
        yield Note(
            kind="guids",
            text="its guids change from poll to poll: entries are recognised by link or content",
        )
    if source.url and not state.ever_validated and state.last_received > _LARGE:
        yield Note(
            kind="no validators",
            text="sends neither ETag nor Last-Modified: every poll is a full download",
        )
    if source.ignore_validators:
        yield Note(kind="unconditional", text="never asked conditionally (ignore_validators: true)")
    if not source.verify_tls:
        yield Note(kind="tls", text="its certificate is not checked (verify_tls: false)")


def hints_in_force(state: SourceState) -> tuple[str, ...]:
    """Say what the publisher asks for: the floor and where it comes from, with the raw values."""
    hints = state.hints
    told = []
    if state.floor > 0:
        reason = state.floor_reason or "as the publisher asks"
        told.append(f"at least {in_words(state.floor)} between two polls: {reason}")
    if hints.ttl and hints.ttl > 0:
        told.append(f"ttl {hints.ttl // 60} min")
    if hints.syndication and hints.syndication > 0:
        told.append(f"sy:updatePeriod of {in_words(hints.syndication)}")
    if hours(hints.skip_hours):
        told.append(f"skipHours {hours(hints.skip_hours)}")
    if days(hints.skip_days):
        told.append(f"skipDays {days(hints.skip_days)}")
    return tuple(told)
