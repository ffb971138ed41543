"""Which outputs must be built: kept up to date by what has changed, not counted anew each time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from aggregator import outputs
from aggregator.app.application import App
from aggregator.core.model import OutputState
from aggregator.core.render import FORMATS, feed_path
from aggregator.core.settings import Output


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found out of one set of settings."""

    digests: dict[str, str] = field(default_factory=dict)  # by output
    timed: frozenset[str] = frozenset()
    outputs_of: dict[str, list[str]] = field(default_factory=dict)  # by source


class Behind:
    """Looks at the store and the published files; used in the thread of the builds only."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._known = _Known()
        self._seen = 0  # the last change number there was
        self._last: dict[str, int] = {}  # of each output the last of its sources' change numbers

    def learn(self) -> None:
        """Follow the settings."""
        catalogue = self._app.catalogue
        settings = catalogue.settings
        self._known = _Known(
            digests={one.id: outputs.digest(catalogue, one) for one in settings.outputs},
            timed=outputs.timed_outputs(catalogue),
            outputs_of=outputs.outputs_by_source(settings),
        )
        self._seen, self._last = 0, {}

    def is_timed(self, output: Output) -> bool:
        """Can the output change with the clock alone?"""
        return output.id in self._known.timed

    def digest(self, output: Output) -> str:
        """Of the settings that shape the output."""
        known = self._known.digests.get(output.id)  # not there yet while a reload is under way
        return outputs.digest(self._app.catalogue, output) if known is None else known

    def last_change(self, output: Output) -> int:
        """The change number of the output when `stale` looked; 0: nothing ever came."""
        return self._last.get(output.id, 0)

    def stale(
        self, listed: Collection[Output], *, outdated: Collection[str], timed: bool
    ) -> list[Output]:
        """Those of the outputs that are not current (`timed`: or that the clock can change)."""
        self._look()
        states = self._app.store.output_states()
        return [
            output
            for output in listed
            if output.id in outdated
            or (timed and self.is_timed(output))
            or not self._is_current(output, states.get(output.id))
        ]

    def _look(self) -> None:
        """Take note of what has changed since the last look."""
        outputs_of, last = self._known.outputs_of, self._last
        for source, change in self._app.store.changes(since=self._seen).items():
            self._seen = max(self._seen, change)
            for output in outputs_of.get(source, ()):
                last[output] = max(change, last.get(output, 0))

    def _is_current(self, output: Output, state: OutputState | None) -> bool:
        digest = self._known.digests.get(output.id, "")
        change = self.last_change(output)
        if not outputs.is_current(state, digest=digest, change=change):
            return False
        root = self._app.root_of(output)
        return all((root / feed_path(output.id, form)).exists() for form in FORMATS)
