"""The shape of feeds.yaml: every key with its type, default and meaning.

From these come the checks, the JSON Schema and the tables of docs/configuration.md.
Defaults are spelled as an operator would spell them.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from aggregator.adapters.config import types
from aggregator.adapters.config.keys import Shape, key, optional, required
from aggregator.adapters.config.types import number
from aggregator.adapters.config.values import Address
from aggregator.core.settings import Schedule, Secret
from aggregator.core.shares import Quota

# Of sources and of outputs.
_KEEP = optional(types.RULE, "Only articles that match this rule stay. See filters.md.")
_DROP = optional(types.RULE, "Articles that match this rule go, whatever `keep` says.")
_EXPECT = optional(
    types.EXAMPLES,
    "Titles that `keep` and `drop` must keep or drop; `aggregator check` tries them.",
)


class DedupeShape(Shape):
    """How entries find their article. `dedupe: off` is short for `{enabled: false}`."""

    enabled: bool = key(types.SWITCH, True, "Whether entries of the source may join articles.")
    pool: str = key(types.LINE, "default", "Only sources of the same pool share articles.")
    window: timedelta = key(
        types.PERIOD, "72h", "How far apart two publications of one story may be."
    )
    by: tuple[str, ...] = key(
        types.WAYS, ["guid", "link", "slug"], "By what an entry may be recognised."
    )


class CleanShape(Shape):
    """What is taken off entries besides all that could do harm."""

    pixels: bool = key(types.SWITCH, True, "Remove images that are there to count readers.")
    tracking_parameters: bool = key(
        types.SWITCH,
        True,
        "Remove `utm_…`, `fbclid` and the like from links. Ids, images and enclosures stay as "
        "they are.",
    )


class DefaultsShape(Shape):
    """What every source has that does not say otherwise. A key of the source replaces it."""

    interval: Schedule = key(
        types.INTERVAL,
        "auto",
        "How often to poll: `auto` follows the rhythm and the wishes of the "
        "publisher; a duration is fixed; `{cron: …}` is the same as the key `cron`.",
    )
    cron: Schedule | None = optional(
        types.CRON, "When to poll, as five cron fields in UTC. Instead of `interval`."
    )
    tags: tuple[str, ...] = key(types.TAGS, [], "Tags that outputs select by.")
    priority: int = key(
        number(-1000, 1000), 0, "Whose copy of a story is shown: the highest number wins."
    )
    dedupe: DedupeShape = key(
        types.switchable(DedupeShape, "dedupe"),
        {},
        "How entries find their article: `off`, or the keys of `dedupe` below.",
    )
    clean: CleanShape = key(
        types.section(CleanShape, "clean"),
        {},
        "What is taken off entries: the keys of `clean` below.",
    )
    verify_tls: bool = key(types.SWITCH, True, "Whether certificates are checked.")
    ignore_validators: bool = key(
        types.SWITCH, False, "Never ask conditionally, for servers whose ETags lie."
    )
    accept_replacement: bool = key(
        types.SWITCH,
        False,
        "Whether another feed is read that suddenly stands at the address of the known one: "
        "other title, id and site, and not one entry in common. Else it is refused, as expired "
        "domains are bought for such things.",
    )


class SourceShape(Shape):
    """A feed that is polled. A plain URL is short for `{url: …}`."""

    id: str | None = optional(
        types.SOURCE_ID,
        "The name of the source in outputs and reports; made from host and path when left out.",
    )
    url: Address | None = optional(
        types.SOURCE_URL,
        "The address of the feed, http or https. Either `url` or `path`. User info "
        "in it is taken out and kept secret.",
    )
    path: Path | None = optional(
        types.FILE, "A local file to read instead of `url`, relative to this file."
    )
    title: str = key(types.LINE, "", "Shown instead of the publisher's title.")
    tags: tuple[str, ...] | None = optional(types.TAGS, "Tags that outputs select by.")
    interval: Schedule | None = optional(
        types.INTERVAL, "How often to poll: `auto`, a duration or `{cron: …}`."
    )
    cron: Schedule | None = optional(
        types.CRON, "When to poll, as five cron fields in UTC. Instead of `interval`."
    )
    priority: int | None = optional(
        number(-1000, 1000), "Whose copy of a story is shown: the highest number wins."
    )
    keep: object | None = _KEEP
    drop: object | None = _DROP
    expect: object | None = _EXPECT
    dedupe: DedupeShape | None = optional(
        types.switchable(DedupeShape, "dedupe"),
        "How entries find their article: `off`, or the keys of `dedupe` below.",
    )
    clean: CleanShape | None = optional(
        types.section(CleanShape, "clean"), "What is taken off entries: the keys of `clean` below."
    )
    headers: dict[str, Secret] = key(
        types.HEADERS,
        {},
        "Request headers to send besides the usual ones. Their values are never shown.",
    )
    username: str = key(types.EXPANDED, "", "User name for HTTP Basic authentication.")
    password: Secret | None = optional(
        types.SECRET_TEXT, "Password for HTTP Basic authentication. Never shown."
    )
    password_file: Secret | None = optional(
        types.SECRET_FILE, "A file that holds the password. Instead of `password`."
    )
    verify_tls: bool | None = optional(types.SWITCH, "Whether certificates are checked.")
    ignore_validators: bool | None = optional(
        types.SWITCH, "Never ask conditionally, for servers whose ETags lie."
    )
    accept_replacement: bool | None = optional(
        types.SWITCH, "Whether a wholly different feed at the same address is read."
    )


class OutputShape(Shape):
    """A merged feed that is published as `feeds/ID.atom`."""

    id: str = required(types.OUTPUT_ID, "The name of the output, and of its file and address.")
    title: str | None = optional(types.LINE, "The title of the feed; made from `id` when left out.")
    subtitle: str = key(types.LINE, "", "The subtitle of the feed.")
    atom_id: str = key(
        types.ATOM_ID,
        "",
        "The Atom id of the feed, for one that moved here. Made once and kept when left out.",
    )
    sources: tuple[str, ...] = key(
        types.SELECTORS,
        "all",
        "Which sources it merges: `all`, ids and `tag:NAME`; `-id:NAME` and `-tag:NAME` take away.",
    )
    keep: object | None = _KEEP
    drop: object | None = _DROP
    expect: object | None = _EXPECT
    order: str = key(types.ORDER, "newest", "What comes first: `newest` or `oldest`.")
    limit: int = key(
        number(1, 10_000),
        100,
        "How many articles it carries: the newest. What came in late, dated too early to be among "
        "them, is carried besides for a while, at most as many again.",
    )
    max_per_source: Quota | None = optional(
        types.QUOTA,
        "How many of them may come from one source, so that a chatty one leaves the others their "
        "places: the newest `30`, or the first of each day (`3/day`, also `/hour` and `/week`; "
        "UTC). Without it the newest are shown, whoever wrote them.",
    )
    backfill: int = key(
        number(0, 10_000),
        20,
        "How many articles from before it joined a source may bring into the output, when it "
        "joins one that is published already: the newest.",
    )
    max_age: timedelta | None = optional(types.PERIOD, "Articles older than this are left out.")
    author: str = key(types.LINE, "", "The author of the feed.")
    language: str = key(types.LANGUAGE, "", "The language of the feed.")
    aliases: tuple[str, ...] = key(
        types.ALIASES,
        [],
        "Ids the output had before. Their addresses lead to the new ones, and what was remembered "
        "under them is kept.",
    )
    token: Secret | None = optional(
        types.TOKEN,
        "Makes the output private: it is found at `private/TOKEN/feeds/ID.atom` and nowhere else. "
        "16 characters or more of `A-Z a-z 0-9 - _`. Never shown.",
    )
    username: str = key(
        types.EXPANDED, "", "User name that goes with `password`; any name will do when left out."
    )
    password: Secret | None = optional(
        types.SECRET_TEXT,
        "Makes the output private: readers need the password (HTTP Basic). Never shown.",
    )
    password_file: Secret | None = optional(
        types.SECRET_FILE, "A file that holds the password. Instead of `password`."
    )
    archive: int | None = key(
        types.ARCHIVE,
        "on",
        "Whether articles that leave the feed stay in archive pages behind it (RFC 5005): `on`, "
        "`off`, the number of articles of a page (10 to 1000; `on` is 100, never more than "
        "`limit`), or `complete`, which tells readers to forget what is not in the feed.",
    )
    hub: str | None = optional(
        types.HUB, "The address of a WebSub hub. It is told whenever the feed has changed."
    )
    queries: bool = key(
        types.SWITCH,
        True,
        "Whether readers may ask for a part of the feed: `feeds/ID.atom?q=RULE&limit=N`. See "
        "filters.md.",
    )


class LimitsShape(Shape):
    """Bounds for everything that comes from outside."""

    concurrency: int = key(number(1, 10_000), 64, "Polls at the same time.")
    per_host: int = key(number(1, 100), 1, "Polls at the same time on one host and port.")
    host_interval: timedelta = key(
        types.PAUSE, "2s", "Least time from one poll to the start of the next on one host and port."
    )
    timeout: timedelta = key(
        types.DEADLINE, "30s", "For a whole poll, redirects and body included."
    )
    max_body: int = key(types.BODY_SIZE, "10MiB", "Size of a document, decompressed.")
    max_redirects: int = key(number(0, 20), 8, "Redirects followed in one poll.")
    parse_deadline: timedelta = key(
        types.DEADLINE, "5s", "Time to parse one document; then the worker is ended."
    )
    parse_memory: int = key(
        types.MEMORY_SIZE, "1GiB", "Address space of a worker process that parses."
    )
    max_entries: int = key(number(1, 100_000), 2000, "Entries of one document.")
    first_entries: int = key(
        number(0, 100_000),
        50,
        "Entries of a new source's first document that outputs may show: the newest. The others "
        "count as seen.",
    )
    new_entries: int = key(
        number(1, 100_000),
        200,
        "New entries of a later document that outputs may show at once: the newest. The others "
        "follow at the next polls.",
    )
    workers: int = key(number(1, 64), 2, "Worker processes that parse.")
    min_interval: timedelta = key(types.PERIOD, "60m", "`interval: auto` never polls more often.")
    max_interval: timedelta = key(types.PERIOD, "12h", "`interval: auto` never polls less often.")
    hard_interval: timedelta = key(
        types.PAUSE, "15m", "No source is asked twice within this time, but with `--force`."
    )


class NetworkShape(Shape):
    """What may be reached. Private and local addresses are refused unless named here."""

    allow: tuple[IPv4Network | IPv6Network, ...] = key(
        types.NETWORKS, [], "Address ranges that may be reached besides the public ones."
    )
    proxy: str | None = optional(
        types.PROXY, "An HTTP proxy for all polls. Proxies of the environment are ignored."
    )
    robots: bool = key(
        types.SWITCH,
        False,
        "Obey robots.txt: it is asked for once a day for each host, and a feed it forbids is not. "
        "Off, because robots.txt is about crawlers, and you have listed each feed yourself.",
    )


class RetentionShape(Shape):
    """How long articles are kept. What was seen once is never new again."""

    keep: timedelta = key(types.PERIOD, "365d", "How long the text of articles is kept.")
    min_articles: int = key(
        number(0, 1_000_000), 500, "The newest so many of each source are kept anyway."
    )
    backups: int = key(number(0, 365), 7, "Daily copies of the database to keep.")


class ServerShape(Shape):
    """The built-in server of `aggregator run`."""

    listen: str = key(types.LISTEN, "127.0.0.1:8080", "Where it listens.")
    gone_for: timedelta = key(
        types.PERIOD,
        "90d",
        "How long the addresses of an output that was taken out answer 410 (gone); later, 404.",
    )
    max_requests: int = key(
        number(0, 100_000),
        0,
        "How often one client may have the whole of one feed in an hour; then it gets 429. `0` is "
        "no limit. What it has already (304) does not count. Clients are told apart by address, "
        "so it is of no use behind a proxy.",
    )
    queries: bool = key(
        types.SWITCH,
        True,
        "Whether readers may ask for parts of feeds (`?q=RULE`), where an output does not forbid "
        "it. Making one takes processor time, within bounds.",
    )


class RootShape(Shape):
    """The keys at the top of feeds.yaml."""

    base_url: str = key(
        types.BASE_URL,
        "http://127.0.0.1:8080/",
        "The public address of what is published. Nothing is taken from requests.",
    )
    title: str = key(types.LINE, "Feeds", "The title of the index page.")
    contact: str = key(
        types.EXPANDED,
        "",
        "A URL or mail address that publishers can turn to; part of the User-Agent.",
    )
    user_agent: str = key(
        types.EXPANDED, "", "Sent instead of the User-Agent made from version and `contact`."
    )
    data_dir: Path = key(
        types.FOLDER,
        "data",
        "Where the database and the published files are, relative to this file. The "
        "environment variable `AGGREGATOR_DATA_DIR` overrides it.",
    )
    defaults: DefaultsShape = key(
        types.section(DefaultsShape, "defaults"), {}, "What sources share."
    )
    sources: object = key(types.listed(SourceShape, "sources"), [], "The feeds that are polled.")
    rules: object | None = optional(
        types.NAMED_RULES, "Rules with names, which `keep`, `drop` and each other use as `@NAME`."
    )
    outputs: object = key(
        types.listed(OutputShape, "outputs"),
        [],
        "The feeds that are published. Without any, one named `all` carries all sources.",
    )
    limits: LimitsShape = key(
        types.section(LimitsShape, "limits"), {}, "Bounds on size, time and number."
    )
    network: NetworkShape = key(types.section(NetworkShape, "network"), {}, "What may be reached.")
    retention: RetentionShape = key(
        types.section(RetentionShape, "retention"), {}, "How long articles are kept."
    )
    server: ServerShape = key(types.section(ServerShape, "server"), {}, "The built-in server.")
