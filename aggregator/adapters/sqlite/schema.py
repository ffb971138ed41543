"""The tables, as an ordered list of migrations. Each runs once; all that are due run in one go.

Times are UTC seconds since 1970; hashes are signed 64-bit integers. The file says whose it is
(`application_id`) and how far it has come (`user_version`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.adapters.sqlite import wording
from aggregator.adapters.sqlite.connection import as_database, writing
from aggregator.core.errors import StoreError

if TYPE_CHECKING:
    from sqlite_utils import Database
    from sqlite_utils.db import Table

APPLICATION_ID = 0x41474752  # "AGGR"


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make or migrate the tables. Raises StoreError for a file of another or a newer program."""
    version = _version(connection, path)
    if version == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # only before the first table
    connection.execute("PRAGMA journal_mode = WAL")
    if version == len(MIGRATIONS):
        _probe(connection)
        return
    with writing(connection):
        # Looked at again: another process may have been faster.
        for migration in MIGRATIONS[_version(connection, path) :]:
            migration(as_database(connection))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if owner != APPLICATION_ID and (tables or version or owner):
        raise StoreError(f"{path}: this database belongs to another program; name another file")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path}: written by a newer aggregator (schema {version}, this one knows "
            f"{len(MIGRATIONS)}); upgrade, or restore a backup from before"
        )
    return version


