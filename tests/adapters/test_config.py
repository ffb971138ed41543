"""feeds.yaml -> Settings: what may be said, and what becomes of it."""

from __future__ import annotations

import gc
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from aggregator.adapters.config import load
from aggregator.core.errors import ConfigError
from aggregator.core.settings import (
    Dedupe,
    Limits,
    Network,
    Retention,
    Rules,
    Schedule,
    Secret,
    Server,
    Settings,
)
from aggregator.core.trackers import Cleaning
from tests.adapters.configs import error, problem, problems, settings, source

URL = "https://example.com/feed.xml"


def test_an_empty_file_means_every_default_of_the_core(tmp_path: Path) -> None:
    found = settings(tmp_path, "")
    assert found == Settings(
        file=tmp_path / "feeds.yaml", data_dir=tmp_path / "data", outputs=found.outputs
    )
    assert (found.limits, found.network) == (Limits(), Network())
    assert (found.retention, found.server) == (Retention(), Server())


def test_a_source_that_says_nothing_has_the_defaults_of_the_core(tmp_path: Path) -> None:
    found = source(tmp_path, f"sources: [{URL}]")
    assert (found.schedule, found.dedupe, found.rules) == (Schedule(), Dedupe(), Rules())
    assert found.cleaning == Cleaning()
    assert (found.priority, found.verify_tls, found.ignore_validators) == (0, True, False)


def test_sources_share_what_none_of_them_says(tmp_path: Path) -> None:
    one, other = settings(tmp_path, f"sources: [{URL}, {URL}?other]").sources
    assert one.cleaning is other.cleaning
    assert one.dedupe is other.dedupe


@pytest.mark.parametrize("text", ["", "nonsense: 1"])
def test_cycles_are_collected_as_before_once_a_file_is_read(tmp_path: Path, text: str) -> None:
    try:
        settings(tmp_path, text)
    except ConfigError:
        assert text
    assert gc.isenabled()


@pytest.mark.parametrize("text", ["# nothing\n", "---\n", "sources:\n", "sources:\noutputs: ~\n"])
def test_a_key_without_a_value_is_a_key_left_out(tmp_path: Path, text: str) -> None:
    assert settings(tmp_path, text) == settings(tmp_path, "")


def test_a_plain_url_is_short_for_a_source_with_that_url(tmp_path: Path) -> None:
    short = source(tmp_path, f"sources:\n  - {URL}\n")
    long = source(tmp_path, f"sources:\n  - url: {URL}\n")
    assert replace(short, address_place=None) == replace(long, address_place=None)


def test_everything_that_a_source_may_say_arrives(tmp_path: Path) -> None:
    found = source(
        tmp_path,
        f"""\
sources:
  - id: iswnews
    url: {URL}
    title: ISW
    tags: [ukraine, analysis, ukraine]
    interval: 2h
    priority: 10
    dedupe: {{pool: local, window: 1d, by: [guid]}}
    headers: {{X-Key: abc}}
    username: reader
    password: hunter2
    verify_tls: false
    ignore_validators: true
    keep: kursk
    drop: [sponsored, giveaway]
""",
    )
    assert (found.id, found.url, found.title) == ("iswnews", URL, "ISW")
    assert found.tags == ("ukraine", "analysis")
    assert found.schedule == Schedule(every=timedelta(hours=2))
    assert found.priority == 10
    assert found.dedupe == Dedupe(pool="local", window=timedelta(days=1), by=("guid",))
    assert found.headers == (("X-Key", Secret(value="abc")),)
    assert (found.username, found.password) == ("reader", Secret(value="hunter2"))
    assert (found.verify_tls, found.ignore_validators) == (False, True)
    assert found.rules.keep is not None
    assert found.rules.drop is not None
    assert (str(found.rules.keep), str(found.rules.drop)) == ("kursk", "sponsored OR giveaway")
    assert str(found.place).endswith("feeds.yaml:2:5")
    assert str(found.rules.drop.place).endswith("feeds.yaml:15:11")


