"""Adding and removing sources in the text of feeds.yaml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.adapters.config import NewSource, add_source, add_sources, remove_source, starter
from aggregator.core.errors import ConfigError
from tests.adapters.configs import settings

NEW = "https://new.example/feed"

FULL = """\
# my feeds
base_url:   http://127.0.0.1:8080/   # odd spaces stay

sources:   # who is polled
  # the first
  - https://one.example/   # short

  - id: two                # long
    url: https://two.example/
    tags: [a,
           b]              # the end
    # interval: 2h
  # - https://off.example/

# below
outputs:
- id: all
"""


def test_a_source_is_added_after_the_last_one_and_nothing_else_changes() -> None:
    edited = add_source(FULL, url=NEW, source_id="three", title="3: x", tags=("a", "b c"))
    added = """\
  - id: three
    url: https://new.example/feed
    title: "3: x"
    tags: [a, b c]
"""
    assert edited == FULL.replace("    # interval: 2h\n", "    # interval: 2h\n" + added)


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("one-example", "  - https://one.example/   # short\n"),
        ("https://one.example/", "  - https://one.example/   # short\n"),
        ("two", FULL[FULL.index("  - id: two") : FULL.index("  # - https://off")]),
        ("https://two.example/", FULL[FULL.index("  - id: two") : FULL.index("  # - https://off")]),
    ],
)
def test_a_source_is_removed_by_id_or_address_and_nothing_else_changes(
    name: str, gone: str
) -> None:
    assert remove_source(FULL, name) == FULL.replace(gone, "")


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("", "sources:\n  - url: NEW\n"),
        ("# only this", "# only this\nsources:\n  - url: NEW\n"),
        ("---\ntitle: x\n", "---\ntitle: x\nsources:\n  - url: NEW\n"),
        ("title: x", "title: x\nsources:\n  - url: NEW\n"),
        ("title: x\r\n", "title: x\r\nsources:\r\n  - url: NEW\r\n"),
        ("sources:\n", "sources:\n  - url: NEW\n"),
        ("sources:", "sources:\n  - url: NEW\n"),
        ("sources: # none\ntitle: x\n", "sources: # none\n  - url: NEW\ntitle: x\n"),
        ("sources: ~\ntitle: x\n", "sources:\n  - url: NEW\ntitle: x\n"),
        ("sources: []\ntitle: x\n", "sources:\n  - url: NEW\ntitle: x\n"),
        ("sources: [] # none\n", "sources: # none\n  - url: NEW\n"),
        ("sources: [\n]\ntitle: x\n", "sources:\n  - url: NEW\ntitle: x\n"),
        ("'sources' : []\n", "'sources' :\n  - url: NEW\n"),
        ("sources:\n- https://a.b/\n", "sources:\n- https://a.b/\n- url: NEW\n"),
        ("sources:\n- https://a.b/", "sources:\n- https://a.b/\n- url: NEW\n"),
        ("sources:\n    - a: 1\n", "sources:\n    - a: 1\n    - url: NEW\n"),
        (
            "sources:\n  -   url: x\n      id: y\n",
            "sources:\n  -   url: x\n      id: y\n  - url: NEW\n",
        ),
        ("sources:\n  -\n    url: x\n\n\n", "sources:\n  -\n    url: x\n  - url: NEW\n\n\n"),
        ("sources:\r\n  - x # é𝄞\r\n# z", "sources:\r\n  - x # é𝄞\r\n  - url: NEW\r\n# z"),
        ("sources:\n  - {url: x}   # c\n", "sources:\n  - {url: x}   # c\n  - url: NEW\n"),
        (
            "sources:\n  - url: x\n    keep: |\n      a\n      b\nz: 1\n",
            "sources:\n  - url: x\n    keep: |\n      a\n      b\n  - url: NEW\nz: 1\n",
        ),
        (
            "z: {t: &t [a]}\nsources:\n  - tags: *t # c\n",
            "z: {t: &t [a]}\nsources:\n  - tags: *t # c\n  - url: NEW\n",
        ),
        ("sources:\n  - url: x\n    id:\n", "sources:\n  - url: x\n    id:\n  - url: NEW\n"),
        ("\ufeffsources: []\n", "\ufeffsources:\n  - url: NEW\n"),
    ],
)
def test_a_source_is_added_however_the_file_is_written(text: str, edited: str) -> None:
    assert add_source(text, url=NEW) == edited.replace("NEW", NEW)


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("sources:\n  - x\n", "sources: []\n"),
        ("sources: # c\n  - x\ntitle: y\n", "sources: [] # c\ntitle: y\n"),
        ("sources:\n- x\n- y", "sources:\n- y"),
        ("sources:\n- y\n- x", "sources:\n- y\n"),
        ("sources:\r\n  - y\r\n  - x # c\r\n\r\n# z\r\n", "sources:\r\n  - y\r\n\r\n# z\r\n"),
        ("sources:\n  -\n    url: x\n  - y\n", "sources:\n  - y\n"),
        ("sources:\n  - {url: x,\n     id: z}\n  - y\n", "sources:\n  - y\n"),
    ],
)
def test_a_source_is_removed_however_the_file_is_written(text: str, edited: str) -> None:
    assert remove_source(text, "x") == edited


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: add_source(text, url=NEW),
        lambda text: remove_source(text, "https://a.b/"),
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        "sources: [https://a.b/]\n",
        "{sources: []}\n",
        "sources:\n  - https://a.b/\n  -\n    # why\n    https://c.d/\ntitle: x\n...\n# end",
        "sources: &s\n  - &x https://a.b/\n  - *x\n",
        "sources: 5\n",
        "sources:\n  - https://a.b/\n bad",
        "- https://a.b/\n",
    ],
)
def test_an_edit_is_what_was_meant_or_refused(edit: Callable[[str], str], text: str) -> None:
    try:
        edited = edit(text)
    except ConfigError:
        return
    assert "https://c.d/" in edited
    assert "# why" in edited


def test_a_source_that_is_there_already_is_refused_with_its_place() -> None:
    with pytest.raises(ConfigError) as raised:
        add_source(FULL, url="https://two.example/#top")
    assert raised.value.problems[0].line == 8


def test_of_many_new_sources_those_already_there_are_left_out() -> None:
    many = [NewSource(url=url) for url in (NEW, "https://one.example/", NEW)]
    assert add_sources(FULL, many) == add_source(FULL, url=NEW)
    assert add_sources(FULL, [NewSource(url="https://one.example/")]) == FULL
    assert add_sources(FULL, []) == FULL


def test_a_new_source_gets_an_id_where_other_ids_would_change(tmp_path: Path) -> None:
    text = "sources:\n  - https://a.example/feed\n"
    edited = add_source(text, url="https://a.example/rss")
    assert edited == text + "  - id: a-example-rss\n    url: https://a.example/rss\n"
    assert [source.id for source in settings(tmp_path, edited).sources] == [
        "a-example",
        "a-example-rss",
    ]


@pytest.mark.parametrize("url", ["ftp://x.example/", "x.example", "https://x.example/\n- y"])
def test_an_address_that_cannot_be_polled_is_not_added(url: str) -> None:
    with pytest.raises(ConfigError):
        add_source(FULL, url=url)


def test_an_odd_id_is_not_added() -> None:
    with pytest.raises(ConfigError, match="not an id"):
        add_source(FULL, url=NEW, source_id="A B")


def test_removing_what_is_not_there_names_what_is_close() -> None:
    with pytest.raises(ConfigError, match='did you mean "two"'):
        remove_source(FULL, "tow")
    with pytest.raises(ConfigError, match="no source"):
        remove_source("", "x")


def test_variables_in_addresses_count_for_ids() -> None:
    text = "sources:\n  - https://${HOST}/feed\n"
    assert remove_source(text, "a-example", environ={"HOST": "a.example"}) == "sources: []\n"


_titles = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30
)


@given(title=_titles, tag=_titles, before=st.sampled_from([FULL, starter(), ""]))
def test_any_title_and_tag_survive_being_written(
    tmp_path: Path, title: str, tag: str, before: str
) -> None:
    tags = (tag.strip(),) if tag.strip() else ()
    if any(ord(letter) in {0xFFFE, 0xFFFF} for letter in title + tag):
        return
    edited = add_source(before, url=NEW, title=title, tags=tags)
    added = settings(tmp_path, edited).sources[-1]
    assert (added.url, added.title, added.tags) == (NEW, title, tags)
    assert remove_source(edited, NEW) in {before, before + "sources: []\n"}


_paths = st.from_regex(r"[a-z0-9/?=&.%~-]{0,12}", fullmatch=True)


@given(paths=st.lists(_paths, min_size=1, max_size=6, unique=True), data=st.data())
def test_adding_and_removing_leaves_every_other_byte(paths: list[str], data: st.DataObject) -> None:
    urls = [f"https://h.example/{path}" for path in paths]
    text = add_sources(FULL, [NewSource(url=url) for url in urls])
    chosen = data.draw(st.sampled_from(urls))
    kept = [url for url in urls if url != chosen]
    removed = remove_source(text, chosen)
    assert [url for url in urls if f"url: {url}\n" in removed] == kept
    for url in kept:
        removed = remove_source(removed, url)
    assert removed == FULL