def _probe(connection: sqlite3.Connection) -> None:
    """Take the write lock for a moment: a file that cannot be written is told at the start."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")


def _table(db: Database, name: str) -> Table:
    return db.table(name)


def _first_schema(db: Database) -> None:
    _sources(db)
    _articles(db)
    _entries(db)
    _keys(db)
    _changes(db)
    _outputs(db)


def _sources(db: Database) -> None:
    """One row for each source, listed or not; see core.model.SourceState."""
    texts = ["url", "effective_url", "next_reason", "last_error", "last_error_kind"]
    texts += ["floor_reason", "moved_to", "hints", "new_entry_times", "info", "request_mark"]
    counts = ["last_received", "fail_count", "floor", "ever_validated", "moved_count", "gone"]
    counts += ["unstable_guids", "gaps", "queued"]
    times = ["lease_until", "last_attempt_at", "last_success_at", "last_change_at"]
    times += ["failing_since", "moved_first_at", "gone_at", "parked_until"]
    times += ["last_full_at", "gap_at"]
    needed = {"listed": int, "next_poll_at": int, "last_seconds": float}
    columns: dict[str, type] = {"source": str, **needed}
    columns |= dict.fromkeys(texts, str) | dict.fromkeys(counts, int)
    columns |= {"etag": bytes, "last_modified": bytes, "body_hash": bytes, "last_status": int}
    columns |= dict.fromkeys(times, int)
    _table(db, "source_state").create(
        columns, pk="source", not_null={"source", "body_hash", *needed, *texts, *counts}
    )
    # Holds all that a claim looks at, so that 10,000 due sources are read from the index alone.
    db.execute(
        "CREATE INDEX due ON source_state (next_poll_at, source, lease_until, parked_until, "
        "listed, gone) WHERE listed = 1 AND gone = 0"
    )
    db.execute(
        "CREATE INDEX parked ON source_state (parked_until, source, listed) "
        "WHERE parked_until IS NOT NULL"
    )


def _articles(db: Database) -> None:
    """Stories."""
    _table(db, "articles").create(
        {
            "slug_hash": int,
            "slug": str,
            "atom_id": str,
            "headline": str,
            "sort_at": int,
            "first_seen": int,
        },
        pk="slug_hash",
        not_null={"slug", "atom_id", "headline", "sort_at", "first_seen"},
    )
    _table(db, "articles").create_index(["slug"], unique=True)
    _table(db, "articles").create_index(["atom_id"], unique=True)
    db.execute("CREATE INDEX newest ON articles (sort_at DESC, slug_hash)")


def _entries(db: Database) -> None:
    """The entries that carry stories, and their bodies.

    Bodies stand apart: each poll looks up its entries, and narrow rows keep these look-ups in
    few pages; retention deletes bodies and nothing else.
    """
    texts = ("source", "guid", "link", "title", "rule", "evidence")
    counts = ["slug_hash", "content_hash", "changes", "words", "first_seen", "updated", "sort_at"]
    counts.append("held")  # see core.judge.Decision
    _table(db, "entries").create(
        {"entry_key": int}
        | dict.fromkeys(texts, str)
        | dict.fromkeys(counts, int)
        | {"published": int, "publisher_updated": int, "sketch": bytes},
        pk="entry_key",
        foreign_keys=[("slug_hash", "articles", "slug_hash")],
        not_null={*texts, *counts, "sketch"},
    )
    # The oldest entries of an article, and who carries it, from the index alone.
    _table(db, "entries").create_index(["slug_hash", "first_seen", "source", "held"])
    db.execute("CREATE INDEX newest_of_source ON entries (source, sort_at DESC, slug_hash, held)")
    db.execute(
        "CREATE INDEX queued ON entries (source, sort_at DESC, slug_hash, held) WHERE held = 1"
    )
    # In the order of their arrival: entry keys are hashes, and a table of large rows in random
    # order is written half-empty, all over the file.
    _table(db, "bodies").create(
        {"arrival": int, "entry_key": int, "body": str},
        pk="arrival",
        foreign_keys=[("entry_key", "entries", "entry_key")],
        not_null={"entry_key", "body"},
    )
    _table(db, "bodies").create_index(["entry_key"], unique=True)


def _keys(db: Database) -> None:
    """What finds the article of an entry, and the names of the kinds of keys."""
    _table(db, "kinds").create({"kind": int, "name": str}, pk="kind", not_null={"name"})
    _table(db, "kinds").create_index(["name"], unique=True)
    # The time is part of the key: the newest eight articles of a key that thousands share
    # (a recurring column) are read without looking at the others.
    db.execute(
        "CREATE TABLE keys (value INTEGER NOT NULL, kind INTEGER NOT NULL, "
        "sort_at INTEGER NOT NULL, slug_hash INTEGER NOT NULL, "
        "PRIMARY KEY (value, kind, sort_at DESC, slug_hash)) WITHOUT ROWID"
    )


def _changes(db: Database) -> None:
    """The change number each source got last; the counter stands in `meta`."""
    _table(db, "meta").create({"name": str, "value": int}, pk="name", not_null={"value"})
    _table(db, "meta").insert({"name": "change", "value": 0})
    _table(db, "changes").create({"source": str, "change": int}, pk="source", not_null={"change"})


def _outputs(db: Database) -> None:
    """One row for each output, and everything it ever carried."""
    _table(db, "outputs").create(
        {
            "output": str,
            "atom_id": str,
            "digest": str,
            "settings_changed_at": int,
            "built_change": int,
            "built_at": int,
        },
        pk="output",
        not_null={"atom_id", "digest", "settings_changed_at", "built_change"},
    )
    db.execute(
        "CREATE TABLE carried (output TEXT NOT NULL, slug_hash INTEGER NOT NULL, "
        "sequence INTEGER NOT NULL, first_at INTEGER NOT NULL, listed INTEGER NOT NULL, "
        "PRIMARY KEY (output, slug_hash)) WITHOUT ROWID"
    )
    db.execute("CREATE UNIQUE INDEX carried_in_sequence ON carried (output, sequence)")
    db.execute("CREATE INDEX carried_now ON carried (output, slug_hash) WHERE listed = 1")
    db.execute("CREATE INDEX carried_by ON carried (slug_hash)")


def _headlines_of_entries(db: Database) -> None:
    """Each entry's own headline in its normal form: copies of one story may word it differently."""
    db.execute("ALTER TABLE entries ADD COLUMN headline TEXT NOT NULL DEFAULT ''")
    db.execute(
        "UPDATE entries SET headline = coalesce("
        "(SELECT a.headline FROM articles AS a WHERE a.slug_hash = entries.slug_hash), '')"
    )


