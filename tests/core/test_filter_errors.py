"""A bad rule says what is wrong, where, and what would be right."""

from __future__ import annotations

import pytest

from aggregator.core.filter import RuleError, compile_rule
from aggregator.core.model import Place


def mistake(value: object) -> RuleError:
    with pytest.raises(RuleError) as caught:
        compile_rule(value)
    return caught.value


@pytest.mark.parametrize(
    ("text", "message", "hint", "offset"),
    [
        ("a titel:b", 'no field "titel"', 'did you mean "title"?; to search for the text', 2),
        ("wrds>3", 'no field "wrds"', 'did you mean "words"?', 0),
        ("zzz:1", 'no field "zzz"', "known are title, summary", 0),
        ("title>3", "title cannot be compared", "words, seen_in, age, date", 0),
        ("a >3", '">" compares nothing', "words>300", 2),
        ("a (b", "this parenthesis is never closed", "", 2),
        ("a b)", "this parenthesis closes nothing", 'quote it: ")"', 3),
        (")", "this parenthesis closes nothing", 'quote it: ")"', 0),
        ("a ()", "nothing between the parentheses", "", 2),
        ("(a) ())", "nothing between the parentheses", "", 4),
        ('a "b', "this quote is never closed", '\\"', 2),
        ("a “b”", "“ is not a quote here", 'write "…"', 2),
        ("/a", "this regular expression is never closed", '"/…"', 0),
        ("x /(a/", "bad regular expression: missing )", "", 5),
        ("//", "the regular expression is empty", "", 0),
        ("/a/q", '"q" are no flags', "i, m, s, x", 3),
        ("/a/ii", '"ii" are no flags', "i, m, s, x", 3),
        ("link:/sport/live", '"live" are no flags', 'quote it: "/a/b"', 12),
        ("/(?V1)a/", "bad regular expression: VERSION0 and VERSION1", "", 1),
        ("/a(?#b)/", "bad regular expression: comments are not supported", "", 2),
        ("words:/3/", "words takes no regular expression", "", 6),
        ("has:/a/", "has takes no regular expression", "", 4),
        ("words>many", '"many" is no amount for words', "words>300", 5),
        ("words>", "words lacks an amount", "words>300", 5),
        ("words>-3", '"-3" is no amount for words', "a whole number", 5),
        ("words>٣", '"٣" is no amount for words', "a whole number", 5),
        ("age<7", '"7" is no amount for age', "age<7d", 3),
        ("date<7d", '"7d" is no amount for date', "date>=2025-06-01", 4),
        ("age:7d", "age is never exact", "age<7d or age>7d", 4),
        ("age!=7d", "age is never exact", "age<7d or age>7d", 3),
        ("date>7d", '"7d" is no amount for date', "date>=2025-06-01", 4),
        ("date>2025-02-30", '"2025-02-30" is no amount for date', "date>=2025-06-01", 4),
        ("date>0001-01-01T00:00+09:00", "is no amount for date", "date>=2025-06-01", 4),
        ("has:video", 'has: knows no "video"', "enclosure, image, author", 4),
        ("has:imge", 'has: knows no "imge"', 'did you mean "image"?', 4),
        ("host:https://example.com/", "is no host", "host:example.com", 5),
        ('host:"."', "host: has no value", "host:name", 5),
        ("title:", "title: has no value", "title:word", 0),
        ("title: ) b", "title: has no value", "title:word", 0),
        ("title:-b", "title: has no value", "-title:…", 0),
        ("title:(a author:b)", "author: stands inside title:", "one field at a time", 9),
        ("OR a", "OR needs something on both sides", 'the word itself: "OR"', 0),
        ("a OR", "OR needs something on both sides", 'the word itself: "OR"', 2),
        ("a OR OR b", "OR needs something on both sides", 'the word itself: "OR"', 5),
        ("AND a", "AND needs something on both sides", 'the word itself: "AND"', 0),
        ("a AND", "AND needs something on both sides", 'the word itself: "AND"', 2),
        ("a AND AND b", "AND needs something on both sides", 'the word itself: "AND"', 2),
        ("NOT", "this negates nothing", '"NOT"', 0),
        ("(a -)", "this negates nothing", "", 3),
        ("a - b", '"-" stands alone', '"-"', 2),
        ("a or b", '"or" is a word here', 'write OR, or quote it: "or"', 2),
        ("a || b", '"||" is a word here', "write OR", 2),
        ("a && b", '"&&" is a word here', "write AND", 2),
        ("a and b", '"and" is a word here', "write AND", 2),
        ("kursk not sumy", '"not" is a word here', 'write NOT, or quote it: "not"', 6),
        ("not sumy", '"not" is a word here', "write NOT", 0),
        ("a !b", '! does not negate in "!b"', "write -word", 2),
        ("a –b", 'this dash does not negate in "–b"', "with the minus sign", 2),
        ("−b", 'this dash does not negate in "−b"', "with the minus sign", 0),
        ("title:^Kursk", '^ is no anchor in "^Kursk"', "/^like this/", 6),
        ("title:kursk|sumy", '| is no OR in "kursk|sumy"', "(one OR two), or /one|two/i", 6),
        ("a ukrain*", '* is no wildcard in "ukrain*"', "regular expression", 2),
        ("*", '* is no wildcard in "*"', "to search for the text, quote it", 0),
        ("host:news.*", "* is no wildcard", "regular expression", 5),
        ("title:'breaking news'", "' is not a quote here", 'write "…"', 6),
        ("x 'a b c' y", "' is not a quote here", 'write "…"', 2),
        ("seen-in>=2", 'no field "seen-in"', 'did you mean "seen_in"?', 0),
        ("seen-in:2", 'no field "seen-in"', 'did you mean "seen_in"?', 0),
        ("host:example.com:8080", '"example.com:8080" is no host', "host:example.com", 5),
        ("host:ada@example.com", "is no host", "host:example.com", 5),
        ('host:"example com"', "is no host", "host:example.com", 5),
        ('host:"*.*"', "is no host", "host:example.com", 5),
        ("/\x08ad\x08/i", "holds the control character U+0008", "use single quotes", 0),
        ("title:a\x07b", "holds the control character U+0007", "use single quotes", 6),
        ('""', "nothing to search for", "a word or phrase", 0),
        ("\u200b", "nothing to search for", "a word or phrase", 0),
        ("", "the rule is empty", "leave the key out", None),
        ("  ", "the rule is empty", "leave the key out", None),
    ],
)
def test_a_mistake_in_a_line_is_named_with_its_offset(
    text: str, message: str, hint: str, offset: int | None
) -> None:
    error = mistake(text)
    assert message in error.message
    assert hint in error.hint
    assert error.offset == offset
    assert error.path == ()
    assert error.all == (error,)


