"""The YAMNet audio encoder: its layers under their published names, at a chosen resolution in time."""

# B batch, T feature frame (10 ms), F mel band, V vector, D width

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from whence.errors import ModelError
from whence.features import SILENCE

# (channels out, stride) of block2 to block14; conv1 in front has 32 channels and stride 2.
_BLOCKS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1)),
)
LAYER_COUNT = 1 + len(_BLOCKS)
# Every stride-2 layer sees its own position and the next two, so the centre of what a vector sees is this many feature
# frames later than its position: 1 + 2 + 4 + 8 + 16, and one more for the middle of the 25 ms window.
_DELAY = 32
_ALL_HALVINGS = 5


@dataclass(frozen=True)
class YamnetSettings:
    """Resolution, width and norm of the encoder.

    Args:
        halvings: how many of the five stride-2 layers halve time as well as frequency. After the others, which keep
            the time steps, layers are dilated, so that the same weights see the same context. 5 is the original with
            one vector per 320 ms, 3 gives one per 80 ms, 2 one per 40 ms.
        width: factor on all channel counts; the published weights have 1.
        batch_norm: for training from scratch. The published weights have it folded in and need it off.
        tag_count: outputs of the AudioSet layer `fc`; 0 for none, 521 for the published file. Detectors do not use it.

    Raises:
        ModelError: halvings is not in 1..5, or width not in 1/32..4.
    """

    halvings: int = 3
    width: float = 1.0
    batch_norm: bool = False
    tag_count: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.halvings <= 5:
            raise ModelError(f"yamnet: halvings is {self.halvings}; it must lie in 1..5")
        if not 1 / 32 <= self.width <= 4:
            raise ModelError(f"yamnet: width is {self.width}; it must lie in 1/32..4")


