"""Tells the hubs of outputs what builds have changed."""

from __future__ import annotations

import logging

from aggregator import __version__
from aggregator.adapters.fetch import Transport, look_up
from aggregator.adapters.hub import Hubs, Ping
from aggregator.app.application import App
from aggregator.core.model import BuildReport
from aggregator.core.render import feed_path
from aggregator.logs import event

logger = logging.getLogger(__name__)


class Announcer:
    """Make it inside the running loop, close it there."""

    def __init__(self, app: App) -> None:
        self._app = app
        settings = app.settings
        contact = settings.contact or settings.base_url
        network, limits = settings.network, settings.limits
        self._hubs = Hubs(
            door=Transport(limits=limits, network=network, look_up=look_up),
            user_agent=settings.user_agent or f"aggregator/{__version__} (+{contact})",
            report=_log,
        )

    def built(self, report: BuildReport) -> None:
        """Ping for each document that is another one now; it can be fetched already (W48).

        The address of a private output is told to nobody.
        """
        output = self._app.output(report.output)
        if output is None or not output.hub or output.access is not None:
            return
        for form in report.forms:
            topic = self._app.settings.base_url + feed_path(output.id, form)
            self._hubs.changed(output.hub, topic)

    async def close(self) -> None:
        """Send what is due; a few seconds at most."""
        await self._hubs.close()


def _log(ping: Ping) -> None:
    level = logging.WARNING if ping.error else logging.INFO
    event(
        logger,
        level,
        "hub pinged" if not ping.error else "hub not reached",
        hub=ping.hub,
        topic=ping.topic,
        attempts=ping.attempts,
        error=ping.error,
    )
