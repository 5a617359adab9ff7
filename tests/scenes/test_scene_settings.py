"""Scene settings: defaults, JSON, and a refusal for each field."""

import json

import pytest

from whence.errors import SceneError
from whence.scenes.settings import SceneSettings


def test_the_default_follows_the_report_in_its_sane_reading():
    settings = SceneSettings()
    assert (settings.duration_s, settings.reading, settings.instances_per_class) == (5.0, "pool", (4, 6))


def test_settings_come_back_from_json_exactly():
    settings = SceneSettings.from_plain({"class_weights": {"knock": 3}, "gain": {"level_dbfs": [-40, -20]}})
    assert settings.class_weights == {"knock": 3.0}
    assert settings.gain.level_dbfs == (-40.0, -20.0)
    assert SceneSettings.from_plain(json.loads(json.dumps(settings.to_plain()))) == settings


# One wrong value for each field that can be wrong, and how the message must begin.
WRONG = [
    ({"duration_s": 0}, "duration_s is 0"),
    ({"duration_s": 1.05}, r"duration_s is 1.05; it must be a multiple of 0.1"),
    ({"reading": "both"}, r"scenes.reading is 'both'; it must be one of 'pool', 'literal'"),
    ({"instances_per_class": [0, 3]}, r"instances_per_class is \(0, 3\)"),
    ({"class_weights": {"bell": -1}}, "class_weights.bell is -1"),
    ({"polyphony_weights": []}, r"polyphony_weights is \(\)"),
    ({"polyphony_weights": [1, -1]}, "polyphony_weights is"),
    ({"gap_s": [-1, 1]}, r"gap_s is \(-1"),
    ({"event_duration_s": [0, 1]}, r"event_duration_s is \(0"),
    ({"event_duration_s_of": {"bell": [3, 2]}}, r"event_duration_s_of.bell is \(3"),
    ({"same_class_overlap_probability": 2}, "same_class_overlap_probability is 2"),
    ({"silent_clip_probability": -1}, "silent_clip_probability is -1"),
    ({"interferers": [-1, 0]}, r"interferers is \(-1"),
    ({"sequence": {"longest_s": -1}}, "sequence.longest_s is -1"),
    ({"sequence": {"interval_s": [0, 1]}}, r"sequence.interval_s is \(0"),
    ({"gain": {"level_dbfs": [-10, 10]}}, r"gain.level_dbfs is \(-10"),
    ({"polarity_inversion": {"probability": 2}}, "polarity_inversion.probability is 2"),
    ({"multiband_eq": {"probability": 2}}, "multiband_eq.probability is 2"),
    ({"multiband_eq": {"gain_db": [6, -6]}}, r"multiband_eq.gain_db is \(6"),
    ({"time_mask": {"probability": 2}}, "time_mask.probability is 2"),
    ({"time_mask": {"count": [0, 1]}}, r"time_mask.count is \(0"),
    ({"time_mask": {"duration_s": [0, 1]}}, r"time_mask.duration_s is \(0"),
    ({"moving_source": {"probability": 2}}, "moving_source.probability is 2"),
    ({"moving_source": {"probability_of": {"bell": 2}}}, "moving_source.probability_of.bell is 2"),
    ({"moving_source": {"speed_deg_per_s": [-1, 1]}}, r"moving_source.speed_deg_per_s is \(-1"),
    ({"moving_source": {"step_deg": 0}}, "moving_source.step_deg is 0"),
    ({"diffuse_background": {"probability": 2}}, "diffuse_background.probability is 2"),
    ({"diffuse_background": {"recordings": [0, 1]}}, r"diffuse_background.recordings is \(0"),
    ({"diffuse_background": {"snr_db": [9, 3]}}, r"diffuse_background.snr_db is \(9"),
    ({"diffuse_background": {"level_dbfs": [-20, 3]}}, r"diffuse_background.level_dbfs is \(-20"),
    ({"channel_swap": {"probability": 2}}, "channel_swap.probability is 2"),
    ({"scene_mixing": {"probability": 2}}, "scene_mixing.probability is 2"),
    ({"scene_mixing": {"level_db": [1, -1]}}, r"scene_mixing.level_db is \(1"),
    ({"microphones": {}}, "microphones is {}; at least one weight"),
    ({"microphones": {"dcase": -1}}, "at least one weight must be above zero and none below"),
    ({"microphones": {"otrf": 1}}, "microphones.otrf: no microphones 'otrf'; did you mean ortf"),
    ({"microphones": {"ab:0.2-3": 1}}, "microphones.ab:0.2-3: .* must be metres between the capsules"),
    ({"microphones": {"foa": 1}}, "microphones.foa: foa has four channels and scenes have two"),
    ({"microphone_mismatch": {"probability": 2}}, "microphone_mismatch.probability is 2"),
    ({"microphone_mismatch": {"gain_db": 40}}, "microphone_mismatch.gain_db is 40"),
    ({"microphone_mismatch": {"spacing": 1}}, "microphone_mismatch.spacing is 1"),
    ({"microphone_mismatch": {"angle": -1}}, "microphone_mismatch.angle is -1"),
    ({"microphone_mismatch": {"pattern": 1}}, "microphone_mismatch.pattern is 1"),
    ({"microphone_mismatch": {"directivity": 1}}, "microphone_mismatch.directivity is 1"),
    ({"recorder_noise": {"probability": 2}}, "recorder_noise.probability is 2"),
    ({"recorder_noise": {"level_dbfs": [0, 3]}}, r"recorder_noise.level_dbfs is \(0"),
    ({"recorder_noise": {"wind_probability": 2}}, "recorder_noise.wind_probability is 2"),
    ({"recorder_noise": {"wind_dbfs": [-20, -30]}}, r"recorder_noise.wind_dbfs is \(-20"),
    ({"band_limits": {"probability": 2}}, "band_limits.probability is 2"),
    ({"band_limits": {"low_hz": [0, 100]}}, r"band_limits.low_hz is \(0"),
    ({"band_limits": {"high_hz": [100, 5000]}}, r"band_limits.high_hz is \(100"),
    ({"band_limits": {"order": 0}}, "band_limits.order is 0"),
    ({"automatic_gain": {"probability": 2}}, "automatic_gain.probability is 2"),
    ({"automatic_gain": {"strength": [0, 2]}}, r"automatic_gain.strength is \(0"),
    ({"automatic_gain": {"reaction_s": [0, 1]}}, r"automatic_gain.reaction_s is \(0"),
    ({"automatic_gain": {"limiting_probability": 2}}, "automatic_gain.limiting_probability is 2"),
    ({"automatic_gain": {"limiting_db": [-3, 1]}}, r"automatic_gain.limiting_db is \(-3"),
    ({"lossy_coding": {"probability": 2}}, "lossy_coding.probability is 2"),
    ({"lossy_coding": {"codecs": {"mp4": 1}}}, "no codec in lossy_coding.codecs 'mp4'; did you mean mp3"),
    ({"lossy_coding": {"codecs": {"mp3": -1}}}, "lossy_coding.codecs.mp3 is -1"),
    ({"lossy_coding": {"codecs": {}}}, "lossy_coding.codecs is empty"),
    ({"lossy_coding": {"kbps": [8, 64]}}, r"lossy_coding.kbps is \(8"),
    ({"audible": {"pause_s": -1}}, "audible.pause_s is -1"),
    ({"event_duration": [1, 2]}, r"scenes.event_duration is not a field; did you mean event_duration_s"),
]


