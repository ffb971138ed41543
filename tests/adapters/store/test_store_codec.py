"""Entries and feed infos as JSON: everything comes back, also from the future."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.adapters.sqlite import codec
from aggregator.core.errors import StoreError
from aggregator.core.model import Entry, FeedInfo, Hints
from tests.adapters.store.strategies import entries, infos, moments


@given(entries)
def test_every_entry_comes_back(entry: Entry) -> None:
    assert codec.entry_from_json(codec.entry_to_json(entry)) == entry


@given(entries)
def test_entry_json_can_always_be_stored(entry: Entry) -> None:
    assert codec.entry_to_json(entry).encode()


@given(infos)
def test_every_info_comes_back(info: FeedInfo) -> None:
    assert codec.info_from_json(codec.info_to_json(info)) == info


@given(moments)
def test_every_second_comes_back(moment: object) -> None:
    assert codec.to_moment(codec.to_seconds(moment)) == moment  # type: ignore[arg-type]


@given(
    st.lists(st.integers(0, 2**32 - 1), max_size=64).map(tuple)
    | st.lists(st.integers(-(2**63), 2**63 - 1), max_size=64).map(tuple)
)
def test_every_sketch_comes_back(sketch: tuple[int, ...]) -> None:
    assert codec.sketch_from_blob(codec.sketch_to_blob(sketch)) == sketch


def test_fields_of_a_later_version_are_passed_over() -> None:
    record = json.loads(codec.entry_to_json(Entry(guid="g", title="t", origin=FeedInfo())))
    record["mood"] = "merry"
    record["origin"]["mood"] = "sober"
    record["authors"] = [{"name": "Ann", "mood": ["any"]}]
    entry = codec.entry_from_json(json.dumps(record))
    assert (entry.guid, entry.authors[0].name, entry.origin) == ("g", "Ann", FeedInfo())


def test_fields_an_earlier_version_did_not_write_take_their_default() -> None:
    assert codec.entry_from_json('{"guid":"g","title":"t"}') == Entry(guid="g", title="t")
    assert codec.hints_from_json("{}") == Hints()


def test_other_scripts_are_stored_as_they_are() -> None:
    assert "他来了" in codec.entry_to_json(Entry(guid="g", title="他来了"))


@pytest.mark.parametrize("damaged", ["", "{", "[]", '"text"'])
def test_a_damaged_record_is_a_store_error(damaged: str) -> None:
    with pytest.raises(StoreError, match="damaged"):
        codec.entry_from_json(damaged)
