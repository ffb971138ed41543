"""A press that never stops: made-up stories by number, their copies elsewhere and their accidents.

Of a thousand stories about thirty are columns, each under the same headline as a hundred others;
forty begin like other headlines; twenty texts open with a stock paragraph. Half of the entries
have typographic quotes, a fifth the name of their site behind the headline, a tenth a kicker
before it. The same number always tells the same story, in every process.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

from aggregator.core.model import Entry, Feed, FeedInfo
from aggregator.core.settings import Source

SOURCES = 200
SPACING = timedelta(seconds=8)  # from one story to the next: some 11,000 a day
START = datetime(2026, 1, 1, tzinfo=UTC)

_FUNCTION_WORDS = "the of to in and a for on that is with as at by from was it has its be".split()
_SYLLABLES = "ka lor mi ten sa bru ge nor tal vi pes ro dun el qua shi mar fo zen ul".split()
_VOCABULARY = 6000
_TAPE = 1 << 21  # words of running text, that stories are cut from
_LONGEST_STEP = 2000  # between two words of one story on the tape
_KICKERS = ("UPDATE 1-", "BREAKING: ", "World › ", "VIDEO: ")
_DESKS = "Morning briefing|Markets wrap|The week in pictures|Letters to the editor|Weekly links"


def source(number: int) -> Source:
    return Source(id=f"paper{number}", url=f"https://www.paper{number}.example/feed.xml")


def published(number: int) -> datetime:
    return START + number * SPACING


def feed(paper: int, entries: Sequence[Entry]) -> Feed:
    """A document of the source of this number."""
    link = f"https://www.paper{paper}.example/"
    return Feed(info=FeedInfo(title=f"Paper {paper}", link=link), entries=tuple(entries))


class Press:
    """Tells stories by number. Making one takes a second: it writes the tape first."""

    def __init__(self) -> None:
        dice = Random("press")
        words = [*_FUNCTION_WORDS, *_invented(dice, _VOCABULARY - len(_FUNCTION_WORDS))]
        weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
        self._tape = dice.choices(words, cum_weights=weights, k=_TAPE)
        self._stock = [" ".join(self._cut(dice, 45)) for _ in range(50)]
        self._openings = [" ".join(self._cut(dice, 9)[:7]).capitalize() for _ in range(500)]

    def story(self, number: int, *, paper: int, at: datetime) -> Entry:
        """The story as the source that has it first tells it."""
        title, text = self._telling(number)
        return _entry(paper, number, title=title, text=text, at=at)

    def copy(self, number: int, *, paper: int, at: datetime) -> Entry:
        """The story as another source tells it a little later: edited, under its own guid."""
        title, text = self._telling(number)
        dice = Random(number * SOURCES + paper)
        if dice.random() < 0.3:
            title = dice.choice(_KICKERS) + title
        if dice.random() < 0.2:
            text = " ".join(text.split()[: dice.randrange(40, 90)])
        return _entry(paper, number, title=title, text=f"Staff writer. {text}", at=at)

    def _telling(self, number: int) -> tuple[str, str]:
        """Headline and text."""
        dice = Random(number)
        kind = dice.random()
        text = self._text(dice)
        if kind < 0.03:
            desk = dice.choice(_DESKS.split("|"))
            return f"{desk} of the {dice.randrange(40)} o'clock edition", text
        if kind < 0.07:
            return f"{dice.choice(self._openings)} {' '.join(self._cut(dice, 4))}", text
        if kind < 0.09:
            text = f"{dice.choice(self._stock)} {text}"
        words = self._cut(dice, dice.randrange(7, 13))
        if kind > 0.85:
            words.insert(2, str(dice.randrange(2, 2000)))
        if kind > 0.5:
            words[:2] = [f"‘{words[0]} {words[1]}’"]
        return " ".join(words).capitalize(), text

    def _text(self, dice: Random) -> str:
        words = self._cut(dice, dice.randrange(150, 401))
        for place in range(11, len(words), 13):
            words[place] += "." if place % 7 else ","
        if dice.random() < 0.5:
            words[20] = f"“{words[20]}”"
        return " ".join(words)

    def _cut(self, dice: Random, length: int) -> list[str]:
        step = dice.randrange(1, _LONGEST_STEP)
        start = dice.randrange(_TAPE - length * step)
        return self._tape[start : start + length * step : step]


def _invented(dice: Random, count: int) -> list[str]:
    words: dict[str, None] = {}
    while len(words) < count:
        words["".join(dice.choices(_SYLLABLES, k=dice.randrange(1, 4)))] = None
    return list(words)


def _entry(paper: int, number: int, *, title: str, text: str, at: datetime) -> Entry:
    dice = Random(number * SOURCES + paper + 1)
    words = "-".join(re.findall("[a-z0-9]+", title.lower())[:9])
    if dice.random() < 0.2:
        title = f"{title} - Paper {paper}"
    link = f"https://www.paper{paper}.example/news/{words}-{number}?utm_source=rss"
    html = "".join(f"<p>{paragraph}.</p>" for paragraph in text.split(". "))
    long = dice.random() < 0.5
    return Entry(
        guid=f"https://www.paper{paper}.example/?p={number}",
        title=title,
        link=link,
        published=at,
        summary=text[:200] if long else html,
        content=html if long else "",
        categories=("news",),
    )
