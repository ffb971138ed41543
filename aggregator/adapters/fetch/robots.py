"""robots.txt of the origins that are asked, for operators who want it obeyed (RFC 9309).

Kept in memory for a day, by the event loop's clock. A site that refuses to tell (4xx) allows
everything; one that cannot tell (5xx, no connection) allows nothing until it can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from aggregator.adapters.fetch.answer import FULL, REDIRECTS, decoder_for, refused
from aggregator.adapters.fetch.decode import Decoder
from aggregator.adapters.fetch.incoming import Head
from aggregator.adapters.fetch.request import hop_url
from aggregator.adapters.fetch.target import Target
from aggregator.adapters.fetch.transport import Transport
from aggregator.core.errors import FetchError
from aggregator.core.robots import ALWAYS_ALLOWED, RobotRules, product_of, read_rules
from aggregator.core.validators import DAY

MAX_HOPS = 5  # RFC 9309 §2.3.1.2
MAX_ORIGINS = 10_000
HOUR = 3600  # seconds
MANY_RULES = 5_000  # beyond, the event loop is not kept waiting for the look through them


@dataclass(slots=True)
class _Known:
    """What is known of one origin; `lock` lets only one of its polls ask."""

    rules: RobotRules | None = None
    until: float = 0.0  # by the loop's clock
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Robots:
    """Answers whether a URL may be asked for. Asks through the same guarded transport."""

    def __init__(self, transport: Transport, *, max_body: int) -> None:
        self._transport = transport
        self._max_body = max_body
        self._origins: dict[object, _Known] = {}

    async def check(self, url: Target, *, user_agent: str, verify_tls: bool) -> None:
        """Raise FetchError(robots) where robots.txt forbids `url`, or cannot be had."""
        product = product_of(user_agent)
        known = self._known((*url.origin, product))
        async with known.lock:
            if known.until <= _now():
                await self._renew(known, url, user_agent=user_agent, verify_tls=verify_tls)
            rules = known.rules
        if rules is not None and not await _allows(rules, url):
            message = f"{url.place}: robots.txt does not let {product or 'us'} ask for this URL"
            raise FetchError(message, kind="robots")

    def _known(self, key: object) -> _Known:
        """The origin's place, moved to the end; the one longest unused makes room."""
        known = self._origins.pop(key, None) or _Known()
        self._origins[key] = known
        if len(self._origins) > MAX_ORIGINS:
            del self._origins[next(iter(self._origins))]
        return known

    async def _renew(
        self, known: _Known, url: Target, *, user_agent: str, verify_tls: bool
    ) -> None:
        """Ask for robots.txt; while it is out of reach, an old one still counts (§2.4)."""
        headers = {"User-Agent": user_agent}
        try:
            text = await self._read(url.at(ALWAYS_ALLOWED), headers, verify_tls)
        except FetchError as error:
            if known.rules is None:
                message = f"robots.txt is out of reach, so nothing may be asked for: {error}"
                raise FetchError(message, kind="robots", retry_after=error.retry_after) from error
            known.until = _now() + HOUR
        else:
            # In a thread: half a megabyte of rules takes a moment.
            known.rules = await asyncio.to_thread(read_rules, text, product=product_of(user_agent))
            known.until = _now() + DAY

    async def _read(self, url: Target, headers: Mapping[str, str], verify_tls: bool) -> str:
        """The text of a robots.txt; "" where there is none, or only redirects to it."""
        for _ in range(MAX_HOPS + 1):
            file = _File(self._max_body)
            head = await self._transport.get(url, file.take, headers=headers, verify_tls=verify_tls)
            if head.status not in REDIRECTS:
                return file.text(head)
            url = hop_url(url, head.headers.first(b"location"))
        return ""


class _File:
    """A robots.txt as it comes in."""

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body
        self._decoder: Decoder | None = None

    def take(self, head: Head) -> Decoder | None:
        if head.status in FULL:
            self._decoder = decoder_for(head, max_body=self._max_body)
        return self._decoder

    def text(self, head: Head) -> str:
        """What it says; "" for a site that refuses to tell. Raises FetchError."""
        if self._decoder is not None:
            return self._decoder.finish().decode("utf-8", "replace")
        if 400 <= head.status < 500:
            return ""
        raise refused(head.status, head.headers)


async def _allows(rules: RobotRules, url: Target) -> bool:
    if len(rules.rules) <= MANY_RULES:
        return rules.allow(url.rest)
    return await asyncio.to_thread(rules.allow, url.rest)


def _now() -> float:
    return asyncio.get_running_loop().time()
