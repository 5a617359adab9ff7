"""The picture of the README: `python docs/make_pictures.py` writes docs/scene.png, mixed from procedural sounds."""

from pathlib import Path

from whence.cli.scenes import fitted_to
from whence.scenes import SceneSettings, draw_scene, render_batch
from whence.scenes.rooms import RoomSettings, make_room_bank
from whence.synth import procedural_sounds
from whence.views.picture import draw_clip

SEED, EPOCH, INDEX = 1, 0, 1


def main() -> None:
    """Draw one scene, render it, and write its picture."""
    sounds = procedural_sounds(SEED, 6, background=2, interference=2)
    rooms = make_room_bank(SEED, 4, RoomSettings(positions_per_room=20))
    settings = fitted_to(sounds, SceneSettings())
    scene = draw_scene(SEED, EPOCH, INDEX, settings, sounds, rooms)
    batch = render_batch([scene], sounds, rooms)
    title = "five seconds mixed from procedural sounds: both channels, and the directions of the events"
    draw_clip(Path(__file__).parent / "scene.png", batch.audio[0].numpy(), batch.events[0], sounds.classes, title=title)


if __name__ == "__main__":
    main()
