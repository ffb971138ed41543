"""How fast a backlog may shrink after downtime. Pure: time comes in as ticks."""

from __future__ import annotations

from dataclasses import dataclass

SPREAD = 300.0  # seconds in which a backlog of any size is worked off
LEAST_RATE = 2.0  # starts per second: 20 sources take seconds


@dataclass(frozen=True, slots=True)
class Backlog:
    """What was due when the dispatcher looked for the first time in a while.

    A token bucket whose tokens are what the backlog has shrunk by: sources that become due
    meanwhile, as they do at any time, start at once and use none of them up.
    """

    size: int  # sources
    began: float  # ticks: seconds of a monotonic clock

    @property
    def rate(self) -> float:
        """Starts per second."""
        return max(LEAST_RATE, self.size / SPREAD)

    def allowed(self, due: int, *, ticks: float) -> int:
        """Return how many of the `due` sources may start now."""
        return max(0, int(due - self._waiting(ticks)))

    def is_over(self, *, ticks: float) -> bool:
        """Tell whether everything that is due may start."""
        return self._waiting(ticks) <= 0

    def _waiting(self, ticks: float) -> float:
        """Return how many must still be due; the tokens of the first second are there at once."""
        return max(0.0, self.size - self.rate * (ticks - self.began + 1))
