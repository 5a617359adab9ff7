from .mel import mel_filterbank as mel_filterbank
from .numpy_spectra import hann as hann
from .numpy_twin import numpy_features as numpy_features
from .registry import build_features as build_features
from .settings import (
    EFFICIENTAT_SILENCE as EFFICIENTAT_SILENCE,
    LEAST_LEVEL as LEAST_LEVEL,
    POWER_MAPS as POWER_MAPS,
    SILENCE as SILENCE,
    FeatureSettings as FeatureSettings,
    dasheng_mel_settings as dasheng_mel_settings,
    efficientat_mel_settings as efficientat_mel_settings,
    logmel_settings as logmel_settings,
    midside_onsets_settings as midside_onsets_settings,
    midside_pairs_settings as midside_pairs_settings,
    midside_settings as midside_settings,
    perceptual_settings as perceptual_settings,
    yamnet_mel_settings as yamnet_mel_settings,
)
