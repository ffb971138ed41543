"""Former ids, private outputs, and what the server is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.core.settings import Access, Output, Secret
from tests.adapters.configs import problem, problems, settings

TOKEN = "correct-horse_battery-staple"


def output(folder: Path, keys: str, **environ: str) -> Output:
    (found,) = settings(folder, f"outputs: [{{id: board, {keys}}}]", environ).outputs
    return found


def test_an_output_is_public_unless_it_says_otherwise(tmp_path: Path) -> None:
    found = output(tmp_path, "title: Board")
    assert found.access is None
    assert found.base_of("https://x.example/") == "https://x.example/"


def test_a_token_is_part_of_the_addresses(tmp_path: Path) -> None:
    found = output(tmp_path, "token: '${T}'", T=TOKEN)
    assert found.access == Access(token=Secret(value=TOKEN))
    assert found.base_of("https://x.example/") == f"https://x.example/private/{TOKEN}/"
    assert TOKEN not in repr(found)


def test_a_password_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("open sesame\n")
    found = output(tmp_path, "username: ali, password_file: secret")
    assert found.access == Access(username="ali", password=Secret(value="open sesame"))
    assert found.base_of("https://x.example/") == "https://x.example/"


@pytest.mark.parametrize(
    "value", ["short", "x" * 129, "'0123456789/abcdefgh'", "'0123 456789abcdefgh'"]
)
def test_a_token_that_could_be_guessed_or_needs_escapes_is_an_error(
    tmp_path: Path, value: str
) -> None:
    found = problem(tmp_path, f"outputs: [{{id: board, token: {value}}}]")
    assert "16 to 128" in str(found)
    assert value.strip("'") not in str(found)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("password: a, password_file: b", "both password and password_file"),
        ("username: ali", "a username and no password"),
        ("password: '${EMPTY:-}'", "the password is empty"),
    ],
)
def test_half_a_password_is_an_error(tmp_path: Path, keys: str, said: str) -> None:
    (tmp_path / "b").write_text("b")
    found = problems(tmp_path, f"outputs: [{{id: board, {keys}}}]")
    assert any(said in str(one) for one in found)


def test_a_private_output_has_no_hub(tmp_path: Path) -> None:
    keys = f"token: {TOKEN}, hub: 'https://hub.example/'"
    found = problem(tmp_path, f"outputs: [{{id: board, {keys}}}]")
    assert "a private output has no hub" in str(found)


def test_former_ids_are_free_for_one_output(tmp_path: Path) -> None:
    assert output(tmp_path, "aliases: [old, older]").aliases == ("old", "older")
    found = problems(
        tmp_path,
        "outputs:\n"
        "  - {id: a, aliases: b}\n"
        "  - {id: b, aliases: [c, d]}\n"
        "  - {id: e, aliases: c}\n",
    )
    assert [(one.line, one.where) for one in found] == [
        (2, "outputs[0].aliases"),
        (4, "outputs[2].aliases"),
    ]


def test_what_the_server_is_told(tmp_path: Path) -> None:
    found = settings(tmp_path, "server: {gone_for: 7d, max_requests: 12}").server
    assert (found.gone_for, found.max_requests) == (timedelta(days=7), 12)
