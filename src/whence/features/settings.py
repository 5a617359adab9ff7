"""Which maps a network takes and how they are computed: one frozen dataclass, without torch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from whence.errors import FeatureError
from whence.units import SAMPLE_RATE_HZ

LEAST_LEVEL = 1e-4  # floor of the power in the onset maps
SILENCE = -6.907755  # ln(0.001): the value of digital silence in YAMNet's maps
EFFICIENTAT_SILENCE = -1.402585  # (ln(1e-5) + 4.5) / 5: the same in EfficientAT's maps
# Settings come from files of strangers too: the tables and maps of these fit into any memory.
_MOST_MELS, _LONGEST_FFT, _MOST_OVERLAP = 1024, 8192, 64
SMALLEST_PEAK = 1e-6  # quieter clips count as silence and are not scaled up

# The maps that can be stacked; midside.py, coherence.py and onsets.py define them.
POWER_MAPS = ("left", "right", "mid", "side")
RATIO_MAPS = ("intensity", "side_ratio", "level_difference", "coherence", "cross_real", "cross_imaginary")
ONSET_MAPS = ("onset_sine", "onset_level")

# The channels that a map is computed from.
MADE_OF = {
    "intensity": ("mid", "side"),
    "side_ratio": ("mid", "side"),
    "level_difference": ("left", "right"),
    "coherence": ("left", "right"),
    "cross_real": ("mid", "side"),
    "cross_imaginary": ("mid", "side"),
}
# Feature frames that the complex coherence is averaged over.
CROSS_FRAMES = 5
# The product of the channels' powers, as a share of their mean squared, at which that coherence is halved: 40 dB.
FAINT_CHANNEL = 4e-4

MelScale = Literal["slaney", "htk", "yamnet", "kaldi"]


@dataclass(frozen=True)
class FeatureSettings:
    """How a front end turns (batch, 2, sample) at 24 kHz into (batch, map, feature frame, mel band).

    Args:
        name: a key of `whence.features.registry.FEATURES`.
        maps: the maps in order; names from POWER_MAPS and RATIO_MAPS, and in `midside_onsets` those of ONSET_MAPS last.
        rate_hz: rate of the analysis; 24000, or 16000 after resampling.
        hop: samples between feature frames at `rate_hz`.
        window: samples under the Hann window.
        fft: transform length, at least `window`.
        mel_count: mel bands.
        low_hz: lower edge of the first band.
        high_hz: upper edge of the last band, at most half of `rate_hz`; on the scale `kaldi` empty bands may lie above.
        scale: the definition of the mel scale and its triangles, see mel.py.
        dynamic_range_db: log-mel values further than this under the clip's maximum are raised to it.
        smoothing: of the coherence's running averages, per feature frame; 0 averages nothing.
        peak_normalized: whether each clip is scaled so that its largest sample is 1, of all channels or, in the front
            ends of encoders, of those that are maps: for encoders that were trained on louder sound, and for networks
            whose answers shall not depend on how loud a recording is.

    Raises:
        FeatureError: a setting is out of range; the message says which and what is allowed.

    >>> FeatureSettings("logmel", maps=("left", "right")).hop_s
    0.02
    """

    name: str
    maps: tuple[str, ...]
    rate_hz: int = SAMPLE_RATE_HZ
    hop: int = 480
    window: int = 960
    fft: int = 1024
    mel_count: int = 64
    low_hz: float = 0.0
    high_hz: float = 12_000.0
    scale: MelScale = "slaney"
    dynamic_range_db: float = 80.0
    smoothing: float = 0.8
    peak_normalized: bool = False

    def __post_init__(self) -> None:
        known = POWER_MAPS + RATIO_MAPS + ONSET_MAPS
        ends = self.maps[-len(ONSET_MAPS) :] == ONSET_MAPS
        unknown = [name for name in self.maps if name not in known]
        rules = {
            f"maps: no map {unknown[:1]}; there are: {', '.join(known)}": not unknown,
            "maps: at least one, none twice": bool(self.maps) and len(set(self.maps)) == len(self.maps),
            f"maps: {' and '.join(ONSET_MAPS)} must be last in midside_onsets and in nothing else": (
                ends == (self.name == "midside_onsets") and not set(ONSET_MAPS) & set(self.maps[: -len(ONSET_MAPS)])
            ),
            f"hop is {self.hop}, mel_count {self.mel_count}; onsets need a multiple of 4 and an even number": (
                not ends or (self.hop % 4 == 0 and self.mel_count % 2 == 0)
            ),
            f"rate_hz is {self.rate_hz}; it must be 24000 or 16000": self.rate_hz in (SAMPLE_RATE_HZ, 16_000),
            f"hop is {self.hop}, window {self.window}, fft {self.fft}; 1 <= hop <= window <= fft is required": (
                1 <= self.hop <= self.window <= self.fft
            ),
            f"mel_count is {self.mel_count}; it must be at least 1": self.mel_count >= 1,
            f"mel_count is {self.mel_count}, fft {self.fft}; mel_count <= {_MOST_MELS}, fft <= {_LONGEST_FFT} and"
            f" mel_count <= fft <= {_MOST_OVERLAP} * hop is required": (
                self.mel_count <= min(_MOST_MELS, self.fft) and self.fft <= min(_LONGEST_FFT, _MOST_OVERLAP * self.hop)
            ),
            f"the bands lie in {self.low_hz}..{self.high_hz} Hz; allowed is 0..{self.rate_hz // 2}": (
                0 <= self.low_hz < self.high_hz <= self.rate_hz / (1.0 if self.scale == "kaldi" else 2.0)
            ),
            f"scale is {self.scale!r}; it must be {', '.join(get_args(MelScale))}": self.scale in get_args(MelScale),
            f"dynamic_range_db is {self.dynamic_range_db}; it must be positive": self.dynamic_range_db > 0,
            f"smoothing is {self.smoothing}; it must lie in 0..1, 1 excluded": 0 <= self.smoothing < 1,
        }
        for message, holds in rules.items():
            if not holds:
                raise FeatureError(f"features {self.name!r}: {message}")

    @property
    def hop_s(self) -> float:
        """Seconds between feature frames."""
        return self.hop / self.rate_hz


def logmel_settings() -> FeatureSettings:
    """The official baseline's input: log-mel of left and right, 20 ms hop, (batch, 2, 251, 64) for 5 s."""
    return FeatureSettings("logmel", maps=("left", "right"))


