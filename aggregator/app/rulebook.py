"""How often each rule decides, counted now and then, for those who look at the status page."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

from aggregator import outputs
from aggregator.app.application import App
from aggregator.core.errors import StoreError
from aggregator.core.settings import Settings
from aggregator.explain import Tally, tally
from aggregator.logs import event

COUNTED = 5000  # articles: seconds of a thread
FRESH = timedelta(hours=1)

logger = logging.getLogger(__name__)


class Rulebook:
    """Counts when somebody asks, an hour after the last time, or after a reload; in a thread."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._settings: Settings | None = None  # those that were counted
        self._counted_at = app.now()
        self._tally: Tally | None = None
        self._counting: asyncio.Task[None] | None = None

    def ask(self) -> Tally | None:
        """The last counts of these settings; None while they are made for the first time."""
        settings = self._app.settings
        is_other = settings is not self._settings
        if self._counting is None and (is_other or self._app.now() - self._counted_at >= FRESH):
            self._counting = asyncio.create_task(self._count(settings))
        return None if is_other else self._tally

    async def _count(self, settings: Settings) -> None:
        try:
            public = _public(settings)
            now = self._app.now()
            found = await asyncio.to_thread(tally, self._app.store, public, among=COUNTED, now=now)
        except StoreError as error:
            event(logger, logging.ERROR, "rules not counted", error=error)
        else:
            self._tally, self._settings, self._counted_at = found, settings, now
        finally:
            self._counting = None


def _public(settings: Settings) -> Settings:
    """Only what everybody may know of: no private outputs, no sources that only they carry."""
    shown = tuple(output for output in settings.outputs if output.access is None)
    return replace(settings, sources=outputs.public_sources(settings), outputs=shown)
