"""The server of the comparison."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping

import pytest

from benchmarks.material import document
from benchmarks.peers.documents import original
from benchmarks.peers.server import Publishers, has_news, version_of, versions


def publishers() -> Publishers:
    found = original("one", document(1, entries=6).body)
    assert found
    return Publishers((versions((found,), 0), versions((found,), 1)))


def ask(served: Publishers, asked: Mapping[str, str]) -> tuple[str, dict[str, str], bytes]:
    head, _, body = served.answer("/feed/0", asked).partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines)
    return status.split()[1], fields, body


def test_a_conditional_request_is_answered_with_304() -> None:
    served = publishers()
    _, fields, _ = ask(served, {})
    assert ask(served, {"if-none-match": fields["etag"]})[::2] == ("304", b"")
    modified = served.answer("/feed/0", {}).split(b"Last-Modified: ")[1].split(b"\r\n")[0]
    assert ask(served, {"if-modified-since": modified.decode()})[0] == "304"
    assert ask(served, {"if-none-match": '"other"'})[0] == "200"


def test_a_document_is_packed_for_those_who_accept_it() -> None:
    served = publishers()
    _, _, plain = ask(served, {})
    _, fields, packed = ask(served, {"accept-encoding": "br, gzip"})
    assert fields["content-encoding"] == "gzip"
    assert len(packed) == int(fields["content-length"])
    assert gzip.decompress(packed) == plain


def test_a_new_version_is_sent_whole_to_those_who_have_the_old_one() -> None:
    served = publishers()
    _, fields, old = ask(served, {})
    served.answer("/publish/all", {})
    status, _, new = ask(served, {"if-none-match": fields["etag"]})
    assert (status, new.count(b"<item>")) == ("200", old.count(b"<item>") + 1)


def test_what_was_asked_is_recorded_until_it_is_told() -> None:
    served = publishers()
    _, fields, body = ask(served, {})
    ask(served, {"if-none-match": fields["etag"]})
    told = json.loads(served.answer("/record", {}).partition(b"\r\n\r\n")[2])
    sent = {"whole": 1, "unchanged": 1, "sent": len(body), "packed": 0}
    assert told == {"requests": 2, **sent}
    told = json.loads(served.answer("/record", {}).partition(b"\r\n\r\n")[2])
    assert set(told.values()) == {0}


def test_seven_of_a_hundred_have_news_then_each_has_one_entry_more() -> None:
    assert sum(has_news(number) for number in range(1000)) == 70
    for number in range(100):
        few, everyone = version_of(number, "few"), version_of(number, "all")
        assert (few, everyone) == ((1, 2) if has_news(number) else (0, 1))


def test_no_other_path_is_answered() -> None:
    for path in ("/", "/publish/none", "/feed/2"):
        with pytest.raises((LookupError, ValueError)):
            publishers().answer(path, {})
