"""HTML, text and URLs from outside made safe. Pure; the only importer of nh3.

Promise: whatever comes in, the result is legal XML 1.0 text, runs no script, and cleaning it
again changes nothing. Time is linear in the input: what is too large, too deep or too twisted
for the sanitiser is reduced to its text.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Literal
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

import nh3

from aggregator.core.nesting import MAX_DEPTH, is_tidy, is_too_nested
from aggregator.core.trackers import (
    Cleaning,
    is_pixel,
    without_hidden_images,
    without_tracking_links,
)

MAX_URL = 2048  # characters, before and after encoding
MAX_HTML = 512 * 1024  # characters of one summary or content
MAX_REDUCED = 64 * 1024  # characters kept of what is reduced to text
MAX_PASSES = 4  # until cleaning again changes nothing
MAX_TITLE_SOURCE = 16 * 1024  # characters of markup looked at for one line of text

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LEGAL = re.compile("[ -\ud7ff\t\n\r\ue000-\ufffd\U00010000-\U0010ffff]*+")
_FORBIDDEN = bytes(range(0x20)).translate(None, b"\t\n\r")  # all that is illegal in ASCII
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_LATIN1_CONTROLS = re.compile("[\x7f-\x9f]")


def xml_legal(text: str) -> str:
    """Drop every character that XML 1.0 forbids (XML 1.0 §2.2), lone surrogates included."""
    return text if _is_xml_legal(text) else _ILLEGAL.sub("", text)


def _is_xml_legal(text: str) -> bool:
    """Asked of every text, several times: to look for what is legal is quicker than to replace."""
    if text.isascii():
        return len(text.encode().translate(None, _FORBIDDEN)) == len(text)
    return _LEGAL.fullmatch(text) is not None


# --- plain text

_REFERENCE = re.compile(r"&(?:#([0-9]{1,8})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z][a-zA-Z0-9]{1,31}));")
_LONG_REFERENCE = re.compile(r"&#(?:[0-9]{9,}|[xX][0-9a-fA-F]{7,});?")
_TAG = re.compile(r"<[^<>]*>")
_BLOCK = (
    "address|article|aside|audio|blockquote|br|caption|center|dd|details|div|dl|dt|figcaption"
    "|figure|footer|h[1-6]|header|hgroup|hr|li|main|nav|ol|p|pre|section|summary|table|td|th|tr"
    "|ul|video"
)
_BLOCK_TAG = re.compile(rf"<(?=/?(?:{_BLOCK})\b)", re.IGNORECASE)
_CLEAN_BLOCK_TAG = re.compile(rf"</?(?:{_BLOCK})\b[^>]*>")
_CLEAN_TAG = re.compile(r"<[^>]*>")
_INLINE = (
    "a|abbr|acronym|b|bdi|bdo|big|center|cite|code|del|div|em|font|h[1-6]|i|ins|kbd|li|mark|nobr"
    "|ol|p|q|s|samp|small|span|strike|strong|sub|sup|time|tt|u|ul|var"
)
_REAL_MARKUP = re.compile(rf"</(?:{_INLINE})\s{{0,8}}>|<(?:br|img|wbr|hr)\b[^<>]*>", re.IGNORECASE)


def one_line(text: str, limit: int) -> str:
    """Text as typed, on one line of at most `limit` characters.

    Control characters and bidirectional overrides go: they would reach beyond the line.
    """
    text = text[: 8 * limit]
    if not text.isprintable():
        text = _BIDI_CONTROLS.sub("", _LATIN1_CONTROLS.sub(" ", _ILLEGAL.sub(" ", text)))
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    return text[: limit - 1].rstrip() + "…"


def plain_text(value: str, limit: int) -> str:
    """HTML in, one line of text out; character references are decoded once."""
    value = _unwrapped(value[:MAX_TITLE_SOURCE])
    if "<" in value:
        spaced = _BLOCK_TAG.sub(" <", xml_legal(value))
        value = _STRIPPER.clean(spaced) if len(_TAG.findall(spaced)) < MAX_DEPTH else _bare(spaced)
    return one_line(_unescape(value), limit)


def _unwrapped(value: str) -> str:
    """A CDATA section that was escaped once too often holds text, not a comment."""
    if "<![CDATA[" not in value:
        return value
    return value.replace("<![CDATA[", "").replace("]]>", "")


def guessed_text(value: str, limit: int, *, undecoded: bool = False) -> str:
    """One line of text from an element that may hold text or escaped HTML (any RSS title).

    It is HTML only when it really has markup: `AT&T`, `a < b` and `<script> explained` are
    text. Text is not decoded a second time, but for references to characters outside ASCII
    (`&rsquo;`), which nobody means literally, unless it is `undecoded` (came as CDATA).
    """
    value = _unwrapped(value)
    if "<" in value and _REAL_MARKUP.search(value, 0, MAX_TITLE_SOURCE):
        return plain_text(value, limit) or one_line(value, limit)
    value = value[:MAX_TITLE_SOURCE]
    if undecoded:
        return one_line(_unescape(value), limit)
    return one_line(_REFERENCE.sub(_beyond_ascii, value), limit)


def text_of(clean_html: str) -> str:
    """The visible text of HTML that HtmlCleaner made; white space collapsed."""
    text = _CLEAN_TAG.sub("", _CLEAN_BLOCK_TAG.sub(" ", clean_html))
    return " ".join(html.unescape(text).split())


def lines_of(clean_html: str) -> str:
    """The visible text of HTML that HtmlCleaner made, each block on a line of its own."""
    return html.unescape(_CLEAN_TAG.sub("", _CLEAN_BLOCK_TAG.sub("\n", clean_html)))


def paragraphs(text: str) -> str:
    """Plain text as HTML: blank lines part paragraphs, line ends become breaks."""
    blocks = (block.strip() for block in re.split(r"\n[ \t\r]*\n", text))
    return "".join(
        f"<p>{html.escape(block, quote=False)}</p>".replace("\n", "<br>")
        for block in blocks
        if block
    )


def _beyond_ascii(match: re.Match[str]) -> str:
    character = html.unescape(match[0])
    return character if all(ord(one) > 127 for one in character) else match[0]


def _unescape(text: str) -> str:
    # int() refuses more than 4,300 digits, and no character has a number of nine
    return html.unescape(_LONG_REFERENCE.sub("\N{REPLACEMENT CHARACTER}", text))


def _bare(markup: str) -> str:
    """Markup without its tags, comments and scripts, in linear time, not decoded."""
    for start, end in (("<!--", "-->"), ("<script", "</script"), ("<style", "</style")):
        markup = _without(markup, start, end)
    return _TAG.sub("", _BLOCK_TAG.sub(" <", markup))


def _without(text: str, start: str, end: str) -> str:
    """Cut from each `start` to the `>` that closes `end`, both lower case; unclosed: all."""
    lowered = text.lower() if len(text.lower()) == len(text) else text
    kept: list[str] = []
    position = 0
    while (opening := lowered.find(start, position)) >= 0:
        kept.append(text[position:opening])
        closing = lowered.find(end, opening + len(start))
        position = lowered.find(">", closing) + 1 if closing >= 0 else 0
        if not position:
            return "".join(kept)
    kept.append(text[position:])
    return "".join(kept)


# --- URLs

_URL_CUT = re.compile("[\t\n\r]")
_URL_EDGES = "".join(map(chr, range(0x21)))
_WEB = re.compile("https?:", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]+\.)*[\w-]+\.?|\[[0-9a-fA-F:.]{2,45}\]")
_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")
_SAFE = "!$&'()*+,;=:@/?%~-._"  # RFC 3986 pchar, "/", "?" and what is encoded already
_KEPT = r"A-Za-z0-9!$&'()*+,;=:@/~._-"  # of path, query and fragment, besides what is encoded
_USUAL = re.compile(
    r"https?://(?:[a-z0-9-]+\.)*[a-z0-9-]+"
    rf"(?:/(?:[{_KEPT}]++|%[0-9a-fA-F]{{2}})*+)?"
    rf"(?:\?(?:[?{_KEPT}]++|%[0-9a-fA-F]{{2}})++)?(?:\#(?:[?{_KEPT}]++|%[0-9a-fA-F]{{2}})++)?"
)


def absolute_url(href: str, base: str) -> str:
    """`href` as a browser would read it at `base`, if that is an http(s) address; else "".

    White space and control characters go as in the URL Standard, credentials are dropped,
    what RFC 3986 does not allow in path, query and fragment is percent-encoded.
    An empty `href` gives "": it never means the document itself.
    """
    if len(href) <= MAX_URL and _USUAL.fullmatch(href):
        return href  # as nearly all are: nothing to resolve, nothing to encode
    href = xml_legal(_URL_CUT.sub("", href.strip(_URL_EDGES)))
    if not href or len(href) > MAX_URL:
        return ""
    href = _slashed(href)
    try:  # urljoin makes the base of "http://", which names no host
        parts = urlsplit(href if _WEB.match(href) else urljoin(base, href))
        authority = _authority(parts)
    except ValueError:  # a bad port or a broken IPv6 literal
        return ""
    if parts.scheme not in ("http", "https") or not authority:
        return ""
    rest = (_encoded(part) for part in (parts.path, parts.query, parts.fragment))
    url = urlunsplit((parts.scheme, authority, *rest))
    return url if len(url) <= MAX_URL else ""


def _slashed(href: str) -> str:
    """Backslashes before the query are slashes, as in every browser."""
    cut = min((at for at in map(href.find, "?#") if at >= 0), default=len(href))
    return href[:cut].replace("\\", "/") + href[cut:]


def _authority(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    name = host.rpartition(":")[0] if parts.port is not None or host.endswith(":") else host
    if not _HOST.fullmatch(name):
        return ""
    return name.lower() if parts.port is None else f"{name.lower()}:{parts.port}"


def _encoded(part: str) -> str:
    return quote(_PERCENT.sub("%25", part), safe=_SAFE)


# --- HTML


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TAGS = _words(
    "a abbr acronym article aside audio b bdi bdo blockquote br caption center cite code col"
    " colgroup dd del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header"
    " hgroup hr i img ins kbd li mark nav ol p pre q rp rt ruby s samp section small source span"
    " strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var video"
    " wbr"
)
_GONE_WITH_CONTENT = _words(
    "applet button embed frameset head iframe math noembed noframes noscript object option"
    " plaintext script select style svg template textarea title xmp"
)
_ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href", "hreflang"},
    "audio": {"src"},
    "bdo": {"dir"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"datetime"},
    "details": {"open"},
    "img": {"src", "alt", "width", "height"},
    "ins": {"datetime"},
    "ol": {"start", "reversed", "type"},
    "source": {"src", "type"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "time": {"datetime"},
    "video": {"src", "poster", "width", "height"},
}
_PLAYER = {"controls": ""}  # a single one: the sanitiser adds several in random order
_STRIPPER = nh3.Cleaner(tags=set(), attributes={}, clean_content_tags={"script", "style"})

_IMAGE = re.compile(r"<img\b([^>]*)>")
_PRE = re.compile(r"(<pre\b[^>]*>)\n+")
_EVERYTHING = Cleaning()


class HtmlCleaner:
    """Sanitises HTML found at `base`, against which relative addresses are resolved.

    With a base that is not http(s), relative addresses are dropped.
    """

    def __init__(self, base: str, cleaning: Cleaning = _EVERYTHING) -> None:
        self._sanitiser = _sanitiser(base)
        self._cleaning = cleaning

    def clean(self, markup: str) -> str:
        """Balanced HTML without script, style, forms and frames, and what `cleaning` names.

        Cleaning the result again gives the same. Longer than MAX_HTML, nested deeper than
        MAX_DEPTH, or not settled after MAX_PASSES: the text alone, in one paragraph.
        """
        markup = xml_legal(markup)
        if self._cleaning.pixels and len(markup) <= MAX_HTML:
            markup = without_hidden_images(markup)
        for _ in range(MAX_PASSES):
            if len(markup) > MAX_HTML or is_too_nested(markup):
                break
            cleaned = self._once(markup)
            if cleaned == markup or (len(cleaned) <= MAX_HTML and is_tidy(cleaned)):
                return cleaned
            markup = cleaned
        return self._reduced(markup)

    def _once(self, markup: str) -> str:
        cleaned = _IMAGE.sub(self._visible_image, self._sanitiser.clean(markup))
        if self._cleaning.tracking_parameters:
            cleaned = without_tracking_links(cleaned)
        # every parser drops the first line end in <pre>, so a second would go next time
        return _PRE.sub(r"\1", xml_legal(cleaned)).strip()

    def _visible_image(self, match: re.Match[str]) -> str:
        hidden = ' src="' not in match[1] or (self._cleaning.pixels and is_pixel(match[1]))
        return "" if hidden else match[0]

    def _reduced(self, markup: str) -> str:
        text = xml_legal(" ".join(_unescape(_bare(markup)).split())[:MAX_REDUCED])
        return self._once(paragraphs(text))


class _Sanitiser:
    """nh3 for what stands at one base.

    To make a Cleaner takes longer than to clean a short text, and each has one base. So one of
    them serves all bases, for as long as there is nothing relative in what it lets through.
    """

    def __init__(self, base: str) -> None:
        self._base = base
        self._own: nh3.Cleaner | None = None

    def clean(self, markup: str) -> str:
        if self._own is None:
            cleaned = _COMMON.clean(markup)
            if not _RELATIVE.search(cleaned):
                return cleaned
            self._own = _cleaner_at(self._base)
        return self._own.clean(markup)


_sanitiser = lru_cache(maxsize=256)(_Sanitiser)


def _cleaner_at(base: str) -> nh3.Cleaner:
    try:
        return _cleaner(("rewrite_with_base", absolute_url(base, "")))
    except ValueError:
        return _cleaner("deny")


def _cleaner(
    url_relative: Literal["deny", "pass_through"] | tuple[Literal["rewrite_with_base"], str],
) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(_TAGS),
        clean_content_tags=set(_GONE_WITH_CONTENT),
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        url_relative=url_relative,
        set_tag_attribute_values={"audio": _PLAYER, "video": _PLAYER},
    )


_COMMON = _cleaner("pass_through")
# An address as the sanitiser writes it that may be relative: in `href`, `src` or `poster`.
_RELATIVE = re.compile('="(?!https?://|mailto:)(?<=(?:ref|src|ter)=")')
