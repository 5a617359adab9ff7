"""A pair that the model was not trained for is noticed in the signal, where nothing was told."""

import logging

import numpy as np
import pytest
import soundfile

import whence
from whence.audio import read_microphones
from whence.cli.main import main

RATE = 24_000
AZIMUTHS = (-60.0, 50.0, -20.0, 80.0, -75.0, 30.0, 65.0, -40.0)


def bursts(name: str) -> np.ndarray:
    """(2, sample): short noises from eight directions, as a pair records them without a room."""
    pair, rng = read_microphones(name), np.random.default_rng(4)
    signal = rng.normal(0, 1e-4, (2, (len(AZIMUTHS) + 1) * RATE // 2))
    for number, azimuth_deg in enumerate(AZIMUTHS):
        spectrum = np.fft.rfft(rng.standard_normal(4_800) * np.exp(-np.arange(4_800) / 900), 8_192)
        turn = -2j * np.pi * np.fft.rfftfreq(8_192, 1 / RATE)
        at = 2_400 + number * RATE // 2
        both = zip(pair.gains(azimuth_deg), pair.delays_s(azimuth_deg), strict=True)
        for channel, (gain, delay_s) in enumerate(both):
            # Two milliseconds in front, so that nothing comes before its beginning.
            signal[channel, at : at + 8_192] += 0.2 * gain * np.fft.irfft(spectrum * np.exp(turn * (delay_s + 0.002)))
    return signal.astype(np.float32)


@pytest.mark.parametrize("name", ["dcase", "xy:90"])
def test_a_pair_at_one_point_brings_no_warning(name, caplog):
    whence.detect((bursts(name), RATE))
    assert "apart" not in caplog.text


def test_a_spaced_pair_is_noticed_by_the_function_and_by_the_command(tmp_path, capsys, caplog):
    signal = bursts("ab:0.20")
    with caplog.at_level(logging.WARNING, "whence"):
        whence.detect((signal, RATE))
    (line,) = [record.message for record in caplog.records if "apart" in record.message]
    assert line.startswith("spaced: time differences up to 0.5")
    assert line.endswith('so directions may be wrong; say what it is from with microphones="NAME"')
    soundfile.write(tmp_path / "phone.wav", signal.T, RATE)
    assert main(["detect", str(tmp_path / "phone.wav")]) == 0
    assert "phone.wav: spaced: time differences" in capsys.readouterr().err
    # What was told is not told again.
    assert main(["detect", str(tmp_path / "phone.wav"), "--microphones", "ab:0.20"]) == 0
    assert capsys.readouterr().err == ""
