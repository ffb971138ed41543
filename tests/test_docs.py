"""The documentation says what the program does: every command, option and path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from aggregator.cli import main
from aggregator.web import make_app
from tests.web.site import FakeView

DOCS = Path(__file__).resolve().parent.parent / "docs"

CONTEXT = click.Context(main)
COMMANDS = {
    name: command
    for name in main.list_commands(CONTEXT)
    if (command := main.get_command(CONTEXT, name)) is not None
}


def section(name: str) -> str:
    """What docs/cli.md says of one command: from its bold name to the next blank line."""
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    found = re.search(rf"\*\*`{name}[ `].*?(?=\n\n|\Z)", text, re.DOTALL)
    return found[0] if found else ""


def options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield max(parameter.opts, key=len)


def test_every_command_is_documented() -> None:
    assert [name for name in COMMANDS if not section(name)] == []


def test_every_option_is_documented_with_its_command() -> None:
    missing = [
        f"{name} {option}"
        for name, command in COMMANDS.items()
        for option in options(command)
        if option not in section(name)
    ]
    assert missing == []


def test_the_options_before_the_command_are_documented() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert [option for option in options(main) if option not in text] == []


def test_every_option_in_the_documentation_exists() -> None:
    for name, command in COMMANDS.items():
        synopsis = " ".join(re.findall(r"\*\*`([^`]*)`\*\*", section(name)))
        documented = set(re.findall(r"--[a-z-]+", synopsis))
        allowed = set(options(command))
        for other, its_command in COMMANDS.items():
            if other != name and f"`{other} " in section(name):
                allowed |= set(options(its_command))
        assert documented - allowed == set(), name


def test_every_command_explains_itself() -> None:
    assert [name for name, command in COMMANDS.items() if not command.help] == []


def test_every_path_of_the_server_is_documented(tmp_path: Path) -> None:
    """What stands below a token is what stands at the top."""
    text = (DOCS / "http.md").read_text(encoding="utf-8")
    found = {resource.canonical for resource in make_app(FakeView(tmp_path)).router.resources()}
    paths = {path.removeprefix("/private/{token}") for path in found}
    named = {path.replace("{id}", "ID").replace("{number}", "N") for path in paths}
    internal = {"/style.css", "/feeds/ID"}
    assert [path for path in sorted(named - internal) if f"`{path}`" not in text] == []
    assert "`/private/TOKEN/`" in text
