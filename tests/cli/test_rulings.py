"""split, merge and why from outside: what is printed, what is published, what polls obey."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tests.feed_server import FeedServer, Story, feed_server, rss, write_config

BODY = "The council of the harbour town voted on Friday for a bridge that ferries pass under."
LINK = "https://other.example/story"
ONE = Story("1", "Council votes for a new bridge over the harbour", body=BODY)
COPY = Story("2", "Council votes for a new bridge over the harbour", body=BODY, link=LINK)
OTHER = Story("3", "Teachers find a comet over the museum", body="Quite other words on this one.")


@pytest.fixture
def server() -> Iterator[FeedServer]:
    bodies = {"a": rss(ONE, OTHER, title="Site A"), "b": rss(COPY, title="Site B")}
    with feed_server(bodies) as running:
        yield running


@pytest.fixture
def shell(server: FeedServer, tmp_path: Path) -> Shell:
    made = Shell(write_config(tmp_path, server.config()))
    for source in "ab":  # in this order: a founds what b joins
        made.run("poll", source, "--force")
    return made


def published(shell: Shell) -> str:
    path = shell.file.parent / "data" / "public" / "feeds" / "all.atom"
    return path.read_text(encoding="utf-8")


def slugs(shell: Shell) -> dict[str, str]:
    """The slug of each entry's article, by guid."""
    return {str(one["guid"]): str(one["slug"]) for one in shell.lines("entries")}


def ids(shell: Shell) -> dict[str, str]:
    return {str(one["slug"]): str(one["id"]) for one in shell.lines("articles")}


def test_split_takes_an_entry_out_publishes_it_and_polls_obey(
    shell: Shell, server: FeedServer
) -> None:
    before = slugs(shell)
    assert before["1"] == before["2"]
    assert published(shell).count("<entry>") == 2
    printed = shell.run("split", before["1"], "2")
    after = slugs(shell)
    assert f"2 of b is an article of its own: {after['2']}" in printed
    assert "published all: 3 entries" in printed
    assert (after["1"], after["3"]) == (before["1"], before["3"])
    assert ids(shell)[after["2"]] in published(shell)
    churned = Story("new", COPY.title, body=BODY, link=LINK)
    server.bodies["b"] = rss(churned, title="Site B")
    shell.run("poll", "--force")
    assert slugs(shell)["new"] == after["2"]


def test_split_is_undone_by_the_same_command(shell: Shell) -> None:
    before, shown, known = slugs(shell), published(shell), ids(shell)
    (ruling, *_) = shell.lines("split", before["1"], LINK)
    assert (ruling["ruling"], ruling["article"]) == ("split", slugs(shell)["2"])
    assert (ruling["other"], ruling["guid"], ruling["undone_at"]) == (before["1"], "2", None)
    assert "2 of b is back in" in shell.run("split", "--undo", before["1"], LINK)
    assert (slugs(shell), published(shell), ids(shell)) == (before, shown, known)
    assert "is split off from" in shell.run("split", "--undo", before["1"], "2", code=1)


def test_merge_makes_one_of_two_and_is_undone(shell: Shell) -> None:
    before, known = slugs(shell), ids(shell)
    printed = shell.run("merge", before["3"], before["1"])
    assert f"{before['1']} is part of {before['3']}" in printed
    assert "published all: 1 entries" in printed
    assert set(slugs(shell).values()) == {before["3"]}
    assert known[before["1"]] not in published(shell)
    assert [one["slug"] for one in shell.lines("articles")] == [before["3"]]
    shell.run("poll", "--force")
    assert set(slugs(shell).values()) == {before["3"]}
    (undone, *_) = shell.lines("merge", "--undo", before["3"], before["1"])
    assert undone["undone_at"]
    assert (slugs(shell), ids(shell)) == (before, known)
    assert known[before["1"]] in published(shell)