def midside_settings() -> FeatureSettings:
    """Cues of a coincident stereo pair: mid and side log-mel, intensity, side ratio; (batch, 4, 251, 64) for 5 s."""
    return FeatureSettings("midside", maps=("mid", "side", "intensity", "side_ratio"))


def midside_onsets_settings() -> FeatureSettings:
    """The same and the onset maps, which hold directions at onsets; (batch, 6, 251, 64) for 5 s."""
    return FeatureSettings("midside_onsets", maps=(*midside_settings().maps, *ONSET_MAPS))


def midside_pairs_settings() -> FeatureSettings:
    """The maps for any pair of microphones: those of `midside_onsets` and the complex coherence, (batch, 8, 251, 64).

    The imaginary part of the coherence holds time differences between the channels; it is 0 for a coincident pair.
    """
    maps = (*midside_settings().maps, "cross_real", "cross_imaginary", *ONSET_MAPS)
    return FeatureSettings("midside_onsets", maps=maps)


def perceptual_settings() -> FeatureSettings:
    """Left, right, mid, side, intensity and coherence at a 12.5 ms hop, after Yeow et al. 2025 (arXiv:2507.00874)."""
    maps = ("left", "right", "mid", "side", "intensity", "coherence")
    return FeatureSettings("perceptual", maps=maps, hop=300, window=600)


def dasheng_mel_settings() -> FeatureSettings:
    """The front end Dasheng was trained with, on the mid signal: 16 kHz, 10 ms hop, 64 HTK mels, 120 dB."""
    return FeatureSettings(
        "dasheng_mel", ("mid",), 16_000, 160, 512, 512, high_hz=8000.0, scale="htk", dynamic_range_db=120.0
    )


def yamnet_mel_settings() -> FeatureSettings:
    """The front end YAMNet was trained with, on the mid signal: 16 kHz, 10 ms hop, 64 mels 125-7500 Hz."""
    return FeatureSettings("yamnet_mel", ("mid",), 16_000, 160, 400, 512, low_hz=125.0, high_hz=7500.0, scale="yamnet")


def efficientat_mel_settings() -> FeatureSettings:
    """The front end EfficientAT was trained with at 32 kHz, on the mid signal at 24 kHz: 10 ms hop, 128 mels to 15 kHz.

    The bins of both rates lie at the same frequencies; bands above 12 kHz are empty.
    """
    return FeatureSettings("efficientat_mel", ("mid",), 24_000, 240, 600, 768, 128, high_hz=15_000.0, scale="kaldi")


# The settings of each front end that a recipe does not change.
DEFAULTS: dict[str, Callable[[], FeatureSettings]] = {
    "logmel": logmel_settings,
    "midside": midside_settings,
    "midside_onsets": midside_onsets_settings,
    "perceptual": perceptual_settings,
    "dasheng_mel": dasheng_mel_settings,
    "yamnet_mel": yamnet_mel_settings,
    "efficientat_mel": efficientat_mel_settings,
}
