"""Stored entries as articles for building: newest first, the best copy, the other sightings.

Two ways lead to the articles of some sources in order. Walking goes down all articles and picks
those the sources carry: best when they carry many. Merging goes down each source and merges: best
when they carry few. Walking starts; when it has looked at so many articles in vain that merging
would have cost less, merging goes on from there. Either reads its index page by page, so a
build that stops after 100 articles has read little more than these, and holds no snapshot.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice

from aggregator.adapters.sqlite import homes
from aggregator.adapters.sqlite.codec import (
    entry_from_json,
    info_from_json,
    many,
    to_moment,
)
from aggregator.adapters.sqlite.editions import newest_edition
from aggregator.core.model import Article, FeedInfo, Sighting

ARTICLES_OF_PAGE = 100
_LONGEST_WALK = 2000  # articles looked at in one query
_LONGEST_RUN = 1000  # articles of one source read in one query
_PATIENCE = 500  # articles walked in any case before the ways are compared
_STREAM_COST = 8  # articles walked in the time that it takes to open one source's stream

_Place = tuple[int, int]  # -sort_at, slug hash: ascending is newest first
_START: _Place = (-(2**63) + 1, 0)

_WALK = "SELECT -sort_at, slug_hash FROM articles WHERE {after} "
_RUN = "SELECT -sort_at, slug_hash FROM entries WHERE source = :source AND held = 0 AND {after} "
_NEWEST = "ORDER BY sort_at DESC, slug_hash LIMIT :size"
_TIES = "sort_at = :sort_at AND slug_hash > :slug_hash"
_OLDER = "sort_at < :sort_at"


def articles(
    connection: sqlite3.Connection,
    sources: Sequence[str],
    *,
    priority: Mapping[str, int],
    called: Mapping[str, str] | None = None,
) -> Iterator[Article]:
    """See Store.articles."""
    wanted = frozenset(sources)
    infos = _Infos(connection, called)
    slug_hashes = _in_order(connection, wanted)
    while page := list(islice(slug_hashes, ARTICLES_OF_PAGE)):
        yield from _load(connection, page, wanted=wanted, priority=priority, infos=infos)


def picked(
    connection: sqlite3.Connection,
    slug_hashes: Sequence[int],
    sources: Sequence[str],
    *,
    priority: Mapping[str, int],
    called: Mapping[str, str] | None = None,
) -> tuple[Article, ...]:
    """See Store.picked."""
    rows = connection.execute(
        "SELECT a.slug_hash FROM json_each(?) AS wanted "
        "CROSS JOIN articles AS a ON a.slug_hash = wanted.value "
        "ORDER BY a.sort_at DESC, a.slug_hash",
        (many(slug_hashes),),
    )
    found, wanted = [row[0] for row in rows], frozenset(sources)
    infos = _Infos(connection, called)
    chosen: list[Article] = []
    for start in range(0, len(found), ARTICLES_OF_PAGE):
        page = found[start : start + ARTICLES_OF_PAGE]
        chosen += _load(connection, page, wanted=wanted, priority=priority, infos=infos)
    return tuple(chosen)


def article(
    connection: sqlite3.Connection, slug: str, *, priority: Mapping[str, int]
) -> Article | None:
    """The article with its best copy among all sources; None when no body is left."""
    slug_hash = homes.current(connection, slug)
    if slug_hash is None:
        return None
    infos = _Infos(connection)
    return next(_load(connection, [slug_hash], wanted=None, priority=priority, infos=infos), None)


def _in_order(connection: sqlite3.Connection, wanted: frozenset[str]) -> Iterator[int]:
    """Slug hashes of the articles that the sources carry, newest first."""
    place = _START
    patience = _PATIENCE + _STREAM_COST * len(wanted)
    size = ARTICLES_OF_PAGE
    looked_at = found = 0
    while page := _page(connection, _WALK, place, size=size):
        carried = _carried(connection, page, wanted)
        yield from carried
        place = page[-1]
        looked_at += len(page)
        found += len(carried)
        if looked_at >= patience:
            if found * 4 < looked_at:
                yield from _merged(connection, wanted, place)
                return
            looked_at = found = 0
        size = min(2 * size, _LONGEST_WALK)


def _page(
    connection: sqlite3.Connection, select: str, place: _Place, *, size: int, source: str = ""
) -> list[_Place]:
    """The next places after `place`. Two seeks, because no index runs down one column and up the
    other: those of the same second, then the older ones."""
    values = {"sort_at": -place[0], "slug_hash": place[1], "source": source, "size": size}
    page = connection.execute(select.format(after=_TIES) + _NEWEST, values).fetchall()
    if len(page) < size:
        values["size"] = size - len(page)
        page += connection.execute(select.format(after=_OLDER) + _NEWEST, values).fetchall()
    return page


def _carried(
    connection: sqlite3.Connection, page: Sequence[_Place], wanted: frozenset[str]
) -> list[int]:
    """Those of a page that one of the sources carries, in the page's order."""
    carried = {
        slug_hash
        for slug_hash, source in connection.execute(
            "SELECT e.slug_hash, e.source FROM json_each(?) AS page "
            "CROSS JOIN entries AS e ON e.slug_hash = page.value WHERE e.held = 0",
            (many(slug_hash for _, slug_hash in page),),
        )
        if source in wanted
    }
    return [slug_hash for _, slug_hash in page if slug_hash in carried]


