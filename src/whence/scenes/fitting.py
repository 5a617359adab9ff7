"""Does a scene fit the banks it is rendered from? A scene file kept from elsewhere may not."""

from itertools import chain

from whence.corpora import Sounds
from whence.errors import SceneError
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.scene import Piece, Scene
from whence.scenes.transforms.multiband_eq import BAND_CENTRES_HZ


def check_scene(scene: Scene, sounds: Sounds, rooms: RoomBank) -> None:
    """Refuse a scene that points outside a bank.

    Raises:
        SceneError: naming the scene, the part and the bounds.
    """
    for number, event in enumerate(scene.events):
        place = f"scene {scene.name}: events.{number}"
        if event.class_index >= len(sounds.classes):
            raise SceneError(f"{place}.class_index is {event.class_index}; there are {len(sounds.classes)} classes")
        if not event.pieces:
            raise SceneError(f"{place}.pieces is empty; an event needs something that sounds")
        if len(event.eq_db) not in (0, len(BAND_CENTRES_HZ)):
            raise SceneError(f"{place}.eq_db has {len(event.eq_db)} bands; it must have {len(BAND_CENTRES_HZ)} or none")
        for waypoint in event.path.waypoints:
            if not 0 <= waypoint.response < len(rooms):
                raise SceneError(
                    f"{place}.path uses response {waypoint.response} of {len(rooms)}; "
                    "give the bank of rooms it was drawn from"
                )
        _check_pieces(event.pieces, sounds, place)
    if scene.background is not None:
        pieces = tuple(chain.from_iterable(wave.pieces for wave in scene.background.waves))
        _check_pieces(pieces, sounds, f"scene {scene.name}: background")
    if scene.partner is not None:
        check_scene(scene.partner, sounds, rooms)


def _check_pieces(pieces: tuple[Piece, ...], sounds: Sounds, place: str) -> None:
    """Refuse pieces that reach outside their sound."""
    for piece in pieces:
        if not 0 <= piece.sound < len(sounds):
            raise SceneError(
                f"{place} uses sound {piece.sound} of {len(sounds)}; give the bank of sounds it was drawn from"
            )
        length = int(sounds.first_sample[piece.sound + 1] - sounds.first_sample[piece.sound])
        if piece.first_sample < 0 or piece.sample_count < 0 or piece.first_sample + piece.sample_count > length:
            raise SceneError(
                f"{place} reads samples {piece.first_sample} to {piece.first_sample + piece.sample_count} of sound "
                f"{piece.sound}, which has {length}; give the bank of sounds it was drawn from"
            )
