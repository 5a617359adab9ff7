"""Ambisonics of all directions: four views of a system for stereo pairs, joined to azimuths of the whole circle."""

import itertools
import logging
from dataclasses import replace

import numpy as np
import pytest
from systems import LevelNetworks, noise, random_system
from test_streaming import streamed

import whence
from whence.errors import AudioError, InferenceError
from whence.inference import NetworkSystem, average_systems
from whence.inference.circle import circle_values
from whence.labels import Events
from whence.models.outputs import (
    AccdoaSettings,
    Classwise,
    ClasswiseSettings,
    MultiAccdoaSettings,
    Tracks,
    TracksSettings,
    build_output,
)
from whence.scenes.rooms.drawing import draw_room
from whence.scenes.rooms.room import RoomSettings
from whence.scenes.rooms.simulation import simulate_room
from whence.synth import generate

AROUND_DEG = np.arange(-170.0, 190.0, 20.0)


class SineNetworks(LevelNetworks):
    """Like its parent, but with the azimuth whose sine is the level difference, as of back-to-back cardioids."""

    def predict(self, audio):
        (values,) = super().predict(audio)
        values[:, :, 1] = np.degrees(np.arcsin(np.clip(values[:, :, 1] / 90, -1, 1)))
        return [values]


def wave_from(azimuth_deg, seconds=1.0):
    azimuth, sound = np.radians(azimuth_deg), noise(seconds)[:1]
    return (np.array([[1.0], [np.sin(azimuth)], [0.0], [np.cos(azimuth)]]) * sound).astype(np.float32)


def apart(one_deg, other_deg):
    return np.abs((np.asarray(one_deg) - other_deg + 180) % 360 - 180)


@pytest.mark.parametrize("azimuth_deg", AROUND_DEG)
def test_a_wave_is_where_it_comes_from_in_front_and_behind(azimuth_deg):
    events = NetworkSystem(SineNetworks()).detect(wave_from(azimuth_deg), microphones="foa")
    assert events.row_count == 10
    assert apart(events.azimuth_deg, azimuth_deg).max() < 0.01
    assert np.ptp(events.distance_m) == 0


def test_fuma_and_higher_orders_say_the_same():
    system, ambix = NetworkSystem(SineNetworks()), wave_from(-130.0)
    fuma = ambix[[0, 3, 1, 2]] * np.array([[2**-0.5], [1], [1], [1]], np.float32)
    expected, found = system.detect(ambix, microphones="foa"), system.detect(fuma, microphones="foa:fuma")
    np.testing.assert_allclose(found.azimuth_deg, expected.azimuth_deg, atol=1e-3)


def test_a_viewing_angle_gives_the_results_of_its_pair():
    system = NetworkSystem(SineNetworks())
    events = system.detect(wave_from(40.0), microphones="foa:30")
    assert apart(events.azimuth_deg, 70.0).max() < 0.01
    behind = system.detect(wave_from(170.0), microphones="foa:0")
    assert apart(behind.azimuth_deg, 10.0).max() < 0.01


@pytest.mark.parametrize("latency", ["best", "low"])
def test_a_stream_gives_the_same_for_pieces_of_any_size(latency):
    system, signal = random_system(), noise(7.3)
    signal = np.concatenate([signal, 0.5 * noise(7.3, seed=2)])
    whole, stream = streamed(system, signal, [], latency=latency, microphones="foa")
    pieces, _ = streamed(system, signal, [1, 5_000, 100, 77_777, 0, 2_400], latency=latency, microphones="foa")
    assert stream.channel_count == 4
    assert pieces == whole
    assert (np.abs(whole.azimuth_deg) > 90).any()


def test_the_memory_of_a_stream_does_not_grow():
    stream = whence.Stream(NetworkSystem(SineNetworks()), microphones="foa")
    sizes = []
    for _ in range(6):
        stream.feed(wave_from(100.0, 5.0))
        sizes.append(stream._buffer.shape)
    assert max(sizes) == (4, 5 * 24_000)


def test_the_mirrored_pass_adds_no_work_and_changes_nothing():
    networks, audio = LevelNetworks(), wave_from(33.0, 5.0)[None]
    plain = NetworkSystem(networks).for_microphones("foa").values(audio)
    assert networks.clip_count == 4
    swapped = NetworkSystem(networks, swap=True).for_microphones("foa").values(audio)
    assert networks.clip_count == 8
    np.testing.assert_array_equal(plain, swapped)


@pytest.mark.parametrize("joined", [False, True])
def test_joined_and_averaged_systems_see_the_whole_circle(joined):
    class Two(SineNetworks):
        codings = (Classwise(), Classwise())

        def predict(self, audio):
            return super().predict(audio) * 2

    system = NetworkSystem(Two(), localizer_count=1) if joined else average_systems([NetworkSystem(SineNetworks())] * 2)
    events = replace(system, smoothing_frames=3 if joined else 1).detect(wave_from(-160.0), microphones="foa")
    assert events.row_count == 10
    assert apart(events.azimuth_deg, -160.0).max() < 0.01