@pytest.mark.parametrize(
    ("data", "message"), WRONG, ids=lambda value: json.dumps(value) if isinstance(value, dict) else ""
)
def test_a_wrong_value_is_named_with_its_dotted_field(data, message):
    with pytest.raises(SceneError, match=message):
        SceneSettings.from_plain(data)


def test_the_reading_is_checked_without_json_too():
    with pytest.raises(SceneError, match="reading is 'both'"):
        SceneSettings(reading="both")


def test_every_field_that_can_be_wrong_is_tested_above():
    free_names = ("event_duration_s_of",), ("microphones",), ("lossy_coding", "codecs")

    def paths(plain, prefix=()):
        for name, value in plain.items():
            is_group = isinstance(value, dict) and value and (*prefix, name) not in free_names
            yield from paths(value, (*prefix, name)) if is_group and name != "probability_of" else [(*prefix, name)]

    tested = {path for data, _ in WRONG for path in paths(data)}
    free = {
        ("extra_classes",),
        ("turn_each_source",),
        ("sequence", "classes"),
        ("audible", "threshold_db"),
        ("audible", "floor_db"),
    }
    every = set(paths(SceneSettings().to_plain()))
    tested = {path[:1] if path[0] in ("class_weights", "microphones") else path for path in tested}
    assert every - tested == free
