"""Hypothesis strategies for stored values: any text, odd ones first, and any whole second."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from aggregator.adapters.sqlite.codec import EPOCH
from aggregator.core.model import Enclosure, Entry, FeedInfo, Person

words = st.text(max_size=30) | st.sampled_from(
    ("", "\x00", "a\x00b", "'; DROP TABLE entries; --", "\u2028", "他来了", "𝒳", "\ufffe", "%_\\")
)
surrogates = st.sampled_from(("\ud800", "x\udfff", "caf\udce9"))
moments = st.integers(-62_000_000_000, 253_000_000_000).map(  # the years 6 to 9987
    lambda seconds: EPOCH + timedelta(seconds=seconds)
)

persons = st.builds(Person, words, words, words)
infos = st.builds(
    FeedInfo,
    title=words,
    subtitle=words,
    id=words,
    link=words,
    self_link=words,
    updated=st.none() | moments,
    authors=st.lists(persons, max_size=2).map(tuple),
    rights=words,
    icon=words,
    language=words,
)
entries = st.builds(
    Entry,
    guid=words,
    title=words | surrogates,
    link=words,
    published=st.none() | moments,
    updated=st.none() | moments,
    authors=st.lists(persons, max_size=2).map(tuple),
    categories=st.lists(words, max_size=3).map(tuple),
    summary=words,
    content=words | surrogates,
    enclosures=st.lists(
        st.builds(Enclosure, href=words, type=words, length=st.none() | st.integers(0, 2**70)),
        max_size=2,
    ).map(tuple),
    image=words,
    rights=words,
    language=words,
    origin=st.none() | infos,
)
