"""Checkpoints of other projects become our weights, read without running anything they hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from whence.errors import ModelError
from whence.features import dasheng_mel_settings, mel_filterbank
from whence.models.dasheng import DashengEncoder, DashengSettings
from whence.models.encoders import encoder_to_plain
from whence.models.foreign import read_checkpoint
from whence.models.outputs.accdoa import AccdoaSettings
from whence.models.outputs.multi_accdoa import MultiAccdoaSettings
from whence.models.outputs.registry import output_to_plain
from whence.models.registry import model_to_plain
from whence.models.seldnet import SeldNet, SeldNetSettings
from whence.models.weights import save_weights
from whence.models.yamnet import YamnetEncoder, YamnetSettings, published_name
from whence.settings import known_name

_DASHENG_HEADS = {768: 12, 1280: 16, 1536: 24}


@dataclass(frozen=True, eq=False)
class Converted:
    """What a foreign checkpoint came to.

    Args:
        tensors: under our names, complete and of the right shapes.
        description: settings, for `save_weights`.
        left_out: entries of the checkpoint that our network computes itself or has no place for.
    """

    tensors: dict[str, Tensor]
    description: dict[str, Any]
    left_out: tuple[str, ...]

    def report(self) -> str:
        """One line for people.

        >>> Converted({"a": torch.zeros(2)}, {}, ("front_end.0.mel_scale.fb",)).report()
        'took 1 tensors (2 numbers); left out 1: front_end.0.mel_scale.fb'
        """
        numbers = sum(tensor.numel() for tensor in self.tensors.values())
        left_out = f"left out {len(self.left_out)}: {', '.join(self.left_out)}" if self.left_out else "left out nothing"
        return f"took {len(self.tensors)} tensors ({numbers:,} numbers); {left_out}"


def convert_weights(source: Path, target: Path, kind: str | None = None) -> Converted:
    """Convert a checkpoint and write it as our weights.

    Args:
        source: the official SELDnet's `.pth`, a Dasheng `.pt`, or YAMNet's `.npz`.
        target: ends in `.safetensors`.
        kind: a key of CONVERTERS; told from the names inside if not given.

    Returns:
        what was taken and what was not; nothing is written if something is missing.

    Raises:
        ModelError: see `read_checkpoint`; or entries are missing or of the wrong shape.
    """
    held = read_checkpoint(source)
    name = known_name(kind or _kind_of(held, source), CONVERTERS, "kind of checkpoint", ModelError)
    converted = CONVERTERS[name](held, source)
    save_weights(target, converted.tensors, {**converted.description, "converted_from": source.name})
    return converted


def _kind_of(held: Mapping[str, Any], source: Path) -> str:
    """The converter that the names inside ask for."""
    names = set(held) | set(_entries(held, "model")) | set(_entries(held, "seld_model"))
    for kind, sign in (
        ("seldnet", "conv_blocks.0.conv.weight"),
        ("dasheng", "time_pos_embed"),
        ("yamnet", "block14.pw.weight"),
    ):
        if sign in names:
            return kind
    raise ModelError(f"{source}: no checkpoint that is known here; there are: {', '.join(CONVERTERS)}")


def _entries(held: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The state dict under a key, or the whole if it is the state dict."""
    inner = held.get(key)
    return inner if isinstance(inner, Mapping) else held


def _seldnet(held: Mapping[str, Any], source: Path) -> Converted:
    """The official baseline, multi-ACCDOA or single ACCDOA; sizes are read off the tensors."""
    given = _tensors(_entries(held, "seld_model"))
    if any(name.startswith(("visual_", "transformer_decoder")) for name in given):
        raise ModelError(f"{source}: the audio-visual baseline; only the audio-only one is known here")
    try:
        filters, maps = given["conv_blocks.0.conv.weight"].shape[:2]
        width, bands = given["gru.weight_hh_l0"].shape[1], given["gru.weight_ih_l0"].shape[1] // filters
        size = given["fnn_list.1.weight"].shape[0]
    except (KeyError, ValueError) as error:
        raise ModelError(f"{source}: not the official baseline (no {error})") from None
    settings = SeldNetSettings(maps, bands * 32, size, filters, width=width)
    outputs = {117: output_to_plain(MultiAccdoaSettings()), 39: output_to_plain(AccdoaSettings())}
    description: dict[str, Any] = {"model": model_to_plain(settings), "features": {"name": "logmel"}}
    if size in outputs:
        description["output"] = outputs[size]
    return _matched(SeldNet(settings).state_dict(), given, description, source)


