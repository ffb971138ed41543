"""Canonical links: when two URLs mean the same page. Pure.

A canonical link is a key. It is never fetched and never shown.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from aggregator.core.slug import slugify

# Parameters that say how a reader came to the page, not which page it is.
TRACKING = frozenset(
    "fbclid gclid dclid gbraid wbraid msclkid yclid igshid mc_cid mc_eid _hsenc _hsmi mkt_tok "
    "ncid cmpid cmp ocid ito cid_source ref ref_src ref_url referrer source_rss feed rss track "
    "oc smid smtyp sref partner share spm xtor wt_mc ftag xtref mbid trk trkcampaign guccounter "
    "taid sc_cid sh amp outputtype partner_id ns_campaign ns_mchannel ns_source ns_linkname".split()
)
TRACKING_PREFIXES = ("utm_", "at_", "pk_", "mtm_", "hsa_", "ga_", "__s")
_WRAPPER_PARAMETERS = ("url", "u", "q", "to", "target")
_WRAPPER = re.compile(r"/(?:url|redirect|redir|click|link|out|go)?/?$", re.IGNORECASE)
_MOBILE_HOST = re.compile(r"^(?:www\d?|m|mobile|amp|touch)\.(?=[^.]+\.)")
_AMP_PATH = re.compile(r"^/amp(?=/)|/amp(?:/|$)|(?<=\.)amp\.(?=html$)|\.amp$", re.IGNORECASE)
_MEANINGFUL_FRAGMENT = re.compile(r"^(?:!|/|entry-|post-|item-)")
_DEFAULT_PORTS = {"http": 80, "https": 443}

# Host, path, query and fragment of most links, which needs no general parser.
_USUAL = re.compile(
    r"https?://([a-z0-9.-]+)(/[!-\"$->@-~]*)?(?:\?([!-\"$-~]*))?(?:#([!-~]*))?", re.ASCII
)

_EXTENSION = re.compile(r"\.(?:html?|php\d?|aspx?|jsp|shtml|story|amp|xml)$", re.IGNORECASE)
_UNIQID = re.compile(r"-[0-9a-f]{13}$")
_DATE = re.compile(r"(?:^|-)(?:19|20)\d\d-\d{1,2}-\d{1,2}(?=-|$)")
_NUMBER = re.compile(r"\d{4}")  # in each date and each long number
_LONG_NUMBER = re.compile(r"(?:^|-)[a-z]{0,4}\d{5,}(?=-|$)")
URL_SLUG_WORDS = 4


def canonical_link(link: str) -> str:
    """Return the key of an absolute http(s) link, "" when it cannot name one page.

    Gone: scheme, default port, `www.`, mobile and AMP forms, trailing slash, tracking
    parameters, plain fragments, `?url=` wrappers. Kept: path case, order of the other
    parameters, meaningful fragments (`#!`, `#entry-`). A site root is "" because it names
    no story.
    """
    for _ in range(3):
        inner = _unwrapped(link)
        if inner == link:
            break
        link = inner
    host, path, query, fragment = _parts(link.strip())
    if "amp" in path.lower():
        path = _AMP_PATH.sub("", path)
    path = path.rstrip("/")
    query = "&".join(_kept_parameters(query)) if query else ""
    if fragment and not _MEANINGFUL_FRAGMENT.match(fragment):
        fragment = ""
    if not host or not (path or query or fragment):
        return ""
    return host + path + ("?" + query if query else "") + ("#" + fragment if fragment else "")


def _parts(link: str) -> tuple[str, str, str, str]:
    """Host without `www.` (with its port, if special), path, query, fragment; no host: no link."""
    usual = _USUAL.fullmatch(link)
    if usual:
        host, path, query, fragment = usual.groups("")
        return _MOBILE_HOST.sub("", host.rstrip(".")), path, query, fragment
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        return "", "", "", ""
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in _DEFAULT_PORTS or not host:
        return "", "", "", ""
    host = _MOBILE_HOST.sub("", host)
    if port is not None and port not in _DEFAULT_PORTS.values():
        host += f":{port}"
    return host, parts.path, parts.query, parts.fragment


def _kept_parameters(query: str) -> list[str]:
    kept = []
    for parameter in query.split("&"):
        name = parameter.partition("=")[0].lower()
        if parameter and name not in TRACKING and not name.startswith(TRACKING_PREFIXES):
            kept.append(parameter)
    return kept


def _unwrapped(link: str) -> str:
    """Return the link inside a redirector's link (`/url?url=http%3A%2F%2F...`), or the link."""
    if "://" not in link[8:] and "%3a%2f%2f" not in link.lower():
        return link
    try:
        parts = urlsplit(link)
    except ValueError:
        return link
    if not _WRAPPER.search(parts.path):
        return link
    for parameter in parts.query.split("&"):
        name, _, value = parameter.partition("=")
        if name.lower() in _WRAPPER_PARAMETERS:
            target = unquote(value)
            if target.lower().startswith(("http://", "https://")):
                return target
    return link


def url_slug(link: str) -> str:
    """Return the words of the last path segment, "" when there are fewer than four.

    Extension, dates, long numbers and PHP's uniqid are stripped: they change between copies.
    """
    usual = _USUAL.fullmatch(link)
    try:
        path = (usual[2] or "") if usual else urlsplit(link).path
    except ValueError:
        return ""
    for segment in reversed(path.split("/")):
        if segment.isalnum() and segment.isascii():  # a single word
            continue
        words = slugify(unquote(_EXTENSION.sub("", segment)))
        words = _UNIQID.sub("", words)
        if _NUMBER.search(words):
            words = _LONG_NUMBER.sub("", _DATE.sub("", words))
        words = words.strip("-")
        if words.count("-") + 1 >= URL_SLUG_WORDS:
            return words
    return ""


def guid_without_host(guid: str) -> str:
    """Return a URL guid without scheme and host, so that a site move does not change it.

    Other guids are returned as they are.
    """
    usual = _USUAL.fullmatch(guid)
    if usual:
        _, path, query, fragment = usual.groups("")
        rest = path.rstrip("/") + ("?" + query if query else "")
        return rest + ("#" + fragment if fragment else "")
    if not guid.lower().startswith(("http://", "https://")):
        return guid
    try:
        parts = urlsplit(guid)
    except ValueError:
        return guid
    rest = parts.path.rstrip("/") + ("?" + parts.query if parts.query else "")
    return rest + ("#" + parts.fragment if parts.fragment else "")


def site_label(link: str) -> tuple[str, ...]:
    """Return the slugs by which a host names itself: `www.apnews.com` gives apnews-com, apnews."""
    usual = _USUAL.fullmatch(link)
    try:
        return _labels_of(usual[1] if usual else urlsplit(link).hostname or "")
    except ValueError:
        return ()


@lru_cache(maxsize=1024)
def _labels_of(host: str) -> tuple[str, ...]:
    host = _MOBILE_HOST.sub("", host)
    labels = host.split(".")
    if len(labels) < 2:
        return ()
    return (slugify(host), slugify(labels[-2]))
