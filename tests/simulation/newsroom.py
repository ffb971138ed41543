"""Sources that bring news as newsrooms do: by day, less at weekends, in bursts, with edits.

Times are hours since START. The same seed tells the same month.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from aggregator.core.model import Entry

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
SHOWN = 15  # entries in the document of a source
SLOT = 0.5  # hours from one poll to the next
_SYLLABLES = "ka lor mi ten sa bru ge nor tal vi pes ro dun el qua shi mar fo zen ul".split()
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One story of one source. `words` seeds its text: a copy elsewhere has the same one."""

    source: str
    name: str
    words: int
    appears: float
    dated: float  # before `appears` if it is late
    edits: tuple[float, ...] = ()
    sport: bool = False

    @property
    def id(self) -> str:
        return f"tag:{self.source}.example,2026:{self.name}"

    def entry(self, time: float) -> Entry:
        """As it stands at a time: each edit adds a paragraph, and says when."""
        dice = Random(self.words)
        edits = [when for when in self.edits if when <= time]
        told = [_text(dice, dice.randrange(60, 300))]
        told += [f"Correction {number}: {_text(dice, 20)}" for number, _ in enumerate(edits)]
        return Entry(
            guid=self.id,
            title=_text(Random(-self.words), 8),
            link=f"https://{self.source}.example/{self.name}",
            published=START + self.dated * _HOUR,
            updated=START + edits[-1] * _HOUR if edits else None,
            content="".join(f"<p>{paragraph}</p>" for paragraph in told),
            categories=("sport",) if self.sport else (),
        )


class Newsroom:
    """All stories of some sources in `hours`; each has a past of SHOWN stories before START."""

    def __init__(self, seed: int, *, sources: Iterable[str], hours: float) -> None:
        self._dice = Random(seed)
        self._count = 0
        self._hours = hours
        self.stories = {name: list(self._of(name)) for name in sources}
        self._copy_some()
        for told in self.stories.values():
            told.sort(key=lambda story: story.appears)

    def shown(self, source: str, time: float) -> tuple[Entry, ...]:
        """The entries in the document of a source, the newest first."""
        there = [story for story in self.stories[source] if story.appears <= time]
        return tuple(story.entry(time) for story in reversed(there[-SHOWN:]))

    def has_news(self, source: str, *, since: float, until: float) -> bool:
        """Has its document changed in a while?"""
        return any(
            since < when <= until
            for story in self.stories[source]
            for when in (story.appears, *story.edits)
        )

    def _of(self, source: str) -> Iterator[Story]:
        pace = self._dice.choice((0.15, 0.4, 0.8, 1.5))  # stories an hour at noon
        for number in range(SHOWN):
            yield self._story(source, -1.0 - 7 * number)
        for slot in range(int(self._hours / SLOT)):
            time = slot * SLOT
            expected = pace * SLOT * _rhythm(time)
            count = sum(self._dice.random() < expected / 3 for _ in range(3))
            if self._dice.random() < 0.004 * _rhythm(time):
                count += self._dice.randrange(4, 12)  # something has happened
            for _ in range(count):
                yield self._story(source, time + self._dice.uniform(0, SLOT))

    def _story(self, source: str, appears: float) -> Story:
        dice = self._dice
        self._count += 1
        late = dice.uniform(3, 60) if dice.random() < 0.04 else dice.uniform(0, 0.4)
        edits: list[float] = []
        while appears > 0 and dice.random() < 0.15:
            edits.append((edits or [appears])[-1] + dice.expovariate(1 / 4))
        return Story(
            source=source,
            name=f"story-{self._count}",
            words=self._count,
            appears=appears,
            dated=appears - late,
            edits=tuple(edits),
            sport=dice.random() < 0.15,
        )

    def _copy_some(self) -> None:
        """Every twentieth story is told by another source too, an hour or so later."""
        names = sorted(self.stories)
        every = [story for name in names for story in self.stories[name] if story.appears > 0]
        for story in every:
            if self._dice.random() < 0.05:
                other = self._dice.choice([name for name in names if name != story.source])
                appears = story.appears + self._dice.uniform(0.2, 3)
                copied = Story(
                    source=other,
                    name=f"copy-of-{story.name}",
                    words=story.words,
                    appears=appears,
                    dated=appears - 0.1,
                    sport=story.sport,
                )
                self.stories[other].append(copied)


def _rhythm(time: float) -> float:
    """How busy newsrooms are, 1 at noon on a weekday."""
    moment = START + time * _HOUR
    weekday = 1.0 if moment.weekday() < 5 else 0.25
    if 8 <= moment.hour < 18:
        return weekday
    return weekday * (0.4 if 6 <= moment.hour < 22 else 0.05)


def _text(dice: Random, count: int) -> str:
    return " ".join("".join(dice.choices(_SYLLABLES, k=dice.randrange(1, 4))) for _ in range(count))
