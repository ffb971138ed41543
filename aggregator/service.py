"""The daemon: one heartbeat, the web server, signals, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

from aggregator.adapters.schedule import Chore, Heartbeat
from aggregator.app import App, Engine, LiveView, clock
from aggregator.app.application import advice
from aggregator.app.gathering import Gathering
from aggregator.app.metrics import Metrics
from aggregator.core.errors import AggregatorError, ConfigError
from aggregator.core.model import BuildReport, PollReport
from aggregator.logs import event
from aggregator.standing import Note
from aggregator.web import make_app, serve

TICK_SECONDS = 1.0
REST_SECONDS = 1.0  # between two builds: what polls bring meanwhile is built together
SETTLE_SECONDS = 0.05  # results of polls that end together are built together, too
DRAIN_SECONDS = 10.0
LAG_PROBE_SECONDS = 0.5
HOUSEKEEPING = "17 3 * * *"
ADVICE = "41 * * * *"
TIMED_BUILDS = "*/10 * * * *"  # rules on age let articles leave without any poll

logger = logging.getLogger(__name__)


async def run(app: App, *, listen: str, ready: Callable[[str], None]) -> None:
    """Serve and poll until SIGTERM or SIGINT; `ready` gets the address when all is up.

    SIGHUP and a changed feeds.yaml reload it; a bad file keeps the old one in use.
    Raises ListenError when the address is taken, StoreError when the database is damaged.
    """
    await asyncio.to_thread(app.check_database)
    metrics = Metrics()
    daemon = _Daemon(app, metrics)
    async with Engine(app, report=daemon.polled, built=daemon.built, lasting=True) as engine:
        daemon.attach(engine)
        listening = await serve(make_app(daemon.view), listen)
        try:
            await daemon.live(lambda: ready(listening.url))
        finally:
            await listening.close()


class _Daemon:
    """The tasks of a running service and what they tell each other."""

    def __init__(self, app: App, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        self._changes = Gathering(
            partial(self._build, timed=False), rest=REST_SECONDS, settle=SETTLE_SECONDS
        )
        self._seen = _stamp(app.settings.file)
        self._advised: set[tuple[str, ...]] = set()

    def attach(self, engine: Engine) -> None:
        self._engine = engine
        self.view = LiveView(self._app, engine, self._metrics)

    def polled(self, report: PollReport) -> None:
        self._metrics.polled(report)
        level = logging.WARNING if report.error else logging.INFO
        event(
            logger,
            level,
            "poll",
            source=report.source,
            outcome=report.outcome,
            status=report.status,
            new=report.novelty.new or None,
            updated=report.novelty.updated or None,
            error_kind=report.error_kind,
            error=report.error,
            next=report.next_poll_at.isoformat(),
            reason=report.next_reason,
        )
        if report.let_out or report.outcome not in ("failed", "not_modified"):
            self._changes.changed()

    def built(self, report: BuildReport) -> None:
        self._metrics.built(report)
        level = logging.ERROR if report.error else logging.INFO
        event(
            logger,
            level,
            "build",
            output=report.output,
            entries=report.entries,
            changed=report.changed,
            bytes=report.size,
            left_out="; ".join(report.left_out),
            error=report.error,
        )

    async def live(self, ready: Callable[[], None]) -> None:
        """Run every task until the stop signal, then drain."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        heart = Heartbeat(
            self._tick,
            every=TICK_SECONDS,
            failed=_log_failure,
            chores=(
                Chore(name="housekeeping", cron=HOUSEKEEPING, run=self._engine.housekeep),
                Chore(name="advice", cron=ADVICE, run=self._advise),
                Chore(name="timed builds", cron=TIMED_BUILDS, run=self._build_timed),
            ),
        )
        self._changes.changed()
        tasks = [
            asyncio.create_task(body)
            for body in (self._changes.run(), self._reloads(), self._lag())
        ]
        for hint in advice(self._app.settings):
            event(logger, logging.WARNING, "advice", hint=hint)
        heart.start()
        gc.collect()
        gc.freeze()  # settings of many sources: a full collection over them stops the loop
        ready()
        notify("READY=1")
        try:
            await self._advise()
            await self._first_of(tasks)
        finally:
            notify("STOPPING=1")
            heart.stop()
            await heart.idle()
            await self._engine.dispatcher.drain(DRAIN_SECONDS)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._engine.build()

    async def _first_of(self, tasks: list[asyncio.Task[None]]) -> None:
        """Wait for the stop signal; a task that ends before it has failed."""
        stop = asyncio.create_task(self._wait_for_stop())
        done, _ = await asyncio.wait([stop, *tasks], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        for task in done:
            task.result()

    async def _wait_for_stop(self) -> None:
        await self._stop.wait()

    def _stopping(self) -> None:
        event(logger, logging.INFO, "stopping")
        self._stop.set()

    async def _tick(self) -> None:
        self.view.last_tick = clock.ticks()
        notify("WATCHDOG=1")
        await self._engine.dispatcher.tick()
        stamp = _stamp(self._app.settings.file)
        if stamp != self._seen:
            self._seen = stamp
            self._reload.set()

    async def _build_timed(self) -> None:
        await self._build(timed=True)

    async def _build(self, *, timed: bool) -> None:
        """Build; a refusing database or disk is logged, and the next change tries again."""
        try:
            await self._engine.build(timed=timed)
        except AggregatorError as error:
            event(logger, logging.ERROR, "build failed", error=error)

    async def _reloads(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            notify(f"RELOADING=1\nMONOTONIC_USEC={int(clock.ticks() * 1e6)}")
            await self._use_new_settings()
            notify("READY=1")

    async def _use_new_settings(self) -> None:
        try:
            await self._engine.reload()
        except ConfigError as error:
            event(logger, logging.ERROR, "reload refused, the old feeds.yaml stays in use")
            for problem in error.problems:
                event(logger, logging.ERROR, "problem", at=problem)
        except AggregatorError as error:
            event(logger, logging.ERROR, "reload failed", error=error)
        else:
            settings = self._app.settings
            event(
                logger,
                logging.INFO,
                "reloaded",
                sources=len(settings.sources),
                outputs=len(settings.outputs),
            )
            self._changes.changed()
            await self._advise()

    async def _advise(self) -> None:
        """Log once what the operator may want to change: duplicates, moves, other addresses."""
        try:
            advice = await self.view.advice()
        except AggregatorError as error:
            event(logger, logging.ERROR, "no advice", error=error)
            return
        for source, note in advice:
            self._log_once(source, note)

    def _log_once(self, source: str, note: Note) -> None:
        about = (note.kind, note.subject, "" if note.kind == "duplicate" else source)
        if about not in self._advised:
            self._advised.add(about)
            level = logging.WARNING if note.urgent else logging.INFO
            name = "duplicate subscription" if note.kind == "duplicate" else note.kind
            event(logger, level, name, source=source, note=note)

    async def _lag(self) -> None:
        """Measure how late the event loop wakes up: what blocks it shows here."""
        while True:
            before = clock.ticks()
            await asyncio.sleep(LAG_PROBE_SECONDS)
            late = clock.ticks() - before - LAG_PROBE_SECONDS
            self.view.worst_lag = max(self.view.worst_lag, late)


def _log_failure(name: str, error: BaseException) -> None:
    logger.error("%s failed", name, exc_info=error)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file is saved, also when it is replaced by another one."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def notify(message: str) -> None:
    """Tell systemd (sd_notify protocol); nothing happens elsewhere."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(message.encode(), address)
