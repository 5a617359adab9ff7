"""Make the packaged model, from a list of sounds to the file in the package.

    python docs/make_packaged_model.py bank/manifest.csv yamnet.npz --out work/

`bank/manifest.csv` lists recordings with the columns path, class, split (train, val, test), source_recording_id and
licence_clear (1 or 0), as `whence scenes` reads it; `yamnet.npz` holds YAMNet's published weights. Every step is a
whence command; it is skipped if its result exists, and an interrupted one resumes. `--trial` runs all steps in minutes
with a hundredth of everything, and does not change the package.

1. training sounds: the recordings of the train split with a clear licence, and procedural ones for classes with few;
2. rooms: 400 for training, 24 for validation, 40 for the test;
3. scenes: 64,000 for training; 600 of the val split and 1,000 of the test split, of every licence;
4. training of the detector and the localizer, and of the official baseline on 106,496 clips;
5. fine-tuning of the localizer without its first convolutions, on 48,000 scenes of the same sounds at other speeds;
6. thresholds and smoothing on the validation scenes; the file; the table on the test scenes.
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile

from whence.corpora import Sounds
from whence.labels import STARSS23
from whence.synth import procedural_sounds

# Classes with few clear recordings or few alike: their names in the list, and how many procedural sounds are added.
FEW = {"clapping": (2, 48), "telephone": (3, 8), "laughter": (4, 8), "door": (7, 32), "knock": (12, 24)}
# Rooms and scenes of each part.
ROOMS = {"train": 400, "val": 24, "test": 40}
CLIPS = {"train": 64_000, "val": 600, "test": 1_000}
# For fine-tuning the localizer: scenes, versions of each recording at other speeds, their range, procedural sounds.
VARIED_CLIPS = 48_000
VERSIONS, SLOWEST, FASTEST, MORE = 8, 0.62, 1.6, 100
VARIED_SCENES = {"multiband_eq": {"probability": 0.8, "gain_db": [-10, 10]}}
# The first convolutions are general, so only the others and the layers over time are fine-tuned.
TRAINABLE = ["blocks.1", "blocks.2", "project", "sequence", "output_layer", "place"]
VARIED = {
    "networks": {
        "localizer": {
            "trainable": TRAINABLE,
            "batch_clips": 32,
            "epochs": 43,
            "epoch_clips": 16_384,
            "optimizer": {"peak_rate": 1e-3, "average_decay": 0.999},
        }
    }
}
BASELINE = {"precision": "bf16", "networks": {"seld": {"batch_clips": 64, "epochs": 26, "epoch_clips": 4096}}}
# A trial trains each network for one short epoch.
TRIAL = {"networks": {name: {"epochs": 1, "epoch_clips": 64} for name in ("detector", "localizer")}}
TRIAL_VARIED = {"networks": {"localizer": {"trainable": TRAINABLE, "epochs": 1, "epoch_clips": 64}}}
TRIAL_BASELINE = {"networks": {"seld": {"batch_clips": 64, "epochs": 1, "epoch_clips": 64}}}
# Domestic sounds here, unlabelled interference in some lists: one scene must not use them as both.
AMBIGUOUS = ("dish", "cutler", "plate")
COLUMNS = ("path", "class", "split", "source_recording_id", "licence", "licence_clear")
DETECTOR_WEIGHTS = Path("detector", "weights.safetensors")
PACKAGED = Path(__file__).parents[1] / "src" / "whence" / "inference" / "packaged" / "whence_small.onnx"


def write_training_list(manifest: Path, folder: Path) -> Path:
    """Write the list of training sounds, and procedural sounds beside it."""
    with manifest.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train" and row["licence_clear"] == "1"]
    chosen = [
        {name: str(manifest.parent.resolve() / row["path"]) if name == "path" else row[name] for name in COLUMNS}
        for row in rows
        if row["class"] != "interference" or not any(word in row["path"].lower() for word in AMBIGUOUS)
    ]
    sounds = procedural_sounds(1, max(count for _, count in FEW.values()), background=0, interference=0)
    (folder / "procedural").mkdir(parents=True, exist_ok=True)
    for word, (class_index, count) in FEW.items():
        for sound in sounds.of_class(class_index)[:count]:
            chosen.append(write_procedural(sounds, int(sound), word, folder / "procedural"))
    return write_list(folder / "sounds.csv", chosen)


def write_varied_list(listed: Path, folder: Path) -> Path:
    """Write the list with each recording also at other speeds, and more procedural sounds of every class.

    A thousand recordings are few, and a network overfits to those that it has seen in many scenes.
    """
    folder = folder / "varied"
    # Written last, so that an existing list has all its sounds beside it.
    target = folder / "sounds.csv"
    if target.exists():
        return target
    with listed.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rng = np.random.default_rng(3)
    folder.mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(list(rows)):
        if row["class"] == "background" or row["licence"] == "procedural":
            continue
        samples, rate = soundfile.read(row["path"], dtype="int16")
        for version, factor in enumerate(np.exp(rng.uniform(np.log(SLOWEST), np.log(FASTEST), VERSIONS))):
            # The same samples at another rate have another speed.
            path = folder.resolve() / f"{number}_{version}.flac"
            soundfile.write(path, samples, round(rate * factor))
            rows.append(row | {"path": str(path)})
    sounds = procedural_sounds(13, MORE, background=0, interference=0)
    for class_index, word in enumerate(STARSS23.names):
        rows += [write_procedural(sounds, int(sound), word, folder) for sound in sounds.of_class(class_index)]
    return write_list(target, rows)


def write_procedural(sounds: Sounds, sound: int, word: str, folder: Path) -> dict[str, str]:
    """Write one procedural sound and return its row."""
    name = sounds.name[sound]
    path = folder.resolve() / f"{name.replace('/', '_')}.flac"
    soundfile.write(path, sounds.waveform(sound), 24_000)
    return dict(zip(COLUMNS, (str(path), word, "train", name, "procedural", "1"), strict=True))


def write_list(target: Path, rows: list[dict[str, str]]) -> Path:
    """Write a list of sounds."""
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return target


def make_varied_scenes(listed: Path, work: Path, clips: int) -> Path:
    """Make scenes of the varied sounds in the same rooms, with the same scenes for validation."""
    target = work / "varied_scenes"
    rooms, wanted = work / "rooms_train.safetensors", ("--seed", 4, "--clips", f"{clips}:dev-train", "--out", target)
    varied = write_varied_list(listed, work)
    changed = settings_file(work / "varied_scenes.json", VARIED_SCENES)
    whence("scenes", varied, "--where", "split=train", "--rooms", rooms, *changed, *wanted)
    for kind in ("stereo_dev", "metadata_dev"):
        if not (target / kind / "dev-val-synth").exists():
            (target / kind / "dev-val-synth").symlink_to((work / "scenes" / kind / "dev-val-synth").resolve())
    return target


def whence(*arguments: object) -> None:
    """Show and run one command; stop if it fails."""
    line = [str(argument) for argument in arguments]
    print("whence", *line, flush=True)
    subprocess.run([sys.executable, "-m", "whence", *line], check=True)


def settings_file(path: Path, settings: object) -> tuple[str, Path]:
    """Write changed settings of a recipe and return the arguments that apply them."""
    path.write_text(json.dumps(settings), encoding="utf-8")
    return "--settings", path


def main() -> None:
    """Run all steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("yamnet", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--trial", action="store_true", help="a hundredth of everything; the package is not changed")
    args = parser.parse_args()
    work, share = args.out, 100 if args.trial else 1
    work.mkdir(parents=True, exist_ok=True)
    sounds = write_training_list(args.manifest, work)
    for seed, (part, count) in enumerate(ROOMS.items(), start=1):
        rooms = work / f"rooms_{part}.safetensors"
        if not rooms.exists():
            whence("scenes", "rooms", rooms, "--rooms", max(count // share, 2), "--seed", seed)
        listed = sounds if part == "train" else args.manifest
        wanted = ("--seed", seed, "--clips", f"{CLIPS[part] // share}:dev-{part}")
        target = work / ("test" if part == "test" else "scenes")
        whence("scenes", listed, "--where", f"split={part}", "--rooms", rooms, *wanted, "--out", target)
    encoder = work / "yamnet.safetensors"
    if not encoder.exists():
        whence("convert-weights", args.yamnet, encoder)
    run, baseline = work / "runs" / "whence_small", work / "runs" / "seldnet"
    data = ("--data", work / "scenes")
    changed = settings_file(work / "trial.json", TRIAL) if args.trial else ()
    whence("train", "whence_small_pretrained", *data, "--encoder", f"detector={encoder}", *changed, "--out", run)
    varied = make_varied_scenes(sounds, work, VARIED_CLIPS // share)
    again = work / "runs" / "whence_small_varied"
    # From the first run: the detector as it is, and the localizer to start from.
    if not (again / DETECTOR_WEIGHTS).exists():
        (again / DETECTOR_WEIGHTS).parent.mkdir(parents=True)
        shutil.copyfile(run / DETECTOR_WEIGHTS, again / DETECTOR_WEIGHTS)
    changed = settings_file(work / "varied.json", TRIAL_VARIED if args.trial else VARIED)
    start = ("--encoder", f"localizer={run / 'localizer' / 'weights.safetensors'}")
    whence("train", "whence_small_pretrained", "--data", varied, *start, *changed, "--out", again)
    changed = settings_file(work / "seldnet.json", TRIAL_BASELINE if args.trial else BASELINE)
    whence("train", "seldnet", *data, *changed, "--out", baseline)
    whence("tune", again, *data, "--cautious", 0.5)
    target = work / PACKAGED.name if args.trial else PACKAGED
    whence("export", again, "--half", "--out", target)
    whence("table", baseline, again, "--data", work / "test")
    whence("table", again, "--data", work / "test", "--swap")


if __name__ == "__main__":
    main()
