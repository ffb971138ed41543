"""The house rules: what must hold for the whole project, whatever is in it."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

import aggregator
from tools import rows

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "aggregator"
MODULES = sorted(PACKAGE.rglob("*.py"))
LOCKS = ("requirements-build.txt", "requirements.txt", "requirements-dev.txt")

# Said in pieces, so that this file passes its own test.
REGISTRIES = tuple(".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org")))
HOMES = tuple("/" + folder + "/" for folder in ("work", "root", "home", "tmp/bash", "Users"))

# Captured from elsewhere, byte for byte: their words are not ours.
CAPTURED = ("tests/data/", "samples/")

# Where `except Exception` is right. To clean up and raise again is fine everywhere.
MAY_CATCH_ALL = {
    "core/parse": "feedparser raises almost anything on damaged documents",
    "dispatch/dispatcher": "a bug met in one poll must not cost the other sources theirs",
    "adapters/fetch/incoming": "what is raised inside of libcurl is raised where it is awaited",
    "adapters/sqlite/together": "a bug met in one poll of a batch is handed back to that poll",
    "adapters/workers/nursery": "what a worker raises travels home and is raised there",
    "service": "a bug met in one tick must not end the daemon",
}


def tracked() -> list[Path]:
    """The files of the project that are text: what git tracks, or all there is without git."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=False
    )
    names = [name for name in listing.stdout.decode().split("\0") if name]
    paths = [PROJECT / name for name in names] if names else sorted(PROJECT.rglob("*.py"))
    return [path for path in paths if path.is_file() and not relative(path).startswith(CAPTURED)]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def relative(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def project_table() -> dict[str, object]:
    table: dict[str, object] = tomllib.loads(text_of(PROJECT / "pyproject.toml"))["project"]
    return table


def test_the_version_is_said_once_and_is_a_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(?:\.dev\d+|rc\d+)?", aggregator.__version__)
    assert "version" not in project_table()
    literal = re.escape(f'"{aggregator.__version__}"')
    said = [relative(path) for path in MODULES if re.search(literal, text_of(path))]
    assert said == ["aggregator/__init__.py"]


@pytest.mark.parametrize("forbidden", REGISTRIES)
def test_no_file_names_a_package_registry(forbidden: str) -> None:
    assert [relative(path) for path in tracked() if forbidden in text_of(path)] == []


@pytest.mark.parametrize("forbidden", HOMES)
def test_no_file_names_a_place_on_somebodys_machine(forbidden: str) -> None:
    pattern = re.compile(r"(?<![\w.~/-])" + re.escape(forbidden))
    assert [relative(path) for path in tracked() if pattern.search(text_of(path))] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path in MODULES if not ast.get_docstring(ast.parse(text_of(path)))]
    assert [relative(path) for path in silent] == []