def folded_values(coding, sources, view_deg):
    """(1, 1, ...) values of a perfect pair: `encode` folds what it sees to the front."""
    columns = {
        "frame": [0] * len(sources),
        "class_index": [0] * len(sources),
        "azimuth_deg": [azimuth + view_deg for azimuth, _ in sources],
        "distance_m": [distance for _, distance in sources],
    }
    return coding.encode([Events.from_columns(columns)], frame_count=1)


@pytest.mark.parametrize("settings", [ClasswiseSettings(2), AccdoaSettings(2), AccdoaSettings(2, official_rows=True)])
def test_one_source_in_every_coding_of_one_source(settings):
    coding = build_output(settings)
    for azimuth_deg in AROUND_DEG:
        views = [folded_values(coding, [(azimuth_deg, 2.0)], view_deg) for view_deg in (0, 90)]
        (events,) = coding.of_circle().decode(circle_values(coding, *views))
        assert apart(events.azimuth_deg, azimuth_deg) < 0.01
        assert events.score == pytest.approx(1.0, abs=1e-5)
        assert events.distance_m == pytest.approx(2.0)


@pytest.mark.parametrize("azimuths_deg", list(itertools.combinations((-170.0, -95.0, 20.0, 110.0), 2)))
@pytest.mark.parametrize("reverse", [False, True])
def test_tracks_of_two_views_are_matched(azimuths_deg, reverse):
    coding = Tracks(TracksSettings(class_count=2))
    views = [folded_values(coding, [(a, 1.0) for a in azimuths_deg], view_deg) for view_deg in (0, 90)]
    if reverse:
        views[1] = views[1][:, :, ::-1]
    (events,) = coding.of_circle().decode(circle_values(coding, *views))
    found = np.sort(events.azimuth_deg)
    np.testing.assert_allclose(found, np.sort(azimuths_deg), atol=0.01)


def test_three_tracks_of_vectors_are_matched():
    coding = build_output(MultiAccdoaSettings(1))
    true_deg = np.array([-150.0, 30.0, 100.0])
    views = []
    for view_deg, order in ((0, [0, 1, 2]), (90, [2, 0, 1])):
        seen = np.radians(true_deg[order] + view_deg)
        vectors = [np.abs(np.cos(seen)), np.sin(seen), np.full(3, 2.0)]
        views.append(np.stack(vectors, axis=1)[None, None, :, :, None].astype(np.float32))
    (events,) = coding.of_circle().decode(circle_values(coding, *views))
    np.testing.assert_allclose(np.sort(events.azimuth_deg), np.sort(true_deg), atol=0.01)
    assert sorted(events.source.tolist()) == [0, 1, 2]


@pytest.mark.parametrize("azimuths_deg", [(175.0, -178.0), (-178.0, 175.0), (3.0, -4.0)])
def test_tracks_that_are_close_across_the_back_are_merged(azimuths_deg):
    coding = Tracks(TracksSettings(class_count=1)).of_circle()
    values = np.array([[1.0, azimuth, 2.0] for azimuth in azimuths_deg], np.float32)[None, None, :, :, None]
    (events,) = coding.decode(values)
    middle = sum(azimuths_deg) / 2 + 180 * (max(azimuths_deg) > 90)
    assert events.row_count == 1
    assert apart(events.azimuth_deg, middle) < 0.01


def test_the_number_of_sources_and_thresholds_are_kept():
    system = NetworkSystem(SineNetworks(), thresholds=np.full(13, 0.5), name="sine").for_microphones("foa")
    assert (system.channel_count, system.name) == (4, "sine")
    assert system.for_microphones("foa") is system
    assert system.with_thresholds(0.99).detect(wave_from(150.0), microphones="foa").row_count == 10


def test_wrong_channels_and_names_are_one_sentence():
    system = NetworkSystem(SineNetworks())
    with pytest.raises(InferenceError, match=r"shape \(4, sample\), this one \(2, 24000\)"):
        system.detect(noise(1.0), microphones="foa")
    with pytest.raises(InferenceError, match=r"shape \(2, sample\), this one \(4, 24000\)"):
        system.detect(wave_from(0.0), microphones="ortf")
    with pytest.raises(AudioError, match="did you mean foa"):
        system.detect(wave_from(0.0), microphones="fao")


def test_ambisonics_are_no_other_pair(caplog):
    with caplog.at_level(logging.WARNING, logger="whence"):
        NetworkSystem(SineNetworks()).detect(wave_from(0.0), microphones="foa")
    assert not caplog.records


def test_the_packaged_model_tells_front_from_back_in_a_room():
    room = draw_room(3, 1, RoomSettings(positions_per_room=6))
    responses, system = simulate_room(room, 9_600, with_height=True), whence.load(threads=1)
    errors_deg = []
    for response, position in zip(responses, room.positions, strict=True):
        speech = generate(1, np.random.default_rng(2))[: 2 * 24_000]
        wet = np.stack([np.convolve(speech, channel[:4_800]) for channel in response]).astype(np.float32)
        events = system.detect(0.5 * wet / np.abs(wet).max(), microphones="foa")
        speaking = events[events.class_index == 1]
        errors_deg.append(float(np.median(apart(speaking.azimuth_deg, position.azimuth_deg))) if speaking else 180.0)
    assert len(errors_deg) == 6
    assert max(errors_deg) < 20.0
