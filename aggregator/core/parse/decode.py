"""Bytes -> text: which encoding is it really? Pure.

The order is that of RFC 7303 §3, bent by what publishers do: byte order mark, HTTP charset, XML
declaration, UTF-8, windows-1252; and bytes that are valid UTF-8 are UTF-8 whatever a legacy
label says. Only encodings of text on the web are known: utf-7, idna, rot13, unicode_escape and
the other codecs of Python, which could smuggle markup in, are not.
"""

from __future__ import annotations

import codecs
import re

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SIGNATURES = (  # "<" and the next character, XML 1.0 appendix F.1
    (re.compile(rb"<\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0<"), "utf-32-be"),
    (re.compile(rb"<\0[^\0]\0"), "utf-16-le"),
    (re.compile(rb"\0<\0[^\0]"), "utf-16-be"),
    (re.compile(rb"\x4c\x6f\xa7\x94"), "cp037"),
)
_WIDER = {  # what a label means on the web: the superset that browsers use
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
_KNOWN = frozenset(
    [f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)]
    + [f"cp{number}" for number in (437, 850, 852, 855, 866, 874, 932, 949, *range(1250, 1259))]
    + ["koi8-r", "koi8-u", "mac-roman", "mac-cyrillic", "gb18030", "big5hkscs", "euc_jp", "johab"]
)
_SEVEN_BIT = frozenset(["hz", "iso2022_jp", "iso2022_jp_2", "iso2022_kr"])  # valid UTF-8, always
_LABEL = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.:-]{0,39}")
_CHARSET = re.compile(r"""charset\s{0,8}=\s{0,8}["']?([^\s"';]{1,60})""", re.IGNORECASE)
_DECLARED = re.compile(rb"""<\?xml\s[^>]{0,200}?encoding\s{0,8}=\s{0,8}["']([^"'>]{1,60})["']""")
_STRAY_BYTES = {
    0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)
}


def decode(body: bytes, content_type: str | None) -> str:
    """The text of a document. Never fails: what cannot be read becomes U+FFFD.

    Bytes that are not UTF-8 inside a document that otherwise is are read as windows-1252.
    """
    unmarked = body.removeprefix(codecs.BOM_UTF8)
    if len(unmarked) < len(body):
        return _utf8(unmarked)
    for mark, encoding in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    start = body[:1024].lstrip(b" \t\r\n")
    for signature, encoding in _SIGNATURES:
        if signature.match(start):
            return body.decode(encoding, "replace")
    return _labelled(body, _labels(start, content_type))


def _labels(start: bytes, content_type: str | None) -> list[str]:
    """The encodings named by HTTP and by the document, the stronger first, known ones only."""
    http = _CHARSET.search((content_type or "")[:1024])
    declared = _DECLARED.search(start)
    found = [http[1]] if http else []
    found += [declared[1].decode("latin-1")] if declared else []
    return [known for label in found if (known := _known(label))]


def _known(label: str) -> str:
    """Python's name of the encoding that a label means; "" when we do not speak it."""
    if not _LABEL.fullmatch(label):
        return ""
    try:
        name = codecs.lookup(label.lower().removeprefix("x-")).name
    except LookupError:
        return ""
    name = _WIDER.get(name, name)
    return name if name in _KNOWN or name in _SEVEN_BIT or name == "utf-8" else ""


def _labelled(body: bytes, labels: list[str]) -> str:
    stated = next((label for label in labels), "utf-8")
    if stated in _SEVEN_BIT:
        return body.decode(stated, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return _utf8(body) if stated == "utf-8" else body.decode(stated, "replace")


def _utf8(body: bytes) -> str:
    text = body.decode("utf-8", "surrogateescape")
    return text if text.isascii() else text.translate(_STRAY_BYTES)
