"""The order in which an output published its articles, and the closed pages of its archive.

Each output has a ledger: an article gets the next number when the output first carries it, and
once more when it was edited after its page had been closed (RFC 5005 §4.2). Pages are cut by
these numbers, so a late date shifts nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from aggregator.adapters.sqlite.codec import (
    many,
    page_from_blob,
    page_to_blob,
    to_moment,
    to_seconds,
)
from aggregator.adapters.sqlite.connection import writing
from aggregator.core.model import ArchivePage, Article, Carried

CHANGED_SINCE = """
SELECT source FROM changes INDEXED BY changed
WHERE change > (SELECT carried_change FROM outputs WHERE output = ?) ORDER BY source
"""
_FRESH_AT_MOST = 5000  # articles that a build looks at, the latest
_KEPT_CHANGES = 100_000  # an output that is not built for so many of them begins anew


def fresh(connection: sqlite3.Connection, output: str, sources: Iterable[str]) -> dict[int, bool]:
    """See Store.fresh.

    Few of many sources have changed: to ask them all for what was touched would take longer.
    """
    wanted = frozenset(sources)
    changed = connection.execute(CHANGED_SINCE, (output,))
    asked = [source for (source,) in changed if source in wanted]
    rows = connection.execute(
        "SELECT t.slug_hash, max(t.change) AS last, EXISTS (SELECT 1 FROM carried AS c "
        "WHERE c.output = :output AND c.slug_hash = t.slug_hash) "
        "FROM json_each(:sources) AS wanted "
        "CROSS JOIN touched AS t ON t.source = wanted.value AND t.change > "
        "(SELECT carried_change FROM outputs WHERE output = :output) "
        "GROUP BY t.slug_hash ORDER BY last DESC, t.slug_hash LIMIT :limit",
        {"output": output, "sources": many(asked), "limit": _FRESH_AT_MOST},
    )
    return {slug_hash: bool(carried) for slug_hash, _, carried in rows}


def carry(
    connection: sqlite3.Connection, output: str, articles: Sequence[Article], *, now: datetime
) -> None:
    """See Store.carry. Nothing is written when nothing is new."""
    if not unnumbered(connection, output, articles):
        return
    with writing(connection):
        last = _last_sequence(connection, output)
        due = unnumbered(connection, output, articles)
        connection.executemany(
            "INSERT INTO carried (output, slug_hash, sequence, first_at, listed) "
            "VALUES (:output, :slug_hash, :sequence, :now, 0) "
            "ON CONFLICT (output, slug_hash) DO UPDATE SET "
            "sequence = excluded.sequence, archived = NULL",
            (
                {
                    "output": output,
                    "slug_hash": article.slug_hash,
                    "sequence": sequence,
                    "now": to_seconds(now),
                }
                for sequence, article in enumerate(due, start=last + 1)
            ),
        )


def unnumbered(
    connection: sqlite3.Connection, output: str, articles: Sequence[Article]
) -> tuple[Article, ...]:
    """See Store.unnumbered: not carried before, or edited since they were archived.

    A number says that the article is in the page that has it, or will be.
    """
    known: dict[int, tuple[int, int | None]] = {
        slug_hash: (sequence, archived)
        for slug_hash, sequence, archived in connection.execute(
            "SELECT slug_hash, sequence, archived FROM carried WHERE output = ? "
            "AND slug_hash IN (SELECT value FROM json_each(?))",
            (output, many(article.slug_hash for article in articles)),
        )
    }
    closed = last_page(connection, output)[1]

    def is_new(article: Article) -> bool:
        sequence, archived = known.get(article.slug_hash, (0, None))
        if archived is None:  # not in a page, or left out when its page was closed
            return sequence <= closed
        return to_seconds(article.updated) > archived

    new = {article.slug_hash: article for article in articles if is_new(article)}
    oldest_first = sorted(new.values(), key=lambda article: (article.sort_at, -article.slug_hash))
    return tuple(oldest_first)


def _last_sequence(connection: sqlite3.Connection, output: str) -> int:
    row = connection.execute(
        "SELECT coalesce(max(sequence), 0) FROM carried WHERE output = ?", (output,)
    ).fetchone()
    return int(row[0])


def recent(connection: sqlite3.Connection, output: str, *, size: int) -> tuple[Carried, ...]:
    """See Store.recent."""
    rows = connection.execute(
        "SELECT slug_hash, sequence, first_at FROM carried WHERE output = ? "
        "ORDER BY sequence DESC LIMIT ?",
        (output, size),
    ).fetchall()
    return tuple(_carried(*row) for row in reversed(rows))


def unpaged(connection: sqlite3.Connection, output: str, *, limit: int) -> tuple[Carried, ...]:
    """See Store.unpaged."""
    rows = connection.execute(
        "SELECT slug_hash, sequence, first_at FROM carried WHERE output = :output AND sequence > "
        "(SELECT coalesce(max(last_sequence), 0) FROM pages WHERE output = :output) "
        "ORDER BY sequence LIMIT :limit",
        {"output": output, "limit": limit},
    )
    return tuple(_carried(*row) for row in rows)


def _carried(slug_hash: int, sequence: int, first_at: int) -> Carried:
    return Carried(slug_hash, sequence, to_moment(first_at))


# --- pages


def pages(connection: sqlite3.Connection, output: str) -> dict[int, str]:
    """See Store.pages."""
    return dict(
        connection.execute(
            "SELECT number, address FROM pages WHERE output = ? ORDER BY number", (output,)
        )
    )


def last_page(connection: sqlite3.Connection, output: str) -> tuple[int, int]:
    """See Store.last_page."""
    row = connection.execute(
        "SELECT number, last_sequence FROM pages WHERE output = ? ORDER BY number DESC LIMIT 1",
        (output,),
    ).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def page(connection: sqlite3.Connection, output: str, number: int) -> ArchivePage | None:
    """See Store.page."""
    row = connection.execute(
        "SELECT content, last_sequence, closed_at, address FROM pages "
        "WHERE output = ? AND number = ?",
        (output, number),
    ).fetchone()
    if row is None:
        return None
    return page_from_blob(
        row[0], number=number, last_sequence=row[1], closed_at=row[2], address=row[3]
    )


def close_page(connection: sqlite3.Connection, output: str, page: ArchivePage) -> bool:
    """See Store.close_page."""
    with writing(connection):
        done = connection.execute(
            "INSERT OR IGNORE INTO pages (output, number, last_sequence, closed_at, address, "
            "content) VALUES (:output, :number, :last_sequence, :closed_at, :address, :content)",
            _page_row(output, page),
        )
        if done.rowcount != 1:
            return False
        connection.executemany(
            "UPDATE carried SET archived = ? WHERE output = ? AND slug_hash = ? AND sequence <= ?",
            (
                (to_seconds(one.article.updated), output, one.article.slug_hash, page.last_sequence)
                for one in page.articles
            ),
        )
    return True


def rewrite_page(connection: sqlite3.Connection, output: str, page: ArchivePage) -> None:
    """See Store.rewrite_page."""
    with writing(connection):
        connection.execute(
            "UPDATE pages SET address = :address, content = :content "
            "WHERE output = :output AND number = :number",
            _page_row(output, page),
        )


def _page_row(output: str, page: ArchivePage) -> dict[str, object]:
    return {
        "output": output,
        "number": page.number,
        "last_sequence": page.last_sequence,
        "closed_at": to_seconds(page.closed_at),
        "address": page.address,
        "content": page_to_blob(page),
    }


def prune(connection: sqlite3.Connection, *, before: datetime) -> tuple[tuple[str, int], ...]:
    """See Store.prune_pages. The last page of an output stays: its number must not come again."""
    with writing(connection):
        rows = connection.execute(
            "DELETE FROM pages WHERE closed_at < ? AND number < "
            "(SELECT max(number) FROM pages AS others WHERE others.output = pages.output) "
            "RETURNING output, number",
            (to_seconds(before),),
        ).fetchall()
        connection.execute(
            "DELETE FROM touched WHERE change <= "
            "(SELECT value FROM meta WHERE name = 'change') - ?",
            (_KEPT_CHANGES,),
        )
    return tuple(sorted(rows))