def test_everything_else_that_may_be_said_arrives(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        """\
base_url: https://feeds.example.org/all
title: My feeds
contact: https://example.org/about
user_agent: mine/1
data_dir: /var/lib/feeds
limits: {concurrency: 5, host_interval: 500ms, max_body: 1MiB, parse_deadline: 2s}
network: {allow: [127.0.0.0/8, "fd00::/8"], proxy: "http://proxy.example:3128"}
retention: {keep: 30d, min_articles: 10, backups: 0}
server: {listen: "[::1]:80"}
""",
    )
    assert found.base_url == "https://feeds.example.org/all/"
    assert (found.title, found.contact) == ("My feeds", "https://example.org/about")
    assert (found.user_agent, found.data_dir) == ("mine/1", Path("/var/lib/feeds"))
    assert found.limits.concurrency == 5
    assert found.limits.host_interval == timedelta(milliseconds=500)
    assert (found.limits.max_body, found.limits.timeout) == (2**20, timedelta(seconds=30))
    assert found.network.allow == (ip_network("127.0.0.0/8"), ip_network("fd00::/8"))
    assert found.network.proxy == "http://proxy.example:3128"
    assert found.retention == Retention(keep=timedelta(days=30), min_articles=10, backups=0)
    assert found.server.listen == "[::1]:80"


# --- defaults


def test_a_key_of_a_source_replaces_the_default(tmp_path: Path) -> None:
    first, second = settings(
        tmp_path,
        """\
defaults: {interval: 3h, tags: [news], priority: 5, dedupe: off, verify_tls: false}
sources:
  - https://a.example/
  - {url: "https://b.example/", cron: "0 6 * * *", tags: [], priority: 0, dedupe: on,
     verify_tls: true}
""",
    ).sources
    assert first.schedule == Schedule(every=timedelta(hours=3))
    assert (first.tags, first.priority, first.verify_tls) == (("news",), 5, False)
    assert first.dedupe.enabled is False
    assert second.schedule == Schedule(cron="0 6 * * *")
    assert (second.tags, second.priority, second.verify_tls) == ((), 0, True)
    assert second.dedupe == Dedupe()


def test_what_is_cleaned_can_be_said_for_all_and_for_one(tmp_path: Path) -> None:
    first, second = settings(
        tmp_path,
        """defaults: {clean: {pixels: false}}
sources:
  - https://a.example/
  - {url: "https://b.example/", clean: {tracking_parameters: false}}
""",
    ).sources
    assert first.cleaning == Cleaning(pixels=False)
    assert second.cleaning == Cleaning(tracking_parameters=False)


@pytest.mark.parametrize(
    ("said", "schedule"),
    [
        ("interval: auto", Schedule()),
        ("interval: 90s", Schedule(every=timedelta(seconds=90))),
        ("interval: 1w", Schedule(every=timedelta(days=7))),
        ('interval: {cron: "0 6 * * *"}', Schedule(cron="0 6 * * *")),
        ("cron: 0 6,18 * * mon-fri", Schedule(cron="0 6,18 * * mon-fri")),
    ],
)
def test_an_interval_is_auto_a_duration_or_a_cron_expression(
    tmp_path: Path, said: str, schedule: Schedule
) -> None:
    found = source(tmp_path, f"sources:\n  - url: {URL}\n    {said}\n")
    assert found.schedule == schedule


def test_cron_expressions_are_judged_by_the_scheduler(tmp_path: Path) -> None:
    def refuse(text: str) -> None:
        raise ValueError(f"no such day in {text}")

    path = tmp_path / "feeds.yaml"
    path.write_text(f'sources:\n  - url: {URL}\n    cron: "0 6 31 2 *"\n')
    with pytest.raises(ConfigError, match="no such day in 0 6 31 2"):
        load(path, environ={}, check_cron=refuse)


# --- outputs

THREE = """\
sources:
  - {id: one, url: "https://a.example/", tags: [news, war]}
  - {id: two, url: "https://b.example/", tags: news}
  - {id: three, url: "https://c.example/"}
outputs:
  - id: out
"""


