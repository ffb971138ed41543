"""Which articles have these words in a headline: a full-text index over the titles of entries.

Titles are folded and cut into words as rules do it, so every script can be searched. The index
holds no texts; `wordings` says whose words each of its rows are. Rows are numbered as they come:
the newest are found first, and writing goes on at the end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from aggregator.adapters.sqlite import homes
from aggregator.core.filter.fold import fold, words_of

# What the index is made of; it is made anew from the entries wherever a store is filled.
TABLES: Final = ("titles", "wordings")
_LONGEST = 300  # characters of a title that are looked at
_MOST_WORDS = 20  # of a question
_PREFIX = 4  # letters from which the beginning of a word is enough
_LONGEST_WORDS = (3, 5, 8)  # so many are asked for first
_CANDIDATES = 50
_BATCH = 1000


def make(connection: sqlite3.Connection) -> None:
    """Make the tables. Words come folded and separated: the tokenizer has nothing to decide."""
    connection.execute(
        "CREATE TABLE wordings (arrival INTEGER PRIMARY KEY, slug_hash INTEGER NOT NULL)"
    )
    connection.execute(
        "CREATE VIRTUAL TABLE titles USING fts5 (words, content='', columnsize=0, tokenize='ascii')"
    )


def is_part(table: str) -> bool:
    """Is the table part of the index, or one that SQLite keeps for it?"""
    return table in TABLES or table.startswith("titles_")


def add(connection: sqlite3.Connection, titles: Iterable[tuple[int, str]]) -> None:
    """Make articles (slug hash, title) findable by these words too."""
    for slug_hash, title in titles:
        words = _indexed(title)
        if words:
            arrival = connection.execute(
                "INSERT INTO wordings (slug_hash) VALUES (?)", (slug_hash,)
            ).lastrowid
            connection.execute("INSERT INTO titles (rowid, words) VALUES (?, ?)", (arrival, words))


def _indexed(title: str) -> str:
    return " ".join(words_of(fold(title[:_LONGEST])))


def fill(connection: sqlite3.Connection) -> None:
    """Make the index from the stored entries: each wording of an article once, oldest first."""
    connection.execute("DELETE FROM wordings")
    connection.execute("INSERT INTO titles (titles) VALUES ('delete-all')")
    rows = connection.execute(
        "SELECT coalesce(home, slug_hash), title FROM entries "
        "GROUP BY coalesce(home, slug_hash), title ORDER BY min(first_seen), entry_key"
    )
    while batch := rows.fetchmany(_BATCH):
        add(connection, batch)


def articles_with(connection: sqlite3.Connection, what: str, *, limit: int) -> list[int]:
    """The slug hashes of articles with all words of `what` in one title, the latest first.

    When no title has them as they are, words may be beginnings of words.
    """
    words = _asked(what)
    if not words:
        return []
    found = _as_worded(connection, words, limit=limit)
    if found:
        return found
    beginnings = [f'"{word}"*' if len(word) >= _PREFIX else f'"{word}"' for word in words]
    return [] if beginnings == words else _matching(connection, beginnings, limit=limit)


def _asked(what: str) -> list[str]:
    """What is asked for, word by word; a word of several parts (it's, 東京) is a phrase."""
    phrases = (" ".join(words_of(fold(part))) for part in what.split())
    return [phrase for phrase in dict.fromkeys(phrases) if phrase][:_MOST_WORDS]


def _as_worded(connection: sqlite3.Connection, words: Sequence[str], *, limit: int) -> list[int]:
    """A whole headline is asked by its longest words first: short ones stand in most titles."""
    by_length = sorted((f'"{word}"' for word in words), key=len, reverse=True)
    for size in _LONGEST_WORDS:
        if size >= len(words):
            break
        found = _matching(connection, by_length[:size], limit=_CANDIDATES)
        if len(found) < _CANDIDATES:
            return _with_all(connection, found, words)[:limit]
    return _matching(connection, by_length, limit=limit)


def _with_all(
    connection: sqlite3.Connection, found: Iterable[int], words: Iterable[str]
) -> list[int]:
    """Those of some articles that have a title with all words."""
    wanted = [f" {word} " for word in words]
    return [
        slug_hash
        for slug_hash in found
        if any(
            all(word in f" {_indexed(title)} " for word in wanted)
            for title in _titles(connection, slug_hash)
        )
    ]


def _titles(connection: sqlite3.Connection, slug_hash: int) -> list[str]:
    """The titles of all who tell the story, wherever the operator has put them."""
    current = homes.successors(connection, (slug_hash,)).get(slug_hash, slug_hash)
    rows = connection.execute("SELECT title FROM entries WHERE slug_hash = ?", (current,))
    return [title for (title,) in rows]


def _matching(connection: sqlite3.Connection, terms: Sequence[str], *, limit: int) -> list[int]:
    rows = connection.execute(
        "SELECT a.slug_hash FROM (SELECT DISTINCT w.slug_hash FROM titles AS t "
        "CROSS JOIN wordings AS w ON w.arrival = t.rowid "
        "WHERE t.words MATCH :words ORDER BY t.rowid DESC LIMIT :limit) AS found "
        "CROSS JOIN articles AS a ON a.slug_hash = found.slug_hash "
        "ORDER BY a.sort_at DESC, a.slug_hash",
        {"words": " AND ".join(terms), "limit": limit},
    )
    return [slug_hash for (slug_hash,) in rows]
