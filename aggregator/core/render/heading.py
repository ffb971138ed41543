"""What stands above the entries of a document, whatever its form. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aggregator.core.model import Person
from aggregator.core.render.fields import language_tag, legal, people, web_address
from aggregator.core.render.links import Link
from aggregator.core.render.places import (
    ARCHIVE_FORMATS,
    ATOM_TYPE,
    FORMATS,
    STYLE_PATH,
    archive_path,
    feed_path,
    page_path,
)
from aggregator.core.settings import Output


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """One document of an output: the subscription document, or a closed page of its archive.

    `query` makes it a part of the subscription document (see core.narrow).
    """

    output: Output
    base_url: str  # of the output (Output.base_of), ends with a slash: nothing else gives addresses
    atom_id: str
    page: int = 0  # of the archive; 0: the subscription document
    previous: int = 0  # the archive page that goes before; 0: none
    ttl: int = 60  # minutes that the document stays as it is, as a rule
    query: str = ""  # of its address

    @property
    def style(self) -> str:
        """What makes a raw feed bearable in a browser (W52).

        Relative, so that it is found by whatever name the browser calls the server: a
        stylesheet of another origin would not be taken.
        """
        return "../" * self._path("atom").count("/") + STYLE_PATH

    @property
    def title(self) -> str:
        return legal(self.output.title).strip() or self.output.id

    @property
    def subtitle(self) -> str:
        return legal(self.output.subtitle)

    @property
    def language(self) -> str:
        return language_tag(self.output.language)

    @property
    def authors(self) -> tuple[dict[str, str], ...]:
        return people([Person(self.output.author)])

    @property
    def home(self) -> str:
        """The page for people."""
        return self.base_url + page_path(self.output.id)

    @property
    def hub(self) -> str:
        """A private output has none: its address is nobody's business."""
        if self.page or self.output.access is not None:
            return ""
        return web_address(self.output.hub)

    @property
    def complete(self) -> bool:
        return self.output.complete and not self.page

    def address(self, form: str) -> str:
        """Where this document stands in one of its forms."""
        address = self.base_url + self._path(form)
        return f"{address}?{self.query}" if self.query else address

    def _path(self, form: str) -> str:
        if self.page:
            return archive_path(self.output.id, self.page, form)
        return feed_path(self.output.id, form)

    def previous_address(self, form: str) -> str:
        """The archive page that goes before, in a form it has; "" when there is none."""
        if not self.previous:
            return ""
        form = form if form in ARCHIVE_FORMATS else "atom"
        return self.base_url + archive_path(self.output.id, self.previous, form)

    def links(self, form: str) -> Iterator[Link]:
        """Yield the links of the document in one form: rel, href, type (W5, W6, RFC 5005 §4)."""
        yield {"rel": "self", "type": FORMATS[form], "href": self.address(form)}
        yield {"rel": "alternate", "type": "text/html", "href": self.home}
        for other in ARCHIVE_FORMATS if self.page else FORMATS:
            if other != form:
                yield {"rel": "alternate", "type": FORMATS[other], "href": self.address(other)}
        if self.page:
            current = self.base_url + feed_path(self.output.id, form)
            yield {"rel": "current", "type": FORMATS[form], "href": current}
        if self.previous:
            yield {
                "rel": "prev-archive",
                "type": ATOM_TYPE,
                "href": self.previous_address("atom"),
            }
        if self.hub:
            yield {"rel": "hub", "href": self.hub}
