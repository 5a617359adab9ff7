"""Checkpoints of other projects to our weights, read without running anything in them."""

import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from whence.errors import ModelError, WhenceError
from whence.features import dasheng_mel_settings, logmel_settings, mel_filterbank
from whence.models.dasheng import DashengEncoder, DashengSettings
from whence.models.efficientat import EfficientatEncoder, EfficientatSettings, published_efficientat_name
from whence.models.outputs.accdoa import AccdoaSettings
from whence.models.outputs.multi_accdoa import MultiAccdoaSettings
from whence.models.outputs.registry import output_to_plain
from whence.models.registry import ENCODERS, EncoderSettings, model_to_plain
from whence.models.seldnet import SeldNet, SeldNetSettings
from whence.models.weights import check_is_file, save_weights
from whence.models.yamnet import YamnetEncoder, YamnetSettings, published_name
from whence.settings import known_name, named_to_plain
from whence.text import shown

# The published MobileNets.
_EFFICIENTAT_WIDTHS = (0.4, 0.5, 1.0, 2.0, 3.0, 4.0, 0.1)
_DASHENG_HEADS = {768: 12, 1280: 16, 1536: 24}
# An archive states how much it unpacks to; YAMNet is 15 MB.
_MOST_ARRAY_BYTES = 1 << 28


@dataclass(frozen=True, eq=False)
class Converted:
    """The result of a conversion.

    Args:
        tensors: under our names, complete and of the right shapes.
        description: settings, for `save_weights`.
        left_out: entries of the checkpoint that our network computes itself or does not use.
    """

    tensors: dict[str, Tensor]
    description: dict[str, Any]
    left_out: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it is a network that predicts events, of known features and coding; an encoder is not."""
        return {"model", "features", "output"} <= self.description.keys()

    def report(self) -> str:
        """Summarise the conversion in one line.

        >>> Converted({"a": torch.zeros(2)}, {}, ("front_end.0.mel_scale.fb",)).report()
        'took 1 tensors (2 numbers); left out 1: front_end.0.mel_scale.fb'
        """
        numbers = sum(tensor.numel() for tensor in self.tensors.values())
        left_out = f"left out {len(self.left_out)}: {', '.join(self.left_out)}" if self.left_out else "left out nothing"
        return f"took {len(self.tensors)} tensors ({numbers:,} numbers); {left_out}"


def convert_weights(source: Path, target: Path, kind: str | None = None) -> Converted:
    """Convert a checkpoint and write it as our weights.

    Args:
        source: the official SELDnet's `.pth`, a Dasheng `.pt`, YAMNet's `.npz`, an EfficientAT `.pt` or `.safetensors`.
        target: ends in `.safetensors`; not written if an entry is missing.
        kind: a key of CONVERTERS; found from the names of the entries if not given.

    Raises:
        ModelError: see `read_checkpoint`; or entries are missing or of the wrong shape.
    """
    converted = read_converted(source, kind)
    save_weights(target, converted.tensors, {**converted.description, "converted_from": source.name})
    return converted


def read_converted(source: Path, kind: str | None = None) -> Converted:
    """Convert a checkpoint in memory.

    Raises:
        ModelError: as `convert_weights`.
    """
    entries = read_checkpoint(source)
    name = known_name(kind or _kind_of(entries, source), CONVERTERS, "kind of checkpoint", ModelError)
    try:
        return CONVERTERS[name](entries, source)
    except WhenceError:
        raise
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError) as error:
        raise ModelError(f"not a whole {name} checkpoint ({shown(error, 200)})", where=source) from None


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read the tensors and numbers of another program's checkpoint.

    Torch files are read by its restricted reader, which builds tensors and plain containers and nothing else.
    A file with anything more is refused.

    Raises:
        ModelError: missing, unreadable, or holding more than tensors and numbers.
    """
    check_is_file(path)
    readers: dict[str, Callable[[Path], Any]] = {".npz": _read_arrays, ".safetensors": _read_safetensors}
    entries = readers.get(path.suffix, _read_torch)(path)
    if not isinstance(entries, Mapping):
        raise ModelError(f"holds {type(entries).__name__}, not named tensors", where=path)
    return {str(name): value for name, value in entries.items()}


