"""Folders that are scored part by part have the scores of folders that are read at once."""

import gc
import tracemalloc

import numpy as np
import pytest
from metrics_cases import draw_set
from metrics_twin import events

from whence.errors import LabelError, MetricError
from whence.labels import Events, LabelSet, read_labels, write_dcase
from whence.metrics import IntervalSettings, ScoreSettings, evaluate, evaluate_label_sets, parts


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """References and predictions in parts of three clips; one clip is missing and one unknown."""
    monkeypatch.setattr(parts, "_PART_CLIPS", 3)
    sides = tuple(tmp_path / side for side in ("truth", "guess"))
    for seed in range(3):
        drawn = draw_set(seed, "sparse")
        for side, clips in zip(sides, drawn, strict=True):
            (side / f"part{seed}").mkdir(parents=True)
            for name, rows in clips.items():
                write_dcase(side / f"part{seed}" / f"room{seed}_deg000_start{name:0>4}.csv", events(rows))
    sorted(sides[1].rglob("*.csv"))[0].unlink()
    write_dcase(sides[1] / "other.csv", Events.empty())
    return sides


@pytest.mark.parametrize("dimension", [None, "azimuth", "polyphony"])
def test_parts_give_what_the_whole_gives(folders, dimension):
    whole = evaluate(*(read_labels(side) for side in folders), unknown="leave_out")
    summary, table = evaluate_label_sets(
        *(LabelSet(side) for side in folders), unknown="leave_out", dimension=dimension
    )
    assert len(whole.recordings.of_clip) > 6
    assert summary.as_json() == whole.as_json()
    assert summary.left_out == whole.left_out
    assert summary.missing_clips == whole.missing_clips != ()
    assert summary.unknown_clips == whole.unknown_clips == ("other",)
    assert summary.notes() == whole.notes()
    for protocol, counts in whole.counts.items():
        np.testing.assert_allclose(summary.counts[protocol].values, counts.values, rtol=1e-12)
    if dimension is None:
        assert table is None
    else:
        assert table.bands == whole.table(dimension).bands
        np.testing.assert_allclose(table.counts.values, whole.table(dimension).counts.values, rtol=1e-12)


def test_what_cannot_be_scored_is_refused_as_before(folders, tmp_path):
    truth, guess = (LabelSet(side) for side in folders)
    with pytest.raises(MetricError, match="1 of 30 prediction clips have no reference: other"):
        evaluate_label_sets(truth, guess)
    with pytest.raises(MetricError, match="the settings are for 5 classes"):
        evaluate_label_sets(truth, guess, ScoreSettings(class_count=5), unknown="leave_out")
    (tmp_path / "none").mkdir()
    with pytest.raises(LabelError, match=r"no \.csv files in it"):
        LabelSet(tmp_path / "none")
    last = sorted(folders[0].rglob("*.csv"))[-1]
    last.write_text("frame,class,source,azimuth,distance,onscreen\n0,13,0,0,100,0\n")
    with pytest.raises(LabelError, match=rf"{last.name}:2: class 13"):
        evaluate_label_sets(truth, guess, unknown="leave_out")


def test_memory_does_not_grow_with_the_rows_of_all_clips(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "_PART_CLIPS", 5)
    frames = np.arange(2_000)
    table = {"frame": frames, "class_index": frames % 13, "azimuth_deg": frames % 90, "distance_m": frames % 4 + 1}
    write_dcase(tmp_path / "0.csv", Events.from_columns(table))
    text = (tmp_path / "0.csv").read_text()
    peaks = []
    for count in (10, 60):
        side = tmp_path / str(count)
        side.mkdir()
        for number in range(count):
            (side / f"{number}.csv").write_text(text)
        gc.collect()
        tracemalloc.start()
        evaluate_label_sets(LabelSet(side), LabelSet(side), interval_settings=IntervalSettings(method="none"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Fifty more clips of 2,000 rows on both sides would take 17 MB; their counts take 0.1 MB.
    assert peaks[1] - peaks[0] < 1e6, peaks
