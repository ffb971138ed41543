"""The archives of outputs at work: what is numbered, closed, taken down, mended and forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from aggregator import archive
from aggregator.adapters.sqlite.writer import Writer
from aggregator.app.application import App
from aggregator.app.publishing import Publishing
from aggregator.archive import Edition
from aggregator.core.model import ArchivePage, Article
from aggregator.core.render import Pieces
from aggregator.core.render.fields import legal
from aggregator.core.settings import Output
from aggregator.pipeline import Publish

OffLoop = Callable[..., Awaitable[Any]]  # runs a blocking function in the thread of the builds


@dataclass(frozen=True, slots=True)
class Contents:
    """The articles of a document, and the page of the archive behind it (0: none).

    `no_news` are ids of those that are new in it and no news to subscribers.
    """

    articles: tuple[Article, ...]
    previous: int
    no_news: frozenset[str]


def _to_carry(
    edition: Edition, newest: Sequence[Article]
) -> tuple[tuple[Article, ...], frozenset[str]]:
    """What is to be numbered if it has no number yet, and the ids of what is no news in it."""
    fresh = archive.fresh(edition)
    carried = (*newest, *archive.late(edition, newest, fresh=fresh))
    silent = archive.no_news(edition, carried, fresh=fresh)
    return carried, frozenset(legal(article.id) for article in silent)


class Archivist:
    """Reads in the thread of the builds, writes the store by its writer, files by `publish`."""

    def __init__(self, app: App, writer: Writer, off_loop: OffLoop, *, known: Pieces) -> None:
        self._app = app
        self._writer = writer
        self._off_loop = off_loop
        self._known = known

    async def contents(
        self, edition: Edition, newest: Sequence[Article], *, publish: Publish, cut: bool
    ) -> Contents:
        """Number what is new, close the pages that are full, and say what the document holds.

        `cut`: articles can leave the document for another reason than newer ones.
        Raises PublishError when a page cannot be written.
        """
        store, output = self._app.store, edition.output
        carried, no_news = await self._off_loop(_to_carry, edition, newest)
        await self._writer.run(partial(store.carry, output.id, carried, now=edition.now))
        while page := await self._off_loop(archive.full_page, edition):
            await self._close(edition, page, publish)
        others = await self._off_loop(archive.besides, edition, newest)
        document = archive.together(output, newest, others)
        if cut and (page := await self._off_loop(archive.short_page, edition, document)):
            await self._close(edition, page, publish)
        if not archive.page_size(output):
            return Contents(document, 0, no_news)
        previous, _ = await self._off_loop(store.last_page, output.id)
        return Contents(document, previous, no_news)

    async def _close(self, edition: Edition, page: ArchivePage, publish: Publish) -> None:
        """Keep the page, then write it: a crash in between is mended at the next start."""
        output = edition.output
        kept = await self._writer.run(partial(self._app.store.close_page, output.id, page))
        if kept:  # else another process has closed it, and writes it
            await self._off_loop(self._write, output, page, publish)

    def _write(self, output: Output, page: ArchivePage, publish: Publish) -> None:
        base_url = self._app.settings.base_url
        bodies = archive.page_bodies(output, page, base_url=base_url, known=self._known)
        for name, body in bodies:
            publish(name, body)

    async def take_down(self, edition: Edition, *, publish: Publish) -> None:
        """Rewrite the pages that hold what the rules drop now (W22). Raises PublishError."""
        output = edition.output
        for number in await self._off_loop(self._app.store.pages, output.id):
            page = await self._off_loop(self._app.store.page, output.id, number)
            if page is None:
                continue
            left = await self._off_loop(archive.without_dropped, edition, page)
            if left is not page:
                await self._rewrite(output, left, publish)

    async def mend(self, output: Output) -> None:
        """Write pages whose files are missing, or whose address is another one now.

        Raises PublishError.
        """
        publish = Publishing(self._app, output, now=self._app.now).publish
        address = archive.address(output, self._app.settings.base_url)
        pages = await self._off_loop(self._app.store.pages, output.id)
        for number, written_for in pages.items():
            if written_for == address and self._is_there(output, number):
                continue
            page = await self._off_loop(self._app.store.page, output.id, number)
            if page is not None:
                await self._rewrite(output, replace(page, address=address), publish)

    def _is_there(self, output: Output, number: int) -> bool:
        root = self._app.root_of(output)
        return all((root / name).exists() for name in archive.page_files(output.id, number))

    async def _rewrite(self, output: Output, page: ArchivePage, publish: Publish) -> None:
        await self._writer.run(partial(self._app.store.rewrite_page, output.id, page))
        await self._off_loop(self._write, output, page, publish)