def test_no_module_is_longer_than_400_lines() -> None:
    long = {relative(path): text_of(path).count("\n") for path in MODULES}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(text_of(path))
    return [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without the docstring."""
    first = function.body[1:] if ast.get_docstring(function) else function.body
    return (function.end_lineno or 0) - first[0].lineno + 1 if first else 0


def test_no_function_is_longer_than_40_lines() -> None:
    lengths = {
        f"{relative(path)}:{function.lineno} {function.name}": body_lines(function)
        for path in MODULES
        for function in functions(path)
    }
    assert {name: lines for name, lines in lengths.items() if lines > 40} == {}


def swallows_all(path: Path) -> bool:
    tree = ast.parse(text_of(path))
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    return any(catches_all(handler) and not raises_again(handler) for handler in handlers)


def catches_all(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    return not names.isdisjoint({"Exception", "BaseException"})


def raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_everything_is_caught_only_where_the_style_allows_it() -> None:
    swallowing = [path for path in MODULES if swallows_all(path)]
    names = [path.relative_to(PACKAGE).as_posix() for path in swallowing]
    assert [name for name in names if not name.startswith(tuple(MAY_CATCH_ALL))] == []


def test_the_readme_stays_under_150_lines() -> None:
    assert text_of(PROJECT / "README.md").count("\n") < 150


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    assert re.search(r"^## \[?Unreleased", text_of(PROJECT / "CHANGELOG.md"), re.MULTILINE)


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_with_hashes_and_without_an_address(name: str) -> None:
    text = text_of(PROJECT / name)
    requirements = [block for block in re.split(r"\n(?=[a-z])", text) if not block.startswith("#")]
    assert requirements
    assert [block for block in requirements if not re.match(r"[a-z0-9-]+==\S+", block)] == []
    assert [block for block in requirements if "--hash=sha256:" not in block] == []
    assert not re.search(r"://|--\w*index|--find-links|--trusted-host| @ ", text)


def pins(name: str) -> dict[str, str]:
    found = re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", text_of(PROJECT / name), re.MULTILINE)
    return dict(found)


def test_development_runs_with_the_versions_that_are_deployed() -> None:
    development = pins("requirements-dev.txt")
    assert {name: development.get(name) for name in pins("requirements.txt")} == pins(
        "requirements.txt"
    )


def test_every_dependency_is_pinned() -> None:
    table = tomllib.loads(text_of(PROJECT / "pyproject.toml"))
    asked = [*table["project"]["dependencies"], *table["dependency-groups"]["dev"]]
    names = {re.split(r"[\[<>=]", requirement)[0] for requirement in asked}
    assert names - set(pins("requirements-dev.txt")) == set()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel that `pip install .` would make, built from a copy: no litter in the checkout."""
    if int(version("setuptools").split(".")[0]) < 77:
        pytest.skip("the setuptools here is older than the pinned one")
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(PACKAGE, folder / "aggregator", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, folder)
    build = "from setuptools.build_meta import build_wheel; build_wheel('.')"
    subprocess.run([sys.executable, "-c", build], cwd=folder, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    ours = [path for path in PACKAGE.rglob("*") if path.is_file()]
    expected = {relative(path) for path in ours if "__pycache__" not in path.parts}
    assert expected - set(wheel.namelist()) == set()


def test_the_wheel_holds_nothing_but_the_package(wheel: zipfile.ZipFile) -> None:
    folders = {name.split("/")[0] for name in wheel.namelist()}
    assert folders == {"aggregator", f"aggregator-{aggregator.__version__}.dist-info"}


def test_the_wheel_gives_the_command(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    assert "aggregator = aggregator.cli:main" in wheel.read(name).decode()


def test_every_claimed_row_exists() -> None:
    assert rows.unknown(rows.scan(PROJECT / "tests")) == ()


def links(path: Path) -> list[str]:
    found = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(path))
    return [link for link in found if not (path.parent / link).exists()]


def test_every_relative_link_in_the_documentation_leads_somewhere() -> None:
    broken = {relative(path): links(path) for path in tracked() if path.suffix == ".md"}
    assert {name: found for name, found in broken.items() if found} == {}


# W58
@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile", "apache.conf"])
def test_the_settings_for_web_servers_send_what_the_program_would_send(name: str) -> None:
    settings = text_of(PROJECT / "deploy" / "web" / name)
    wanted = (
        "application/atom+xml",
        "application/rss+xml",
        "application/feed+json",
        "charset",
        "404.html",
        "max-age=",
        "immutable",
        "stale-if-error=86400",
        "style-src 'self'; sandbox",
        "no-referrer",
        "noindex",
        'rel=\\"self\\"',
        "Access-Control-Allow-Origin",
        "nosniff",
        "gzip",
    )
    assert [words for words in wanted if words not in settings] == []


def test_the_makefile_explains_each_of_its_targets() -> None:
    makefile = text_of(PROJECT / "Makefile")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)
    assert sorted(explained) == sorted(phony.split())
