"""What a training is made of: networks, their features, codings, optimizers and scenes, in one frozen record."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from whence.errors import TrainingError
from whence.features import FeatureSettings
from whence.models import layer_count, model_to_plain
from whence.models.outputs import OutputSettings, build_output, output_to_plain
from whence.scenes import SceneSettings
from whence.scenes.transforms import FilterAugmentSettings, SpecAugmentSettings


@dataclass(frozen=True)
class OptimizerSettings:
    """AdamW, a rate that rises and falls, and an average of the weights.

    Args:
        peak_rate: highest learning rate.
        weight_decay: of AdamW.
        warmup_share: share of all steps in which the rate rises from 0 to its peak.
        schedule: `cosine` falls to 0 after the warm-up, `constant` stays.
        largest_gradient: gradients of a larger norm are scaled down to it; 0 leaves them.
        average_decay: of the running average of the weights, per step, which is what is validated and kept; 0 keeps the
            weights themselves.

    Raises:
        TrainingError: a value out of its range; the message has the dotted field.
    """

    peak_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup_share: float = 0.05
    schedule: Literal["cosine", "constant"] = "cosine"
    largest_gradient: float = 1.0
    average_decay: float = 0.0

    def __post_init__(self) -> None:
        _check("optimizer.peak_rate", self.peak_rate, self.peak_rate > 0, "above 0")
        _check("optimizer.weight_decay", self.weight_decay, self.weight_decay >= 0, "0 or more")
        _check("optimizer.warmup_share", self.warmup_share, 0 <= self.warmup_share < 1, "from 0 up to 1")
        _check("optimizer.schedule", self.schedule, self.schedule in ("cosine", "constant"), "cosine or constant")
        _check("optimizer.largest_gradient", self.largest_gradient, self.largest_gradient >= 0, "0 or more")
        _check("optimizer.average_decay", self.average_decay, 0 <= self.average_decay < 1, "from 0 up to 1")


@dataclass(frozen=True)
class NetworkRecipe:
    """How one network is trained.

    Args:
        name: of its folder in the run, such as `detector`.
        model: settings of a network in `whence.models.registry.MODELS`.
        features: its front end.
        output: its coding.
        batch_clips: clips in a step.
        epochs: how often it is validated.
        epoch_clips: clips between two validations; rounded up to whole batches.
        optimizer: see OptimizerSettings.
        spec_augment: time-frequency masking of the features; None for none.
        filter_augment: random filters of the log-mel maps; None for none.
        frozen_encoder: gradual unfreezing in phases, each (share of all steps at which it ends, how many of the
            encoder's first layers stand still until then); behind the last phase everything learns.
        learns: names of the parts that learn, such as `place`, while the rest stands still from first to last; empty
            for all of the network.

    Raises:
        TrainingError: a number below one, a network that fits neither its features nor its coding, or phases that are
            out of order, freeze layers that are not there, or stand beside `learns`.
    """

    name: str
    model: Any
    features: FeatureSettings
    output: OutputSettings
    batch_clips: int = 64
    epochs: int = 100
    epoch_clips: int = 16_384
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    spec_augment: SpecAugmentSettings | None = None
    filter_augment: FilterAugmentSettings | None = None
    frozen_encoder: tuple[tuple[float, int], ...] = ()
    learns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("batch_clips", "epochs", "epoch_clips"):
            _check(f"{self.name}.{name}", getattr(self, name), getattr(self, name) >= 1, "at least 1")
        _check(f"{self.name}.name", self.name, self.name.isidentifier(), "a plain word")
        self._check_sizes()
        if self.frozen_encoder:
            self._check_phases()
            _check(f"{self.name}.learns", self.learns, not self.learns, "empty beside frozen_encoder")

    def _check_sizes(self) -> None:
        """Refuse a network that takes other maps than the front end gives, or gives other numbers than the coding."""
        coded = build_output(self.output).output_size
        for what, has, wants in (
            ("model.output_size", self.model.output_size, coded),
            ("model.input_maps", self.model.input_maps, len(self.features.maps)),
            ("model.mel_count", self.model.mel_count, self.features.mel_count),
        ):
            _check(f"{self.name}.{what}", has, has == wants, f"{wants}, as features and output have it")

    def _check_phases(self) -> None:
        """Refuse phases that do not follow each other, and layers that the encoder does not have."""
        name, ends = f"{self.name}.frozen_encoder", [end for end, _ in self.frozen_encoder]
        encoder = getattr(self.model, "encoder", None)
        _check(name, self.frozen_encoder, encoder is not None, "empty, as this network has no pretrained encoder")
        rise = ends == sorted(set(ends)) and ends[0] > 0 and ends[-1] <= 1
        _check(name, self.frozen_encoder, rise, "phases whose ends rise from above 0 to at most 1")
        depth = self.encoder_layers
        fits = all(0 <= count <= depth for _, count in self.frozen_encoder)
        _check(name, self.frozen_encoder, fits, f"phases of 0 to {depth} layers each, as many as the encoder has")

    @property
    def encoder_layers(self) -> int:
        """How many layers of a pretrained encoder there are to freeze; 0 without one."""
        encoder = getattr(self.model, "encoder", None)
        return 0 if encoder is None else layer_count(encoder)

    @property
    def epoch_steps(self) -> int:
        """Steps between two validations."""
        return -(-self.epoch_clips // self.batch_clips)

    @property
    def total_steps(self) -> int:
        """Steps of the whole training."""
        return self.epoch_steps * self.epochs

    def to_plain(self) -> dict[str, Any]:
        """Dicts, lists and numbers, ready for JSON."""
        masks = {
            name: getattr(self, name) and asdict(getattr(self, name)) for name in ("spec_augment", "filter_augment")
        }
        plain = {
            name: getattr(self, name)
            for name in ("name", "batch_clips", "epochs", "epoch_clips", "frozen_encoder", "learns")
        }
        return (
            plain
            | masks
            | {
                "model": model_to_plain(self.model),
                "features": asdict(self.features),
                "output": output_to_plain(self.output),
                "optimizer": asdict(self.optimizer),
            }
        )


@dataclass(frozen=True)
class Recipe:
    """How a system is trained: one network, or several that are joined.

    Args:
        name: what users type.
        networks: trained one after the other; two are a detector and the localizer that it is joined with.
        seed: of weights, scenes and dropout; everything follows from it.
        scenes: what training scenes are drawn from.
        precision: of the networks; front ends and losses are float32 always.
        kept_checkpoints: how many of the best are kept for the final choice.
        protocol: what the final choice is made on: `honest`, held-out clips alone; `paper`, test clips too, as the
            report did, and every number of the run is labelled so.
        tensorboard: also write the record of the run as TensorBoard's event files; changes nothing else.
        validation_clips: held-out clips that every epoch is validated on; all of them if there are fewer.

    Raises:
        TrainingError: no network, or two of one name.
    """

    name: str
    networks: tuple[NetworkRecipe, ...]
    seed: int = 1
    scenes: SceneSettings = field(default_factory=SceneSettings)
    precision: Literal["float32", "bf16"] = "float32"
    kept_checkpoints: int = 5
    validation_clips: int = 400
    protocol: Literal["honest", "paper"] = "honest"
    tensorboard: bool = False

    def __post_init__(self) -> None:
        names = [network.name for network in self.networks]
        _check("networks", names, bool(names) and len(set(names)) == len(names), "one or more, each with its own name")
        _check("networks", names, len(names) <= 2, "one network, or a detector and a localizer")
        _check("precision", self.precision, self.precision in ("float32", "bf16"), "float32 or bf16")
        _check("protocol", self.protocol, self.protocol in ("honest", "paper"), "honest or paper")
        _check("seed", self.seed, self.seed >= 0, "0 or more")
        for name in ("kept_checkpoints", "validation_clips"):
            _check(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")

    def to_plain(self) -> dict[str, Any]:
        """Dicts, lists and numbers, ready for JSON: what a run folder keeps and a resumed run is compared with.

        What changes no weights is left out, so that it may change when a run goes on.
        """
        names = ("name", "seed", "precision", "kept_checkpoints", "validation_clips", "protocol")
        plain = {name: getattr(self, name) for name in names}
        networks = {network.name: network.to_plain() for network in self.networks}
        return plain | {"networks": networks, "scenes": self.scenes.to_plain()}


def _check(name: str, value: object, is_right: bool, allowed: str) -> None:
    if not is_right:
        raise TrainingError(f"recipe: {name} is {value!r}; it must be {allowed}")
