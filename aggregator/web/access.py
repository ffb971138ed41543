"""Which output a path names, and whether the request may read it.

A private output has a token, a password, or both. With the token it stands at
/private/TOKEN/feeds/ID.atom, with the password at /feeds/ID.atom. What a request brings is
compared in constant time and written down nowhere.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from hashlib import blake2b

from aiohttp import hdrs, web

from aggregator.core.settings import Access, Output, Secret
from aggregator.web.asked import carried_on
from aggregator.web.view import View

_REDIRECT_AGE = 3600  # seconds; without it a cache may keep a 308 for ever
_CHALLENGE = 'Basic realm="feeds", charset="UTF-8"'  # RFC 7617


def find_output(view: View, request: web.Request) -> Output:
    """The output named in the path. No file name is made of a request.

    404 unknown or not for this request, 401 with a password, 410 for one that was taken out
    of feeds.yaml lately, 308 for one that has another id now.
    """
    wanted = request.match_info["id"]
    output = _named(view.outputs, wanted)
    if output is None:
        if "token" not in request.match_info and view.is_removed(wanted):
            raise web.HTTPGone
        raise web.HTTPNotFound
    _admit(output, request)
    if output.id != wanted:
        raise _moved(view, request, output, wanted)
    return output


def _moved(
    view: View, request: web.Request, output: Output, wanted: str
) -> web.HTTPPermanentRedirect:
    """308 to the same document of the output. Who came without the token is not told it."""
    has_token = "token" in request.match_info
    base = output.base_of(view.base_url) if has_token else view.base_url
    rest = request.path.partition(f"/feeds/{wanted}")[2] + carried_on(request)
    audience = "public" if output.access is None else "private"
    headers = {
        hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
        hdrs.CACHE_CONTROL: f"{audience}, max-age={_REDIRECT_AGE}",
    }
    return web.HTTPPermanentRedirect(f"{base}feeds/{output.id}{rest}", headers=headers)


def opened_outputs(view: View, request: web.Request) -> tuple[Output, ...]:
    """The outputs that the token in the path opens; 404 when there are none."""
    token = request.match_info["token"]
    opened = tuple(output for output in view.outputs if _opens(token, output.access))
    if not opened:
        raise web.HTTPNotFound
    return opened


def _named(outputs: Sequence[Output], wanted: str) -> Output | None:
    own = (output for output in outputs if output.id == wanted)
    former = (output for output in outputs if wanted in output.aliases)
    return next(own, None) or next(former, None)


def _admit(output: Output, request: web.Request) -> None:
    token = request.match_info.get("token")
    access = output.access
    if token is not None:
        if not _opens(token, access):
            raise web.HTTPNotFound
    elif access is not None:
        if access.password is None:
            raise web.HTTPNotFound
        if not _knows(request.headers.get(hdrs.AUTHORIZATION, ""), access):
            raise web.HTTPUnauthorized(headers={hdrs.WWW_AUTHENTICATE: _CHALLENGE})


def _opens(token: str, access: Access | None) -> bool:
    return access is not None and access.token is not None and _is_same(token, access.token)


def _knows(authorization: str, access: Access) -> bool:
    """Are these the credentials (RFC 7617)? Name and password are both compared, always."""
    scheme, _, given = authorization.partition(" ")
    try:
        text = base64.b64decode(given.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    name, colon, password = text.partition(":")
    right_name = _is_same(name, Secret(value=access.username or name))
    right_password = access.password is not None and _is_same(password, access.password)
    return scheme.lower() == "basic" and bool(colon) and right_name and right_password


def _is_same(given: str, secret: Secret) -> bool:
    """Compare hashes, so that not even the length is told by the time it takes."""
    return hmac.compare_digest(_hash(given), _hash(secret.value))


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass")).digest()
