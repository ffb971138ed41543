"""The operator's rulings: splits, merges and their undoing, each in one transaction.

A merge retires an article: its entries move, and its name, its keys and its row stay, so that
it can never come back as new and an undo finds everything as it was. A split gives an entry an
article of its own; its undoing retires that one. See homes for how polls obey.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NoReturn

from aggregator.adapters.sqlite import homes, ledger
from aggregator.adapters.sqlite.codec import (
    many,
    to_moment,
    to_optional_moment,
    to_seconds,
)
from aggregator.adapters.sqlite.connection import writing
from aggregator.adapters.sqlite.homes import MERGE, SPLIT
from aggregator.adapters.sqlite.parting import Moving, found_article, moving
from aggregator.core.errors import RulingError
from aggregator.core.model import Ruling
from aggregator.core.settings import Source

_RULINGS = (
    "SELECT r.kind, a.slug, o.slug, r.source, r.guid, r.at, r.undone_at FROM rulings AS r "
    "CROSS JOIN articles AS a ON a.slug_hash = r.article "
    "CROSS JOIN articles AS o ON o.slug_hash = r.other "
)
_SPLITS = """
SELECT number, article, other, home, source FROM rulings AS r
WHERE kind = 'split' AND undone_at IS NULL AND :source IN ('', source) AND (guid = :guid
    OR EXISTS (SELECT 1 FROM entries AS e
        WHERE e.link = :guid AND e.source = r.source AND e.guid = r.guid))