@pytest.mark.parametrize(
    ("value", "message", "hint", "path"),
    [
        (None, "the rule is empty", "leave the key out", ()),
        ([], "the list is empty", "leave the key out", ()),
        ({}, "the mapping is empty", "leave the key out", ()),
        ({"all": []}, "the list is empty", "leave the key out", ("all",)),
        (["a", ["b", ""]], "the rule is empty", "leave the key out", (1, 1)),
        ({"titel": "a"}, 'no field "titel"', 'did you mean "title"?', ("titel",)),
        ({"ane": "a"}, 'no field "ane"', 'did you mean "any"?', ("ane",)),
        ({1: "a"}, 'no field "1"', "known are", ("1",)),
        ({"any": {"title": "a"}}, "any: takes a list", "[{title: …}", ("any",)),
        ({"title": {"author": "a"}}, "author: stands inside title:", "one", ("title", "author")),
        ({"not": {"words": "x"}}, '"x" is no amount', "words>300", ("not", "words")),
        (["a", True], "True is no text", 'quote it: "True"', (1,)),
        ([1.5], "1.5 is no text", 'quote it: "1.5"', (0,)),
        ([-5], "-5 is no text", 'quote it: "-5"', (0,)),
    ],
)
def test_a_mistake_in_yaml_is_named_with_its_path(
    value: object, message: str, hint: str, path: tuple[str | int, ...]
) -> None:
    error = mistake(value)
    assert message in error.message
    assert hint in error.hint
    assert error.path == path


@pytest.mark.parametrize(
    "text",
    [
        "Yahoo!",
        "AT&T",
        "covid-19:delta",
        "sci-fi:x",
        "well-known",
        '"9|11"',
        "to be or",
        "not",
        "'tis",
        "o'clock rock'n'roll",
        "don't can't",
        "#ukraine",
        "$100",
        "a+b",
        "host:*.example.com",
        'host:"::1"',
        '"ukrain*"',
        '"a | b" "!b" "^c" "–"',
        "a – b",
        "title:/a|b/",
        "title:/^a*$/",
        "title:/'a b'/",
    ],
)
def test_what_only_looks_like_the_habit_of_another_language_is_text(text: str) -> None:
    rule = compile_rule(text)
    assert compile_rule(rule.text) == rule


def test_every_mistake_of_a_rule_is_found_at_once() -> None:
    error = mistake({"any": ["titel:a", "ok", "(b"], "not": {"nothing": 1, "words": "x"}})
    assert [found.path for found in error.all] == [
        ("any", 0),
        ("any", 2),
        ("not", "nothing"),
        ("not", "words"),
    ]


def test_after_fifty_mistakes_nothing_more_is_read() -> None:
    assert len(mistake(["("] * 1000).all) == 50


def test_a_mistake_reads_as_one_sentence_with_its_hint() -> None:
    assert str(mistake("has:imge")) == 'has: knows no "imge" (did you mean "image"?)'
    assert str(mistake("(a")) == "this parenthesis is never closed"


def test_places_are_asked_for_the_nodes_of_the_value() -> None:
    asked: list[tuple[tuple[str | int, ...], int | None]] = []

    def places(path: tuple[str | int, ...], offset: int | None = None, /) -> Place:
        asked.append((path, offset))
        return Place("feeds.yaml", 1 + len(asked), 1)

    rule = compile_rule(["a -title:d", {"all": ["b", "c"]}], places=places)
    assert rule.place is not None
    nodes = {path for path, offset in asked if offset is None}
    assert {(), (1,), (1, "all")} <= nodes <= {(), (0,), (1,), (1, "all")}
    assert {(path, offset) for path, offset in asked if offset is not None} == {
        ((0,), 0),
        ((0,), 2),
        ((0,), 3),
        ((1, "all", 0), 0),
        ((1, "all", 1), 0),
    }
