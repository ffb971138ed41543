"""What is published besides feeds: pages, stylesheets, robots.txt, the list of sources.

A web server can serve the public tree as it is. Files are written only when their bytes change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from aggregator.adapters.opml import write_opml
from aggregator.adapters.publish import remove_published, write_published
from aggregator.core.model import Article
from aggregator.core.render import Pieces, feed_path, page_path
from aggregator.core.settings import Output, Settings, Source
from aggregator.pages import (
    INDEX,
    INDEX_TO_ROOT,
    NOT_FOUND,
    OUTPUT_TO_ROOT,
    OutputLine,
    Site,
    draw_error,
    draw_index,
    draw_output,
    is_current,
    is_page,
    output_line,
    stylesheets,
)

MISSING: Final = "404.html"
ROBOTS: Final = b"User-agent: *\nDisallow: /\n"
_HEAD: Final = 4096  # bytes that tell of which edition a page is


class Tree:
    """The files for one set of settings. Every method may raise PublishError.

    `private` is the folder of private outputs: their pages are there, and in no index.
    `sources` are those that the public may know of.
    """

    def __init__(
        self, public: Path, private: Path, settings: Settings, *, sources: Sequence[Source]
    ) -> None:
        self._public = public
        self._private = private
        self._settings = settings
        self._sources = tuple(sources)

    def write_fixed(self, *, now: datetime) -> None:
        """What depends on the settings at most: stylesheets, robots.txt, the page for errors."""
        for name, body in stylesheets().items():
            self._write(name, body, now=now)
        self._write("robots.txt", ROBOTS, now=now)
        # Shown at any depth, so its links start at the path of base_url.
        site = Site(title=self._settings.title, root=urlsplit(self._settings.base_url).path)
        if not _has(self._public / MISSING, site, NOT_FOUND):
            self._write(MISSING, draw_error(site, *NOT_FOUND), now=now)

    def write_sources(self, known: Mapping[str, tuple[str, str]], *, now: datetime) -> None:
        """The list of sources, with the titles and sites that the publishers gave, by id."""
        body = write_opml(replace(self._settings, sources=self._sources), known=known)
        self._write("sources.opml", body, now=now)

    def write_index(self, *, now: datetime) -> None:
        """The page of all outputs, with the time each was last changed."""
        site = self._site(INDEX_TO_ROOT)
        lines = [self._line(one) for one in self._settings.outputs if one.access is None]
        if not _has(self._public / INDEX, site, lines):
            self._write(INDEX, draw_index(site, lines), now=now)

    def write_page(
        self,
        output: Output,
        articles: Sequence[Article],
        *,
        known: Pieces | None = None,
        now: datetime,
    ) -> None:
        """The page of one output whose feed is published; `known` were drawn before."""
        site, line = self._site(OUTPUT_TO_ROOT), self._line(output)
        body = draw_output(site, line, articles, known=known)
        write_published(self._page(output), body, modified=now)

    def has_page(self, output: Output) -> bool:
        """Is there a page of the output, drawn as pages are drawn today?"""
        return _has(self._page(output), self._site(OUTPUT_TO_ROOT))

    def remove_pages(self) -> tuple[str, ...]:
        """Take down the pages of outputs that are no more; foreign files stay."""
        removed: tuple[str, ...] = ()
        for root in (self._public, self._private):
            listed = (one for one in self._settings.outputs if self._root(one) == root)
            removed += remove_published(
                root / "feeds",
                keep={f"{output.id}/{INDEX}" for output in listed},
                is_own=is_page,
                pattern=f"*/{INDEX}",
            )
        return removed

    def _line(self, output: Output) -> OutputLine:
        return output_line(output, updated=_modified(self._root(output) / feed_path(output.id)))

    def _site(self, root: str) -> Site:
        return Site(title=self._settings.title, root=root)

    def _root(self, output: Output) -> Path:
        return self._public if output.access is None else self._private

    def _page(self, output: Output) -> Path:
        return self._root(output) / page_path(output.id) / INDEX

    def _write(self, name: str, body: bytes, *, now: datetime) -> None:
        write_published(self._public / name, body, modified=now)


def _has(path: Path, site: Site, shown: object = ()) -> bool:
    """Is there a page as it would be drawn today?"""
    try:
        with path.open("rb") as file:
            return is_current(file.read(_HEAD), site, shown)
    except OSError:
        return False


def _modified(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    except OSError:
        return None
