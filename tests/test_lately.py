"""What takes long to find out is found out once for many who ask."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from aggregator.app.lately import AT_ONCE, KEPT, Lately


@dataclass
class Slow:
    """Says how often it was asked; each time takes so many ticks."""

    takes: float
    now: float = 0.0
    asked: list[int] = field(default_factory=list)

    def ticks(self) -> float:
        return self.now

    def find(self) -> int:
        self.now += self.takes
        self.asked.append(len(self.asked))
        return self.asked[-1]


async def test_who_asks_soon_gets_what_was_found_lately() -> None:
    slow = Slow(takes=3)
    lately: Lately[int] = Lately(slow.ticks)
    assert [await lately.ask(slow.find, about="a") for _ in range(3)] == [0, 0, 0]
    slow.now += 3 * KEPT
    assert await lately.ask(slow.find, about="a") == 1


async def test_what_is_about_something_else_is_found_out_anew() -> None:
    slow = Slow(takes=3)
    lately: Lately[int] = Lately(slow.ticks)
    asked = [await lately.ask(slow.find, about=about) for about in ("a", "b", "b", "a")]
    assert asked == [0, 1, 1, 2]


async def test_what_is_found_at_once_is_never_old() -> None:
    slow = Slow(takes=AT_ONCE / 2)
    lately: Lately[int] = Lately(slow.ticks)
    assert [await lately.ask(slow.find, about="a") for _ in range(3)] == [0, 1, 2]


async def test_all_who_ask_at_the_same_time_get_one_answer() -> None:
    slow = Slow(takes=3)
    lately: Lately[int] = Lately(slow.ticks)
    answers = await asyncio.gather(*(lately.ask(slow.find, about="a") for _ in range(5)))
    assert answers == [0] * 5
    assert slow.asked == [0]
