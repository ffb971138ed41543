"""The commands. Thin: parse arguments, call the app, print."""

from __future__ import annotations

from pathlib import Path

import click

from aggregator import __version__
from aggregator.cli.editing import add, check, export, import_, init, remove, schema
from aggregator.cli.explaining import plan, preview, why
from aggregator.cli.moving import dump, load
from aggregator.cli.probing import completion, healthcheck
from aggregator.cli.reading import articles, entries, status
from aggregator.cli.ruling import merge, split
from aggregator.cli.session import Session
from aggregator.cli.working import build, poll, run

EPILOG = """\b
A first session:
  aggregator init              write a feeds.yaml to start from
  aggregator check             is it right? every mistake with line and column
  aggregator poll              fetch what is due, publish what changed, exit
  aggregator run               the same as a daemon, with a web server

\b
Exit codes: 0 done, 1 failure, 2 usage, 3 some sources failed, 78 bad feeds.yaml.
"""


@click.group(
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config",
    "-c",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="AGGREGATOR_CONFIG",
    default=Path("feeds.yaml"),
    show_default=True,
    show_envvar=True,
    help="The file that lists sources and outputs.",
)
@click.option("--verbose", "-v", is_flag=True, help="Log more.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    envvar="AGGREGATOR_LOG_FORMAT",
    show_default=True,
    help="How logs are written to standard error.",
)
@click.version_option(__version__, prog_name="aggregator")
@click.pass_context
def main(context: click.Context, config: Path, verbose: bool, log_format: str) -> None:
    """Poll the feeds listed in feeds.yaml and publish merged, filtered Atom feeds."""
    context.obj = Session(file=config, verbose=verbose, log_format=log_format)


for command in (
    run,
    poll,
    build,
    check,
    plan,
    why,
    preview,
    status,
    entries,
    articles,
    split,
    merge,
    add,
    remove,
    import_,
    export,
    schema,
    init,
    dump,
    load,
    healthcheck,
    completion,
):
    main.add_command(command)
