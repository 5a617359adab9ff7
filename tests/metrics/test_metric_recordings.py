"""Clip names tell the recording they were cut from."""

from whence.metrics.recordings import recordings_of


def test_viewing_angle_and_start_are_cut_off():
    clips = (
        "fold4_room2_mix013_deg120_start0450",
        "fold4_room2_mix013_deg000_start0000",
        "fold4_room2_mix014_deg0_start1",
    )
    recordings = recordings_of(clips)
    assert recordings.names == ("fold4_room2_mix013", "fold4_room2_mix014")
    assert recordings.of_clip.tolist() == [0, 0, 1]
    assert recordings.unit == "recording"
    assert recordings.unnamed_clips == 0


def test_names_of_another_form_are_recordings_of_their_own():
    recordings = recordings_of(("street", "fold4_room2_mix013", "a_deg12_start3_b", "_deg1_start2", "a_degx_start1"))
    assert recordings.of_clip.tolist() == [0, 1, 2, 3, 4]
    assert recordings.unnamed_clips == 5
    assert recordings.unit == "clip"


def test_some_names_may_tell_and_others_not():
    recordings = recordings_of(("a_deg1_start2", "b", "a_deg3_start4"))
    assert recordings.of_clip.tolist() == [0, 1, 0]
    assert recordings.unnamed_clips == 1
    assert recordings.unit == "recording"


def test_no_clips_no_recordings():
    assert recordings_of(()).names == ()


def test_an_own_name_equal_to_a_recording_joins_it():
    # The uncut recording and its cuts are the same sound.
    assert recordings_of(("a", "a_deg1_start2")).of_clip.tolist() == [0, 0]
