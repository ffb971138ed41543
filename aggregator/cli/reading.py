"""status, entries, articles: the commands that only look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import click

from aggregator import explain
from aggregator.cli.session import Session, iso, json_line, known
from aggregator.cli.standing import full_account, overview, rule_account
from aggregator.core.model import Article, StoredEntry
from aggregator.standing import Standing, counts, standings, values
from aggregator.standing.words import counted

COUNTED = 20_000  # articles that the rules are counted over
json_option = click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")


@click.command(short_help="Show each source: how it is, next poll and why.")
@click.argument("source", required=False)
@click.option("--rules", "of_rules", is_flag=True, help="Show how often each rule decides instead.")
@json_option
@click.pass_obj
def status(session: Session, source: str | None, of_rules: bool, as_json: bool) -> None:
    """Show how each source is, trouble first; with SOURCE everything the poller knows of it.

    When it was asked and what came of it, when it is asked next and why, what the publisher asks
    for, and what somebody should do: moves, duplicates, lost entries.

    With --rules: how many stored articles of the last 7 and 90 days each rule decides, which
    never hit anything, and which come too late because an earlier rule decides first.
    """
    if of_rules:
        if source is not None:
            raise click.UsageError("--rules is about all rules: leave SOURCE out")
        _rule_status(session, as_json=as_json)
        return
    with session.app() as app:
        known("source", [source] if source else [], app.sources)
        told = standings(app.settings.sources, app.store.states(), now=app.now())
        chosen = [one for one in told if source in (None, one.source)]
        if as_json:
            for one in chosen:
                json_line(values(one))
        else:
            click.echo("\n".join(_told(chosen, in_full=source is not None, now=app.now())))


def _told(chosen: Sequence[Standing], *, in_full: bool, now: datetime) -> Iterator[str]:
    for one in chosen:
        yield from full_account(one, now=now) if in_full else overview(one, now=now)
    if not in_full:
        conditions = ", ".join(f"{count} {state}" for state, count in counts(chosen))
        yield f"{counted(len(chosen), 'source')}: {conditions}" if chosen else "no sources"


def _rule_status(session: Session, *, as_json: bool) -> None:
    with session.app() as app:
        found = explain.tally(app.store, app.settings, among=COUNTED, now=app.now())
        for count in found.rules:
            if as_json:
                json_line(explain.rule_values(count))
            else:
                click.echo("\n".join(rule_account(count)))
        if not as_json:
            since = f", since {iso(found.since)}" if found.since else ""
            click.echo(f"counted over {counted(found.looked_at, 'article')}{since}")


@click.command(short_help="List stored entries and their rules.")
@click.option("--source", metavar="ID", help="Only of this source.")
@click.option("--article", "slug", metavar="SLUG", help="Only of this article.")
@json_option
@click.pass_obj
def entries(session: Session, source: str | None, slug: str | None, as_json: bool) -> None:
    """List the stored entries and the rule that gave each its article."""
    with session.app() as app:
        for entry in app.store.entries(source=source, slug=slug):
            if as_json:
                json_line(entry_values(entry))
            else:
                click.echo(f"{entry.source}  {entry.slug}  [{entry.rule}]  {entry.title}")


def entry_values(entry: StoredEntry) -> dict[str, object]:
    """Return an entry as --json shows it."""
    return {
        "source": entry.source,
        "guid": entry.guid,
        "link": entry.link,
        "title": entry.title,
        "slug": entry.slug,
        "rule": entry.rule,
        "evidence": entry.evidence,
        "first_seen": entry.first_seen,
        "held": entry.held,
        "home": entry.home,
        "matched": _matched(entry),
    }


def _matched(entry: StoredEntry) -> dict[str, str] | None:
    if not entry.matched_source:
        return None
    return {"source": entry.matched_source, "guid": entry.matched_guid}


@click.command()
@click.option("--output", "output_id", metavar="ID", help="What this output carries.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most this many.")
@json_option
@click.pass_obj
def articles(session: Session, output_id: str | None, limit: int | None, as_json: bool) -> None:
    """List the stored articles, newest first."""
    with session.app() as app:
        known("output", [output_id] if output_id else [], [o.id for o in app.settings.outputs])
        output = app.output(output_id) if output_id else None
        found: Iterable[Article] = (
            app.selected(output, limit=limit) if output else app.articles(limit=limit)
        )
        for article in found:
            if as_json:
                json_line(_article_values(article, app.store.carried(article.slug)))
            else:
                click.echo(f"{iso(article.sort_at)}  {article.slug}  {article.entry.title}")


def _article_values(article: Article, outputs: Iterable[str]) -> dict[str, object]:
    others = [sighting.source for sighting in article.sightings]
    return {
        "slug": article.slug,
        "title": article.entry.title,
        "id": article.id,
        "sort_at": article.sort_at,
        "sources": [article.source, *others],
        "outputs": sorted(outputs),
    }
