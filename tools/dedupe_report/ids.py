"""Does an Atom id ever change, and does an output ever hold one article twice?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from aggregator.core.model import StoredEntry

ATOM = "{http://www.w3.org/2005/Atom}"


@dataclass(slots=True)
class Ids:
    """What was promised to subscribers so far, and how often a promise was broken."""

    changed: int = 0  # entries or articles that have another id than a round before
    repeated: int = 0  # entries of an output that share an id, or belong to one article
    broken: list[str] = field(default_factory=list)  # each of these in words
    _of_entry: dict[tuple[str, str], str] = field(default_factory=dict)
    _of_article: dict[str, str] = field(default_factory=dict)

    def look(
        self, entries: Sequence[StoredEntry], atom_ids: Mapping[str, str], published: bytes
    ) -> None:
        """Compare what is stored and published now with what was there before."""
        for slug, atom_id in atom_ids.items():
            self._keep(self._of_article.setdefault(slug, atom_id), atom_id, slug)
        for entry in entries:
            name = (entry.source, entry.guid)
            atom_id = atom_ids[entry.slug]
            self._keep(self._of_entry.setdefault(name, atom_id), atom_id, " ".join(name))
        self._count_repeats(atom_ids, published)

    def _keep(self, before: str, now: str, name: str) -> None:
        if before != now:
            self.changed += 1
            self.broken.append(f"{name}: {before} became {now}")

    def _count_repeats(self, atom_ids: Mapping[str, str], published: bytes) -> None:
        slugs: dict[str, list[str]] = {}
        for slug, atom_id in atom_ids.items():
            slugs.setdefault(atom_id, []).append(slug)
        ids = [entry.findtext(f"{ATOM}id") or "" for entry in _entries(published)]
        for atom_id, count in Counter(ids).items():
            if count > 1 or len(slugs.get(atom_id, ())) != 1:
                self.repeated += 1
                self.broken.append(
                    f"{atom_id}: {count} entries, articles {slugs.get(atom_id, 'none')}"
                )


def _entries(published: bytes) -> list[ET.Element]:
    return list(ET.fromstring(published).iter(f"{ATOM}entry"))
