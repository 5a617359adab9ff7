"""Make the two scenes of `whence demo`: procedural sounds in simulated rooms, with their labels.

`python docs/make_demo_scenes.py` rewrites src/whence/cli/demo_scenes. A calm and a busy scene were chosen among two
dozen; the model does neither best nor worst on them. Their sounds were not used in any training: the procedural sounds
of the packaged model have another seed.
"""

from pathlib import Path

import numpy as np
import soundfile

from whence.labels import write_dcase
from whence.scenes import SceneSettings, draw_scene, render_batch
from whence.scenes.rooms import RoomSettings, make_room_bank
from whence.synth import procedural_sounds

FOLDER = Path(__file__).parents[1] / "src" / "whence" / "cli" / "demo_scenes"
SEED = 20_261_125
SCENES = {"calm": (11, (1.0,)), "busy": (3, (0.0, 1.0))}


def main() -> None:
    """Draw, render and write both scenes."""
    FOLDER.mkdir(exist_ok=True)
    sounds = procedural_sounds(SEED, 4)
    rooms = make_room_bank(SEED, 4, RoomSettings(positions_per_room=20))
    for name, (index, polyphony) in SCENES.items():
        settings = SceneSettings(duration_s=8.0, polyphony_weights=polyphony, interferers=(0, 0))
        batch = render_batch([draw_scene(SEED, 0, index, settings, sounds, rooms)], sounds, rooms)
        signal = batch.audio[0].numpy()
        loud = 0.5 * signal / np.abs(signal).max()
        soundfile.write(FOLDER / f"{name}.flac", loud.T, 24_000, subtype="PCM_16")
        write_dcase(FOLDER / f"{name}.csv", batch.events[0])


if __name__ == "__main__":
    main()
