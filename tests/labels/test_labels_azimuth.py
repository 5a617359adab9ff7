import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from labels_twins import fold_by_hand

from whence.errors import LabelError
from whence.labels.azimuth import fold_to_front, wrap

any_angle = st.floats(allow_nan=False, allow_infinity=False)


def test_folding_equals_the_obvious_form_on_every_degree_of_two_turns_each_way():
    degrees = np.arange(-720, 721)
    expected = [fold_by_hand(int(degree)) for degree in degrees]
    np.testing.assert_array_equal(fold_to_front(degrees), expected)


def test_wrapping_on_every_degree_of_two_turns_each_way():
    degrees = np.arange(-720, 721)
    expected = (degrees + 180) % 360 - 180  # exact in whole numbers
    np.testing.assert_array_equal(wrap(degrees), expected)


@settings(deadline=None)
@given(any_angle)
def test_wrapped_angles_lie_in_the_half_open_turn(angle):
    assert -180 <= wrap(angle) < 180


def test_just_beyond_minus_180_does_not_come_out_as_plus_180():
    # The usual (a + 180) % 360 - 180 rounds to +180 here.
    assert wrap(np.nextafter(-180, -200)) < 180


@settings(deadline=None)
@given(st.floats(-180, 180, exclude_max=True))
def test_an_angle_within_the_turn_is_kept_bit_for_bit(angle):
    assert wrap(angle) == angle


@settings(deadline=None)
@given(any_angle)
def test_folded_angles_lie_in_front_and_folding_twice_changes_nothing(angle):
    once = fold_to_front(angle)
    assert -90 <= once <= 90
    assert fold_to_front(once) == once


@settings(deadline=None)
@given(any_angle)
def test_mirroring_and_folding_may_be_exchanged(angle):
    assert fold_to_front(-angle) == -fold_to_front(angle)


@settings(deadline=None)
@given(st.integers(-20, 20), st.integers(-180, 179))
def test_whole_turns_change_nothing(turns, angle):
    assert fold_to_front(angle + 360 * turns) == fold_to_front(angle)


@settings(deadline=None)
@given(any_angle)
def test_the_sine_of_the_angle_is_what_stereo_hears_and_is_kept(angle):
    within = np.fmod(angle, 360)
    assert np.sin(np.radians(fold_to_front(angle))) == pytest.approx(np.sin(np.radians(within)), abs=1e-9)


def test_shapes_are_kept():
    assert wrap(np.zeros((2, 0, 3))).shape == (2, 0, 3)
    assert fold_to_front([[100.0], [200.0]]).tolist() == [[80.0], [-20.0]]
    assert float(fold_to_front(170)) == 10.0


def test_the_callers_array_is_not_changed():
    angles = np.array([190.0, 100.0])
    wrap(angles), fold_to_front(angles)
    assert angles.tolist() == [190.0, 100.0]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("function", [wrap, fold_to_front])
def test_what_is_no_angle_is_named(function, value):
    with pytest.raises(LabelError, match=f"azimuth {value} is not an angle"):
        function([0.0, value])
