"""Published files: whole or not at all, untouched when unchanged, never someone else's."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from aggregator.adapters.publish import remove_published, write_published
from aggregator.core.codings import CODINGS, Coding
from aggregator.core.errors import PublishError

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
ALL = ["all.atom", "all.atom.br", "all.atom.gz", "all.atom.zst"]
every_coding = pytest.mark.parametrize("coding", CODINGS, ids=lambda coding: coding.name)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "public" / "feeds" / "all.atom"


def names(path: Path) -> list[str]:
    return sorted(found.name for found in path.parent.iterdir())


def stamps(path: Path) -> list[tuple[int, int]]:
    return [
        (found.stat().st_ino, found.stat().st_mtime_ns) for found in sorted(path.parent.iterdir())
    ]


# W54 W56
def test_a_new_file_has_the_bytes_the_time_and_the_mode(path: Path) -> None:
    assert write_published(path, b"<feed/>", modified=NOON)
    assert path.read_bytes() == b"<feed/>"
    assert path.stat().st_mtime == NOON.timestamp()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert names(path) == ALL


# W54
def test_the_mode_does_not_depend_on_the_umask(path: Path) -> None:
    old = os.umask(0o077)
    try:
        write_published(path, b"<feed/>", modified=NOON)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


# W55
def test_unchanged_bytes_touch_nothing(path: Path) -> None:
    write_published(path, b"<feed/>", modified=NOON)
    before = stamps(path)
    assert not write_published(path, b"<feed/>", modified=LATER)
    assert stamps(path) == before


def test_changed_bytes_of_the_same_size_replace_the_file(path: Path) -> None:
    write_published(path, b"<one/>", modified=NOON)
    assert write_published(path, b"<two/>", modified=LATER)
    assert path.read_bytes() == b"<two/>"
    assert path.stat().st_mtime == LATER.timestamp()


# W25
@pytest.mark.parametrize("modified", [NOON, NOON - timedelta(days=1)])
def test_the_time_of_a_file_only_grows(path: Path, modified: datetime) -> None:
    """Whatever the clock says: a copy of the old bytes must never pass for the new ones."""
    write_published(path, b"<one/>", modified=NOON)
    write_published(path, b"<two/>", modified=modified)
    assert path.stat().st_mtime == NOON.timestamp() + 1


# W57
@every_coding
def test_each_sibling_holds_the_same_bytes_and_has_the_same_time(
    path: Path, coding: Coding
) -> None:
    write_published(path, b"<feed/>" * 1000, modified=NOON)
    sibling = path.with_name("all.atom" + coding.suffix)
    assert coding.holds(sibling.read_bytes(), b"<feed/>" * 1000)
    assert sibling.stat().st_mtime_ns == path.stat().st_mtime_ns
    assert stat.S_IMODE(sibling.stat().st_mode) == 0o644


# W57
@every_coding
def test_siblings_are_written_first(path: Path, coding: Coding) -> None:
    path.mkdir(parents=True)  # the plain file cannot be put in the place of a folder
    with pytest.raises(PublishError):
        write_published(path, b"<feed/>", modified=NOON)
    sibling = path.with_name("all.atom" + coding.suffix)
    assert coding.holds(sibling.read_bytes(), b"<feed/>")
    assert names(path) == ALL


# W57
def test_siblings_are_the_same_whenever_and_wherever_they_are_written(tmp_path: Path) -> None:
    body = bytes(range(256)) * 2000
    for folder, modified in (("one", NOON), ("two", LATER)):
        write_published(tmp_path / folder / "all.atom", body, modified=modified)
    for coding in CODINGS:
        name = "all.atom" + coding.suffix
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    gzipped = (tmp_path / "one" / "all.atom.gz").read_bytes()
    assert gzipped[4:8] == bytes(4)  # no time inside (RFC 1952 §2.3)


@every_coding
@pytest.mark.parametrize("damage", ["missing", "stale", "truncated", "longer", "other time"])
def test_a_wrong_sibling_is_repaired(path: Path, coding: Coding, damage: str) -> None:
    write_published(path, b"<feed/>", modified=NOON)
    sibling = path.with_name("all.atom" + coding.suffix)
    before = path.stat()
    whole = sibling.read_bytes()
    if damage == "missing":
        sibling.unlink()
    elif damage == "other time":
        os.utime(sibling, (0, 0))
    else:
        bodies = {
            "stale": coding.pack(b"<old/>"),
            "truncated": whole[:-1],
            "longer": coding.pack(b"<feed/><feed/>"),
        }
        sibling.write_bytes(bodies[damage])
        os.utime(sibling, ns=(before.st_mtime_ns, before.st_mtime_ns))
    assert not write_published(path, b"<feed/>", modified=LATER)
    assert coding.holds(sibling.read_bytes(), b"<feed/>")
    assert sibling.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino


# W54
def test_readers_see_the_old_bytes_or_the_new_ones(path: Path) -> None:
    versions = [bytes([65 + number]) * 300_000 for number in range(2)]
    write_published(path, versions[0], modified=NOON)
    seen: set[bytes] = set()
    writing = True

    def read() -> None:
        while writing:
            seen.add(path.read_bytes())

    reader = Thread(target=read)
    reader.start()
    for number in range(20):
        moment = NOON + timedelta(seconds=number)
        write_published(path, versions[number % 2], modified=moment)
    writing = False
    reader.join()
    assert seen <= set(versions)


def test_what_a_killed_writer_left_is_removed_and_nothing_else(path: Path) -> None:
    path.parent.mkdir(parents=True)
    left = path.parent / ".other.atom.0123456789abcdef.aggregator-part"
    foreign = path.parent / ".all.atom.swp"
    left.write_bytes(b"half")
    foreign.write_bytes(b"an editor's")
    write_published(path, b"<feed/>", modified=NOON)
    assert names(path) == [".all.atom.swp", *ALL]


def test_what_a_living_writer_holds_is_left_alone(path: Path) -> None:
    path.parent.mkdir(parents=True)
    held = path.parent / ".other.atom.0123456789abcdef.aggregator-part"
    with held.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        write_published(path, b"<feed/>", modified=NOON)
        assert held.exists()
    write_published(path, b"<new/>", modified=LATER)
    assert not held.exists()


# W60
@pytest.mark.parametrize("body", [os.urandom(50_000), b"<feed/>" * 7000], ids=["noise", "feed"])
def test_a_full_disk_keeps_the_old_files_and_the_next_run_repairs(path: Path, body: bytes) -> None:
    """The child may write no file over 4 KiB: the kernel refuses as it does on a full disk.

    Where only the plain file is refused, the siblings stay as well.
    """
    write_published(path, b"<old/>", modified=NOON)
    before = stamps(path)
    (path.parent.parent / "body").write_bytes(body)
    program = (
        "import resource, sys; from datetime import UTC, datetime; from pathlib import Path;"
        "from aggregator.adapters.publish import write_published;"
        "from aggregator.core.errors import PublishError\n"
        "body = Path(sys.argv[2]).read_bytes()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: write_published(Path(sys.argv[1]), body, modified=datetime.now(UTC))\n"
        "except PublishError as error: print(error)\n"
    )
    command = [sys.executable, "-c", program, str(path), str(path.parent.parent / "body")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert f"cannot write {path}: " in done.stdout
    assert path.read_bytes() == b"<old/>"
    assert names(path) == ALL
    assert stamps(path) == before
    assert write_published(path, body, modified=LATER)
    assert path.read_bytes() == body


# W60
def test_a_folder_that_cannot_be_made_is_a_publish_error(tmp_path: Path) -> None:
    (tmp_path / "public").write_bytes(b"a file where the folder should be")
    with pytest.raises(PublishError, match=r"cannot write .*all\.atom: "):
        write_published(tmp_path / "public" / "all.atom", b"<feed/>", modified=NOON)


def is_ours(head: bytes) -> bool:
    return head.startswith(b"<ours")


# W59
def test_only_our_own_feeds_of_removed_outputs_are_deleted(path: Path) -> None:
    folder = path.parent
    for name in ("all.atom", "gone.atom"):
        write_published(folder / name, b"<ours/>", modified=NOON)
    (folder / "foreign.atom").write_bytes(b"<theirs/>")
    (folder / "notes.txt").write_bytes(b"<ours/>")
    (folder / "link.atom").symlink_to("all.atom")
    (folder / "folder.atom").mkdir()
    assert remove_published(folder, keep={"all.atom"}, is_own=is_ours) == ("gone.atom",)
    assert names(path) == [
        *ALL,
        "folder.atom",
        "foreign.atom",
        "link.atom",
        "notes.txt",
    ]


def test_removing_from_a_folder_that_is_not_there_removes_nothing(tmp_path: Path) -> None:
    assert remove_published(tmp_path / "none", keep=(), is_own=is_ours) == ()


def test_a_feed_that_cannot_be_removed_is_a_publish_error(path: Path) -> None:
    write_published(path, b"<ours/>", modified=NOON)
    path.with_name("all.atom.gz").unlink()
    path.with_name("all.atom.gz").mkdir()
    with pytest.raises(PublishError, match="cannot clean"):
        remove_published(path.parent, keep=(), is_own=is_ours)
