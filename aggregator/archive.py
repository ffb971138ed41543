"""What an output carries besides its newest articles, and the archive behind it (RFC 5005 §4).

    newest     the `limit` newest by date: what everybody expects
    late       came in after the last build, dated too early to be among them
    besides    the last ones published that are not among the newest
    pages      everything published before, cut by the order of publication, each closed once

Whatever an output ever carried is in its document or in a page that can be reached from it. A
page is kept as the articles it was made of, so that its bytes can be made again when its file is
lost. One thing changes it: a `drop:` rule takes articles down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from aggregator.core.filter import Selection, View
from aggregator.core.model import Archived, ArchivePage, Article, Carried, FeedInfo, Person
from aggregator.core.render import (
    ARCHIVE_FORMATS,
    MAX_DOCUMENT,
    MAX_TEXT,
    Pieces,
    archive_path,
    render,
)
from aggregator.core.settings import Output
from aggregator.core.shares import Share, of_past, of_source, with_room
from aggregator.outputs import Catalogue, Judge, JudgeOfView, judge_of
from aggregator.store import Shelf

LATE: Final = timedelta(days=7)  # an article first seen later than that after its date is no news
TOGETHER: Final = 50  # outputs whose articles are chosen in one pass
WINDOW: Final = 100  # articles of an output without archive that are carried for having come late


def page_size(output: Output) -> int:
    """Return the articles of one page, 0 without archive.

    Not more than the document holds: what no page covers has to be in the document.
    """
    return min(output.archive, output.limit)


def window(output: Output) -> int:
    """Return how many of the articles published last are carried, whatever their date."""
    if output.complete:
        return 0
    return min(output.archive or WINDOW, output.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One build of one output: what it is made from, by which rules, when."""

    output: Output
    store: Shelf
    priority: dict[str, int]
    judge: JudgeOfView
    past: Share | None  # of sources that joined the output later
    base_url: str  # of everything
    atom_id: str
    now: datetime

    @classmethod
    def of(
        cls, catalogue: Catalogue, output: Output, *, store: Shelf, now: datetime, atom_id: str = ""
    ) -> Edition:
        """The edition that the settings make of an output now."""
        return cls(
            output=output,
            store=store,
            priority=catalogue.priority,
            judge=judge_of(catalogue, output),
            past=_past(store, output),
            base_url=catalogue.settings.base_url,
            atom_id=output.atom_id or atom_id,
            now=now,
        )

    def judge_at(self, now: datetime) -> Judge:
        """The judge of the output as of a time."""
        return lambda article: self.judge(View(article, now=now))

    @property
    def shares(self) -> tuple[Share, ...]:
        """What bounds how much of a source the output shows."""
        quota = self.output.max_per_source
        found = (self.past, None if quota is None else of_source(quota))
        return tuple(share for share in found if share is not None)

    def newest(self) -> tuple[Article, ...]:
        """The newest articles that the output keeps, in its order."""
        return newest_of((self,))[0]

    def selection(self, now: datetime) -> Selection:
        """What takes the newest of the kept articles."""
        output = self.output
        return Selection(limit=output.limit, shares=self.shares, max_age=output.max_age, now=now)

    def is_kept(self, article: Article, *, at: datetime | None = None) -> bool:
        """Does the output show the article at that time (now), as far as rules and age go?"""
        now = at or self.now
        max_age = self.output.max_age
        if max_age is not None and article.sort_at < now - max_age:
            return False
        return self.judge_at(now)(article).kept

    def picked(self, slug_hashes: Iterable[int]) -> tuple[Article, ...]:
        """The articles of these hashes that can be shown, newest first."""
        wanted = sorted(slug_hashes)
        if not wanted:
            return ()
        return self.store.picked(wanted, self.output.sources, priority=self.priority)


def with_same_sources(outputs: Iterable[Output]) -> Iterator[list[Output]]:
    """The outputs in groups that have the same sources, no group too large for one pass."""
    groups: dict[frozenset[str], list[Output]] = {}
    for output in outputs:
        groups.setdefault(frozenset(output.sources), []).append(output)
    for group in groups.values():
        for start in range(0, len(group), TOGETHER):
            yield group[start : start + TOGETHER]


