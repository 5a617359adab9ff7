"""A report's folder appears whole or not at all, and replaces only reports."""

import pytest

from whence.errors import WhenceError
from whence.views.report.folder import MARK, check_target, folder_written_whole


def fill(folder, text="done"):
    (folder / MARK).write_text("{}")
    (folder / "index.html").write_text(text)
    (folder / "clips").mkdir()
    (folder / "clips" / "001.flac").write_bytes(b"")


def write(target, text, fault=None):
    with folder_written_whole(target) as folder:
        fill(folder, text)
        if fault:
            raise fault


def test_it_appears_with_its_name_only_at_the_end(tmp_path):
    target = tmp_path / "report"
    with folder_written_whole(target) as folder:
        fill(folder)
        assert not target.exists()
        assert folder.parent == tmp_path  # on the same disk, so the renaming is one step
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report"]


@pytest.mark.parametrize("fault", [OSError("disk full"), KeyboardInterrupt(), WhenceError("no")])
def test_an_error_leaves_nothing(tmp_path, fault):
    with pytest.raises(type(fault)):
        write(tmp_path / "report", "new", fault)
    assert list(tmp_path.iterdir()) == []


def test_an_error_keeps_the_earlier_report(tmp_path):
    with folder_written_whole(tmp_path / "report") as folder:
        fill(folder, "first")
    with pytest.raises(OSError, match="disk full"):
        write(tmp_path / "report", "second", OSError("disk full"))
    assert (tmp_path / "report" / "index.html").read_text() == "first"
    assert len(list(tmp_path.iterdir())) == 1


def test_an_earlier_report_and_an_empty_folder_are_replaced(tmp_path):
    (tmp_path / "report").mkdir()
    for text in ("first", "second"):
        with folder_written_whole(tmp_path / "report") as folder:
            fill(folder, text)
    assert (tmp_path / "report" / "index.html").read_text() == "second"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_report_with_other_files_in_it_is_kept(tmp_path):
    with folder_written_whole(tmp_path / "report") as folder:
        fill(folder)
    (tmp_path / "report" / "clips" / "notes.txt").write_text("mine")
    with pytest.raises(WhenceError, match=r"holds clips/notes\.txt, which is not part of a report"):
        check_target(tmp_path / "report")


def test_a_page_without_the_mark_is_not_replaced(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("somebody's home page")
    with pytest.raises(WhenceError, match=r"holds index\.html"):
        check_target(tmp_path / "site")


def test_a_file_and_a_missing_parent_are_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WhenceError, match="not a folder"):
        check_target(tmp_path / "file")
    with pytest.raises(WhenceError, match="no such folder for the report"):
        check_target(tmp_path / "a" / "b")


def test_a_link_to_a_report_is_followed(tmp_path):
    with folder_written_whole(tmp_path / "real") as folder:
        fill(folder, "first")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with folder_written_whole(tmp_path / "link") as folder:
        fill(folder, "second")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "index.html").read_text() == "second"
