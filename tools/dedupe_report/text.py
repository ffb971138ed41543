"""The report as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from tools.dedupe_report.measure import (
    Placed,
    Score,
    false_pairs,
    kind_of,
    mixed_articles,
    operations_of,
    reused_guids,
    second_founders,
    split_stories,
    true_pairs,
    twin_headlines,
    wrong_joins,
)
from tools.dedupe_report.run import Result

# Which part of an item an operation of the generator changes.
PARTS = {
    "headline": "update kicker site tail trunc case quotes apos dash ws ent nfd ascii moji zw "
    "markup abbr title-edit",
    "link": "utm http www slash frag wrapper hostcase",
    "text": "dateline edited excerpt boilerplate pixel adds",
    "guid": "guid-churn",
}
PART_OF = {operation: part for part, words in PARTS.items() for operation in words.split()}
WIDEST = 200  # characters of a title or link in an example


def report(results: Sequence[Result], *, texts: bool, examples: int) -> Iterator[str]:
    """All lines of the report."""
    yield "# Duplicates found" if texts else "# Duplicates found by headlines alone"
    yield ""
    yield from _seeds(results)
    yield from _ids(results)
    yield from _operations(results, texts=texts)
    yield from _relations(results)
    yield from _false_merges(results)
    if examples:
        yield from _examples(results, examples)


def _table(*columns: str) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|---|{'---:|' * (len(columns) - 1)}"


def _row(*values: object) -> str:
    return f"| {' | '.join(map(str, values))} |"


def _share(value: float) -> str:
    return f"{value:.4f}"


def _seeds(results: Sequence[Result]) -> Iterator[str]:
    yield from _table("seed", "items", "true pairs", "precision", "recall", "missed", "false", "s")
    for result in results:
        items = f"{len(result.placed)}" + (f" ({result.lost} lost)" if result.lost else "")
        yield _score_row(str(result.seed), items, result.score, f"{result.seconds:.0f}")
    total = sum((result.score for result in results), Score())
    yield _score_row("all", str(sum(len(result.placed) for result in results)), total, "")
    precision = min(result.score.precision for result in results)
    recall = min(result.score.recall for result in results)
    yield _row("**worst**", "", "", f"**{_share(precision)}**", f"**{_share(recall)}**", "", "", "")
    yield ""


def _score_row(name: str, items: str, score: Score, seconds: str) -> str:
    missed, wrong = score.true - score.found, score.predicted - score.found
    shares = (_share(score.precision), _share(score.recall))
    return _row(name, items, score.true, *shares, missed, wrong, seconds)


def _ids(results: Sequence[Result]) -> Iterator[str]:
    changed = sum(result.ids.changed for result in results)
    repeated = sum(result.ids.repeated for result in results)
    yield f"Ids over all rounds: {changed} ids changed, {repeated} repeated."
    yield from (f"- {words}" for result in results for words in result.ids.broken[:20])
    yield ""


def _operations(results: Sequence[Result], *, texts: bool) -> Iterator[str]:
    """A pair counts for each operation done to either of its items."""
    pairs, missed, founders = _count_operations(results)
    yield "## Missed, by what was done to either copy"
    yield ""
    yield "*second articles*: so changed entries that founded one though their story had one."
    yield ""
    yield from _table("operation", "part", "pairs", "missed", "recall", "second articles")
    for operation in sorted(pairs, key=lambda name: (-missed[name], -pairs[name], name)):
        recall = 1 - missed[operation] / pairs[operation]
        part = PART_OF.get(operation, "")
        if part == "text" and not texts:
            continue
        counts = (pairs[operation], missed[operation], _share(recall), founders[operation])
        yield _row(operation, part, *counts)
    yield ""


def _count_operations(
    results: Sequence[Result],
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    pairs: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    founders: Counter[str] = Counter()
    for result in results:
        for one, other in true_pairs(result.placed):
            operations = operations_of(one.item, other.item)
            pairs.update(operations)
            if one.article != other.article:
                missed.update(operations)
        for founder in second_founders(result.placed):
            founders.update(founder.item.operations or ("(none)",))
    return pairs, missed, founders


def _relations(results: Sequence[Result]) -> Iterator[str]:
    pairs: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for result in results:
        for one, other in true_pairs(result.placed):
            names = _relation_names(one, other)
            pairs.update(names)
            if one.article != other.article:
                missed.update(names)
    yield "## Missed, by what the two are to each other"
    yield ""
    yield from _table("pair", "pairs", "missed", "recall")
    for name in sorted(pairs):
        recall = 1 - missed[name] / pairs[name]
        yield _row(name, pairs[name], missed[name], _share(recall))
    yield ""


def _relation_names(one: Placed, other: Placed) -> tuple[str, str]:
    where = "one feed" if one.item.feed == other.item.feed else "two feeds"
    return " and ".join(sorted((one.item.relation, other.item.relation))), where


def _false_merges(results: Sequence[Result]) -> Iterator[str]:
    pairs = Counter(
        " × ".join(sorted((kind_of(one.item), kind_of(other.item))))
        for result in results
        for one, other in false_pairs(result.placed)
    )
    joins = [join for result in results for join in wrong_joins(result.placed)]
    reasons = Counter(reason for result in results for reason in _reasons(result.placed))
    reused = sum(len(reused_guids(result.placed)) for result in results)
    twins = sum(len(twin_headlines(result.placed)) for result in results)
    yield "## False merges"
    yield ""
    yield f"{sum(pairs.values())} pairs, from {len(joins)} wrong decisions."
    if reused:
        yield f"Guids that the generator gave to two stories of one feed: {reused}."
    if twins:
        yield f"Headlines that the generator gave to two stories: {twins}."
    yield ""
    yield from _counted("kinds of the two stories", pairs)
    yield from _counted("rule and evidence", reasons)
    operations = Counter(name for join in joins for name in join.item.operations or ("(none)",))
    yield from _counted("operation on what joined wrongly", operations)


def _counted(name: str, counts: Counter[str]) -> Iterator[str]:
    if not counts:
        return
    yield from _table(name, "number")
    yield from (_row(what, count) for what, count in counts.most_common())
    yield ""


def _reasons(placed: Sequence[Placed]) -> Iterator[str]:
    """Rule and evidence, without figures, of the wrong decisions of a seed."""
    reused = reused_guids(placed)
    for join in wrong_joins(placed):
        if (join.item.feed, join.item.guid) in reused:
            yield "guid: the feed used it for two stories"
        else:
            yield f"{join.entry.rule}: {join.entry.evidence.rstrip('0123456789. ')}"


def _examples(results: Sequence[Result], limit: int) -> Iterator[str]:
    yield "## Stories told by several articles"
    yield ""
    yield from _groups(results, limit, split_stories, lambda each: each.article)
    yield "## Articles that tell several stories"
    yield ""
    yield from _groups(results, limit, mixed_articles, lambda each: each.item.story)


def _groups(
    results: Sequence[Result],
    limit: int,
    groups_of: Callable[[Sequence[Placed]], dict[str, list[Placed]]],
    part: Callable[[Placed], str],
) -> Iterator[str]:
    found = (
        (result.seed, *each) for result in results for each in groups_of(result.placed).items()
    )
    for seed, name, group in islice(found, limit):
        yield f"### {name} (seed {seed})"
        yield ""
        for inner in dict.fromkeys(map(part, group)):
            yield f"- {inner}"
            yield from _entries(each for each in group if part(each) == inner)
        yield ""


def _entries(group: Iterable[Placed]) -> Iterator[str]:
    for each in group:
        item, entry = each.item, each.entry
        done = " ".join(item.operations) or "unchanged"
        yield f"  - {item.feed} {item.relation} ({done}); {entry.rule}: {entry.evidence}"
        yield f"    `{_short(item.title)}`"
        yield f"    {_short(item.link)} guid {_short(item.guid)}"


def _short(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= WIDEST else words[:WIDEST] + "…"
