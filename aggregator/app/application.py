"""Settings and store together: what every command starts from, and the reading commands use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator import __version__
from aggregator.adapters import config
from aggregator.adapters.schedule import check_cron
from aggregator.adapters.sqlite import SqliteStore
from aggregator.app import clock
from aggregator.archive import Edition, document
from aggregator.core.errors import StoreError
from aggregator.core.model import Article
from aggregator.core.render import feed_path
from aggregator.core.settings import Output, Settings, Source
from aggregator.outputs import Catalogue

if TYPE_CHECKING:
    from aggregator.adapters.config import Examined

DATABASE = "aggregator.db"
PUBLIC = "public"
PRIVATE = "private"
CHECKED = 256 * 1024 * 1024  # bytes; about a second
NO_CONTACT = (
    "contact: is not set and base_url is local, so publishers cannot tell who polls them; "
    "give them a page or a mail address"
)


def load_settings(file: Path, environ: Mapping[str, str]) -> Settings:
    """Read and check feeds.yaml. Raises ConfigError with all its problems."""
    return config.load(file, environ=environ, check_cron=check_cron)


def examine_settings(file: Path, environ: Mapping[str, str]) -> Examined:
    """Read feeds.yaml, try its examples, and look for what is hardly meant.

    Raises ConfigError with all its problems, failed examples among them.
    """
    return config.examine(file, environ=environ, now=clock.now(), check_cron=check_cron)


def user_agent(settings: Settings, source: Source) -> str:
    """Return the User-Agent: name, version, how to reach the operator, and how many read us.

    Publishers count by the word "subscribers", in the plural, and tell feeds of one poller
    apart by the feed-id. What the operator configured instead goes out as typed.
    """
    if settings.user_agent:
        return settings.user_agent
    contact = settings.contact or settings.base_url
    readers = f"{len(settings.outputs)} subscribers; feed-id={source.id}"
    return f"aggregator/{__version__} (+{contact}; {readers})"


def advice(settings: Settings) -> tuple[str, ...]:
    """Return what is no mistake in feeds.yaml, and still worth a word to the operator."""
    host = urlsplit(settings.base_url).hostname or ""
    remote = [source for source in settings.sources if source.url]
    if not remote or settings.contact or settings.user_agent:
        return ()
    if host == "localhost" or host.startswith("127.") or host == "::1":
        return (NO_CONTACT,)
    return ()


@dataclass(slots=True)
class App:
    """The program at rest: settings read, store open, nothing running."""

    settings: Settings
    store: SqliteStore
    environ: Mapping[str, str]
    _catalogue: Catalogue | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    @contextmanager
    def open(cls, file: Path, environ: Mapping[str, str]) -> Iterator[App]:
        """Open feeds.yaml and its store; the store is closed on the way out.

        Raises ConfigError, StoreError, and OSError when the data directory cannot be made.
        """
        settings = load_settings(file, environ)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        store = SqliteStore.open(settings.data_dir / DATABASE)
        try:
            yield cls(settings, store, environ)
        finally:
            store.close()

    @property
    def catalogue(self) -> Catalogue:
        """That of the settings in use, also while a reload is under way."""
        kept, settings = self._catalogue, self.settings
        if kept is None or kept.settings is not settings:
            kept = self._catalogue = Catalogue.of(settings)
        return kept

    @property
    def public_root(self) -> Path:
        return self.settings.data_dir / PUBLIC

    @property
    def private_root(self) -> Path:
        """What no web server should serve: only our own asks for tokens and passwords."""
        return self.settings.data_dir / PRIVATE

    def root_of(self, output: Output) -> Path:
        """The tree an output is published in."""
        return self.public_root if output.access is None else self.private_root

    def published(self, output: Output) -> Path:
        """The published feed of an output."""
        return self.root_of(output) / feed_path(output.id)

    @property
    def sources(self) -> dict[str, Source]:
        return {source.id: source for source in self.settings.sources}

    @property
    def priority(self) -> dict[str, int]:
        return {source.id: source.priority for source in self.settings.sources}

    def output(self, output_id: str) -> Output | None:
        return next((one for one in self.settings.outputs if one.id == output_id), None)

    def reload(self) -> None:
        """Read feeds.yaml anew and use it. Raises ConfigError, and then nothing has changed.

        Another `data_dir:` counts from the next start: the database is open.
        """
        loaded = load_settings(self.settings.file, self.environ)
        self.settings = replace(loaded, data_dir=self.settings.data_dir)

    def now(self) -> datetime:
        """Return the time, UTC, in whole seconds: for all that is built and shown."""
        return clock.now()

    def check_database(self) -> None:
        """Look at every page of a database of at most CHECKED bytes: a larger one takes long.

        That one is read in whole by its nightly backup. Raises StoreError when it is damaged.
        """
        path = self.store.path
        if path.stat().st_size > CHECKED:
            return
        damage = self.store.integrity()
        if damage != "ok":
            raise StoreError(
                f"{path}: the database is damaged: {damage[:500]}; restore a backup or repair it "
                "with the .recover command of sqlite3"
            )

    def selected(self, output: Output, *, limit: int | None = None) -> tuple[Article, ...]:
        """Return the articles an output carries, in its order; of these the newest `limit`."""
        edition = Edition.of(self.catalogue, output, store=self.store, now=self.now())
        carried = document(edition)
        if limit is None:
            return carried
        return carried[-limit:] if output.order == "oldest" and limit else carried[:limit]

    def articles(self, *, limit: int | None = None) -> Iterator[Article]:
        """Yield all stored articles of the listed sources, newest first."""
        ids = [source.id for source in self.settings.sources]
        return islice(self.store.articles(ids, priority=self.priority), limit)

    def due(self) -> int:
        """Return how many listed sources can be polled now."""
        return self.store.due_count(self.now())
