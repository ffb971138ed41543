"""poll, build: the commands that do the work once."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from types import TracebackType

import click

from aggregator.app import App, Engine
from aggregator.cli.session import SOME_SOURCES_FAILED, Session, iso, json_line, known, stop
from aggregator.core.model import BuildReport, PollReport
from aggregator.standing import SameFeed, same_feeds
from aggregator.standing.words import counted


@click.command(short_help="Poll what is due, publish, exit.")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--force", is_flag=True, help="Also what is not due, and below the hard minimum.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
@click.pass_obj
def poll(session: Session, sources: Sequence[str], force: bool, as_json: bool) -> None:
    """Poll what is due (or the named SOURCEs), build what changed, and exit.

    Made for cron and timers; safe beside a running daemon: no source is fetched twice.
    Exits with 3 when some sources failed.
    """
    with session.app() as app:
        gc.freeze()  # what is loaded stays to the end: no use in looking through it for garbage
        known("source", sources, app.sources)
        names = list(sources) or (list(app.sources) if force else None)
        with Progress(as_json=as_json) as progress:
            missed, parked = asyncio.run(_poll_once(app, names, force=force, progress=progress))
        progress.duplicates(_same_feeds(app, progress))
        progress.summary(missed, parked)
        if progress.failed:
            sys.exit(SOME_SOURCES_FAILED)


async def _poll_once(
    app: App, names: list[str] | None, *, force: bool, progress: Progress
) -> tuple[tuple[str, ...], dict[str, datetime]]:
    """Poll until nothing is due, then build.

    Returns the named sources that could not be claimed, and until when which due ones wait for
    a host that asked everybody to.
    """
    async with Engine(app, report=progress.polled, built=progress.built) as engine:
        if names is None:
            progress.begin(app.due())
            await engine.dispatcher.run_until_idle(engine.claim_once())
            missed: tuple[str, ...] = ()
        else:
            progress.begin(len(names))
            claim, pending = engine.claim_named(names, force=force)
            await engine.dispatcher.run_until_idle(claim, despite_parking=force)
            missed = tuple(name for name in pending if name not in engine.dispatcher.held_back)
        await engine.build(timed=True)
        return missed, engine.dispatcher.held_back


def _same_feeds(app: App, progress: Progress) -> tuple[SameFeed, ...]:
    """Return the duplicates among what brought a document: only a document makes a new one."""
    read = progress.read
    if not read:
        return ()
    found = same_feeds(app.settings.sources, app.store.states())
    return tuple(same for same in found if not read.isdisjoint(same.sources))


@click.command(short_help="Render outputs from what is stored.")
@click.argument("outputs", nargs=-1, metavar="[OUTPUT]...")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
@click.pass_obj
def build(session: Session, outputs: Sequence[str], as_json: bool) -> None:
    """Build all outputs (or the named OUTPUTs) from what is stored, without polling.

    Files whose bytes would be the same are left untouched.
    """
    with session.app() as app:
        known("output", outputs, [output.id for output in app.settings.outputs])
        with Progress(as_json=as_json) as progress:
            asyncio.run(_build_once(app, list(outputs) or None, progress))
        if progress.broken:
            stop("some outputs could not be written")


async def _build_once(app: App, names: list[str] | None, progress: Progress) -> None:
    async with Engine(app, built=progress.built) as engine:
        await engine.build(names, force=True)


class Progress:
    """A line for each poll and build, a bar on a terminal, and the sum at the end."""

    def __init__(self, *, as_json: bool) -> None:
        self._json = as_json
        self._reports: list[PollReport] = []
        self._builds: list[BuildReport] = []
        self._bar = not as_json and sys.stderr.isatty()
        self._total = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._erase()

    @property
    def failed(self) -> int:
        return sum(report.outcome == "failed" for report in self._reports)

    @property
    def read(self) -> frozenset[str]:
        """The sources that brought a document."""
        return frozenset(
            report.source for report in self._reports if report.outcome in ("changed", "unchanged")
        )

    @property
    def broken(self) -> int:
        return sum(bool(report.error) for report in self._builds)

    def begin(self, total: int) -> None:
        self._total = total
        self._draw()

    def polled(self, report: PollReport) -> None:
        self._reports.append(report)
        self._erase()
        if self._json:
            json_line(asdict(report))
        else:
            click.echo(poll_line(report))
        self._draw()

    def built(self, report: BuildReport) -> None:
        self._builds.append(report)
        self._erase()
        if self._json:
            json_line(asdict(report))
        elif report.error:
            click.echo(f"{report.output}: {report.error}", err=True)
        elif report.changed:
            click.echo(f"published {report.output}: {report.entries} entries")

    def duplicates(self, found: Sequence[SameFeed]) -> None:
        """Warn of sources that are one feed, listed twice (P95)."""
        for same in found:
            if self._json:
                json_line({"duplicate": list(same.sources), "because": same.because})
            else:
                told = f"duplicate subscription: {same} are the same feed: {same.because}"
                click.echo(told, err=True)

    def summary(self, missed: Sequence[str], parked: Mapping[str, datetime]) -> None:
        """Print what it came to, and which sources were not polled and why."""
        new = sum(report.novelty.new for report in self._reports)
        updated = sum(report.novelty.updated for report in self._reports)
        changed = sum(report.changed for report in self._builds)
        if self._json:
            json_line(
                {
                    "summary": {
                        "polled": len(self._reports),
                        "failed": self.failed,
                        "new": new,
                        "updated": updated,
                        "published": changed,
                        "not_polled": [*missed, *parked],
                    }
                }
            )
            return
        if missed:
            click.echo(
                f"not polled, asked less than a moment ago or being polled: {some(missed)}"
                " (--force asks again)",
                err=True,
            )
        if parked:
            click.echo(
                f"not polled, their host asked everybody to wait until {iso(max(parked.values()))}"
                f" at the latest: {some(list(parked))}",
                err=True,
            )
        click.echo(
            f"polled {counted(len(self._reports), 'source')}, {self.failed} failed; "
            f"{new} new, {updated} updated; {counted(changed, 'feed')} published"
        )

    def _draw(self) -> None:
        if self._bar and self._total:
            done = min(len(self._reports), self._total)
            filled = 30 * done // self._total
            bar = "#" * filled + "-" * (30 - filled)
            click.echo(f"\r[{bar}] {done}/{self._total}", nl=False, err=True)

    def _erase(self) -> None:
        if self._bar:
            click.echo("\r\x1b[K", nl=False, err=True)


def some(names: Sequence[str]) -> str:
    """Return the first of `names` in a line."""
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def poll_line(report: PollReport) -> str:
    """Return one line for people about one poll."""
    if report.error:
        told = f"failed: {report.error}"
    elif report.outcome == "changed":
        told = f"{report.novelty.new} new, {report.novelty.updated} updated"
    else:
        told = report.outcome.replace("_", " ")
    if report.skipped:
        told += f", {len(report.skipped)} entries left out ({report.skipped[0]})"
    return f"{report.source}: {told}; next {iso(report.next_poll_at)} ({report.next_reason})"
