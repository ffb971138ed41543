"""Bounds for feedparser, and a memory for what it would forget. Pure."""

from __future__ import annotations

from feedparser.mixin import _FeedParserMixin

from aggregator.core.clean import absolute_url
from aggregator.core.parse.reader.texts import Texts

MAX_ELEMENTS = 2000  # of one entry, outside its texts
MAX_TAGS = 64
MAX_PREFIXES = 64
MAX_LISTED = 64  # hours or days

_VOID_ENDS = frozenset(
    f"</{name}>" for name in ("br", "hr", "img", "input", "wbr", "col", "source", "area", "embed")
)


class Bounded(Texts):
    """Keeps feedparser linear, and what it would forget."""

    can_be_relative_uri = _FeedParserMixin.can_be_relative_uri - {"id"}
    first = 0  # entries before this one are left out
    limit = 0  # so are those after so many
    seen = 0
    left_out = 0
    elements = 0  # of the entry at hand
    leaving_out = ""  # name of the element that is being skipped

    def leaves_out(self, tag: str) -> bool:
        """Is this element, which begins, one to be skipped or inside of one?"""
        if self.incontent:
            return bool(self.leaving_out)
        if tag in ("item", "entry"):
            self.seen += 1
            kept = self.first < self.seen <= self.first + self.limit
            self.left_out += not kept
            self.leaving_out = "" if kept else tag
            self.elements = 0
        elif self.inentry and not self.leaving_out:
            self.elements += 1
            self.leaving_out = tag if self.elements > MAX_ELEMENTS else ""
        return bool(self.leaving_out)

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        if not self.leaves_out(tag):
            super().unknown_starttag(tag, attrs)

    def unknown_endtag(self, tag: str) -> None:
        if not self.leaving_out:
            super().unknown_endtag(tag)
        elif tag == self.leaving_out:
            self.leaving_out = ""

    def handle_data(self, text: str, escape: int = 1) -> None:
        # feedparser ends void elements of XHTML, and HTML reads </br> as one more <br>
        if not self.leaving_out and (escape or text not in _VOID_ENDS):
            super().handle_data(text, escape)

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        if len(self.namespaces_in_use) < MAX_PREFIXES:
            super().track_namespace(prefix, uri)

    def resolve_uri(self, uri: str) -> str:
        # feedparser makes `http:///x` a host named x, and of `http://` the document itself
        return absolute_url(uri, self.baseuri) if self.baseuri else uri

    def _add_tag(self, term: str | None, scheme: str | None, label: str | None) -> None:
        if len(self._get_context().get("tags", ())) < MAX_TAGS:
            super()._add_tag(term, scheme, label)

    def _sync_author_detail(self, key: str = "author") -> None:
        # feedparser's pattern knows no top level domain longer than .info, in quadratic time
        context = self._get_context()
        if key == "author" and context.get("authors") and not context["authors"][-1]:
            context["authors"][-1]["name"] = context.get("author", "")

    # the guid as published: feedparser resolves it and mends its encoding

    def _end_guid(self) -> None:
        published = self.decode_entities("id", self.top()).strip()
        value = self.pop("id")
        context = self._get_context()
        if value is not None and context.get("id") == value:
            context["raw_id"] = published
        if self.guidislink:
            self._save("permalink", published)

    _end_id = _end_guid

    # descriptions of the second rank: feedparser would make them the content

    def _start_itunes_summary(self, _attrs: dict[str, str]) -> None:
        self.push("itunes_summary", 1)

    def _end_itunes_summary(self) -> None:
        self.pop("itunes_summary")

    def _start_itunes_subtitle(self, _attrs: dict[str, str]) -> None:
        self.push("itunes_subtitle", 1)

    def _end_itunes_subtitle(self) -> None:
        self.pop("itunes_subtitle")

    def _start_media_description(self, _attrs: dict[str, str]) -> None:
        self.push("media_description", 1)

    def _end_media_description(self) -> None:
        self.pop("media_description")

    # lists of which feedparser keeps the last

    def _start_hour(self, _attrs: dict[str, str]) -> None:
        self.push("hour", 0)

    def _end_hour(self) -> None:
        self._list("skip_hours", self.pop("hour"))

    def _start_day(self, _attrs: dict[str, str]) -> None:
        self.push("day", 0)

    def _end_day(self) -> None:
        self._list("skip_days", self.pop("day"))

    def _list(self, key: str, value: object) -> None:
        listed = self.feeddata.setdefault(key, [])
        if not self.inentry and len(listed) < MAX_LISTED:
            listed.append(value)