def newest_of(editions: Sequence[Edition]) -> tuple[tuple[Article, ...], ...]:
    """`newest` of several outputs with the same sources, as of the time of the first of them.

    Each article is read and made ready once, whatever the number of outputs that ask for it.
    """
    first = editions[0]
    selections = [edition.selection(first.now) for edition in editions]
    asked = [
        (edition.judge, selection)
        for edition, selection in zip(editions, selections, strict=True)
        if not selection.is_full
    ]
    for article in first.store.articles(first.output.sources, priority=first.priority):
        asked = [(judge, selection) for judge, selection in asked if selection.reaches(article)]
        if not asked:
            break
        view = View(article, now=first.now)
        asked = [
            (judge, selection)
            for judge, selection in asked
            if not (judge(view.again()).kept and selection.offer(article))
        ]
    return tuple(
        selection.result(edition.output.order)
        for edition, selection in zip(editions, selections, strict=True)
    )


def fresh(edition: Edition) -> dict[int, bool]:
    """What came in or was edited since the last build, and whether it was ever carried."""
    return edition.store.fresh(edition.output.id, edition.output.sources)


def _past(store: Shelf, output: Output) -> Share | None:
    def first_carried(slug_hash: int) -> datetime | None:
        return store.first_carried(output.id, (slug_hash,)).get(slug_hash)

    joined = store.joined(output.id)
    return of_past(output.backfill, output.sources, joined, first_carried=first_carried)


def late(
    edition: Edition, newest: Sequence[Article], *, fresh: Mapping[int, bool]
) -> tuple[Article, ...]:
    """What of the `fresh` is not among the newest.

    An article that was found long after its date, as most of a new source's past are, is not
    news to anybody; an edited one was.
    """
    wanted = fresh.keys() - {article.slug_hash for article in newest}
    found = (
        article
        for article in edition.picked(wanted)
        if (fresh[article.slug_hash] or article.first_seen - article.sort_at <= LATE)
        and edition.is_kept(article)
    )
    return tuple(with_room(found, beside=newest, shares=edition.shares))


def no_news(
    edition: Edition, articles: Iterable[Article], *, fresh: Mapping[int, bool]
) -> tuple[Article, ...]:
    """Those of `articles`, which the output is about to carry, that are new to it and no news.

    An edit of feeds.yaml has let them in, not a poll; or they are the past of a new source.
    """
    output, store = edition.output, edition.store
    shown = tuple(articles)
    known = store.first_carried(output.id, [article.slug_hash for article in shown])
    return tuple(
        article
        for article in shown
        if article.slug_hash not in known
        and (article.slug_hash not in fresh or _is_past(edition, article))
    )


def _is_past(edition: Edition, article: Article) -> bool:
    return edition.past is not None and edition.past.key(article) is not None


def besides(edition: Edition, newest: Sequence[Article]) -> tuple[Article, ...]:
    """What the document carries besides the newest: the last ones published, whatever their date.

    A page is no larger than the window, so all that is in no page yet is among them.
    """
    output, store = edition.output, edition.store
    published = store.recent(output.id, size=window(output))
    numbered = {one.slug_hash for one in published}
    wanted = numbered - {article.slug_hash for article in newest}
    found = filter(edition.is_kept, edition.picked(wanted))
    return tuple(with_room(found, beside=newest, shares=edition.shares))


def document(edition: Edition) -> tuple[Article, ...]:
    """What the output carries, as far as it was numbered; in its order."""
    newest = edition.newest()
    return together(edition.output, newest, besides(edition, newest))


def together(
    output: Output, newest: Sequence[Article], others: Sequence[Article]
) -> tuple[Article, ...]:
    """The articles of the document in the order of the output."""
    if not others:
        return tuple(newest)
    found = sorted((*newest, *others), key=lambda article: (-_stamp(article), article.slug_hash))
    return tuple(reversed(found) if output.order == "oldest" else found)


def _stamp(article: Article) -> float:
    return article.sort_at.timestamp()


# --- pages


def full_page(edition: Edition) -> ArchivePage | None:
    """Return the next page when it is full, else None."""
    size = page_size(edition.output)
    if not size:
        return None
    waiting = edition.store.unpaged(edition.output.id, limit=size)
    return _page(edition, waiting) if len(waiting) == size else None


