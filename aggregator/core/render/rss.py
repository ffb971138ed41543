"""What feedgen 1.0.0 leaves out of RSS 2.0 or gets wrong. Pure.

It puts the content of an entry without a summary into `description`, names authors by mail
address only, and knows neither dc:creator, the source of an item, nor links but `self`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.utils import format_datetime
from typing import Any, Final

from feedgen.util import xml_elem

from aggregator.core.model import Article
from aggregator.core.render.extension import (
    HTML,
    MEDIA,
    add_language,
    add_thumbnail,
    add_way_out,
    remove_all,
)
from aggregator.core.render.fields import legal, source_author, web_address
from aggregator.core.render.heading import Heading
from aggregator.core.render.history import HISTORY, add_history
from aggregator.core.render.jsonfeed import UNKNOWN_TYPE
from aggregator.core.render.links import Link
from aggregator.core.render.texts import Told

_ATOM: Final = "http://www.w3.org/2005/Atom"
_CONTENT: Final = "http://purl.org/rss/1.0/modules/content/"
_CREATOR: Final = "http://purl.org/dc/elements/1.1/"
_MARKUP: Final = re.compile(r"<(?=[A-Za-z/!?])")  # where an HTML parser leaves text (HTML §13.2.5)
_TEXTS: Final = ("title", "category", "source", f"{{{_CREATOR}}}creator", f"{{{_CREATOR}}}rights")
_PACE: Final = "http://purl.org/rss/1.0/modules/syndication/"


class RssExtension:
    """A feedgen extension for RSS, for the feed and for each of its items."""

    heading: Heading | None = None
    entry: Told | None = None

    def extend_ns(self) -> dict[str, str]:
        """The namespaces to declare at the root."""
        return {"media": MEDIA, "dc": _CREATOR, "sy": _PACE, "fh": HISTORY, "html": HTML}

    def extend_rss(self, element: Any) -> None:
        """Complete the element of the channel, or of an item."""
        if self.heading is not None:
            _complete_channel(element[0], self.heading)
        if self.entry is not None:
            _complete_item(element, self.entry)


def _complete_channel(channel: Any, heading: Heading) -> None:
    remove_all(channel, f"{{{_ATOM}}}link")
    for attributes in heading.links("rss"):
        xml_elem(f"{{{_ATOM}}}link", channel, **attributes)
    xml_elem(f"{{{_PACE}}}updatePeriod", channel).text = "hourly"
    xml_elem(f"{{{_PACE}}}updateFrequency", channel).text = str(max(1, 60 // heading.ttl))
    for person in heading.authors:
        xml_elem(f"{{{_CREATOR}}}creator", channel).text = person["name"]
    add_way_out(channel, heading)
    add_history(channel, heading)


def _complete_item(item: Any, entry: Told) -> None:
    article = entry.article
    _fix_texts(item, entry)
    remove_all(item, "author")
    for person in entry.authors:
        xml_elem(f"{{{_CREATOR}}}creator", item).text = person["name"]
    # Readers look at no other date. (feedgen would set the locale of the whole process for it.)
    xml_elem("pubDate", item).text = format_datetime(entry.published or article.updated)
    xml_elem(f"{{{_ATOM}}}updated", item).text = article.updated.isoformat()
    rights = legal(article.entry.rights)
    if rights:
        xml_elem(f"{{{_CREATOR}}}rights", item).text = rights
    add_language(item, article)
    add_thumbnail(item, article)
    _add_links(item, entry.links)
    _add_source(item, article)
    _keep_texts(item)


def _keep_texts(item: Any) -> None:
    """Let texts be texts also for readers that take them for HTML: RSS does not say (S33).

    Only `<` where a tag could begin is written as a reference, so that nearly all texts are the
    same for every reader.
    """
    for element in item.iterchildren(*_TEXTS):
        if "<" in (element.text or ""):
            element.text = _MARKUP.sub("&lt;", element.text)


def _fix_texts(item: Any, entry: Told) -> None:
    """content:encoded holds the content, description the summary, and one of the two titles."""
    if not entry.title:
        item.remove(item.find("title"))
    description = item.find("description")
    if description is None:
        if not entry.title:
            xml_elem("description", item)  # one of the two there must be
    elif entry.content and not entry.summary:
        if entry.is_html:
            description.tag = f"{{{_CONTENT}}}encoded"
            if not entry.title:
                xml_elem("description", item)
        elif entry.title:
            item.remove(description)


def _add_links(item: Any, links: Iterable[Link]) -> None:
    """The first file as enclosure: most readers take one only. All else as Atom links."""
    files = 0
    for link in links:
        if link["rel"] == "enclosure" and not files:
            files += 1
            _add_enclosure(item, link)
        elif link["rel"] != "alternate":
            xml_elem(f"{{{_ATOM}}}link", item, **link)


def _add_enclosure(item: Any, link: Link) -> None:
    length, kind = link.get("length", "0"), link.get("type", UNKNOWN_TYPE)
    xml_elem("enclosure", item, url=link["href"], length=length, type=kind)


def _add_source(item: Any, article: Article) -> None:
    info = article.entry.origin or article.info
    address = web_address(info.self_link) or web_address(info.link)
    if address:
        title = legal(info.title).strip() or source_author(article).name
        xml_elem("source", item, url=address).text = title
