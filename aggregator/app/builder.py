"""The building half of the program at work: outputs, files, and the nightly tidying."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from aggregator import outputs, pipeline
from aggregator.adapters.publish import remove_published
from aggregator.adapters.sqlite.writer import Writer
from aggregator.app import clock
from aggregator.app.application import App
from aggregator.app.archivist import Archivist, Contents
from aggregator.app.behind import Behind
from aggregator.app.publishing import Publishing
from aggregator.app.site import SiteFiles
from aggregator.archive import Edition, newest_of, with_same_sources
from aggregator.core.errors import PublishError, StoreError
from aggregator.core.model import Article, BuildReport, OutputState
from aggregator.core.render import ARCHIVE_FORMATS, FORMATS, Pieces, is_own
from aggregator.core.settings import Output
from aggregator.logs import event

KEPT = 32 * 1024 * 1024  # bytes of entries as they stand in documents: of some 1,500 articles

T = TypeVar("T")
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The newest articles of an output, as of a time."""

    newest: tuple[Article, ...]
    now: datetime


class Builder:
    """Builds what is stale, one build at a time, in a thread of its own.

    `built` is called on the event loop with each BuildReport.
    """

    def __init__(self, app: App, writer: Writer, *, built: Callable[[BuildReport], None]) -> None:
        self.app = app
        self.writer = writer
        self._built = built
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="build")
        self._building = asyncio.Lock()
        self._known = Pieces(KEPT)
        self._archivist = Archivist(app, writer, self._off_loop, known=self._known)
        self._behind = Behind(app)
        self.removed: dict[str, datetime] = {}  # public outputs that are no more, since when
        self._site = SiteFiles(app)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    async def prepare(self) -> None:
        """Learn from the settings which outputs there are, and take down those that are no more.

        One build at a time: a build under way may still write what is to be taken down.
        """
        listed = self.app.settings.outputs
        async with self._building:
            await self.writer.run(partial(self.app.store.list_outputs, listed, now=self.app.now()))
            self.removed = await self._off_loop(self.app.store.removed_outputs)
            await self._off_loop(self._learn)
            await self._off_loop(self._remove_strangers)
            await self._mend_archives()
            await self._off_loop(self._site.write_all)

    async def _mend_archives(self) -> None:
        """Write the pages that are missing; a disk that refuses is logged."""
        for output in self.app.settings.outputs:
            try:
                await self._archivist.mend(output)
            except PublishError as error:
                event(logger, logging.ERROR, "cannot write archive", error=error)

    def _learn(self) -> None:
        self._behind.learn()
        self._site.learn()

    async def build(
        self, only: Sequence[str] | None = None, *, timed: bool = False, force: bool = False
    ) -> tuple[BuildReport, ...]:
        """Build the outputs that are not current (`timed`: also those the clock can change).

        An output none of whose sources ever answered is not built: an empty feed would tell
        readers that everything is gone (W38). One build at a time.
        """
        async with self._building:
            reports = []
            for together in await self._off_loop(self._stale, only, timed, force):
                chosen = await self._off_loop(self._chosen, together)
                for output in together:
                    report = await self._build(output, chosen.get(output.id))
                    if report is not None:
                        reports.append(report)
                        self._built(report)
            if any(report.changed for report in reports):
                await self._off_loop(self._site.write_lists)
            return tuple(reports)

    def _stale(self, only: Sequence[str] | None, timed: bool, force: bool) -> list[list[Output]]:
        """What is to be built, those with the same sources together."""
        listed = [one for one in self.app.settings.outputs if only is None or one.id in only]
        stale = self._behind.stale(listed, outdated=self._site.outdated, timed=timed)
        return list(with_same_sources(listed if force else stale))

    def _chosen(self, together: Sequence[Output]) -> dict[str, Chosen]:
        """Go through the articles once for outputs with the same sources."""
        app, now = self.app, self.app.now()
        if len(together) == 1:
            return {}
        catalogue = self.app.catalogue
        editions = [Edition.of(catalogue, one, store=app.store, now=now) for one in together]
        return {
            edition.output.id: Chosen(newest, now)
            for edition, newest in zip(editions, newest_of(editions), strict=True)
        }

    async def _build(self, output: Output, chosen: Chosen | None) -> BuildReport | None:
        change = self._behind.last_change(output)
        if not change and not await self._off_loop(self._any_answered, output):
            return None
        digest = await self._off_loop(self._behind.digest, output)
        state = await self.writer.run(
            partial(
                self.app.store.open_build,
                output.id,
                digest=digest,
                fresh_id=output.atom_id or clock.fresh_id(),
                now=self.app.now(),
            )
        )
        publishing = Publishing(self.app, output, now=self.app.now)
        built = await self._built_from(output, state, publishing, chosen)
        if publishing.histories:
            await self.writer.run(
                partial(self.app.store.keep_histories, output.id, publishing.histories)
            )
        if not built.report.error:
            await self.writer.run(
                partial(
                    self.app.store.close_build,
                    output.id,
                    change=change,
                    slug_hashes=built.slug_hashes,
                    now=self.app.now(),
                )
            )
        return built.report

    def _any_answered(self, output: Output) -> bool:
        states = (self.app.store.state(source) for source in output.sources)
        return any(state is not None and state.last_success_at for state in states)

    async def _built_from(
        self, output: Output, state: OutputState, publishing: Publishing, chosen: Chosen | None
    ) -> pipeline.Built:
        """Choose, number and archive, render; a disk that refuses becomes the report's error."""
        now = self.app.now() if chosen is None else chosen.now
        edition = await self._off_loop(self._edition, output, state, now)
        newest = await self._off_loop(edition.newest) if chosen is None else chosen.newest
        cut = self._behind.is_timed(output) or bool(edition.shares)
        try:
            if state.built_at is None:  # other rules, perhaps
                await self._archivist.take_down(edition, publish=publishing.publish)
            contents = await self._archivist.contents(
                edition, newest, publish=publishing.publish, cut=cut
            )
        except PublishError as error:
            return pipeline.Built(BuildReport(output=output.id, error=str(error)))
        publishing.no_news = contents.no_news
        return await self._off_loop(self._render, edition, state, contents, publishing)

    def _edition(self, output: Output, state: OutputState, now: datetime) -> Edition:
        catalogue, store = self.app.catalogue, self.app.store
        return Edition.of(catalogue, output, store=store, now=now, atom_id=state.atom_id)

    def _render(
        self, edition: Edition, state: OutputState, contents: Contents, publishing: Publishing
    ) -> pipeline.Built:
        settings, output = self.app.settings, edition.output
        built = pipeline.build(
            output,
            articles=contents.articles,
            state=state,
            base_url=output.base_of(settings.base_url),
            previous=contents.previous,
            ttl=outputs.ttl(self.app.catalogue, output),
            known=self._known,
            publish=publishing.publish,
        )
        return built if built.report.error else self._with_page(output, built)

    def _with_page(self, output: Output, built: pipeline.Built) -> pipeline.Built:
        """Write the page of a feed that is published; a refusal becomes the report's error."""
        try:
            self._site.write_page(output, built.articles, known=self._known)
        except PublishError as error:
            return replace(built, report=replace(built.report, error=str(error)))
        return built

    def _remove_strangers(self) -> None:
        """Remove the published feeds of outputs that are not, or no longer, in that tree."""
        app = self.app
        try:
            removed: tuple[str, ...] = ()
            for root in (app.public_root, app.private_root):
                listed = (one for one in app.settings.outputs if app.root_of(one) == root)
                removed += self._remove_but(root / "feeds", tuple(listed))
            removed += self._site.remove_pages()
        except PublishError as error:
            event(logger, logging.ERROR, "cannot remove feeds", error=error)
        else:
            for name in removed:
                event(logger, logging.INFO, "feed removed", file=name)

    def _remove_but(self, folder: Path, listed: Sequence[Output]) -> tuple[str, ...]:
        """Remove the documents and archive pages of other outputs, and pages no longer kept."""
        keep = {f"{output.id}.{form}" for output in listed for form in FORMATS}
        keep |= {
            f"{output.id}/archive/{number}.{form}"
            for output in listed
            for number in self.app.store.pages(output.id)
            for form in ARCHIVE_FORMATS
        }
        patterns = [f"*.{form}" for form in FORMATS]
        patterns += [f"*/archive/*.{form}" for form in ARCHIVE_FORMATS]
        removed: tuple[str, ...] = ()
        for pattern in patterns:
            removed += remove_published(folder, keep=keep, is_own=is_own, pattern=pattern)
        return removed

    # --- housekeeping

    async def housekeep(self) -> None:
        """Apply retention, tidy the database, write the daily backup. Failures are logged."""
        retention = self.app.settings.retention
        store = self.app.store
        try:
            pruned = await self.writer.run(
                partial(
                    store.prune,
                    before=self.app.now() - retention.keep,
                    min_articles=retention.min_articles,
                )
            )
            before = self.app.now() - retention.keep
            pages = await self.writer.run(partial(store.prune_pages, before=before))
            if pages:
                await self._off_loop(self._remove_strangers)
            await self.writer.run(store.optimize)
            self._site.list_sources_again()
            event(logger, logging.INFO, "housekeeping done", pruned=pruned)
            if retention.backups:
                await self._off_loop(self._backup, retention.backups)
        except (StoreError, OSError) as error:
            event(logger, logging.ERROR, "housekeeping failed", error=error)

    def _backup(self, copies: int) -> None:
        """Write today's copy of the database and drop those beyond the newest `copies`."""
        folder = self.app.settings.data_dir / "backups"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"aggregator-{self.app.now():%Y-%m-%d}.db"
        self.app.store.backup(path)
        for old in sorted(folder.glob("aggregator-????-??-??.db"))[:-copies]:
            old.unlink(missing_ok=True)
        event(logger, logging.INFO, "backup written", file=path.name)

    def _off_loop(self, function: Callable[..., T], *args: object) -> Awaitable[T]:
        """Run a blocking function in our thread, off the event loop."""
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._thread, partial(function, *args))
