"""The sound table: int16 with a scale each, end to end."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from whence.corpora.sounds import BACKGROUND, INTERFERENCE, Sounds, to_int16
from whence.errors import CorpusError
from whence.labels import STARSS23

WAVEFORMS = [np.linspace(-0.3, 0.2, 7, dtype=np.float32), np.full(24_000, 1e-4, np.float32)]


def table(**changes):
    columns = {
        "samples": np.arange(10, dtype=np.int16),
        "first_sample": np.array([0, 4, 10]),
        "scale": np.ones(2, np.float32),
        "class_index": np.array([3, BACKGROUND], np.int32),
        "recording": ("a", "b"),
        "name": ("x", "y"),
        "classes": STARSS23,
    }
    return Sounds(**{**columns, **changes})


@given(hnp.arrays(np.float32, st.integers(1, 50), elements=st.floats(-2, 2, width=32)))
def test_a_waveform_comes_back_within_half_a_step(waveform):
    samples, scale = to_int16(waveform)
    assert samples.dtype == np.int16
    assert np.abs(samples * np.float64(scale) - waveform).max() <= np.float64(scale) * 0.501
    assert np.abs(samples).max() <= 32_767
    if np.abs(waveform).max() > 1e-6:
        assert np.abs(samples).max() == 32_767


def test_sounds_are_found_by_number_and_class():
    sounds = Sounds.from_waveforms(WAVEFORMS, [5, INTERFERENCE], ["x", "y"], ["a", "b"], STARSS23)
    assert len(sounds) == 2
    assert sounds.waveform(0).dtype == np.float32
    assert np.abs(sounds.waveform(0) - WAVEFORMS[0]).max() < 1e-5
    assert np.abs(sounds.waveform(1) - WAVEFORMS[1]).max() < 1e-8
    assert sounds.of_class(INTERFERENCE).tolist() == [1]
    assert sounds.of_class(0).tolist() == []


def test_a_table_without_sounds_is_a_table():
    sounds = Sounds.from_waveforms([], [], [], [], STARSS23)
    assert (len(sounds), len(sounds.samples)) == (0, 0)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"scale": np.ones(3, np.float32)}, r"columns differ in length: \[2, 3\]"),
        ({"recording": ("a",)}, r"columns differ in length: \[1, 2\]"),
        ({"first_sample": np.array([0, 4, 11])}, r"bounds do not fit its samples; make the cache again"),
        ({"first_sample": np.array([0, 0, 10])}, r"bounds do not fit its samples"),
        ({"first_sample": np.array([0, 6, 4])}, r"bounds do not fit its samples"),
    ],
)
def test_columns_that_do_not_fit_are_refused(changes, sentence):
    with pytest.raises(CorpusError, match=sentence):
        table(**changes)
