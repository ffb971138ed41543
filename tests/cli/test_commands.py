"""Every command from outside: what it prints, its JSON, its exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from aggregator.cli import main
from tests.feed_server import FeedServer, Story, feed_server, rss, write_config

ONE = Story("1", "The first story of this small feed")
TWO = Story("2", "The second story is about something else", body="Quite other words here.")
OUTPUTS = """\
  - {id: all, title: All of it}
  - id: second
    title: Second
    keep: second
"""


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs `aggregator -c FILE ...` in this process."""

    file: Path

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command that must exit with `code`; returns what it printed."""
        result = CliRunner().invoke(main, ["-c", str(self.file), *arguments])
        assert result.exit_code == code, result.output
        return result.output

    def lines(self, *arguments: str, code: int = 0) -> list[dict[str, object]]:
        """Run a command with --json; returns its objects."""
        result = CliRunner().invoke(main, ["-c", str(self.file), *arguments, "--json"])
        assert result.exit_code == code, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server({"a": rss(ONE, title="Site A"), "b": rss(TWO, title="Site B")}) as running:
        yield running


@pytest.fixture
def shell(server: FeedServer, tmp_path: Path) -> Shell:
    return Shell(write_config(tmp_path, server.config(outputs=OUTPUTS)))


def test_poll_prints_a_line_a_source_and_a_summary(shell: Shell) -> None:
    printed = shell.run("poll", "--force")
    assert "a: 1 new, 0 updated; next " in printed
    assert "polled 2 sources, 0 failed; 2 new, 0 updated; 2 feeds published" in printed


def test_poll_speaks_json(shell: Shell) -> None:
    *told, last = shell.lines("poll", "--force")
    polls = [one for one in told if "source" in one]
    assert {one["source"] for one in polls} == {"a", "b"}
    assert all(one["outcome"] == "changed" for one in polls)
    summary = last["summary"]
    assert isinstance(summary, dict)
    assert (summary["polled"], summary["new"], summary["published"]) == (2, 2, 2)


def test_poll_exits_with_three_when_some_sources_failed(shell: Shell, server: FeedServer) -> None:
    server.bodies["b"] = 500
    printed = shell.run("poll", "--force", code=3)
    assert "b: failed: " in printed
    assert "1 failed" in printed


def test_a_named_source_is_not_asked_again_within_the_hard_minimum(
    shell: Shell, server: FeedServer
) -> None:  # P99
    shell.run("poll", "a")
    printed = shell.run("poll", "a")
    assert server.asked("a") == 1
    assert "not polled" in printed
    assert "a" in printed
    shell.run("poll", "a", "--force")
    assert server.asked("a") == 2
    assert server.asked("b") == 0


def test_an_unknown_source_is_a_usage_error_with_a_suggestion(shell: Shell) -> None:
    printed = shell.run("poll", "aa", code=2)
    assert "no source 'aa' (did you mean 'a'?)" in printed


def test_entries_lists_what_is_stored_and_by_which_rule(shell: Shell) -> None:
    shell.run("poll", "--force")
    told = shell.lines("entries")
    assert [one["source"] for one in told] == ["a", "b"]
    assert set(told[0]) >= {"source", "guid", "link", "title", "slug", "rule", "first_seen"}
    assert [one["source"] for one in shell.lines("entries", "--source", "b")] == ["b"]
    slug = str(told[0]["slug"])
    assert [one["slug"] for one in shell.lines("entries", "--article", slug)] == [slug]
    assert ONE.title in shell.run("entries")


def test_articles_lists_stories_with_sources_and_outputs(shell: Shell) -> None:
    shell.run("poll", "--force")
    told = {str(one["title"]): one for one in shell.lines("articles")}
    assert set(told[TWO.title]) == {"slug", "title", "id", "sort_at", "sources", "outputs"}
    assert told[TWO.title]["outputs"] == ["all", "second"]
    assert told[ONE.title]["outputs"] == ["all"]
    assert told[ONE.title]["sources"] == ["a"]
    assert len(shell.lines("articles", "--limit", "1")) == 1
    (only,) = shell.lines("articles", "--output", "second")
    assert only["title"] == TWO.title
    assert "no output 'secnd' (did you mean 'second'?)" in shell.run(
        "articles", "--output", "secnd", code=2
    )


def test_why_names_rule_line_and_first_carriage(shell: Shell) -> None:
    shell.run("poll", "--force")
    printed = shell.run("why", "second story")
    assert "founded the article" in printed
    assert "output second: kept by " in printed
    assert "feeds.yaml:" in printed
    assert "carried since 2" in printed
    (told,) = shell.lines("why", "https://site.example/1")
    dropped = {one["output"]: one["kept"] for one in told["outputs"]}  # type: ignore[attr-defined]
    assert dropped == {"all": True, "second": False}


def test_why_says_what_is_held_back_and_by_which_limit(shell: Shell, server: FeedServer) -> None:
    limits = shell.file.read_text(encoding="utf-8")
    limits = limits.replace("limits:\n", "limits:\n  first_entries: 1\n  new_entries: 1\n")
    shell.file.write_text(limits, encoding="utf-8")
    server.bodies["b"] = rss(TWO, Story("3", "Of long ago, another tale", body="Old words."))
    shell.run("poll", "--force")
    assert "not shown: of the past of a source" in shell.run("why", "long ago")
    late = [Story(str(n), f"Number {n} of those that came late", body=f"Day {n}") for n in (7, 8)]
    server.bodies["b"] = rss(*late)
    shell.run("poll", "--force")
    assert "limits: new_entries" in shell.run("why", "number 8")
    assert "limits" not in shell.run("why", "number 7")
    (told,) = shell.lines("why", "number 8")
    assert [entry["held"] for entry in told["entries"]] == ["queued"]  # type: ignore[attr-defined]


def test_why_of_something_unknown_says_so(shell: Shell) -> None:
    assert "nothing stored is called" in shell.run("why", "unheard of", code=1)


def test_preview_lists_matches_counts_them_and_names_the_deciding_line(shell: Shell) -> None:
    shell.run("poll", "--force")
    printed = shell.run("preview", "--query", "first OR second", "--output", "second")
    assert "carried by all, second" in printed
    assert "1 dropped by output keep at " in printed
    assert "2 of the newest 2 articles match" in printed
    *hits, last = shell.lines("preview", "-q", "title:second", "--limit", "1")
    assert [(one["title"], one["source"]) for one in hits] == [(TWO.title, "b")]
    assert last["summary"]["matched"] == 1  # type: ignore[index]
    assert "no output 'alll'" in shell.run("preview", "-q", "x", "--output", "alll", code=2)


def test_preview_points_at_the_mistake_in_a_rule(shell: Shell) -> None:
    printed = shell.run("preview", "--query", "first titel:x", code=2)
    assert 'did you mean "title"?' in printed
    assert "\n  first titel:x\n        ^" in printed


def test_plan_shows_what_an_edited_file_would_change(
    shell: Shell, server: FeedServer, tmp_path: Path
) -> None:
    shell.run("poll", "--force")
    assert {str(one["state"]) for one in shell.lines("plan")} == {"same"}
    edited = tmp_path / "edited.yaml"
    outputs = "  - {id: all, title: All, drop: first}\n  - {id: fresh, title: Fresh}\n"
    edited.write_text(server.config(outputs=outputs), encoding="utf-8")
    told = {str(one["output"]): one for one in shell.lines("plan", str(edited))}
    assert {name: one["state"] for name, one in told.items()} == {
        "all": "changed",
        "fresh": "new",
        "second": "removed",
    }
    assert len(told["all"]["vanish"]) == 1  # type: ignore[arg-type]
    assert "- The first story" in shell.run("plan", str(edited))
    shell.run("plan", str(edited), "--max-new", "1", code=1)
    shell.run("plan", str(edited), "--max-new", "2")


def test_build_renders_without_polling(shell: Shell, server: FeedServer, tmp_path: Path) -> None:
    shell.run("poll", "--force")
    asked = len(server.requests)
    feed = tmp_path / "data" / "public" / "feeds" / "all.atom"
    body = feed.read_bytes()
    feed.unlink()
    shell.run("build")
    assert feed.read_bytes() == body
    assert len(server.requests) == asked
    assert "no output 'alll'" in shell.run("build", "alll", code=2)


def test_status_says_when_and_why_in_plain_words(shell: Shell, server: FeedServer) -> None:
    server.bodies["b"] = 404
    assert "never polled" in shell.run("status", "a")
    shell.run("poll", "--force", code=3)
    assert "a: ok" in shell.run("status", "a")
    printed = shell.run("status", "b")
    assert "b: failing" in printed
    assert "404" in printed
    told = {str(one["source"]): one for one in shell.lines("status")}
    assert told["b"]["fail_count"] == 1
    assert told["a"]["next_reason"]


def test_check_counts_or_lists_every_problem(shell: Shell) -> None:
    assert "2 sources, 2 outputs, no mistakes" in shell.run("check")
    assert shell.lines("check") == [{"ok": True, "sources": 2, "outputs": 2}]
    shell.file.write_text("sourcess: []\noutputs: [{id: A B}]\n", encoding="utf-8")
    assert "did you mean" in shell.run("check", code=78)
    *problems, last = shell.lines("check", code=78)
    assert len(problems) >= 2
    assert last["ok"] is False
    assert {"level", "file", "line", "column", "where", "what", "hint"} == set(problems[0])


def test_check_tries_examples_and_gives_hints_that_are_no_mistakes(shell: Shell) -> None:
    text = shell.file.read_text(encoding="utf-8")
    rules = "    drop: [ads, ADS]\n    expect: {keep: [A story], drop: [Ads!]}\n"
    shell.file.write_text(text.replace("    keep: second\n", rules), encoding="utf-8")
    printed = shell.run("check")
    assert "ADS adds nothing: ads" in printed
    hint, last = shell.lines("check")
    assert (hint["level"], last["ok"]) == ("hint", True)
    rules = rules.replace("A story", "Ads and ends")
    shell.file.write_text(text.replace("    keep: second\n", rules), encoding="utf-8")
    assert '"Ads and ends" should be kept, and is dropped: ads' in shell.run("check", code=78)
    failed, last = shell.lines("check", code=78)
    assert (failed["level"], failed["where"]) == ("error", "outputs[1].expect.keep[0]")
    assert last["ok"] is False


def test_check_reminds_of_a_contact_for_publishers(shell: Shell) -> None:
    assert "hint: contact: is not set" in shell.run("check")
    text = "contact: https://feeds.example.org/about\n" + shell.file.read_text(encoding="utf-8")
    shell.file.write_text(text, encoding="utf-8")
    assert "hint" not in shell.run("check")


def test_add_and_remove_edit_feeds_yaml_and_keep_its_comments(tmp_path: Path) -> None:
    text = "# mine\nsources:\n  - url: https://one.example/feed  # first\n"
    shell = Shell(write_config(tmp_path, text))
    shell.run("add", "https://two.example/feed", "--id", "two", "--tag", "news")
    edited = shell.file.read_text(encoding="utf-8")
    assert edited.startswith(text.rstrip("\n"))
    assert "https://two.example/feed" in edited
    shell.run("remove", "two")
    assert shell.file.read_text(encoding="utf-8") == text
    shell.run("add", "ftp://two.example/feed", code=78)


def test_export_and_import_carry_sources_as_opml(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.mkdir()
    one = Shell(write_config(first, "sources:\n  - url: https://u:p@one.example/feed\n"))
    opml = tmp_path / "sources.opml"
    one.run("export", "-o", str(opml))
    assert "u:p" not in opml.read_text(encoding="utf-8")
    other = Shell(write_config(tmp_path, "sources:\n  - url: https://two.example/feed\n"))
    assert "+ https://one.example/feed" in other.run("import", str(opml), "--dry-run")
    assert "one.example" not in other.file.read_text(encoding="utf-8")
    assert "1 added, 0 already listed" in other.run("import", str(opml))
    assert "0 added, 1 already listed" in other.run("import", str(opml))


def test_init_writes_a_file_that_passes_check_and_never_overwrites(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "feeds.yaml")
    shell.run("init")
    assert "no mistakes" in shell.run("check")
    assert "exists" in shell.run("init", code=1)
    shell.run("init", "--force")


def test_schema_is_json_schema() -> None:
    result = CliRunner().invoke(main, ["schema"])
    assert "sources" in json.loads(result.output)["properties"]


def test_healthcheck_without_a_daemon_fails_clearly(shell: Shell) -> None:
    printed = shell.run("healthcheck", "--listen", "127.0.0.1:9", code=1)
    assert "no daemon answers" in printed


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion_is_offered(shell_name: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell_name])
    assert result.exit_code == 0
    assert "_AGGREGATOR_COMPLETE" in result.output


def test_a_missing_feeds_yaml_is_a_clear_error(tmp_path: Path) -> None:
    printed = Shell(tmp_path / "nowhere.yaml").run("poll", code=78)
    assert "nowhere.yaml" in printed


def test_every_command_and_option_has_help() -> None:
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        assert command.help, name
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.opts}"


def test_a_damaged_database_is_a_clear_error(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "aggregator.db").write_bytes(b"not a database" * 1000)
    printed = shell.run("poll", code=1)
    assert "aggregator.db" in printed
    assert "Traceback" not in printed
