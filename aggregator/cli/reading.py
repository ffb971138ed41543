"""status, entries, articles, why, plan: the commands that only look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import click

from aggregator import explain
from aggregator.cli.session import Session, iso, json_line, known, stop
from aggregator.cli.standing import full_account, overview
from aggregator.core.model import Article, Ruling, StoredEntry
from aggregator.standing import Standing, counts, standings, values
from aggregator.standing.words import counted

json_option = click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")


@click.command(short_help="Show each source: how it is, next poll and why.")
@click.argument("source", required=False)
@json_option
@click.pass_obj
def status(session: Session, source: str | None, as_json: bool) -> None:
    """Show how each source is, trouble first; with SOURCE everything the poller knows of it.

    When it was asked and what came of it, when it is asked next and why, what the publisher asks
    for, and what somebody should do: moves, duplicates, lost entries.
    """
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
                json_line(_entry_values(entry))
            else:
                click.echo(f"{entry.source}  {entry.slug}  [{entry.rule}]  {entry.title}")


def _entry_values(entry: StoredEntry) -> dict[str, object]:
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


@click.command(short_help="Explain a story: copies, rules, outputs.")
@click.argument("what")
@json_option
@click.pass_obj
def why(session: Session, what: str, as_json: bool) -> None:
    """Explain WHAT (a slug, link, guid or words of a headline).

    How it came to be what it is, step by step: which entries joined by which rule, and what the
    operator split and merged. Then what each output does with it: kept or dropped, by which rule
    at which line of feeds.yaml, carried since when.
    """
    with session.app() as app:
        answers = explain.why(app.store, app.settings, what, now=app.now())
        if not answers:
            stop(f"nothing stored is called {what!r}")
        for answer in answers:
            if as_json:
                json_line(_why_values(answer))
            else:
                click.echo("\n".join(_why_lines(answer)))


def _why_values(answer: explain.Why) -> dict[str, object]:
    return {
        "slug": answer.article.slug,
        "id": answer.article.id,
        "title": answer.article.entry.title,
        "link": answer.article.entry.link,
        "shown": answer.article.source,
        "sort_at": answer.article.sort_at,
        "asked_for": answer.asked_for,
        "former_slugs": answer.former_slugs,
        "entries": [_entry_values(entry) for entry in answer.entries],
        "rulings": [ruling_values(ruling) for ruling in answer.rulings],
        "chain": [{"at": event.at, "text": event.text} for event in explain.chain(answer)],
        "outputs": [
            {
                "output": one.output,
                "kept": one.verdict.kept,
                "rule": one.verdict.rule,
                "by": one.verdict.by,
                "place": str(one.verdict.place) if one.verdict.place else None,
                "carried_since": one.carried_since,
            }
            for one in answer.outputs
        ],
    }


_HELD = {
    "": "",
    "queued": "; too many came at once: shown after one of the next polls (limits: new_entries)",
    "seen": "; not shown: of the past of a source that was new (limits: first_entries)",
}


def _why_lines(answer: explain.Why) -> list[str]:
    lines = [answer.article.entry.title or answer.article.slug, f"  {answer.article.slug}"]
    if answer.asked_for:
        lines.append(f"  {answer.asked_for} is a former name of this article")
    lines += [
        f"  {iso(event.at)} {event.text}{_HELD[event.held]}" for event in explain.chain(answer)
    ]
    for one in answer.outputs:
        told = "kept" if one.verdict.kept else "dropped"
        if one.verdict.rule:
            told += f" by {one.verdict.by}: {shortened(one.verdict.rule)}"
        if one.verdict.place:
            told += f" at {one.verdict.place}"
        since = f", carried since {iso(one.carried_since)}" if one.carried_since else ""
        if one.verdict.kept and not one.carried_since:
            since = ", not carried now: beyond limit or age, or not built yet"
        lines.append(f"  output {one.output}: {told}{since}")
    return lines


def ruling_values(ruling: Ruling) -> dict[str, object]:
    """Return a ruling as --json shows it."""
    return {
        "ruling": ruling.kind,
        "article": ruling.slug,
        "other": ruling.other,
        "source": ruling.source,
        "guid": ruling.guid,
        "at": ruling.at,
        "undone_at": ruling.undone_at,
    }


def shortened(rule: str, length: int = 80) -> str:
    """Return the text of a rule, cut where it fills more than a line."""
    return rule if len(rule) <= length else rule[: length - 1] + "…"


@click.command(short_help="Show what an edited feeds.yaml would change.")
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--max-new", type=click.IntRange(min=0), metavar="N", help="Exit 1 above this.")
@json_option
@click.pass_obj
def plan(session: Session, file: Path | None, max_new: int | None, as_json: bool) -> None:
    """Show what FILE (an edited feeds.yaml) would change in each output.

    Without FILE: what the feeds.yaml in use would change, if it were built now. What appears is
    marked "*" where subscribers are told of it as news, "+" where it only takes its place by
    date. --max-new N exits with 1 when an output would gain more than N articles that it has
    never carried, for use in CI: a reader may show each of them as unread.
    """
    with session.app() as app:
        settings = session.settings(file) if file else app.settings
        changes = explain.plan(app.store, settings, now=app.now())
        for change in changes:
            if as_json:
                json_line(_change_values(change))
            else:
                click.echo("\n".join(_change_lines(change)))
        if max_new is not None and any(len(change.new) > max_new for change in changes):
            stop(f"an output would gain more than {max_new} articles at once")


def _change_values(change: explain.Change) -> dict[str, object]:
    return {
        "output": change.output,
        "state": change.state,
        "appear": list(change.appear),
        "vanish": list(change.vanish),
        "new": list(change.new),
        "announced": list(change.announced),
    }


def _change_lines(change: explain.Change) -> list[str]:
    appear = f"{len(change.appear)} appear ({len(change.announced)} announced as new)"
    lines = [f"{change.output}: {change.state}, {appear}, {len(change.vanish)} vanish"]
    marks = dict.fromkeys(change.announced, "*")
    lines += [f"  {marks.get(slug, '+')} {title or slug}" for slug, title in change.appear.items()]
    lines += [f"  - {title or slug}" for slug, title in change.vanish.items()]
    return lines
