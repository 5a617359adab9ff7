"""Networks by name, and settings to JSON and back."""

import json

import pytest

from whence.errors import ModelError
from whence.features.registry import FEATURES
from whence.features.settings import DEFAULTS
from whence.models.dasheng import DashengSettings
from whence.models.outputs.registry import OUTPUTS, build_output
from whence.models.registry import ENCODERS, MODELS, build_model, model_from_plain, model_name, model_to_plain
from whence.models.seldnet import SeldNetSettings
from whence.models.yamnet import YamnetSettings
from whence.settings import named_from_plain, named_to_plain


@pytest.mark.parametrize("name", MODELS)
def test_defaults_of_a_network_its_features_and_its_coding_fit(name):
    network = MODELS[name]
    settings = network.settings_type()
    assert network.features in FEATURES
    assert network.output in OUTPUTS
    maps = DEFAULTS[network.features]()
    assert (settings.input_maps, settings.mel_count) == (len(maps.maps), maps.mel_count)


@pytest.mark.parametrize("name", MODELS)
def test_settings_round_trip_through_json(name):
    settings = MODELS[name].settings_type()
    assert model_name(settings) == name
    assert model_from_plain(json.loads(json.dumps(model_to_plain(settings)))) == settings


def test_settings_or_a_name_build_a_network():
    assert build_model("seldnet").parameter_count() == 734_261
    small = build_model(SeldNetSettings(filters=8, width=16))
    assert small.settings.filters == 8
    assert small.parameter_count() < 734_261
    assert build_output(MODELS["seldnet"].output).output_size == small.settings.output_size


def test_near_names_are_suggested():
    with pytest.raises(ModelError, match="no model 'seldnett'; did you mean seldnet"):
        build_model("seldnett")
    with pytest.raises(ModelError, match=r"model seldnet\.widht is not a field; did you mean width"):
        model_from_plain({"name": "seldnet", "widht": 3})
    with pytest.raises(ModelError, match="need a 'name'; there are: seldnet"):
        model_from_plain({"width": 3})
    with pytest.raises(ModelError, match="dict holds no model's settings"):
        build_model({})


@pytest.mark.parametrize(
    "settings", [*(kind() for kind in ENCODERS.values()), DashengSettings(1280, 32, 16), YamnetSettings(width=0.5)]
)
def test_settings_of_encoders_round_trip_through_json(settings):
    assert named_from_plain(json.loads(json.dumps(named_to_plain(settings, ENCODERS))), ENCODERS, "encoder") == settings
