"""Which channels are heard: by number, by name, or all as one; of files, films and arrays."""

import struct

import numpy as np
import pytest
import soundfile

from whence.audio import Channels, channel_names, check, full_scale_one, read, read_channels
from whence.errors import AudioError

RATE = 24_000


def six_channels(samples: int = 2_400) -> np.ndarray:
    """(sample, 6): each channel has a level of its own, as no offset is kept."""
    time_s = np.arange(samples) / RATE
    tone = np.sin(2 * np.pi * 440 * time_s)
    return (np.arange(1, 7) * 0.1 * tone[:, None]).astype(np.float32)


def levels(signal: np.ndarray) -> list[float]:
    return [round(float(np.abs(channel).max()), 2) for channel in signal]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("1,2", [0.1, 0.2]), ("FL,FR", [0.1, 0.2]), ("sl,SR", None), ("BR,BL", [0.6, 0.5]), ((3, "LFE"), [0.3, 0.4])],
)
def test_two_channels_of_six_by_number_or_name(tmp_path, choice, expected):
    soundfile.write(tmp_path / "film.wav", six_channels(), RATE)
    if expected is None:
        with pytest.raises(AudioError, match=r"film\.wav has no channel SL; it has FL, FR, FC, LFE, BL, BR"):
            read(tmp_path / "film.wav", channels=choice)
    else:
        assert levels(read(tmp_path / "film.wav", channels=choice)) == expected


def test_a_wav_file_s_own_channel_mask_names_its_channels(tmp_path):
    path = tmp_path / "side.wav"
    soundfile.write(path, six_channels(), RATE, subtype="PCM_16", format="WAVEX")
    content = bytearray(path.read_bytes())
    at = content.index(b"fmt ") + 8 + 20
    content[at : at + 4] = struct.pack("<I", 0x60F)  # FL FR FC LFE SL SR
    path.write_bytes(content)
    assert levels(read(path, channels="SL,SR")) == [0.5, 0.6]


def test_mono_is_the_mean_of_all_channels_twice(tmp_path, caplog):
    soundfile.write(tmp_path / "film.flac", six_channels(), RATE)
    signal = read(tmp_path / "film.flac", channels="mono")
    assert levels(signal) == [0.35, 0.35]
    # That both are the same is what was asked for.
    assert not [record for record in caplog.records if "identical" in record.message and record.levelname == "WARNING"]


def test_a_film_names_its_channels(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout="5.1")
        frame = av.AudioFrame.from_ndarray(
            (six_channels(4_800) * 32767).astype(np.int16).reshape(1, -1), format="s16", layout="5.1"
        )
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    assert levels(read(path, channels="FC,LFE")) == [0.3, 0.4]


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ("1", "channels '1' are not left and right; write two numbers or names, such as 1,2 or FL,FR, or mono or foa"),
        (
            "1,2,3",
            "channels '1,2,3' are not left and right; write two numbers or names, such as 1,2 or FL,FR, or mono or foa",
        ),
        ("0,1", "channels are counted from 1; there is no channel 0"),
        ("left,right", "no channel has the name 'LEFT'; there are: FL, FR, FC, LFE, BL, BR, SL, SR"),
        ((1,), "left and right are two channels, not 1"),
        ((), "left and right are two channels, not 0"),
    ],
)
def test_what_is_no_choice_is_refused_in_one_sentence(choice, sentence):
    with pytest.raises(AudioError) as caught:
        read_channels(choice)
    assert str(caught.value) == sentence


def test_names_follow_the_mask_where_it_fits_the_number_of_channels():
    assert channel_names(6, 0x60F)[4:] == ("SL", "SR")
    assert channel_names(6, 0x3)[4:] == ("BL", "BR")
    assert channel_names(9) == tuple("123456789")
    assert Channels().is_mono


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(
    ("dtype", "full_scale"),
    [("float32", 1), ("float64", 1), ("float16", 1), ("int16", 2**15), ("int32", 2**31), ("int8", 2**7)],
)
def test_a_tall_array_has_its_channels_in_columns_and_integers_have_their_full_scale(dtype, full_scale, transposed):
    array = (six_channels()[:, :2].T * min(full_scale, 2**31 - 1)).astype(dtype)
    signal = read((array.T if transposed else array, RATE))
    np.testing.assert_allclose(signal, six_channels()[:, :2].T, atol=0.01)


