"""The shape of feeds.yaml: every key with its type, default and meaning.

From these models come the checks, the JSON Schema and the tables of docs/configuration.md.
Defaults are spelled as an operator would spell them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from aggregator.adapters.config import types


def key(default: object, meaning: str, *, ge: int | None = None, le: int | None = None) -> Any:
    """Say what a key is when it is left out, what it means, and its bounds."""
    return Field(default, description=meaning, ge=ge, le=le)


class Shape(BaseModel):
    """Unknown keys are errors, and nothing is guessed: "5" is no number."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        validate_default=True,
        arbitrary_types_allowed=True,
        regex_engine="python-re",
    )


class DedupeShape(Shape):
    """How entries find their article. `dedupe: off` is short for `{enabled: false}`."""

    enabled: bool = key(True, "Whether entries of the source may join articles.")
    pool: types.Line = key("default", "Only sources of the same pool share articles.")
    window: types.Period = key("72h", "How far apart two publications of one story may be.")
    by: types.By = key(["guid", "link", "slug"], "By what an entry may be recognised.")


class CleanShape(Shape):
    """What is taken off entries besides all that could do harm."""

    pixels: bool = key(True, "Remove images that are there to count readers.")
    tracking_parameters: bool = key(
        True,
        "Remove `utm_…`, `fbclid` and the like from links. Ids, images and enclosures stay as "
        "they are.",
    )


class DefaultsShape(Shape):
    """What every source has that does not say otherwise. A key of the source replaces it."""

    interval: types.Interval = key(
        "auto",
        "How often to poll: `auto` follows the rhythm and the wishes of the "
        "publisher; a duration is fixed; `{cron: …}` is the same as the key `cron`.",
    )
    cron: types.Cron | None = key(
        None, "When to poll, as five cron fields in UTC. Instead of `interval`."
    )
    tags: types.Tags = key([], "Tags that outputs select by.")
    priority: int = key(
        0, "Whose copy of a story is shown: the highest number wins.", ge=-1000, le=1000
    )
    dedupe: Annotated[DedupeShape, types.OffSwitch] = key(
        {}, "How entries find their article: `off`, or the keys of `dedupe` below."
    )
    clean: CleanShape = key({}, "What is taken off entries: the keys of `clean` below.")
    verify_tls: bool = key(True, "Whether certificates are checked.")
    ignore_validators: bool = key(False, "Never ask conditionally, for servers whose ETags lie.")
    accept_replacement: bool = key(
        False,
        "Whether another feed is read that suddenly stands at the address of the known one: "
        "other title, id and site, and not one entry in common. Else it is refused, as expired "
        "domains are bought for such things.",
    )


class SourceShape(Shape, validate_default=False):
    """A feed that is polled. A plain URL is short for `{url: …}`."""

    id: types.SourceId | None = key(
        None,
        "The name of the source in outputs and reports; made from host and path when left out.",
    )
    url: types.SourceUrl | None = key(
        None,
        "The address of the feed, http or https. Either `url` or `path`. User info "
        "in it is taken out and kept secret.",
    )
    path: types.File | None = key(
        None, "A local file to read instead of `url`, relative to this file."
    )
    title: types.Line = key("", "Shown instead of the publisher's title.")
    tags: types.Tags | None = key(None, "Tags that outputs select by.")
    interval: types.Interval | None = key(
        None, "How often to poll: `auto`, a duration or `{cron: …}`."
    )
    cron: types.Cron | None = key(
        None, "When to poll, as five cron fields in UTC. Instead of `interval`."
    )
    priority: int | None = key(
        None, "Whose copy of a story is shown: the highest number wins.", ge=-1000, le=1000
    )
    keep: types.RuleText | None = key(
        None, "Only articles that match this rule stay. See filters.md."
    )
    drop: types.RuleText | None = key(
        None, "Articles that match this rule go, whatever `keep` says."
    )
    expect: types.Examples | None = key(
        None, "Titles that `keep` and `drop` must keep or drop; `aggregator check` tries them."
    )
    dedupe: Annotated[DedupeShape | None, types.OffSwitch] = key(
        None, "How entries find their article: `off`, or the keys of `dedupe` below."
    )
    clean: CleanShape | None = key(None, "What is taken off entries: the keys of `clean` below.")
    headers: dict[types.HeaderName, types.SecretText] = key(
        {},
        "Request headers to send besides the usual ones. Their values are never shown.",
    )
    username: types.Expanded = key("", "User name for HTTP Basic authentication.")
    password: types.SecretText | None = key(
        None, "Password for HTTP Basic authentication. Never shown."
    )
    password_file: types.SecretFile | None = key(
        None, "A file that holds the password. Instead of `password`."
    )
    verify_tls: bool | None = key(None, "Whether certificates are checked.")
    ignore_validators: bool | None = key(
        None, "Never ask conditionally, for servers whose ETags lie."
    )
    accept_replacement: bool | None = key(
        None, "Whether a wholly different feed at the same address is read."
    )


