"""Encoder settings as plain data."""

import json

import pytest

from whence.errors import ModelError
from whence.models.dasheng import size_06b
from whence.models.encoders import ENCODERS, encoder_from_plain, encoder_to_plain
from whence.models.yamnet import YamnetSettings


@pytest.mark.parametrize(
    "settings", [*(kind() for kind, _ in ENCODERS.values()), size_06b(), YamnetSettings(width=0.5)]
)
def test_settings_round_trip_through_json(settings):
    assert encoder_from_plain(json.loads(json.dumps(encoder_to_plain(settings)))) == settings


def test_near_names_are_suggested():
    with pytest.raises(ModelError, match="no encoder 'dashang'; did you mean dasheng"):
        encoder_from_plain({"name": "dashang"})
    with pytest.raises(ModelError, match="need a 'name'; there are: dasheng, yamnet"):
        encoder_from_plain({})
