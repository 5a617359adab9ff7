"""The resume record: which results count as finished, whatever is left in the folder."""

import os

import pytest

from whence.inference import STDIN, Request, ResumeRecord
from whence.inference.batch import RECORD


@pytest.fixture
def model(tmp_path):
    """Stands for a model: the record looks at nothing but its bytes."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"samples")
    return path


@pytest.fixture
def folder(tmp_path, sound, model):
    """Results of one finished sound."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "a.csv").touch()
    ResumeRecord(folder, Request((str(model),))).add(sound, sound.with_suffix("").relative_to(sound.parent))
    return folder


def is_finished(folder, sound, model, **request):
    return ResumeRecord(folder, Request((str(model),), **request)).has(
        sound, sound.relative_to(sound.parent).with_suffix("")
    )


def test_a_finished_sound_stays_finished(folder, sound, model):
    assert is_finished(folder, sound, model)


@pytest.mark.parametrize("request_fields", [{"threshold": 0.5}, {"swap": True}, {"mono": True}, {"channels": (2, 1)}])
def test_another_request_finishes_nothing(folder, sound, model, request_fields):
    assert not is_finished(folder, sound, model, **request_fields)


def test_another_model_finishes_nothing(folder, sound, model):
    model.write_bytes(b"others")
    assert not is_finished(folder, sound, model)


def test_a_changed_sound_and_one_at_another_path_are_not_finished(folder, sound, model, tmp_path):
    status = sound.stat()
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "a.wav"
    other.write_bytes(sound.read_bytes())
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not is_finished(folder, other, model)
    os.utime(sound, ns=(1, 1))
    assert not is_finished(folder, sound, model)


def test_a_deleted_result_is_not_finished(folder, sound, model):
    (folder / "a.csv").unlink()
    assert not is_finished(folder, sound, model)


def test_damaged_lines_are_skipped_and_the_last_line_of_a_result_counts(folder, sound, model):
    record = folder / RECORD
    good = record.read_text()
    record.write_text('[1]\n{"result": "a", "bytes": 0}\n' + good + '{"result": "b", "by')
    assert is_finished(folder, sound, model)
    record.write_text(good + '{"result": "a", "bytes": 0}\n')
    assert not is_finished(folder, sound, model)


def test_standard_input_is_never_finished(folder, model):
    (folder / "stdin.csv").touch()
    record = ResumeRecord(folder, Request((str(model),)))
    record.add(STDIN, STDIN.with_name("stdin"))
    assert not ResumeRecord(folder, Request((str(model),))).has(STDIN, STDIN.with_name("stdin"))
