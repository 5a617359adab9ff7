"""The compact localizer: azimuth and distance of each class from mid/side maps, one million parameters."""

# B batch, C map, T feature frame (20 ms), F mel band, L label frame (100 ms), D width, K class

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from whence.errors import ModelError
from whence.models.blocks import Network, ResidualBlock, sequence_layers
from whence.models.localization_head import LocalizationHead
from whence.units import MICROPHONE_NUMBERS

# For 4, 6 and 8 maps, those that change their sign with swapped channels: the intensity, the imaginary part of the
# coherence and the onsets' sine.
_SIGNED_MAPS = {4: (2,), 6: (2, 4), 8: (2, 5, 6)}
_TOLD_WIDTH = 64


@dataclass(frozen=True)
class CompactLocalizerSettings:
    """Sizes; the defaults give about 1.0 million parameters.

    Args:
        input_maps: C.
        mel_count: F, a multiple of 16.
        output_size: numbers per label frame; 39 is classwise activity, azimuth and distance of 13 classes, 78 the same
            for two tracks of each.
        channels: of the stem and of each of three residual blocks.
        time_pool: feature frames per label frame.
        width: D, of everything after the convolutions.
        heads: of the attention.
        sequence: layers over time, see `whence.models.blocks.sequence_layers`; without `gru` the network has no
            recurrence.
        dropout: in the layers over time and before the output.
        tracks: how many tracks the output has, each of activity, azimuth and distance.
        place_width: width of a LocalizationHead, which corrects the azimuths of the first track and predicts its
            distances, from the maps of `midside_onsets`; 0 for none.
        symmetric: in evaluation a classwise output is averaged with the mirrored output for mirrored maps, so that
            swapped channels give mirrored directions. Takes twice the time and no more weights. One track only, since
            the tracks of both could be in different orders.
        told: whether the network is also given the pair of microphones, as `Microphones.numbers` has it.

    Raises:
        ModelError: sizes that do not divide, or maps and output that the head or the mirror cannot take.
    """

    input_maps: int = 4
    mel_count: int = 64
    output_size: int = 39
    channels: tuple[int, int, int, int] = (24, 48, 48, 96)
    time_pool: int = 5
    width: int = 192
    heads: int = 4
    sequence: tuple[str, ...] = ("transformer", "transformer", "gru")
    dropout: float = 0.1
    tracks: int = 1
    place_width: int = 0
    symmetric: bool = False
    told: bool = False

    def __post_init__(self) -> None:
        head, mirror = self.place_width > 0, self.symmetric
        for name, wrong, rule in (
            ("tracks", self.tracks < 1, "at least 1"),
            ("tracks", mirror and self.tracks > 1, "symmetric needs 1"),
            (
                "output_size",
                (head or mirror) and self.output_size % (3 * max(self.tracks, 1)),
                "place_width and symmetric need 3 per class and track",
            ),
            ("input_maps", head and self.input_maps not in (6, 8), "place_width needs the 6 or 8 of midside_onsets"),
            (
                "input_maps",
                mirror and self.input_maps not in _SIGNED_MAPS,
                "symmetric needs those of midside or midside_onsets",
            ),
            ("mel_count", head and self.mel_count % 32, "place_width needs a multiple of 32"),
            ("place_width", self.place_width % 2, "it must be even"),
            ("mel_count", self.mel_count % 16, "it must be a multiple of 16"),
        ):
            if wrong:
                raise ModelError(f"compact_localizer: {name} is {getattr(self, name)}; {rule}")
        if self.width % (2 * self.heads):
            raise ModelError(f"compact_localizer: width {self.width} is no even multiple of {self.heads} heads")


