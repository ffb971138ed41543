"""The tool that lists which behaviours are proven."""

from __future__ import annotations

import textwrap

import pytest

from tools import rows


def claimed(source: str) -> list[tuple[str, str]]:
    found = rows.proofs(textwrap.dedent(source), name="t")
    return [(proof.row, proof.test) for proof in found]


def test_a_comment_above_a_test_claims_rows() -> None:
    assert claimed(
        """
        # P3 P14
        def test_a() -> None:
            assert True
            # P99
        """
    ) == [("P3", "t::test_a"), ("P14", "t::test_a")]


def test_a_comment_on_the_def_line_claims_rows() -> None:
    source = """
        async def test_a(  # W7
            x: int,
        ) -> None:  # S2
            pass
    """
    assert claimed(source) == [("W7", "t::test_a"), ("S2", "t::test_a")]


def test_a_comment_among_the_decorators_claims_rows() -> None:
    source = """
        # P1: said above
        @mark(
            1,  # P2
        )
        # P3
        def test_a() -> None:
            pass
    """
    assert [row for row, _ in claimed(source)] == ["P1", "P2", "P3"]


def test_a_method_of_a_class_is_found() -> None:
    source = """
        class TestStore:
            # P5
            def test_a(self) -> None:
                pass
    """
    assert claimed(source) == [("P5", "t::test_a")]


def test_a_comment_above_a_helper_claims_nothing() -> None:
    assert claimed("# P1\ndef helper() -> None:\n    pass\n") == []


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# P14", ("P14",)),
        ("# P1, W2 S3", ("P1", "W2", "S3")),
        ("# P14: the whole of it", ("P14",)),
        ("# P14 (half)", ("P14",)),
        ("# as P14 says", ()),
        ("# P14 is proven elsewhere", ()),
        ("# noqa: S101", ()),
    ],
)
def test_only_a_comment_that_begins_with_rows_is_a_claim(
    comment: str, expected: tuple[str, ...]
) -> None:
    assert rows.rows_in(comment) == expected


def test_a_row_that_does_not_exist_is_named() -> None:
    found = (rows.Proof("P109", "t::test_a"), rows.Proof("S44", "t::test_b"))
    assert rows.unknown(found) == found[:1]


def test_the_report_ends_with_totals_and_the_rows_without_a_test() -> None:
    lines = list(rows.report((rows.Proof("S1", "t::test_a"),), only_missing=False))
    assert lines[0] == "S1   t::test_a"
    assert "hostile: 1 of 44 rows proven" in lines
    assert lines[-1].startswith("  without a test: S2 S3 ")
