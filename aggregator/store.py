"""What is remembered: the Protocol that the story needs and the database satisfies unknowingly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

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


class Shelf(Protocol):
    """What the contents of an output and of its archive are made from: the reading half."""

    def articles(
        self,
        sources: Sequence[str],
        *,
        priority: dict[str, int],
        called: Mapping[str, str] | None = None,
    ) -> Iterator[Article]:
        """Articles carried by any of `sources`, newest first (sort_at, then slug_hash).

        The copy shown is the best among those sources: higher priority, then more words, then
        first seen, then source id. `sightings` are the other sources of any kind. Articles
        without a body (pruned) are left out. Lazy: stop iterating and nothing more is read.
        `called` gives stored source ids other names, as if they had been renamed: that is how
        they are told, and which of two equal copies is shown goes by it.
        """

    def picked(
        self,
        slug_hashes: Sequence[int],
        sources: Sequence[str],
        *,
        priority: dict[str, int],
        called: Mapping[str, str] | None = None,
    ) -> tuple[Article, ...]:
        """Like `articles`, but only these; those that cannot be shown are missing."""

    def joined(self, output: str) -> dict[str, datetime]:
        """The sources that joined an output after it had carried something, and when."""

    def fresh(self, output: str, sources: Sequence[str]) -> dict[int, bool]:
        """Slug hashes of what polls touched in `sources` since the output was built last.

        Each with whether the output ever carried it. The latest 5,000 at most; none for an
        output that was never built.
        """

    def first_carried(self, output: str, slug_hashes: Sequence[int]) -> dict[int, datetime]:
        """Those of the articles that the output ever carried, and when it first did."""

    def recent(self, output: str, *, size: int) -> tuple[Carried, ...]:
        """The last `size` numbers, ascending."""

    def unpaged(self, output: str, *, limit: int) -> tuple[Carried, ...]:
        """The first `limit` numbers that no closed page covers, ascending."""

    def last_page(self, output: str) -> tuple[int, int]:
        """Number and last sequence number of the last closed page; zeros when there is none."""


class Store(Shelf, Protocol):
    """What is remembered. One contract suite runs over every implementation.

    Synchronous: one thread owns the writing half, readers have their own connections.
    Every method raises StoreError when the database refuses.
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
        """Make the store know exactly these sources.

        A new source is due at a moment spread evenly over now .. now + spread; a known one
        keeps its whole state; one no longer listed keeps its state and is never claimed. One
        that was gone and has another URL now is due again, but not within `hard_interval` of the
        last request to the old one. Times too far ahead are clamped
        (the clock may have jumped). What is stored of an id that is gone goes over to a new one
        with the same address. Entries that another version of the program has stored are made
        findable under today's keys: that may take minutes, once, and goes on where it was broken
        off.
        """

    def renamed(self, sources: Sequence[Source]) -> dict[str, str]:
        """Stored ids with the ids that `adopt` would give them."""

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
        """Take up to `limit` due sources; the lease is committed before anything is fetched.

        Due: next_poll_at <= now, no lease in force, not gone, not parked, listed. Oldest due
        first. `accept(source id)` may refuse one (its host is busy); it is asked at most once
        for each. The claim writes last_attempt_at = now, lease_until = now + lease and, where
        that is later, next_poll_at = now + next_poll or the floor in force: a crash costs one
        interval and never an early poll.
        The returned states carry the new lease but the last_attempt_at of before.
        `only` names sources: they are taken although not due, if the last attempt is at least
        `hard_interval` ago; with `force` also before that, parked or gone. Never while leased.
        """

    def memory(self, source: str) -> bytes:
        """What `save` kept of the last document of a source, for reading its next version.

        b"" for nothing: then all of it is read.
        """

    def save(self, outcome: Outcome) -> Saved | None:
        """Commit one poll in one transaction; None (and no write) when the lease was lost.

        Known entries and candidates are read, core.judge.resolve decides, entries, articles
        and keys are written, outcome.settle(novelty) gives the state, the lease is cleared.
        Each article touched marks all sources that carry it as changed (see `changes`).
        A reading that brings nothing new writes the state row and the memory alone.
        Raises ForgottenError when the reading builds on entries that are not stored.
        """

    def save_all(self, outcomes: Sequence[Outcome]) -> tuple[Saved | None, ...]:
        """`save` for several polls in one transaction."""

    def state(self, source: str) -> SourceState | None: ...

    def states(self) -> Iterator[SourceState]:
        """The states of all listed sources, by id."""

    def next_polls(self) -> dict[str, datetime]:
        """When each listed source is polled next."""

    def census(self) -> dict[str, int]:
        """How many listed sources are ok, failing, gone, or waiting for their first success."""

    def failures(self) -> dict[str, int]:
        """How often in a row each listed source has failed that fails, by id."""

    def titles(self) -> dict[str, tuple[str, str]]:
        """What the publisher of each listed source calls it, and the address of its site."""

    def next_due(self) -> datetime | None:
        """The earliest moment a listed, unleased, not gone source is due."""

    def due_count(self, now: datetime) -> int:
        """How many sources `claim` could take now."""

    def parked(self, now: datetime) -> dict[str, datetime]:
        """The addresses whose host asked to be left alone until later than now, and until when.

        Also those of sources no longer listed: the host asked all of us.
        """

    def moved(self) -> dict[str, tuple[str, str]]:
        """The sources with another address than the configured one: (configured, in use)."""

    # --- articles and building

    def changes(self, *, since: int = 0) -> dict[str, int]:
        """The change number of each source that changed after `since`; numbers only grow."""

    def open_build(self, output: str, *, digest: str, fresh_id: str, now: datetime) -> OutputState:
        """What is known of an output; makes the row (with `fresh_id`) at first sight.

        When `digest` differs from the stored one, settings_changed_at becomes `now`, and the
        output counts as not built.
        """

    def close_build(
        self, output: str, *, change: int, slug_hashes: Sequence[int], now: datetime
    ) -> None:
        """Record what an output carries now; first carriage gets the next sequence number.

        Of articles first carried together the older one gets the lower number.
        """

    # --- archives (RFC 5005 §4): each output numbers its articles in the order of publication

    def unnumbered(self, output: str, articles: Sequence[Article]) -> tuple[Article, ...]:
        """Those that `carry` would give a number, in this order."""

    def carry(self, output: str, articles: Sequence[Article], *, now: datetime) -> None:
        """Give the next numbers to articles never carried, the older one first.

        One that was edited after it was archived gets a number once more.
        """

    def pages(self, output: str) -> dict[int, str]:
        """The closed pages by number, each with the address it was written for."""

    def page(self, output: str, number: int) -> ArchivePage | None: ...

    def close_page(self, output: str, page: ArchivePage) -> bool:
        """Keep a page that is closed now; False when another process has closed it already."""

    def rewrite_page(self, output: str, page: ArchivePage) -> None:
        """Keep another version of a closed page: an article was taken down, or it moved."""

    def output_states(self) -> dict[str, OutputState]: ...

    def list_outputs(self, outputs: Sequence[Output], *, now: datetime) -> None:
        """Make the store know exactly these outputs.

        What is remembered of one (its Atom id, what it carried when) is kept when it is taken
        out, and passes to an output that names it as an alias and is new itself. Sources that
        join an output from now on are its members since `now`.
        """

    def members(self, output: str) -> dict[str, datetime | None]:
        """Since when each source is part of an output, as `list_outputs` noticed it.

        None: from the beginning, that is before the output carried anything.
        """

    def listed_outputs(self) -> tuple[str, ...]:
        """The known outputs that were not taken out, by id."""

    def removed_outputs(self) -> dict[str, datetime]:
        """The public outputs that were taken out, and when that was noticed."""

    def history(self, output: str, form: str) -> str:
        """The history of the versions of a document (see core.versions); "" when there is none.

        `form` is the ending of its file: "atom".
        """

    def keep_histories(self, output: str, histories: Mapping[str, str]) -> None:
        """Replace the histories of some forms of an output."""

    # --- reading commands

    def entries(
        self, *, source: str | None = None, slug: str | None = None
    ) -> Iterator[StoredEntry]: ...

    def find(self, what: str, *, limit: int = 10) -> tuple[str, ...]:
        """Slugs of the articles that `what` names: a slug, an id, a guid, a link, or words.

        A name of an article that was merged into another leads to that one, here and where else
        a slug is asked for.
        """

    def article(self, slug: str, *, priority: dict[str, int]) -> Article | None: ...

    def carried(self, slug: str, *, ever: bool = False) -> dict[str, datetime]:
        """Outputs that carry the article now, or did `ever`, with the time each first did."""

    def oldest_carried(self, output: str) -> datetime | None:
        """The date of the oldest article that the output carries now."""

    def carrying(self, output: str) -> dict[str, str]:
        """What the output carries now: slug -> title, in the order of its sequence numbers."""

    # --- moving

    def dump(self, *, progress: Callable[[int, int], None] = ...) -> Iterator[str]:
        """Everything, a line of JSON for each row, as of the first line; others go on writing.

        The same store gives the same lines. `progress` is told rows done and rows in all.
        """

    def load(
        self,
        lines: Iterable[str],
        *,
        replace: bool = False,
        progress: Callable[[int, int], None] = ...,
    ) -> int:
        """Become what was dumped, in one transaction; returns the number of rows.

        Raises StoreError, and nothing has changed, when the store is not empty (unless
        `replace`), and for lines that are damaged, incomplete or of a newer program.
        """

    # --- the operator's rulings: remembered for ever, obeyed by all later polls

    def split(
        self,
        slug: str,
        guid: str,
        *,
        source: str | None = None,
        sources: Sequence[Source] = (),
        now: datetime,
    ) -> Ruling:
        """Take the entry with this guid (or link) out of an article: it gets one of its own.

        That one's name follows from source and guid. No entry of the same source that shares
        any key with it joins the article again. `sources` are the listed ones, for the keys.
        Raises RulingError when the names fit no entry or several, or there is no other entry.
        """

    def merge(self, slug: str, other: str, *, now: datetime) -> Ruling:
        """Make the article `other` part of `slug`, with whatever would have joined it later.

        `slug` keeps its names; those of `other` lead to it from now on and are never given again.
        Raises RulingError for unknown names, or when they are one article.
        """

    def undo_split(
        self, slug: str, guid: str, *, source: str | None = None, now: datetime
    ) -> Ruling:
        """Take a split back: the entries of the article that was made return. See `split`."""

    def undo_merge(self, slug: str, other: str, *, now: datetime) -> Ruling:
        """Take a merge back: the retired article has its names again, and all that is its own."""

    def rulings(self, slug: str | None = None) -> tuple[Ruling, ...]:
        """What the operator ever decided, oldest first; with `slug` all that concerns an article.

        Also what concerned the articles that it has taken in.
        """

    def former_names(self, slug: str) -> tuple[tuple[str, str], ...]:
        """Slug and atom:id of each retired article that has become this one."""

    # --- housekeeping

    def prune(self, *, before: datetime, min_articles: int) -> int:
        """Drop the bodies of entries sorted before `before`, keys stay; returns how many.

        The newest `min_articles` articles of each source keep theirs.
        """

    def prune_pages(self, *, before: datetime) -> tuple[tuple[str, int], ...]:
        """Forget pages closed before; returns (output, number). The last one of each stays."""

    def optimize(self) -> None: ...

    def backup(self, path: Path) -> None:
        """Write a consistent copy while others go on reading and writing."""

    def integrity(self) -> str:
        """ "ok", or what SQLite says is wrong."""

    def close(self) -> None: ...
