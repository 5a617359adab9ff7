"""Events for the tests of codings, by hand and by hypothesis."""

from hypothesis import strategies as st

from whence.labels import Events


def table(rows):
    """Events of (frame, class, azimuth_deg, distance_m) rows."""
    frame, class_index, azimuth, distance = (list(column) for column in zip(*rows, strict=True)) if rows else ([],) * 4
    return Events.from_columns(
        {"frame": frame, "class_index": class_index, "azimuth_deg": azimuth, "distance_m": distance}
    )


def tables(frames, classes, distances_m, max_size=12):
    """Events of one clip, some of them beyond its end."""
    row = st.tuples(
        st.integers(0, frames),
        st.integers(0, classes - 1),
        st.integers(-90, 90).map(float),
        st.sampled_from(distances_m),
    )
    return st.lists(row, max_size=max_size).map(table)
