"""The resume record: which results count as finished, and which sounds were begun too often."""

import hashlib
import os

import pytest

from whence import __version__
from whence.audio import Channels, read_microphones, source_state
from whence.inference import STDIN, Request, Result
from whence.scale import ResumeRecord, TableRow
from whence.scale.record import model_sha256

EVENT = (0.4, 1.2, "laughter", 31.0, None, 0.9)


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
    record_of(folder, model).finish(finished(sound, folder / "a"))
    return folder


def finished(sound, target=None, **fields):
    return Result(sound, target, duration_s=2.0, state=source_state(sound), **fields)


def record_of(folder, model, shard="", **request):
    return ResumeRecord(folder, Request((str(model),), **request), shard)


def is_finished(folder, sound, model, **request):
    return record_of(folder, model, **request).has(sound, sound.relative_to(sound.parent).with_suffix(""))


def test_a_finished_sound_stays_finished(folder, sound, model):
    assert is_finished(folder, sound, model)


@pytest.mark.parametrize(
    "request_fields",
    [
        {"threshold": 0.5},
        {"swap": True},
        {"channels": Channels()},
        {"channels": Channels((2, 1))},
        {"microphones": read_microphones("ortf")},
        {"tracks": 2},
    ],
)
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


def test_damaged_lines_are_skipped_and_the_line_after_a_cut_one_counts(folder, sound, model):
    record = folder / ".whence.jsonl"
    good = record.read_text()
    record.write_text('[1]\n{"sound": 1}\n' + "[" * 9999 + "\n" + good + f'{{"sound": "{sound}", "sta')
    assert is_finished(folder, sound, model)
    os.utime(sound, ns=(1, 1))
    record_of(folder, model).finish(finished(sound, folder / "a"))
    assert is_finished(folder, sound, model)


def test_the_record_of_every_shard_counts(folder, sound, model):
    (folder / ".whence.jsonl").rename(folder / ".whence-1-of-3.jsonl")
    assert is_finished(folder, sound, model)


def test_standard_input_is_never_finished(folder, model):
    (folder / "stdin.csv").touch()
    record = record_of(folder, model)
    record.finish(Result(STDIN, folder / "stdin"))
    assert not record_of(folder, model).has(STDIN, STDIN.with_name("stdin"))


def test_without_rows_a_sound_is_not_finished_for_a_table(folder, sound, model):
    assert not is_finished(folder, sound, model, table=True)
    record_of(folder, model, table=True).finish(finished(sound, folder / "a", rows=[EVENT]))
    assert is_finished(folder, sound, model, table=True)


def test_tries_are_counted_across_processes_until_a_sound_is_finished_or_left(folder, sound, model):
    for count in range(3):
        assert record_of(folder, model).tries(sound) == count
        record_of(folder, model).begin(sound)
    assert record_of(folder, model, threshold=0.5).tries(sound) == 0
    record = record_of(folder, model)
    record.begin(sound)
    record.leave()
    assert record_of(folder, model).tries(sound) == 0
    record_of(folder, model).begin(sound)
    assert record_of(folder, model).tries(sound) == 1
    record_of(folder, model).finish(finished(sound, folder / "a"))
    assert record_of(folder, model).tries(sound) == 0


def test_a_failure_counts_as_no_try_but_is_not_finished(folder, sound, model):
    record = record_of(folder, model)
    record.begin(sound)
    record.finish(Result(sound, None, failure="a.wav: empty file"))
    assert record_of(folder, model).tries(sound) == 0


def test_rows_are_sorted_by_path_and_failures_are_rows(folder, sound, model, tmp_path):
    record = record_of(folder, model, table=True)
    sounds = [tmp_path / name for name in ("b.wav", "a.wav", "c.wav")]
    for path in sounds:
        path.write_bytes(b"samples")
    record.finish(finished(sounds[0], rows=[EVENT, EVENT]))
    record.finish(finished(sounds[1], rows=[]))
    failed = Result(sounds[2], None, failure="c.wav: empty file")
    record.finish(failed)
    # A record that was read, not written, gives the same.
    for one in (record, record_of(folder, model, table=True)):
        rows = list(one.rows(sounds, [failed]))
        assert [row.path for row in rows] == [str(sounds[0])] * 2 + [str(sounds[2])]
        assert rows[0].class_name == "laughter"
        assert rows[0].distance_m is None
        assert rows[2] == TableRow(
            str(sounds[2]), model_sha256=record.model_sha256, whence_version=__version__, error="c.wav: empty file"
        )


def test_the_checksum_of_a_model_is_that_of_its_file(model):
    assert model_sha256([str(model)]) == hashlib.sha256(b"weights").hexdigest()
    assert model_sha256([str(model), str(model)]) != model_sha256([str(model)])
