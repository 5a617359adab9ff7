"""The output of a wholly frozen encoder for a fixed set of clips: computed once, stored in a file, read from there."""

import hashlib
import json
import logging
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from whence.files import written_whole
from whence.inference import features_of
from whence.training.learner import Learner
from whence.training.real_data import ClipData
from whence.units import FRAME_S

_LOG = logging.getLogger("whence.training")
# Larger sets are encoded anew in every epoch.
_LARGEST_BYTES = 8_000_000_000
# Always the same clips together, so that numbers do not depend on where an interrupted file continued.
_CLIPS_AT_ONCE = 16
_NOTE, _ROWS, _SUMS = "encoded.json", "encoded.rows", "encoded.sums"


@runtime_checkable
class Split(Protocol):
    """A network of an encoder and a head."""

    def encode(self, features: Tensor) -> Tensor:
        """Return the vectors (B, V, D) of features (B, C, T, F)."""

    def classify(self, vectors: Tensor, label_frames: int) -> Tensor:
        """Return the raw output for vectors."""


class EncodedClips:
    """The vectors of every clip, in a file beside the network's checkpoints.

    The file is made once, in the order of the clips, with a checksum for every few of them: an interrupted file is
    continued, a damaged one is made anew from the damage on. It belongs to one encoder, one front end and one list of
    clips; for others it is made anew.

    Args:
        directory: of the network in training.
        learner: whose encoder is frozen.
        data: the clips.
    """

    def __init__(self, directory: Path, learner: Learner, data: ClipData) -> None:
        self._directory, self._learner, self._clips = directory, learner, data.clips
        kind = np.float16 if learner.bf16 else np.float32
        with torch.no_grad():
            features = learner.features(
                torch.zeros(1, 2, data.clips[0][0].shape[-1], device=learner.accelerator.device)
            )
            shape = _encoded(learner, features).shape[1:]
        self.label_frames = features.shape[2] // round(FRAME_S / learner.recipe.features.hop_s)
        self._shape, self._kind = (len(data.clips), *shape), np.dtype(kind)
        self._rows: NDArray[Any] | None = None

    @property
    def size(self) -> int:
        """The bytes of the whole file."""
        return int(np.prod(self._shape)) * self._kind.itemsize

    def make(self, should_stop: Callable[[], bool]) -> bool:
        """Encode every clip that is not in the file yet.

        Returns:
            whether the file is complete; False after a stop.
        """
        note = {"key": self._key(), "shape": list(self._shape), "kind": self._kind.name}
        if _read_note(self._directory) != note:
            delete_encoded(self._directory)
            with written_whole(self._directory / _NOTE) as file:
                file.write(json.dumps(note).encode("ascii"))
        first = self._undamaged_clips()
        if first < self._shape[0]:
            _LOG.info("%s: encoding %d clips once", self._learner.recipe.name, self._shape[0] - first)
        for start in range(first, self._shape[0], _CLIPS_AT_ONCE):
            if should_stop():
                return False
            content = self._encode(range(start, min(start + _CLIPS_AT_ONCE, self._shape[0]))).tobytes()
            with (self._directory / _ROWS).open("ab") as rows, (self._directory / _SUMS).open("ab") as sums:
                rows.write(content)
                rows.flush()
                sums.write(zlib.crc32(content).to_bytes(4, "little"))
        self._rows = np.memmap(self._directory / _ROWS, self._kind, "r", shape=self._shape)
        return True

    def rows(self, numbers: Sequence[int]) -> Tensor:
        """Return the vectors (clip, V, D) of clips by number, float32."""
        assert self._rows is not None, "make() comes first"
        return torch.from_numpy(self._rows[np.asarray(numbers)].astype(np.float32))

    def _encode(self, numbers: range) -> NDArray[Any]:
        """Encode a few clips, padded to always the same number."""
        learner = self._learner
        audio = np.stack([self._clips[number][0] for number in numbers])
        audio = np.concatenate([audio, np.repeat(audio[-1:], _CLIPS_AT_ONCE - len(audio), axis=0)])
        with torch.no_grad():
            features = features_of(learner.features, torch.from_numpy(audio).to(learner.accelerator.device))
            vectors = _encoded(learner, features)[: len(numbers)]
        return vectors.float().cpu().numpy().astype(self._kind)

    def _undamaged_clips(self) -> int:
        """Count the undamaged clips at the beginning of the file, and cut off the rest."""
        row = self.size // self._shape[0]
        chunk, count = _CLIPS_AT_ONCE * row, 0
        rows_path, sums_path = self._directory / _ROWS, self._directory / _SUMS
        for path in (rows_path, sums_path):
            path.touch()
        sums = sums_path.read_bytes()
        with rows_path.open("rb") as rows:
            for position in range(0, len(sums) // 4 * 4, 4):
                content = rows.read(min(chunk, self.size - count * row))
                if not content or zlib.crc32(content).to_bytes(4, "little") != sums[position : position + 4]:
                    break
                count += len(content) // row
        for path, length in ((rows_path, count * row), (sums_path, -(-count // _CLIPS_AT_ONCE) * 4)):
            with path.open("r+b") as file:
                file.truncate(length)
        return count

    def _key(self) -> str:
        """Return a digest of everything that the vectors depend on."""
        learner, digest = self._learner, hashlib.sha256()
        encoder = cast(Any, learner.bare).encoder
        for name, tensor in sorted(encoder.state_dict().items()):
            digest.update(name.encode() + tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        digest.update(f"{learner.recipe.features} {learner.recipe.model} {learner.bf16}".encode())
        for clip in self._clips.clips:
            status = clip.sound.stat()
            digest.update(f"{clip.sound} {status.st_size} {status.st_mtime_ns}\n".encode())
        return digest.hexdigest()


def encode_once(directory: Path, learner: Learner, data: object, should_stop: Callable[[], bool]) -> bool:
    """Store the vectors of all clips, where the encoder is wholly frozen, and let the learner read them.

    Returns:
        whether training may begin; False after a stop.
    """
    layers = learner.recipe.encoder_layers
    if not layers or learner.frozen_layers < layers:
        if learner.processes.is_first:
            delete_encoded(directory)
        return True
    encoded = encoded_clips(directory, learner, data)
    if encoded is None:
        return True
    learner.encoded = encoded
    if encoded.make(should_stop):
        return True
    _LOG.info("%s: stopped at step %d; the same command continues", learner.recipe.name, learner.step)
    return False


def encoded_clips(directory: Path, learner: Learner, data: object) -> EncodedClips | None:
    """Return the stored vectors of all clips; None where vectors change from epoch to epoch, or would not fit.

    They do not change if the clips are a fixed set, neither they nor their features are augmented, and swapped channels
    give the same features. Several processes do not store vectors.
    """
    recipe = learner.recipe
    same_when_swapped = set(recipe.features.maps) in ({"mid"}, {"side"}, {"mid", "side"})
    drawn = recipe.spec_augment is not None or recipe.filter_augment is not None
    if not isinstance(data, ClipData) or data.augmentation is not None:
        return None
    if not isinstance(learner.bare, Split) or drawn:
        return None
    if not same_when_swapped or learner.processes.count > 1:
        return None
    found = EncodedClips(directory, learner, data)
    if found.size > _LARGEST_BYTES:
        _LOG.info(
            "%s: vectors of all clips would take %.1f GB; encoding anew in every epoch", recipe.name, found.size / 1e9
        )
        return None
    return found


def delete_encoded(directory: Path) -> None:
    """Delete the vectors of a network, which are useless once its encoder is trained."""
    for name in (_NOTE, _SUMS, _ROWS):
        (directory / name).unlink(missing_ok=True)


def _encoded(learner: Learner, features: Tensor) -> Tensor:
    """Return vectors as in training: from the encoder in evaluation mode, in the precision of the recipe."""
    network = learner.bare
    was_training = network.training
    network.eval()
    with torch.autocast(features.device.type, torch.bfloat16, enabled=learner.bf16):
        vectors = cast(Split, network).encode(features)
    network.train(was_training)
    return vectors


def _read_note(directory: Path) -> object:
    """Return what the stored vectors belong to."""
    try:
        return json.loads((directory / _NOTE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
