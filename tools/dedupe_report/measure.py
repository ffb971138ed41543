"""Were the copies of a story found, and nothing else? Pairwise over distinct items."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import comb

from aggregator.core.model import StoredEntry
from tools.dedupe_report.material import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An item, and the entry that it became."""

    item: Item
    entry: StoredEntry
    article: str  # slug
    order: int  # of arrival


@dataclass(slots=True)
class Register:
    """What became of each item; filled round by round, because entries may be dropped later."""

    placed: dict[Item, Placed] = field(default_factory=dict)
    lost: set[Item] = field(default_factory=set)  # items that no entry was stored for

    def note(self, items: Sequence[Item], entries: Sequence[StoredEntry]) -> None:
        """Look up the items of one round among all that is stored after it."""
        stored = {(entry.source, entry.guid): entry for entry in entries}
        for item in items:
            entry = _entry_of(item, stored)
            if entry is None:
                self.lost.add(item)
                continue
            known = self.placed.get(item)
            order = known.order if known else len(self.placed)
            self.placed[item] = Placed(item=item, entry=entry, article=entry.slug, order=order)
        self._follow(stored)

    def _follow(self, stored: Mapping[tuple[str, str], StoredEntry]) -> None:
        """An item of an earlier round is where its entry is now."""
        for item, placed in self.placed.items():
            entry = stored.get((placed.entry.source, placed.entry.guid))
            if entry is not None and entry.slug != placed.article:
                self.placed[item] = Placed(
                    item=item, entry=entry, article=entry.slug, order=placed.order
                )


def _entry_of(item: Item, stored: Mapping[tuple[str, str], StoredEntry]) -> StoredEntry | None:
    """The entry with the item's guid; if a document repeated the guid, the one with its link."""
    own = stored.get((item.feed, item.guid.strip()))
    other = stored.get((item.feed, f"{item.guid.strip()} {item.link}"))
    return other or own


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of pairs of items."""

    found: int = 0  # same story and same article
    predicted: int = 0  # same article
    true: int = 0  # same story

    @property
    def precision(self) -> float:
        return self.found / self.predicted if self.predicted else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.true if self.true else 1.0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.found + other.found, self.predicted + other.predicted, self.true + other.true
        )


def score(placed: Sequence[Placed]) -> Score:
    """Count all pairs of distinct items."""

    def pairs(counts: Counter[tuple[str, ...]]) -> int:
        return sum(comb(count, 2) for count in counts.values())

    return Score(
        found=pairs(Counter((each.item.story, each.article) for each in placed)),
        predicted=pairs(Counter((each.article,) for each in placed)),
        true=pairs(Counter((each.item.story,) for each in placed)),
    )


def true_pairs(placed: Sequence[Placed]) -> Iterator[tuple[Placed, Placed]]:
    """All pairs of one story, found or missed."""
    for group in by_story(placed).values():
        yield from combinations(group, 2)


def false_pairs(placed: Sequence[Placed]) -> Iterator[tuple[Placed, Placed]]:
    """All pairs of two stories in one article."""
    for group in by_article(placed).values():
        for one, other in combinations(group, 2):
            if one.item.story != other.item.story:
                yield one, other


def by_story(placed: Sequence[Placed]) -> dict[str, list[Placed]]:
    """The items of each story, in the order of arrival."""
    groups: defaultdict[str, list[Placed]] = defaultdict(list)
    for each in sorted(placed, key=lambda placed: placed.order):
        groups[each.item.story].append(each)
    return dict(groups)


def by_article(placed: Sequence[Placed]) -> dict[str, list[Placed]]:
    """The items of each article, in the order of arrival."""
    groups: defaultdict[str, list[Placed]] = defaultdict(list)
    for each in sorted(placed, key=lambda placed: placed.order):
        groups[each.article].append(each)
    return dict(groups)


def split_stories(placed: Sequence[Placed]) -> dict[str, list[Placed]]:
    """The stories that several articles tell."""
    return {
        story: group
        for story, group in by_story(placed).items()
        if len({each.article for each in group}) > 1
    }


def mixed_articles(placed: Sequence[Placed]) -> dict[str, list[Placed]]:
    """The articles that tell several stories."""
    return {
        article: group
        for article, group in by_article(placed).items()
        if len({each.item.story for each in group}) > 1
    }


def second_founders(placed: Sequence[Placed]) -> Iterator[Placed]:
    """The entries that founded an article although their story had one: the wrong decisions."""
    for group in split_stories(placed).values():
        first = group[0].article
        founders: dict[str, Placed] = {}
        for each in group:
            if each.article != first and each.entry.rule == "new":
                founders.setdefault(each.article, each)
        yield from founders.values()


def wrong_joins(placed: Sequence[Placed]) -> Iterator[Placed]:
    """The first entry of each story that joined an article of another one: the wrong decisions.

    What follows them into the article merely recognises its own story there.
    """
    for group in mixed_articles(placed).values():
        seen = {group[0].item.story}
        for each in group:
            if each.item.story not in seen:
                seen.add(each.item.story)
                yield each


def reused_guids(placed: Sequence[Placed]) -> frozenset[tuple[str, str]]:
    """Feed and guid of entries that told two stories: the generator draws guids at random."""
    stories: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for each in placed:
        stories[each.item.feed, each.item.guid].add(each.item.story)
    return frozenset(guid for guid, told in stories.items() if len(told) > 1)


def twin_headlines(placed: Sequence[Placed]) -> frozenset[str]:
    """Headlines that two ordinary stories have: the generator draws them at random, too."""
    stories: defaultdict[str, set[str]] = defaultdict(set)
    for each in placed:
        if each.item.relation != "hard":
            stories[each.item.title].add(each.item.story)
    return frozenset(title for title, told in stories.items() if len(told) > 1)


_LOOKALIKES = {
    "live blog": "Live: ",
    "list": "things to know",
    "toll": "At least ",
    "market report": " market report for ",
}


def kind_of(item: Item) -> str:
    """What sort of story it is: an ordinary one, or one of those that look like copies."""
    if item.relation != "hard":
        return "story"
    return next((kind for kind, words in _LOOKALIKES.items() if words in item.title), "column")


def operations_of(one: Item, other: Item) -> tuple[str, ...]:
    """What was done to either of a pair."""
    return tuple(sorted({*one.operations, *other.operations})) or ("(none)",)
