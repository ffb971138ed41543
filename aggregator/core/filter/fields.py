"""The names that rules may use. Pure."""

from __future__ import annotations

ANYWHERE = ""  # a plain word: title, summary, content and tags

WORD_FIELDS = ("title", "summary", "content", "text", "author", "tag", "link")
NAME_FIELDS = ("host", "source", "lang")
AMOUNT_FIELDS = ("words", "seen_in", "age", "date")
FIELDS = (*WORD_FIELDS, *NAME_FIELDS, *AMOUNT_FIELDS, "has")

THINGS = ("enclosure", "image", "author")  # has:enclosure
JOINERS = ("any", "all", "not")  # keys of a YAML rule besides the fields
