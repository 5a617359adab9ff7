"""Networks in one ONNX file, which describes itself, run by onnxruntime. No torch."""

import copy
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from whence.audio import Microphones
from whence.errors import InferenceError, ModelError, WhenceError
from whence.features import FeatureSettings, numpy_features
from whence.files import parse_json
from whence.inference.averaging import average_systems
from whence.inference.onnx_checks import check_onnx
from whence.inference.system import NetworkSystem
from whence.inference.system_file import SystemFile
from whence.inference.trained_pairs import FIRST_PAIRS
from whence.models.outputs import Coding, build_output, output_from_plain
from whence.settings import from_plain
from whence.text import shown
from whence.units import FRAME_SAMPLES, MICROPHONE_NUMBERS

# The entry of the file's metadata that holds the OnnxCard as JSON.
METADATA_KEY = "whence"
# Raised when a file of today would be misread by older programs.
CARD_FORMAT = 3
# Characters of a reason that come from the file.
_LONGEST_REASON = 300
# The graph's input for networks that are told the pair: (clip, MICROPHONE_NUMBERS), zeros for an unknown pair.
MICROPHONES_INPUT = "microphones"


@dataclass(frozen=True)
class OnnxCard:
    """The description in a file's metadata: `{"format": 1, "system": ..., "inputs": ..., "networks": ...}`.

    A file of several systems has format 2, with `systems`, a list, instead of `system`; so has format 3, whose graph
    takes the pair of microphones too. `microphones` lists for each
    system the pairs that it was trained for; without it, that is the pair of DCASE. It stands beside the systems, where
    older programs do not look.

    Args:
        systems: how networks are joined, thresholds, classes; the values of several are averaged.
        inputs: by the name of each input of the graph, the front end that makes it, (clip, map, time, band).
        networks: by the name of each output of the graph, in the order of the systems, its coding as plain data.
    """

    systems: tuple[SystemFile, ...]
    inputs: Mapping[str, FeatureSettings]
    networks: Mapping[str, Mapping[str, Any]]

    @classmethod
    def from_json(cls, text: str, where: str) -> "OnnxCard":
        """Read the card.

        Raises:
            InferenceError: it is damaged, or a later whence wrote it.
        """
        try:
            data = parse_json(text, "description", InferenceError)
            if data["format"] > CARD_FORMAT:
                raise InferenceError(f"{where}: made by a later whence; pip install -U whence")
            plain_systems = [data["system"]] if data["format"] == 1 else data["systems"]
            pairs = data.get("microphones", [list(FIRST_PAIRS)] * len(plain_systems))
            systems = tuple(
                from_plain(SystemFile, {**plain, "microphones": names}, "system", ModelError)
                for plain, names in zip(plain_systems, pairs, strict=True)
            )
            inputs = {
                name: from_plain(FeatureSettings, plain, name, ModelError) for name, plain in data["inputs"].items()
            }
            networks = {name: dict(plain) for name, plain in data["networks"].items()}
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
            reason = shown(error, _LONGEST_REASON)
            raise InferenceError(f"{where}: its description is damaged ({reason}); export it again") from None
        if list(networks) != [name for system in systems for name in (*system.members, *system.localizers)]:
            raise InferenceError(f"{where}: describes other networks than its system; export it again")
        return cls(systems, inputs, networks)


def import_onnxruntime() -> ModuleType:
    """Import onnxruntime with its telemetry switched off.

    Since 1.32 its Linux wheels write a device id into the user's cache folder when a session is made, and send usage
    data to their maker. `whence/__init__.py` sets ORT_DISABLE_TELEMETRY, which is read once, when the library is
    loaded. In a program that loads it before whence, the library has begun to report by itself; the call ends that for
    the sessions made here, as far as the version allows. Versions before 1.32 know only the call.
    """
    import onnxruntime

    if hasattr(onnxruntime, "disable_telemetry_events"):
        onnxruntime.disable_telemetry_events()
    module: ModuleType = onnxruntime
    return module


