"""Sanitised HTML made shorter without breaking it. Pure."""

from __future__ import annotations

import re

_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/>]*)(?:[^>"]|"[^"]*")*>""")
_VOID = frozenset({"area", "br", "col", "hr", "img", "source", "track", "wbr"})


def cut_html(html: str, *, limit: int) -> str:
    """The beginning of balanced `html`: at most `limit` characters, then the closing tags.

    Cut after a tag or before a white space of text, never inside a tag or a character reference.
    """
    if len(html) <= limit:
        return html
    open_tags: list[str] = []
    kept = 0
    for tag in _TAG.finditer(html):
        if tag.end() > limit:
            break
        _follow(tag, open_tags)
        kept = tag.end()
    kept = _extend_into_text(html, kept, limit)
    closing = "".join(f"</{name}>" for name in reversed(open_tags))
    return html[:kept] + closing


def _follow(tag: re.Match[str], open_tags: list[str]) -> None:
    name = tag[2].lower()
    if name in _VOID:
        return
    if not tag[1]:
        open_tags.append(name)
    elif open_tags and open_tags[-1] == name:
        open_tags.pop()


def _extend_into_text(html: str, kept: int, limit: int) -> int:
    text_end = html.find("<", kept, limit)
    if text_end != -1:
        return text_end
    return max(kept, html.rfind(" ", kept, limit))
