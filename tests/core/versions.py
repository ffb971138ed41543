"""Two versions of one document: what publishers, and accidents, do to a feed between polls."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

Mutation = Callable[[Random, bytes], bytes]

_ENTRY = re.compile(rb"<((?:\w+:)?(?:item|entry))(?=[\s>]).*?</\1\s*>", re.DOTALL)
_TITLE = re.compile(rb"(<title[^<>]*>)(.*?)(</title>)", re.DOTALL)
_ID = re.compile(rb"(<(?:guid|id)[^<>]*>)([^<]*)(</(?:guid|id)>)")
_LINK = re.compile(rb"(<link>|<link[^<>]*href=[\"'])([^<\"']*)")
_DATE = re.compile(rb"<(pubDate|published|updated|dc:date)>[^<]*</\1>")
_TEXT = re.compile(rb"(?<=>)[^<>]*\w[^<>]*(?=<)")
_TAILS = (
    b" - Evening Post",
    b" | Evening Post",
    b" - World - Evening Post",
    b" (Video)",
    b" - Wire",
)
_SPLINTERS = (
    *(b"&bogus;", b"&#xD800;", b"]]>", b"<![CDATA[", b"-->", b"<!--", b"<?x", b"\x00", b"\xff"),
    *(b"<item>", b"</item>", b"<entry/>", b"</channel>", b"<image>", b"</title>", b"&", b"<"),
    *(
        b"<image><url>http://h.example/i.png</url></image>",
        b"<title>Again</title>",
        b"\xef\xbf\xbe",
    ),
    *(
        b"<source url='http://h.example/'>S</source>",
        b"<div>x</div>",
        b"<svg><title>t</title></svg>",
    ),
    *(b'<x:y xmlns:x="http://purl.org/dc/elements/1.1/">z</x:y>', b'<a xmlns="urn:a">b</a>'),
    *(b'<media:title xmlns:media="urn:no">z</media:title>', b"<language>fr</language>"),
    *(b'<author><name xml:lang="fr">A</name></author>', b"<hour>4</hour>", b"<textInput/>"),
)
_HEAD = (
    (rb"<channel>", b"<channel><ttl>45</ttl>"),
    (rb"<channel>", b"<channel><image><url>http://h.example/logo.png</url></image>"),
    (rb"<(rss|feed)(?=[\s>])", rb'<\1 xml:lang="fr"'),
    (rb"<(rss|feed)(?=[\s>])", rb'<\1 xml:base="http://other.example/"'),
    (rb"<(rss|feed)(?=[\s>])", rb'<\1 xmlns:dc="urn:odd"'),
    (rb"<lastBuildDate>[^<]*", b"<lastBuildDate>Mon, 30 Jun 2025 10:00:00 GMT"),
    (rb'version="2.0"', b'version="0.91"'),
    (rb"</channel>", b"<title>The end</title></channel>"),
)


def entries(body: bytes) -> list[bytes]:
    """The entries of a document, as simple patterns find them."""
    return [match[0] for match in _ENTRY.finditer(body)]


def _with(body: bytes, changed: list[bytes]) -> bytes:
    """The document with other entries in the place of its own."""
    found = list(_ENTRY.finditer(body))
    return body[: found[0].start()] + b"\n".join(changed) + body[found[-1].end() :]


def _one(dice: Random, body: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The document with one entry changed."""
    listed = entries(body)
    place = dice.randrange(len(listed))
    listed[place] = change(listed[place])
    return _with(body, listed)


def _renamed(dice: Random, entry: bytes) -> bytes:
    """Another entry: its own guid, title and mostly link."""
    number = b"%d" % dice.randrange(10**6)
    entry = _ID.sub(lambda match: match[1] + match[2] + number + match[3], entry)
    entry = _TITLE.sub(lambda match: match[1] + b"News " + number + match[2] + match[3], entry, 1)
    if dice.random() < 0.8:
        entry = _LINK.sub(lambda match: match[1] + match[2] + b"?n=" + number, entry)
    return entry


def insert(dice: Random, body: bytes) -> bytes:
    listed = entries(body)
    made = [_renamed(dice, dice.choice(listed)) for _ in range(dice.choice((1, 1, 1, 2, 5)))]
    place = dice.choice((0, 0, dice.randrange(len(listed) + 1)))
    return _with(body, listed[:place] + made + listed[place:])


def remove(dice: Random, body: bytes) -> bytes:
    listed = entries(body)
    del listed[dice.randrange(len(listed))]
    return _with(body, listed)


