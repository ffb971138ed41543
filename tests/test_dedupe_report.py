"""The instruments that measure how well duplicates are found."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.core.model import StoredEntry
from tests.feed_server import Story, rss
from tools.dedupe_report import __main__ as command
from tools.dedupe_report import material
from tools.dedupe_report.ids import Ids
from tools.dedupe_report.material import Item
from tools.dedupe_report.measure import (
    Placed,
    Register,
    Score,
    reused_guids,
    score,
    second_founders,
    wrong_joins,
)
from tools.dedupe_report.run import Result
from tools.dedupe_report.text import report

NOW = datetime(2025, 6, 27, 12, 0, tzinfo=UTC)


def item(guid: str, story: str, *, feed: str = "a", title: str = "A title") -> Item:
    return Item(
        feed=feed, guid=guid, link=f"https://{feed}.example/{guid}", title=title, story=story
    )


def entry(guid: str, slug: str, *, source: str = "a", rule: str = "new") -> StoredEntry:
    return StoredEntry(
        source=source,
        guid=guid,
        link=f"https://{source}.example/{guid}",
        title="A title",
        slug=slug,
        rule=rule,
        evidence="text overlap 0.90",
        first_seen=NOW,
        sort_at=NOW,
    )


def placed(*pairs: tuple[str, str]) -> list[Placed]:
    """Items by story and article; the first of an article founded it."""
    founded: set[str] = set()
    found = []
    for order, (story, article) in enumerate(pairs):
        rule = "slug" if article in founded else "new"
        founded.add(article)
        told = item(str(order), story)
        stored = entry(str(order), article, rule=rule)
        found.append(Placed(item=told, entry=stored, article=article, order=order))
    return found


def test_precision_and_recall_count_pairs_of_items() -> None:
    found = score(placed(("s", "x"), ("s", "x"), ("s", "y"), ("t", "y")))
    assert found == Score(found=1, predicted=2, true=3)
    assert (found.precision, found.recall) == (1 / 2, 1 / 3)


def test_without_any_pair_nothing_is_wrong() -> None:
    assert (Score().precision, Score().recall) == (1.0, 1.0)


def test_of_wrong_decisions_only_the_first_counts_of_each_story() -> None:
    found = placed(("s", "x"), ("t", "x"), ("t", "x"), ("u", "x"), ("s", "y"), ("s", "y"))
    assert [each.item.guid for each in wrong_joins(found)] == ["1", "3"]
    assert [each.item.guid for each in second_founders(found)] == ["4"]


def test_an_item_is_where_its_entry_is_now() -> None:
    register = Register()
    register.note([item("1", "s"), item("2", "s")], [entry("1", "x"), entry("2", "y")])
    register.note([item("1", "s", title="Edited")], [entry("1", "x"), entry("2", "x")])
    assert score(tuple(register.placed.values())) == Score(found=3, predicted=3, true=3)


def test_an_item_whose_entry_was_dropped_stays_where_it_was() -> None:
    register = Register()
    register.note([item("1", "s")], [entry("1", "x")])
    register.note([item("2", "s")], [entry("2", "x")])
    assert score(tuple(register.placed.values())).found == 1


def test_an_item_without_an_entry_is_lost_and_counted() -> None:
    register = Register()
    register.note([item("1", "s"), item("2", "s")], [entry("1", "x")])
    assert (len(register.placed), len(register.lost)) == (1, 1)


def test_an_entry_renamed_because_its_guid_was_repeated_is_found() -> None:
    register = Register()
    twin = entry("1 https://a.example/1", "y")
    register.note([item("1", "s")], [entry("1", "x"), twin])
    assert [each.article for each in register.placed.values()] == ["y"]


def test_a_guid_that_tells_two_stories_is_told() -> None:
    stored = entry("1", "x")
    found = [
        Placed(item=item("1", story, title=story), entry=stored, article="x", order=0)
        for story in ("s", "t")
    ]
    assert reused_guids(found) == {("a", "1")}


def published(*ids: str) -> bytes:
    entries = "".join(f"<entry><id>{atom_id}</id></entry>" for atom_id in ids)
    return f"<feed xmlns='http://www.w3.org/2005/Atom'>{entries}</feed>".encode()


def test_ids_that_stay_are_no_news() -> None:
    ids = Ids()
    for _ in range(2):
        ids.look([entry("1", "x")], {"x": "urn:x"}, published("urn:x"))
    assert (ids.changed, ids.repeated, ids.broken) == (0, 0, [])


def test_an_entry_that_moves_to_another_id_is_noticed() -> None:
    ids = Ids()
    ids.look([entry("1", "x")], {"x": "urn:x"}, published("urn:x"))
    ids.look([entry("1", "y")], {"x": "urn:x", "y": "urn:y"}, published("urn:y"))
    assert (ids.changed, ids.repeated) == (1, 0)


def test_an_article_that_gets_another_id_is_noticed() -> None:
    ids = Ids()
    ids.look([], {"x": "urn:x"}, published())
    ids.look([], {"x": "urn:z"}, published())
    assert ids.changed == 1


@pytest.mark.parametrize(
    ("atom_ids", "shown"),
    [
        ({"x": "urn:x"}, ("urn:x", "urn:x")),
        ({"x": "urn:x", "y": "urn:x"}, ("urn:x",)),
        ({}, ("urn:x",)),
    ],
)
def test_an_id_that_does_not_mean_one_article_is_noticed(
    atom_ids: dict[str, str], shown: tuple[str, ...]
) -> None:
    ids = Ids()
    ids.look([], atom_ids, published(*shown))
    assert ids.repeated == 1


def test_texts_are_taken_away_and_nothing_else() -> None:
    document = rss(Story("1", "One", body="Some words."), Story("2", "Two", body=""))
    bare = material.without_texts(document)
    assert b"Some words." not in bare
    assert bare.count(b"<item>") == 2
    assert b"<description>Sample</description>" in bare
    atom = b'<entry><title>T</title><content type="html">a &lt;b></content></entry>'
    assert material.without_texts(atom) == b"<entry><title>T</title></entry>"


def result(*pairs: tuple[str, str]) -> Result:
    found = tuple(placed(*pairs))
    return Result(seed=7, placed=found, lost=0, score=score(found), ids=Ids(), seconds=1.0)


def test_the_report_tells_the_worst_seed_the_ids_and_the_mistakes() -> None:
    results = (result(("s", "x"), ("s", "x")), result(("s", "x"), ("s", "y"), ("t", "y")))
    lines = list(report(results, texts=True, examples=5))
    assert "| **worst** |  |  | **0.0000** | **0.0000** |  |  |  |" in lines
    assert "Ids over all rounds: 0 ids changed, 0 repeated." in lines
    assert "1 pairs, from 1 wrong decisions." in lines
    assert "| slug: text overlap | 1 |" in lines
    assert "### s (seed 7)" in lines
    assert "### y (seed 7)" in lines


def test_without_the_test_kit_the_command_says_what_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--testkit", str(tmp_path)]) == command.ABSENT
    assert command.main(["--merges", "uci", "--corpus", str(tmp_path)]) == command.ABSENT
    assert "AGGREGATOR_SHARED" in capsys.readouterr().err