def processor_count() -> int:
    """Return how many processors this process may use; a cluster's job often has some of the machine's only."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class OnnxNetworks:
    """The networks of one file.

    Args:
        path: an ONNX file that `whence export` wrote.
        threads: how many clips are processed in parallel, each by one thread, which makes the most of a processor; 0
            for one on each core. Clips are not batched, so the values of a clip do not depend on the others.
        trusted: skip the check of the file; for the packaged model.

    Raises:
        InferenceError: the file is missing, foreign, damaged, or onnxruntime does not take it.
    """

    def __init__(self, path: Path, threads: int = 0, *, trusted: bool = False) -> None:
        content = path.read_bytes() if trusted else check_onnx(path)
        onnxruntime = import_onnxruntime()
        self._path = path
        self._threads = threads or processor_count()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            # Its fallback to other providers would print on standard output.
            session = self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"], enable_fallback=0
            )
        except Exception as error:  # onnxruntime has a family of exceptions without a common base
            raise _cannot_run(path, error) from None
        try:
            text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        except UnicodeDecodeError:
            raise InferenceError(f"{path}: its description is damaged (not UTF-8 text); export it again") from None
        if text is None:
            raise InferenceError(f"{path}: an ONNX file of another program; make one with: whence export RUN")
        self.card = OnnxCard.from_json(text, str(path))
        inputs, outputs = (
            {entry.name for entry in entries} for entries in (session.get_inputs(), session.get_outputs())
        )
        self._is_told, self._pair = MICROPHONES_INPUT in inputs, np.zeros((1, MICROPHONE_NUMBERS), np.float32)
        if (inputs - {MICROPHONES_INPUT}, outputs) != (set(self.card.inputs), set(self.card.networks)):
            raise InferenceError(f"{path}: its description does not fit its graph; export it again")
        try:
            self._front_ends = {name: numpy_features(settings) for name, settings in self.card.inputs.items()}
            self._codings = [build_output(output_from_plain(dict(plain))) for plain in self.card.networks.values()]
        except WhenceError as error:
            raise InferenceError(f"{path}: {shown(error, _LONGEST_REASON)}", remedy="export it again") from None

    @property
    def codings(self) -> Sequence[Coding]:
        """What the values of each network mean, in order."""
        return self._codings

    def predict(self, audio: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the values of every network for clips (B, 2, S); each front end is computed once."""
        clips = np.split(audio, len(audio))
        if len(clips) == 1 or self._threads == 1:
            outputs = [self._predict_one(clip) for clip in clips]
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                outputs = list(pool.map(self._predict_one, clips))
        raw = [np.concatenate(of_network) for of_network in zip(*outputs, strict=True)]
        return [coding.activate(output) for coding, output in zip(self._codings, raw, strict=True)]

    def told(self, microphones: Microphones) -> Self:
        """Return the same networks for clips of this pair; these, if they need not know it."""
        if not self._is_told:
            return self
        other = copy.copy(self)
        other._pair = microphones.numbers()[None]
        return other

    def _predict_one(self, clip: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the raw outputs for (1, 2, S)."""
        maps = {name: front_end(clip) for name, front_end in self._front_ends.items()}
        if self._is_told:
            maps[MICROPHONES_INPUT] = self._pair
        try:
            outputs: list[NDArray[np.float32]] = self._session.run(list(self.card.networks), maps)
        except Exception as error:  # as above
            raise _cannot_run(self._path, error) from None
        most_frames = clip.shape[-1] // FRAME_SAMPLES + 2
        for output, coding in zip(outputs, self._codings, strict=True):
            wanted = output.dtype == np.float32 and output.ndim == 3 and len(output) == 1
            if not wanted or output.shape[2] != coding.output_size or output.shape[1] > most_frames:
                what = f"its graph gives numbers of shape {output.shape}, which its description does not fit"
                raise InferenceError(f"{self._path}: {what}", remedy="export it again")
        return outputs


def _cannot_run(path: Path, error: Exception) -> InferenceError:
    """The error for what onnxruntime raised, with the first line of its reason."""
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    return InferenceError(f"{path}: onnxruntime cannot run it ({reason[:_LONGEST_REASON]})")


def load_onnx(path: Path, *, swap: bool = False, threads: int = 0, trusted: bool = False) -> NetworkSystem:
    """Load the system in an ONNX file; of several, the average.

    Args:
        path: as `whence export` wrote it.
        swap: average with the mirrored prediction for the mirrored clip.
        threads: as `OnnxNetworks` takes it.
        trusted: as `OnnxNetworks` takes it.

    Raises:
        InferenceError: as `OnnxNetworks` does.
    """
    networks = OnnxNetworks(path, threads, trusted=trusted)
    systems = networks.card.systems
    if len(systems) == 1:
        return systems[0].system(networks, swap=swap, name=path.stem)
    shared, parts, first = _PredictedOnce(networks), [], 0
    for number, system in enumerate(systems, start=1):
        end = first + len(system.members) + len(system.localizers)
        parts.append(system.system(_Part(shared, first, end), swap=swap, name=f"{path.stem} ({number})"))
        first = end
    return replace(average_systems(parts), name=path.stem)


class _PredictedOnce:
    """Networks whose last clips are not predicted again for the next of the systems that share a file."""

    def __init__(self, networks: OnnxNetworks) -> None:
        self.codings = networks.codings
        self._networks = networks
        self._last: tuple[NDArray[np.float32], list[NDArray[np.float32]]] | None = None
        self._told: tuple[Microphones, _PredictedOnce] | None = None

    def predict(self, audio: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the values of every network for clips (B, 2, S)."""
        last = self._last
        if last is None or not np.array_equal(last[0], audio):
            last = self._last = audio, self._networks.predict(audio)
        return last[1]

    def told(self, microphones: Microphones) -> "_PredictedOnce":
        """Return the networks for clips of this pair, the same object for all systems."""
        if self._told is None or self._told[0] != microphones:
            self._told = microphones, _PredictedOnce(self._networks.told(microphones))
        return self._told[1]


@dataclass(frozen=True, eq=False)
class _Part:
    """The networks of one system among those of a file, from `first` up to `end`."""

    networks: _PredictedOnce
    first: int
    end: int

    @property
    def codings(self) -> Sequence[Coding]:
        """What the values of each network mean, in order."""
        return self.networks.codings[self.first : self.end]

    def predict(self, audio: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the values of every network for clips (B, 2, S)."""
        return self.networks.predict(audio)[self.first : self.end]

    def told(self, microphones: Microphones) -> Self:
        """Return the same networks for clips of this pair."""
        return replace(self, networks=self.networks.told(microphones))
