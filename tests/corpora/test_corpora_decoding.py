"""Sounds decoded in order, trimmed and capped."""

import numpy as np
import pytest
import soundfile
from corpora_trees import write_wav
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from whence.corpora.decoding import DecodeSettings, decode_sounds, trim
from whence.corpora.entries import SoundEntry
from whence.errors import CorpusError


def entry(path):
    return SoundEntry(path, 0, path.name, path.name)


def tone(seconds, level=0.5, rate=24_000):
    return (level * np.sin(np.arange(round(seconds * rate)) * 0.05)).astype(np.float32)


def slow_trim(waveform, level):
    """Take samples off one by one."""
    kept = list(waveform)
    while kept and (abs(kept[0]) < level or kept[0] == 0):
        kept.pop(0)
    while kept and (abs(kept[-1]) < level or kept[-1] == 0):
        kept.pop()
    return kept


@given(
    hnp.arrays(np.float32, st.integers(0, 30), elements=st.sampled_from([0.0, 0.05, -0.05, 0.2, -0.2])),
    st.sampled_from([0.0, 0.05, 0.1]),
)
def test_trimming_takes_silence_off_both_ends_and_nothing_else(waveform, level):
    assert trim(waveform, np.float32(level)).tolist() == slow_trim(waveform, np.float32(level))


def test_results_come_in_order_whatever_the_jobs(tmp_path):
    lengths = [0.5, 0.01, 0.3, 0.02, 0.4, 0.1, 0.2, 0.05, 0.15]
    entries = [entry(write_wav(tmp_path / f"{n}.wav", tone(length))) for n, length in enumerate(lengths)]
    for jobs in (1, 3):
        decoded = list(decode_sounds(entries, DecodeSettings(), jobs))
        # The first sample of a sine is zero and goes with the silence.
        assert [len(sound.samples) for sound in decoded] == [round(length * 24_000) - 1 for length in lengths]


def test_a_sound_comes_back_within_half_a_step(tmp_path):
    waveform = np.random.default_rng(0).normal(0, 0.01, 5_000).astype(np.float32)
    (sound,) = decode_sounds([entry(write_wav(tmp_path / "x.wav", waveform, subtype="FLOAT"))], DecodeSettings(), 1)
    kept = trim(waveform, 1e-4)
    assert np.abs(sound.samples * sound.scale - kept).max() <= sound.scale * 0.501
    assert np.abs(sound.samples).max() == 32_767


def test_other_rates_channels_and_formats_become_mono_at_24_khz(tmp_path):
    both = np.stack([tone(1.0, rate=44_100), tone(1.0, rate=44_100)], axis=1)
    soundfile.write(tmp_path / "x.flac", both, 44_100)
    soundfile.write(tmp_path / "x.ogg", both[::2], 22_050, format="OGG")
    for name in ("x.flac", "x.ogg"):
        (sound,) = decode_sounds([entry(tmp_path / name)], DecodeSettings(), 1)
        assert len(sound.samples) == pytest.approx(24_000, abs=200)


def test_too_long_a_sound_is_cut_after_its_silence(tmp_path):
    path = write_wav(tmp_path / "x.wav", np.concatenate([np.zeros(24_000, np.float32), tone(2.0)]))
    (sound,) = decode_sounds([entry(path)], DecodeSettings(longest_s=0.5), 1)
    assert len(sound.samples) == 12_000
    assert sound.samples[0] != 0


def test_silence_and_damage_are_told_apart(tmp_path):
    quiet = write_wav(tmp_path / "quiet.wav", np.full(1_000, 3e-5, np.float32), subtype="FLOAT")
    damaged = tmp_path / "damaged.wav"
    damaged.write_bytes(b"RIFF and nothing")
    silent, unreadable = decode_sounds([entry(quiet), entry(damaged)], DecodeSettings(), 2)
    assert (silent.silent, silent.unreadable) == (True, "")
    assert not unreadable.silent
    assert "damaged.wav" in unreadable.unreadable


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"silence_below": 1.0}, r"silence_below is a level from 0 to 1, not 1.0"),
        ({"silence_below": -0.1}, r"silence_below"),
        ({"longest_s": 0.0}, r"longest_s must be a positive number of seconds, not 0.0"),
        ({"longest_s": float("nan")}, r"longest_s"),
        ({"unreadable_share": 1.1}, r"unreadable_share lies between 0 and 1"),
    ],
)
def test_settings_without_sense_are_refused(wrong, sentence):
    with pytest.raises(CorpusError, match=sentence):
        DecodeSettings(**wrong)
