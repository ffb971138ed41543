"""What libcurl is told for one request, as pairs of option and value.

One request on a connection of its own: no second try, no redirects (none are followed unasked),
no cookies, nothing from the environment.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

import pycurl

from aggregator.adapters.fetch.request import ACCEPT, ACCEPT_ENCODING, merged
from aggregator.adapters.fetch.target import Target, bracketed

Option = tuple[int, Any]

_SUPPRESS_CONNECT_HEADERS: Final = 265  # pycurl has no name for it
_USUAL: Final = {"Accept": ACCEPT, "Accept-Encoding": ACCEPT_ENCODING, "Connection": "close"}
_UNASKED: Final = b"Proxy-Connection:"  # without a value: not sent
_ALWAYS: Final[tuple[Option, ...]] = (
    (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
    (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
    (pycurl.FRESH_CONNECT, 1),
    (pycurl.FORBID_REUSE, 1),
    (pycurl.NOSIGNAL, 1),
    (pycurl.NOPROXY, ""),
    (_SUPPRESS_CONNECT_HEADERS, 1),
    (pycurl.PROXYHEADER, ["User-Agent:", "Proxy-Connection:"]),
)
# Accept any certificate.
ANYBODY: Final[tuple[Option, ...]] = ((pycurl.SSL_VERIFYPEER, 0), (pycurl.SSL_VERIFYHOST, 0))


def request(url: Target, headers: Mapping[str, str], *, form: str | None) -> Iterator[Option]:
    """The request itself; with a form it is a POST."""
    yield from _ALWAYS
    yield pycurl.URL, f"{url.scheme}://{url.authority}/"
    fields = merged(_USUAL, headers).items()
    yield pycurl.HTTPHEADER, [*(_line(*field) for field in fields), _UNASKED]
    if form is not None:
        yield pycurl.POSTFIELDS, form


def _line(name: str, value: str) -> bytes:
    """A header field; libcurl takes one without a value for the wish to send none of its own."""
    return (f"{name}: {value}" if value.strip() else f"{name};").encode()


def proxy(text: str, through: Target | None) -> Iterator[Option]:
    """The way through a proxy, or none, whatever the environment says. `text` may hold user info.

    Put together anew, so that libcurl reads in it the host and port that we have looked up.
    """
    if through is None:
        yield pycurl.PROXY, ""
        return
    yield pycurl.PROXY, f"{through.scheme}://{bracketed(through.host)}:{through.port}"
    user, _, password = urlsplit(text.strip()).netloc.rpartition("@")[0].partition(":")
    if user or password:
        yield pycurl.PROXYUSERNAME, unquote_to_bytes(user)
        yield pycurl.PROXYPASSWORD, unquote_to_bytes(password)


def goal(url: Target, *, by_proxy: bool) -> Iterator[Option]:
    """The target as it is asked for.

    libcurl would write the letters of percent-encodings anew. A proxy that is asked in plain
    HTTP needs the whole URL (RFC 9112 §3.2.2).
    """
    yield pycurl.REQUEST_TARGET, str(url) if by_proxy and url.scheme == "http" else url.rest


def names(found: str) -> Iterator[Option]:
    """The addresses of who is connected (`+host:port:address,address`); "" for a literal one."""
    if found:
        yield pycurl.RESOLVE, [found]


def trusted() -> tuple[Option, ...]:
    """Accept only the certificates that this system trusts (SSL_CERT_FILE, SSL_CERT_DIR).

    A file of certificates rather than a directory, unless the operator names one: libcurl keeps a
    file that it has read.
    """
    paths = ssl.get_default_verify_paths()
    found: list[Option] = []
    if paths.cafile:
        found += [(pycurl.CAINFO, paths.cafile), (pycurl.PROXY_CAINFO, paths.cafile)]
    if paths.capath and (not paths.cafile or paths.openssl_capath_env in os.environ):
        found += [(pycurl.CAPATH, paths.capath), (pycurl.PROXY_CAPATH, paths.capath)]
    return tuple(found)