def test_unsigned_bytes_are_silent_in_the_middle():
    assert full_scale_one(np.array([0, 128, 255], np.uint8)).tolist() == [-1.0, 0.0, 0.9921875]


def test_tensors_are_arrays_even_with_gradients():
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(six_channels()[:, :2].copy()).requires_grad_()
    np.testing.assert_array_equal(read((tensor, RATE)), read((six_channels()[:, :2].T, RATE)))


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros((2, 100), bool), "the array holds bool"),
        (np.zeros((2, 100), np.uint16), "the array holds uint16"),
        (np.zeros((2, 3, 4)), "the array is shaped (2, 3, 4)"),
        (np.zeros((70, 100)), "a sound has at most 64 channels"),
        (np.zeros((100, 70)), "a sound has at most 64 channels"),
        ([[0.0, 1.0]], "not list; give (array, sample_rate_hz)"),
    ],
)
def test_other_arrays_are_refused(array, sentence):
    with pytest.raises(AudioError) as caught:
        read((array, RATE))
    assert sentence in str(caught.value)


def test_foa_is_the_first_four_and_four_others_may_be_chosen():
    signal = np.stack([np.full(2_400, 0.1 * (n + 1), np.float32) for n in range(6)])
    assert np.array_equal(read((signal, 24_000), channels="foa"), signal[:4])
    assert np.array_equal(read((signal, 24_000), channels="3,4,5,6", microphones="foa"), signal[2:])
    assert read((np.zeros((4, 0)), 24_000), channels="foa").shape == (4, 0)
    assert check((signal, 24_000), channels="foa").peak == pytest.approx((0.1, 0.2, 0.3, 0.4))
    for choice, microphones, sentence in (
        ("foa", "ortf", "ortf needs two channels, and here are 4"),
        ("1,2", "foa", "foa needs four channels, and here are 2"),
        ("1,2,2,3", None, "the four channels of Ambisonics are different ones"),
    ):
        with pytest.raises(AudioError, match=sentence):
            read((signal, 24_000), channels=choice, microphones=microphones)
    with pytest.raises(AudioError, match="the array has no channel 3"):
        read((signal[:2], 24_000), channels="foa")


def test_an_ogg_has_the_order_of_its_coder(tmp_path):
    tones = np.sin(np.outer(np.arange(1, 7) * 200, 2 * np.pi * np.arange(24_000) / 24_000)) * 0.3
    soundfile.write(tmp_path / "a.ogg", tones.T, 24_000)
    left, right = read(tmp_path / "a.ogg", channels="FL,FR")
    assert [int(np.abs(np.fft.rfft(channel)).argmax()) for channel in (left, right)] == [200, 600]


def test_a_choice_that_is_needed_names_what_there_is(tmp_path):
    soundfile.write(tmp_path / "a.flac", np.zeros((100, 6)), 24_000)
    sentence = r"6 channels; choose two with channels=\"1,2\" or by name \(FL, FR, FC, LFE, BL, BR\)"
    with pytest.raises(AudioError, match=sentence):
        read(tmp_path / "a.flac")


@pytest.mark.parametrize("choice", ["mono", "1,1"])
def test_a_check_of_one_channel_does_not_find_it_copied(choice):
    signal = np.random.default_rng(1).uniform(-0.3, 0.3, (3, 24_000))
    assert check((signal, 24_000), channels=choice).warnings() == []
    assert check((signal[[0, 0]], 24_000)).warnings()


def test_a_tensor_of_bfloat16():
    torch = pytest.importorskip("torch")
    signal = torch.full((2, 100), 0.25, dtype=torch.bfloat16)
    assert np.array_equal(read((signal, 24_000)), np.full((2, 100), 0.25, np.float32))
