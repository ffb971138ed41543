"""How much of one text stands in another."""

from __future__ import annotations

import random
import re
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.sketch import (
    OPENING_KEYS,
    SKETCH_SIZE,
    Overlap,
    opening,
    overlap,
    shingles,
    sketch,
    story_text,
    words_of,
)

WORDS = [f"word{number}" for number in range(500)]
MIX = 0x9E3779B97F4A7C15


def encoded(words: list[str]) -> list[bytes]:
    return [word.encode("utf-8", "surrogatepass") for word in words]


def sketched(words: list[str]) -> tuple[int, ...]:
    return sketch(shingles(encoded(words)))


def opened(words: list[str]) -> tuple[int, ...]:
    return opening(shingles(encoded(words)))


def prose(seed: int, length: int) -> list[str]:
    return random.Random(seed).choices(WORDS, k=length)


def share(one: list[str], other: list[str]) -> float:
    found = overlap(sketched(one), sketched(other))
    assert found is not None
    return found.share


def test_a_text_stands_wholly_in_itself() -> None:
    text = sketched(prose(1, 400))
    assert overlap(text, text) == Overlap(share=1.0, shared=SKETCH_SIZE, compared=SKETCH_SIZE)


def test_an_excerpt_stands_in_the_whole() -> None:
    whole = prose(1, 600)
    assert share(whole[:120], whole) > 0.8


def test_two_stories_do_not_overlap() -> None:
    assert share(prose(1, 400), prose(2, 400)) < 0.05


def test_an_edited_copy_still_shows_its_origin() -> None:
    whole = prose(1, 300)
    edited = [word if place % 10 else "changed" for place, word in enumerate(whole)]
    assert share(whole, edited) > 0.4


def test_too_short_a_text_says_nothing() -> None:
    assert overlap(sketched(prose(1, 5)), sketched(prose(1, 400))) is None
    assert overlap((), ()) is None


def test_page_leftovers_do_not_belong_to_the_story() -> None:
    text = "The story itself.\n\nReferences\n[1] An agency.\n\nLeave a Reply"
    assert story_text(text).strip() == "The story itself."
    assert story_text("Body. The post X appeared first on Y.").strip() == "Body."


def test_page_leftovers_are_found_below_blank_lines_and_in_capitals() -> None:
    assert story_text("Body.\n \n\t LEAVE A REPLY \nName:").strip() == "Body."
    assert story_text("Body. THE POST X\nY APPEARED FIRST ON Z").strip() == "Body."
    assert story_text("We leave a reply to others.") == "We leave a reply to others."


def test_a_text_that_is_all_leftovers_is_kept() -> None:
    assert story_text("References") == "References"
    assert story_text("\n\n References\n[1] An agency.") == "\n\n References\n[1] An agency."


def test_scripts_without_spaces_are_cut_into_letters() -> None:
    assert words_of("他来了吗今天") == encoded(list("他来了吗今天"))
    assert words_of("BBC 他来了吗今天") == encoded(["bbc", *"他来了吗今天"])


@given(st.text(alphabet="aZ09 _-\n\t\x1f.,'’“”–—…\xa0éßИ", max_size=60))
def test_words_are_the_same_whichever_way_a_text_is_cut(text: str) -> None:
    expected = re.findall(r"[^\W_]+", text.casefold())
    assert words_of(text) == encoded(expected)


@given(st.lists(st.binary(max_size=6), max_size=40))
def test_the_shingles_of_a_text_are_those_of_each_three_words(words: list[bytes]) -> None:
    hashes = [crc32(word) for word in words]
    assert shingles(words) == [
        (((one * MIX + two) * MIX + three) * MIX >> 32) & 0xFFFFFFFF
        for one, two, three in zip(hashes, hashes[1:], hashes[2:], strict=False)
    ]


@given(st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 2**20), max_size=400))
def test_a_sketch_holds_the_least_of_all_numbers(numbers: list[int]) -> None:
    assert sketch(numbers) == tuple(sorted(set(numbers))[:SKETCH_SIZE])


@given(st.lists(st.text(min_size=1, max_size=8), max_size=300))
def test_a_sketch_is_small_and_ascending(words: list[str]) -> None:
    numbers = sketched(words)
    assert len(numbers) <= SKETCH_SIZE
    assert list(numbers) == sorted(set(numbers))
    assert all(0 <= number < 2**32 for number in numbers)


@given(st.lists(st.sampled_from(WORDS), max_size=200), st.lists(st.sampled_from(WORDS)))
def test_an_overlap_is_symmetric_and_within_bounds(one: list[str], other: list[str]) -> None:
    left, right = sketched(one), sketched(other)
    found = overlap(left, right)
    assert found == overlap(right, left)
    assert found is None or 0.0 <= found.share <= 1.0
    assert found is None or found.shared <= found.compared <= SKETCH_SIZE


def test_texts_that_open_alike_are_found_by_one_of_three_numbers() -> None:
    whole = prose(4, 300)
    dated = ["lima", "june", "27", "staff", *whole]
    assert set(opened(whole)) & set(opened(dated))
    assert set(opened(whole[:40])) == set(opened(whole))
    assert not set(opened(whole)) & set(opened(prose(5, 300)))
    assert len(opened(whole)) == OPENING_KEYS


def test_too_short_a_text_opens_like_nothing() -> None:
    assert opened(prose(1, 5)) == ()
