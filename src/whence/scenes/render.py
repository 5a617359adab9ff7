"""Render drawn scenes into stereo clips with labels, without randomness; one code for CPU and GPU."""

import contextlib
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray

from whence.audio import Microphones
from whence.corpora import Sounds
from whence.errors import SceneError
from whence.labels import Events
from whence.scenes.pair_responses import LEAD
from whence.scenes.receivers import check_renderable, mirrored
from whence.scenes.recording import PERFECT, apply_recording
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.scene import LEAD_SAMPLES, Piece, Scene
from whence.scenes.scene_labels import events_of_scene, find_audible
from whence.scenes.transforms.channel_swap import apply_channel_swap
from whence.scenes.transforms.diffuse_background import apply_diffuse_background, background_factor
from whence.scenes.transforms.microphone_mismatch import apply_microphone_mismatch
from whence.scenes.transforms.multiband_eq import BAND_CENTRES_HZ
from whence.scenes.transforms.peak_protection import apply_peak_protection
from whence.scenes.transforms.room_response import choose_grid
from whence.scenes.transforms.scene_mixing import apply_scene_mixing
from whence.scenes.transforms.time_mask import apply_time_masks
from whence.scenes.voices import Lane, Voice, lay_pieces, render_voices, voices_of
from whence.units import FRAME_SAMPLES

# On a GPU many clips share each launch; on a CPU one clip at a time stays in the cache, and its bytes cannot depend
# on its neighbours.
_CLIPS_AT_ONCE = {"cpu": 1}
_CLIPS_AT_ONCE_ELSEWHERE = 32


@dataclass(frozen=True, eq=False)
class RenderedBatch:
    """Clips and their labels.

    Args:
        audio: (clip, 2, sample) float32, left first, |value| <= 0.99.
        events: one table per clip.
        microphones: the pair of each clip; mirrored where the channels of an asymmetric one were exchanged.
    """

    audio: torch.Tensor
    events: list[Events]
    microphones: list[Microphones]


@torch.no_grad()
def render_batch(
    scenes: Sequence[Scene], sounds: Sounds, rooms: RoomBank, device: torch.device | str = "cpu"
) -> RenderedBatch:
    """Render scenes of one length into clips and labels, in their order.

    Clips are computed and returned on `device`; `sounds` and `rooms` are the banks that the scenes were drawn from.

    On a CPU one thread renders one clip after the other, so a clip has the same bytes whatever its neighbours and
    whatever the number of threads; the workers of a `SceneStream` use more cores. A GPU orders its transforms and sums
    differently; the same clip is expected within 1e-5 of full scale, which a test checks where there is a GPU.

    Raises:
        SceneError: scenes of different length, or one that points outside a bank.
    """
    lengths = {scene.sample_count for scene in scenes}
    if len(lengths) != 1:
        raise SceneError(f"a batch needs scenes of one length; these have {sorted(lengths)} samples")
    device = torch.device(device)
    _keep_freed_memory()
    for scene in scenes:
        check_scene(scene, sounds, rooms)
    audio = torch.empty(len(scenes), 2, scenes[0].sample_count, device=device)
    events: list[Events] = []
    at_once = _CLIPS_AT_ONCE.get(device.type, _CLIPS_AT_ONCE_ELSEWHERE)
    with _one_thread():
        for first in range(0, len(scenes), at_once):
            clips, tables = _render_unit(scenes[first : first + at_once], sounds, rooms, device)
            audio[first : first + at_once] = clips
            events += tables
    return RenderedBatch(audio, events, [recorded_with(scene) for scene in scenes])


def recorded_with(scene: Scene) -> Microphones:
    """Return the pair that a finished clip was recorded with."""
    return mirrored(scene.microphones) if scene.swapped else scene.microphones


def built_pair(scene: Scene) -> Microphones:
    """Return the pair of a scene with its deviations from the description."""
    mismatch = scene.recording.mismatch
    return scene.microphones if mismatch is None else apply_microphone_mismatch(scene.microphones, mismatch)


