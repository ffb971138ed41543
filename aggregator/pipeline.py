"""The whole program in two functions: `poll` fetches one source, `build` renders one output.

    poll:   source -> fetch -> read (parse, clean, identify) -> save      one transaction
    build:  store -> select -> number -> render -> publish                only if changed

They meet only in the store (see store.py); either half runs alone. The callables below are what
the story needs from the outside; the adapters satisfy them without knowing it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from hashlib import blake2b

from aggregator.core import cadence
from aggregator.core.errors import ForgottenError, PublishError, SourceError
from aggregator.core.filter import select
from aggregator.core.model import (
    Article,
    BuildReport,
    Document,
    Fetched,
    Novelty,
    OutputState,
    PollReport,
    Reading,
    SourceState,
    Verdict,
)
from aggregator.core.outcome import Outcome, Saved
from aggregator.core.render import Pieces, feed_path, render
from aggregator.core.settings import Limits, Output, Source
from aggregator.core.shares import Share
from aggregator.core.validators import request_mark

Fetch = Callable[[Source, SourceState], Awaitable[Fetched]]
Read = Callable[[Source, Document, bool], Awaitable[Reading]]  # True: all of it, else what is new
Save = Callable[[Outcome], Awaitable[Saved | None]]
Judge = Callable[[Article], Verdict]
Publish = Callable[[str, bytes], bool]
_TOO_MUCH = ("deadline", "memory")  # kinds of ParseError


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """What decides the next poll besides the source itself: bounds, calendar and chance."""

    limits: Limits
    cron_next: Callable[[str, datetime], datetime]
    chance: Callable[[], float]  # 0 to 1; only ever delays


async def poll(
    source: Source,
    state: SourceState,
    *,
    fetch: Fetch,
    read: Read,
    save: Save,
    pacing: Pacing,
    clock: Callable[[], datetime],
) -> PollReport:
    """Fetch one claimed source and save what it brought; a failure becomes part of the report.

    Raises StoreError when the database refuses. A bug stays an exception.
    """
    fetched = None
    try:
        fetched = await fetch(source, cadence.to_be_asked(state, now=clock()))
        body_hash, reading = await _read_if_changed(source, state, fetched, read)
        settle = partial(
            _success, source, state, fetched, body_hash=body_hash, pacing=pacing, now=clock()
        )
        try:
            saved = await save(settle(reading))
        except ForgottenError:
            reading = await _read_all(source, fetched, read)
            saved = await save(settle(reading))
    except SourceError as error:
        return await record_failure(
            source, state, error, fetched=fetched, save=save, pacing=pacing, clock=clock
        )
    return _report_success(fetched, reading, saved, state=state)


def _success(
    source: Source,
    state: SourceState,
    fetched: Fetched,
    reading: Reading | None,
    *,
    body_hash: bytes,
    pacing: Pacing,
    now: datetime,
) -> Outcome:
    def settle(novelty: Novelty) -> SourceState:
        return cadence.after_success(
            state,
            pace=cadence.Pace.of(source, pacing.limits),
            url=source.url,
            mark=request_mark(source),
            trusted=source.accept_replacement or source.path is not None,
            fetched=fetched,
            reading=reading,
            body_hash=body_hash,
            novelty=novelty,
            now=now,
            chance=pacing.chance(),
            cron_next=pacing.cron_next,
        )

    return Outcome(
        source=source,
        state=state,
        reading=reading,
        settle=settle,
        now=now,
        capacity=_capacity(state, pacing.limits),
    )


def _capacity(state: SourceState, limits: Limits) -> int:
    """How many new entries may enter the outputs at once: few of a source's whole past (P84)."""
    return limits.first_entries if state.last_success_at is None else limits.new_entries


async def _read_if_changed(
    source: Source, state: SourceState, fetched: Fetched, read: Read
) -> tuple[bytes, Reading | None]:
    """Read the document unless its bytes are those of the last one (P13, P18).

    All of it where nothing is known of it, and where looking for what is new took too much:
    that may end in reading the whole as well.
    """
    if fetched.document is None:
        return state.body_hash, None
    body_hash = _body_hash(source, fetched.document)
    if body_hash == state.body_hash:
        return body_hash, None
    whole = not state.body_hash or state.last_error_kind in _TOO_MUCH
    return body_hash, await read(source, fetched.document, whole)


async def _read_all(source: Source, fetched: Fetched, read: Read) -> Reading | None:
    """Read a document again that was read as the next version of one the store has forgotten."""
    return None if fetched.document is None else await read(source, fetched.document, True)


def _body_hash(source: Source, document: Document) -> bytes:
    """Hash the body and all else that shapes what is read from it."""
    shape = "\x1f".join(
        (document.url, document.content_type or "", source.title, repr(source.dedupe))
    )
    return blake2b(document.body, digest_size=16, key=_key_of(shape)).digest()