class OutputShape(Shape):
    """A merged feed that is published as `feeds/ID.atom`."""

    id: types.OutputId = Field(description="The name of the output, and of its file and address.")
    title: types.Line | None = key(None, "The title of the feed; made from `id` when left out.")
    subtitle: types.Line = key("", "The subtitle of the feed.")
    atom_id: types.AtomId = key(
        "",
        "The Atom id of the feed, for one that moved here. Made once and kept when left out.",
    )
    sources: types.Selectors = key(
        "all",
        "Which sources it merges: `all`, ids and `tag:NAME`; `-id:NAME` and `-tag:NAME` take away.",
    )
    keep: types.RuleText | None = key(
        None, "Only articles that match this rule stay. See filters.md."
    )
    drop: types.RuleText | None = key(
        None, "Articles that match this rule go, whatever `keep` says."
    )
    expect: types.Examples | None = key(
        None, "Titles that `keep` and `drop` must keep or drop; `aggregator check` tries them."
    )
    order: Literal["newest", "oldest"] = key("newest", "What comes first: `newest` or `oldest`.")
    limit: int = key(
        100,
        "How many articles it carries: the newest. What came in late, dated too early to be among "
        "them, is carried besides for a while, at most as many again.",
        ge=1,
        le=10_000,
    )
    max_per_source: types.Quota | None = key(
        None,
        "How many of them may come from one source, so that a chatty one leaves the others their "
        "places: the newest `30`, or the first of each day (`3/day`, also `/hour` and `/week`; "
        "UTC). Without it the newest are shown, whoever wrote them.",
    )
    backfill: int = key(
        20,
        "How many articles from before it joined a source may bring into the output, when it "
        "joins one that is published already: the newest.",
        ge=0,
        le=10_000,
    )
    max_age: types.Period | None = key(None, "Articles older than this are left out.")
    author: types.Line = key("", "The author of the feed.")
    language: types.Language = key("", "The language of the feed.")
    aliases: types.Aliases = key(
        [],
        "Ids the output had before. Their addresses lead to the new ones, and what was remembered "
        "under them is kept.",
    )
    token: types.Token | None = key(
        None,
        "Makes the output private: it is found at `private/TOKEN/feeds/ID.atom` and nowhere else. "
        "16 characters or more of `A-Z a-z 0-9 - _`. Never shown.",
    )
    username: types.Expanded = key(
        "", "User name that goes with `password`; any name will do when left out."
    )
    password: types.SecretText | None = key(
        None, "Makes the output private: readers need the password (HTTP Basic). Never shown."
    )
    password_file: types.SecretFile | None = key(
        None, "A file that holds the password. Instead of `password`."
    )
    archive: types.Archive = key(
        "on",
        "Whether articles that leave the feed stay in archive pages behind it (RFC 5005): `on`, "
        "`off`, the number of articles of a page (10 to 1000; `on` is 100, never more than "
        "`limit`), or `complete`, which tells readers to forget what is not in the feed.",
    )
    hub: types.Hub | None = key(
        None, "The address of a WebSub hub. It is told whenever the feed has changed."
    )
    queries: bool = key(
        True,
        "Whether readers may ask for a part of the feed: `feeds/ID.atom?q=RULE&limit=N`. See "
        "filters.md.",
    )