class CompactLocalizer(Network):
    """Stem, three residual blocks, layers over time, a linear layer and, optionally, a localization head.

    A batch norm in front brings maps of different units (dB, ratios) to one scale.

    Shape: (B, 4, T, 64) -> (B, T // 5, 39).

    >>> import torch
    >>> CompactLocalizer()(torch.zeros(1, 4, 251, 64)).shape
    torch.Size([1, 50, 39])
    """

    settings_type = CompactLocalizerSettings
    features = "midside"
    output = "classwise"

    def __init__(self, settings: CompactLocalizerSettings | None = None) -> None:
        super().__init__(settings := settings or CompactLocalizerSettings())
        stem, first, second, third = settings.channels
        self.scale = nn.BatchNorm2d(settings.input_maps)
        self.stem = nn.Sequential(
            nn.Conv2d(settings.input_maps, stem, 3, padding=1, bias=False), nn.BatchNorm2d(stem), nn.ReLU()
        )
        self.stem_pool = nn.MaxPool2d((1, 2))
        self.blocks = nn.Sequential(
            ResidualBlock(stem, first, (settings.time_pool, 2)),
            ResidualBlock(first, second, (1, 2)),
            ResidualBlock(second, third, (1, 2)),
        )
        self.project = nn.Linear(third * (settings.mel_count // 16), settings.width)
        self.sequence = sequence_layers(settings.sequence, settings.width, settings.heads, settings.dropout)
        self.dropout = nn.Dropout(settings.dropout)
        class_count = settings.output_size // (3 * settings.tracks) if settings.place_width else 0
        # The head predicts the distances of the first track.
        self.output_layer = nn.Linear(settings.width, settings.output_size - class_count)
        self.place: LocalizationHead | None = None
        if class_count:
            self.place = LocalizationHead(
                class_count, settings.width, settings.time_pool, settings.place_width, settings.dropout
            )
        self.of_microphones: nn.Sequential | None = None
        if settings.told:
            self.of_microphones = nn.Sequential(
                nn.Linear(MICROPHONE_NUMBERS, _TOLD_WIDTH), nn.GELU(), nn.Linear(_TOLD_WIDTH, settings.width)
            )

    def forward(self, features: Tensor, microphones: Tensor | None = None) -> Tensor:
        """Maps (B, C, T, F) -> raw output (B, L, output_size).

        Args:
            features: of `midside` or one of its extensions.
            microphones: (B, MICROPHONE_NUMBERS) of a network that is told them; zeros, as None, for an unknown pair.
        """
        if self.training or not self.settings.symmetric:
            return self._forward_once(features, microphones)
        signed = _SIGNED_MAPS[self.settings.input_maps]
        swapped = torch.stack([-part if at in signed else part for at, part in enumerate(features.unbind(1))], dim=1)
        twice = None if microphones is None else torch.cat([microphones, microphones])
        plain, mirrored = self._forward_once(torch.cat([features, swapped]), twice).chunk(2)
        activity, azimuth, distance = mirrored.chunk(3, dim=2)
        return 0.5 * (plain + torch.cat([activity, -azimuth, distance], dim=2))

    def _forward_once(self, features: Tensor, microphones: Tensor | None) -> Tensor:
        """The raw output without its mirror image."""
        # Channels last: convolution and batch norm of few maps then run at the speed of memory.
        x = features.contiguous(memory_format=torch.channels_last)
        x = self.blocks(self.stem_pool(self.stem(self.scale(x))))
        x = self.project(x.transpose(1, 2).flatten(2))
        if self.of_microphones is not None:
            unknown = features.new_zeros(len(features), MICROPHONE_NUMBERS)
            x = x + self.of_microphones(unknown if microphones is None else microphones)[:, None]
        x = self.dropout(self.sequence(x))
        result = self.output_layer(x)
        if self.place is None:
            return result
        class_count = self.settings.output_size // (3 * self.settings.tracks)
        activity, azimuth, others = result.split([class_count, class_count, result.shape[2] - 2 * class_count], dim=2)
        return torch.cat([activity, *self.place(features, x, activity, azimuth), others], dim=2)
