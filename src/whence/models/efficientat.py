"""The EfficientAT audio encoder: a MobileNetV3 trained to tag sounds, at a chosen resolution in time."""

# B batch, C channel, T feature frame (10 ms), F mel band, V vector, D width

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from whence.errors import ModelError
from whence.features import EFFICIENTAT_SILENCE

# MobileNetV3-large: what an inverted residual block has, at width 1.


class _Block(NamedTuple):
    kernel: int
    expanded: int
    channels: int
    squeezes: bool
    stride: int


_BLOCKS = (
    *(_Block(3, 16, 16, False, 1), _Block(3, 64, 24, False, 2), _Block(3, 72, 24, False, 1)),
    *(_Block(5, 72, 40, True, 2), _Block(5, 120, 40, True, 1), _Block(5, 120, 40, True, 1)),
    *(_Block(3, 240, 80, False, 2), _Block(3, 200, 80, False, 1), _Block(3, 184, 80, False, 1)),
    *(_Block(3, 184, 80, False, 1), _Block(3, 480, 112, True, 1), _Block(3, 672, 112, True, 1)),
    *(_Block(5, 672, 160, True, 2), _Block(5, 960, 160, True, 1), _Block(5, 960, 160, True, 1)),
)
# Blocks up to this one have ReLU, those after it hard swish.
_LAST_RELU = 6
EFFICIENTAT_LAYERS = 2 + len(_BLOCKS)
_ALL_HALVINGS = 5
_NORM = {"eps": 1e-3, "momentum": 0.01}


@dataclass(frozen=True)
class EfficientatSettings:
    """Resolution and width of the encoder.

    Args:
        halvings: how many of the five layers of stride 2 halve time as well as frequency; after the others, which keep
            the time steps, layers are dilated, so that the same weights see the same context. 5 is the original with
            one vector per 320 ms, 3 gives one per 80 ms.
        width: factor on all channel counts, which are rounded to multiples of 8; 0.4 is the published mn04.
        tag_count: outputs of the AudioSet layers; 0 for none, 527 for the published file. Detectors do not use them.

    Raises:
        ModelError: halvings is not in 1..5, or width not in 0.05..4.
    """

    halvings: int = 3
    width: float = 0.4
    tag_count: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.halvings <= _ALL_HALVINGS:
            raise ModelError(f"efficientat: halvings is {self.halvings}; it must lie in 1..5")
        if not 0.05 <= self.width <= 4:
            raise ModelError(f"efficientat: width is {self.width}; it must lie in 0.05..4")


def _rounded(channels: float) -> int:
    """A multiple of 8 near a number of channels, at most a tenth below it."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest


class _StridedConv(nn.Conv2d):
    """A convolution with zero padding that halves frequency and, where asked, time."""

    def __init__(self, maps_in: int, maps_out: int, kernel: int, stride: int, groups: int, halve_time: bool) -> None:
        strides = (stride if halve_time else 1, stride)
        super().__init__(maps_in, maps_out, kernel, strides, kernel // 2, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) -> (B, C, T or T / 2, F / stride)."""
        if self.training and self.groups > 1 and self.stride != (1, 1):
            # Without stride, then subsampled: CPUs need a tenth of the time for the gradients.
            dense = nn.functional.conv2d(x, self.weight, None, 1, self.padding, groups=self.groups)
            return dense[:, :, :: self.stride[0], :: self.stride[1]]
        return super().forward(x)


def _conv(
    maps_in: int,
    maps_out: int,
    kernel: int,
    activation: Callable[[], nn.Module] | None,
    stride: int = 1,
    groups: int = 1,
    halve_time: bool = False,
) -> nn.Sequential:
    """Convolution, batch norm and activation, numbered as in the published file."""
    layers = [
        _StridedConv(maps_in, maps_out, kernel, stride, groups, halve_time),
        nn.BatchNorm2d(maps_out, eps=_NORM["eps"], momentum=_NORM["momentum"]),
    ]
    return nn.Sequential(*layers, *([activation()] if activation else []))


class SqueezeExcite(nn.Module):
    """Weigh channels by what the whole input holds of each.

    Shape: (B, C, T, F) -> the same.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = _rounded(channels // 4)
        self.fc1 = nn.Linear(channels, squeezed)
        self.fc2 = nn.Linear(squeezed, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Scale every channel by 0 to 1."""
        weights = self.fc2(self.fc1(x.mean(dim=(2, 3))).relu()).sigmoid()
        return x * weights[:, :, None, None]


