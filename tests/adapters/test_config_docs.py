"""What describes feeds.yaml says what the program does: docs, schema, the shipped files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aggregator.adapters.config import json_schema, load, starter
from aggregator.adapters.config.schema import SECTIONS
from aggregator.core.model import Document
from aggregator.core.parse import parse
from tests.adapters.configs import settings
from tests.conftest import PROJECT
from tools.describe_config import described

PAGE = (PROJECT / "docs" / "configuration.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def test_docs_and_schema_are_what_the_shape_says() -> None:
    stale = [path.name for path, text in described().items() if path.read_text("utf-8") != text]
    assert not stale, "run python -m tools.describe_config"


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_documented_and_every_documented_key_exists(section: str) -> None:
    table = PAGE.partition(f"<!-- keys of {section} -->")[2].partition("<!-- end -->")[0]
    assert [row[0] for row in ROW.findall(table)] == list(SECTIONS[section].keys)
    assert all(key.meaning for key in SECTIONS[section].keys.values())


def test_documented_defaults_are_those_of_the_program(tmp_path: Path) -> None:
    keys = {section: ROW.findall(_table(section)) for section in ("limits", "retention", "server")}
    text = "".join(
        f"{section}:\n" + "".join(f"  {key}: {default.strip('`')}\n" for key, _, default, _ in rows)
        for section, rows in keys.items()
    )
    assert settings(tmp_path, text) == settings(tmp_path, "")


def _table(section: str) -> str:
    return PAGE.partition(f"<!-- keys of {section} -->")[2].partition("<!-- end -->")[0]


def test_the_example_of_the_docs_loads(tmp_path: Path) -> None:
    example = PAGE.partition("```yaml\n")[2].partition("```")[0]
    found = settings(tmp_path, example, {"MEMBERS_PASSWORD": "x"})
    assert [source.id for source in found.sources] == ["example-com", "iswnews", "members"]
    assert [output.sources for output in found.outputs][1] == ("iswnews",)


def test_ids_in_the_docs_are_made_as_described(tmp_path: Path) -> None:
    for url, name in re.findall(r"`(https://[^`]+)` becomes\s+`([^`]+)`", PAGE):
        (source,) = settings(tmp_path, f"sources: ['{url}']").sources
        assert source.id == name


def test_the_shipped_file_loads_and_names_its_schema() -> None:
    found = load(PROJECT / "feeds.yaml", environ={})
    assert len(found.sources) >= 7
    assert [output.id for output in found.outputs] == ["all", "world", "identity"]
    assert found.sources[0].path is not None
    first = (PROJECT / "feeds.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=docs/feeds.schema.json"


def test_the_bundled_sample_is_a_feed_of_eight_articles() -> None:
    body = (PROJECT / "samples" / "field-notes.xml").read_bytes()
    feed = parse(Document(url="https://field-notes.example/feed.xml", body=body), max_entries=100)
    assert len(feed.entries) == len({entry.guid for entry in feed.entries}) == 8
    assert all(entry.published and entry.content and entry.link for entry in feed.entries)
    assert not feed.skipped


def test_the_bundled_sample_gives_the_output_with_rules_something_to_keep() -> None:
    found = load(PROJECT / "feeds.yaml", environ={})
    sample = found.sources[0]
    assert all(sample.id in output.sources for output in found.outputs if output.id != "world")


def test_what_init_writes_loads(tmp_path: Path) -> None:
    found = settings(tmp_path, starter())
    assert len(found.sources) == 4
    assert [output.id for output in found.outputs] == ["all", "world"]


def test_the_schema_describes_every_key_and_forbids_others() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    parts = schema["$defs"]
    assert isinstance(parts, dict)
    for part in (schema, *parts.values()):
        shape = part["anyOf"][-1] if "anyOf" in part else part
        assert shape["additionalProperties"] is False
        assert all(key.get("description") for key in shape["properties"].values())
