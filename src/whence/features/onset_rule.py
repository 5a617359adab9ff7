"""When something begins, and how finely that is looked for: numbers that both forms of the onset maps share."""

from dataclasses import replace

from whence.features.settings import ONSET_MAPS, FeatureSettings

# Fine frames to a feature frame, each of half its length, in bands of twice the width.
FINER = 4
# A fine frame begins something where its band is louder than ever in the 45 ms before, by about so much (natural
# logarithm of power), and it comes from one place where mid and side are the same signal.
BEFORE = 9
# Fine frames at each end of a clip that reach over it: nothing begins because a clip does, or ends.
BORDER = 3
RISE, RISE_SLOPE = 1.2, 4.0
ALIKE, ALIKE_SLOPE = 0.6, 8.0
# With less side than this share of the mid a sound is ahead, and its side mostly noise.
LEAST_SIDE = 0.01
# Loud beginnings count more than faint ones, but by far not as their power.
LOUDNESS = 0.3
# Of levels, and of what sines are divided by.
LEAST_LEVEL, LEAST_TOTAL = 1e-4, 1e-6
SILENCE = 1e-10


def without_onsets(settings: FeatureSettings) -> FeatureSettings:
    """Those of the maps that onset maps stand beside.

    >>> from whence.features.settings import midside_onsets_settings, midside_settings
    >>> without_onsets(midside_onsets_settings()) == midside_settings()
    True
    """
    return replace(settings, name="midside", maps=settings.maps[: -len(ONSET_MAPS)])


def finer(settings: FeatureSettings) -> FeatureSettings:
    """The analysis that beginnings are looked for in.

    >>> from whence.features.settings import midside_settings
    >>> fine = finer(midside_settings())
    >>> fine.hop, fine.window, fine.fft, fine.mel_count
    (120, 480, 512, 32)
    """
    return replace(
        settings,
        hop=settings.hop // FINER,
        window=settings.window // 2,
        fft=settings.fft // 2,
        mel_count=settings.mel_count // 2,
    )
