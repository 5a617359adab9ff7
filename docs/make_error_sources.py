"""Where a system's errors come from: a part of its predictions is replaced by the truth and scored again.

    python docs/make_error_sources.py whence_small.onnx test/ --part dev-test

Prints one row each for the system as it is, with the true activity (a perfect detector), with the true directions and
distances (a perfect localizer), and as a live stream of low latency; then tables by distance, azimuth and polyphony.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import whence
from whence.cli.evaluate import page
from whence.corpora import AudioFrameDataset, list_clips
from whence.inference import NetworkSystem
from whence.labels import ClipEvents, Events
from whence.metrics import evaluate
from whence.models.outputs import ACTIVITY, AZIMUTH, DISTANCE


def with_truth(system: NetworkSystem, values: np.ndarray, truth: Events, what: str) -> Events:
    """Decode the values of one clip after a part of them is replaced by the truth."""
    values = values.copy()
    inside = truth[truth.frame < len(values)]
    # Of two sources of one class the nearer is written last and remains.
    order = np.argsort(-inside.distance_m)
    frame, class_index = inside.frame[order], inside.class_index[order]
    if what == "activity":
        values[:, ACTIVITY] = 0
        values[frame, ACTIVITY, class_index] = 1
    if what == "directions and distances":
        values[frame, AZIMUTH, class_index] = inside.azimuth_deg[order]
        values[frame, DISTANCE, class_index] = inside.distance_m[order]
    return system.decode(values)


def streamed(system: NetworkSystem, signal: np.ndarray) -> Events:
    """The events of one clip from a stream of low latency."""
    stream = whence.Stream(system, latency="low")
    return Events.concatenate([stream.feed(signal), stream.finish()])


def scored(truth: ClipEvents, names: Sequence[str], tables: Sequence[Events], title: str) -> None:
    """Print one row."""
    result = evaluate(truth, ClipEvents.from_mapping(dict(zip(names, tables, strict=True)))).official.scores
    print(
        f"{title:<40} F20 {100 * result.f20:5.1f} %  DOAE {result.doae_deg:5.1f} deg  RDE {result.rde:.3f}", flush=True
    )


def main() -> None:
    """Predict every clip once and score it in several ways."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--part", default="dev-val")
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--live", type=int, default=200, help="clips for the live stream, which is slow")
    args = parser.parse_args()
    system = whence.load(args.model)
    clips = list_clips(args.data, args.part)[: args.clips]
    names, signals, tables = [clip.name for clip in clips], [], []
    for signal, table in AudioFrameDataset(clips):
        signals.append(signal)
        tables.append(table)
    truth = ClipEvents.from_mapping(dict(zip(names, tables, strict=True)))
    values = [system.values(signal[None])[0] for signal in signals]
    own = [system.decode(of_clip) for of_clip in values]
    scored(truth, names, own, "as it is")
    for what in ("activity", "directions and distances"):
        replaced = [with_truth(system, *pair, what) for pair in zip(values, tables, strict=True)]
        scored(truth, names, replaced, f"with the true {what}")
    few = names[: args.live]
    live = [streamed(system, signal) for signal in signals[: args.live]]
    known = ClipEvents.from_mapping(dict(zip(few, tables[: args.live], strict=True)))
    scored(known, few, own[: args.live], f"the first {len(few)} as they are")
    scored(known, few, live, "and live, every 200 ms")
    found = ClipEvents.from_mapping(dict(zip(names, own, strict=True)))
    for dimension in ("distance", "azimuth", "polyphony"):
        print(page(evaluate(truth, found), dimension).rstrip().rpartition("\n\n")[2])


if __name__ == "__main__":
    main()
