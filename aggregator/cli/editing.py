"""init, check, add, remove, import, export, schema: the commands about feeds.yaml itself."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import click

from aggregator.adapters import config, opml
from aggregator.app.application import advice, examine_settings
from aggregator.cli.session import BAD_CONFIG, Session, json_line, stop
from aggregator.core.errors import ConfigError, Problem


@click.command()
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@click.pass_obj
def init(session: Session, force: bool) -> None:
    """Write a feeds.yaml to start from, with comments."""
    if session.file.exists() and not force:
        stop(f"{session.file} exists (--force replaces it)")
    with session.errors():
        session.file.parent.mkdir(parents=True, exist_ok=True)
        session.file.write_text(config.starter(), encoding="utf-8")
    click.echo(f"wrote {session.file}; next: aggregator check, aggregator poll, aggregator run")


@click.command(short_help="Find every mistake in feeds.yaml.")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="A JSON object a problem, then a summary.")
@click.pass_obj
def check(session: Session, file: Path | None, as_json: bool) -> None:
    """Check FILE (default: the feeds.yaml in use): every mistake at once, with line and column.

    The examples of `expect:` are tried. What is no mistake and hardly meant is a hint.
    """
    with session.errors():
        if as_json:
            _check_as_json(file or session.file)
            return
        found = examine_settings(file or session.file, os.environ)
    sources, outputs = len(found.settings.sources), len(found.settings.outputs)
    click.echo(f"{file or session.file}: {sources} sources, {outputs} outputs, no mistakes")
    for hint in (*found.hints, *advice(found.settings)):
        click.echo(f"hint: {hint}")


def _check_as_json(file: Path) -> None:
    try:
        found = examine_settings(file, os.environ)
    except ConfigError as error:
        _print_problems(error.problems, level="error")
        json_line({"ok": False, "sources": 0, "outputs": 0})
        raise SystemExit(BAD_CONFIG) from error
    _print_problems(found.hints, level="hint")
    settings = found.settings
    json_line({"ok": True, "sources": len(settings.sources), "outputs": len(settings.outputs)})


def _print_problems(problems: Sequence[Problem], *, level: str) -> None:
    for problem in problems:
        json_line(
            {
                "level": level,
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "where": problem.where,
                "what": problem.what,
                "hint": problem.hint,
            }
        )


@click.command(short_help="Add a feed to feeds.yaml.")
@click.argument("url")
@click.option("--id", "source_id", metavar="ID", help="Its id. [made from the host]")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="May be given several times.")
@click.pass_obj
def add(session: Session, url: str, source_id: str | None, tags: Sequence[str]) -> None:
    """Add the feed at URL to feeds.yaml; comments and formatting stay as they are."""
    with session.errors():
        text = _text(session.file)
        edited = config.add_source(
            text, url=url, source_id=source_id, tags=tuple(tags), file=str(session.file)
        )
        _replace(session.file, edited)
    click.echo(f"added {url}")


@click.command()
@click.argument("source")
@click.pass_obj
def remove(session: Session, source: str) -> None:
    """Remove SOURCE from feeds.yaml; its stored entries stay."""
    with session.errors():
        edited = config.remove_source(
            _text(session.file), source, environ=os.environ, file=str(session.file)
        )
        _replace(session.file, edited)
    click.echo(f"removed {source}")


@click.command(name="import", short_help="Add the feeds of an OPML file.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only show what would be added.")
@click.pass_obj
def import_(session: Session, file: Path, dry_run: bool) -> None:
    """Add the feeds of an OPML FILE to feeds.yaml; those already listed are left alone."""
    with session.errors():
        feeds = opml.read_opml(file.read_bytes(), file=str(file))
        known = {source.url for source in session.settings().sources}
        fresh = [feed for feed in feeds if feed.url not in known]
        for feed in fresh:
            click.echo(f"+ {feed.url}  {feed.title}")
        if fresh and not dry_run:
            wanted = [
                config.NewSource(url=feed.url, title=feed.title, tags=feed.tags) for feed in fresh
            ]
            edited = config.add_sources(_text(session.file), wanted, file=str(session.file))
            _replace(session.file, edited)
    click.echo(f"{len(fresh)} added, {len(feeds) - len(fresh)} already listed")


@click.command(short_help="Write the sources as OPML.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
@click.pass_obj
def export(session: Session, output: Path | None) -> None:
    """Write the sources as OPML, without credentials, to standard output or a file."""
    body = opml.write_opml(session.settings())
    with session.errors():
        if output is None:
            click.echo(body.decode("utf-8"), nl=False)
        else:
            output.write_bytes(body)


@click.command()
def schema() -> None:
    """Print the JSON Schema of feeds.yaml, for editors."""
    click.echo(json.dumps(config.json_schema(), indent=2, ensure_ascii=False))


def _text(file: Path) -> str:
    """Read feeds.yaml with its line ends as they are."""
    with file.open(encoding="utf-8", newline="") as opened:
        return opened.read()


def _replace(file: Path, text: str) -> None:
    """Write the file anew in one step, so that a crash leaves the old one or the new one."""
    part = file.with_name(f".{file.name}.part")
    with part.open("w", encoding="utf-8", newline="") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    part.chmod(file.stat().st_mode & 0o777)
    part.replace(file)