def _rulings(db: Database) -> None:
    """What the operator decided: each ruling, and which article a retired one has become.

    `home` is the article that the judge gave an entry, where the operator has moved it since.
    `matched` is the entry that made it join. Both are null for most.
    """
    db.execute("ALTER TABLE entries ADD COLUMN home INTEGER")
    db.execute("ALTER TABLE entries ADD COLUMN matched INTEGER")
    _table(db, "rulings").create(
        {
            "number": int,
            "kind": str,
            "at": int,
            "undone_at": int,
            "article": int,
            "other": int,
            "home": int,
            "source": str,
            "guid": str,
        },
        pk="number",
        not_null={"kind", "at", "article", "other", "home", "source", "guid"},
    )
    _table(db, "rulings").create_index(["article"])
    _table(db, "rulings").create_index(["other"])
    _table(db, "retired").create(
        {"slug_hash": int, "successor": int}, pk="slug_hash", not_null={"successor"}
    )
    _table(db, "retired").create_index(["successor"])


def _roster_of_outputs(db: Database) -> None:
    """Since when an output is no longer listed, and what the versions of its documents held."""
    db.execute("ALTER TABLE outputs ADD COLUMN removed_at INTEGER")
    db.execute("ALTER TABLE outputs ADD COLUMN private INTEGER NOT NULL DEFAULT 0")
    _table(db, "histories").create(
        {"output": str, "form": str, "history": str},
        pk=("output", "form"),
        not_null={"output", "form", "history"},
    )


def _archives(db: Database) -> None:
    """Closed pages of archives, which version of an article stands in one, and who changed when.

    `touched` says of each change which articles of a source it was about, so that an output
    finds what came in since it was built, wherever that stands by date. A page is kept as the
    articles it was made of: bodies are edited and pruned, a closed page is not.
    """
    db.execute("ALTER TABLE carried ADD COLUMN archived INTEGER")
    db.execute("ALTER TABLE outputs ADD COLUMN carried_change INTEGER")
    db.execute("UPDATE outputs SET carried_change = (SELECT value FROM meta WHERE name = 'change')")
    db.execute(
        "CREATE TABLE touched (source TEXT NOT NULL, change INTEGER NOT NULL, "
        "slug_hash INTEGER NOT NULL, PRIMARY KEY (source, change, slug_hash)) WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE pages (output TEXT NOT NULL, number INTEGER NOT NULL, "
        "last_sequence INTEGER NOT NULL, closed_at INTEGER NOT NULL, address TEXT NOT NULL, "
        "content BLOB NOT NULL, PRIMARY KEY (output, number))"
    )


def _keyed_sources(db: Database) -> None:
    """With which version of the program the entries of each source were keyed; see rekeying."""
    db.execute("ALTER TABLE source_state ADD COLUMN keyed TEXT NOT NULL DEFAULT ''")


def _questions(db: Database) -> None:
    """What `why` goes by: entries by guid and by link, articles by the words of their titles."""
    db.execute("CREATE INDEX by_guid ON entries (guid, sort_at)")
    # Most publishers' guids are links: one index is enough for those.
    db.execute("CREATE INDEX by_link ON entries (link, sort_at) WHERE link <> guid")
    wording.make(db.conn)
    wording.fill(db.conn)


def _members(db: Database) -> None:
    """Since when a source is part of an output; null: from the beginning. See core.shares."""
    db.execute(
        "CREATE TABLE members (output TEXT NOT NULL, source TEXT NOT NULL, since INTEGER, "
        "PRIMARY KEY (output, source)) WITHOUT ROWID"
    )


def _memories(db: Database) -> None:
    """What is remembered of the last document of a source, to read only what is new in the next."""
    db.execute(
        "CREATE TABLE memories (source TEXT PRIMARY KEY, memory BLOB NOT NULL) WITHOUT ROWID"
    )


def _indexes_for_many_sources(db: Database) -> None:
    """What a first success and a build ask, found without going through all sources."""
    db.execute(
        "CREATE INDEX unlisted ON source_state (last_success_at DESC, source, listed) "
        "WHERE listed = 0"
    )
    db.execute("CREATE INDEX changed ON changes (change, source)")


MIGRATIONS: tuple[Callable[[Database], None], ...] = (
    _first_schema,
    _headlines_of_entries,
    _rulings,
    _roster_of_outputs,
    _archives,
    _keyed_sources,
    _questions,
    _members,
    _memories,
    _indexes_for_many_sources,
)
