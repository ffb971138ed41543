"""Every merge of real headlines, to be read by a human."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aggregator.core.model import StoredEntry
from tools.dedupe_report.service import service


@dataclass(frozen=True, slots=True)
class Merge:
    """One article, and all entries that are in it: the one that founded it comes first."""

    slug: str
    entries: tuple[StoredEntry, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(sorted({entry.source for entry in self.entries}))

    @property
    def guids(self) -> frozenset[str]:
        return frozenset(entry.guid for entry in self.entries)


def merges(documents: Mapping[str, bytes]) -> tuple[Merge, ...]:
    """Poll the documents once, each as a source; return the articles of several entries."""
    with tempfile.TemporaryDirectory() as folder:
        return merged(asyncio.run(_entries(Path(folder), documents)))


async def _entries(folder: Path, documents: Mapping[str, bytes]) -> tuple[StoredEntry, ...]:
    async with service(folder, documents) as running:
        await running.poll()
        return running.entries()


def merged(entries: Sequence[StoredEntry]) -> tuple[Merge, ...]:
    """The articles that have several entries, by slug."""
    articles: dict[str, list[StoredEntry]] = {}
    for entry in entries:
        articles.setdefault(entry.slug, []).append(entry)
    return tuple(
        Merge(slug, tuple(sorted(found, key=lambda entry: entry.rule != "new")))
        for slug, found in sorted(articles.items())
        if len(found) > 1
    )


def listing(found: Sequence[Merge], stories: Mapping[str, str]) -> Iterator[str]:
    """All merges with rule and evidence; `stories` says of some guids what story they tell."""
    yield f"{len(found)} articles of several entries"
    for merge in found:
        told = {stories[guid] for guid in merge.guids if guid in stories}
        across = "" if len(merge.sources) > 1 else "  (within one source)"
        yield ""
        yield f"{merge.slug}{across}{'  STORIES DIFFER' if len(told) > 1 else ''}"
        for entry in merge.entries:
            yield f"  {entry.source}: {entry.title}"
            yield f"    {entry.link}"
            yield f"    {entry.rule}: {entry.evidence}"
