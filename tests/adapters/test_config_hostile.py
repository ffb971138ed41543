"""feeds.yaml from a careless or hostile hand: only ConfigError, no code, no secret shown."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.adapters.config import load
from aggregator.core.errors import ConfigError, Problem
from tests.adapters.configs import error, problem, problems, settings, source
from tests.conftest import PROJECT

SHIPPED = (PROJECT / "feeds.yaml").read_text(encoding="utf-8")
RICH = """\
base_url: "https://feeds.example.org/"
defaults: &d {interval: auto, tags: [a, b], dedupe: off}
sources:
  - https://example.com/feed.xml   # a comment
  - id: two
    url: https://user:pass@example.org/
    headers: {Authorization: "Bearer ${TOKEN:-abc}"}
    keep: '(title:/kursk|sumy/i OR tag:defence) words>300 age<7d -author:bot "a b"'
    drop: {any: [{title: [x, y]}, {tag: z}], not: {author: bot}}
    cron: "0 6 * * *"
outputs:
  - {id: all, sources: [tag:a, -id:two], limit: 5, max_age: 7d}
limits: {timeout: 30s, max_body: 10MiB}
network: {allow: [127.0.0.0/8]}
"""


# --- S24: YAML that is no plain data


# S24
@pytest.mark.parametrize("word", ["NO", "on", "off", "yes", "1:30", "010", "0x10", "2026-11-22"])
def test_words_that_yaml_1_1_would_rewrite_stay_text(tmp_path: Path, word: str) -> None:
    found = settings(tmp_path, f"title: {word}\nsources: [{{url: 'https://a.b/', tags: {word}}}]")
    assert (found.title, found.sources[0].tags) == (word, (word,))


# S24
@pytest.mark.parametrize("word", ["1.20", "12", "true", "-0.5e3"])
def test_numbers_where_text_is_expected_are_an_error_and_never_rewritten(
    tmp_path: Path, word: str
) -> None:
    assert "write it in quotes" in problem(tmp_path, f"title: {word}").hint


# S24
@pytest.mark.parametrize(
    "text",
    [
        "title: !!python/object/apply:os.system [true]",
        "title: !!python/name:os.system",
        "sources: !!set {a, b}",
        "title: !custom x",
        "title: !!binary aGVsbG8=",
    ],
)
def test_tags_are_an_error_with_a_line_and_never_code(tmp_path: Path, text: str) -> None:
    found = problems(tmp_path, f"# a comment\n{text}\n")
    assert any("is not allowed" in each.what and each.line == 2 for each in found)


def test_a_tag_that_says_text_is_harmless(tmp_path: Path) -> None:
    assert settings(tmp_path, "title: !!str 2024").title == "2024"


# S24
def test_a_repeated_key_is_an_error_that_names_both_lines(tmp_path: Path) -> None:
    found = problem(tmp_path, "title: a\nbase_url: https://x.example/\ntitle: b\n")
    assert (found.line, found.column) == (3, 1)
    assert found.what == 'the key "title" stands here twice'
    assert found.hint == "first in line 1"


# S24
def test_an_alias_bomb_is_refused_before_it_grows(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    found = error(tmp_path, "\n".join(lines)).problems[-1]
    assert "aliases counted as often as used" in found.what
    assert found.line == 7


def test_an_alias_may_be_used(tmp_path: Path) -> None:
    text = """\
defaults: {tags: &t [a, b]}
sources:
  - {url: 'https://a.example/', tags: *t}
