"""The listening socket: HOST:PORT in, a running server with its real address out."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from aggregator.core.errors import AggregatorError
from aggregator.web.door import PATIENCE, door, logger, room

_LISTEN: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^\s:\[\]]*):(?P<port>\d{1,5})")
_DRAIN: Final = 5.0  # seconds that requests in flight get when the server closes


class ListenError(AggregatorError):
    """The address cannot be listened on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """A running server. `host` and `port` are the bound ones, also after port 0."""

    host: str
    port: int
    runner: web.AppRunner
    socket: asyncio.Server

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"

    async def close(self) -> None:
        """Stop listening and let requests in flight finish."""
        self.socket.close()
        await self.runner.cleanup()


def parse_listen(listen: str) -> tuple[str, int]:
    """ "127.0.0.1:8080", "[::1]:0", ":8080" (every address) -> host and port.

    Raises ListenError for anything else.
    """
    match = _LISTEN.fullmatch(listen)
    if match is None or int(match["port"]) > 65535:
        raise ListenError(f'cannot listen on "{listen}": write HOST:PORT, such as 127.0.0.1:8080')
    return match["host"].strip("[]"), int(match["port"])


async def serve(
    app: web.Application,
    listen: str,
    *,
    most: int | None = None,
    patience: float = PATIENCE,
) -> Listening:
    """Serve `app` until `close`. Raises ListenError when the address is taken or not ours.

    `most` connections at a time (None: as many as there is room for), each with `patience`
    seconds to finish the header of a request.
    """
    host, port = parse_listen(listen)
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=_DRAIN,
        keepalive_timeout=patience,
        logger=logger,
    )
    await runner.setup()
    server = runner.server
    assert server is not None  # after setup
    try:
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(
            door(server, most=room() if most is None else most), host or None, port
        )
    except OSError as error:
        await runner.cleanup()
        reason = error.strerror or str(error)
        raise ListenError(
            f"cannot listen on {listen}: {reason} (choose another with --listen HOST:PORT)"
        ) from error
    bound = listening.sockets[0].getsockname()
    return Listening(host=bound[0], port=bound[1], runner=runner, socket=listening)