class PaddedConv(nn.Module):
    """A 3x3 convolution padded like TensorFlow's SAME for even lengths, with time kept or halved, and ReLU6.

    Args:
        maps_in: channels before.
        maps_out: channels after.
        depthwise: convolve each channel separately.
        stride: 1, or 2 for halving frequency.
        halve_time: with stride 2, whether time is halved too.
        batch_norm: instead of a bias.

    Shape: (B, maps_in, T, F) -> (B, maps_out, T or T // 2, F / stride).
    """

    def __init__(
        self, maps_in: int, maps_out: int, depthwise: bool, stride: int, halve_time: bool, batch_norm: bool
    ) -> None:
        super().__init__()
        strides, groups = (stride if halve_time else 1, stride), maps_in if depthwise else 1
        self.conv = nn.Conv2d(maps_in, maps_out, 3, stride=strides, groups=groups, bias=not batch_norm)
        self.norm: nn.Module = nn.BatchNorm2d(maps_out) if batch_norm else nn.Identity()
        # Stride 2 pads behind only; where time is kept, one more frame is needed there.
        self.pads = (1, 1, 1, 1) if stride == 1 else (0, 1, 0, 1 if halve_time else 2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, maps_in, T, F) -> (B, maps_out, T or T // 2, F / stride)."""
        padded = nn.functional.pad(x, self.pads)
        if self.training and self.conv.groups > 1 and self.conv.stride != (1, 1):
            # Without stride, then subsampled: CPUs need a tenth of the time for the gradients.
            conv = self.conv
            dense = nn.functional.conv2d(padded, conv.weight, conv.bias, groups=conv.groups)
            convolved = dense[:, :, :: conv.stride[0], :: conv.stride[1]]
        else:
            convolved = self.conv(padded)
        return nn.functional.relu6(self.norm(convolved))


class SeparableBlock(nn.Module):
    """A depthwise 3x3 and a pointwise 1x1 convolution, each with ReLU6."""

    def __init__(self, maps_in: int, maps_out: int, stride: int, halve_time: bool, batch_norm: bool) -> None:
        super().__init__()
        self.dw = PaddedConv(maps_in, maps_in, True, stride, halve_time, batch_norm)
        self.pw = nn.Conv2d(maps_in, maps_out, 1, bias=not batch_norm)
        self.norm: nn.Module = nn.BatchNorm2d(maps_out) if batch_norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, maps_in, T, F) -> (B, maps_out, T or T // 2, F / stride)."""
        return nn.functional.relu6(self.norm(self.pw(self.dw(x))))


class YamnetEncoder(nn.Module):
    """Log-mel -> one vector of 1024 per 2 ** halvings feature frames.

    Vectors are centred on their time: as much silence is put in front as the layers look ahead.

    Shape: (B, 1, T, 64) of `yamnet_mel` -> (B, at least ceil(T / 2 ** halvings), 1024).

    Source: Plakal and Ellis, YAMNet, TensorFlow model garden (Apache-2.0); MobileNet v1 (arXiv:1704.04861).

    >>> import torch
    >>> YamnetEncoder()(torch.zeros(1, 1, 500, 64)).shape
    torch.Size([1, 72, 1024])
    """

    def __init__(self, settings: YamnetSettings | None = None) -> None:
        super().__init__()
        self.settings = settings = settings or YamnetSettings()
        maps, halved = round(32 * settings.width), 1
        self.conv1 = PaddedConv(1, maps, False, 2, True, settings.batch_norm)
        self.split_after: set[int] = set()
        for number, (full, stride) in enumerate(_BLOCKS, start=2):
            channels, halve_time = round(full * settings.width), halved < settings.halvings
            block = SeparableBlock(maps, channels, stride, halve_time, settings.batch_norm)
            setattr(self, f"block{number}", block)
            if stride == 2:
                halved += halve_time
                if not halve_time:
                    self.split_after.add(number)
            maps = channels
        self.width = maps
        if settings.tag_count:
            self.fc = nn.Linear(maps, settings.tag_count)

    @property
    def frames_per_vector(self) -> int:
        """Feature frames (10 ms) from one vector to the next."""
        return 1 << self.settings.halvings

    def layers(self) -> list[nn.Module]:
        """Return conv1, block2 ... block14."""
        return [self.conv1, *(getattr(self, f"block{number}") for number in range(2, LAYER_COUNT + 1))]

    def convolved(self, features: Tensor) -> Tensor:
        """Run the layers without padding, as the original does on its patches: (B, 1, T, F) -> (B, 1024, V, F / 32).

        T is a multiple of 32 feature frames, or the remainder a whole number of vectors.
        """
        # Channels last: twice as fast on CPUs, and every layer keeps the layout.
        x = self.conv1(features).contiguous(memory_format=torch.channels_last)
        for number, layer in enumerate(self.layers()[1:], start=2):
            x = layer(x)
            if number in self.split_after:
                x = _split_time(x)
        for _ in self.split_after:
            x = _join_time(x)
        return x

    def forward(self, features: Tensor) -> Tensor:
        """Log-mel maps (B, 1, T, F) -> vectors (B, V, 1024)."""
        lead = _DELAY - self.frames_per_vector // 2
        # Up to whole vectors of the original, so that all splits have one length.
        behind = _DELAY + -(features.shape[2] + lead + _DELAY) % (1 << _ALL_HALVINGS)
        padded = nn.functional.pad(features, (0, 0, lead, behind), value=SILENCE)
        return self.convolved(padded).mean(dim=3).transpose(1, 2)

    def freeze(self, layer_count: int) -> None:
        """Freeze the first layers: 0 trains everything, LAYER_COUNT (14) nothing.

        Raises:
            ModelError: the count is not in 0..14.
        """
        if not 0 <= layer_count <= LAYER_COUNT:
            raise ModelError(f"yamnet: cannot freeze {layer_count} layers; there are {LAYER_COUNT}")
        for number, layer in enumerate(self.layers()):
            layer.requires_grad_(number >= layer_count)


def _split_time(x: Tensor) -> Tensor:
    """Split even from odd time steps, (B, C, T, F) -> (2 B, C, T / 2, F).

    A convolution over the halves is one over every second time step of the whole: a dilated convolution, without the
    implementations of it that are slow on CPUs.
    """
    return torch.cat((x[:, :, 0::2], x[:, :, 1::2]))


def _join_time(x: Tensor) -> Tensor:
    """The inverse of `_split_time`."""
    even, odd = x.chunk(2)
    return torch.stack((even, odd), dim=3).flatten(2, 3)


def published_name(name: str) -> str:
    """Return the name in the published file of one of our state-dict entries.

    >>> published_name("conv1.conv.weight"), published_name("block7.dw.conv.bias"), published_name("block7.pw.weight")
    ('conv1.weight', 'block7.dw.bias', 'block7.pw.weight')
    """
    return name.replace(".conv.", ".")