def test_without_outputs_one_named_all_carries_everything(tmp_path: Path) -> None:
    (output,) = settings(tmp_path, THREE.partition("outputs")[0]).outputs
    assert (output.id, output.sources) == ("all", ("one", "two", "three"))


@pytest.mark.parametrize(
    ("selectors", "ids"),
    [
        ("all", ("one", "two", "three")),
        ("tag:news", ("one", "two")),
        ("[three, one]", ("one", "three")),
        ("[id:three, tag:war]", ("one", "three")),
        ("[tag:news, -id:two]", ("one",)),
        ("[-tag:war]", ("two", "three")),
        ("[all, -two]", ("one", "three")),
    ],
)
def test_an_output_selects_sources_by_id_and_tag_in_file_order(
    tmp_path: Path, selectors: str, ids: tuple[str, ...]
) -> None:
    (output,) = settings(tmp_path, f"{THREE}    sources: {selectors}\n").outputs
    assert output.sources == ids


def test_an_output_carries_all_sources_when_it_names_none(tmp_path: Path) -> None:
    (output,) = settings(tmp_path, THREE).outputs
    assert output.sources == ("one", "two", "three")


def test_everything_that_an_output_may_say_arrives(tmp_path: Path) -> None:
    said = """\
    title: Out
    subtitle: Of everything
    atom_id: tag:example.org,2020:out
    keep: {title: [kursk, sumy]}
    drop: giveaway
    order: oldest
    limit: 7
    max_age: 30d
    author: Desk
    language: pt-BR
    archive: 20
    hub: https://hub.example/
"""
    (output,) = settings(tmp_path, THREE + said).outputs
    assert (output.title, output.subtitle) == ("Out", "Of everything")
    assert (output.atom_id, output.author) == ("tag:example.org,2020:out", "Desk")
    assert (output.order, output.limit, output.language) == ("oldest", 7, "pt-BR")
    assert output.max_age == timedelta(days=30)
    assert str(output.rules.keep) == "title:kursk OR title:sumy"
    assert (output.archive, output.hub) == (20, "https://hub.example/")


@pytest.mark.parametrize(
    ("said", "size", "complete"),
    [
        ("", 100, False),
        ("    archive: on\n", 100, False),
        ("    archive: true\n", 100, False),
        ("    archive: off\n", 0, False),
        ("    archive: 250\n", 250, False),
        ("    archive: complete\n", 0, True),
    ],
)
def test_an_output_is_archived_or_complete_as_it_says(
    tmp_path: Path, said: str, size: int, complete: bool
) -> None:
    (output,) = settings(tmp_path, THREE + said).outputs
    assert (output.archive, output.complete) == (size, complete)


def test_an_output_without_a_title_is_titled_by_its_id(tmp_path: Path) -> None:
    (output,) = settings(tmp_path, "outputs:\n  - id: kursk-watch\n").outputs
    assert output.title == "Kursk watch"


# --- places


def test_data_dir_is_relative_to_the_file_and_the_environment_overrides_it(tmp_path: Path) -> None:
    assert settings(tmp_path, "data_dir: ../store").data_dir == tmp_path / "../store"
    overridden = settings(tmp_path, "data_dir: ../store", {"AGGREGATOR_DATA_DIR": "/srv/feeds"})
    assert overridden.data_dir == Path("/srv/feeds")


def test_a_local_file_is_relative_to_feeds_yaml(tmp_path: Path) -> None:
    (tmp_path / "sample.xml").write_text("<rss/>")
    found = source(tmp_path, "sources:\n  - path: sample.xml\n")
    assert (found.id, found.url, found.path) == ("sample", "", tmp_path / "sample.xml")


def test_a_local_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    found = problem(tmp_path, "sources:\n  - path: nowhere.xml\n")
    assert "nowhere.xml" in found.what
    assert "does not exist" in found.what
    assert (found.line, found.column, found.where) == (2, 11, "sources[0].path")
    assert "is a folder" in problem(tmp_path, "sources:\n  - path: .\n").what


def test_a_file_that_is_not_there_is_a_config_error_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "feeds.yaml", environ={})
    assert "aggregator init" in str(raised.value)


# --- mistakes


