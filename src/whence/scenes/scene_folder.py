"""Write clips, labels and scenes in the layout of the DCASE 2025 stereo set, resumable at any clip."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from whence.audio import write
from whence.corpora import Sounds
from whence.errors import SceneError
from whence.files import sweep_unfinished, written_whole
from whence.labels import write_dcase
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.settings import SceneSettings
from whence.scenes.stream import SceneStream

# The folds of the task: 1 is synthetic training data, 4 is what systems are tested on.
_FOLDS = {"dev-train": 1, "dev-val": 1, "dev-test": 4}


def write_scenes(
    folder: Path,
    seed: int,
    clip_count: int,
    settings: SceneSettings,
    sounds: Sounds,
    rooms: RoomBank,
    workers: int = 0,
    progress: Callable[[int, int], None] | None = None,
    part: str = "dev-train",
) -> int:
    """Write clips 0 up to `clip_count` of a seed; those that are finished already are left as they are.

    ```
    folder/stereo_dev/dev-train-synth/fold1_seed1_index000000.wav       16 bit
    folder/metadata_dev/dev-train-synth/fold1_seed1_index000000.csv     written last: a clip without it is made again
    folder/scenes/dev-train-synth/fold1_seed1_index000000.json          the scene, to be rendered again or inspected
    folder/scenes/dev-train-synth.json                                  what they were drawn from
    ```

    `part` is `dev-train`, `dev-val` or `dev-test`; clips of the last are named `fold4_...`. `workers` processes render
    (0: this one), with the same files. `progress` is called with (clips finished, clips wanted) after each clip.

    Returns:
        how many clips were made now.

    Raises:
        SceneError: there is no such part, or the folder holds scenes of another seed, other settings or other banks.
        OSError: if the disk refuses; finished clips stay.
    """
    if part not in _FOLDS:
        raise SceneError(f"scenes for the part {part!r}; there are: {', '.join(_FOLDS)}")
    subset, fold = f"{part}-synth", _FOLDS[part]
    sound_dir, label_dir, scene_dir = (folder / kind / subset for kind in ("stereo_dev", "metadata_dev", "scenes"))
    for path in (sound_dir, label_dir, scene_dir):
        path.mkdir(parents=True, exist_ok=True)
    for path in (scene_dir.parent, sound_dir, label_dir, scene_dir):
        sweep_unfinished(path)
    _describe(folder / "scenes" / f"{subset}.json", seed, settings, sounds, rooms)
    missing = [index for index in range(clip_count) if not (label_dir / f"{clip_name(seed, index, fold)}.csv").exists()]
    # One clip a batch, so that batch numbers are indices.
    stream = SceneStream(seed, settings, sounds, rooms, batch_clips=1, batches_per_epoch=clip_count)
    for done, (index, batch) in enumerate(zip(missing, stream.loader(missing, workers), strict=True), start=1):
        name = clip_name(seed, index, fold)
        _write_text(scene_dir / f"{name}.json", stream.scenes(index)[0].to_json())
        write(sound_dir / f"{name}.wav", batch.audio[0].numpy())
        write_dcase(label_dir / f"{name}.csv", batch.events[0])
        if progress is not None:
            progress(clip_count - len(missing) + done, clip_count)
    return len(missing)


def clip_name(seed: int, index: int, fold: int = 1) -> str:
    """Return the name of one clip.

    >>> clip_name(1, 23)
    'fold1_seed1_index000023'
    """
    return f"fold{fold}_seed{seed}_index{index:06d}"


def _write_text(path: Path, text: str) -> None:
    """Write JSON text as a whole file."""
    with written_whole(path) as file:
        file.write(text.encode("ascii") + b"\n")


def _describe(path: Path, seed: int, settings: SceneSettings, sounds: Sounds, rooms: RoomBank) -> None:
    """Write what the scenes are drawn from, or compare it with the description that is there."""
    description: dict[str, Any] = {
        "seed": seed,
        "settings": settings.to_plain(),
        "classes": list(sounds.classes.names),
        "sounds": len(sounds),
        "samples": int(sounds.first_sample[-1]),
        "responses": len(rooms),
        "rooms": list(rooms.room_name),
    }
    if not path.exists():
        _write_text(path, json.dumps(description, indent=2))
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise SceneError(f"{path} cannot be read ({error}); remove it, or choose another folder") from None
    # Settings that did not exist when the folder was begun have their defaults.
    if isinstance(found, dict) and isinstance(found.get("settings"), dict):
        with contextlib.suppress(SceneError):
            found["settings"] = json.loads(json.dumps(SceneSettings.from_plain(found["settings"]).to_plain()))
    # Through JSON and back, so that both sides have lists and not tuples.
    wanted = json.loads(json.dumps(description))
    for name, value in wanted.items():
        if not isinstance(found, dict) or found.get(name) != value:
            raise SceneError(f"{path.parent.parent} holds scenes drawn with another {name!r}; choose another folder")
