"""What is kept in memory is bounded."""

from __future__ import annotations

from aggregator.core.kept import Kept


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    kept: Kept[str, int] = Kept(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]


def test_sizes_count_and_not_only_numbers() -> None:
    kept: Kept[str, int] = Kept(100)
    for number, key in enumerate("abcd"):
        kept.put(key, number, size=40)
    assert [kept.get(key) for key in "abcd"] == [None, None, 2, 3]
    kept.put("c", 5, size=101)
    assert [kept.get(key) for key in "abcd"] == [None, None, None, 3]


def test_a_value_put_again_counts_once() -> None:
    kept: Kept[str, int] = Kept(100)
    for number in range(10):
        kept.put("a", number, size=60)
    kept.put("b", 1, size=40)
    assert (kept.get("a"), kept.get("b")) == (9, 1)
    kept.drop("a")
    kept.drop("a")
    assert kept.get("a") is None