def _merged(connection: sqlite3.Connection, wanted: frozenset[str], place: _Place) -> Iterator[int]:
    streams = [_run(connection, source, place) for source in sorted(wanted)]
    last = place
    for here in merge(*streams):
        if here != last:  # several sources carry the same article
            yield here[1]
        last = here


def _run(connection: sqlite3.Connection, source: str, place: _Place) -> Iterator[_Place]:
    """The places of one source's articles, a page at a time, each page twice the last."""
    size = 20
    while page := _page(connection, _RUN, place, size=size, source=source):
        yield from page
        if len(page) < size:
            return
        place = page[-1]
        size = min(2 * size, _LONGEST_RUN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """One stored entry of an article, without its body."""

    entry_key: int
    source: str
    link: str
    words: int
    content_hash: int
    first_seen: int
    updated: int
    held: bool  # not for outputs, or not yet
    has_body: bool


class _Infos:
    """What each source is called and says about itself, read once for one iteration."""

    def __init__(
        self, connection: sqlite3.Connection, called: Mapping[str, str] | None = None
    ) -> None:
        self._connection = connection
        self._called = called or {}
        self._infos: dict[str, FeedInfo] = {}

    def load(self, sources: Collection[str]) -> None:
        missing = sorted(set(sources) - self._infos.keys())
        self._infos.update(dict.fromkeys(missing, FeedInfo()))
        for source, info in self._connection.execute(
            "SELECT source, info FROM source_state "
            "WHERE source IN (SELECT value FROM json_each(?))",
            (many(missing),),
        ):
            self._infos[source] = info_from_json(info)

    def of(self, source: str) -> FeedInfo:
        return self._infos[source]

    def name(self, source: str) -> str:
        return self._called.get(source, source)


def _load(
    connection: sqlite3.Connection,
    slug_hashes: Sequence[int],
    *,
    wanted: frozenset[str] | None,
    priority: Mapping[str, int],
    infos: _Infos,
) -> Iterator[Article]:
    """The articles of these hashes in this order, but those without a body to show."""
    copies = _copies(connection, slug_hashes)
    shown = {
        slug_hash: _best(showable, priority, infos)
        for slug_hash, found in copies.items()
        if (showable := [copy for copy in found if copy.has_body and _in(copy, wanted)])
    }
    infos.load({copy.source for found in copies.values() for copy in found})
    bodies = dict(
        connection.execute(
            "SELECT b.entry_key, b.body FROM json_each(?) AS shown "
            "CROSS JOIN bodies AS b ON b.entry_key = shown.value",
            (many(copy.entry_key for copy in shown.values()),),
        )
    )
    rows = _article_rows(connection, slug_hashes)
    for slug_hash in slug_hashes:
        copy = shown.get(slug_hash)
        if copy is not None and copy.entry_key in bodies:  # pruned between the two reads
            yield _article(rows[slug_hash], copy, bodies[copy.entry_key], copies[slug_hash], infos)


def _in(copy: _Copy, wanted: frozenset[str] | None) -> bool:
    return wanted is None or (copy.source in wanted and not copy.held)


def _best(copies: Iterable[_Copy], priority: Mapping[str, int], infos: _Infos) -> _Copy:
    """The copy to show of some, first seen first: by priority, fuller text, first seen, source."""
    of_source: defaultdict[str, list[_Copy]] = defaultdict(list)
    for copy in copies:
        of_source[copy.source].append(copy)

    def rank(own: Sequence[_Copy]) -> tuple[int, int, int, str]:
        source = own[0].source
        words = _edition(own).words
        return -priority.get(source, 0), -words, own[0].first_seen, infos.name(source)

    return _edition(min(of_source.values(), key=rank))


def _edition(own: Sequence[_Copy]) -> _Copy:
    """What stands for a source, of its own copies; see editions."""
    newest_first = sorted(own, key=lambda copy: (-copy.first_seen, -copy.words, copy.entry_key))
    return newest_edition(newest_first)


def _copies(
    connection: sqlite3.Connection, slug_hashes: Sequence[int]
) -> defaultdict[int, list[_Copy]]:
    """All entries of the articles, first seen first."""
    copies: defaultdict[int, list[_Copy]] = defaultdict(list)
    rows = connection.execute(
        "SELECT e.slug_hash, e.entry_key, e.source, e.link, e.words, e.content_hash, "
        "e.first_seen, e.updated, e.held, "
        "EXISTS (SELECT 1 FROM bodies AS b WHERE b.entry_key = e.entry_key) "
        "FROM json_each(?) AS page CROSS JOIN entries AS e ON e.slug_hash = page.value "
        "ORDER BY page.key, e.first_seen, e.source, e.entry_key",
        (many(slug_hashes),),
    )
    for slug_hash, entry_key, source, link, words, content_hash, first_seen, *rest in rows:
        updated, held, has_body = rest
        copies[slug_hash].append(
            _Copy(
                entry_key=entry_key,
                source=source,
                link=link,
                words=words,
                content_hash=content_hash,
                first_seen=first_seen,
                updated=updated,
                held=bool(held),
                has_body=bool(has_body),
            )
        )
    return copies


def _article_rows(
    connection: sqlite3.Connection, slug_hashes: Sequence[int]
) -> dict[int, tuple[int, str, str, int, int]]:
    return {
        row[0]: row
        for row in connection.execute(
            "SELECT a.slug_hash, a.slug, a.atom_id, a.first_seen, a.sort_at "
            "FROM json_each(?) AS page CROSS JOIN articles AS a ON a.slug_hash = page.value",
            (many(slug_hashes),),
        )
    }


def _article(
    row: tuple[int, str, str, int, int],
    copy: _Copy,
    body: str,
    copies: Iterable[_Copy],
    infos: _Infos,
) -> Article:
    slug_hash, slug, atom_id, first_seen, sort_at = row
    updated = to_moment(copy.updated)
    return Article(
        slug=slug,
        slug_hash=slug_hash,
        id=atom_id,
        source=infos.name(copy.source),
        # Feeds stamp their lastBuildDate at every request. The copy's own time keeps outputs
        # byte for byte the same when nothing but that stamp has moved.
        info=replace(infos.of(copy.source), updated=updated),
        entry=entry_from_json(body),
        first_seen=to_moment(first_seen),
        sort_at=to_moment(sort_at),
        updated=updated,
        sightings=_sightings(copy.source, copies, infos),
        words=copy.words,
    )


def _sightings(shown: str, copies: Iterable[_Copy], infos: _Infos) -> tuple[Sighting, ...]:
    """The other sources by id, each with the link it had first."""
    links: dict[str, str] = {}
    for copy in copies:
        if copy.source != shown:
            links.setdefault(copy.source, copy.link)
    return tuple(
        Sighting(source=infos.name(source), title=infos.of(source).title, link=link)
        for source, link in sorted(links.items(), key=lambda one: infos.name(one[0]))
    )
