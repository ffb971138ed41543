"""run: the daemon."""

from __future__ import annotations

import asyncio

import click

from aggregator import service
from aggregator.cli.session import Session, stop


@click.command(short_help="Run as a daemon with a web server.")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    envvar="AGGREGATOR_LISTEN",
    show_envvar=True,
    help="Address of the web server. [feeds.yaml]",
)
@click.pass_obj
def run(session: Session, listen: str | None) -> None:
    """Run as a daemon: poll what is due, publish what changed, serve it.

    SIGTERM or Ctrl-C ends it cleanly. SIGHUP reads feeds.yaml again, and so does saving the
    file; a file with mistakes is reported and the old one stays in use.
    """
    with session.app() as app:

        def ready(address: str) -> None:
            click.echo(f"serving on {address}")
            for output in app.settings.outputs:
                click.echo(f"  {address}feeds/{output.id}.atom")

        try:
            asyncio.run(service.run(app, listen=listen or app.settings.server.listen, ready=ready))
        except KeyboardInterrupt:
            stop("interrupted", code=130)