def _read_torch(path: Path) -> Any:
    """A torch file through the restricted reader; scores saved as NumPy numbers are allowed."""
    from numpy._core.multiarray import scalar

    kinds = [type(np.dtype(name)) for name in ("float64", "float32", "int64", "int32", "bool")]
    allowed: list[Any] = [scalar, (scalar, "numpy.core.multiarray.scalar"), np.dtype, *kinds]
    try:
        with torch.serialization.safe_globals(allowed), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about old pickles, which the user cannot change
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # a damaged pickle makes its reader raise nearly anything
        what = "refused: damaged, or it holds more than tensors and numbers, which could run code"
        raise ModelError(what, where=path) from None


def _read_arrays(path: Path) -> dict[str, Tensor]:
    """Arrays of numbers; arrays of objects would be pickles and are refused."""
    try:
        # Opened here, because NumPy leaves a broken archive open.
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size <= _MOST_ARRAY_BYTES:
                file.seek(0)
                with np.load(file, allow_pickle=False) as arrays:
                    return {name: torch.from_numpy(np.array(arrays[name], dtype=np.float32)) for name in arrays.files}
    except Exception as error:  # zipfile, zlib, lzma and NumPy's reader of headers have no common family
        reason = shown(error, 200) if str(error) else type(error).__name__
        raise ModelError(f"refused: not an archive of number arrays ({reason})", where=path) from None
    raise ModelError(f"refused: unpacks to {size:,} bytes; at most {_MOST_ARRAY_BYTES:,} are read", where=path)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file, which can hold nothing else."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"refused: not a safetensors file ({shown(error, 200)})", where=path) from None


def _kind_of(entries: Mapping[str, Any], source: Path) -> str:
    """The converter for these names of entries."""
    names = set(entries) | set(_entries_below(entries, "model")) | set(_entries_below(entries, "seld_model"))
    for kind, typical in (
        ("seldnet", "conv_blocks.0.conv.weight"),
        ("dasheng", "time_pos_embed"),
        ("yamnet", "block14.pw.weight"),
        ("efficientat", "features.4.block.2.conc_se_layers.0.fc1.weight"),
    ):
        if typical in names:
            return kind
    raise ModelError("an unknown kind of checkpoint", where=source, remedy=f"there are: {', '.join(CONVERTERS)}")


