"""split and merge: the operator's own judgement of what is one story, and taking it back."""

from __future__ import annotations

import asyncio

import click

from aggregator.app import App, Engine, clock
from aggregator.cli.explaining import ruling_values
from aggregator.cli.reading import json_option
from aggregator.cli.session import Session, json_line, stop
from aggregator.cli.working import Progress
from aggregator.core.model import Ruling

undo_option = click.option("--undo", is_flag=True, help="Take it back: all is as it was before.")


@click.command(short_help="Take an entry out of an article.")
@click.argument("slug")
@click.argument("guid")
@click.option("--source", metavar="ID", help="The entry's source, where several share the guid.")
@undo_option
@json_option
@click.pass_obj
def split(
    session: Session, slug: str, guid: str, source: str | None, undo: bool, as_json: bool
) -> None:
    """Take the entry GUID (or its link) out of the article SLUG: it is another story.

    The entry gets an article of its own, with a new id; the article keeps its id and its
    other entries. All later polls obey: nothing that looks like this entry joins that article
    again. The same command with --undo takes it back.
    """
    with session.app() as app:
        store, now = app.store, clock.later()  # dated as polls are: after what they brought
        if undo:
            ruling = store.undo_split(slug, guid, source=source, now=now)
            told = f"{ruling.guid} of {ruling.source} is back in {ruling.other}"
        else:
            sources = app.settings.sources
            ruling = store.split(slug, guid, source=source, sources=sources, now=now)
            told = f"{ruling.guid} of {ruling.source} is an article of its own: {ruling.slug}"
        _finish(app, ruling, told, as_json=as_json)


@click.command(short_help="Make two articles one.")
@click.argument("slug")
@click.argument("other")
@undo_option
@json_option
@click.pass_obj
def merge(session: Session, slug: str, other: str, undo: bool, as_json: bool) -> None:
    """Make the article OTHER part of the article SLUG: they are one story.

    SLUG keeps its id and its date: name first what subscribers know best, mostly the older one.
    OTHER leaves the outputs, its name leads to SLUG, and whatever would have joined it joins SLUG.
    The same command with --undo takes it back: both have their ids again.
    """
    with session.app() as app:
        store, now = app.store, clock.later()  # dated as polls are: after what they brought
        if undo:
            ruling = store.undo_merge(slug, other, now=now)
            told = f"{ruling.slug} is an article of its own again, apart from {ruling.other}"
        else:
            ruling = store.merge(slug, other, now=now)
            told = f"{ruling.slug} is part of {ruling.other}"
        _finish(app, ruling, told, as_json=as_json)


def _finish(app: App, ruling: Ruling, told: str, *, as_json: bool) -> None:
    """Say what was done and build the outputs that it changes."""
    if as_json:
        json_line(ruling_values(ruling))
    else:
        click.echo(told)
    with Progress(as_json=as_json) as progress:
        asyncio.run(_build(app, progress))
    if progress.broken:
        stop("some outputs could not be written")


async def _build(app: App, progress: Progress) -> None:
    async with Engine(app, built=progress.built) as engine:
        await engine.build()
