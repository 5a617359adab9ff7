"""A recording: what a real pair of microphones and its recorder do to a scene, drawn as plain data and applied."""

from dataclasses import dataclass

import torch

from whence.scenes.transforms.automatic_gain import AutomaticGain, apply_automatic_gain
from whence.scenes.transforms.band_limits import BandLimits, apply_band_limits
from whence.scenes.transforms.lossy_coding import LossyCoding, apply_lossy_coding
from whence.scenes.transforms.microphone_mismatch import MicrophoneMismatch
from whence.scenes.transforms.recorder_noise import RecorderNoise, apply_recorder_noise


@dataclass(frozen=True)
class Recording:
    """Imperfections of one recording, in the order in which they act; None for what is perfect.

    Args:
        mismatch: how the pair differs from its description.
        noise: of microphones, preamplifiers, wind and handling.
        band: what passes.
        gain: set by the recorder.
        coding: of the file.
    """

    mismatch: MicrophoneMismatch | None = None
    noise: RecorderNoise | None = None
    band: BandLimits | None = None
    gain: AutomaticGain | None = None
    coding: LossyCoding | None = None


PERFECT = Recording()


def apply_recording(clip: torch.Tensor, recording: Recording) -> torch.Tensor:
    """Return a (2, sample) clip as the recorder keeps it; the mismatch of the pair acts earlier, in the room."""
    if recording.noise is not None:
        clip = apply_recorder_noise(clip, recording.noise)
    if recording.band is not None:
        clip = apply_band_limits(clip, recording.band)
    if recording.gain is not None:
        clip = apply_automatic_gain(clip, recording.gain)
    if recording.coding is not None:
        clip = apply_lossy_coding(clip, recording.coding)
    return clip
