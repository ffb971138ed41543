"""why, plan, preview: the commands that explain what rules and rulings do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from aggregator import explain
from aggregator.cli.reading import entry_values, json_option
from aggregator.cli.session import Session, iso, json_line, known, stop
from aggregator.cli.standing import shortened
from aggregator.core.filter import Rule, RuleError, compile_rule
from aggregator.core.model import Ruling, Verdict
from aggregator.core.settings import Settings
from aggregator.standing.words import counted

_HELD = {
    "": "",
    "queued": "; too many came at once: shown after one of the next polls (limits: new_entries)",
    "seen": "; not shown: of the past of a source that was new (limits: first_entries)",
}
_MISSING = {
    "queued": "not carried yet: it waits, too many came at once",
    "seen": "not carried: of the past of a source that was new",
    "pruned": "not carried: its text is no longer kept (retention)",
    "aged": "not carried: older than max_age",
    "past": "not carried: from before its source joined the output (backfill)",
    "beyond": "not carried: older than the articles that it has room for (limit)",
    "crowded": "not carried: its source has its share (max_per_source), or not built yet",
    "unbuilt": "not carried: not built yet",
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
        "slug": answer.slug,
        "id": answer.id,
        "title": answer.title,
        "link": answer.link,
        "shown": answer.shown,
        "sort_at": answer.sort_at,
        "asked_for": answer.asked_for,
        "former_slugs": answer.former_slugs,
        "entries": [entry_values(entry) for entry in answer.entries],
        "rulings": [ruling_values(ruling) for ruling in answer.rulings],
        "chain": [{"at": event.at, "text": event.text} for event in answer.chain],
        "outputs": [_output_values(one) for one in answer.outputs],
    }


def _output_values(one: explain.OutputAnswer) -> dict[str, object]:
    return {
        "output": one.output,
        **_verdict_values(one.verdict),
        "carried_since": one.carried_since,
        "first_carried": one.first_carried,
        "missing": one.missing,
    }


def _verdict_values(verdict: Verdict | None) -> dict[str, object]:
    if verdict is None:
        return {"kept": None, "rule": "", "by": "", "place": None}
    return {
        "kept": verdict.kept,
        "rule": verdict.rule,
        "by": verdict.by,
        "place": str(verdict.place) if verdict.place else None,
    }


def _why_lines(answer: explain.Why) -> Iterator[str]:
    yield answer.title or answer.slug
    yield f"  {answer.slug}"
    if answer.asked_for:
        yield f"  {answer.asked_for} is a former name of this article"
    for event in answer.chain:
        yield f"  {iso(event.at)} {event.text}{_HELD[event.held]}"
    for one in answer.outputs:
        yield f"  output {one.output}: {', '.join(_told_output(one))}"
    if not answer.outputs:
        yield "  no output has a source of it"


def _told_output(one: explain.OutputAnswer) -> Iterator[str]:
    if one.verdict is not None:
        yield _told_verdict(one.verdict)
    if one.missing in _MISSING:
        yield _MISSING[one.missing]
    if one.carried_since:
        yield f"carried since {iso(one.carried_since)}"
    elif one.first_carried:
        yield f"carried from {iso(one.first_carried)} until it left"


def _told_verdict(verdict: Verdict) -> str:
    rule = f": {shortened(verdict.rule)}" if verdict.rule else ""
    place = f" at {verdict.place}" if verdict.place else ""
    return explain.told(verdict) + rule + place


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


@click.command(short_help="Show what a rule would keep.")
@click.option("--query", "-q", required=True, metavar="RULE", help="The rule, in one line.")
@click.option("--output", "output_id", metavar="ID", help="Only articles of its sources.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=20, metavar="N", help="List so many.  [20]"
)
@click.option(
    "--among",
    type=click.IntRange(min=1),
    default=10_000,
    metavar="N",
    help="Ask of the newest so many.  [10000]",
)
@json_option
@click.pass_obj
def preview(
    session: Session, query: str, output_id: str | None, limit: int, among: int, as_json: bool
) -> None:
    """Show which stored articles RULE matches, newest first, and how many.

    With --output what that output does with them now, by which rules. RULE may use the named
    rules of feeds.yaml.
    """
    with session.app() as app:
        known("output", [output_id] if output_id else [], [o.id for o in app.settings.outputs])
        found = explain.preview(
            app.store,
            app.settings,
            _compiled(query, app.settings),
            output=app.output(output_id) if output_id else None,
            among=among,
            limit=limit,
            now=app.now(),
        )
        if as_json:
            for hit in found.hits:
                json_line(_hit_values(hit))
            json_line({"summary": _preview_values(found)})
        else:
            click.echo("\n".join(_preview_lines(found)))


def _compiled(query: str, settings: Settings) -> Rule:
    """The rule; a mistake ends the program with a caret under it."""
    try:
        return compile_rule(query, named={one.name: one.rule for one in settings.named})
    except RuleError as error:
        caret = "" if error.offset is None else f"\n  {query}\n  {' ' * error.offset}^"
        raise click.UsageError(f"--query: {error}{caret}") from error


def _hit_values(hit: explain.Hit) -> dict[str, object]:
    return {
        "slug": hit.article.slug,
        "title": hit.article.entry.title,
        "sort_at": hit.article.sort_at,
        "source": hit.article.source,
        "match": hit.match.text,
        "outputs": hit.carried_by,
        **({} if hit.verdict is None else _verdict_values(hit.verdict)),
    }


def _preview_values(found: explain.Preview) -> dict[str, object]:
    return {
        "looked_at": found.looked_at,
        "since": found.since,
        "matched": found.matched,
        "decided": [
            {"told": told, "place": place or None, "count": count}
            for (told, place), count in found.decided.items()
        ],
        "timed_out": found.timed_out,
    }


def _preview_lines(found: explain.Preview) -> Iterator[str]:
    for hit in found.hits:
        yield f"{iso(hit.article.sort_at)}  {hit.article.source}  {hit.article.entry.title}"
        verdict = "" if hit.verdict is None else f"; {_told_verdict(hit.verdict)}"
        carried = f"; carried by {', '.join(hit.carried_by)}" if hit.carried_by else ""
        yield f"    {shortened(hit.match.text)}{verdict}{carried}"
    for (told, place), count in found.decided.items():
        yield f"{count} {told}{f' at {place}' if place else ''}"
    for pattern in found.timed_out:
        yield f"ran out of time on some article: {pattern}"
    articles = counted(found.looked_at, "article")
    since = f", since {iso(found.since)}" if found.since else ""
    yield f"{found.matched} of the newest {articles} match{since}"
