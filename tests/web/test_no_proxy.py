"""The server hands out what is published here, and never what an address in a request names."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from urllib.parse import quote

import aggregator.web
from aggregator.web import make_app
from aggregator.web.asked import PARAMETERS
from tests.adapters.raw_server import answer, raw_server
from tests.web.site import FakeView, visiting

WEB = Path(aggregator.web.__file__).parent
PLACEHOLDER = re.compile(r"\{\w+\}")
WORDS = ("url", "src", "href", "u", "image", "id", "q", "limit")
# What of a request could hold an address and is read by frameworks' proxies.
UNREAD = frozenset({"query", "query_string", "rel_url", "post", "multipart", "json", "cookies"})


# S9
def test_no_route_has_room_for_an_address(tmp_path: Path) -> None:
    for resource in make_app(FakeView(tmp_path)).router.resources():
        canonical = resource.canonical
        parts = PLACEHOLDER.findall(canonical)
        assert len(parts) == len(set(parts))
        assert set(parts) <= {"{id}", "{token}", "{number}"}, canonical
        fixed = PLACEHOLDER.sub("", canonical)
        assert not {"proxy", "image", "media", "icon", "favicon.ico"} & set(fixed.split("/"))


# S9
def test_no_handler_reads_a_body_and_of_queries_only_rule_and_number() -> None:
    read = {
        (path.name, node.attr)
        for path in WEB.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "request"
    }
    assert read
    assert {found for found in read if found[1] in UNREAD} == {("asked.py", "query")}
    assert PARAMETERS == ("q", "limit")


# S9
async def test_an_address_in_a_request_is_never_asked(tmp_path: Path) -> None:
    view = FakeView(tmp_path)
    view.publish()
    async with raw_server({"*": answer(b"secret of the network")}) as elsewhere:
        address = elsewhere.url("/inner")
        async with visiting(view) as visit:
            for resource in make_app(view).router.resources():
                path = PLACEHOLDER.sub(quote(address, safe=""), resource.canonical)
                for target in (path, *(f"{path}?{word}={quote(address)}" for word in WORDS)):
                    _, body = await visit(target)
                    assert b"secret" not in body
            await visit(f"/{address}")
        assert elsewhere.requests == []
