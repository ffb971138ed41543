"""The two parameters of an address that mean something, and the only place that reads any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from aiohttp import web

from aggregator.core.filter import RuleError

PARAMETERS: Final = ("q", "limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asks for, unread; "" for what it does not mention."""

    q: str = ""
    limit: str = ""

    def __bool__(self) -> bool:
        return bool(self.q.strip() or self.limit.strip())


def asked(request: web.Request) -> Asked:
    """What the address asks for; all its other parameters say nothing.

    Raises RuleError for what is said twice, or in no Unicode.
    """
    found: dict[str, str] = {}
    for name in PARAMETERS:
        values = request.query.getall(name, [])
        if len(values) > 1:
            raise RuleError(f"{name} stands there twice", hint=f"once: {name}=…")
        if values and any("\ud800" <= character <= "\udfff" for character in values[0]):
            raise RuleError(f"{name} is no UTF-8", hint="percent-encoded as UTF-8")
        found[name] = values[0] if values else ""
    return Asked(q=found["q"], limit=found["limit"])


def carried_on(request: web.Request) -> str:
    """What of a query belongs to an address that leads on: "?q=…", or "" for nothing."""
    try:
        wanted = asked(request)
    except RuleError:
        return ""
    given = (("q", wanted.q), ("limit", wanted.limit))
    query = "&".join(f"{name}={quote(text, safe='/:')}" for name, text in given if text)
    return f"?{query}" if query else ""
