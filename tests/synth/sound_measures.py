"""Sounds to test, and plain measures of them: envelope, spectrum, pitch, decay and tempo of mono sounds at 24 kHz."""

import functools

import numpy as np

from whence.synth import generate

RATE_HZ = 24_000


@functools.cache
def made(class_index, number, seed=7):
    """A sound of a class; tests share them, because making them takes most of their time."""
    return generate(class_index, np.random.default_rng([seed, class_index + 2, number]))


def some_of(class_index, count):
    return [made(class_index, number) for number in range(count)]


def envelope(wave, step_s=0.005):
    """RMS in consecutive steps."""
    step = round(step_s * RATE_HZ)
    whole = wave[: len(wave) // step * step].astype(float)
    return np.sqrt((whole.reshape(-1, step) ** 2).mean(1))


def power_spectrum(wave):
    """(frequency in Hz, power) of the whole sound under a Hann window."""
    windowed = wave.astype(float) * np.hanning(len(wave))
    return np.fft.rfftfreq(len(wave), 1 / RATE_HZ), np.abs(np.fft.rfft(windowed)) ** 2


def share_between(wave, low_hz, high_hz):
    """Share of the power that lies in a band."""
    hz, power = power_spectrum(wave)
    return power[(hz >= low_hz) & (hz < high_hz)].sum() / power.sum()


def centroid_hz(wave):
    """The mean frequency, weighted by power."""
    hz, power = power_spectrum(wave)
    return (hz * power).sum() / power.sum()


def flatness_db(wave, size=512):
    """Geometric over arithmetic mean of the spectrum, in the middle of all loud frames: 0 for white noise."""
    frames = np.lib.stride_tricks.sliding_window_view(wave.astype(float), size)[:: size // 2] * np.hanning(size)
    power = np.abs(np.fft.rfft(frames))[:, 2:] ** 2 + 1e-14
    loud = power.sum(1) > 1e-4 * power.sum(1).max()
    return float(np.median(10 * np.log10(np.exp(np.log(power[loud]).mean(1)) / power[loud].mean(1))))


def pitch_hz(wave, lowest_hz=65, highest_hz=420):
    """Median pitch of voiced frames of 50 ms by autocorrelation."""
    found = []
    for first in range(0, len(wave) - 1200, 600):
        frame = wave[first : first + 1200].astype(float) * np.hanning(1200)
        alike = np.fft.irfft(np.abs(np.fft.rfft(frame, 4096)) ** 2)
        lags = np.arange(RATE_HZ // highest_hz, RATE_HZ // lowest_hz)
        best = lags[alike[lags].argmax()]
        if (frame**2).sum() > 1e-3 and alike[best] > 0.45 * alike[0]:
            found.append(RATE_HZ / best)
    return float(np.median(found))


def onsets_s(wave, apart_s=0.1, below_peak=0.2):
    """Moments at which the level jumps, at least `apart_s` from each other."""
    level = envelope(wave)
    found = []
    for step in range(1, len(level)):
        before = level[max(0, step - 6) : step].mean()
        late_enough = not found or (step - found[-1]) * 0.005 >= apart_s
        if level[step] > below_peak * level.max() and level[step] > 3 * before and late_enough:
            found.append(step)
    return np.array(found) * 0.005


def strongest_rate_hz(wave, lowest_hz, highest_hz):
    """The strongest rate in the envelope within limits."""
    level = envelope(wave)
    level = (level - level.mean()) * np.hanning(len(level))
    power = np.abs(np.fft.rfft(level, 8192)) ** 2
    hz = np.fft.rfftfreq(8192, 0.005)
    inside = (hz >= lowest_hz) & (hz <= highest_hz)
    return float(hz[inside][power[inside].argmax()])


def t60_s(wave, low_hz, high_hz):
    """How long a band takes to fall by 60 dB, from a straight line through its level between -3 and -30 dB."""
    from scipy.signal import butter, sosfiltfilt

    level = envelope(sosfiltfilt(butter(4, [low_hz, high_hz], "band", fs=RATE_HZ, output="sos"), wave), 0.01)
    level_db = 20 * np.log10(level / level.max() + 1e-9)
    first = int(level_db.argmax())
    end = first + int((level_db[first:] < -30).argmax() or len(level_db) - first)
    slope = np.polyfit(np.arange(first, end) * 0.01, level_db[first:end], 1)[0]
    return -60 / slope