"""
    assert source(tmp_path, text).tags == ("a", "b")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: &x [*x]", "contains itself"),
        ("a: *x", "no anchor &x"),
        ("<<: {title: x}", "merge keys"),
        ("? [a, b]\n: c", "a key must be text"),
        ("title: a\n---\ntitle: b", "second document"),
        ("[a, b]", "expected keys"),
        ("just text", "expected keys"),
        ("title: 'open", "unexpected end of stream"),
        ("title: a: b", "mapping values are not allowed"),
        ("title: `x", "cannot start any token"),
        ("%YAML 3.0\n---\ntitle: x", "incompatible"),
        ("title: \x01", "control character U+0001"),
        ("title: \ud800", "is not UTF-8"),
        ('title: "\\ud800"', "invalid Unicode"),
        ('title: "\\U00110000"', "invalid Unicode"),
        ('title: "\\ufffe"', "control character"),
        ('title: "a\\nb"', "line break"),
        (f"title: {'x' * 1001}", "longer than 1000"),
        ("[" * 200_000, "nested more than 40 deep"),
        ("- " * 200_000, "nested more than 40 deep"),
        ("keep: " + "{not: " * 60, "nested more than 40 deep"),
    ],
)
def test_what_is_not_plain_data_is_an_error_with_a_place(
    tmp_path: Path, text: str, what: str
) -> None:
    found = error(tmp_path, text).problems
    assert any(what in each.what for each in found)
    assert all(each.line >= 1 and each.column >= 1 for each in found)


# S24
def test_a_tab_is_named_as_the_culprit(tmp_path: Path) -> None:
    found = problem(tmp_path, "limits:\n\tworkers: 1\n")
    assert found.line == 2
    assert found.hint == "indent with spaces, not tabs"


# S24
def test_a_file_of_a_hundred_megabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    with path.open("wb") as opened:
        opened.truncate(100 * 1024 * 1024)
    with pytest.raises(ConfigError, match="larger than 50 MiB"):
        load(path, environ={})


def test_a_byte_order_mark_is_tolerated_and_columns_do_not_count_it(tmp_path: Path) -> None:
    assert settings(tmp_path, "\ufefftitle: x").title == "x"
    assert problem(tmp_path, "\ufefftilte: x").column == 1


@pytest.mark.parametrize(
    ("raw", "line", "column", "hint"),
    [
        ("title: x\ntitle: ä".encode("latin-1"), 2, 8, "UTF-8"),
        ("title: x".encode("utf-16"), 1, 1, "UTF-16"),
    ],
)
def test_a_wrong_encoding_is_an_error_at_the_byte(
    tmp_path: Path, raw: bytes, line: int, column: int, hint: str
) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError) as raised:
        load(path, environ={})
    (found,) = raised.value.problems
    assert (found.line, found.column) == (line, column)
    assert hint in found.hint


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_counted_alike_for_all_line_ends(tmp_path: Path, newline: str) -> None:
    text = newline.join(["title: ü𝄞", "", "limits:", "  nope: 1", ""])
    found = problem(tmp_path, text)
    assert (found.line, found.column, found.excerpt) == (4, 3, "  nope: *")


# --- S6, S10: addresses


# S6
@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://x.example/",
        "ftp://x.example/",
        "dict://x.example/",
        "data:text/xml,x",
        "javascript:alert(1)",
        "\\\\host\\share",
        "//x.example/feed",
        "/etc/passwd",
        "x.example",
        "http:x.example",
        "http://",
        "http:///x",
        "https://x.example:0/",
        "https://x.example:99999/",
        "https://[::1/",
        "https://a..b/",
        "https://x.example\\@y.example/",
        "feed:https://x.example/",
    ],
)
def test_only_http_addresses_with_a_host_are_polled(tmp_path: Path, url: str) -> None:
    found = problem(tmp_path, f"sources: [{{url: '{url}'}}]")
    assert found.where == "sources[0].url"
    assert found.line == 1


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("file:///srv/x.xml", "path: /srv/x.xml"),
        ("feed://x.example/f", "https://x.example/f"),
        ("feed:https://x.example/f", "https://x.example/f"),
        ("x.example/f", "https://x.example/f"),
        ("x.example:8080/f", "https://x.example:8080/f"),
        ("gopher://x.example/", "gopher: is not polled"),
        ("https://x.example/a b", "%20"),
    ],
)
def test_a_wrong_address_comes_with_what_would_be_right(
    tmp_path: Path, url: str, hint: str
) -> None:
    assert hint in problem(tmp_path, f"sources: ['{url}']").hint


# S10
@pytest.mark.parametrize(
    "said",
    [
        'url: "https://x.example/a\\r\\nHost: y"',
        'url: "https://x.example/a\\tb"',
        'url: "https://x.example/\\x7f"',
        "url: https://u%0d%0a:p@x.example/",
        'url: https://x.example/\n    headers: {X-Key: "a\\r\\nY: b"}',
        'url: https://x.example/\n    headers: {"X\\nY": b}',
        'url: https://x.example/\n    password: "a\\0"',
        'url: https://x.example/\n    username: "a\\n"',
        "url: https://x.example/\n    password: ${INJECT}",
        "url: https://x.example/${INJECT}",
    ],
)
def test_control_characters_never_get_into_a_request(tmp_path: Path, said: str) -> None:
    found = problem(tmp_path, f"sources:\n  - {said}\n", {"INJECT": "a\r\nb"})
    assert "\r" not in found.what + found.hint + found.excerpt


# S10
@pytest.mark.parametrize("key", ["user_agent", "contact", "title"])
def test_control_characters_never_get_into_the_user_agent(tmp_path: Path, key: str) -> None:
    assert problem(tmp_path, f'{key}: "a\\r\\nX-Evil: b"').where == key


def test_an_address_is_kept_byte_for_byte_but_for_user_info_and_fragment(tmp_path: Path) -> None:
    url = "HTTPS://Example.com:443/%7Ea/?q=a%2Fb&x=http%3A%2F%2Fy+z&[1]=ü"
    assert source(tmp_path, f"sources: ['{url}#top']").url == url


# --- S11: secrets

SECRET = "hunter2"
LEAKS = [
    f"sources: [{{url: 'ftp://u:{SECRET}@x.example/'}}]",
    f"sources: [{{url: 'https://u:{SECRET}@x.example:99999/'}}]",
    f"sources: [{{url: 'https://u:{SECRET}/x@x.example/', intervall: 2h}}]",
    f"sources: ['file://u:{SECRET}@x.example/']",
    f"sources: ['u:{SECRET}@x.example/']",
    f"sources: ['ftp://u:{SECRET}@x.example/?u=http://y.example/']",
    f"sources: [{{url: 'https://{'u' * 200}:{SECRET}@x.example/ '}}]",
    f"sources: [{{url: 'https://x.example/', password: {SECRET}, intervall: 2h}}]",
    f"sources: [{{url: 'https://x.example/', pasword: {SECRET}}}]",
    f"sources: [{{url: 'https://x.example/', password: [{SECRET}]}}]",
    f"sources: [{{url: 'https://x.example/', password: {{text: {SECRET}}}}}]",
    f"sources: [{{url: 'https://x.example/', headers: {{Host: {SECRET}}}}}]",
    f"sources: [{{url: 'https://x.example/', headers: 'Authorization: {SECRET}'}}]",
    f"sources: [{{url: 'https://x.example/', header: {{Authorization: {SECRET}}}, id: '?'}}]",
    f"sources: [{{url: 'https://x.example/', password: a, password: {SECRET}, id: '?'}}]",
    f'sources: [{{url: "https://x.example/", password: "{SECRET}\\n"}}]',
    f"sources:\n  - url: https://x.example/\n    password: '{SECRET}\n    id: x\n",
    f"sources:\n  - url: https://x.example/\n    password: {SECRET}: x\n",
    f"sources:\n  - headers:\n      X-Key: {SECRET}: x\n",
    f"sources:\n  - headers: {{X-Key: {SECRET}: x}}\n",
    f"sources:\n  - url: https://u:{SECRET}@x.example/: x\n",
    f"network: {{proxy: 'socks5://u:{SECRET}@x.example:1080'}}",
    f"base_url: https://u:{SECRET}@x.example/",
    "sources: [{url: 'https://x.example/', password: '${TOKEN}\n', headers: {X: '${TOKEN}\n'}}]",
    "sources: ['ftp://x.example/?key=${TOKEN}']",
    "sources: ['feed://x.example/?key=${CLEAN}']",
    "sources: ['${CLEAN}']",
    "sources: ['${CLEAN}:x']",
    "sources: ['https://x.example:${CLEAN}/']",
    "network: {proxy: 'ftp://u:${CLEAN}@x.example'}",
    "base_url: ${CLEAN}",
    "server: {listen: '${CLEAN}'}",
    "sources: [{path: '/nowhere/${CLEAN}'}]",
    "sources: [{url: 'https://x.example/', password_file: '/nowhere/${CLEAN}'}]",
    "sources: ['https://u:${TOKEN}@x.example:99999/']",
    "sources: ['https://u:${TOKEN}${NOPE}@x.example/']",
]


# S11
@pytest.mark.parametrize("text", LEAKS)
def test_no_message_shows_a_secret(tmp_path: Path, text: str) -> None:
    environ = {"TOKEN": f"{SECRET}\n", "CLEAN": SECRET}
    assert SECRET not in str(error(tmp_path, text, environ))


# S11
@pytest.mark.parametrize(
    "text",
    [
        "sources: [{url: 'https://x.example/', id: 'https://u:pw-hidden@x.example/'}]",
        "outputs: [{id: a, aliases: ['https://u:pw-hidden@x.example/']}]",
    ],
)
def test_no_hint_is_made_of_a_secret(tmp_path: Path, text: str) -> None:
    assert "hidden" not in str(error(tmp_path, text))


# S11
def test_settings_do_not_show_their_secrets(tmp_path: Path) -> None:
    text = f"sources: [{{url: 'https://u:{SECRET}@x.example/', headers: {{X: {SECRET}}}}}]"
    found = settings(tmp_path, text)
    assert SECRET not in repr(found)
    assert SECRET not in str(found.sources[0].password)


def test_stars_keep_the_caret_in_its_place(tmp_path: Path) -> None:
    found = problem(tmp_path, "sources: [{url: 'https://u:p@x.example/', password_: abc, id: a}]")
    assert found.excerpt == "sources: [{url: 'https://***@x.example/', password_: ***, id: a}]"
    assert found.excerpt[found.column - 1 :].startswith("password_")


def test_an_excerpt_is_printable_and_not_endless(tmp_path: Path) -> None:
    found = problem(tmp_path, f"tilte: x # \u202e{'y' * 500}\n")
    assert found.excerpt.isprintable()
    assert len(found.excerpt) <= 160
    far = problem(tmp_path, f"{{title: {'y' * 500}, tilte: x}}")
    assert (far.excerpt, far.column) == ("", 511)


@pytest.mark.no_cover
def test_a_thousand_mistakes_are_enough(tmp_path: Path) -> None:
    text = "sources:\n" + "  - {nope: 1}\n" * 3000
    assert len(problems(tmp_path, text)) == 1000


# --- whatever is in the file

_edits = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=1500),
        st.integers(min_value=0, max_value=12),
        st.one_of(
            st.sampled_from(
                ["\n", "  ", "\t", ": ", "- ", "#", "&a ", "*a", "!!x ", "|\n", "<<: "]
            ),
            st.sampled_from(["", "[", "]", "{", "}", "'", '"', "null", "5", "${", "://", "@"]),
            st.text(max_size=4),
        ),
    ),
    min_size=1,
    max_size=5,
)


# S24
@given(original=st.sampled_from([SHIPPED, RICH]), edits=_edits)
def test_a_mutated_file_loads_or_raises_config_error_only(
    tmp_path: Path, original: str, edits: list[tuple[int, int, str]]
) -> None:
    text = original
    for position, length, new in edits:
        at = position % (len(text) + 1)
        text = text[:at] + new + text[at + length :]
    found: tuple[Problem, ...] = ()
    try:
        settings(tmp_path, text)
    except ConfigError as raised:
        found = raised.problems
    places = [(each.line, each.column) for each in found]
    assert places == sorted(places)


# S24
@given(raw=st.binary(max_size=200))
def test_any_bytes_load_or_raise_config_error_only(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_bytes(raw)
    with suppress(ConfigError):
        load(path, environ={})


@pytest.mark.no_cover
def test_ten_thousand_sources_load(tmp_path: Path) -> None:
    entry = "  - {{id: s{0}, url: 'https://h{1}.example/{0}', tags: [a, b], interval: 2h}}\n"
    text = "sources:\n" + "".join(entry.format(n, n % 500) for n in range(10_000))
    found = settings(tmp_path, text)
    assert len(found.sources) == len(found.outputs[0].sources) == 10_000
    assert found.sources[-1].place is not None
    assert found.sources[-1].place.line == 10_001
