"""`aggregator status`: what the poller knows, from real polls of a server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from aggregator.standing import Standing
from tests.cli.test_commands import Shell
from tests.feed_server import FAST, Answer, FeedServer, Story, feed_server, rss, write_config

ONE = Story("1", "The first story of this small feed")
ITUNES = b"xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'"
ATOM = b"xmlns:atom='http://www.w3.org/2005/Atom'"


def elsewhere(new: str, own: str) -> bytes:
    """A feed that says it has a new address, and that its own is yet another."""
    head = f"<itunes:new-feed-url>{new}</itunes:new-feed-url><atom:link rel='self' href='{own}'/>"
    body = rss(ONE).replace(b"<rss ", b"<rss " + ITUNES + b" " + ATOM + b" ")
    return body.replace(b"<channel>", b"<channel>" + head.encode())


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server({"a": rss(ONE, title="Site A")}) as running:
        yield running


def shell_of(server: FeedServer, folder: Path) -> Shell:
    return Shell(write_config(folder, server.config()))


def told(shell: Shell) -> dict[str, dict[str, object]]:
    """status --json by source id."""
    return {str(one["source"]): one for one in shell.lines("status")}


# P107
def test_status_gives_programs_every_fact_and_the_reason_of_the_next_poll(
    server: FeedServer, tmp_path: Path
) -> None:
    xml = {"Content-Type": "application/rss+xml"}
    server.bodies |= {
        "fresh": Answer(rss(ONE), headers=xml | {"Cache-Control": "max-age=40000"}),
        "ttl": rss(ONE).replace(b"<channel>", b"<channel><ttl>700</ttl>"),
        "wait": Answer(status=503, headers={"Retry-After": "90000"}),
        "down": 500,
        "gone": 410,
    }
    shell = shell_of(server, tmp_path)
    shell.run("poll", "--force", code=3)
    shown = told(shell)
    assert all(set(one) == {field.name for field in fields(Standing)} for one in shown.values())
    well = shown["a"]
    for name in ("last_attempt_at", "last_success_at", "last_change_at", "next_poll_at"):
        assert str(well[name]).endswith("Z"), name
    assert (well["state"], well["last_status"]) == ("ok", 200)
    assert well["received"] == len(rss(ONE, title="Site A"))
    assert isinstance(well["seconds"], float)
    assert well["seconds"] > 0
    failed = shown["down"]
    assert (failed["state"], failed["fail_count"], failed["last_status"]) == ("failing", 1, 500)
    assert (failed["last_error"], failed["last_error_kind"]) == (
        "HTTP 500 Internal Server Error",
        "http",
    )
    assert failed["last_success_at"] is None
    reasons = {name: str(one["next_reason"]) for name, one in shown.items()}
    assert reasons["a"] == "adaptive 3 h: no rhythm known yet"
    assert reasons["fresh"] == "max-age=40000 in force"
    assert reasons["ttl"] == "ttl 700 min in force"
    assert reasons["wait"] == "Retry-After 90000 s"
    assert reasons["down"] == "backing off 2 h: 1 failure (status 500)"
    assert reasons["gone"] == "410 Gone: asked once more, then polls stop"


def test_status_is_a_line_or_two_a_source_trouble_first_and_a_sum(
    server: FeedServer, tmp_path: Path
) -> None:
    server.bodies["down"] = 500
    shell = shell_of(server, tmp_path)
    shell.run("poll", "--force", code=3)
    first, second, last = shell.run("status").splitlines()
    assert first.startswith(
        "down: failing, HTTP 500 Internal Server Error (1 failure since now); next poll in "
    )
    assert second.startswith("a: ok, last change now; next poll in ")
    assert last == "2 sources: 1 failing, 1 ok"


def test_status_of_one_source_is_the_full_account(server: FeedServer, tmp_path: Path) -> None:
    shell = shell_of(server, tmp_path)
    shell.run("poll", "--force")
    labels = [line[2:18].strip() for line in shell.run("status", "a").splitlines()[1:]]
    assert labels == [
        "title",
        "address",
        "last attempt",
        "last success",
        "last change",
        "next poll",
    ]
    assert "no source 'b'" in shell.run("status", "b", code=2)


def test_status_of_nothing_says_so(tmp_path: Path) -> None:
    assert Shell(write_config(tmp_path, "sources: []\n")).run("status") == "no sources\n"


# P41
def test_a_move_is_shown_with_the_line_to_change_and_feeds_yaml_is_not_touched(
    server: FeedServer, tmp_path: Path
) -> None:
    target = server.url("new")
    server.bodies["old"] = Answer(status=301, headers={"Location": target})
    config = f"sources:\n  - id: old\n    url: {server.url('old')}\n{FAST}"
    shell = Shell(write_config(tmp_path, config))
    server.bodies["new"] = rss(ONE)
    before = shell.file.stat()
    shell.run("poll", "--force")
    printed = shell.run("status")
    assert f"is permanently redirected to {target}, seen once since " in printed
    assert f"feeds.yaml:3: url: {target}" in printed
    server.bodies["old"] = 404  # the old address has served its time: the move is applied (P42)
    shell.run("poll", "--force", code=3)
    shell.run("poll", "--force")
    for printed in (shell.run("status"), shell.run("status", "old")):
        assert f"has moved for good, and is asked at {target}" in printed
        assert f"feeds.yaml:3: url: {target}" in printed
    assert shell.file.read_text(encoding="utf-8") == config
    assert shell.file.stat().st_mtime_ns == before.st_mtime_ns
    assert (tmp_path / "feeds.yaml").stat().st_ino == before.st_ino
    assert told(shell)["old"]["effective_url"] == target


# P51
def test_an_address_that_a_document_names_is_shown_and_never_asked(
    server: FeedServer, tmp_path: Path
) -> None:
    server.bodies["pod"] = elsewhere(server.url("new"), server.url("own"))
    shell = shell_of(server, tmp_path)
    server.bodies |= {"new": rss(ONE), "own": rss(ONE)}
    for _ in range(4):
        shell.run("poll", "pod", "--force")
        server.bodies["pod"] = elsewhere(server.url("new"), server.url("own")) + b"\n"
    assert (server.asked("new"), server.asked("own"), server.asked("pod")) == (0, 0, 4)
    printed = shell.run("status", "pod")
    assert f"(itunes:new-feed-url), {server.url('new')}: a hint" in printed
    assert f"its own address is {server.url('own')}" in printed
    (shown,) = (one for one in shell.lines("status") if one["source"] == "pod")
    assert shown["new_url"] == server.url("new")
    assert shown["self_link"] == server.url("own")
    assert (shown["moved_to"], shown["effective_url"]) == ("", "")


# P95
def test_a_feed_that_is_listed_twice_is_a_warning(server: FeedServer, tmp_path: Path) -> None:
    feed = b"""<feed xmlns='http://www.w3.org/2005/Atom'><id>urn:uuid:1</id><title>T</title>
        <updated>2026-01-01T00:00:00Z</updated></feed>"""
    server.bodies |= {"b": feed, "c": feed + b" ", "d": rss(ONE, title="Other")}
    again = f"  - {{id: again, url: '{server.url('a')}#x'}}\n"
    config = server.config().replace("outputs:\n", f"{again}outputs:\n", 1)
    shell = Shell(write_config(tmp_path, config))
    by_address = "they lead to the same address"
    by_id = "they have the same feed id"
    assert [one for one in shell.lines("poll", "--force") if "duplicate" in one] == [
        {"duplicate": ["a", "again"], "because": by_address},
        {"duplicate": ["b", "c"], "because": by_id},
    ]
    assert "duplicate subscription" not in shell.run("poll", "--force"), "nothing was read"
    server.bodies["c"] = feed + b"  "
    printed = shell.run("poll", "--force")
    assert f"duplicate subscription: b, c are the same feed: {by_id}" in printed
    assert printed.count("duplicate subscription") == 1
    shown = told(shell)
    assert {name: one["same_as"] for name, one in shown.items()} == {
        "a": ["again"],
        "again": ["a"],
        "b": ["c"],
        "c": ["b"],
        "d": [],
    }
    assert "    same feed as c: they have the same feed id" in shell.run("status")


# S11
def test_neither_a_poll_nor_status_shows_credentials_that_a_publisher_repeats(
    server: FeedServer, tmp_path: Path
) -> None:
    address = server.url("s").replace("http://", "http://reader:hunter22@")
    listed = f"  - {{id: s, url: '{address}', headers: {{X-Key: token-abcdefgh}}}}\n"
    config = server.config().replace("outputs:\n", f"{listed}outputs:\n", 1)
    shell = Shell(write_config(tmp_path, config))
    page = b"<html><title>Hello reader:hunter22, token-abcdefgh</title></html>"
    echo = "moved?key=token-abcdefgh"
    moved = Answer(status=301, headers={"Location": server.url(echo)})
    server.bodies[echo] = rss(ONE, title="token-abcdefgh")
    for answer, code in ((page, 3), (moved, 0), (rss(ONE), 0)):
        server.bodies["s"] = answer
        printed = [shell.run("poll", "s", "--force", code=code)]
        printed += [shell.run("status", *options) for options in ((), ("s",), ("--json",))]
        if answer is page:
            assert "Hello reader:***, ***" in printed[0]
        for text in printed:
            assert "hunter22" not in text
            assert "token-abcdefgh" not in text
    assert told(shell)["s"]["url"] == server.url("s")


def test_rules_are_counted_with_their_lines(tmp_path: Path) -> None:
    story = Story("1", "Sponsored ferry news", date="")  # dated when it is seen
    with feed_server({"a": rss(story)}) as server:
        outputs = "  - {id: all, title: All, drop: [ferry, sponsored, nowhere]}\n"
        shell = Shell(write_config(tmp_path, server.config(outputs=outputs)))
        shell.run("poll", "--force")
        printed = shell.run("status", "--rules")
        told = shell.lines("status", "--rules")
    place = f"{shell.file}:4:"
    assert f"{place}34: output all, drop: 1 in 7 days, 1 in 90 days  ferry" in printed
    assert f"shadowed by ferry at {place}34" in printed
    assert "counted over 1 article, since 2" in printed
    assert [one["rule"] for one in told] == ["ferry", "sponsored", "nowhere"]
    assert [one["quarter"] for one in told] == [1, 0, 0]
    assert told[2]["note"] == "never hit"
    shell.run("status", "a", "--rules", code=2)