class LimitsShape(Shape):
    """Bounds for everything that comes from outside."""

    concurrency: int = key(64, "Polls at the same time.", ge=1, le=10_000)
    per_host: int = key(1, "Polls at the same time on one host and port.", ge=1, le=100)
    host_interval: types.Pause = key(
        "2s", "Least time from one poll to the start of the next on one host and port."
    )
    timeout: types.Deadline = key("30s", "For a whole poll, redirects and body included.")
    max_body: types.BodySize = key("10MiB", "Size of a document, decompressed.")
    max_redirects: int = key(8, "Redirects followed in one poll.", ge=0, le=20)
    parse_deadline: types.Deadline = key(
        "5s", "Time to parse one document; then the worker is ended."
    )
    parse_memory: types.MemorySize = key("1GiB", "Address space of a worker process that parses.")
    max_entries: int = key(2000, "Entries of one document.", ge=1, le=100_000)
    first_entries: int = key(
        50,
        "Entries of a new source's first document that outputs may show: the newest. The others "
        "count as seen.",
        ge=0,
        le=100_000,
    )
    new_entries: int = key(
        200,
        "New entries of a later document that outputs may show at once: the newest. The others "
        "follow at the next polls.",
        ge=1,
        le=100_000,
    )
    workers: int = key(2, "Worker processes that parse.", ge=1, le=64)
    min_interval: types.Period = key("60m", "`interval: auto` never polls more often.")
    max_interval: types.Period = key("12h", "`interval: auto` never polls less often.")
    hard_interval: types.Pause = key(
        "15m", "No source is asked twice within this time, but with `--force`."
    )


class NetworkShape(Shape):
    """What may be reached. Private and local addresses are refused unless named here."""

    allow: types.Networks = key([], "Address ranges that may be reached besides the public ones.")
    proxy: types.Proxy | None = key(
        None, "An HTTP proxy for all polls. Proxies of the environment are ignored."
    )
    robots: bool = key(
        False,
        "Obey robots.txt: it is asked for once a day for each host, and a feed it forbids is not. "
        "Off, because robots.txt is about crawlers, and you have listed each feed yourself.",
    )


class RetentionShape(Shape):
    """How long articles are kept. What was seen once is never new again."""

    keep: types.Period = key("365d", "How long the text of articles is kept.")
    min_articles: int = key(
        500, "The newest so many of each source are kept anyway.", ge=0, le=1_000_000
    )
    backups: int = key(7, "Daily copies of the database to keep.", ge=0, le=365)


class ServerShape(Shape):
    """The built-in server of `aggregator run`."""

    listen: types.Listen = key("127.0.0.1:8080", "Where it listens.")
    gone_for: types.Period = key(
        "90d",
        "How long the addresses of an output that was taken out answer 410 (gone); later, 404.",
    )
    max_requests: int = key(
        0,
        "How often one client may have the whole of one feed in an hour; then it gets 429. `0` is "
        "no limit. What it has already (304) does not count. Clients are told apart by address, "
        "so it is of no use behind a proxy.",
        ge=0,
        le=100_000,
    )
    queries: bool = key(
        True,
        "Whether readers may ask for parts of feeds (`?q=RULE`), where an output does not forbid "
        "it. Making one takes processor time, within bounds.",
    )


class RootShape(Shape):
    """The keys at the top of feeds.yaml."""

    base_url: types.BaseUrl = key(
        "http://127.0.0.1:8080/",
        "The public address of what is published. Nothing is taken from requests.",
    )
    title: types.Line = key("Feeds", "The title of the index page.")
    contact: types.Expanded = key(
        "",
        "A URL or mail address that publishers can turn to; part of the User-Agent.",
    )
    user_agent: types.Expanded = key(
        "", "Sent instead of the User-Agent made from version and `contact`."
    )
    data_dir: types.Folder = key(
        "data",
        "Where the database and the published files are, relative to this file. The "
        "environment variable `AGGREGATOR_DATA_DIR` overrides it.",
    )
    defaults: DefaultsShape = key({}, "What sources share.")
    sources: list[SourceShape] = key([], "The feeds that are polled.")
    rules: types.NamedRules | None = key(
        None, "Rules with names, which `keep`, `drop` and each other use as `@NAME`."
    )
    outputs: list[OutputShape] = key(
        [],
        "The feeds that are published. Without any, one named `all` carries all sources.",
    )
    limits: LimitsShape = key({}, "Bounds on size, time and number.")
    network: NetworkShape = key({}, "What may be reached.")
    retention: RetentionShape = key({}, "How long articles are kept.")
    server: ServerShape = key({}, "The built-in server.")
