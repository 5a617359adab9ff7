"""Several sources of one class at once, counted on a few cells."""

from whence.labels import ClipEvents, Events
from whence.metrics import evaluate
from whence.metrics.pairing import pair
from whence.metrics.same_class import SameClass, same_class_at_once


def table(*rows):
    """Rows of (frame, class)."""
    frames, classes = zip(*rows, strict=True)
    azimuth_deg = [20.0 * index for index in range(len(rows))]
    return ClipEvents.from_mapping(
        {"a": Events.from_columns({"frame": frames, "class_index": classes, "azimuth_deg": azimuth_deg})}
    )


TRUTH = table((0, 1), (0, 1), (1, 1), (1, 1), (1, 1), (2, 1), (2, 1), (2, 8), (3, 8))


def test_cells_are_counted_by_sources_and_by_predictions():
    found = table((0, 1), (0, 1), (1, 1), (2, 8), (2, 8), (4, 1), (4, 1))
    assert same_class_at_once(pair(TRUTH, found, 13)) == SameClass(3, 1, 1, 2, 1)


def test_an_evaluation_says_it_where_it_happens():
    notes = evaluate(TRUTH, TRUTH).notes()
    assert "Same class at once: 100.0 % of 3 cells with several sources have several predictions" in " ".join(notes)
    assert not any("at once" in note for note in evaluate(table((0, 1), (1, 8)), TRUTH).notes())
