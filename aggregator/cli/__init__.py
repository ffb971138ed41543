"""The commands. Thin: parse arguments, call the app, print."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from aggregator import __version__
from aggregator.cli.session import Session

# The module of each command, in the order of the help. Each is loaded when it is asked for: to
# poll from cron must not wait for what explains rules, edits feeds.yaml or serves HTTP.
_MODULES = {
    "run": "running",
    "poll": "working",
    "build": "working",
    "check": "editing",
    "plan": "explaining",
    "why": "explaining",
    "preview": "explaining",
    "status": "reading",
    "entries": "reading",
    "articles": "reading",
    "split": "ruling",
    "merge": "ruling",
    "add": "editing",
    "remove": "editing",
    "import": "editing",
    "export": "editing",
    "schema": "editing",
    "init": "editing",
    "dump": "moving",
    "load": "moving",
    "healthcheck": "probing",
    "completion": "probing",
}
_NAMES = {"import": "import_"}  # a word of Python's

EPILOG = """\b
A first session:
  aggregator init              write a feeds.yaml to start from
  aggregator check             is it right? every mistake with line and column
  aggregator poll              fetch what is due, publish what changed, exit
  aggregator run               the same as a daemon, with a web server

\b
Exit codes: 0 done, 1 failure, 2 usage, 3 some sources failed, 78 bad feeds.yaml.
"""


class _Commands(click.Group):
    """The commands by name, loaded when they are asked for."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_MODULES)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        module = import_module(f"aggregator.cli.{_MODULES[cmd_name]}")
        command = getattr(module, _NAMES.get(cmd_name, cmd_name))
        assert isinstance(command, click.Command)
        return command


@click.group(
    cls=_Commands,
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
