"""Feed -> the identity of each entry: slug, slug hash, keys, content hash, sketch. Pure.

An identity is made from the document alone. Whether two identities mean one story is for the
judge to say; see `core/judge`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from aggregator.core.clean import lines_of
from aggregator.core.gist import gist, lead
from aggregator.core.keying import HASH_VERSION
from aggregator.core.links import canonical_link, guid_without_host, site_label, url_slug
from aggregator.core.model import Entry, Feed, FeedInfo, Identity, Key
from aggregator.core.settings import Source
from aggregator.core.sketch import opening, shingles, sketch, story_text, words_of
from aggregator.core.slug import CUT, hash64, headline, plain, slugify, stem, tail

LEARNT_TAIL_ENTRIES = 4  # entries that must share a tail before it counts as the site's name
NO_TITLE = "untitled"

_ABSOLUTE_IRI = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x20]+$")
_NEVER_AN_ID = ("javascript:", "vbscript:", "data:", "file:", "about:", "blob:", "hash:")
_SPACES = b" \t\n\r"
_COUNTER = re.compile(
    rb"[0-9][0-9.,]*\s*(?:comments?|shares?|views?|likes?|replies)\b", re.IGNORECASE
)


def identify(feed: Feed, *, source: Source) -> tuple[Identity, ...]:
    """Return the identity of every entry of a feed, in the same order."""
    links = [canonical_link(entry.link) for entry in feed.entries]
    counts = Counter(links)
    own = [link if counts[link] == 1 else "" for link in links]
    names = site_names(feed, source)
    return identify_among(feed.entries, own_links=own, source=source, names=names)


def identify_among(
    entries: Sequence[Entry], *, own_links: Sequence[str], source: Source, names: frozenset[str]
) -> tuple[Identity, ...]:
    """Return the identity of some entries of a document.

    `own_links` are their canonical links, "" where other entries of the document share it;
    `names` its site names.
    """
    return tuple(
        _identity(entry, source=source, link=link, names=names)
        for entry, link in zip(entries, own_links, strict=True)
    )


def identify_stored(
    entries: Sequence[Entry], *, source: Source, site_names: frozenset[str]
) -> tuple[Identity, ...]:
    """Return the identity of entries whose documents are gone, one by one.

    None has a key by its link: whether that was one story's alone only the document could tell.
    """
    return tuple(_identity(entry, source=source, link="", names=site_names) for entry in entries)


def site_names(feed: Feed, source: Source) -> frozenset[str]:
    """Return the slugs by which the source signs its headlines (` - Reuters`).

    Taken from the titles and hosts of feed and source, and learnt from a tail that most
    entries of the document share.
    """
    labels = [label for entry in feed.entries[:1] for label in site_label(entry.link)]
    tails = Counter(tail(entry.title) for entry in feed.entries)
    learnt = [text for text, count in tails.items() if is_learnt(count, of=len(feed.entries))]
    return names_given(feed.info, source) | frozenset([*labels, *learnt]) - {""}


def names_given(info: FeedInfo, source: Source) -> frozenset[str]:
    """Return those of the site names that no entry has to say."""
    names = {slugify(info.title), slugify(source.title)}
    for part in re.split(r"\s*[-|:\u2013\u2014\u00bb\u203a]\s+", info.title):
        names.add(slugify(part))
    for link in (info.link, source.url):
        names.update(site_label(link))
    return frozenset(names - {""})


def is_learnt(count: int, *, of: int) -> bool:
    """Is a tail that so many of the entries share the name of the site?"""
    return count >= LEARNT_TAIL_ENTRIES and count * 2 > of


def _identity(entry: Entry, *, source: Source, link: str, names: frozenset[str]) -> Identity:
    summary, content = lines_of(entry.summary), lines_of(entry.content)
    text = story_text(content.strip() or summary)
    words = words_of(text)
    trace = _trace(entry.title, words)
    normal = headline(entry.title, site_names=names)
    bare = normal.rstrip(CUT)
    key = entry_key_of(source.id, entry.guid)
    return Identity(
        entry_key=key,
        stem=stem(entry.title) or _substitute_stem(entry, words),
        slug_hash=_slug_hash(entry, source=source, entry_key=key, normal=bare, text=text),
        keys=_keys(entry, source=source, link=link, normal=bare, trace=trace),
        content_hash=_content_hash(entry, summary, content),
        sketch=sketch(trace),
        words=len(words),
        headline=normal,
        atom_id=entry.guid if _is_absolute_iri(entry.guid) else "",
    )


def _trace(title: str, words: list[bytes]) -> list[int]:
    """The shingles of a text. Where it says the headline again it says nothing of its own."""
    said = set(shingles(words_of(plain(title))))
    trace = shingles(words)
    if said.isdisjoint(trace):
        return trace
    return [shingle for shingle in trace if shingle not in said]


def _slug_hash(entry: Entry, *, source: Source, entry_key: int, normal: str, text: str) -> int:
    """Hash the full headline; without one the link, else the text. Pools do not share hashes."""
    pool = source.dedupe.pool
    scope = "" if pool == "default" else pool
    if not source.dedupe.enabled:
        return own_slug_hash(entry_key)
    if normal:
        return hash64(HASH_VERSION, scope, normal)
    return hash64(HASH_VERSION, scope, "link", canonical_link(entry.link) or text or entry.guid)


def entry_key_of(source: str, guid: str) -> int:
    """Return the primary key of an entry: of a guid in the source of this id."""
    return hash64("entry", source, guid)


def own_slug_hash(entry_key: int) -> int:
    """Return the slug hash of a story whose headline alone is already taken by another one.

    An entry key covers source and guid, so no two entries ask for the same one.
    """
    return hash64(HASH_VERSION, "own", str(entry_key))


def _keys(
    entry: Entry, *, source: Source, link: str, normal: str, trace: list[int]
) -> tuple[Key, ...]:
    dedupe = source.dedupe
    shared = dedupe.enabled and "guid" in dedupe.by
    keys = list(guid_keys(entry.guid, source=source.id, pool=dedupe.pool if shared else None))
    if dedupe.enabled and "link" in dedupe.by:
        keys += _link_keys(link, pool=dedupe.pool)
    if dedupe.enabled and "slug" in dedupe.by:
        keys += headline_keys(normal, pool=dedupe.pool)
        keys += _url_slug_keys(entry.link, pool=dedupe.pool)
        keys += text_keys(trace, pool=dedupe.pool)
    return tuple(keys)


def guid_keys(guid: str, *, source: str, pool: str | None = "default") -> tuple[Key, ...]:
    """Return the keys that a guid gives in the source of this id.

    One that can serve as an atom:id also nominates articles of other sources of the pool; None:
    of no other source.
    """
    keys = (
        Key("guid", hash64("guid", source, guid)),
        Key("guid~", hash64("guid~", source, guid_without_host(guid))),
    )
    return (*keys, Key("id", _id_key(guid, source, pool))) if _is_absolute_iri(guid) else keys


def _id_key(guid: str, source: str, pool: str | None) -> int:
    if pool is None:
        return hash64("id", "source", source, guid)
    return hash64("id", guid) if pool == "default" else hash64("id", "pool", pool, guid)


def link_keys(link: str, *, pool: str) -> tuple[Key, ...]:
    """Return the keys that a link can give in a pool, whatever else its document held."""
    return (*_link_keys(canonical_link(link), pool=pool), *_url_slug_keys(link, pool=pool))


def headline_keys(normal: str, *, pool: str) -> tuple[Key, ...]:
    """Return the keys that a headline in its normal form gives in a pool."""
    if not normal:
        return ()
    keys = (Key("slug", hash64("slug", pool, normal)),)
    start = lead(gist(normal))
    return (*keys, Key("lead", hash64("lead", pool, start))) if start else keys


def text_keys(trace: list[int], *, pool: str) -> tuple[Key, ...]:
    """Return the keys that the opening of a text (its shingles in order) gives in a pool."""
    return tuple(Key("text", hash64("text", pool, str(value))) for value in opening(trace))


def _link_keys(canonical: str, *, pool: str) -> tuple[Key, ...]:
    return (Key("link", hash64("link", pool, canonical)),) if canonical else ()


def _url_slug_keys(link: str, *, pool: str) -> tuple[Key, ...]:
    words = url_slug(link)
    return (Key("urlslug", hash64("urlslug", pool, words)),) if words else ()


def _is_absolute_iri(guid: str) -> bool:
    """Can the guid serve as an atom:id as it is (RFC 4287 §4.2.6)?"""
    if len(guid) > 1000 or guid.lower().startswith(_NEVER_AN_ID):
        return False
    return bool(_ABSOLUTE_IRI.match(guid))


def _content_hash(entry: Entry, summary: str, content: str) -> int:
    """Hash what a reader would call the content: white space and counters do not count."""
    texts = f"{summary}\n{content}".replace("\N{NO-BREAK SPACE}", " ")
    letters = _COUNTER.sub(b"", texts.encode("utf-8", "surrogatepass")).translate(None, _SPACES)
    title = " ".join(entry.title.split())
    enclosures = (enclosure.href.partition("?")[0] for enclosure in entry.enclosures)
    return hash64("content", title, letters.decode("utf-8", "surrogatepass"), *enclosures)


def _substitute_stem(entry: Entry, words: list[bytes]) -> str:
    """A readable stem for an entry whose title yields none: its first words, or its link's."""
    return (
        stem(b" ".join(words[:12]).decode())
        or stem(url_slug(entry.link).replace("-", " "))
        or NO_TITLE
    )