def short_page(edition: Edition, document: Iterable[Article]) -> ArchivePage | None:
    """Return a page of all that is in none, when some of it has left the document; else None.

    The clock (`max_age:`, `age<7d`) and the share of a source (`max_per_source:`, `backfill:`) do
    that. The page is cut short then, so that there is no gap.
    """
    size = page_size(edition.output)
    if not size:
        return None
    waiting = edition.store.unpaged(edition.output.id, limit=size)
    shown = {article.slug_hash for article in document}
    since = {one.slug_hash: one.first_at for one in waiting if one.slug_hash not in shown}
    left = edition.picked(since)
    if not any(edition.is_kept(article, at=since[article.slug_hash]) for article in left):
        return None
    return _page(edition, waiting)


def _page(edition: Edition, waiting: Sequence[Carried]) -> ArchivePage:
    output = edition.output
    number, _ = edition.store.last_page(output.id)
    shown, covered = _cut(edition, waiting)
    return ArchivePage(
        number=number + 1,
        previous=number,
        last_sequence=covered,
        closed_at=edition.now,
        address=address(output, edition.base_url),
        atom_id=edition.atom_id,
        heading=_heading(output),
        articles=shown,
    )


def _cut(edition: Edition, waiting: Sequence[Carried]) -> tuple[tuple[Archived, ...], int]:
    """The articles of a page in the order of publication, and the last number it covers.

    Rules apply as of the time each was carried first: what aged since stays. A page ends where
    its document would be too large.
    """
    found = {
        article.slug_hash: article for article in edition.picked(one.slug_hash for one in waiting)
    }
    shown: list[Archived] = []
    room, covered = MAX_DOCUMENT, waiting[0].sequence
    for one in waiting:
        article = found.get(one.slug_hash)
        if article is not None:
            room -= min(len(article.entry.content), MAX_TEXT) + len(article.entry.summary)
            if room < 0 and shown:
                break
            if edition.is_kept(article, at=one.first_at):
                shown.append(Archived(article, one.first_at))
        covered = one.sequence
    return tuple(shown), covered


def _heading(output: Output) -> FeedInfo:
    return FeedInfo(
        title=output.title,
        subtitle=output.subtitle,
        authors=(Person(output.author),) if output.author else (),
        language=output.language,
    )


def without_dropped(edition: Edition, page: ArchivePage) -> ArchivePage:
    """The page without the articles that a `drop:` rule takes down (W22).

    A `keep:` rule that became narrower takes nothing down: it is about what is to come.
    """
    kept = tuple(one for one in page.articles if not _is_dropped(edition, one))
    return page if len(kept) == len(page.articles) else replace(page, articles=kept)


def _is_dropped(edition: Edition, one: Archived) -> bool:
    verdict = edition.judge_at(one.first_at)(one.article)
    return not verdict.kept and verdict.by.endswith("drop")


def address(output: Output, base_url: str) -> str:
    """Where the pages of an output stand."""
    return output.base_of(base_url) + archive_path(output.id, 0).removesuffix("0.atom")


def page_files(output_id: str, number: int) -> tuple[str, ...]:
    """The files of a page, relative to the tree."""
    return tuple(archive_path(output_id, number, form) for form in ARCHIVE_FORMATS)


def page_bodies(
    output: Output, page: ArchivePage, *, base_url: str, known: Pieces | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a page with their bytes: the same for the same page, whenever.

    `known` are entries that were rendered before.
    """
    authors = page.heading.authors
    then = replace(
        output,
        title=page.heading.title,
        subtitle=page.heading.subtitle,
        author=authors[0].name if authors else "",
        language=page.heading.language,
    )
    rendered = render(
        then,
        together(output, (), [one.article for one in page.articles]),
        base_url=output.base_of(base_url),
        atom_id=page.atom_id,
        settings_changed_at=page.closed_at,
        page=page.number,
        previous=page.previous,
        forms=ARCHIVE_FORMATS,
        known=known,
    )
    for form, body in rendered.bodies.items():
        yield archive_path(output.id, page.number, form), body
