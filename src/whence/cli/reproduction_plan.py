"""The steps from corpora to Table 1 of the report, as plain data: each step is a command that a user could type."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from whence import corpora, models, recipes, training
from whence.errors import WhenceError
from whence.files import written_whole

SUBMISSIONS = ("xiaomi_1", "xiaomi_2", "xiaomi_3", "xiaomi_4")
OURS = "whence_small"
# The organisers trained their baseline on the clips of dev-train and on 15,000 synthetic ones, which are not published.
_SYNTHETIC_CLIPS = 15_000
_ROOMS = 400
# The last row of the report's Table 1 and its four submissions, on dev-test: F20, DOAE in degrees, RDE.
REPORTED = {
    "baseline": (0.228, 24.5, 0.41),
    "xiaomi_1": (0.352, 17.4, 0.38),
    "xiaomi_2": (0.363, 17.2, 0.37),
    "xiaomi_3": (0.370, 16.9, 0.39),
    "xiaomi_4": (0.351, 18.0, 0.37),
}
# Of everything, in a trial.
TRIAL_SHARE = 0.01
# Settings of networks in a trial, where the full size would take long; Dasheng has the size of the file.
_SMALL_LOCALIZER = {"localizer": {"channels": [16, 16, 32, 32], "depth": 1}}
_SMALL: dict[str, dict[str, Any]] = {
    **dict.fromkeys(SUBMISSIONS, _SMALL_LOCALIZER),
    OURS: {"detector": {"encoder": {"width": 0.25}}, "localizer": {"channels": [8, 8, 8, 16], "width": 32, "heads": 2}},
}


@dataclass(frozen=True)
class Arguments:
    """What decides the result; a folder belongs to one set of them.

    Args:
        starss23: folder of STARSS23.
        fsd50k: folder of FSD50K.
        fma: folder of FMA.
        dasheng: its published checkpoint, or the weights that `whence convert-weights` made of it.
        protocol: of the submissions: how their final weights are chosen, see `whence.training.Recipe`.
        trial: whether everything is done in small.
    """

    starss23: Path
    fsd50k: Path
    fma: Path
    dasheng: Path
    protocol: str = "honest"
    trial: bool = False

    @property
    def share(self) -> float:
        """How much of everything is done."""
        return TRIAL_SHARE if self.trial else 1.0

    def to_plain(self) -> dict[str, Any]:
        """Return plain data, with whole paths."""
        return {name: str(value.resolve()) if isinstance(value, Path) else value for name, value in vars(self).items()}


@dataclass(frozen=True)
class Step:
    """One command.

    Args:
        name: of the step, for its mark.
        command: `convert`, `train`, ...
        words: what follows it on the command line.
        result: the file or folder that it makes.
    """

    name: str
    command: str
    words: tuple[str, ...]
    result: Path

    @property
    def line(self) -> str:
        """The step as a user would type it."""
        return shlex.join(["whence", *self.command.split(), *self.words])


@dataclass(frozen=True)
class Training:
    """One run of the experiment.

    Args:
        name: of the run and of its row in the table.
        recipe: its name.
        settings: what differs from the recipe, as plain data.
        scenes: whether scenes are mixed beside the recorded clips.
    """

    name: str
    recipe: str
    settings: dict[str, Any]
    scenes: bool

    @property
    def full_recipe(self) -> training.Recipe:
        """The recipe with the settings."""
        return training.with_overrides(recipes.recipe_named(self.recipe), self.settings)


def trainings(arguments: Arguments) -> list[Training]:
    """Return the runs of the experiment in the order of the table.

    Raises:
        ModelError: the Dasheng file is missing, damaged or something else.
    """
    encoder = _encoder_sizes(arguments.dasheng)
    recorded = corpora.OFFICIAL_COUNTS["dev-train"]
    share = recorded / (recorded + _SYNTHETIC_CLIPS)
    runs = [
        # An epoch of the organisers' code is every clip once.
        Training("baseline_real", "seldnet", {"networks": {"seld": {"epoch_clips": recorded}}}, scenes=False),
        Training(
            "baseline",
            "seldnet",
            {"networks": {"seld": {"real_share": round(share, 4)}}},
            scenes=True,
        ),
    ]
    for name in SUBMISSIONS:
        changed = {"networks": {"detector": encoder}, "protocol": arguments.protocol}
        runs.append(Training(name, name, changed, scenes=True))
    runs.append(Training(OURS, OURS, {}, scenes=True))
    return [_in_small(run) if arguments.trial else run for run in runs]


def steps(arguments: Arguments, runs: list[Training], out: Path) -> list[Step]:
    """Return all steps but the table, in order."""
    data, sounds, rooms = out / "dcase2025", out / "sounds.csv", out / "rooms.safetensors"
    clips = round(corpora.OFFICIAL_CLIP_COUNT * arguments.share)
    # Two rooms, so that one can be held out; other processes would take longer to start than to compute these.
    room_words = ("--rooms", "2", "--places", "8", "--jobs", "1") if arguments.trial else ("--rooms", str(_ROOMS))
    dasheng = out / "dasheng.safetensors"
    found = [
        Step("clips", "convert", (str(arguments.starss23), "--out", str(data), "--clips", str(clips)), data),
        Step(
            "sounds",
            "data sounds",
            (str(arguments.fsd50k), str(arguments.fma), "--out", str(sounds), "--share", f"{arguments.share:g}"),
            sounds,
        ),
        Step("rooms", "scenes rooms", (str(rooms), *room_words), rooms),
    ]
    if arguments.dasheng.suffix == ".safetensors":
        dasheng = arguments.dasheng
    else:
        words = (str(arguments.dasheng), str(dasheng), "--kind", "dasheng")
        found.append(Step("dasheng", "convert-weights", words, dasheng))
    for run in runs:
        line = [run.recipe, "--data", str(data)]
        if run.scenes:
            line += ["--scenes", str(sounds), "--rooms", str(rooms)]
        if run.name in SUBMISSIONS:
            line += ["--encoder", f"detector={dasheng}"]
        if run.settings:
            line += ["--settings", str(settings_file(out, run))]
        folder = out / "runs" / run.name
        found.append(Step(run.name, "train", (*line, "--out", str(folder)), folder))
    return found


def settings_file(out: Path, run: Training) -> Path:
    """Return where the settings of a run are written."""
    return out / "settings" / f"{run.name}.json"


def write_settings(out: Path, runs: list[Training]) -> None:
    """Write the settings of the runs, for `--settings`."""
    (out / "settings").mkdir(exist_ok=True)
    for run in runs:
        with written_whole(settings_file(out, run)) as file:
            file.write(json.dumps(run.settings, indent=2).encode() + b"\n")


def _encoder_sizes(path: Path) -> dict[str, Any]:
    """Return the settings of a detector for Dasheng's weights of any size; none for Dasheng-Base."""
    if path.suffix == ".safetensors":
        description = models.load_weights(path).description
    else:
        models.check_is_file(path)
        description = models.read_converted(path, "dasheng").description
    plain = description.get("encoder", {})
    if plain.get("name") != "dasheng":
        raise WhenceError("these are not Dasheng's weights", where=path, remedy="give dasheng_base.pt, as published")
    usual = asdict(models.DashengDetectorSettings().encoder)
    differs = {
        name: plain[name] for name in usual if name != "tag_count" and plain.get(name, usual[name]) != usual[name]
    }
    if not differs:
        return {}
    depth = plain["depth"]
    # As the recipe: the whole encoder is frozen at first, then all but the last third of its blocks.
    return {"model": {"encoder": differs}, "frozen_encoder": [[0.05, depth], [0.1, depth * 2 // 3]]}


def _in_small(run: Training) -> Training:
    """Return a run of the trial: few epochs of few clips in small batches, and smaller networks."""
    recipe = run.full_recipe
    changes: dict[str, Any] = {}
    for network in recipe.networks:
        clips = max(round(network.epoch_clips * TRIAL_SHARE), 4)
        changes[network.name] = {
            **run.settings.get("networks", {}).get(network.name, {}),
            "epochs": max(round(network.epochs * TRIAL_SHARE), 1),
            "epoch_clips": clips,
            "batch_clips": min(max(network.batch_clips // 8, 4), clips),
        }
    for name, model in _SMALL.get(run.name, {}).items():
        changes[name]["model"] = model
    count = max(round(recipe.validation_clips * TRIAL_SHARE), 4)
    return Training(
        run.name, run.recipe, {**run.settings, "networks": changes, "validation_clips": count}, scenes=run.scenes
    )
