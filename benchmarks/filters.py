"""What many keywords cost more than one, and what a hostile pattern costs.

    python -m benchmarks.filters [FOLDER]

Processor time of one process, the median of five interleaved runs, each on articles that have not
been looked at before. With a folder of feed documents (live captures) their entries are judged,
else made-up ones; the keywords are taken from what is judged. Prints a Markdown table.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aggregator.core.errors import ParseError
from aggregator.core.filter import Rule, View, compile_rule
from aggregator.core.filter.fold import fold, words_of
from aggregator.core.model import Article, Document, Entry, FeedInfo
from aggregator.core.parse import parse
from benchmarks.material import NOON, document

RUNS = 5
KEYWORDS = 500
DOCUMENTS, ENTRIES = 20, 50  # made-up ones
HOSTILE = ("/(a+)+$/", "/(a|a)*$/", r"/(\w*)*\1$/", "/(?:a|aa)+$/")
LETTERS = (28, 300, 20_000)


@dataclass(frozen=True, slots=True)
class Shape:
    """How keywords are written into a rule."""

    name: str
    rule: Callable[[list[str]], object]


def phrases(words: list[str]) -> list[str]:
    """As many phrases of two words."""
    return [f'"{first} {second}"' for first, second in zip(words, [*words[1:], "of"], strict=True)]


SHAPES = (
    Shape("words anywhere", lambda words: words),
    Shape("words in the title", lambda words: {"title": words}),
    Shape("phrases anywhere", phrases),
    Shape("phrases in the title", lambda words: {"title": phrases(words)}),
    Shape("unwanted words: -a -b …", lambda words: " ".join(f"-{word}" for word in words)),
    Shape("words in any of four fields", lambda words: [_anywhere(word) for word in words]),
    Shape("words with a condition each", lambda words: [f"{word} words>0" for word in words]),
)


def _anywhere(word: str) -> str:
    return f"title:{word} OR summary:{word} OR tag:{word} OR author:{word}"


def captured(folder: Path) -> Iterator[tuple[FeedInfo, Entry]]:
    """The entries of all feed documents in a folder."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        try:
            feed = parse(
                Document(url="https://h.example/", body=path.read_bytes()), max_entries=2000
            )
        except ParseError:
            continue
        yield from ((feed.info, entry) for entry in feed.entries)


def made_up() -> Iterator[tuple[FeedInfo, Entry]]:
    for number in range(DOCUMENTS):
        feed = parse(document(number, entries=ENTRIES), max_entries=2000)
        yield from ((feed.info, entry) for entry in feed.entries)


def article(info: FeedInfo, entry: Entry) -> Article:
    return Article(
        slug="slug",
        slug_hash=0,
        id="urn:example",
        source="source",
        info=info,
        entry=entry,
        first_seen=NOON,
        sort_at=entry.published or NOON,
        updated=NOON,
        words=1,
    )


def keywords(articles: list[Article]) -> list[str]:
    """Words of the articles, evenly picked from all that they have, rare and frequent."""
    views = (View(each, now=NOON) for each in articles)
    known = {word for view in views for word in view.folded("").words if usable(word)}
    found = sorted(known) + [f"invented{number}" for number in range(KEYWORDS)]
    step = max(1, len(known) // KEYWORDS)
    return found[::step][:KEYWORDS]


def usable(word: str) -> bool:
    """Is it written in a rule as it stands in a text?"""
    plain = word.isascii() and word.isalpha() and word not in ("and", "or", "not")
    return plain and words_of(fold(word)) == [word]


def seconds(rule: Rule, articles: list[Article]) -> float:
    """Of processor time to judge all articles, each for the first time."""
    before = time.process_time()
    for each in articles:
        rule.first_match(View(each, now=NOON))
    return time.process_time() - before


def ratio(shape: Shape, words: list[str], articles: list[Article]) -> tuple[float, float]:
    """What one keyword costs an article, in microseconds, and how much more all of them do."""
    one = compile_rule(shape.rule(words[len(words) // 2 :][:1]))
    many = compile_rule(shape.rule(words))
    pairs = [(seconds(one, articles), seconds(many, articles)) for _ in range(RUNS)]
    first = statistics.median(pair[0] for pair in pairs)
    return first / len(articles) * 1e6, statistics.median(many / one for one, many in pairs)


def delay(pattern: str, letters: int) -> float:
    """Milliseconds of processor time that a pattern takes on one article."""
    text = "a" * letters + "!"
    subject = article(FeedInfo(), Entry(guid="1", title=text, summary=text, content=text))
    rule = compile_rule(pattern)
    return statistics.median(seconds(rule, [subject]) for _ in range(RUNS)) * 1000


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    articles = [article(*each) for each in (captured(folder) if folder else made_up())]
    words = keywords(articles)
    print(f"{len(articles)} articles, {len(words)} keywords, median of {RUNS} runs\n")
    print(f"| keywords | one | {len(words)} cost |\n|---|---|---|")
    for shape in SHAPES:
        cost, times = ratio(shape, words, articles)
        print(
            f"| {shape.name} | {cost:.0f} µs an article | {times:.2f} times as much |", flush=True
        )
    print("\n| pattern | " + " | ".join(f"on {letters} letters" for letters in LETTERS) + " |")
    print("|---" * (len(LETTERS) + 1) + "|")
    for pattern in HOSTILE:
        delays = " | ".join(f"{delay(pattern, letters):.1f} ms" for letters in LETTERS)
        print(f"| `{pattern}` | {delays} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