def _key_of(shape: str) -> bytes:
    return blake2b(shape.encode("utf-8", "surrogatepass"), digest_size=32).digest()


async def record_failure(
    source: Source,
    state: SourceState,
    error: SourceError,
    *,
    fetched: Fetched | None = None,
    save: Save,
    pacing: Pacing,
    clock: Callable[[], datetime],
) -> PollReport:
    """Save that a poll failed and when to try again; entries and validators stay as they are.

    `fetched` is what was received before reading it failed.
    """
    outcome = _failure(source, state, error, fetched=fetched, pacing=pacing, now=clock())
    saved = await save(outcome)
    return _report_failure(fetched, error, saved, state=state)


def _failure(
    source: Source,
    state: SourceState,
    error: SourceError,
    *,
    fetched: Fetched | None,
    pacing: Pacing,
    now: datetime,
) -> Outcome:
    def settle(_: Novelty) -> SourceState:
        return cadence.after_failure(
            state,
            pace=cadence.Pace.of(source, pacing.limits),
            error=error,
            url=source.url,
            mark=request_mark(source),
            fetched=fetched,
            now=now,
            chance=pacing.chance(),
            cron_next=pacing.cron_next,
        )

    return Outcome(
        source=source,
        state=state,
        reading=None,
        settle=settle,
        now=now,
        capacity=_capacity(state, pacing.limits),
    )


def _report_failure(
    fetched: Fetched | None, error: SourceError, saved: Saved | None, *, state: SourceState
) -> PollReport:
    after = saved.state if saved else state
    return PollReport(
        source=state.source,
        outcome="failed" if saved else "superseded",
        status=after.last_status,
        error=str(error),
        error_kind=error.kind,
        next_poll_at=after.next_poll_at,
        next_reason=after.next_reason,
        seconds=fetched.seconds if fetched else 0.0,
        received=fetched.received if fetched else 0,
        parked_until=after.parked_until,
        effective_url=after.effective_url,
        let_out=after.queued < state.queued,
    )


def _report_success(
    fetched: Fetched, reading: Reading | None, saved: Saved | None, *, state: SourceState
) -> PollReport:
    after = saved.state if saved else state
    novelty = saved.novelty if saved else Novelty()
    return PollReport(
        source=state.source,
        outcome=_outcome(fetched, novelty) if saved else "superseded",
        status=fetched.status,
        novelty=novelty,
        skipped=reading.feed.skipped if reading else (),
        next_poll_at=after.next_poll_at,
        next_reason=after.next_reason,
        seconds=fetched.seconds,
        received=fetched.received,
        effective_url=after.effective_url,
        let_out=after.queued < state.queued,
    )


def _outcome(fetched: Fetched, novelty: Novelty) -> str:
    if fetched.document is None:
        return "not_modified"
    return "changed" if novelty.new or novelty.updated else "unchanged"


def choose(
    output: Output,
    articles: Iterable[Article],
    *,
    judge: Judge,
    shares: Sequence[Share] = (),
    now: datetime,
) -> tuple[Article, ...]:
    """Return the newest articles that an output keeps of `articles` (newest first), in its order.

    What else its document carries, `archive` says.
    """
    return select(
        articles,
        judge=judge,
        limit=output.limit,
        shares=shares,
        max_age=output.max_age,
        order=output.order,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class Built:
    """The report of a build, and the articles the output carries now (none after an error)."""

    report: BuildReport
    slug_hashes: tuple[int, ...] = ()
    articles: tuple[Article, ...] = ()


def build(
    output: Output,
    *,
    articles: Sequence[Article],
    state: OutputState,
    base_url: str,
    previous: int = 0,
    ttl: int = 60,
    known: Pieces | None = None,
    publish: Publish,
) -> Built:
    """Render and publish one output with its articles, in every form.

    `previous` is the page of the archive behind it, `ttl` the minutes it stays fresh. `known`
    are entries that were rendered before.
    `publish(name, bytes)` says whether the bytes were new. A disk that refuses becomes the
    report's error; the old files stay and the next build tries again.
    """
    rendered = render(
        output,
        articles,
        base_url=base_url,
        atom_id=output.atom_id or state.atom_id,
        settings_changed_at=state.settings_changed_at,
        previous=previous,
        ttl=ttl,
        known=known,
    )
    report = BuildReport(
        output=output.id,
        entries=len(rendered.carried),
        size=len(rendered.body),
        left_out=rendered.left_out,
    )
    changed: list[str] = []
    try:
        for form, body in rendered.bodies.items():
            if publish(feed_path(output.id, form), body):
                changed.append(form)
    except PublishError as error:
        return Built(replace(report, forms=tuple(changed), error=str(error)))
    report = replace(report, changed=bool(changed), forms=tuple(changed))
    return Built(report, rendered.carried, tuple(articles))
