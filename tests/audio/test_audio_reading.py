"""Reading and checking: against a twin that has the whole sound at once; the same bits whole and in blocks."""

import io
import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import soxr
from hypothesis import HealthCheck, given, settings, strategies as st

from whence.audio import check, read, read_blocks, read_sound, write
from whence.errors import AudioError
from whence.units import SAMPLE_RATE_HZ


def noise(seconds, rate_hz=SAMPLE_RATE_HZ, channel_count=2, level=0.1, seed=0):
    generator = np.random.default_rng(seed)
    return generator.uniform(-level, level, (channel_count, round(seconds * rate_hz))).astype(np.float32)


def slow_read(signal, rate_hz, rate_out_hz=SAMPLE_RATE_HZ):
    """The documented corrections with loops over whole segments and samples, and the resampler in one go."""
    frame = round(rate_hz / 10)
    segments = [signal[:, start : start + 100 * frame] for start in range(0, signal.shape[1], 100 * frame)]
    offset = np.zeros(len(signal))
    if segments and segments[0].shape[1] >= rate_hz:
        for channel, samples in enumerate(segments[0].astype(np.float64)):
            mean = samples.mean()
            if abs(mean) >= 1e-3 and abs(mean) >= 0.1 * samples.std():
                offset[channel] = mean
    gain, corrected = 1.0, []
    for number, segment in enumerate(segments):
        centred = segment.astype(np.float64) - offset[:, None]
        new_gain = min(gain, 1 / max(1.0, np.abs(centred).max()))
        gains = [new_gain] * segment.shape[1]
        if number and new_gain < gain:
            for sample in range(min(frame, len(gains))):
                gains[sample] = gain + (new_gain - gain) * sample / frame
        gain = new_gain
        corrected.append(np.clip(centred * np.array(gains), -1, 1).astype(np.float32))
    whole = np.concatenate(corrected, axis=1) if corrected else signal
    if rate_hz == rate_out_hz or not whole.shape[1]:
        return whole
    return soxr.resample(np.ascontiguousarray(whole.T), rate_hz, rate_out_hz, "HQ").T


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("shape", ["plain", "offset", "hot", "hotter later", "offset and hot"])
def test_equals_the_slow_twin(rate_hz, shape):
    signal = noise(23.4, rate_hz)
    if "offset" in shape:
        signal[0] += np.float32(0.3)
    if "hot" in shape:
        signal *= np.float32(20)
    if "later" in shape:
        signal[:, -rate_hz * 8 :] *= np.float32(3)
        signal[:, : rate_hz * 9] *= np.float32(0.01)
    found = read((signal, rate_hz))
    expected = slow_read(signal, rate_hz)
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    assert np.allclose(found, expected, rtol=0, atol=2e-7)
    if shape == "plain":
        assert np.array_equal(found, expected)


@settings(max_examples=25, deadline=None)
@given(
    samples=st.integers(0, 300_000),
    rate_hz=st.sampled_from([8_000, 22_050, 24_000, 44_100, 96_000]),
    block_s=st.floats(0.001, 30),
    level=st.sampled_from([0.1, 5.0]),
)
def test_blocks_joined_are_the_whole_bit_for_bit(samples, rate_hz, block_s, level):
    signal = noise(samples / rate_hz, rate_hz, level=level, seed=samples) + np.float32([[0.2], [0.0]])
    whole = read((signal, rate_hz))
    blocks = list(read_blocks((signal, rate_hz), max(block_s, whole.shape[1] / SAMPLE_RATE_HZ / 300)))
    assert np.array_equal(np.concatenate([whole[:, :0], *blocks], axis=1), whole)
    assert len({block.shape[1] for block in blocks[:-1]}) <= 1
    assert all(block.shape[1] for block in blocks)


