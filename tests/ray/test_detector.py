"""The detector for Ray Data, called as Ray Data calls it: batches of paths in, tables of one schema out."""

import numpy as np
import pytest
import soundfile

import whence
from whence.cli.demo import SCENES
from whence.errors import InferenceError
from whence.ray import Detector
from whence.scale import COLUMNS

pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def detect():
    return Detector()


@pytest.fixture
def sounds(tmp_path):
    signal, rate = soundfile.read(SCENES / "calm.flac")
    soundfile.write(tmp_path / "a.wav", signal[: 3 * rate], rate)
    soundfile.write(tmp_path / "silent.wav", np.zeros((rate, 2)), rate)
    (tmp_path / "bad.wav").write_bytes(b"hello")
    return tmp_path


def test_events_and_failures_are_rows(detect, sounds):
    names = [str(sounds / name) for name in ("a.wav", "bad.wav", "silent.wav")]
    table = detect({"path": np.array(names, dtype=object), "other": np.zeros(3)})
    found = whence.detect(names[0])
    assert table["class"].to_pylist() == [*(each.name for each in found), None]
    assert table["azimuth_deg"].to_pylist()[:-1] == [each.azimuth_deg for each in found]
    assert set(table["path"].to_pylist()) == set(names[:2])
    assert "not a sound file" in table["error"].to_pylist()[-1]
    assert len(set(table["model_sha256"].to_pylist())) == 1


def test_the_schema_never_changes(detect, sounds):
    schemas = [
        detect({"path": [str(sounds / name) for name in names]}).schema
        for names in (["a.wav"], ["bad.wav"], ["silent.wav"], [])
    ]
    assert tuple(schemas[0].names) == COLUMNS
    assert all(schema == schemas[0] for schema in schemas)


def test_settings_are_checked_when_it_is_made(tmp_path):
    with pytest.raises(InferenceError, match="threshold"):
        Detector(threshold=2.0)
    with pytest.raises(InferenceError, match="no such model"):
        Detector(str(tmp_path / "none.onnx"))


def test_another_column_and_threshold(sounds):
    strict = Detector(threshold=0.999, column="file")
    assert strict({"file": [str(sounds / "a.wav")]}).num_rows == 0


def test_what_was_noticed_is_logged(detect, tmp_path, caplog):
    signal, rate = soundfile.read(SCENES / "calm.flac")
    soundfile.write(tmp_path / "mono.wav", signal[:rate, [0, 0]], rate)
    with caplog.at_level("WARNING"):
        detect({"path": [str(tmp_path / "mono.wav")]})
    assert "left and right are identical" in caplog.text
