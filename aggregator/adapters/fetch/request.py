"""What goes out: the exact URL, the header fields, and to whom secrets may be told."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address
from urllib.parse import urljoin

from aggregator.adapters.fetch.decode import CODINGS
from aggregator.adapters.fetch.target import Target, target
from aggregator.core.errors import FetchError
from aggregator.core.model import SourceState, Validators
from aggregator.core.settings import Source
from aggregator.core.validators import request_mark

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, "
    "application/rdf+xml;q=0.9, application/xml;q=0.9, text/xml;q=0.9, "
    "application/json;q=0.8, */*;q=0.1"
)
ACCEPT_ENCODING = ", ".join(CODINGS)
MAX_URL = 8000  # characters; RFC 9110 §4.1 asks for at least 8000 octets

_URL = re.compile(r"(https?)://([^/?#\\]*)((?:[/?][^#]*)?)(?:#.*)?", re.IGNORECASE | re.DOTALL)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::([0-9]{0,5}))?", re.IGNORECASE)
_HOST = re.compile(r"[0-9a-z._~-]{1,253}")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNSENDABLE = re.compile(rb"[^\x21-\x7e]")
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


# --- URLs


def request_url(text: str, *, kind: str = "bad_url") -> Target:
    """The URL as it goes on the wire; raises FetchError of the given kind.

    What is ASCII stays exactly as it is. A host is put into punycode, other characters and
    spaces into percent-encoded UTF-8 (RFC 3987 §3.1). Fragment and user info are not sent.
    """
    subject = "the URL of a redirect" if kind == "redirect" else "the URL"
    if _CONTROL.search(text):
        raise FetchError(f"{subject} holds a control character", kind=kind)
    parts = _URL.fullmatch(text.strip())
    if parts is None or len(text) > MAX_URL:
        raise FetchError(f"{subject} is not http or https, or too long", kind=kind)
    authority = _AUTHORITY.fullmatch(parts[2].rpartition("@")[2])
    if authority is None:
        raise FetchError(f"{subject} has no usable host and port", kind=kind)
    try:
        return target(parts[1].lower(), _host(authority[1]), authority[2] or "", _rest(parts[3]))
    except ValueError as error:
        raise FetchError(f"{subject} has no usable host and port", kind=kind) from error


def hop_url(base: Target, location: bytes) -> Target:
    """Where a redirect leads; raises FetchError(redirect)."""
    text = location.decode("utf-8", "surrogateescape").strip()
    if not text:
        raise FetchError("a redirect without Location", kind="redirect")
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme[1].lower() not in ("http", "https"):
        raise FetchError(f"a redirect to {scheme[1][:20].lower()}: refused", kind="redirect")
    if "\\" in text[:2]:  # some read \\host as //host
        raise FetchError("a redirect to a path with backslashes", kind="redirect")
    if scheme is None and not _CONTROL.search(text):
        text = _joined(str(base), text)
    return request_url(text, kind="redirect")


def start_url(source: Source, state: SourceState, *, configured: Target) -> Target:
    """Where the poll begins: the configured URL, or where it has moved for good."""
    if state.url != source.url or not state.effective_url:
        return configured
    moved = request_url(state.effective_url)
    if has_secrets(source) and is_downgrade(configured, moved):
        return configured
    return moved


def _host(text: str) -> str:
    """ASCII form of a host, without brackets; raises ValueError."""
    if text.startswith("["):
        return IPv6Address(text[1:-1]).compressed
    host = text.lower() if text.isascii() else _punycode(text)
    if not _HOST.fullmatch(host):
        raise ValueError("not a host name")
    return host


def _punycode(host: str) -> str:
    """A host name as name servers know it (UTS 46); raises ValueError."""
    import idna  # noqa: PLC0415 (its tables are large, and most hosts are ASCII)

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        ascii_form = host.encode("idna")  # of 2003: emoji were letters then
        if ascii_form.decode("idna") != host.lower():
            raise
        return ascii_form.decode("ascii")


def _rest(text: str) -> str:
    """Path and query, with everything that may not go on the wire percent-encoded."""
    if not text.startswith("/"):
        text = f"/{text}"
    raw = text.encode("utf-8", "surrogateescape")
    return _UNSENDABLE.sub(lambda match: b"%%%02X" % ord(match[0]), raw).decode("ascii")


def _joined(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference)
    except ValueError as error:
        raise FetchError("a redirect to something unreadable", kind="redirect") from error


# --- secrets


def has_secrets(source: Source) -> bool:
    """Whether requests for the source carry something that strangers must not see."""
    return bool(source.username or source.password or source.headers)


def may_know(configured: Target, other: Target) -> bool:
    """Whether secrets for the configured URL may be sent to `other` as well.

    Only to the same origin, or to the same host by https instead of http.
    """
    if configured.origin == other.origin:
        return True
    return configured.origin == ("http", other.host, 80) and (
        other.origin == ("https", configured.host, 443)
    )


def is_downgrade(before: Target, after: Target) -> bool:
    """Whether a hop leaves TLS."""
    return before.scheme == "https" and after.scheme == "http"


# --- header fields


def headers_for(
    source: Source,
    *,
    user_agent: str,
    conditional: Sequence[tuple[str, str]],
    secrets: bool,
) -> dict[str, str]:
    """The fields of one request besides the usual ones; raises FetchError for unsendable ones.

    The operator's own fields replace ours of the same name.
    """
    fields = {"User-Agent": user_agent, **dict(conditional)}
    own = secret_headers(source) if secrets else {}
    return merged(fields, own) if own else fields


def merged(fields: Mapping[str, str], over: Mapping[str, str]) -> dict[str, str]:
    """Fields with others over them, whatever the case of their names (RFC 9110 §5.1)."""
    replaced = {name.lower() for name in over}
    kept = {name: value for name, value in fields.items() if name.lower() not in replaced}
    return {**kept, **over}


def sendable(text: str) -> str:
    """A field value without what could end it (RFC 9110 §5.5)."""
    return _CONTROL.sub("", text).encode("utf-8", "replace").decode()


def secret_headers(source: Source) -> dict[str, str]:
    """Authorization and the operator's own fields; raises FetchError for unsendable ones."""
    fields: dict[str, str] = {}
    if source.username or source.password:
        password = source.password.value if source.password else ""
        token = b64encode(f"{source.username}:{password}".encode()).decode("ascii")
        fields["Authorization"] = f"Basic {token}"
    for name, secret in source.headers:
        if not _FIELD_NAME.fullmatch(name) or not _is_field_value(secret.value):
            # The value is a secret, and a bad name may be one in the wrong place.
            raise FetchError("a configured header cannot be sent", kind="bad_url")
        fields[name] = secret.value
    return fields


def stored_validators(source: Source, state: SourceState) -> Validators:
    """The validators to send: they belong to one resource, as one reader was shown it.

    An edited URL, other credentials or other fields make them worthless (RFC 9110 §8.8.1).
    """
    same = state.url == source.url and state.request_mark == request_mark(source)
    return state.validators if same and not source.ignore_validators else Validators()


def _is_field_value(value: str) -> bool:
    """No control characters (a line break would start a field of its own), and UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return not _CONTROL.search(value)
