"""The door of the store: the methods the story needs, each passed on to the module that knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.adapters.sqlite import (
    archive,
    keyed,
    ledger,
    memories,
    serving,
    shown,
    states,
    together,
    upkeep,
)
from aggregator.adapters.sqlite.connection import connect, refusals
from aggregator.adapters.sqlite.opening import OpenStore
from aggregator.adapters.sqlite.renamed import renamed
from aggregator.core.late import modules
from aggregator.core.model import (
    ArchivePage,
    Article,
    Carried,
    OutputState,
    Ruling,
    SourceState,
    StoredEntry,
)
from aggregator.core.outcome import Outcome, Saved
from aggregator.core.settings import Output, Source

if TYPE_CHECKING:
    from aggregator.adapters.sqlite import lookup, moving, rekeying, rulings
else:  # no poll needs them
    lookup, moving, rekeying, rulings = modules(
        "aggregator.adapters.sqlite", "lookup", "moving", "rekeying", "rulings"
    )

Progress = Callable[[int, int], None]  # rows done, rows in all


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


class SqliteStore(OpenStore):
    """What is remembered, in one SQLite file; satisfies the Store protocol of the story.

    Writers take turns, here and between processes. Every method raises StoreError when the
    database refuses.
    """

    # --- sources and polling

    def adopt(
        self,
        sources: Sequence[Source],
        *,
        now: datetime,
        spread: timedelta,
        hard_interval: timedelta = timedelta(0),
    ) -> None:
        with self._connected() as connection:
            states.adopt(connection, sources, now=now, spread=spread, hard_interval=hard_interval)
            if stale := keyed.stale(connection):
                rekeying.rekey(connection, stale, sources, progress=rekeying.tell)

    def renamed(self, sources: Sequence[Source]) -> dict[str, str]:
        with self._connected() as connection:
            return renamed(connection, sources)

    def claim(
        self,
        *,
        now: datetime,
        lease: timedelta,
        next_poll: timedelta,
        limit: int,
        accept: Callable[[str], bool],
        only: Sequence[str] | None = None,
        force: bool = False,
        hard_interval: timedelta = timedelta(0),
    ) -> tuple[SourceState, ...]:
        wanted = states.Claim(
            now=now,
            lease=lease,
            next_poll=next_poll,
            limit=limit,
            accept=accept,
            only=only,
            force=force,
            hard_interval=hard_interval,
        )
        with self._connected() as connection:
            return states.claim(connection, wanted)

    def memory(self, source: str) -> bytes:
        with self._connected() as connection:
            return memories.memory(connection, source)

    def save(self, outcome: Outcome) -> Saved | None:
        return self.save_all((outcome,))[0]

    def save_all(self, outcomes: Sequence[Outcome]) -> tuple[Saved | None, ...]:
        """Save several polls; raises the first error of one after the others are committed."""
        saved: list[Saved | None] = []
        errors: list[Exception] = []
        for result in self.save_each(outcomes):
            if isinstance(result, Exception):
                errors.append(result)
            else:
                saved.append(result)
        if errors:
            raise errors[0]
        return tuple(saved)

    def save_each(self, outcomes: Sequence[Outcome]) -> tuple[Saved | Exception | None, ...]:
        """Like `save_all`, but what fails alone is handed back in its place."""
        with self._connected() as connection:
            return together.save_each(connection, outcomes, path=self.path)

    def state(self, source: str) -> SourceState | None:
        with self._connected() as connection:
            return states.state(connection, source)

    def states(self) -> Iterator[SourceState]:
        with self._connected() as connection:
            yield from states.states(connection)

    def next_polls(self) -> dict[str, datetime]:
        with self._connected() as connection:
            return serving.next_polls(connection)

    def census(self) -> dict[str, int]:
        with self._connected() as connection:
            return serving.census(connection)

    def failures(self) -> dict[str, int]:
        with self._connected() as connection:
            return serving.failures(connection)

    def titles(self) -> dict[str, tuple[str, str]]:
        with self._connected() as connection:
            return serving.titles(connection)

    def next_due(self) -> datetime | None:
        with self._connected() as connection:
            return states.next_due(connection)

    def due_count(self, now: datetime) -> int:
        with self._connected() as connection:
            return states.due_count(connection, now)

    def parked(self, now: datetime) -> dict[str, datetime]:
        with self._connected() as connection:
            return states.parked(connection, now)

    def moved(self) -> dict[str, tuple[str, str]]:
        with self._connected() as connection:
            return states.moved(connection)

    # --- articles and building

    def changes(self, *, since: int = 0) -> dict[str, int]:
        with self._connected() as connection:
            return ledger.changes(connection, since=since)

    def articles(
        self,
        sources: Sequence[str],
        *,
        priority: dict[str, int],
        called: Mapping[str, str] | None = None,
    ) -> Iterator[Article]:
        with self._connected() as connection:
            yield from shown.articles(connection, sources, priority=priority, called=called)

    def open_build(self, output: str, *, digest: str, fresh_id: str, now: datetime) -> OutputState:
        with self._connected() as connection:
            return ledger.open_build(connection, output, digest=digest, fresh_id=fresh_id, now=now)

    def close_build(
        self, output: str, *, change: int, slug_hashes: Sequence[int], now: datetime
    ) -> None:
        with self._connected() as connection:
            ledger.close_build(connection, output, change=change, slug_hashes=slug_hashes, now=now)

    def fresh(self, output: str, sources: Sequence[str]) -> dict[int, bool]:
        with self._connected() as connection:
            return archive.fresh(connection, output, sources)

    def picked(
        self,
        slug_hashes: Sequence[int],
        sources: Sequence[str],
        *,
        priority: dict[str, int],
        called: Mapping[str, str] | None = None,
    ) -> tuple[Article, ...]:
        with self._connected() as connection:
            return shown.picked(connection, slug_hashes, sources, priority=priority, called=called)

    def unnumbered(self, output: str, articles: Sequence[Article]) -> tuple[Article, ...]:
        with self._connected() as connection:
            return archive.unnumbered(connection, output, articles)

    def carry(self, output: str, articles: Sequence[Article], *, now: datetime) -> None:
        with self._connected() as connection:
            archive.carry(connection, output, articles, now=now)

    def recent(self, output: str, *, size: int) -> tuple[Carried, ...]:
        with self._connected() as connection:
            return archive.recent(connection, output, size=size)

    def unpaged(self, output: str, *, limit: int) -> tuple[Carried, ...]:
        with self._connected() as connection:
            return archive.unpaged(connection, output, limit=limit)

    def pages(self, output: str) -> dict[int, str]:
        with self._connected() as connection:
            return archive.pages(connection, output)

    def last_page(self, output: str) -> tuple[int, int]:
        with self._connected() as connection:
            return archive.last_page(connection, output)

    def page(self, output: str, number: int) -> ArchivePage | None:
        with self._connected() as connection:
            return archive.page(connection, output, number)

    def close_page(self, output: str, page: ArchivePage) -> bool:
        with self._connected() as connection:
            return archive.close_page(connection, output, page)

    def rewrite_page(self, output: str, page: ArchivePage) -> None:
        with self._connected() as connection:
            archive.rewrite_page(connection, output, page)

    def output_states(self) -> dict[str, OutputState]:
        with self._connected() as connection:
            return ledger.output_states(connection)

    def list_outputs(self, outputs: Sequence[Output], *, now: datetime) -> None:
        with self._connected() as connection:
            serving.list_outputs(connection, outputs, now=now)

    def members(self, output: str) -> dict[str, datetime | None]:
        with self._connected() as connection:
            return serving.members(connection, output)

    def joined(self, output: str) -> dict[str, datetime]:
        with self._connected() as connection:
            return serving.joined(connection, output)

    def first_carried(self, output: str, slug_hashes: Sequence[int]) -> dict[int, datetime]:
        with self._connected() as connection:
            return ledger.first_carried(connection, output, slug_hashes)

    def listed_outputs(self) -> tuple[str, ...]:
        with self._connected() as connection:
            return serving.listed_outputs(connection)

    def removed_outputs(self) -> dict[str, datetime]:
        with self._connected() as connection:
            return serving.removed_outputs(connection)

    def history(self, output: str, form: str) -> str:
        with self._connected() as connection:
            return serving.history(connection, output, form)

    def keep_histories(self, output: str, histories: Mapping[str, str]) -> None:
        with self._connected() as connection:
            serving.keep_histories(connection, output, histories)

    # --- reading commands

    def entries(
        self, *, source: str | None = None, slug: str | None = None
    ) -> Iterator[StoredEntry]:
        with self._connected() as connection:
            yield from lookup.entries(connection, source=source, slug=slug)

    def find(self, what: str, *, limit: int = 10) -> tuple[str, ...]:
        with self._connected() as connection:
            return lookup.find(connection, what, limit=limit)

    def article(self, slug: str, *, priority: dict[str, int]) -> Article | None:
        with self._connected() as connection:
            return shown.article(connection, slug, priority=priority)

    def carried(self, slug: str, *, ever: bool = False) -> dict[str, datetime]:
        with self._connected() as connection:
            return ledger.carried(connection, slug, ever=ever)

    def oldest_carried(self, output: str) -> datetime | None:
        with self._connected() as connection:
            return ledger.oldest_carried(connection, output)

    def carrying(self, output: str) -> dict[str, str]:
        with self._connected() as connection:
            return ledger.carrying(connection, output)

    # --- moving

    def dump(self, *, progress: Progress = _silent) -> Iterator[str]:
        with refusals(self.path), closing(connect(self.path)) as connection:
            yield from moving.lines(connection, progress=progress)

    def load(
        self,
        lines: Iterable[str],
        *,
        replace: bool = False,
        progress: Progress = _silent,
    ) -> int:
        with self._connected() as connection:
            return moving.load(connection, lines, replace=replace, progress=progress)

    # --- the operator's rulings

    def split(
        self,
        slug: str,
        guid: str,
        *,
        source: str | None = None,
        sources: Sequence[Source] = (),
        now: datetime,
    ) -> Ruling:
        with self._connected() as connection:
            return rulings.split(connection, slug, guid, source=source, sources=sources, now=now)

    def merge(self, slug: str, other: str, *, now: datetime) -> Ruling:
        with self._connected() as connection:
            return rulings.merge(connection, slug, other, now=now)

    def undo_split(
        self, slug: str, guid: str, *, source: str | None = None, now: datetime
    ) -> Ruling:
        with self._connected() as connection:
            return rulings.undo_split(connection, slug, guid, source=source, now=now)

    def undo_merge(self, slug: str, other: str, *, now: datetime) -> Ruling:
        with self._connected() as connection:
            return rulings.undo_merge(connection, slug, other, now=now)

    def rulings(self, slug: str | None = None) -> tuple[Ruling, ...]:
        with self._connected() as connection:
            return rulings.rulings(connection, slug)

    def former_names(self, slug: str) -> tuple[tuple[str, str], ...]:
        with self._connected() as connection:
            return rulings.former_names(connection, slug)

    # --- housekeeping

    def prune(self, *, before: datetime, min_articles: int) -> int:
        with self._connected() as connection:
            return upkeep.prune(connection, before=before, min_articles=min_articles)

    def prune_pages(self, *, before: datetime) -> tuple[tuple[str, int], ...]:
        with self._connected() as connection:
            return archive.prune(connection, before=before)

    def optimize(self) -> None:
        with self._connected() as connection:
            upkeep.optimize(connection)

    def backup(self, path: Path) -> None:
        with self._connected() as connection:
            upkeep.backup(connection, path)

    def integrity(self) -> str:
        with self._connected() as connection:
            return upkeep.integrity(connection)