def test_why_tells_the_chain_in_order_and_by_which_entry_each_joined(shell: Shell) -> None:
    before = slugs(shell)
    printed = shell.run("why", "council votes")
    assert "a 1 founded the article (no key is known)" in printed
    assert "b 2 joined the article by slug as a 1 (" in printed
    own = str(shell.lines("split", before["1"], "2")[0]["article"])
    shell.run("merge", before["1"], before["3"])
    lines = shell.run("why", before["1"]).splitlines()
    steps = [line for line in lines if line.startswith("  20")]
    assert [
        next(word for word in ("founded", "split", "merged") if f" {word} " in step)
        for step in steps
    ] == ["founded", "founded", "split", "merged"]
    assert f"a 3 founded {before['3']}" in "".join(steps)
    assert steps[2].endswith(f"the operator split b 2 off {before['1']}: it is {own}")
    assert steps[3].endswith(f"the operator merged {before['3']} into {before['1']}")
    assert f"b 2 joined {before['1']} by slug as a 1" in shell.run("why", own)
    shell.run("merge", "--undo", before["1"], before["3"])
    assert "taken back: the operator merged" in shell.run("why", before["3"])


def test_why_of_a_merged_name_explains_where_it_went(shell: Shell) -> None:
    before, known = slugs(shell), ids(shell)
    shell.run("merge", before["3"], before["1"])
    for name in (before["1"], known[before["1"]]):
        printed = shell.run("why", name)
        assert f"{name} is a former name of this article" in printed
        assert f"the operator merged {before['1']} into {before['3']}" in printed
        (told,) = shell.lines("why", name)
        assert (told["slug"], told["asked_for"]) == (before["3"], name)
        assert told["former_slugs"] == [before["1"]]
    assert "former name" not in shell.run("why", before["3"])
    assert len(shell.lines("entries", "--article", before["1"])) == 3


def test_entries_name_what_they_were_recognised_by_and_where_they_were(shell: Shell) -> None:
    before = slugs(shell)
    shell.run("merge", before["3"], before["1"])
    told = {str(one["guid"]): one for one in shell.lines("entries")}
    assert told["2"]["matched"] == {"source": "a", "guid": "1"}
    assert told["1"]["matched"] is None
    assert (told["2"]["home"], told["3"]["home"]) == (before["1"], "")


def test_what_cannot_be_done_is_a_message_and_exit_code_one(shell: Shell) -> None:
    before = slugs(shell)
    assert "no article has the slug nothing" in shell.run("merge", "nothing", before["1"], code=1)
    printed = shell.run("split", before["1"], "nothing", code=1)
    assert f"aggregator entries --article {before['1']} lists them" in printed
    assert "nothing to split" in shell.run("split", before["3"], "3", code=1)


# --- dedupe: in feeds.yaml


def edited(shell: Shell, source: str, dedupe: str) -> None:
    text = shell.file.read_text(encoding="utf-8")
    lines = [
        f"{line[:-1]}, dedupe: {dedupe}}}" if f"{{id: {source}," in line else line
        for line in text.splitlines()
    ]
    shell.file.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("dedupe", ["off", "{pool: local}", "{by: [guid]}", "{window: 1s}"])
def test_another_dedupe_in_feeds_yaml_changes_only_the_future(
    shell: Shell, server: FeedServer, dedupe: str
) -> None:
    before, known = slugs(shell), ids(shell)
    edited(shell, "b", dedupe)
    late = Story("4", OTHER.title, body="", link=LINK + "2", date="Sat, 28 Jun 2025 09:00:00 GMT")
    server.bodies["b"] = rss(COPY, late, title="Site B")
    shell.run("poll", "--force")
    after = slugs(shell)
    assert {guid: after[guid] for guid in before} == before
    assert after["4"] not in before.values()
    assert ids(shell).items() >= known.items()


def test_without_another_dedupe_the_same_copy_joins(shell: Shell, server: FeedServer) -> None:
    late = Story("4", OTHER.title, body="", link=LINK + "2", date="Sat, 28 Jun 2025 09:00:00 GMT")
    server.bodies["b"] = rss(COPY, late, title="Site B")
    shell.run("poll", "--force")
    assert slugs(shell)["4"] == slugs(shell)["3"]