def _dasheng(held: Mapping[str, Any], source: Path) -> Converted:
    """Any Dasheng encoder, with or without the AudioSet head; the front end inside is compared with ours."""
    given = _tensors(_entries(held, "model"))
    if "time_pos_embed" not in given or given["time_pos_embed"].dim() != 4:
        raise ModelError(f"{source}: not a Dasheng encoder (no time_pos_embed)")
    _, width, _, positions = given["time_pos_embed"].shape
    config = held.get("config")
    heads = config.get("num_heads") if isinstance(config, Mapping) else None
    if heads is None and width not in _DASHENG_HEADS:
        raise ModelError(f"{source}: a Dasheng of width {width} that does not say its num_heads")
    depth = len({name.split(".")[1] for name in given if name.startswith("blocks.")})
    tags = given["outputlayer.1.weight"].shape[0] if "outputlayer.1.weight" in given else 0
    settings = DashengSettings(
        width,
        depth,
        int(heads or _DASHENG_HEADS[width]),
        positions=positions,
        overlap=min(50, positions // 5),
        tag_count=tags,
    )
    _check_front_end(given, source)
    with torch.device("meta"):
        wanted = DashengEncoder(settings).state_dict()
    return _matched(wanted, given, {"encoder": encoder_to_plain(settings), "features": {"name": "dasheng_mel"}}, source)


def _check_front_end(given: Mapping[str, Tensor], source: Path) -> None:
    """A checkpoint trained on another mel would load and then hear nonsense."""
    bank = given.get("front_end.0.mel_scale.fb")
    ours = torch.from_numpy(mel_filterbank(dasheng_mel_settings()).T.copy())
    if bank is not None and (bank.shape != ours.shape or not torch.allclose(bank.float(), ours, atol=1e-4)):
        raise ModelError(f"{source}: its mel filterbank is not the one that Dasheng was published with")


def _yamnet(held: Mapping[str, Any], source: Path) -> Converted:
    """YAMNet with its batch norms folded into the convolutions."""
    given = _tensors(held)
    settings = YamnetSettings(tag_count=given["fc.weight"].shape[0] if "fc.weight" in given else 0)
    wanted = YamnetEncoder(settings).state_dict()
    renamed = {name: given[published_name(name)] for name in wanted if published_name(name) in given}
    ours = {published_name(name) for name in wanted}
    renamed.update({name: tensor for name, tensor in given.items() if name not in ours})
    return _matched(
        wanted, renamed, {"encoder": encoder_to_plain(settings), "features": {"name": "yamnet_mel"}}, source
    )


def _matched(
    wanted: Mapping[str, Tensor], given: Mapping[str, Tensor], description: dict[str, Any], source: Path
) -> Converted:
    """What our network wants out of what there is, in the types it wants; nothing may be missing."""
    missing = [name for name in wanted if name not in given and not name.endswith("num_batches_tracked")]
    wrong = [n for n in wanted if n in given and given[n].shape != wanted[n].shape]
    for problem, names in (("lacks", missing), ("has another shape for", wrong)):
        if names:
            raise ModelError(f"{source}: {problem} {len(names)} entries: {', '.join(names[:3])}")
    tensors = {
        name: given[name].to(entry.dtype) if name in given else torch.zeros(entry.shape, dtype=entry.dtype)
        for name, entry in wanted.items()
    }
    return Converted(tensors, description, tuple(name for name in given if name not in wanted))


def _tensors(held: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors among the entries."""
    return {str(name): value for name, value in held.items() if isinstance(value, Tensor)}


CONVERTERS: dict[str, Callable[[Mapping[str, Any], Path], Converted]] = {
    "seldnet": _seldnet,
    "dasheng": _dasheng,
    "yamnet": _yamnet,
}
