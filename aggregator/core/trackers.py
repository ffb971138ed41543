"""What follows readers around, and how it is taken off: campaign parameters and pixels. Pure."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

# Parameters that count where a reader came from and select nothing. Shorter than the list in
# `links`: that one makes keys, which nobody follows, so it may take `ref` or `share` for
# tracking; what is shown must still lead to the page.
CAMPAIGN_PREFIXES = ("utm_", "mtm_", "hsa_")
CAMPAIGN = frozenset(
    "fbclid gclid dclid gbraid wbraid msclkid yclid igshid mc_cid mc_eid _hsenc _hsmi mkt_tok "
    "xtor wt_mc sc_cid guccounter pk_campaign pk_kwd pk_keyword pk_source pk_medium pk_content "
    "pk_cid at_campaign at_campaign_type at_medium at_format at_bbc_team at_link_id at_link_type "
    "at_link_origin at_ptr_name at_custom1 at_custom2 at_custom3 at_custom4 ns_campaign "
    "ns_mchannel ns_source ns_linkname".split()
)
_SIGNED = frozenset(
    "sig sign signature hmac hdnts x-amz-signature x-goog-signature x-oss-signature".split()
)
PIXELS = (  # host and path of images that only count
    "pixel.wp.com/b.gif",
    "pixel.wp.com/g.gif",
    "stats.wordpress.com/b.gif",
    "feeds.feedburner.com/~r/",
    "feeds.feedburner.com/~ff/",
    "feeds.wordpress.com/1.0/",
    "rss.feedsportal.com/",
    "da.feedsportal.com/",
    "pixel.quantserve.com/",
    "b.scorecardresearch.com/",
    "sb.scorecardresearch.com/",
    "www.google-analytics.com/",
    "ad.doubleclick.net/",
    "www.facebook.com/tr",
    "px.ads.linkedin.com/",
    "pixel.newsletter2go.com/",
    "blogger.googleusercontent.com/tracker/",
)
_VG_WORT = re.compile(r"(?:[\w-]+\.)*vgwort\.de/na/")

_VALUE = r'"\s*0*[01](?:px)?\s*"'
_ONE_PIXEL_SIDE = re.compile(rf" (?:width|height)={_VALUE}")
_SOURCE = re.compile(r' src="https?://([^"]*)"')
_RAW_IMAGE = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)
_STYLE = re.compile(r"\bstyle\s{0,8}=\s{0,8}(?:\"([^\"]{0,200})\"|'([^']{0,200})')", re.IGNORECASE)
_HIDING = re.compile(r"(?<![\w-])(?:display\s*:\s*none|visibility\s*:\s*hidden)")
_NO_WIDTH = re.compile(r"(?<![\w-])width\s*:\s*[01](?:px)?\s*(?:;|!|$)")
_NO_HEIGHT = re.compile(r"(?<![\w-])height\s*:\s*[01](?:px)?\s*(?:;|!|$)")
_HREF = re.compile(r'(<a(?: (?!href=)[a-z]+="[^"]*")* href=")(https?://[^"]*[?#][^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """What is taken off the entries of a source besides all that could do harm."""

    pixels: bool = True
    tracking_parameters: bool = True


def without_tracking(link: str) -> str:
    """A link without campaign parameters, in its query or as its whole fragment.

    The rest stays as it is, byte for byte. A signed link stays whole: the signature may cover
    the query.
    """
    if "?" not in link and "#" not in link:
        return link
    head, mark, fragment = link.partition("#")
    path, _, query = head.partition("?")
    parameters = query.split("&")
    names = [_name(parameter) for parameter in parameters]
    if not _SIGNED.isdisjoint(names):
        return link
    kept = [each for each, name in zip(parameters, names, strict=True) if not is_campaign(name)]
    if len(kept) < len(parameters):
        head = f"{path}?{'&'.join(kept)}" if any(kept) else path
    if fragment and all(is_campaign(_name(each)) for each in fragment.split("&")):
        return head
    return head + mark + fragment


def is_campaign(name: str) -> bool:
    """Does a parameter of this name, in lower case, only say how a reader came to the page?"""
    return name in CAMPAIGN or name.startswith(CAMPAIGN_PREFIXES)


def _name(parameter: str) -> str:
    return parameter.partition("=")[0].lower()


def without_tracking_links(clean_html: str) -> str:
    """HTML as the sanitiser writes it, its links without campaign parameters."""
    return _HREF.sub(_shortened, clean_html)


def _shortened(match: re.Match[str]) -> str:
    link = html.unescape(match[2])
    shorter = without_tracking(link)
    return match[0] if shorter == link else f'{match[1]}{html.escape(shorter)}"'


def without_hidden_images(markup: str) -> str:
    """Any HTML without the images that its own styles hide: those styles will be gone.

    Read with patterns, not with a parser, so what it takes out must not matter to safety.
    """
    if "style" not in markup.lower():
        return markup
    return _RAW_IMAGE.sub(lambda match: "" if _is_hidden(match[0]) else match[0], markup)


def _is_hidden(tag: str) -> bool:
    found = _STYLE.search(tag)
    style = (found[1] or found[2] or "").lower() if found else ""
    return bool(_HIDING.search(style) or (_NO_WIDTH.search(style) and _NO_HEIGHT.search(style)))


def is_pixel(attributes: str) -> bool:
    """Is an image with these attributes, as the sanitiser writes them, there to count readers?"""
    if len(_ONE_PIXEL_SIDE.findall(attributes)) == 2:
        return True
    source = _SOURCE.search(attributes)
    address = source[1].lower() if source else ""
    return address.startswith(PIXELS) or _VG_WORT.match(address) is not None
