import numpy as np
import pytest
from labels_twins import fold_by_hand

from whence.errors import LabelError
from whence.labels import STARSS23, ClassList, Events, read_starss, read_starss_files, read_starss_folder, to_stereo
from whence.labels.layouts import EARLIER_LAYOUTS
from whence.labels.starss import CLASSES, TAU_NIGENS_2020, TAU_NIGENS_2021


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "fold3_room21_mix001.csv"
        path.write_text(text)
        return path

    return write


def test_a_file_with_distances(file):
    events = read_starss(file("70,9,1,-97,-20,155\n71,9,1,180,90,0\n"), "dcase2023")
    assert events.frame.tolist() == [70, 71]
    assert events.class_index.tolist() == [9, 9]
    assert events.source.tolist() == [1, 1]
    assert events.azimuth_deg.tolist() == [-97, 180]
    assert events.elevation_deg.tolist() == [-20, 90]
    assert events.distance_m.tolist() == [1.55, 0.0]
    assert events.score.tolist() == [1, 1]


@pytest.mark.parametrize("layout", ["dcase2020", "dcase2021", "dcase2022"])
def test_a_file_without_distances(file, layout):
    events = read_starss(file("70,9,1,-97,-20"), layout)
    assert np.isnan(events.distance_m).all()
    assert events.elevation_deg.tolist() == [-20]


def test_an_empty_file_is_a_clip_without_events(file):
    assert read_starss(file(""), "dcase2023") == Events.empty()


@pytest.mark.parametrize("layout", EARLIER_LAYOUTS)
def test_each_year_has_its_classes(file, layout):
    last = len(CLASSES[layout]) - 1
    extra = ",100" if "distance" in EARLIER_LAYOUTS[layout].names else ""
    assert read_starss(file(f"0,{last},0,0,0{extra}"), layout).class_index.tolist() == [last]
    with pytest.raises(LabelError, match=rf"mix001\.csv:1: class {last + 1}; this task has 0\.\.{last}"):
        read_starss(file(f"0,{last + 1},0,0,0{extra}"), layout)


def test_the_classes_of_the_years():
    assert set(CLASSES) == set(EARLIER_LAYOUTS)
    assert (len(TAU_NIGENS_2020), len(TAU_NIGENS_2021)) == (14, 12)
    assert (TAU_NIGENS_2020[4], TAU_NIGENS_2020[13]) == ("running engine", "piano")
    assert (TAU_NIGENS_2021[4], TAU_NIGENS_2021[11]) == ("female scream", "piano")
    assert CLASSES["dcase2022"] is STARSS23


def test_another_class_list_may_be_given(file):
    with pytest.raises(LabelError, match="class 1; this task has"):
        read_starss(file("0,1,0,0,0"), "dcase2022", ClassList(("bell",)))


@pytest.mark.parametrize("read", [read_starss_folder, lambda path, layout: read_starss_files([path], layout)])
@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ("dcase2019", "no layout 'dcase2019'; there are: dcase2020, dcase2021, dcase2022, dcase2023, dcase2024$"),
        ("dcase2025", "dcase2025 files have a header and are read without a layout"),
    ],
)
def test_a_layout_is_never_guessed(tmp_path, read, layout, message):
    with pytest.raises(LabelError, match=message):
        read(tmp_path, layout)


def test_a_folder_of_recordings(tmp_path):
    for name in ("dev-train-tau/fold3_room4_mix001", "dev-train-sony/fold3_room21_mix002"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / f"{name}.csv").write_text("0,8,0,100,0,200\n")
    clips = read_starss_folder(tmp_path, "dcase2023")
    assert list(clips) == ["fold3_room21_mix002", "fold3_room4_mix001"]
    assert clips.events.azimuth_deg.tolist() == [100, 100]


# Stereo


def by_the_book(azimuth_deg, viewing_angle_deg):
    """The organisers' rule: add, bring down what is above 180, fold."""
    turned = azimuth_deg + viewing_angle_deg
    if 180 < turned <= 540:
        turned -= 360
    if turned > 90:
        return 180 - turned
    if turned < -90:
        return -180 - turned
    return turned


def test_every_azimuth_at_every_viewing_angle():
    azimuths = np.arange(-180, 181)
    recording = Events.from_columns({"frame": azimuths + 180, "class_index": azimuths * 0, "azimuth_deg": azimuths})
    for viewing_angle_deg in range(360):
        expected = [by_the_book(azimuth_deg, viewing_angle_deg) for azimuth_deg in azimuths.tolist()]
        np.testing.assert_array_equal(to_stereo(recording, viewing_angle_deg).azimuth_deg, expected)


@pytest.mark.parametrize("viewing_angle_deg", [-1000.0, -0.25, 0, 12.5, 360, 725])
def test_any_viewing_angle_is_taken(viewing_angle_deg):
    recording = Events.from_columns({"frame": [0, 0], "class_index": [0, 1], "azimuth_deg": [-100, 35]})
    expected = [fold_by_hand(-100 + viewing_angle_deg), fold_by_hand(35 + viewing_angle_deg)]
    np.testing.assert_allclose(to_stereo(recording, viewing_angle_deg).azimuth_deg, expected, atol=1e-9)


def test_only_the_direction_changes():
    recording = Events.from_columns(
        {
            "frame": [5, 3, 3],
            "class_index": [1, 2, 2],
            "source": [0, 4, 4],
            "azimuth_deg": [170, -170, 0],
            "distance_m": [1.5, np.nan, 2],
            "elevation_deg": [10, 20, 30],
            "score": [0.5, 1, 1],
        }
    )
    stereo = to_stereo(recording, 0)
    assert stereo.azimuth_deg.tolist() == [10, -10, 0]
    assert np.isnan(stereo.elevation_deg).all()
    for name in ("frame", "class_index", "source", "distance_m", "score"):
        np.testing.assert_array_equal(getattr(stereo, name), getattr(recording, name))


def test_a_five_second_clip_is_cut_by_frames():
    recording = Events.from_columns({"frame": np.arange(200), "class_index": [0] * 200, "azimuth_deg": [0] * 200})
    clip = to_stereo(recording.between(120, 170).shifted(-120), 90)
    assert clip.frame.tolist() == list(range(50))
    assert set(clip.azimuth_deg.tolist()) == {90.0}


@pytest.mark.parametrize("viewing_angle_deg", [np.nan, np.inf])
def test_a_viewing_angle_that_is_none_is_refused(viewing_angle_deg):
    with pytest.raises(LabelError, match=f"viewing angle {viewing_angle_deg} is not an angle in degrees"):
        to_stereo(Events.empty(), viewing_angle_deg)