def _entries_below(entries: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The state dict under a key, or the whole if it is the state dict."""
    inner = entries.get(key)
    return inner if isinstance(inner, Mapping) else entries


def _seldnet(entries: Mapping[str, Any], source: Path) -> Converted:
    """The official baseline, multi-ACCDOA or single ACCDOA; sizes are taken from the shapes."""
    given = _tensors(_entries_below(entries, "seld_model"))
    if any(name.startswith(("visual_", "transformer_decoder")) for name in given):
        raise ModelError("the audio-visual baseline; only the audio-only one is known", where=source)
    try:
        filters, maps = given["conv_blocks.0.conv.weight"].shape[:2]
        width, bands = given["gru.weight_hh_l0"].shape[1], given["gru.weight_ih_l0"].shape[1] // filters
        size = given["fnn_list.1.weight"].shape[0]
    except (KeyError, ValueError) as error:
        raise ModelError(f"not the official baseline (no {error})", where=source) from None
    settings = SeldNetSettings(maps, bands * 32, size, filters, width=width)
    outputs = {117: output_to_plain(MultiAccdoaSettings()), 39: output_to_plain(AccdoaSettings())}
    description: dict[str, Any] = {"model": model_to_plain(settings)}
    if (maps, bands * 32) == (len(logmel_settings().maps), logmel_settings().mel_count):
        description["features"] = asdict(logmel_settings())
    if size in outputs:
        description["output"] = outputs[size]
    return _matched(SeldNet(settings).state_dict(), given, description, source)


def _dasheng(entries: Mapping[str, Any], source: Path) -> Converted:
    """Any Dasheng encoder, with or without the AudioSet head; its front end is compared with ours."""
    given = _tensors(_entries_below(entries, "model"))
    if "time_pos_embed" not in given or given["time_pos_embed"].dim() != 4:
        raise ModelError("not a Dasheng encoder (no time_pos_embed)", where=source)
    _, width, _, positions = given["time_pos_embed"].shape
    config = entries.get("config")
    heads = config.get("num_heads") if isinstance(config, Mapping) else None
    if heads is None and width not in _DASHENG_HEADS:
        raise ModelError(f"a Dasheng of width {width} without num_heads in its config", where=source)
    depth = len({name.split(".")[1] for name in given if name.startswith("blocks.")})
    tags = given["outputlayer.1.weight"].shape[0] if "outputlayer.1.weight" in given else 0
    heads, overlap = int(heads or _DASHENG_HEADS[width]), min(50, positions // 5)
    settings = DashengSettings(width, depth, heads, positions=positions, overlap=overlap, tag_count=tags)
    # Trained on another mel filterbank it would load and then predict nonsense.
    bank = given.get("front_end.0.mel_scale.fb")
    ours = torch.from_numpy(mel_filterbank(dasheng_mel_settings()).T.copy())
    if bank is not None and (bank.shape != ours.shape or not torch.allclose(bank.float(), ours, atol=1e-4)):
        raise ModelError("its mel filterbank is not the one that Dasheng was published with", where=source)
    with torch.device("meta"):
        wanted = DashengEncoder(settings).state_dict()
    return _matched(wanted, given, _encoder_description(settings, "dasheng_mel"), source)


def _yamnet(entries: Mapping[str, Any], source: Path) -> Converted:
    """YAMNet with its batch norms folded into the convolutions."""
    given = _tensors(entries)
    settings = YamnetSettings(tag_count=given["fc.weight"].shape[0] if "fc.weight" in given else 0)
    wanted = YamnetEncoder(settings).state_dict()
    renamed = {name: given[published_name(name)] for name in wanted if published_name(name) in given}
    published = {published_name(name) for name in wanted}
    renamed.update({name: tensor for name, tensor in given.items() if name not in published})
    return _matched(wanted, renamed, _encoder_description(settings, "yamnet_mel"), source)


def _efficientat(entries: Mapping[str, Any], source: Path) -> Converted:
    """An EfficientAT MobileNet; the width is taken from the shapes. Its convolutions have frequency before time."""
    given = _tensors(entries)
    width = next((width for width in _EFFICIENTAT_WIDTHS if _has_width(given, width)), None)
    if width is None:
        raise ModelError("an EfficientAT of an unknown width", where=source)
    tags = given["classifier.5.weight"].shape[0] if "classifier.5.weight" in given else 0
    settings = EfficientatSettings(width=width, tag_count=tags)
    wanted = EfficientatEncoder(settings).state_dict()
    renamed = {
        name: given[published].transpose(2, 3).contiguous() if given[published].dim() == 4 else given[published]
        for name in wanted
        if (published := published_efficientat_name(name)) in given
    }
    used = {published_efficientat_name(name) for name in wanted}
    renamed.update({name: tensor for name, tensor in given.items() if name not in used})
    return _matched(wanted, renamed, _encoder_description(settings, "efficientat_mel"), source)


def _has_width(given: Mapping[str, Tensor], width: float) -> bool:
    """Whether the last convolution has as many channels as the network of this width."""
    last = given.get("features.16.0.weight")
    return last is not None and last.shape[0] == EfficientatEncoder(EfficientatSettings(width=width)).width


def _encoder_description(settings: EncoderSettings, features: str) -> dict[str, Any]:
    """What `save_weights` writes beside an encoder's tensors."""
    return {"encoder": named_to_plain(settings, ENCODERS), "features": {"name": features}}


def _matched(
    wanted: Mapping[str, Tensor], given: Mapping[str, Tensor], description: dict[str, Any], source: Path
) -> Converted:
    """The tensors that our network needs, in its types; none may be missing."""
    missing = [name for name in wanted if name not in given and not name.endswith("num_batches_tracked")]
    wrong = [n for n in wanted if n in given and given[n].shape != wanted[n].shape]
    for problem, names in (("lacks", missing), ("has another shape for", wrong)):
        if names:
            raise ModelError(f"{problem} {len(names)} entries: {', '.join(names[:3])}", where=source)
    tensors = {
        name: given[name].to(entry.dtype) if name in given else torch.zeros(entry.shape, dtype=entry.dtype)
        for name, entry in wanted.items()
    }
    return Converted(tensors, description, tuple(name for name in given if name not in wanted))


def _tensors(entries: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors among the entries."""
    return {str(name): value for name, value in entries.items() if isinstance(value, Tensor)}


CONVERTERS: dict[str, Callable[[Mapping[str, Any], Path], Converted]] = {
    "seldnet": _seldnet,
    "dasheng": _dasheng,
    "yamnet": _yamnet,
    "efficientat": _efficientat,
}
