"""What every test may rely on: async tests run, outside corpora are found, hypothesis is calm."""

from __future__ import annotations

import asyncio
import inspect
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

PROJECT = Path(__file__).resolve().parent.parent

settings.register_profile(
    "quick",
    max_examples=40,
    deadline=None,
    derandomize=True,  # the same examples on every machine and every run
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    print_blob=True,
)
settings.register_profile("long", settings.get_profile("quick"), max_examples=3000)
settings.register_profile(
    "search", settings.get_profile("quick"), max_examples=1000, derandomize=False
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def test_...` in an event loop of its own; fixtures stay synchronous.

    What the test leaves running is cancelled when it ends.
    """
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(pyfuncitem.obj(**arguments))
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_make_parametrize_id(val: object) -> str | None:
    """Name binary parameters by their length: compressed bytes may hold the time of day.

    Ids that differ between two processes stop a parallel run.
    """
    if isinstance(val, bytes) and not (len(val) <= 80 and val.isascii() and b"\0" not in val):
        return f"{len(val)}-bytes"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure no coverage in bulk tests: it triples their time, and would make the figure
    depend on whether the outside material is there."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "acceptance" in item.path.parts or {"corpus", "testkit"}.intersection(names):
            item.add_marker(pytest.mark.no_cover)


def outside(name: str) -> Path:
    """A folder of the test material kept beside the project; skips the test without it."""
    root = Path(os.environ.get("AGGREGATOR_SHARED", PROJECT.parent / "shared"))
    folder = root / name
    if not folder.is_dir():
        pytest.skip(f"no {folder}; set AGGREGATOR_SHARED to the folder that holds {name}/")
    return folder


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The feed documents collected from other projects' tests."""
    return outside("corpus")


@pytest.fixture(scope="session")
def testkit() -> Path:
    """The hostile server, the story generator, the XSS oracle and the Atom schema."""
    return outside("testkit")
