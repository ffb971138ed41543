"""Values -> pages, in UTF-8."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aggregator.core.model import Article
from aggregator.core.render import FORMATS, GENERATOR, feed_path, page_path
from aggregator.core.render.fields import language_tag, legal, web_address
from aggregator.core.render.pieces import HTML, Pieces
from aggregator.core.settings import Output
from aggregator.pages.words import ArticleLine, article_line, day_name, days, moment
from aggregator.standing import Standing, facts
from aggregator.standing.words import counted, distance

if TYPE_CHECKING:
    from jinja2 import Environment

    from aggregator.explain import Tally

PAGE_ARTICLES: Final = 100
STATUS_SOURCES: Final = 500  # a browser still likes that; the rest is in status.json
STATUS_RULES: Final = 100  # with something to note
INDEX_TO_ROOT: Final = "./"
OUTPUT_TO_ROOT: Final = "../../"
NOT_FOUND: Final = ("Not here", "There is nothing at this address.")

INDEX: Final = "index.html"
STYLE: Final = "style.css"
FEED_STYLE: Final = "feed.css"  # of raw feeds in a browser

_TEMPLATES: Final = Path(__file__).parents[1] / "templates"
_FORM_NAMES: Final = {"atom": "Atom", "rss": "RSS", "json": "JSON Feed"}
_STYLES: Final = (STYLE, FEED_STYLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all pages share. `root` leads to the index page: relative, or a path."""

    title: str
    root: str = INDEX_TO_ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One form in which an output can be had. `path` is relative to the root."""

    name: str
    path: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputLine:
    """One output as pages name it."""

    title: str
    subtitle: str = ""
    language: str = ""
    page: str  # its page, relative to the root
    sources: int
    updated: datetime | None = None  # None: never built
    formats: tuple[Format, ...]


def formats_of(output: Output) -> tuple[Format, ...]:
    """The forms in which an output can be had, the one to recommend first."""
    return tuple(
        Format(name=_FORM_NAMES[form], path=feed_path(output.id, form), type=media_type)
        for form, media_type in FORMATS.items()
    )


def output_line(output: Output, *, updated: datetime | None) -> OutputLine:
    """What pages say of an output whose feed was last changed then; None: never built."""
    return OutputLine(
        title=output.title,
        subtitle=output.subtitle,
        language=output.language,
        page=page_path(output.id),
        sources=len(output.sources),
        updated=updated,
        formats=formats_of(output),
    )


def draw_index(site: Site, outputs: Sequence[OutputLine], *, private: bool = False) -> bytes:
    """The outputs, with autodiscovery of each; the list of sources is for the public one."""
    edition = _edition(site, outputs)
    return _draw("index.html", site, edition=edition, outputs=outputs, private=private)


def draw_output(
    site: Site, output: OutputLine, articles: Sequence[Article], *, known: Pieces | None = None
) -> bytes:
    """The first articles of an output, in the order given, day by day (UTC).

    Those drawn before are taken from `known`, others are added to it.
    """
    shown = articles[:PAGE_ARTICLES]
    memory = known or Pieces(0)
    return _draw(
        "output.html",
        site,
        output=output,
        days=[(day, [_drawn(one, memory) for one in group]) for day, group in days(shown)],
        shown=len(shown),
        more=len(articles) > len(shown),
    )


def _drawn(article: Article, known: Pieces) -> str:
    piece = known.of(article)
    if HTML not in piece:
        drawn = legal(_macro_of_article()(article_line(article)))
        piece = known.add(article, {HTML: drawn.encode()})
    return piece[HTML].decode()


@cache
def _macro_of_article() -> Callable[[ArticleLine], str]:
    module = _environment().get_template("article.html").module
    macro: Callable[[ArticleLine], str] = vars(module)["article"]
    return macro


def draw_status(
    site: Site,
    sources: Sequence[Standing],
    counts: Sequence[tuple[str, int]],
    *,
    rules: Tally | None,
    now: datetime,
) -> bytes:
    """How sources are, in the order given, and what to know of rules; both within bounds.

    `counts` are those of all sources: only the first are drawn.
    """
    noted = [one for one in rules.rules if one.note] if rules is not None else []
    return _draw(
        "status.html",
        site,
        sources=sources[:STATUS_SOURCES],
        total=sum(count for _, count in counts),
        counts=counts,
        rules=rules,
        noted=noted[:STATUS_RULES],
        more=max(0, len(noted) - STATUS_RULES),
        now=now,
    )


def draw_error(site: Site, heading: str, text: str) -> bytes:
    """What is wrong, and the way back."""
    edition = _edition(site, (heading, text))
    return _draw("error.html", site, edition=edition, heading=heading, text=text)


@cache
def stylesheets() -> Mapping[str, bytes]:
    """The files that pages and feeds name as their stylesheets, by name."""
    return {name: _file(name) for name in _STYLES}


def is_page(head: bytes) -> bool:
    """Do these first bytes (1 KiB is plenty) belong to a page that was drawn here?"""
    return f'<meta name="generator" content="{GENERATOR}" data-edition="'.encode() in head


def is_current(head: bytes, site: Site, shown: object = ()) -> bool:
    """The same of a page drawn with today's templates, for today's site.

    `shown` is what else tells the edition: the lines of an index, the words of an error.
    """
    edition = _edition(site, shown)
    return f'<meta name="generator" content="{GENERATOR}" data-edition="{edition}"'.encode() in head


def _edition(site: Site, shown: object = ()) -> str:
    """A hash over what shapes all pages alike, and over what a small page shows."""
    told = repr((site.root, shown)) if shown else ""
    return _hash(_templates() + f"{site.title}\0{told}".encode("utf-8", "surrogatepass"))


@cache
def _templates() -> bytes:
    names = sorted(path.name for path in _TEMPLATES.iterdir())
    return b"\0".join(_file(name) for name in names if name.endswith((".html", ".css")))


def _file(name: str) -> bytes:
    return (_TEMPLATES / name).read_bytes()


def _hash(content: bytes) -> str:
    return blake2b(content, digest_size=6).hexdigest()


def _draw(template: str, site: Site, *, edition: str = "", **values: object) -> bytes:
    page = _environment().get_template(template)
    return legal(page.render(site=site, edition=edition or _edition(site), **values)).encode()


@cache
def _environment() -> Environment:
    # Loaded late: most runs write no page anew.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals.update(
        generator=GENERATOR,
        style=f"{STYLE}?v={_hash(stylesheets()[STYLE])}",
        counted=counted,
        distance=distance,
        day_name=day_name,
        moment=moment,
        facts=facts,
        language_tag=language_tag,
        web_address=web_address,
    )
    return environment
