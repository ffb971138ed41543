"""What an operator may say: the checked form of feeds.yaml. Pure.

`adapters/config` builds these from the file and documents each key in docs/configuration.md.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.core.model import Place
from aggregator.core.shares import Quota
from aggregator.core.trackers import Cleaning

if TYPE_CHECKING:  # most runs judge nothing, workers never do
    from aggregator.core.filter import Example, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When to poll: a fixed interval, a cron expression (UTC), or neither for the adaptive one."""

    every: timedelta | None = None
    cron: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A text that is sent and never shown: not in logs, errors, status or exports."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dedupe:
    """How the entries of a source find their article (identity.md)."""

    enabled: bool = True
    pool: str = "default"
    window: timedelta = timedelta(hours=72)
    by: tuple[str, ...] = ("guid", "link", "slug")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What stays and what goes: kept = (no keep, or keep matches) and no drop matches.

    `examples` are what `aggregator check` tries; they change nothing else.
    """

    keep: Rule | None = None
    drop: Rule | None = None
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRule:
    """One of `rules:`, which other rules use as @name. Its examples read it as a `keep:`."""

    name: str
    rule: Rule
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A feed that is polled. Exactly one of `url` and `path` is set."""

    id: str
    url: str = ""  # as typed, without user info and fragment
    path: Path | None = None
    title: str = ""  # overrides the publisher's
    tags: tuple[str, ...] = ()
    schedule: Schedule = Schedule()
    priority: int = 0
    rules: Rules = Rules()
    dedupe: Dedupe = Dedupe()
    cleaning: Cleaning = Cleaning()  # of entries that are new or edited; stored ones stay
    headers: tuple[tuple[str, Secret], ...] = ()  # extra request headers
    username: str = ""
    password: Secret | None = None
    verify_tls: bool = True
    ignore_validators: bool = False
    accept_replacement: bool = False  # of the whole feed by another one, at the same address
    place: Place | None = None
    address_place: Place | None = None  # of `url:`, for who must change it


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may read a private output: who knows the token, or the password, of those that are set.

    The token is part of the address, so it consists of characters that need no escapes.
    """

    token: Secret | None = None
    username: str = ""  # "" accepts any
    password: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A merged feed that is published. `sources` holds ids, resolved, in feeds.yaml order."""

    id: str
    atom_id: str = ""  # feed-level atom:id; "" means minted once and kept in the store
    title: str
    subtitle: str = ""
    sources: tuple[str, ...] = ()
    rules: Rules = Rules()
    order: str = "newest"  # or oldest
    limit: int = 100
    max_per_source: Quota | None = None  # articles that one source may show
    backfill: int = 20  # articles from before it joined that a later source may show
    max_age: timedelta | None = None
    author: str = ""
    language: str = ""
    aliases: tuple[str, ...] = ()  # former ids
    access: Access | None = None  # None: everybody may read it
    archive: int = 100  # articles of one archive page (RFC 5005 §4); 0: no archive
    complete: bool = False  # the document is all there is (RFC 5005 §2): what left it is gone
    hub: str = ""  # a WebSub hub that is told of changes, and named to subscribers
    queries: bool = True  # anybody who may read it may ask for a part of it (?q=)
    place: Place | None = None

    def base_of(self, base_url: str) -> str:
        """Where the addresses of its documents begin: below its token, when it has one.

        The documents of an output with a token name each other with it: who has one of them
        knows it, and without it none could be followed.
        """
        if self.access is None or self.access.token is None:
            return base_url
        return f"{base_url}private/{self.access.token.value}/"


def renamed_outputs(outputs: Iterable[Output], known: Container[str]) -> dict[str, str]:
    """Former id -> id, for outputs of which only the former id is known."""
    found: dict[str, str] = {}
    for output in outputs:
        former = next((alias for alias in output.aliases if alias in known), None)
        if former is not None and output.id not in known:
            found[former] = output.id
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds for everything from outside."""

    concurrency: int = 64  # polls in flight
    per_host: int = 1  # polls in flight on one host:port
    host_interval: timedelta = timedelta(seconds=2)  # between starts on one host:port
    timeout: timedelta = timedelta(seconds=30)  # the whole poll, redirects included
    max_body: int = 10 * 1024 * 1024  # bytes, decoded
    max_redirects: int = 8
    parse_deadline: timedelta = timedelta(seconds=5)
    parse_memory: int = 1024 * 1024 * 1024  # bytes of address space of one worker process
    max_entries: int = 2000  # of one document
    first_entries: int = 50  # of a new source's first document that may enter the outputs
    new_entries: int = 200  # of a later one; more wait for the next polls
    workers: int = 2  # processes that parse
    min_interval: timedelta = timedelta(minutes=60)  # adaptive interval never goes below
    max_interval: timedelta = timedelta(hours=12)  # nor above
    hard_interval: timedelta = timedelta(minutes=15)  # between two requests, but for --force


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What may be reached besides the public addresses, by which proxy, and who may forbid it."""

    allow: tuple[IPv4Network | IPv6Network, ...] = ()
    proxy: str = ""
    robots: bool = False  # obey robots.txt (RFC 9309)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long bodies are kept. Keys are kept for ever: an old entry never returns as new."""

    keep: timedelta = timedelta(days=365)
    min_articles: int = 500  # of each source, whatever their age
    backups: int = 7  # online copies of the database, one a day; 0: none


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where `aggregator run` listens."""

    listen: str = "127.0.0.1:8080"
    gone_for: timedelta = timedelta(days=90)  # how long a removed output answers 410
    max_requests: int = 0  # whole documents of one feed for one client in an hour; 0: any number
    queries: bool = True  # of outputs that do not forbid it, parts may be asked for (?q=)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of feeds.yaml, checked. `file` is where it came from."""

    file: Path
    data_dir: Path
    base_url: str = "http://127.0.0.1:8080/"  # ends with a slash
    title: str = "Feeds"
    user_agent: str = ""  # "" means the default made from version and contact
    contact: str = ""  # a URL or mail address for publishers, part of the User-Agent
    sources: tuple[Source, ...] = ()
    outputs: tuple[Output, ...] = ()
    named: tuple[NamedRule, ...] = ()
    limits: Limits = Limits()
    network: Network = Network()
    retention: Retention = Retention()
    server: Server = Server()