def check_scene(scene: Scene, sounds: Sounds, rooms: RoomBank) -> None:
    """Refuse a scene that points outside a bank, as a scene file kept from elsewhere may.

    Raises:
        SceneError: naming the scene, the part and the bounds.
    """
    check_renderable(scene.microphones, f"scene {scene.name}: microphones")
    for number, event in enumerate(scene.events):
        part = f"scene {scene.name}: events.{number}"
        if event.class_index >= len(sounds.classes):
            raise SceneError(f"{part}.class_index is {event.class_index}; there are {len(sounds.classes)} classes")
        if not event.pieces:
            raise SceneError(f"{part}.pieces is empty; an event needs something that sounds")
        if len(event.eq_db) not in (0, len(BAND_CENTRES_HZ)):
            raise SceneError(f"{part}.eq_db has {len(event.eq_db)} bands; it must have {len(BAND_CENTRES_HZ)} or none")
        for waypoint in event.path.waypoints:
            if not 0 <= waypoint.response < len(rooms):
                raise SceneError(
                    f"{part}.path uses response {waypoint.response} of {len(rooms)}; "
                    "give the bank of rooms it was drawn from"
                )
            if not scene.microphones.is_coincident and not rooms.has_walls(int(rooms.room[waypoint.response])):
                raise SceneError(
                    f"{part}.path is in {rooms.room_name[rooms.room[waypoint.response]]!r}, whose walls are not known, "
                    f"and {scene.microphones.name} is no pair at one point; measured rooms and banks of older versions "
                    "serve such pairs only, so compute rooms with: whence scenes rooms"
                )
        _check_pieces(event.pieces, sounds, part)
    if scene.background is not None:
        pieces = tuple(chain.from_iterable(wave.pieces for wave in scene.background.waves))
        _check_pieces(pieces, sounds, f"scene {scene.name}: background")
    if scene.partner is not None:
        if scene.partner.microphones != scene.microphones:
            raise SceneError(f"scene {scene.name}: partner.microphones differ; one recording has one pair")
        check_scene(scene.partner, sounds, rooms)


def _check_pieces(pieces: tuple[Piece, ...], sounds: Sounds, part: str) -> None:
    """Refuse pieces that reach outside their sound."""
    for piece in pieces:
        if not 0 <= piece.sound < len(sounds):
            raise SceneError(
                f"{part} uses sound {piece.sound} of {len(sounds)}; give the bank of sounds it was drawn from"
            )
        length = int(sounds.first_sample[piece.sound + 1] - sounds.first_sample[piece.sound])
        if piece.first_sample < 0 or piece.sample_count < 0 or piece.first_sample + piece.sample_count > length:
            raise SceneError(
                f"{part} reads samples {piece.first_sample} to {piece.first_sample + piece.sample_count} of sound "
                f"{piece.sound}, which has {length}; give the bank of sounds it was drawn from"
            )


@functools.cache
def _keep_freed_memory() -> None:
    """Let the C library keep what a clip frees for the next clip.

    The GNU library returns freed memory to the system, page by page, until the program has freed a large block.
    After one such block, never touched, a clip takes a fifth less time. Elsewhere it does nothing.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Let PyTorch compute with one thread for a while.

    Where several threads share an array, the last few numbers of each share are computed by other instructions and may
    be rounded differently. A clip is also too small to be worth sharing.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _render_unit(
    scenes: Sequence[Scene], sounds: Sounds, rooms: RoomBank, device: torch.device
) -> tuple[torch.Tensor, list[Events]]:
    """Render a few scenes together, their partners too, and finish them."""
    single = [part for scene in scenes for part in ((scene, scene.partner) if scene.partner else (scene,))]
    audio, events = _render_single(single, sounds, rooms, device)
    if len(single) > len(scenes):
        audio, events = _mix_partners(scenes, audio, events)
    audio = apply_peak_protection(audio)
    if any(scene.recording != PERFECT for scene in scenes):
        clips = [apply_recording(clip, scene.recording) for clip, scene in zip(audio, scenes, strict=True)]
        audio = apply_peak_protection(torch.stack(clips))
    return apply_channel_swap(audio, events, [scene.swapped for scene in scenes])


def _mix_partners(
    scenes: Sequence[Scene], audio: torch.Tensor, events: Sequence[Events]
) -> tuple[torch.Tensor, list[Events]]:
    """One clip for each scene, from clips in which a partner follows its scene."""
    clips, tables = [], []
    rendered = zip(audio, events, strict=True)
    for scene in scenes:
        clip, table = next(rendered)
        if scene.partner is not None:
            clip, table = apply_scene_mixing(clip, table, *next(rendered), scene.partner_level_db)
        clips.append(clip)
        tables.append(table)
    return torch.stack(clips), tables


def _render_single(
    scenes: Sequence[Scene], sounds: Sounds, rooms: RoomBank, device: torch.device
) -> tuple[torch.Tensor, list[Events]]:
    """Render scenes without partners, peak protection and swaps."""
    sample_count = scenes[0].sample_count
    pairs = [built_pair(scene) for scene in scenes]
    lead = 0 if all(pair.is_coincident for pair in pairs) else LEAD
    grid = choose_grid(rooms.responses.shape[2] + lead, int(rooms.direct_sample.max()) + lead, sample_count)
    voices = voices_of(scenes, grid)
    dry = lay_pieces([voice.lane for voice in voices], sounds, device)
    for voice in voices:
        lane = voice.lane
        apply_time_masks(dry[lane.first : lane.first + lane.sample_count], voice.event.masks, lane.start_sample)
    active, rms = _find_audible(dry, voices, scenes, sounds)
    frames = _active_frames(scenes, voices, active)
    if voices:
        wet = render_voices(dry, voices, rms, rooms, pairs, grid)
        audio = wet[:, :, LEAD_SAMPLES : LEAD_SAMPLES + sample_count]
    else:
        audio = torch.zeros(len(scenes), 2, sample_count, device=device)
    for scene, pair, clip, of_event in zip(scenes, pairs, audio, frames, strict=True):
        _add_background(clip, scene, pair, of_event, sounds)
        _record(clip, pair)
    return audio, [events_of_scene(scene, rooms, of_event) for scene, of_event in zip(scenes, frames, strict=True)]


def _find_audible(
    dry: torch.Tensor, voices: Sequence[Voice], scenes: Sequence[Scene], sounds: Sounds
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Loudness and activity of every voice, from the power of its dry frames."""
    power = frame_power(dry)
    first_frame = np.array([0, *(voice.lane.first + voice.lane.sample_count for voice in voices)]) // FRAME_SAMPLES
    peak = np.array([max(sounds.scale[piece.sound] for piece in voice.event.pieces) for voice in voices]) * 32767.0
    return find_audible(power, first_frame, peak, [scenes[voice.clip].audible for voice in voices])


