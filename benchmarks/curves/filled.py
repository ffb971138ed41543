"""A profile of many sources, each on a host of its own, and a store that has polled them all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from aggregator.adapters.sqlite import SqliteStore, states
from aggregator.adapters.sqlite.connection import connect, writing
from aggregator.app.application import DATABASE, load_settings
from aggregator.core.model import FeedInfo, SourceState, Validators
from aggregator.core.settings import Source

FILE = "feeds.yaml"
DATA = "data"
_HOUR = timedelta(hours=1)
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
    with closing(connect(path)) as connection, writing(connection):
        for state in _polled(settings.sources, now):
            states.write(connection, state)
    return path


def _polled(sources: tuple[Source, ...], now: datetime) -> Iterator[SourceState]:
    dice = Random(len(sources))
    for number, source in enumerate(sources):
        at = now - dice.random() * _HOUR
        site = f"http://site{number}.example/"
        is_failing = number % _FAILING == 0
        yield SourceState(
            source=source.id,
            url=source.url,
            validators=Validators(b'"%032x"' % dice.getrandbits(128), b"Fri, 27 Jun 2025 09:00:00"),
            body_hash=dice.randbytes(16),
            next_poll_at=now + (2 + 8 * dice.random()) * _HOUR,
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
