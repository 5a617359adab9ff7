"""Codings by name; decoding without torch; settings to JSON and back."""

import json
import subprocess
import sys

import pytest

from whence.errors import ModelError
from whence.models.outputs.classwise import ClasswiseSettings, detection
from whence.models.outputs.distance import DistanceScale
from whence.models.outputs.multi_accdoa import MultiAccdoaSettings
from whence.models.outputs.registry import OUTPUTS, build_output, output_from_plain, output_to_plain
from whence.models.outputs.tracks import TracksSettings


def test_every_name_builds_and_round_trips_through_json():
    for name, coding in OUTPUTS.items():
        kind = coding.settings_type
        assert type(build_output(name)) is coding
        assert type(build_output(kind())) is coding
        assert output_from_plain(json.loads(json.dumps(output_to_plain(kind())))) == kind()


@pytest.mark.parametrize(
    "settings",
    [
        detection(5),
        ClasswiseSettings(scale=DistanceScale("standard", 2.0, 0.5, relative=False)),
        MultiAccdoaSettings(merge_deg=20.0),
        TracksSettings(track_count=3),
    ],
)
def test_changed_settings_round_trip(settings):
    assert output_from_plain(json.loads(json.dumps(output_to_plain(settings)))) == settings


def test_near_names_are_suggested():
    with pytest.raises(ModelError, match="no output 'multi_acdoa'; did you mean multi_accdoa"):
        build_output("multi_acdoa")
    with pytest.raises(ModelError, match=r"output accdoa\.treshold is not a field; did you mean threshold"):
        output_from_plain({"name": "accdoa", "treshold": 0.5})
    with pytest.raises(ModelError, match="need a 'name'"):
        output_from_plain({})


def test_decoding_needs_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np\n"
        "from whence.models.outputs.registry import OUTPUTS, build_output\n"
        "for name in OUTPUTS:\n"
        "    coding = build_output(name)\n"
        "    raw = np.ones((2, 5, coding.output_size), np.float32)\n"
        "    values = coding.average([coding.activate(raw), coding.mirror(coding.mirror(coding.activate(raw)))])\n"
        "    assert sum(events.row_count for events in coding.decode(values)) > 0, name\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