def edit(dice: Random, body: bytes) -> bytes:
    """A text of an entry changes; mostly one that is read."""
    return _one(dice, body, lambda entry: _edited(dice, entry))


def _edited(dice: Random, entry: bytes) -> bytes:
    texts = list(_TEXT.finditer(entry))
    if not texts:
        return entry
    text = dice.choice(texts)
    return entry[: text.start()] + dice.choice((b"Edited ", text[0])) + entry[text.start() :]


def redate(dice: Random, body: bytes) -> bytes:
    date = b"<\\1>2025-06-%02dT10:00:00Z</\\1>" % dice.randrange(1, 28)
    return _one(dice, body, lambda entry: _DATE.sub(date, entry))


def reorder(dice: Random, body: bytes) -> bytes:
    listed = entries(body)
    dice.shuffle(listed)
    return _with(body, listed)


def duplicate(dice: Random, body: bytes) -> bytes:
    """The same entry again, as it is or with another title, date or link under its guid."""
    again = dice.choice(entries(body))
    changes: tuple[Mutation, ...] = (lambda _dice, body: body, edit, redate, relink, retitle)
    again = dice.choice(changes)(dice, again)
    return _with(body, [*entries(body), again])


def relink(dice: Random, body: bytes) -> bytes:
    """An entry gets the link of another one."""
    link = _LINK.search(dice.choice(entries(body)))
    if link is None:
        return body
    other = link[2]
    return _one(dice, body, lambda entry: _LINK.sub(lambda match: match[1] + other, entry))


def retitle(dice: Random, body: bytes) -> bytes:
    """One entry, or most of them, are signed, or no longer."""
    share, mark = dice.choice((0.1, 0.6, 1.0)), dice.choice(_TAILS)

    def signed(entry: bytes) -> bytes:
        if dice.random() > share:
            return entry
        return _TITLE.sub(lambda match: match[1] + match[2] + mark + match[3], entry, 1)

    return _with(body, [signed(entry) for entry in entries(body)])


def unsign(_dice: Random, body: bytes) -> bytes:
    return body.replace(b" - Evening Post", b"")


def change_head(dice: Random, body: bytes) -> bytes:
    pattern, made = dice.choice(_HEAD)
    return re.sub(pattern, made, body, count=1)


def rename_feed(dice: Random, body: bytes) -> bytes:
    name = dice.choice((b"Evening Post", b"Wire", b"News - World", b"Other"))
    return _TITLE.sub(lambda match: match[1] + name + match[3], body, count=1)


def respace(dice: Random, body: bytes) -> bytes:
    if dice.random() < 0.5:
        return body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return _with(body, [b"<!-- <item> &amp; -->" + entry for entry in entries(body)])


def splinter(dice: Random, body: bytes) -> bytes:
    """Something falls into the document, anywhere or into an entry."""
    piece = dice.choice(_SPLINTERS)
    if dice.random() < 0.5:
        return _one(dice, body, lambda entry: _between_tags(dice, entry, piece))
    place = dice.randrange(len(body))
    return body[:place] + piece + body[place:]


def _between_tags(dice: Random, entry: bytes, piece: bytes) -> bytes:
    place = dice.choice([match.end() for match in re.finditer(rb">", entry)][:-1] or [0])
    return entry[:place] + piece + entry[place:]


def tear(dice: Random, body: bytes) -> bytes:
    """Some bytes are lost, in the middle or at the end."""
    start = dice.randrange(len(body))
    return body[:start] + (b"" if dice.random() < 0.3 else body[start + dice.randrange(60) :])


MUTATIONS: tuple[Mutation, ...] = (
    *(insert, insert, insert, insert, remove, edit, edit, redate, reorder, relink),
    *(retitle, retitle, unsign, change_head, rename_feed, respace),
)
ACCIDENTS: tuple[Mutation, ...] = (splinter, splinter, duplicate, duplicate, tear)


def mutated(dice: Random, body: bytes) -> bytes:
    """The next version of a document: one to three things were done to it."""
    for _ in range(dice.choice((1, 1, 2, 3))):
        if not entries(body):
            return body
        body = dice.choice(MUTATIONS)(dice, body)
    return body


def arrived(dice: Random, body: bytes) -> bytes:
    """A version as it arrived: mostly as it is, else after an accident that the next one mends."""
    if dice.random() < 0.75 or not entries(body):
        return body
    return dice.choice(ACCIDENTS)(dice, body)
