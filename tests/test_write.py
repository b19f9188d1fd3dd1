"""Ownership: semopt overwrites and deletes only what it can show that it wrote."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from semopt.atomic import digest, replace_whole
from semopt.write import ForeignError, Writer, output_path

NAME = "a.jpg.semopt.webp"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.jpg").write_bytes(b"the original")
    return tmp_path


def writer(root: Path, **owned: str) -> Writer:
    return Writer(
        root, root / ".semopt", "", {NAME: {digest(text.encode()) for text in owned.values()}} if owned else {}
    )


def place(one: Writer, root: Path, content: bytes) -> None:
    one.place(NAME, content, root / "a.jpg")


def test_names() -> None:
    assert output_path("photos/cat.jpg", ".webp") == "photos/cat.jpg.semopt.webp"


def test_a_new_variant_appears_with_the_permissions_of_its_original(root: Path) -> None:
    os.chmod(root / "a.jpg", 0o640)
    place(writer(root), root, b"new")
    assert (root / NAME).read_bytes() == b"new"
    assert sys.platform == "win32" or (root / NAME).stat().st_mode & 0o777 == 0o640


def test_its_own_variant_is_replaced(root: Path) -> None:
    (root / NAME).write_bytes(b"old")
    place(writer(root, was="old"), root, b"new")
    assert (root / NAME).read_bytes() == b"new"


@pytest.mark.parametrize("owned", [{}, {"was": "old"}])
def test_a_foreign_or_edited_file_stays(root: Path, owned: dict[str, str]) -> None:
    (root / NAME).write_bytes(b"somebody's")
    one = writer(root, **owned)
    with pytest.raises(ForeignError, match="move it away or delete it"):
        place(one, root, b"new")
    one.remove(NAME)
    assert (root / NAME).read_bytes() == b"somebody's"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
@pytest.mark.parametrize("kind", ["folder", "link", "broken link", "hard link"])
def test_other_things_in_the_way_stay(root: Path, kind: str) -> None:
    target = root / NAME
    {
        "folder": target.mkdir,
        "link": lambda: target.symlink_to(root / "a.jpg"),
        "broken link": lambda: target.symlink_to(root / "nowhere"),
        "hard link": lambda: target.hardlink_to(root / "a.jpg"),
    }[kind]()
    one = writer(root, was="the original")
    with pytest.raises(ForeignError):
        place(one, root, b"new")
    one.remove(NAME)
    assert (root / "a.jpg").read_bytes() == b"the original"
    assert os.path.lexists(target)


def test_what_a_killed_build_wrote_is_known_from_the_journal(root: Path) -> None:
    place(writer(root), root, b"first")
    place(writer(root), root, b"second")
    assert (root / NAME).read_bytes() == b"second"
    after = writer(root)
    after.settle()
    with pytest.raises(ForeignError):
        place(writer(root), root, b"third")


def test_what_a_killed_build_was_about_to_rename_is_swept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "semopt.write.replace_whole", lambda target, content, mode, through: through.write_bytes(b"half")
    )
    place(writer(root), root, b"new")
    assert [file.name for file in root.glob(".semopt-*")]
    after = writer(root)
    assert list(root.glob(".semopt-*")), "a look at the books removes nothing: another build may be about to rename it"
    after.sweep()
    assert not list(root.glob(".semopt-*"))


def test_a_damaged_journal_is_read_as_far_as_it_goes(root: Path) -> None:
    place(writer(root), root, b"first")
    journal = root / ".semopt" / "journal"
    journal.write_bytes(b'{"path": 3}\n\xff\n[]\nnull\n' + journal.read_bytes() + b'{"path": "x')
    place(writer(root), root, b"second")
    assert (root / NAME).read_bytes() == b"second"


@pytest.mark.parametrize(
    "path", ["../x.semopt.webp", "/x.semopt.webp", "b/../../x.semopt.webp", "x.jpg", "x.semopt.webp\0"]
)
def test_a_path_from_a_manifest_never_leads_out_of_the_tree(root: Path, path: str) -> None:
    inner = root / "inner"
    (inner / "b").mkdir(parents=True)
    victim = root / "x.semopt.webp"
    victim.write_bytes(b"victim")
    one = Writer(inner, inner / ".semopt", "", {path: {digest(b"victim")}})
    assert one.owned_paths() == frozenset()
    one.remove(path)
    assert victim.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_folder_that_became_a_link_out_of_the_tree(root: Path) -> None:
    inner = root / "inner"
    inner.mkdir()
    (inner / "b").symlink_to(root)
    (root / "x.semopt.webp").write_bytes(b"victim")
    Writer(inner, inner / ".semopt", "", {"b/x.semopt.webp": {digest(b"victim")}}).remove("b/x.semopt.webp")
    assert (root / "x.semopt.webp").exists()


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / NAME).write_bytes(b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("semopt.atomic.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_whole(root / NAME, b"new")
    assert (root / NAME).read_bytes() == b"old"
    assert not list(root.glob(".semopt-*"))
