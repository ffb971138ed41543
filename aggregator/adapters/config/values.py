"""Single values: durations, sizes, addresses, ids. Text in, checked value out; Wrong otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final
from urllib.parse import unquote, urlsplit

_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"([0-9]{1,9})(ms|s|m|h|d|w)")
_LONGEST = timedelta(days=36_500)
_BYTES: Final = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZE = re.compile(r"([0-9]{1,9})(B|KiB|MiB|GiB)")
_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_REFERENCE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(:-(.*))?", re.DOTALL)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LISTEN = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]*):([0-9]{1,5})")
_CRON_FIELD = re.compile(r"[0-9A-Za-z*/,#-]+")
_LONGEST_URL = 4096


class Wrong(ValueError):
    """A value is wrong. `what` says why, `hint` what would be right. Holds no secret."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A checked URL, byte for byte as typed but for user info and fragment."""

    url: str
    username: str = ""
    password: str | None = None


def quoted(value: str) -> str:
    """A value for a message: in quotes, printable, not endless."""
    shown = "".join(character if character.isprintable() else "?" for character in value)
    return f'"{shown[:80]}…"' if len(shown) > 80 else f'"{shown}"'


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The hint for a name that is not known; "" when nothing is close."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else ""


def duration(text: object) -> timedelta:
    """`500ms 30s 15m 2h 7d 1w` -> timedelta."""
    if isinstance(text, int) and not isinstance(text, bool):
        raise Wrong(f"{text} has no unit", f"write {text}s, {text}m, {text}h or {text}d")
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        shown = quoted(text) if isinstance(text, str) else "this"
        raise Wrong(f"{shown} is not a duration", "write 30s, 15m, 2h, 7d or 1w")
    seconds = int(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST.total_seconds():
        raise Wrong(f"{quoted(match[0])} is longer than a century")
    return timedelta(seconds=seconds)


def size(text: object) -> int:
    """`512KiB 10MiB 1GiB` -> bytes."""
    if isinstance(text, int) and not isinstance(text, bool):
        raise Wrong(f"{text} has no unit", f"write {text}B, {text}KiB or {text}MiB")
    match = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        shown = quoted(text) if isinstance(text, str) else "this"
        raise Wrong(f"{shown} is not a size", "write 512KiB, 10MiB or 1GiB")
    return int(match[1]) * _BYTES[match[2]]


def network(text: str) -> IPv4Network | IPv6Network:
    """`192.168.0.0/16`, `fd00::/8` or one address -> network."""
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        hint = "write an address range such as 192.168.0.0/16"
        raise Wrong(f"{quoted(text)} is not an address range", hint) from None
    raise Wrong(f"{quoted(text)} has bits behind its mask", f"did you mean {meant}?")


def identifier(text: str) -> str:
    """The id of a source or output."""
    if _ID.fullmatch(text):
        return text
    meant = "" if "@" in text else slug(text)  # of user info, where a veil would not know it
    what = f"{quoted(text)} is not an id: a-z, 0-9, dot, hyphen and underscore, at most 64"
    raise Wrong(what, f"did you mean {quoted(meant)}?" if meant else "")


def slug(text: str) -> str:
    """The words of a text joined by hyphens: an id, or ""."""
    return "-".join(words(text))[:64].rstrip("-")


def words(text: str) -> list[str]:
    """The runs of letters and digits of a text, in lower case; ASCII only, as ids are."""
    return re.findall(r"[a-z0-9]+", text.lower())


def listen(text: str, *, typed: str = "") -> str:
    """`HOST:PORT`, `[::1]:8080` or `:8080`; `typed` as for address."""
    match = _LISTEN.fullmatch(text)
    if match is None or int(match[2]) > 65_535:
        raise Wrong(f"{quoted(typed or text)} is not HOST:PORT", "write 127.0.0.1:8080")
    return text


def plausible_cron(text: str) -> None:
    """Raise ValueError unless a text could be a cron expression: five fields, their letters."""
    fields = text.split()
    if len(fields) != 5:
        raise ValueError(f"a cron expression has five fields, this one {len(fields)}")
    for field in fields:
        if not _CRON_FIELD.fullmatch(field):
            raise ValueError(f"{quoted(field)} is not a cron field")


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Replace `${NAME}` and `${NAME:-default}`; `$${` stands for `${` itself.

    A variable that is unset or empty counts as missing. Messages name variables, never values.
    """
    return _VARIABLE.sub(lambda match: _variable(match, environ), text) if "$" in text else text


def _variable(match: re.Match[str], environ: Mapping[str, str]) -> str:
    if match[0] == "$${":
        return "${"
    if not match[2]:
        raise Wrong("${ without its }", "write ${NAME}, or $${ for the two characters themselves")
    reference = _REFERENCE.fullmatch(match[1])
    if reference is None:
        raise Wrong("not a variable between ${ and }", "write ${NAME} or ${NAME:-default}")
    value = environ.get(reference[1], "")
    if value:
        return value
    if reference[2] is None:
        hint = f"set it, or write ${{{reference[1]}:-default}}"
        raise Wrong(f"the environment variable {reference[1]} is not set", hint)
    return reference[3]


def address(text: str, *, typed: str = "") -> Address:
    """Check an http(s) URL and take user info and fragment off (RFC 3986, RFC 9110 §4.2).

    `typed` is what stands in the file, for messages: variables in it are not expanded.
    """
    typed = typed or text
    try:
        _check_characters(text)
        if not text.lower().startswith(("http://", "https://")):
            raise _wrong_scheme(typed)
        return _address(text)
    except Wrong as wrong:
        raise Wrong(f"{quoted(_hidden(typed))} {wrong.what}", wrong.hint) from None


def _address(text: str) -> Address:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise Wrong("is not a URL: host or port is malformed") from None
    host = parts.hostname or ""
    if not host.strip(".") or ".." in host or port == 0:
        raise Wrong("has no usable host", "write https://example.com/feed")
    info, at, location = parts.netloc.rpartition("@")
    url = text.partition("#")[0]
    if not at:
        return Address(url=url)
    username, colon, password = (unquote(part) for part in info.partition(":"))
    if not (username + password).isprintable():
        raise Wrong("hides control characters in its user info")
    url = url.replace(parts.netloc, location, 1)
    return Address(url=url, username=username, password=password if colon else None)


def _check_characters(text: str) -> None:
    if len(text) > _LONGEST_URL:
        raise Wrong(f"is longer than {_LONGEST_URL} characters")
    # urlsplit would silently delete CR, LF and tab. Of white space only " " is printable.
    if " " in text or not text.isprintable():
        raise Wrong("holds white space or control characters", "write %20 for a space")
    if "\\" in text:
        raise Wrong("holds a backslash", "URLs have forward slashes")


def _wrong_scheme(typed: str) -> Wrong:
    """What to say of something that does not begin with http:// or https://."""
    match = _SCHEME.match(typed)
    scheme = match[1].lower() if match else ""
    rest = typed[len(scheme) + 1 :].lstrip("/") if match else typed.lstrip("/")
    what = "does not begin with https:// or http://"
    if scheme == "file":
        return Wrong("is a local file", f"write path: /{_hidden(rest)}")
    if "." in scheme or scheme == "localhost":
        rest = typed
    elif scheme == "feed":
        rest = rest.removeprefix("https:").removeprefix("http:").lstrip("/")
    elif scheme not in {"", "http", "https"}:
        return Wrong(what, f"{scheme}: is not polled")
    return Wrong(what, f"did you mean {quoted('https://' + _hidden(rest))}?")


def _hidden(url: str) -> str:
    """A URL without its user info, for messages; with or without a scheme."""
    scheme, slashes, rest = url.partition("://") if "://" in url else ("", "", url)
    head, at, tail = rest.rpartition("@")
    return f"{scheme}{slashes}***@{tail}" if head and at else url
