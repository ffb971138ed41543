"""Parts of outputs as addresses ask for them: one spelling, one id, and bounds for strangers."""

from __future__ import annotations

from time import thread_time
from urllib.parse import parse_qs
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.filter import RuleError
from aggregator.core.narrow import Narrowing, mistake, narrowing
from aggregator.core.settings import Output

ALL = Output(id="all", title="All of it", limit=100, hub="https://hub.example/")


def asked(q: str = "", limit: str = "") -> Narrowing:
    found = narrowing(ALL, q=q, limit=limit)
    assert found is not None
    return found


def refused(q: str = "", limit: str = "") -> RuleError:
    with pytest.raises(RuleError) as caught:
        narrowing(ALL, q=q, limit=limit)
    return caught.value


@pytest.mark.parametrize(
    ("q", "query"),
    [
        ("title:kursk", "q=title:kursk"),
        ("  title:kursk   -sumy ", "q=title:kursk%20-sumy"),
        ("a AND (b OR b)", "q=a%20b"),
        ('"one word"', "q=%22one%20word%22"),
        ('c++ "&" co', "q=c%2B%2B%20%22%26%22%20co"),
        (r"/a\/b#?/i", "q=/a%5C/b%23%3F/i"),
        ("über OR 東京", "q=%C3%BCber%20OR%20%E6%9D%B1%E4%BA%AC"),
        ("words>300 age<7d", "q=words%3E300%20age%3C7d"),
    ],
)
def test_a_rule_has_one_spelling_in_addresses(q: str, query: str) -> None:
    found = asked(q)
    assert found.query == query
    (again,) = parse_qs(found.query)["q"]
    assert asked(again) == found


@given(st.text(max_size=60))
def test_what_an_address_says_is_understood_in_the_same_way(text: str) -> None:
    try:
        found = narrowing(ALL, q=text, limit="")
    except RuleError as error:
        mistake(text, error)
        return
    if found is None:
        assert not text.strip()
        return
    assert found.query.isascii()
    assert not set(found.query) & set(' <>"#&\\\r\n\t')
    (again,) = parse_qs(found.query)["q"]
    assert asked(again) == found


@pytest.mark.parametrize(
    ("q", "limit"), [("", ""), (" ", " "), ("", "100"), ("", "101"), ("", "999999999999")]
)
def test_what_asks_for_nothing_gets_the_output_as_it_is(q: str, limit: str) -> None:
    assert narrowing(ALL, q=q, limit=limit) is None


def test_a_limit_beyond_the_outputs_own_says_nothing() -> None:
    assert asked("a", "100") == asked("a")
    assert asked("a", "7").query == "q=a&limit=7"
    assert asked("", "7").query == "limit=7"
    assert asked("a", "7").of(ALL).limit == 7
    assert asked("a").of(ALL).limit == 100


@pytest.mark.parametrize("limit", ["0", "-1", "ten", "1.5", "٣", "1e3", "0x1", "00"])
def test_a_limit_that_is_no_number_is_refused(limit: str) -> None:
    error = refused("a", limit)
    assert mistake("a", error) == "limit is no number (1 or more)\n"


# An id never changes: the canonical spelling of rules, which these are made of, must not either.
@pytest.mark.parametrize(
    ("q", "name"),
    [
        ("title:kursk", "11bac08b-52e9-596f-8385-de5065e19734"),
        ("title:(kursk OR sumy) -author:bot", "84a3c96f-d0c8-5c84-b933-d599ea5cbe02"),
        ('words>300 "exact phrase" /a|b/i', "640f5436-2f83-5649-be90-ca5314f7aa87"),
    ],
)
def test_a_rule_has_its_id_for_ever(q: str, name: str) -> None:
    assert asked(q).atom_id("urn:example:all") == f"urn:uuid:{name}"


def test_ids_follow_from_output_and_rule_alone() -> None:
    whole = "urn:example:all"
    one = asked("kursk sumy").atom_id(whole)
    assert UUID(one).urn == one
    assert asked(" kursk  AND sumy", "5").atom_id(whole) == one
    assert asked("sumy kursk").atom_id(whole) != one
    assert asked("kursk sumy").atom_id("urn:example:other") != one
    assert asked("", "5").atom_id(whole) == whole


def test_a_part_tells_its_rule_and_has_neither_hub_nor_archive() -> None:
    part = asked("title:kursk", "5").of(ALL)
    assert part.title == "All of it (title:kursk)"
    assert (part.hub, part.archive, part.limit) == ("", 0, 5)
    assert asked("", "5").of(ALL).title == "All of it"
    assert len(asked(" ".join(f"word{number}" for number in range(100))).of(ALL).title) < 250


def test_a_mistake_is_shown_with_a_caret() -> None:
    q = "kursk titel:sumy"
    assert mistake(q, refused(q)) == (
        'no field "titel" (did you mean "title"?; to search for the text, quote it)\n'
        "    kursk titel:sumy\n"
        "          ^\n"
    )


def test_of_a_long_rule_only_the_surroundings_of_the_mistake_are_shown() -> None:
    q = "a\t" * 200 + "titel:x" + " b" * 200
    lines = mistake(q, refused(q)).splitlines()
    assert max(map(len, lines)) < 130
    assert lines[1][len(lines[2]) - 1 :].startswith("titel:x b")
    assert "\t" not in lines[1]


@pytest.mark.parametrize(
    ("q", "what"),
    [
        ("a" * 1001, "1001 characters"),
        ("/a/ /b/ /c/", "too many"),
        ("/" + "a" * 101 + "/", "too long"),
        ("/(x[a-z]{990}){24}/i", "too complicated"),
        ("/a{2}/", "too complicated"),
        ("/((((( a)))))/", "too complicated"),
        ("@security", "named rules"),
    ],
)
def test_strangers_may_not_ask_for_everything(q: str, what: str) -> None:
    assert what in refused(q).message


SLOW = (
    "(",
    "-",
    "a ",
    "a OR ",
    '"',
    "/",
    "\\",
    "a:",
    "title:",
    "-(a ",
    "^",
    "*",
    "x|y ",
    "@a",
    "A",
)


@pytest.mark.parametrize("piece", SLOW)
def test_no_rule_takes_long_to_read(piece: str) -> None:
    text = (piece * 1000)[:1000]
    before = thread_time()
    try:
        narrowing(ALL, q=text, limit="")
    except RuleError as error:
        mistake(text, error)
    assert thread_time() - before < 0.2


def test_only_rules_about_age_depend_on_the_clock() -> None:
    assert asked("age<7d").is_timed
    assert not asked("kursk").is_timed
    assert not Narrowing(limit=5).is_timed
