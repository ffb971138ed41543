"""When each output can next change: at the next poll of one of its sources, as far as we know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from aggregator.outputs import Catalogue, outputs_by_source, timed_outputs

SHORTEST_AGE = 300  # seconds a copy of a feed may always be kept (W33)
LONGEST_AGE = 3600
TIMED_AGE = 600  # of outputs that the clock can change: they are built that often


class Freshness:
    """Keeps the next poll of every source, and of each output the earliest, once it was asked."""

    def __init__(self) -> None:
        self._polls: dict[str, datetime] = {}
        self._sources_of: dict[str, tuple[str, ...]] = {}
        self._outputs_of: dict[str, list[str]] = {}
        self._timed: frozenset[str] = frozenset()
        self._earliest: dict[str, datetime] = {}

    def learn(self, catalogue: Catalogue, polls: Mapping[str, datetime]) -> None:
        """Take the outputs of new settings, and when each source is polled next."""
        self._polls = dict(polls)
        settings = catalogue.settings
        self._sources_of = {output.id: output.sources for output in settings.outputs}
        self._outputs_of = outputs_by_source(settings)
        self._timed = timed_outputs(catalogue)
        self._earliest = {}

    def is_timed(self, output: str) -> bool:
        """Can the clock alone change the output?"""
        return output in self._timed

    def polled(self, source: str, next_poll_at: datetime) -> None:
        """A source was polled. Only an output whose earliest it was looks for another one."""
        before = self._polls.get(source)
        self._polls[source] = next_poll_at
        for output in self._outputs_of.get(source, ()):
            earliest = self._earliest.get(output)
            if earliest is not None and (earliest == before or next_poll_at < earliest):
                del self._earliest[output]

    def max_age(self, output: str, *, now: datetime) -> int:
        """Return the seconds a copy of the output's feed stays fresh: 5 to 60 minutes (W33).

        A poll that is due takes a while, so at least five minutes; after an hour at most
        `aggregator poll --force` and edits of feeds.yaml reach everybody.
        """
        longest = TIMED_AGE if output in self._timed else LONGEST_AGE
        due = self._next_poll(output)
        if due is None:
            return SHORTEST_AGE
        return max(SHORTEST_AGE, min(int((due - now).total_seconds()), longest))

    def _next_poll(self, output: str) -> datetime | None:
        if output not in self._earliest:
            sources = self._sources_of.get(output, ())
            polls = [self._polls[source] for source in sources if source in self._polls]
            if not polls:
                return None
            self._earliest[output] = min(polls)
        return self._earliest[output]
