"""The public tree but for the feeds: pages, stylesheets, robots.txt, the list of sources.

A web server can serve the tree as it is. Files are written only when their bytes change.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from aggregator.adapters.opml import write_opml
from aggregator.adapters.publish import remove_published, write_published
from aggregator.core.model import Article, SourceState
from aggregator.core.render import feed_path, page_path
from aggregator.core.settings import Output, Settings
from aggregator.pages import (
    INDEX_TO_ROOT,
    NOT_FOUND,
    OUTPUT_TO_ROOT,
    OutputLine,
    Site,
    draw_error,
    draw_index,
    draw_output,
    formats_of,
    is_current,
    is_page,
    stylesheets,
)

ROBOTS: Final = b"User-agent: *\nDisallow: /\n"
_HEAD: Final = 4096  # bytes that tell of which edition a page is


class Tree:
    """The files below `root` for one set of settings. Every method may raise PublishError."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self._root = root
        self._settings = settings

    def write_fixed(self, *, now: datetime) -> None:
        """What depends on the settings at most: stylesheets, robots.txt, the page for errors."""
        for name, body in stylesheets().items():
            self._write(name, body, now=now)
        self._write("robots.txt", ROBOTS, now=now)
        # Shown at any depth, so its links start at the path of base_url.
        site = Site(title=self._settings.title, root=urlsplit(self._settings.base_url).path)
        self._write("404.html", draw_error(site, *NOT_FOUND), now=now)

    def write_sources(self, states: Sequence[SourceState], *, now: datetime) -> None:
        """The list of sources, with the titles that the publishers gave."""
        body = write_opml(
            self._settings,
            titles={state.source: state.info.title for state in states},
            sites={state.source: state.info.link for state in states},
        )
        self._write("sources.opml", body, now=now)

    def write_index(self, *, now: datetime) -> None:
        """The page of all outputs, with the time each was last changed."""
        lines = [self._line(output) for output in self._settings.outputs]
        self._write("index.html", draw_index(self._site(INDEX_TO_ROOT), lines), now=now)

    def write_page(self, output: Output, articles: Sequence[Article], *, now: datetime) -> None:
        """The page of one output whose feed is published."""
        body = draw_output(self._site(OUTPUT_TO_ROOT), self._line(output), articles)
        self._write(page_path(output.id) + "index.html", body, now=now)

    def has_page(self, output: Output) -> bool:
        """Is there a page of the output, drawn as pages are drawn today?"""
        try:
            with self._page(output).open("rb") as file:
                return is_current(file.read(_HEAD), self._site(OUTPUT_TO_ROOT))
        except OSError:
            return False

    def remove_pages(self) -> tuple[str, ...]:
        """Take down the pages of outputs that are no more; foreign files stay."""
        keep = {f"{output.id}/index.html" for output in self._settings.outputs}
        return remove_published(
            self._root / "feeds", keep=keep, is_own=is_page, pattern="*/index.html"
        )

    def _line(self, output: Output) -> OutputLine:
        return OutputLine(
            title=output.title,
            subtitle=output.subtitle,
            language=output.language,
            page=page_path(output.id),
            sources=len(output.sources),
            updated=_modified(self._root / feed_path(output.id)),
            formats=formats_of(output),
        )

    def _site(self, root: str) -> Site:
        return Site(title=self._settings.title, root=root)

    def _page(self, output: Output) -> Path:
        return self._root / page_path(output.id) / "index.html"

    def _write(self, name: str, body: bytes, *, now: datetime) -> None:
        write_published(self._root / name, body, modified=now)


def _modified(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    except OSError:
        return None
