"""The figures as a drawing: SVG, legible on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH = 760  # of the drawing; all in pixels
NAMES, LABELS = 160, 150  # left and right of the bars
BAR, STEP, GAP = 16, 22, 44
MARGIN, TOP = 16, 44

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title, .scenario { font-weight: 600; }
.page { fill: #ffffff; }
.bar { fill: #8c959f; }
.first { fill: #0969da; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .page { fill: #0d1117; }
  .bar { fill: #6e7681; }
  .first { fill: #4493f8; }
}
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar and what stands at its ends."""

    name: str
    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Group:
    """Bars to be compared with each other; the longest of a group is as long as fits."""

    name: str
    bars: tuple[Bar, ...]


def chart(title: str, groups: Sequence[Group]) -> str:
    """The whole document. The first bar of each group stands out."""
    height = TOP + sum(GAP + STEP * len(group.bars) for group in groups)
    drawn = "\n".join(_lines(title, groups))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n"
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="6"/>\n{drawn}\n</svg>\n'
    )


def _lines(title: str, groups: Sequence[Group]) -> Iterator[str]:
    yield _text(MARGIN, 28, title, "title")
    top = TOP
    for group in groups:
        yield _text(MARGIN, top + 20, group.name, "scenario")
        longest = max(bar.value for bar in group.bars)
        for index, bar in enumerate(group.bars):
            place = top + 30 + index * STEP
            yield from _bar(bar, place, share=bar.value / longest, is_first=index == 0)
        top += GAP + STEP * len(group.bars)


def _bar(bar: Bar, top: int, *, share: float, is_first: bool) -> Iterator[str]:
    length = max(1.0, share * (WIDTH - NAMES - LABELS - MARGIN))
    kind = "first" if is_first else "bar"
    yield _text(MARGIN, top + 13, bar.name)
    yield f'<rect class="{kind}" x="{NAMES}" y="{top}" width="{length:.1f}" height="{BAR}"/>'
    yield _text(NAMES + length + 6, top + 13, bar.label)


def _text(left: float, base: float, text: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{left:.1f}" y="{base:.1f}">{escape(text)}</text>'
