"""Parts of a long recording are its samples, bit for bit, whatever its rate, coding and level."""

import logging

import numpy as np
import pytest
import soundfile

from whence.audio import probe, read, read_microphones, read_part, survey
from whence.errors import AudioError

STRETCH_S = 20


@pytest.fixture(autouse=True)
def _short_stretches(monkeypatch):
    monkeypatch.setattr("whence.audio.resampling.STRETCH_S", STRETCH_S)
    monkeypatch.setattr("whence.audio.parts.STRETCH_S", STRETCH_S)
    monkeypatch.setattr("whence.audio.parts._LEAST_BYTES", 0)


def recording(rate, seconds=67.3, level=0.2, offset=0.0):
    rng = np.random.default_rng(1)
    signal = level * rng.standard_normal((round(seconds * rate), 2))
    # Louder and louder: the gain changes three times.
    signal[len(signal) // 3 :] *= 2
    signal[2 * len(signal) // 3 :] *= 2
    return signal + offset


def parts_of(path, length_s, **options):
    whole = survey(path, 30.0, **options)
    starts = range(0, 70, length_s)
    return [
        [*read_part(path, whole, start, None if start == starts[-1] else start + length_s, **options)]
        for start in starts
    ]


@pytest.mark.parametrize("rate", [8_000, 11_025, 24_000, 44_100, 48_000])
@pytest.mark.parametrize(
    ("level", "offset", "subtype"), [(0.05, 0.0, "PCM_16"), (0.5, 0.0, "FLOAT"), (0.3, 0.2, "FLOAT")]
)
def test_joined_parts_are_the_whole(tmp_path, rate, level, offset, subtype):
    path = tmp_path / "a.wav"
    soundfile.write(path, recording(rate, level=level, offset=offset), rate, subtype=subtype)
    whole = read(path)
    for length_s in (10, 30):
        parts = parts_of(path, length_s)
        # A part need not begin or end where a filter does.
        np.testing.assert_array_equal(np.concatenate([block for part in parts for block in part], axis=1), whole)


@pytest.mark.parametrize("rate", [24_000, 44_100])
def test_parts_of_ambisonics_are_the_whole_with_its_warning(tmp_path, rate, caplog):
    # A wave from the left in AmbiX, said to be FuMa.
    wave = recording(rate)[:, :1]
    soundfile.write(tmp_path / "a.wav", wave * [1.0, 1.0, 0.0, 0.0], rate, subtype="FLOAT")
    told = read_microphones("foa:fuma")
    with caplog.at_level(logging.WARNING, logger="whence"):
        whole = read(tmp_path / "a.wav", microphones=told)
        said = [record.message for record in caplog.records]
        caplog.clear()
        parts = parts_of(tmp_path / "a.wav", 20, microphones=told)
    assert whole.shape[0] == 4
    np.testing.assert_array_equal(np.concatenate([block for part in parts for block in part], axis=1), whole)
    assert "3.0 dB too strong for foa:fuma" in said[-1]
    assert [record.message for record in caplog.records][-1] == said[-1]


@pytest.mark.parametrize("ending", ["flac", "ogg", "aiff"])
def test_compressed_recordings_are_entered_exactly(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    soundfile.write(path, np.clip(recording(16_000), -1, 1), 16_000)
    joined = np.concatenate([block for part in parts_of(path, 20) for block in part], axis=1)
    np.testing.assert_array_equal(joined, read(path))


def test_short_recordings_and_those_without_entrance_have_no_parts(tmp_path):
    soundfile.write(tmp_path / "a.wav", recording(8_000, 29.0), 8_000)
    soundfile.write(tmp_path / "a.mp3", np.clip(recording(8_000, 40.0), -1, 1), 8_000)
    assert survey(tmp_path / "a.wav", 30.0) is None
    assert survey(tmp_path / "a.mp3", 30.0) is None
    assert survey(tmp_path / "a.wav", 28.0).duration_s == probe(tmp_path / "a.wav").duration_s


def test_a_survey_says_once_what_reading_says(tmp_path, caplog):
    path = tmp_path / "a.wav"
    signal = recording(24_000)
    signal[:, 1] = signal[:, 0]
    soundfile.write(path, signal, 24_000, subtype="FLOAT")
    caplog.set_level(logging.INFO, logger="whence.audio")
    read(path)
    said = [record.getMessage() for record in caplog.records]
    caplog.clear()
    whole = survey(path, 30.0)
    assert [record.getMessage() for record in caplog.records] == said
    assert said
    caplog.clear()
    list(read_part(path, whole, 20, None))
    assert caplog.records == []


def test_what_reading_refuses_the_survey_refuses(tmp_path):
    path = tmp_path / "a.wav"
    signal = recording(8_000)
    signal[400_000, 1] = np.nan
    soundfile.write(path, signal, 8_000, subtype="FLOAT")
    with pytest.raises(AudioError) as read_error:
        read(path)
    with pytest.raises(AudioError) as survey_error:
        survey(path, 30.0)
    assert str(survey_error.value) == str(read_error.value)


def test_a_recording_that_changed_since_its_survey_is_refused(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, recording(8_000), 8_000)
    whole = survey(path, 30.0)
    soundfile.write(path, recording(8_000, 66.0), 8_000)
    with pytest.raises(AudioError, match="changed while it was read"):
        next(read_part(path, whole, 20, None))
