"""Real front pages and headlines: every merge that was ever made of them was read by a human.

`make dedupe-report ARGS="--merges captures"` (or `uci`) lists all merges. One that no table here
knows fails the tests: read both headlines, then enter it, or mend the judge.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from aggregator.app import clock
from tools.dedupe_report.material import Headline, by_publisher, captures, headlines
from tools.dedupe_report.merges import Merge, merges

# --- front pages of January 2017

VERGE = ("atomtheverge", "atomvergeallposts")

# Words of the links of one story. The last five are not found: short texts of one agency's copy
# that differ or stand under another headline, or headlines that do without a text.
TOLD_TWICE = (
    ("trump-says-mexico-would-repay", "us-usa-trump-mexico-wall"),
    ("japan-france-agree-start-talks", "japan-france-agree-to-enhance"),
    ("russia-said-scaling-back-syria", "russia-says-it-is-scaling-back"),
    ("nishikori-makes-brisbane-final", "nishikori-beats-wawrinka"),
    ("taiwan-leader-heads-to-americas", "taiwan-leader-heads-americas"),
    ("report-on-election-hacking", "report-on-us-election-hacking"),
    ("donor-to-pm-theresa-mays-party", "us-britain-eu-donor"),
    ("police-say-chicago-beating", "beating-on-video-began"),
)


@cache
def of_2017(corpus: Path) -> tuple[Merge, ...]:
    return merges(captures(corpus, now=clock.now()))


def is_told(merge: Merge, words: tuple[str, ...]) -> bool:
    return all(any(word in entry.link for word in words) for entry in merge.entries)


def lines(found: Iterable[Merge]) -> str:
    return "\n\n".join(
        "\n".join(f"{entry.title}\n  {entry.link}\n  {entry.evidence}" for entry in merge.entries)
        for merge in found
    )


def test_the_front_page_and_all_posts_of_one_site_share_eight_articles(corpus: Path) -> None:
    shared = [merge for merge in of_2017(corpus) if merge.sources == VERGE]
    assert len(shared) == 8
    assert all(len({entry.title for entry in merge.entries}) == 1 for merge in shared)


def test_front_pages_share_no_article_that_is_not_one_story(corpus: Path) -> None:
    others = [merge for merge in of_2017(corpus) if merge.sources != VERGE]
    unread = [merge for merge in others if not any(is_told(merge, words) for words in TOLD_TWICE)]
    assert not unread, lines(unread)
    assert len(others) >= 3


# --- headlines of 10 March 2014; numbers are those of the UCI News Aggregator data

# Copies of one text: of one agency, in its versions, or by one publisher twice. Not all are found.
READ = """
10 11 / 15 42 / 17 21 22 / 23 30 / 28 31 32 34 / 36 37 / 38 40 / 55 66 72 73 75 / 52 491 / 57 60
58 59 / 63 71 / 79 81 / 82 89 / 84 85 / 91 96 / 94 103 / 111 132 133 / 113 831 835 / 115 467
119 152 / 125 154 / 129 138 / 135 145 / 142 143 / 177 182 184 / 200 208 210 / 217 223 / 218 222 224
251 283 287 296 298 / 266 297 / 302 305 310 / 303 315 324 / 313 321 / 376 381 / 397 399 / 493 507
490 520 529 / 514 516 / 517 528 / 569 572 / 574 576 / 580 583 / 581 627 / 585 601 / 591 602
587 629 630 631 635 / 603 613 616 636 637 / 612 614 / 679 680 / 688 703 757 / 711 729
748 785 802 805 / 784 790 / 809 827 829 / 810 811 813 819 / 812 851 / 817 822 / 824 826
825 848 858 / 843 894 / 846 881 / 854 862 / 866 877 / 871 878 / 872 914 / 891 892 / 898 901
907 912 / 915 916 / 921 929 / 923 926 / 936 937 939 943 / 941 942
"""
# One event under one headline, one of them longer, and perhaps two texts: nothing is lost for
# the reader but a second report, and without texts nobody can tell.
DOUBTFUL = """
54 59 / 201 241 / 211 232 / 268 282 / 335 341 343 / 387 393 / 435 453 / 440 458 / 558 567 / 563 571
717 800
"""
# Two stories under one beginning: a report for the country, and what it says of one town.
WRONG = "415 448"
# Wire copies, word for word the same, that the data put into different stories.
LABELS_DIFFER = "52 491 / 113 831 835 / 115 467 / 490 520 529"


def groups(table: str) -> list[frozenset[str]]:
    parts = table.strip().replace("\n", " / ").split(" / ")
    return [frozenset(part.split()) for part in parts]


@cache
def read_headlines(corpus: Path) -> tuple[Headline, ...]:
    return tuple(headlines(corpus))


@cache
def of_2014(corpus: Path) -> tuple[Merge, ...]:
    return merges(by_publisher(read_headlines(corpus)))


def unknown(found: Iterable[Merge], *tables: str) -> list[Merge]:
    known = [group for table in tables for group in groups(table)]
    return [merge for merge in found if not any(merge.guids <= group for group in known)]


def test_headlines_alone_join_nothing_but_what_was_read_and_found_right(corpus: Path) -> None:
    unread = unknown(of_2014(corpus), READ, DOUBTFUL, WRONG)
    assert not unread, lines(unread)
    assert len(of_2014(corpus)) >= 35


def test_a_headline_that_goes_on_to_another_place_is_another_story(corpus: Path) -> None:
    assert all(merge.guids not in groups(WRONG) for merge in of_2014(corpus))


def test_headlines_alone_join_no_two_stories(corpus: Path) -> None:
    stories = {headline.number: headline.story for headline in read_headlines(corpus)}
    crossing = [
        merge for merge in of_2014(corpus) if len({stories[guid] for guid in merge.guids}) > 1
    ]
    wrong = unknown(crossing, LABELS_DIFFER)
    assert not wrong, lines(wrong)