@pytest.mark.parametrize(
    ("container", "subtype"),
    [("WAV", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")],
)
def test_files_streams_and_decoded_arrays_give_the_same_bits(tmp_path, container, subtype):
    path = tmp_path / "a.sound"
    sf.write(path, noise(11.0, 48_000).T, 48_000, format=container, subtype=subtype)
    whole = read(path)
    decoded, _ = sf.read(path, dtype="float32", always_2d=True)
    assert np.array_equal(read((decoded.T, 48_000)), whole)
    assert np.array_equal(read(io.BytesIO(path.read_bytes())), whole)
    with path.open("rb") as file:
        assert np.array_equal(read(file), whole)
    assert np.array_equal(read(str(path)), whole)
    for block_s in (0.05, 1.7, 60.0):
        assert np.array_equal(np.concatenate(list(read_blocks(path, block_s)), axis=1), whole)


def test_sixteen_bit_files_at_our_rate_come_back_bit_for_bit(tmp_path):
    signal = noise(5.0)
    write(tmp_path / "a.wav", signal)
    assert np.array_equal(read(tmp_path / "a.wav"), np.round(signal * 32768) / np.float32(32768))


def test_a_block_belongs_to_the_caller():
    signal = noise(25.0)
    blocks = []
    for block in read_blocks((signal, SAMPLE_RATE_HZ), 1.0):
        blocks.append(block.copy())
        block.fill(9)
    assert np.array_equal(np.concatenate(blocks, axis=1), signal)


def test_reading_an_array_leaves_it_alone():
    signal = noise(2.0, level=3.0)
    before = signal.copy()
    read((signal, SAMPLE_RATE_HZ)).fill(0)
    assert np.array_equal(signal, before)


def test_channels_are_counted_from_one():
    signal = noise(1.0, channel_count=4)
    assert np.array_equal(read((signal, SAMPLE_RATE_HZ), channels=(3, 1)), signal[[2, 0]])
    assert np.array_equal(
        np.concatenate(list(read_blocks((signal, SAMPLE_RATE_HZ), 0.3, channels=(4, 2))), axis=1), signal[[3, 1]]
    )


def test_a_channel_can_be_taken_twice_without_a_warning(caplog):
    signal = noise(1.0, channel_count=1)
    assert np.array_equal(read((signal, SAMPLE_RATE_HZ), channels=(1, 1)), signal[[0, 0]])
    assert [record.levelname for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("channels", [(0, 1), (1, 3), (-1, 1)])
def test_refuses_channels_that_are_not_there(channels):
    with pytest.raises(AudioError, match=r"no channel -?[0-9]"):
        read((noise(0.1), SAMPLE_RATE_HZ), channels=channels)


@pytest.mark.parametrize("block_s", [0.0, -1.0, 1e-6, float("nan"), float("inf")])
def test_refuses_blocks_without_samples(block_s):
    with pytest.raises(AudioError, match=r"hold no sample$"):
        next(read_blocks((noise(0.1), SAMPLE_RATE_HZ), block_s))


@pytest.mark.parametrize("channels", [(), (1,), (1, 2, 1)])
def test_refuses_other_than_two_channels(channels):
    with pytest.raises(AudioError, match=r"^left and right are two channels, not "):
        read((noise(0.1), SAMPLE_RATE_HZ), channels=channels)


@pytest.mark.parametrize("rate_hz", [0, -1, 10**9])
def test_refuses_rates_that_no_sound_has(rate_hz):
    with pytest.raises(AudioError, match=r"^no sound has a sample rate of "):
        read_sound((noise(0.1), SAMPLE_RATE_HZ), rate_hz)


def test_infinities_of_both_signs_are_refused_not_averaged():
    signal = noise(1.0)
    signal[:, 240] = [np.inf, -np.inf]
    with pytest.raises(AudioError, match=r"^the array: 1 sample is not a number, first at 0\.01 s$"):
        read_sound((signal, SAMPLE_RATE_HZ))


def test_refuses_an_array_without_rate():
    with pytest.raises(AudioError, match="an array does not say its sample rate"):
        read(noise(0.1))


class Broken(io.RawIOBase):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def read(self, count=-1):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (Broken(OSError(5, "Input/output error")), r"^the stream: cannot be read \(\[Errno 5\] Input/output error\)$"),
        (Broken(RuntimeError("boom")), r"^the stream: cannot be read \(boom\)$"),
        (Broken("text"), "^the stream: not open for reading in binary mode$"),
        (Broken(None), "^the stream: not open for reading in binary mode$"),
        (io.StringIO("RIFF"), "^the stream: not open for reading in binary mode$"),
        (io.BytesIO(b""), r"^the stream: empty file \(0 bytes\)$"),
        (io.BytesIO(b"hello"), r"^the stream: not a sound file \(starts with 'hello'\)$"),
        (7, "^the stream: cannot be read"),
        (None, "^the stream: cannot be read"),
    ],
)
def test_refuses_streams_that_fail(stream, message):
    with pytest.raises(AudioError, match=message):
        read(stream)


class Trickle(io.RawIOBase):
    """Gives its bytes three at a time, as a slow pipe does, and has no position."""

    def __init__(self, content):
        super().__init__()
        self.rest = content

    def read(self, count=-1):
        some, self.rest = self.rest[:3], self.rest[3:]
        return some


def test_reads_a_stream_that_trickles(tmp_path):
    write(tmp_path / "a.wav", noise(0.3))
    assert np.array_equal(read(Trickle((tmp_path / "a.wav").read_bytes())), read(tmp_path / "a.wav"))


def test_a_stream_is_read_from_its_position(tmp_path):
    write(tmp_path / "a.wav", noise(0.3))
    stream = io.BytesIO(b"before" + (tmp_path / "a.wav").read_bytes())
    stream.seek(6)
    assert read(stream).shape == (2, 7200)
    assert not stream.closed


@pytest.mark.parametrize("channel_count", [1, 2, 3, 8])
@pytest.mark.parametrize("rate_out_hz", [16_000, 24_000])
def test_sounds_are_the_mean_of_their_channels(tmp_path, channel_count, rate_out_hz):
    signal = noise(3.0, 48_000, channel_count)
    sf.write(tmp_path / "a.wav", signal.T, 48_000, subtype="FLOAT")
    found = read_sound(tmp_path / "a.wav", rate_out_hz)
    mean = np.zeros(signal.shape[1])
    for channel in signal:
        mean += channel / channel_count
    expected = soxr.resample(mean.astype(np.float32), 48_000, rate_out_hz, "HQ")
    assert found.dtype == np.float32
    assert np.allclose(found, expected, atol=1e-6)


def test_sounds_do_not_flood_the_log(tmp_path, caplog):
    sf.write(tmp_path / "a.wav", np.clip(noise(1.0, 8_000, 2, level=3.0), -1, 1).T, 8_000)
    read_sound(tmp_path / "a.wav")
    assert [record.levelname for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_sound_that_is_cut_short_is_reported(tmp_path, caplog):
    path = tmp_path / "a.wav"
    write(path, noise(1.0))
    path.write_bytes(path.read_bytes()[:50_000])
    assert read_sound(path).shape == (12_489,)
    assert [record.getMessage() for record in caplog.records] == [f"{path} is cut short: 0.5 of 1.0 s"]


def test_a_sound_without_samples_is_empty():
    assert read_sound((np.zeros((1, 0), np.float32), 48_000)).shape == (0,)
    assert read((np.zeros((2, 0), np.float32), 48_000)).shape == (2, 0)
    assert list(read_blocks((np.zeros((2, 0), np.float32), 48_000))) == []


def test_a_disk_error_while_reading_is_an_audio_error(tmp_path, monkeypatch):
    write(tmp_path / "a.wav", noise(0.1))

    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("whence.audio.decoding.read_wav_header", fail)
    with pytest.raises(AudioError, match=r"a\.wav: cannot be read \(Input/output error\)$"):
        read(tmp_path / "a.wav")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_are_a_sound_or_an_audio_error(tmp_path, content):
    path = Path(tmp_path) / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError):
        read(path)


def test_a_signal_and_its_file_get_the_same_report(tmp_path):
    signal = noise(23.0, level=0.5)
    signal[:, 5_000] = 4.0
    signal[0, 7_000:7_004] = np.nan
    signal[1, 60_000:90_000] = signal[0, 60_000:90_000]
    signal += np.float32(0.1)
    sf.write(tmp_path / "a.wav", signal.T, 24_000, subtype="FLOAT")
    assert check(signal) == check(tmp_path / "a.wav")


def test_nothing_is_corrected_or_refused(caplog):
    caplog.set_level(logging.DEBUG)
    signal = noise(1.0, level=0.5) * 20 + np.float32(0.5)
    signal[1, 240] = np.inf
    report = check(signal)
    assert report.peak == pytest.approx((10.5, 10.5), abs=0.1)
    assert report.dc_offset == pytest.approx((0.5, 0.5), abs=0.2)
    assert report.not_numbers == (0, 1)
    assert report.first_not_number_s == (None, 0.01)
    assert report.warnings() == ["1 sample is not a number, first at 0.01 s (right)", "peak 10.5, scaled"]
    assert caplog.records == []


def test_the_rate_is_that_of_the_recording(tmp_path):
    sf.write(tmp_path / "a.wav", noise(2.0, 8_000, level=0.5).T, 8_000)
    report = check(tmp_path / "a.wav")
    assert (report.sample_rate_hz, report.sample_count, report.duration_s) == (8_000, 16_000, 2.0)
    assert check(noise(2.0, 8_000, level=0.5), sample_rate_hz=8_000).duration_s == 2.0


def test_channels_can_be_chosen():
    signal = noise(1.0, channel_count=4)
    signal[2] = 0
    assert check((signal, 24_000), channels=(1, 3)).dead_channel == "right"
    with pytest.raises(AudioError, match="4 channels; choose"):
        check((signal, 24_000))


def test_eight_bit_full_scale_is_clipped(tmp_path):
    signal = noise(1.0)
    signal[:, :2_400] = 1.0
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32"):
        sf.write(tmp_path / "a.wav", signal.T, 24_000, subtype=subtype)
        assert check(tmp_path / "a.wav").clipped_fraction == pytest.approx(0.1, abs=0.001)


def test_a_cut_file_is_reported(tmp_path):
    path = tmp_path / "a.wav"
    sf.write(path, noise(10.0, level=0.5).T, 24_000)
    path.write_bytes(path.read_bytes()[:600_000])
    report = check(path)
    assert report.promised_s == 10.0
    assert report.warnings("a.wav") == ["a.wav is cut short: 6.2 of 10.0 s"]


def test_an_empty_signal_is_reported():
    report = check(np.zeros((2, 0), np.float32))
    assert report.silent
    assert report.warnings() == ["the signal holds no sound"]
