"""A folder and the library in step: what is new, changed or gone; and what must not empty the library."""

import os
from collections.abc import Collection
from pathlib import Path

import pytest

from rag.library import Library
from rag.sync import SyncRefused, plan_sync, source_of
from tests.rag.libraries import RETURNS, SHIPPING, found

SUFFIXES = (".md", ".txt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two documents, one of them deeper."""
    (tmp_path / "docs/deep").mkdir(parents=True)
    (tmp_path / "docs/a.md").write_bytes(RETURNS)
    (tmp_path / "docs/deep/b.TXT").write_bytes(SHIPPING)
    return tmp_path / "docs"


def _sync(library: Library, folder: Path, suffixes: Collection[str] = SUFFIXES) -> tuple[list[str], ...]:
    """Carries a plan out; the names of what was new, changed and gone."""
    plan = plan_sync(library, folder, suffixes)
    for path in (*plan.new, *plan.changed):
        assert library.add(path.name, path.read_bytes(), source=source_of(path)).status in ("added", "unchanged")
    for source in plan.gone:
        library.forget_source(source)
    return [path.name for path in plan.new], [path.name for path in plan.changed], [Path(s).name for s in plan.gone]


def test_first_sync_adds_and_second_does_nothing(library: Library, folder: Path) -> None:
    """All files are new once."""
    assert _sync(library, folder) == (["a.md", "b.TXT"], [], [])
    embedded = list(library.embedder.embedded)
    assert _sync(library, folder) == ([], [], [])
    assert (library.embedder.embedded, len(library.documents())) == (embedded, 2)


def test_new_changed_and_gone_are_told_apart(library: Library, folder: Path) -> None:
    """One file of each kind, one that stays as it is; the library follows."""
    (folder / "stays.txt").write_text("This one stays.")
    _sync(library, folder)
    (folder / "a.md").write_text("Books cannot be returned.")
    (folder / "deep/b.TXT").unlink()
    (folder / "new.md").write_text("A new one.")
    assert _sync(library, folder) == (["new.md"], ["a.md"], ["b.TXT"])
    assert {record.name for record in library.documents()} == {"a.md", "new.md", "stays.txt"}
    assert len(found(library, "receipt parcels")) == 3
    assert _sync(library, folder) == ([], [], [])


def test_renamed_file_is_not_embedded_again(library: Library, folder: Path) -> None:
    """New under one path and gone under another, with the same bytes: only its name changes."""
    _sync(library, folder)
    embedded = list(library.embedder.embedded)
    (folder / "a.md").rename(folder / "deep/returns.md")
    assert _sync(library, folder) == (["returns.md"], [], ["a.md"])
    assert {record.name for record in library.documents()} == {"returns.md", "b.TXT"}
    assert library.embedder.embedded == embedded


def test_swapped_files_end_where_they_belong(library: Library, folder: Path) -> None:
    """Two files that change places are two changes, and both documents are there afterwards."""
    _sync(library, folder)
    before = library.catalogue.sources()
    (folder / "a.md").write_bytes(SHIPPING)
    (folder / "deep/b.TXT").write_bytes(RETURNS)
    assert _sync(library, folder) == ([], ["a.md", "b.TXT"], [])
    first, second = before
    assert library.catalogue.sources() == {first: before[second], second: before[first]}
    assert len(library.documents()) == 2


def test_other_folders_and_uploads_are_left_alone(library: Library, folder: Path) -> None:
    """Only documents from this folder can be gone from it; one whose name begins alike is another."""
    library.add("upload.md", b"Uploaded by hand.")
    library.add("x.md", b"From a folder beside it.", source=f"{folder.resolve()}-2/x.md")
    _sync(library, folder)
    (folder / "a.md").unlink()
    assert _sync(library, folder) == ([], [], ["a.md"])
    assert len(library.documents()) == 3


@pytest.mark.parametrize("state", ["empty", "only other files", "only hidden files"])
def test_emptied_folder_is_refused(library: Library, folder: Path, state: str) -> None:
    """A disk that is not mounted looks empty; it empties the library only when that was said."""
    _sync(library, folder)
    (folder / "a.md").unlink()
    (folder / "deep/b.TXT").unlink()
    if state != "empty":
        (folder / ("x.jpg" if state == "only other files" else ".x.md")).write_text("x")
    with pytest.raises(SyncRefused, match=r"has 2 from it\. Nothing was removed.*--allow-empty"):
        plan_sync(library, folder, SUFFIXES)
    assert len(plan_sync(library, folder, SUFFIXES, may_empty=True).gone) == 2


def test_empty_folder_is_fine_while_nothing_is_from_it(library: Library, tmp_path: Path) -> None:
    """Nothing new, nothing gone."""
    library.add("a.md", RETURNS)
    plan = plan_sync(library, tmp_path, SUFFIXES)
    assert (plan.new, plan.changed, plan.gone) == ((), (), ())


def test_missing_folder_is_refused(library: Library, folder: Path) -> None:
    """Also when it never was there, and when it is a file."""
    _sync(library, folder)
    folder.rename(folder.with_name("moved"))
    with pytest.raises(SyncRefused, match=r"docs cannot be read \(No such file or directory\)\. Nothing was changed"):
        plan_sync(library, folder, SUFFIXES, may_empty=True)
    with pytest.raises(SyncRefused, match="cannot be read"):
        plan_sync(library, folder.with_name("moved") / "a.md", SUFFIXES)


@pytest.mark.parametrize("which", ["the folder", "a folder in it"])
def test_unreadable_folder_is_refused(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """Files that cannot be seen are not gone; permissions do not bind root, so the refusal is made by hand."""
    _sync(library, folder)
    closed = folder if which == "the folder" else folder / "deep"
    scandir = os.scandir

    def refuse(path: str | Path) -> object:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SyncRefused, match=rf"{closed.name} cannot be read \(Permission denied\)"):
        plan_sync(library, folder, SUFFIXES, may_empty=True)


def test_unreadable_file_is_neither_gone_nor_a_crash(library: Library, folder: Path) -> None:
    """A link whose target is not there now counts as changed: whoever tries to add it finds out why."""
    target = folder.with_name("target.txt")
    target.write_bytes(b"Behind a link.")
    (folder / "link.txt").symlink_to(target)
    assert _sync(library, folder)[0] == ["a.md", "link.txt", "b.TXT"]
    assert _sync(library, folder) == ([], [], [])
    target.unlink()
    plan = plan_sync(library, folder, SUFFIXES)
    assert ([path.name for path in plan.changed], plan.gone) == (["link.txt"], ())
    (folder / "link.txt").unlink()
    assert _sync(library, folder) == ([], [], ["link.txt"])


def test_hidden_and_lock_files_are_no_documents(library: Library, folder: Path) -> None:
    """What editors and version control leave, and what is no regular file, is not looked at."""
    (folder / ".git").mkdir()
    (folder / ".git/c.md").write_text("hidden")
    for name in (".d.md", "~$e.md"):
        (folder / name).write_text("hidden")
    os.mkfifo(folder / "pipe.md")
    (folder / "folder.md").mkdir()
    assert _sync(library, folder)[0] == ["a.md", "b.TXT"]


def test_same_folder_by_another_path(library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative, through a link, or with a slash at its end: it is the same folder."""
    _sync(library, folder)
    link = folder.with_name("link")
    link.symlink_to(folder)
    monkeypatch.chdir(folder)
    for path in (link, Path(), Path("../docs"), Path(f"{folder}/")):
        assert _sync(library, path) == ([], [], [])
    assert source_of(Path("../docs")) == str(folder.resolve())


def test_names_of_any_kind(library: Library, folder: Path) -> None:
    """Spaces, other scripts, wildcards and newlines in a name are data."""
    for name in ("a b.md", "büro.md", "%_*[x].md", "line\nbreak.md", "-rf.md"):
        (folder / name).write_text(f"Text of {name!r}.")
    assert len(_sync(library, folder)[0]) == 7
    assert _sync(library, folder) == ([], [], [])