class InvertedResidual(nn.Module):
    """Expand, convolve each channel, weigh the channels, project; added to the input where shapes allow."""

    def __init__(self, maps_in: int, block: _Block, width: float, number: int, halve_time: bool) -> None:
        super().__init__()
        activation: Callable[[], nn.Module] = nn.ReLU if number <= _LAST_RELU else nn.Hardswish
        expanded, maps_out = _rounded(block.expanded * width), _rounded(block.channels * width)
        layers: list[nn.Module] = [_conv(maps_in, expanded, 1, activation)] if expanded != maps_in else []
        layers.append(_conv(expanded, expanded, block.kernel, activation, block.stride, expanded, halve_time))
        if block.squeezes:
            layers.append(SqueezeExcite(expanded))
        layers.append(_conv(expanded, maps_out, 1, None))
        self.block = nn.Sequential(*layers)
        self.adds = block.stride == 1 and maps_in == maps_out

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) -> (B, C, T or T / 2, F / stride)."""
        return x + self.block(x) if self.adds else self.block(x)


class EfficientatEncoder(nn.Module):
    """Log-mel -> one vector of 384 (at width 0.4) per 2 ** halvings feature frames, centred on its time.

    Shape: (B, 1, T, 128) of `efficientat_mel` -> (B, ceil(T / 2 ** halvings) or more, D).

    Source: Schmid, Koutini and Widmer, "Efficient large-scale audio tagging via transformer-to-CNN knowledge
    distillation", 2023 (MIT); MobileNetV3 (arXiv:1905.02244).

    >>> EfficientatEncoder().eval()(torch.zeros(1, 1, 501, 128)).shape
    torch.Size([1, 64, 384])
    """

    def __init__(self, settings: EfficientatSettings | None = None) -> None:
        super().__init__()
        self.settings = settings = settings or EfficientatSettings()
        maps, halved = _rounded(16 * settings.width), 1
        layers: list[nn.Module] = [_conv(1, maps, 3, nn.Hardswish, stride=2, halve_time=True)]
        self.split_after: set[int] = set()
        for number, block in enumerate(_BLOCKS, start=1):
            halve_time = halved < settings.halvings
            layers.append(InvertedResidual(maps, block, settings.width, number, halve_time))
            maps = _rounded(block.channels * settings.width)
            if block.stride == 2:
                halved += halve_time
                if not halve_time:
                    self.split_after.add(number)
        self.width = 6 * maps
        layers.append(_conv(maps, self.width, 1, nn.Hardswish))
        self.features = nn.ModuleList(layers)
        if settings.tag_count:
            hidden = _rounded(1280 * settings.width)
            # Numbered as in the published file, where the mean and the activations have numbers, too.
            self.classifier = nn.ModuleDict(
                {"2": nn.Linear(self.width, hidden), "5": nn.Linear(hidden, settings.tag_count)}
            )

    @property
    def frames_per_vector(self) -> int:
        """Feature frames (10 ms) from one vector to the next."""
        return 1 << self.settings.halvings

    def convolved(self, features: Tensor) -> Tensor:
        """Run the layers: (B, 1, T, F) -> (B, D, V, F / 32).

        T is a multiple of 32 feature frames, or there are five halvings.
        """
        x = self.features[0](features).contiguous(memory_format=torch.channels_last)
        for number, layer in enumerate(self.features[1:], start=1):
            x = layer(x)
            if number in self.split_after:
                # A convolution over each half is one over every second time step of the whole, a dilated one.
                x = torch.cat((x[:, :, 0::2], x[:, :, 1::2]))
        for _ in self.split_after:
            even, odd = x.chunk(2)
            x = torch.stack((even, odd), dim=3).flatten(2, 3)
        return x

    def forward(self, features: Tensor) -> Tensor:
        """Log-mel maps (B, 1, T, F) -> vectors (B, V, D)."""
        behind = -features.shape[2] % (1 << _ALL_HALVINGS)
        padded = nn.functional.pad(features, (0, 0, 0, behind), value=EFFICIENTAT_SILENCE)
        return self.convolved(padded).mean(dim=3).transpose(1, 2)

    def tags(self, features: Tensor) -> Tensor:
        """AudioSet tags (B, tag_count), 0 to 1, of maps (B, 1, T, F), as the published network has them."""
        hidden = nn.functional.hardswish(self.classifier["2"](self.convolved(features).mean(dim=(2, 3))))
        return self.classifier["5"](hidden).sigmoid()

    def freeze(self, layer_count: int) -> None:
        """Freeze the first layers: 0 trains everything, EFFICIENTAT_LAYERS (17) nothing.

        Raises:
            ModelError: the count is not in 0..17.
        """
        if not 0 <= layer_count <= EFFICIENTAT_LAYERS:
            raise ModelError(f"efficientat: cannot freeze {layer_count} layers; there are {EFFICIENTAT_LAYERS}")
        for number, layer in enumerate(self.features):
            layer.requires_grad_(number >= layer_count)


def published_efficientat_name(name: str) -> str:
    """Return the name in the published file of one of our state-dict entries.

    >>> published_efficientat_name("features.4.block.2.fc1.weight")
    'features.4.block.2.conc_se_layers.0.fc1.weight'
    """
    return name.replace(".fc", ".conc_se_layers.0.fc")
