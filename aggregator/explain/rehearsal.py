"""What a build would make of an edited feeds.yaml, worked out without writing anything.

A rehearsal shows the store as a reload would leave it: renamed sources and outputs under their
new names, sources that join as members since now. What a build writes before it reads again, the
numbers of the articles it carries for the first time, is remembered here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from aggregator import archive, outputs
from aggregator.archive import Edition
from aggregator.core import shares
from aggregator.core.model import Article, Carried
from aggregator.core.render import render
from aggregator.core.settings import Output, Settings, renamed_outputs
from aggregator.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What an output would carry, in its order, and what of it is new and still no news."""

    articles: tuple[Article, ...]
    no_news: frozenset[int]  # slug hashes


@dataclass(slots=True, kw_only=True)
class Rehearsal:
    """The store as it would be under other settings; a Shelf."""

    store: Store
    settings: Settings
    now: datetime
    _sources: Mapping[str, str] = field(init=False)  # id -> stored id, where they differ
    _called: Mapping[str, str] = field(init=False)  # the other way round
    _former: Mapping[str, str] = field(init=False)  # the same of outputs
    _known: frozenset[str] = field(init=False)
    _numbered: dict[str, tuple[Carried, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._called = self.store.renamed(self.settings.sources)
        self._sources = {new: old for old, new in self._called.items()}
        self._known = frozenset(self.store.output_states())
        renamed = renamed_outputs(self.settings.outputs, self._known)
        self._former = {new: old for old, new in renamed.items()}

    def stored_id(self, output: str) -> str:
        """Under which id an output is known to the store."""
        return self._former.get(output, output)

    def is_known(self, output: str) -> bool:
        return self.stored_id(output) in self._known

    def contents(self) -> dict[str, Contents | None]:
        """What builds would publish, by output; None for one that would publish nothing."""
        found: dict[str, Contents | None] = dict.fromkeys(
            output.id for output in self.settings.outputs
        )
        catalogue = outputs.Catalogue.of(self.settings)
        for together in archive.with_same_sources(filter(self._is_built, self.settings.outputs)):
            editions = [
                Edition.of(catalogue, output, store=self, now=self.now) for output in together
            ]
            for edition, newest in zip(editions, archive.newest_of(editions), strict=True):
                found[edition.output.id] = self._contents(edition, newest)
        return found

    def _contents(self, edition: Edition, newest: tuple[Article, ...]) -> Contents:
        output = edition.output
        fresh = archive.fresh(edition)
        late = archive.late(edition, newest, fresh=fresh)
        no_news = archive.no_news(edition, (*newest, *late), fresh=fresh)
        self._carry(output.id, (*newest, *late))
        document = archive.together(output, newest, archive.besides(edition, newest))
        return Contents(
            articles=self._rendered(output, document),
            no_news=frozenset(article.slug_hash for article in no_news),
        )

    def _is_built(self, output: Output) -> bool:
        """Has any of its sources ever answered? Before that there is nothing to tell (W38)."""
        sources = self._stored(output.sources)
        changes = self.store.changes()
        if outputs.last_change(replace(output, sources=tuple(sources)), changes):
            return True
        states = map(self.store.state, sources)
        return any(state is not None and state.last_success_at for state in states)

    def _carry(self, output: str, articles: Sequence[Article]) -> None:
        due = self.store.unnumbered(self.stored_id(output), articles)
        last = max((one.sequence for one in self.recent(output, size=1)), default=0)
        self._numbered[output] = tuple(
            Carried(article.slug_hash, sequence, self.now)
            for sequence, article in enumerate(due, start=last + 1)
        )

    def _rendered(self, output: Output, articles: Sequence[Article]) -> tuple[Article, ...]:
        """Those that find room in the document."""
        rendered = render(
            output,
            articles,
            base_url=output.base_of(self.settings.base_url),
            atom_id=output.atom_id or "urn:x-rehearsal",
            settings_changed_at=self.now,
        )
        found = {article.slug_hash: article for article in articles}
        return tuple(found[slug_hash] for slug_hash in rendered.carried)

    # --- Shelf

    def articles(
        self,
        sources: Sequence[str],
        *,
        priority: dict[str, int],
        called: Mapping[str, str] | None = None,
    ) -> Iterator[Article]:
        return self.store.articles(
            self._stored(sources),
            priority=self._priority(priority),
            called=self._called if called is None else called,
        )

    def picked(
        self,
        slug_hashes: Sequence[int],
        sources: Sequence[str],
        *,
        priority: dict[str, int],
        called: Mapping[str, str] | None = None,
    ) -> tuple[Article, ...]:
        return self.store.picked(
            slug_hashes,
            self._stored(sources),
            priority=self._priority(priority),
            called=self._called if called is None else called,
        )

    def _stored(self, sources: Iterable[str]) -> list[str]:
        return [self._sources.get(source, source) for source in sources]

    def _priority(self, priority: Mapping[str, int]) -> dict[str, int]:
        return {self._sources.get(source, source): rank for source, rank in priority.items()}

    def joined(self, output: str) -> dict[str, datetime]:
        stored = self.store.members(self.stored_id(output))
        known = {self._called.get(source, source): since for source, since in stored.items()}
        sources = next(one.sources for one in self.settings.outputs if one.id == output)
        has_carried = bool(self.store.recent(self.stored_id(output), size=1))
        found = shares.members(known, sources, has_carried=has_carried, now=self.now)
        return {source: since for source, since in found.items() if since is not None}

    def fresh(self, output: str, sources: Sequence[str]) -> dict[int, bool]:
        return self.store.fresh(self.stored_id(output), self._stored(sources))

    def first_carried(self, output: str, slug_hashes: Sequence[int]) -> dict[int, datetime]:
        return self.store.first_carried(self.stored_id(output), slug_hashes)

    def recent(self, output: str, *, size: int) -> tuple[Carried, ...]:
        numbered = self._numbered.get(output, ())
        anew = {one.slug_hash for one in numbered}
        before = self.store.recent(self.stored_id(output), size=size + len(numbered))
        stayed = tuple(one for one in before if one.slug_hash not in anew)
        return (*stayed, *numbered)[-size:] if size else ()

    def unpaged(self, output: str, *, limit: int) -> tuple[Carried, ...]:
        return self.store.unpaged(self.stored_id(output), limit=limit)

    def last_page(self, output: str) -> tuple[int, int]:
        return self.store.last_page(self.stored_id(output))
