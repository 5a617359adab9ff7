"""Compare what the networks are trained on: recorded clips, scenes mixed on the fly, or both, at equal clips.

    python docs/make_data_sources.py --data dcase2025/ --scenes sounds.csv --rooms rooms.safetensors \
        --encoder detector=yamnet.safetensors --out work/

Three systems of the small recipe are trained, each network on the same number of clips: on scenes alone, on recorded
clips alone, on both, and as the recipes `xiaomi_*` do, the detector on scenes and the localizer on both. Networks with
the same data are trained once and copied. Every step is a whence command; an interrupted one resumes. Ends with the
table of `whence table` on dev-test.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

# Shares of recorded clips of detector and localizer.
SYSTEMS = {
    "detector on scenes, localizer on both": (0.0, 0.5),
    "scenes alone": (0.0, 0.0),
    "recorded clips alone": (1.0, 1.0),
}
# An eighth of the recipe's detector and a sixtieth of its localizer, which leaves out its head: an hour on a core.
SETTINGS = """\
validation_clips: 100
augment_real: true
networks:
  detector: {{epochs: 12, epoch_clips: 1024{detector}}}
  localizer: {{epochs: 16, epoch_clips: 1536{localizer}, model: {{place_width: 0}}}}
"""


def whence(*words: object) -> None:
    """Run one whence command."""
    subprocess.run([sys.executable, "-m", "whence", *map(str, words)], check=True)


def main() -> None:
    """Train what is not trained yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--data", "--scenes", "--rooms", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--encoder", required=True, metavar="detector=FILE")
    args = parser.parse_args()
    trained: dict[tuple[str, float], Path] = {}
    runs = []
    for number, (name, shares) in enumerate(SYSTEMS.items(), 1):
        run = args.out / f"{number} {name}"
        run.mkdir(parents=True, exist_ok=True)
        for network, share in zip(("detector", "localizer"), shares, strict=True):
            source = trained.setdefault((network, share), run / network)
            if source != run / network and not (run / network).exists():
                shutil.copytree(source, run / network)
        settings = args.out / f"{number}.yaml"
        data = ("--data", args.data, "--scenes", args.scenes, "--rooms", args.rooms)
        words = [f", real_share: {share}" for share in shares]
        if shares == (1.0, 1.0):  # scenes that no network uses, and their share, are refused as idle
            data, words = data[:2], ["", ""]
        settings.write_text(SETTINGS.format(detector=words[0], localizer=words[1]))
        recipe = ("whence_small_pretrained", "--encoder", args.encoder, "--settings", settings)
        whence("train", *recipe, *data, "--workers", 1, "--out", run)
        runs.append(run)
    whence("table", *runs, "--data", args.data)


if __name__ == "__main__":
    main()
