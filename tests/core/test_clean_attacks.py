"""core/clean against collected attacks, judged by a parser that reads as browsers do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.core.clean import HtmlCleaner
from tests.core.documents import load

INPUT = re.compile(r'"input": ("(?:[^"\\]|\\.)*")')

MUTATIONS = [
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<template><script>alert(1)</script></template>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<select><template><style><!--</style><a rel='--></style></template><img onerror=alert(1)>'>",
    "<title><a title='</title><img src onerror=alert(1)>'>",
    "<b>a<p>b</b>c<table><b>d",
    "<svg><a xlink:href=javascript:alert(1)>x</a></svg>",
]


def payloads(corpus: Path) -> Iterator[str]:
    """The attacks: one a line, or under "input" in something like JSON."""
    for file in sorted((corpus / "swisskyrepo__PayloadsAllTheThings").rglob("*.txt")):
        yield from filter(None, file.read_text(errors="replace").splitlines())
    cases = corpus / "flavorjones__loofah/test/assets/testdata_sanitizer_tests1.dat"
    for quoted in INPUT.findall(cases.read_text()):
        yield json.loads(quoted)


# S27 S29 S30 S31
@pytest.mark.timeout(120)
def test_no_known_attack_is_left_with_anything_that_acts(corpus: Path, testkit: Path) -> None:
    danger = load(testkit / "xss_oracle.py").danger
    cleaner = HtmlCleaner("https://h.example/")
    vectors = list(payloads(corpus))
    assert len(vectors) > 1500
    survivors = {
        vector: reasons for vector in vectors if (reasons := danger(cleaner.clean(vector)))
    }
    assert survivors == {}


# S29
@pytest.mark.parametrize("vector", MUTATIONS)
def test_markup_that_changes_when_it_is_parsed_again_is_inert(vector: str, testkit: Path) -> None:
    danger = load(testkit / "xss_oracle.py").danger
    assert danger(HtmlCleaner("https://h.example/").clean(vector)) == []
