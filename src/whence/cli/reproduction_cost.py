"""What the experiment of the report costs on this machine: clips, hours, disk, each with its basis."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from whence import corpora, training
from whence.cli.models import parameter_count
from whence.cli.reproduction_plan import Arguments, Training
from whence.views import aligned, duration

if TYPE_CHECKING:
    from pathlib import Path

# docs/benchmarks.md: scenes that one core renders in a second.
_SCENES_PER_CORE_S = 100
# A forward pass is a third of a training step.
_FORWARD_SHARE = 1 / 3
# 5 s of 16-bit stereo at 24 kHz.
_CLIP_BYTES = 480_044
_BYTES = 4


def describe_cost(arguments: Arguments, runs: list[Training], out: Path, device: str | None, workers: int) -> str:
    """Measure a training step of every network, and return what the whole experiment costs, as text.

    Args:
        arguments: of the experiment.
        runs: what is trained.
        out: where; its disk is looked at.
        device: where the networks run.
        workers: processes that render scenes beside the training.
    """
    converted = corpora.OFFICIAL_CLIP_COUNT * arguments.share
    rows = [("run", "clips to train on", "parameters", "per clip", "hours", "disk")]
    measured: dict[str, float] = {}
    total_s, total_bytes = 0.0, _CLIP_BYTES * converted
    for run in runs:
        recipe = run.full_recipe
        run_s, run_bytes, clips, parameters, per_clip = 0.0, 0.0, 0, 0, []
        for network in recipe.networks:
            # Masks and filters cost next to nothing beside the network.
            key = repr((network.bundle_settings, recipe.precision, network.batch_clips))
            if key not in measured:
                measured[key] = training.seconds_per_clip(network, recipe.precision, device)
            trained = network.total_steps * network.batch_clips
            checked = network.epochs * recipe.validation_clips + corpora.OFFICIAL_COUNTS["dev-test"] * arguments.share
            rendering_s = (1 - _real_share(network, run)) / _SCENES_PER_CORE_S / max(workers, 1)
            run_s += trained * max(measured[key], rendering_s) + checked * measured[key] * _FORWARD_SHARE
            count = parameter_count(network.model)
            run_bytes += count * _BYTES * _copies(network, recipe)
            clips, parameters = clips + trained, parameters + count
            per_clip.append(f"{1000 * measured[key]:.0f} ms")
        rows.append(
            (
                run.name,
                f"{clips:,}",
                f"{parameters:,}",
                " + ".join(per_clip),
                f"{run_s / 3600:.1f}",
                f"{run_bytes / 1e9:.1f} GB",
            )
        )
        total_s, total_bytes = total_s + run_s, total_bytes + run_bytes
    free = shutil.disk_usage(out).free
    lines = [
        f"{converted:,.0f} stereo clips are cut from STARSS23 ({_CLIP_BYTES * converted / 1e9:.1f} GB).",
        f"In all about {duration(total_s)} and {total_bytes / 1e9:.1f} GB of disk ({free / 1e9:.1f} GB free here), "
        "beside the sounds, which are decoded once into the cache.",
        "Basis: a training step of each network, measured here and now; validation and test are counted as a third of "
        f"it a clip, rendering as {_SCENES_PER_CORE_S} scenes per second of a core (docs/benchmarks.md), beside the "
        "training.",
    ]
    return aligned(rows) + "\n" + "\n".join(lines) + "\n"


def _real_share(network: training.NetworkRecipe, run: Training) -> float:
    return network.real_share if run.scenes else 1.0


def _copies(network: training.NetworkRecipe, recipe: training.Recipe) -> int:
    """How often a run keeps as many numbers as the network has parameters."""
    state = 3 + bool(network.optimizer.average_decay)  # weights, two moments, an average
    return 2 * state + recipe.kept_checkpoints + 1
