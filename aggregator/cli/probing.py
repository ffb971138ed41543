"""healthcheck, completion: small commands for containers and shells."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException

import click
from click.shell_completion import get_completion_class

from aggregator.cli import main
from aggregator.cli.session import Session, stop

TIMEOUT = 5.0  # seconds


@click.command(short_help="Is the running daemon well?")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    envvar="AGGREGATOR_LISTEN",
    show_envvar=True,
    help="Where the daemon listens. [feeds.yaml]",
)
@click.pass_obj
def healthcheck(session: Session, listen: str | None) -> None:
    """Ask the running daemon whether it is well; exits with 1 when it is not."""
    address = listen or session.settings().server.listen
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 (the daemon listens there, we ask loopback)
        host = "::1" if host == "::" else "127.0.0.1"
    connection = HTTPConnection(host, int(port), timeout=TIMEOUT)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        told = answer.read(1000).decode("utf-8", "replace").strip()
    except (OSError, HTTPException) as error:
        stop(f"no daemon answers at {address}: {error}")
    finally:
        connection.close()
    if answer.status != 200:
        stop(f"unwell ({answer.status}): {told}")
    click.echo(told or "ok")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of SHELL.

    bash: eval "$(aggregator completion bash)"; zsh and fish likewise.
    """
    kind = get_completion_class(shell)
    if kind is None:
        stop(f"no completion for {shell}")
    click.echo(kind(main, {}, "aggregator", "_AGGREGATOR_COMPLETE").source())
