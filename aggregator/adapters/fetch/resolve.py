"""Names to addresses, in threads of their own.

Name servers that never answer may hold these threads; files, parsing and everything else
that uses the loop's default threads goes on. The poll's deadline ends the waiting.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

LookUp = Callable[[str, int], Sequence[str]]  # host and port to addresses, the best first


class Resolver:
    """Blocking look-ups, as many at once as there are threads."""

    def __init__(self, look_up: LookUp, *, threads: int) -> None:
        self._look_up = look_up
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="dns")

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host, one at least; raises socket.gaierror."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._pool, self._look_up, host, port)
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "the name has no address")
        return found

    def close(self) -> None:
        """Start no further look-up; those under way end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def look_up(host: str, port: int) -> Sequence[str]:
    """Ask the system (getaddrinfo); raises socket.gaierror."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except UnicodeError as error:  # a label of more than 63 characters, or an empty one
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