@pytest.mark.parametrize(
    ("text", "line", "column", "where", "what", "hint"),
    [
        ("tilte: x", 1, 1, "tilte", 'unknown key "tilte"', 'did you mean "title"?'),
        ("limits: {worker: 1}", 1, 10, "limits.worker", "unknown key", '"workers"'),
        ("limits: {timeout: 30}", 1, 19, "limits.timeout", "30 has no unit", "30s"),
        ("limits: {timeout: fast}", 1, 19, "limits.timeout", "not a duration", "15m"),
        ("limits: {timeout: 1h}", 1, 19, "limits.timeout", "is not between", ""),
        ("limits: {max_body: 10}", 1, 20, "limits.max_body", "no unit", "10MiB"),
        ("limits: {max_body: 10MB}", 1, 20, "limits.max_body", "not a size", "10MiB"),
        ("limits: {max_body: 9GiB}", 1, 20, "limits.max_body", "is not between", ""),
        ('limits: {workers: "2"}', 1, 19, "limits.workers", "whole number, found text", ""),
        ("limits: {workers: 0}", 1, 19, "limits.workers", "at least 1", ""),
        ("limits: {workers: 65}", 1, 19, "limits.workers", "at most 64", ""),
        ("limits: 5", 1, 9, "limits", "expected keys, found a number", ""),
        ("title: 2024", 1, 8, "title", "expected text, found a number", 'quotes: "2024"'),
        ("title: [a]", 1, 8, "title", "expected text, found a list", ""),
        ("sources: {a: b}", 1, 10, "sources", "expected a list, found keys", ""),
        ("sources: [5]", 1, 11, "sources[0]", "expected a URL or keys, found a number", ""),
        ("sources: [{title: x}]", 1, 11, "sources[0]", "neither url nor path", "url: https"),
        ("sources: [example.com/x]", 1, 11, "sources[0].url", "https://", "https://example.com/x"),
        ("outputs: [x]", 1, 11, "outputs[0]", "expected keys, found text", ""),
        ("outputs: [{title: x}]", 1, 11, "outputs[0].id", "id is missing", "id: …"),
        ("outputs: [{id: Über}]", 1, 16, "outputs[0].id", "not an id", '"ber"'),
        ("outputs: [{id: a.atom}]", 1, 16, "outputs[0].id", "collide", '"a"'),
        ("outputs: [{id: a, order: x}]", 1, 26, "outputs[0].order", "'newest' or 'oldest'", ""),
        ("outputs: [{id: a, sources: []}]", 1, 28, "outputs[0].sources", "selects nothing", "all"),
        ("outputs: [{id: a, language: e_n}]", 1, 29, "outputs[0].language", "language", "pt-BR"),
        ("outputs: [{id: a, atom_id: x y}]", 1, 28, "outputs[0].atom_id", "absolute IRI", "tag:"),
        ("outputs: [{id: a, archive: x}]", 1, 28, "outputs[0].archive", "neither a number", ""),
        ("outputs: [{id: a, archive: [on]}]", 1, 28, "outputs[0].archive", "neither a number", ""),
        ("outputs: [{id: a, archive: 9}]", 1, 28, "outputs[0].archive", "from 10 to 1000", ""),
        ("outputs: [{id: a, hub: x://h}]", 1, 24, "outputs[0].hub", "does not begin", "x:"),
        ("network: {allow: 10.0.0.1/8}", 1, 18, "network.allow[0]", "bits", "10.0.0.0/8"),
        ("network: {allow: lan}", 1, 18, "network.allow[0]", "not an address range", "/16"),
        ("network: {proxy: socks://x}", 1, 18, "network.proxy", "does not begin", "socks:"),
        ("server: {listen: 8080}", 1, 18, "server.listen", "expected text", '"8080"'),
        ("server: {listen: a:99999}", 1, 18, "server.listen", "HOST:PORT", "8080"),
        ("base_url: ftp://x/", 1, 11, "base_url", "does not begin", "ftp:"),
        ("base_url: https://x/?a", 1, 11, "base_url", "no query", "https"),
        ("base_url: https://u:p@x/", 1, 11, "base_url", "no user name", ""),
        ("data_dir: ~/x", 1, 11, "data_dir", "~ is not expanded", "${HOME}"),
        ("defaults: {interval: 0s}", 1, 22, "defaults.interval", "shorter than a second", ""),
        ("defaults: {interval: {every: 5}}", 1, 22, "defaults.interval", "key cron", "cron"),
        ("defaults: {cron: 0 6 * *}", 1, 18, "defaults.cron", "five fields", "minute"),
        ("defaults: {dedupe: maybe}", 1, 20, "defaults.dedupe", "expected keys, found text", ""),
        ("defaults: {dedupe: {by: url}}", 1, 25, "defaults.dedupe.by[0]", '"url"', "guid"),
        ("defaults: {tags: ['']}", 1, 19, "defaults.tags[0]", "is empty", ""),
        ("limits: {min_interval: 2d}", 1, 9, "limits.max_interval", "shorter than min", ""),
        ("defaults: {cron: 0 6 * * *, interval: 2h}", 1, 18, "defaults.cron", "both", "leave one"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_would_be_right(
    tmp_path: Path, text: str, line: int, column: int, where: str, what: str, hint: str
) -> None:
    found = problem(tmp_path, text)
    assert (found.line, found.column, found.where) == (line, column, where)
    assert what in found.what
    assert hint in found.hint
    assert found.file == str(tmp_path / "feeds.yaml")


def test_a_message_shows_the_line_and_a_caret(tmp_path: Path) -> None:
    text = 'sources:\n  - {id: bbc, url: "https://a.example/"}\noutputs:\n'
    text += "  - id: x\n    sources: [bcc]\n"
    assert str(error(tmp_path, text)) == (
        f'{tmp_path}/feeds.yaml:5:15: outputs[0].sources: no source "bcc" '
        '(did you mean "bbc"?)\n'
        "        sources: [bcc]\n"
        "                  ^"
    )


def test_all_mistakes_are_named_at_once_in_file_order(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
tilte: x
limits: {timeout: 5, workers: no}
sources:
  - url: https://a.example/
    intervall: 2h
  - id: dup
    url: ftp://b.example/
    keep: {titel: x, author: '/[/'}
  - id: dup
    url: https://c.example/
    tags: [war]
    tags: [peace]
outputs:
  - id: one
    sources: [tag:wra, dpu, tag:peace]
  - id: one
""",
    )
    assert [(each.line, each.where) for each in found] == [
        (1, "tilte"),
        (2, "limits.timeout"),
        (2, "limits.workers"),
        (5, "sources[0].intervall"),
        (7, "sources[1].url"),
        (8, "sources[1].keep.titel"),
        (8, "sources[1].keep.author"),
        (9, "sources[2].id"),
        (12, "tags"),
        (15, "outputs[0].sources"),
        (15, "outputs[0].sources"),
        (15, "outputs[0].sources"),
        (16, "outputs[1].id"),
    ]
    assert 'did you mean "war"?' in found[9].hint
    assert 'did you mean "dup"?' in found[10].hint


def test_a_mistake_in_a_source_does_not_make_its_name_unknown(tmp_path: Path) -> None:
    text = "sources: [{id: A B, url: 'https://a.example/'}, 'ftp://b.example/']\n"
    found = problems(tmp_path, text + "outputs: [{id: x, sources: [A B, b-example]}]\n")
    assert [each.where for each in found] == ["sources[0].id", "sources[1].url"]


def test_a_mistake_inside_a_rule_is_named_at_its_character(tmp_path: Path) -> None:
    found = problem(tmp_path, "outputs:\n  - id: x\n    keep: 'kursk AND (titel:sumy)'\n")
    assert (found.line, found.where) == (3, "outputs[0].keep")
    assert found.column == len("    keep: 'kursk AND (") + 1


def test_numbers_in_a_rule_are_words_as_they_are_spelled(tmp_path: Path) -> None:
    (output,) = settings(tmp_path, "outputs: [{id: x, keep: [1.20, 010, true]}]").outputs
    assert output.rules.keep is not None
    for word in ("1.20", "010", "true"):
        assert word in output.rules.keep.text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("url: https://a.example/", "path: feeds.yaml"),
        ("interval: 2h", "cron: 0 6 * * *"),
        ("password: x", "password_file: feeds.yaml"),
    ],
)
def test_two_keys_that_exclude_each_other_are_a_mistake(
    tmp_path: Path, one: str, other: str
) -> None:
    url = "" if "url" in one else f", url: {URL}"
    found = problems(tmp_path, f"sources: [{{{one}, {other}{url}}}]\n")
    assert any("has both" in each.what for each in found)


def test_the_same_address_twice_without_ids_is_a_mistake(tmp_path: Path) -> None:
    found = problem(tmp_path, f"sources:\n  - {URL}\n  - {URL}\n")
    assert (found.line, found.where) == (3, "sources[1]")
    assert "first in line 2" in found.hint


def test_an_output_that_selects_no_source_is_a_mistake(tmp_path: Path) -> None:
    assert "selects no source" in problem(tmp_path, f"{THREE}    sources: [two, -two]\n").what


def test_a_tag_written_as_an_id_is_recognised(tmp_path: Path) -> None:
    assert "tag:news" in problem(tmp_path, f"{THREE}    sources: [news]\n").hint


# --- credentials

SECRETS = {"TOKEN": "s3cret", "USER": "reader"}


def test_user_info_of_a_url_becomes_user_name_and_password(tmp_path: Path) -> None:
    found = source(tmp_path, "sources: ['https://us%40er:p%3Ass@example.com/x#top']")
    assert (found.url, found.username) == ("https://example.com/x", "us@er")
    assert found.password == Secret(value="p:ss")


def test_variables_are_filled_in_from_the_environment(tmp_path: Path) -> None:
    text = """\
base_url: ${BASE:-https://feeds.example.org/}
data_dir: ${STORE:-store}
sources:
  - url: https://${USER}:${TOKEN}@example.com/$${x}
    headers: {Authorization: "Bearer ${TOKEN}"}
"""
    found = settings(tmp_path, text, SECRETS)
    (only,) = found.sources
    assert found.base_url == "https://feeds.example.org/"
    assert found.data_dir == tmp_path / "store"
    assert (only.url, only.username) == ("https://example.com/${x}", "reader")
    assert only.password == Secret(value="s3cret")
    assert only.headers == (("Authorization", Secret(value="Bearer s3cret")),)


def test_secrets_may_stand_in_files(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    text = "sources: [{url: 'https://a.example/', username: u, password_file: token, "
    found = source(tmp_path, text + "headers: {X-Key: {file: '${DIR}/token'}}}]", {"DIR": "."})
    assert found.password == Secret(value="s3cret")
    assert found.headers == (("X-Key", Secret(value="s3cret")),)


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("password: ${NOPE}", "environment variable NOPE is not set"),
        ("password: ${", "${ without its }"),
        ("password: ${1X}", "not a variable"),
        ("password_file: nowhere", "cannot read"),
        ("password_file: .", "cannot read"),
        ("password: {path: x}", "expected text or the one key file"),
        ("password: 12345", "expected text, found a number"),
        ("headers: {Host: x}", "set by the program itself"),
        ("headers: {'X Y': x}", "not a header name"),
        ("headers: x", "expected keys, found text"),
    ],
)
def test_a_missing_or_odd_secret_is_a_mistake(tmp_path: Path, said: str, what: str) -> None:
    found = problem(tmp_path, f"sources:\n  - url: {URL}\n    {said}\n")
    assert what in found.what
    assert found.line == 3


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"a\nb", b"x" * 70_000])
def test_a_secret_file_holds_one_line_of_text(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    text = "sources: [{url: 'https://a.example/', password_file: token}]"
    assert "token" in problem(tmp_path, text).what


def test_credentials_in_the_url_and_beside_it_are_a_mistake(tmp_path: Path) -> None:
    text = "sources: [{url: 'https://u:p@a.example/', password: x}]"
    assert "both in the URL and beside it" in problem(tmp_path, text).what
