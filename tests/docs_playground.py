"""What the pages speak of, made small, and a runner for their blocks: each page has a folder of its own."""

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from whence.audio import write
from whence.challenge import meta_template
from whence.cli.demo import LABELS
from whence.cli.main import main
from whence.labels import Events, write_dcase

ROOT = Path(__file__).parents[1]
CLASSES = ("bell", "knock", "music")
RECORDER = (("left", 0.01, 60), ("right", -0.01, -60))
NUMBERS = ("total_parameters", "subsystem_count", "total_audio_length", "F_20_1", "DOAE_CD", "RDE_CD")

# What the shell has to do; everything else runs in this process, without the seconds that a new one costs.
_FOR_THE_SHELL = re.compile(r"[|<>;*]|^(?!whence )")


@dataclass(frozen=True)
class Step:
    """One thing a reader does: a command with what is printed under it, or a piece of Python.

    Args:
        kind: "console" or "python".
        line: of the page, from 1.
        text: the command or the code.
        printed: lines under a command; `...` stands for any lines, and within a line for anything.
    """

    kind: str
    line: int
    text: str
    printed: tuple[str, ...] = ()


def steps_of(page: str) -> list[Step]:
    """Everything a reader of the page would run, in order.

    >>> steps_of("```console\\n$ whence a \\\\\\n    b\\nc\\n```")
    [Step(kind='console', line=2, text='whence a     b', printed=('c',))]
    """
    steps = []
    for found in re.finditer(r"^```(console|python)\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE):
        line = page.count("\n", 0, found.start()) + 2
        if found[1] == "python":
            steps.append(Step("python", line, found[2]))
            continue
        text = found[2].replace("\\\n", "")
        assert text.startswith("$ "), f"line {line}: a console block begins with `$ `"
        for part in text.removeprefix("$ ").split("\n$ "):
            command, *printed = part.rstrip("\n").split("\n")
            steps.append(Step("console", line, command, tuple(printed)))
    return steps


def run_steps(steps: list[Step]) -> None:
    """Do what a reader does, in the working folder, and compare what comes out with what the page says."""
    names: dict[str, object] = {}
    for step in steps:
        if step.kind == "python":
            exec(compile(step.text, f"line {step.line}", "exec"), names)
            continue
        code, out = _run_command(step.text)
        assert code == 0, f"line {step.line}: {step.text}"
        check_printed(step, out.splitlines())


def check_printed(step: Step, out: list[str]) -> None:
    """Fail unless the output is what the page shows; a page may show nothing, or end with `...`."""
    for place, expected in enumerate(step.printed):
        if expected == "...":
            return
        line = out[place] if place < len(out) else "<nothing more>"
        pattern = ".*".join(re.escape(part) for part in expected.split("..."))
        assert re.fullmatch(pattern, line), f"line {step.line}: {step.text}\nthe page: {expected}\nprinted:  {line}"
    assert not step.printed or len(out) == len(step.printed), f"line {step.line}: {step.text} printed more:\n{out}"


def _run_command(command: str) -> tuple[int, str]:
    """Exit code and standard output of a command line."""
    if _FOR_THE_SHELL.search(command):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", command], env={**os.environ, "PATH": path}, stdout=subprocess.PIPE, text=True, check=False
        )
        return done.returncode, done.stdout
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = main(shlex.split(command)[1:])
    return code, out.getvalue()


def make_playground(folder: Path) -> None:
    """Label folders, labelled clips, sounds for scenes, and recordings, a second or two each."""
    rng = np.random.default_rng(0)
    for name, kind in (("references", "truth"), ("predictions", "eager"), ("old", "cautious"), ("new", "eager")):
        shutil.copytree(LABELS / kind, folder / name)
    (folder / "my_data").mkdir()
    for name in ("a", "b"):
        write(folder / "my_data" / f"{name}.wav", rng.normal(0, 0.1, (2, 24_000)).astype(np.float32))
        columns = {"frame": range(10), "class_index": [8] * 10, "azimuth_deg": [10] * 10, "distance_m": [2.0] * 10}
        write_dcase(folder / "my_data" / f"{name}.csv", Events.from_columns(columns))
    for bank, count in (("my_sounds", 4), ("other_sounds", 2)):
        for name in CLASSES:
            (folder / bank / name).mkdir(parents=True)
            for number in range(count):
                soundfile.write(folder / bank / name / f"{number}.wav", rng.normal(0, 0.1, 24_000), 24_000)
    make_run(folder)
    # The recipe that a page shows.
    page = (ROOT / "docs/tutorials/train-on-your-data.md").read_text(encoding="utf-8")
    (folder / "my_recipe.py").write_text(page.partition("$ cat my_recipe.py\n")[2].partition("```")[0])
    make_submission(folder, rng)
    (folder / "recordings").mkdir()
    for name in ("your.wav", "street.wav", "left.wav", "recordings/monday.wav", "recordings/tuesday.wav"):
        write(folder / name, from_the_left(rng))
    soundfile.write(folder / "ambisonic.wav", rng.normal(0, 0.1, (24_000, 4)), 24_000)
    capsules = (f"{side}: {{left_m: {m}, pattern: 0.5, facing_deg: {a}}}\n" for side, m, a in RECORDER)
    (folder / "recorder.yaml").write_text("".join(capsules) + "gain_db: 1.5\nswapped: true\n")


def make_run(folder: Path) -> None:
    """A finished run of hardly any steps, `runs/small`."""
    settings = {
        "scenes": {"duration_s": 1.0, "event_duration_s": [0.3, 1.0]},
        "validation_clips": 2,
        "networks": {name: {"batch_clips": 4, "epoch_clips": 8, "epochs": 1} for name in ("detector", "localizer")},
    }
    (folder / "few_steps.json").write_text(json.dumps(settings))
    rooms, run = str(folder / "few_rooms.safetensors"), str(folder / "runs" / "small")
    assert (
        main(["scenes", "rooms", rooms, "--rooms", "2", "--places", "4", "--rt60", "0.15", "0.2", "--jobs", "1"]) == 0
    )
    words = ["--scenes", str(folder / "my_sounds"), "--rooms", rooms, "--settings", str(folder / "few_steps.json")]
    assert main(["train", "tiny", *words, "--out", run]) == 0


def make_submission(folder: Path, rng: np.random.Generator) -> None:
    """Two clips of an evaluation set, a meta file that is filled in, and a report."""
    (folder / "dcase2025/stereo_eval/eval").mkdir(parents=True)
    for name in ("0001", "0002"):
        write(folder / f"dcase2025/stereo_eval/eval/{name}.wav", from_the_left(rng))
    answers = {"label": "Doe_INST_task3_1", "email": "jane@example.org", "corresponding": "true"}
    answers |= dict.fromkeys(NUMBERS, "1")
    template = meta_template().splitlines()
    lines = (line.replace("???", answers.get(line.partition(":")[0].strip(), "said")) for line in template)
    (folder / "filled.yaml").write_text("\n".join(lines))
    (folder / "report.pdf").write_bytes(b"%PDF-1.7\n" + bytes(3000) + b"\n%%EOF\n")


def from_the_left(rng: np.random.Generator) -> np.ndarray:
    """(2, sample) float32: two seconds of a quiet room, with a burst that is louder and earlier on the left."""
    signal = rng.normal(0, 0.001, (2, 48_000))
    burst = rng.normal(0, 0.2, 12_000) * np.hanning(12_000)
    signal[0, 12_000:24_000] += burst
    signal[1, 12_008:24_008] += 0.5 * burst
    return signal.astype(np.float32)
