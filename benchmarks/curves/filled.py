"""A profile of many sources, each on a host of its own, and a store that has polled them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from aggregator.adapters.sqlite import SqliteStore
from aggregator.app.application import DATABASE, load_settings
from aggregator.core.model import FeedInfo, SourceState, Validators
from aggregator.core.outcome import Outcome
from aggregator.core.settings import Source

FILE = "feeds.yaml"
DATA = "data"
_HOUR = timedelta(hours=1)
_AT_ONCE = 1000
_REMEMBERED = 21  # times of new entries, of each source
_FAILING = 100  # one source in so many


def profile(folder: Path, sources: int) -> Path:
    """Write feeds.yaml: sources with an id, one output of all."""
    lines = (
        f"  - {{id: source-{number}, url: 'http://site{number}.example/feeds/{number}.xml'}}\n"
        for number in range(sources)
    )
    file = folder / FILE
    file.write_text(f"sources:\n{''.join(lines)}outputs:\n  - {{id: all}}\n", encoding="utf-8")
    return file


def fill(file: Path) -> Path:
    """Make the store of a profile: all sources polled within the last hour, none due for two."""
    settings = load_settings(file, {})
    settings.data_dir.mkdir(exist_ok=True)
    path = settings.data_dir / DATABASE
    now = datetime.now(UTC).replace(microsecond=0)
    with SqliteStore.open(path) as store:
        store.adopt(settings.sources, now=now, spread=timedelta(0))
        for batch in _batches(settings.sources):
            _save(store, batch, now)
    return path


def _batches(sources: Sequence[Source]) -> Iterator[Sequence[tuple[int, Source]]]:
    """Sources with their numbers, so many as are saved at once."""
    for start in range(0, len(sources), _AT_ONCE):
        yield list(enumerate(sources[start : start + _AT_ONCE], start))


def _save(store: SqliteStore, batch: Sequence[tuple[int, Source]], now: datetime) -> None:
    sources = {source.id: (number, source) for number, source in batch}
    claimed = store.claim(
        now=now,
        lease=_HOUR,
        next_poll=_HOUR,
        limit=len(sources),
        accept=lambda _source: True,
        only=list(sources),
        force=True,
    )
    store.save_all([_outcome(*sources[state.source], state, now) for state in claimed])


def _outcome(number: int, source: Source, state: SourceState, now: datetime) -> Outcome:
    after = _polled(number, source, state, now)
    return Outcome(source=source, state=state, reading=None, settle=lambda _novelty: after, now=now)


def _polled(number: int, source: Source, state: SourceState, now: datetime) -> SourceState:
    """What is remembered of a source that is asked every six hours."""
    dice = Random(number)
    at = (now - dice.random() * _HOUR).replace(microsecond=0)
    site = f"http://site{number}.example/"
    is_failing = number % _FAILING == 0
    return replace(
        state,
        url=source.url,
        lease_until=None,
        validators=Validators(b'"%032x"' % dice.getrandbits(128), b"Fri, 27 Jun 2025 09:00:00"),
        body_hash=dice.randbytes(16),
        next_poll_at=at + (3 + 8 * dice.random()) * _HOUR,
        next_reason="about every 6 h: half the time between its entries",
        last_attempt_at=at,
        last_success_at=at,
        last_change_at=at,
        last_status=503 if is_failing else 304,
        last_error="503 Service Unavailable" if is_failing else "",
        last_error_kind="http" if is_failing else "",
        fail_count=int(is_failing),
        last_received=20_000,
        last_seconds=0.2,
        new_entry_times=tuple(at - count * 6 * _HOUR for count in range(_REMEMBERED, 0, -1)),
        ever_validated=True,
        last_full_at=at,
        info=FeedInfo(
            id=site,
            title=f"Site {number} of many",
            link=site,
            self_link=source.url,
            language="en",
        ),
    )