ORDER BY number
"""
_RULE = """
INSERT INTO rulings (kind, at, article, other, home, source, guid)
VALUES (:kind, :now, :article, :other, :home, :source, :guid)
"""


def split(
    connection: sqlite3.Connection,
    name: str,
    guid: str,
    *,
    source: str | None,
    sources: Sequence[Source],
    now: datetime,
) -> Ruling:
    """See Store.split."""
    with writing(connection):
        article = _current(connection, name)
        entry = moving(connection, article, guid, source=source)
        before = _split_before(connection, entry)
        if before is None:
            own, home = found_article(connection, entry, sources=sources), entry.home
        else:
            own, home = before
            connection.execute("DELETE FROM retired WHERE slug_hash = ?", (own,))
            _send_home(connection, article)
        number = _rule(
            connection,
            SPLIT,
            article=own,
            other=article,
            home=home,
            source=entry.source,
            guid=entry.guid,
            now=now,
        )
        ledger.mark_changed(connection, (article, own))
        return _ruling(connection, number)


def merge(connection: sqlite3.Connection, name: str, other: str, *, now: datetime) -> Ruling:
    """See Store.merge."""
    with writing(connection):
        survivor, retired = _current(connection, name), _current(connection, other)
        if survivor == retired:
            raise RulingError(f"{name} and {other} are one article already")
        number = _rule(connection, MERGE, article=retired, other=survivor, home=survivor, now=now)
        _retire(connection, retired, survivor)
        ledger.mark_changed(connection, (survivor,))
        return _ruling(connection, number)


def undo_split(
    connection: sqlite3.Connection, name: str, guid: str, *, source: str | None, now: datetime
) -> Ruling:
    """See Store.undo_split."""
    with writing(connection):
        number, own, home = _split_in_force(connection, name, guid, source=source)
        leads_to = homes.successors(connection, (own, home))
        if own in leads_to:
            _is_merged(connection, own)
        if leads_to.get(home) == own:
            _is_merged(connection, home)
        _undo(connection, number, now)
        _retire(connection, own, home)
        ledger.mark_changed(connection, (leads_to.get(home, home),))
        return _ruling(connection, number)


def undo_merge(connection: sqlite3.Connection, name: str, other: str, *, now: datetime) -> Ruling:
    """See Store.undo_merge."""
    with writing(connection):
        pair = many((_named(connection, name), _named(connection, other)))
        row = connection.execute(
            "SELECT number, article FROM rulings WHERE kind = 'merge' AND undone_at IS NULL "
            "AND article IN (SELECT value FROM json_each(:pair)) "
            "AND other IN (SELECT value FROM json_each(:pair))",
            {"pair": pair},
        ).fetchone()
        if row is None:
            raise RulingError(f"{name} and {other} were not merged with each other")
        number, retired = row
        stands_in = homes.successors(connection, (retired,))[retired]
        _undo(connection, number, now)
        connection.execute("DELETE FROM retired WHERE slug_hash = ?", (retired,))
        _send_home(connection, stands_in)
        ledger.mark_changed(connection, (stands_in, retired))
        return _ruling(connection, number)


def rulings(connection: sqlite3.Connection, name: str | None) -> tuple[Ruling, ...]:
    """See Store.rulings."""
    if name is None:
        return tuple(_rulings(connection, "", ()))
    article = homes.current(connection, name)
    if article is None:
        return ()
    family = many({article, *(slug_hash for slug_hash, _, _ in _retired_into(connection, article))})
    return tuple(
        _rulings(
            connection,
            "WHERE r.article IN (SELECT value FROM json_each(:family)) "
            "OR r.other IN (SELECT value FROM json_each(:family)) ",
            {"family": family},
        )
    )


def former_names(connection: sqlite3.Connection, slug: str) -> tuple[tuple[str, str], ...]:
    """See Store.former_names."""
    article = homes.current(connection, slug)
    if article is None:
        return ()
    return tuple((slug, atom_id) for _, slug, atom_id in _retired_into(connection, article))


def _retired_into(connection: sqlite3.Connection, article: int) -> list[tuple[int, str, str]]:
    """The articles that have become this one, by slug: hash, slug, atom:id."""
    return connection.execute(
        "WITH RECURSIVE family (slug_hash) AS ("
        "SELECT slug_hash FROM retired WHERE successor = :article UNION "
        "SELECT r.slug_hash FROM family CROSS JOIN retired AS r ON r.successor = family.slug_hash) "
        "SELECT a.slug_hash, a.slug, a.atom_id FROM family "
        "CROSS JOIN articles AS a ON a.slug_hash = family.slug_hash ORDER BY a.slug",
        {"article": article},
    ).fetchall()


def _rulings(
    connection: sqlite3.Connection, condition: str, values: dict[str, str] | tuple[object, ...]
) -> Iterator[Ruling]:
    rows = connection.execute(f"{_RULINGS}{condition}ORDER BY r.number", values)
    for kind, slug, other, source, guid, at, undone_at in rows:
        yield Ruling(
            kind=kind,
            slug=slug,
            other=other,
            source=source,
            guid=guid,
            at=to_moment(at),
            undone_at=to_optional_moment(undone_at),
        )


def _ruling(connection: sqlite3.Connection, number: int) -> Ruling:
    return next(_rulings(connection, "WHERE r.number = ? ", (number,)))


# --- what is asked for


def _split_in_force(
    connection: sqlite3.Connection, name: str, guid: str, *, source: str | None
) -> tuple[int, int, int]:
    """The last split of an entry from or into an article: its number, the article made, the home.

    An article that has been merged goes by the name of what it is now as well.
    """
    article, now = _named(connection, name), _current(connection, name)
    rows = connection.execute(_SPLITS, {"guid": guid, "source": source or ""}).fetchall()
    leads_to = homes.successors(connection, {each for row in rows for each in row[1:4]})
    ours = [
        row
        for row in rows
        if article in row[1:4] or now in {leads_to.get(each, each) for each in row[1:4]}
    ]
    if not ours:
        raise RulingError(f"no entry with the guid or link {guid} is split off from {name}")
    sources = sorted({row[4] for row in ours})
    if len(sources) > 1:
        raise RulingError(f"{guid} names entries of {', '.join(sources)}; name one with --source")
    number, own, _, home, _ = ours[-1]
    return number, own, home


def _named(connection: sqlite3.Connection, name: str) -> int:
    return _known(homes.named(connection, name), name)


def _current(connection: sqlite3.Connection, name: str) -> int:
    return _known(homes.current(connection, name), name)


def _known(article: int | None, name: str) -> int:
    if article is None:
        raise RulingError(f"no article has the slug {name}")
    return article


def _is_merged(connection: sqlite3.Connection, retired: int) -> NoReturn:
    """An older ruling can only be taken back when none that builds on it is in force."""
    (successor,) = connection.execute(
        "SELECT successor FROM retired WHERE slug_hash = ?", (retired,)
    ).fetchone()
    one, other = homes.slug(connection, successor), homes.slug(connection, retired)
    raise RulingError(f"{other} was merged into {one} since; undo that first")


# --- what a ruling does


def _rule(
    connection: sqlite3.Connection,
    kind: str,
    *,
    article: int,
    other: int,
    home: int,
    now: datetime,
    source: str = "",
    guid: str = "",
) -> int:
    values = {"kind": kind, "article": article, "other": other, "home": home, "source": source}
    row = connection.execute(_RULE, {**values, "guid": guid, "now": to_seconds(now)})
    assert row.lastrowid is not None
    return row.lastrowid


def _undo(connection: sqlite3.Connection, number: int, now: datetime) -> None:
    connection.execute(
        "UPDATE rulings SET undone_at = ? WHERE number = ?", (to_seconds(now), number)
    )


def _split_before(connection: sqlite3.Connection, entry: Moving) -> tuple[int, int] | None:
    """The article that the entry got when it was split off before and sent back, and its home then.

    That article is its home still.
    """
    row: tuple[int, int] | None = connection.execute(
        "SELECT article, home FROM rulings AS r WHERE kind = 'split' AND undone_at IS NOT NULL "
        "AND article = ? AND source = ? AND guid = ? "
        "AND article IN (SELECT slug_hash FROM retired) AND NOT EXISTS ("
        "SELECT 1 FROM rulings AS m WHERE m.kind = 'merge' AND m.undone_at IS NULL "
        "AND m.article = r.article)",
        (entry.home, entry.source, entry.guid),
    ).fetchone()
    return row


def _retire(connection: sqlite3.Connection, article: int, successor: int) -> None:
    """Let one article become another, with all the entries that stand in it."""
    connection.execute(
        "INSERT INTO retired (slug_hash, successor) VALUES (?, ?)", (article, successor)
    )
    connection.execute(
        "UPDATE entries SET home = slug_hash WHERE slug_hash = ? AND home IS NULL", (article,)
    )
    _send_home(connection, article)


def _send_home(connection: sqlite3.Connection, article: int) -> None:
    """Let the entries that stand in an article stand where their homes are now."""
    placed = connection.execute(
        "SELECT entry_key, home FROM entries WHERE slug_hash = ? AND home IS NOT NULL", (article,)
    ).fetchall()
    leads_to = homes.successors(connection, {home for _, home in placed})
    connection.executemany(
        "UPDATE entries SET slug_hash = :now, home = nullif(:home, :now), "
        "sort_at = (SELECT sort_at FROM articles WHERE slug_hash = :now) "
        "WHERE entry_key = :entry_key",
        (
            {"entry_key": entry_key, "home": home, "now": leads_to.get(home, home)}
            for entry_key, home in placed
        ),
    )
