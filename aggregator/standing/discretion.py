"""What may be shown of a source: never its secrets, and to the public no address. Pure.

Errors and reasons are made without secrets; but a publisher may repeat in an address, a title or
an error page what we sent, and what is shown comes from there.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from urllib.parse import quote

from aggregator.core.settings import Source

Veil = Callable[[str], str]

_USER_INFO = re.compile(r"(?<=://)[^/?#\s]*@")
# Without the punctuation that ends the sentence around it.
_ADDRESS = re.compile(
    r"https?://([^/?#\s\"'<>]*?)(?:[/?#][^\s\"'<>]*?)?(?=[.,;:!)]*(?:[\s\"'<>]|$))", re.IGNORECASE
)
_STARS = "***"
_SHORTEST = 4  # characters: what is shorter stands in texts by accident
_SHORTEST_WORD = 8  # of a secret of several words ("Bearer ...")


def veil(source: Source, *, public: bool) -> Veil:
    """Return a function that takes out of a text what must not be shown.

    User info of addresses and the secrets of the source, in the forms in which they were sent;
    for the `public` also what follows the host in an address, and the folder of a local file.
    """
    secrets = sorted(_secrets(source), key=len, reverse=True)
    folder = f"{source.path.parent}/" if public and source.path else ""

    def veiled(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, _STARS)
        text = _USER_INFO.sub("", text)
        if public:
            text = _ADDRESS.sub(r"\1", text)
        return text.replace(folder, "") if folder else text

    return veiled


def _secrets(source: Source) -> set[str]:
    found: set[str] = set()
    if source.password:
        pair = f"{source.username}:{source.password.value}"
        found.update((source.password.value, _base64(pair)))
    for _, secret in source.headers:
        found.update((secret.value, *_telling_words(secret.value)))
    found.update([quote(value, safe="", errors="replace") for value in found])
    return {value for value in found if len(value) >= _SHORTEST}


def _base64(text: str) -> str:
    return b64encode(text.encode("utf-8", "replace")).decode("ascii")


def _telling_words(value: str) -> Iterator[str]:
    return (word for word in value.split() if len(word) >= _SHORTEST_WORD)