def _active_frames(
    scenes: Sequence[Scene], voices: Sequence[Voice], active: NDArray[np.bool_]
) -> list[list[NDArray[np.intp]]]:
    """For each scene and each of its events, its active label frames within the clip."""
    frames = [[np.zeros(0, dtype=np.intp)] * len(scene.events) for scene in scenes]
    for voice in voices:
        first = voice.lane.first // FRAME_SAMPLES
        own = active[first : first + voice.lane.sample_count // FRAME_SAMPLES]
        found = np.flatnonzero(own) + voice.lane.start_sample // FRAME_SAMPLES
        frames[voice.clip][voice.number] = found[(found >= 0) & (found < scenes[voice.clip].frame_count)]
    return frames


def _add_background(
    clip: torch.Tensor, scene: Scene, pair: Microphones, active: list[NDArray[np.intp]], sounds: Sounds
) -> None:
    """Add the diffuse background at its level, in place."""
    background = scene.background
    if background is None or not background.waves:
        return
    count = scene.sample_count
    lanes = [Lane(wave.pieces, i * count, count, 0, count) for i, wave in enumerate(background.waves)]
    waves = lay_pieces(lanes, sounds, clip.device).view(len(lanes), count)
    noise = apply_diffuse_background(waves, [wave.y for wave in background.waves], pair)
    labelled = [frames for event, frames in zip(scene.events, active, strict=True) if event.class_index >= 0]
    frames_used = np.unique(np.concatenate([*labelled, np.zeros(0, dtype=np.intp)]))
    signal_power = float(frame_power(clip)[:, frames_used].mean()) if len(frames_used) else None
    noise_power = float(frame_power(noise)[:, frames_used if len(frames_used) else slice(None)].mean())
    clip.add_(noise, alpha=background_factor(background, signal_power, noise_power))


def _record(clip: torch.Tensor, microphones: Microphones) -> None:
    """Apply what is wrong with the recording of a pair, in place: other gain at the right, channels exchanged."""
    if microphones.swapped:
        clip.copy_(clip.flip(0))
    if microphones.gain_db:
        clip[1] *= 10 ** (microphones.gain_db / 20)


def frame_power(signal: torch.Tensor) -> NDArray[np.float64]:
    """Return the mean square of each label frame, (..., frame), of a (..., sample) signal."""
    norm = torch.linalg.vector_norm(signal.reshape(*signal.shape[:-1], -1, FRAME_SAMPLES), dim=-1)
    power: NDArray[np.float64] = norm.cpu().numpy().astype(np.float64) ** 2 / FRAME_SAMPLES
    return power
