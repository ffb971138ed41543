"""libcurl's errors in our words. No text here ever holds a path, a query or a header."""

from __future__ import annotations

import os

import pycurl

from aggregator.adapters.fetch.guard import BlockedAddressError
from aggregator.adapters.fetch.target import Target
from aggregator.core.errors import FetchError

_TOO_LARGE = 100  # pycurl has no name for CURLE_TOO_LARGE
_NO_HTTP = (pycurl.E_UNSUPPORTED_PROTOCOL, pycurl.E_FTP_WEIRD_SERVER_REPLY)
_TOO_LARGE_HEADER = "Too large response headers"  # libcurl's own limit, told as a failure to read
_NO_NAME = (pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_RESOLVE_PROXY)
_TLS = (
    pycurl.E_SSL_CONNECT_ERROR,
    pycurl.E_SSL_CERTPROBLEM,
    pycurl.E_SSL_CIPHER,
    pycurl.E_PEER_FAILED_VERIFICATION,
    pycurl.E_SSL_CACERT_BADFILE,
    pycurl.E_SSL_ISSUER_ERROR,
    pycurl.E_SSL_INVALIDCERTSTATUS,
)


def translated(
    error: pycurl.error, curl: pycurl.Curl, url: Target, *, broken_off: bool
) -> FetchError:
    """What went wrong, before the answer's header was read or after it."""
    where = url.place
    code = error.args[0]
    if broken_off:
        return FetchError(f"{where}: the body breaks off", kind="truncated")
    if code in _NO_NAME:
        return FetchError(f"{where}: the name is not known", kind="dns")
    if code in _TLS:
        return FetchError(f"{where}: TLS failed: {_words(error)}", kind="tls")
    if code in _NO_HTTP:
        return not_http(url)
    if code == pycurl.E_BAD_CONTENT_ENCODING:
        return FetchError(f"{where}: a transfer coding that was not asked for", kind="bad_encoding")
    if code == _TOO_LARGE or _TOO_LARGE_HEADER in str(error.args[1]):
        return FetchError(f"{where}: the header is too large", kind="too_large")
    if code == pycurl.E_URL_MALFORMAT:
        return FetchError(f"{where}: not a host that can be connected to", kind="bad_url")
    return FetchError(f"{where}: {_no_answer(code, curl)}", kind="connect")


def _no_answer(code: int, curl: pycurl.Curl) -> str:
    """Why a connection failed or led to no answer."""
    refused = int(curl.getinfo(pycurl.HTTP_CONNECTCODE))
    if refused and refused != 200:
        return f"the proxy answered {refused}"
    if number := int(curl.getinfo(pycurl.OS_ERRNO)):
        return os.strerror(number)
    if code == pycurl.E_GOT_NOTHING:
        return "closed the connection without an answer"
    return str(pycurl.easy_strerror(code)).lower()


def without_last_words(error: pycurl.error) -> bool:
    """Was a TLS connection closed without close_notify, as many do? A reset is another error."""
    return error.args[0] == pycurl.E_RECV_ERROR and "unexpected eof" in str(error.args[1])


def blocked(error: BlockedAddressError, url: Target) -> FetchError:
    """The guard refused every address."""
    return FetchError(f"{url.place}: {error.strerror}", kind="blocked_address")


def no_socket(error: OSError, url: Target) -> FetchError:
    """This machine has no socket for it: too many are open, or no IPv6."""
    return FetchError(f"{url.place}: {error.strerror}", kind="connect")


def not_found(error: OSError, url: Target) -> FetchError:
    """No name server knows the host."""
    return FetchError(f"{url.place}: {error.strerror or type(error).__name__}", kind="dns")


def not_http(url: Target) -> FetchError:
    return FetchError(f"{url.place}: the answer is not HTTP", kind="http")


def closed(url: Target) -> FetchError:
    """We are ending, not they."""
    return FetchError(f"{url.place}: broken off, as the program is ending", kind="connect")


def _words(error: pycurl.error) -> str:
    """What OpenSSL says about a certificate or a handshake, the last of libcurl's words."""
    words = str(error.args[1] or pycurl.easy_strerror(error.args[0]))[:200]
    if error.args[0] == pycurl.E_PEER_FAILED_VERIFICATION:
        return f"certificate not accepted: {words.rpartition(': ')[2]}"
    return words
