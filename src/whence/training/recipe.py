"""Recipes: networks, front ends, codings, optimizers and scenes of a training, in one frozen dataclass."""

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from whence.errors import InferenceError, TrainingError
from whence.features import FeatureSettings
from whence.inference import BundleSettings, joined_coding
from whence.models import layer_count, model_from_plain, model_name
from whence.models.outputs import (
    ClasswiseSettings,
    OutputSettings,
    TracksSettings,
    build_output,
    output_from_plain,
    output_to_plain,
)
from whence.scenes import SceneSettings
from whence.scenes.transforms import FilterAugmentSettings, SpecAugmentSettings
from whence.settings import from_plain, suggestion, to_plain, with_changes


@dataclass(frozen=True)
class OptimizerSettings:
    """AdamW, its learning rate, and a running average of the weights.

    Args:
        peak_rate: highest learning rate.
        weight_decay: of AdamW.
        warmup_share: share of all steps in which the rate rises from 0 to its peak.
        schedule: `cosine` falls to 0 after the warm-up, `constant` stays.
        largest_gradient: gradients of a larger norm are scaled down to it; 0 leaves them.
        average_decay: of the running average of the weights, per step, which is validated and saved; 0 for the
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
    """The settings for training one network.

    Args:
        name: of its folder in the run, such as `detector`.
        model: settings of a network in `whence.models.MODELS`.
        features: its front end.
        output: its coding.
        batch_clips: clips in a step.
        epochs: validations in the whole training.
        epoch_clips: clips between two validations; rounded up to whole batches.
        optimizer: see OptimizerSettings.
        spec_augment: time-frequency masking of the features; None for none.
        filter_augment: random filters of the log-mel maps; None for none.
        frozen_encoder: gradual unfreezing in phases, each (share of all steps at which it ends, how many of the
            encoder's first layers are frozen until then); after the last phase everything is trained.
        trainable: names of the parts to train, such as `output_layer`, with the rest frozen; empty for all.
        told_share: of a network that is told the pair of microphones (`model.told`), how often it is; in the other
            clips the pair is unknown.
        real_share: share of recorded clips in every batch where there are both recorded clips and scenes: 0 for scenes
            alone, 1 for recorded clips alone. With one kind of data, the network is trained on that kind.

    Raises:
        TrainingError: a number out of its range, a network that does not fit its features or its coding, or phases that
            are out of order, freeze layers that are not there, or are combined with `trainable`.
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
    trainable: tuple[str, ...] = ()
    told_share: float = 0.5
    real_share: float = 0.5

    def __post_init__(self) -> None:
        for name in ("batch_clips", "epochs", "epoch_clips"):
            _check(f"{self.name}.{name}", getattr(self, name), getattr(self, name) >= 1, "at least 1")
        for name in ("told_share", "real_share"):
            _check(f"{self.name}.{name}", getattr(self, name), 0 <= getattr(self, name) <= 1, "from 0 to 1")
        _check(f"{self.name}.name", self.name, self.name.isidentifier(), "a plain word")
        self._check_sizes()
        if self.frozen_encoder:
            self._check_phases()
            _check(f"{self.name}.trainable", self.trainable, not self.trainable, "empty beside frozen_encoder")

    def _check_sizes(self) -> None:
        """Refuse a network whose input does not fit the front end, or whose output does not fit the coding."""
        coded = build_output(self.output).output_size
        # Two options of the compact localizer take the three elements of a class apart.
        takes_apart = getattr(self.model, "place_width", 0) or getattr(self.model, "symmetric", False)
        output, tracks = self.output, getattr(self.model, "tracks", 1)
        if isinstance(output, TracksSettings):
            is_whole = tracks == output.track_count
        else:
            is_whole = isinstance(output, ClasswiseSettings) and output.direction == "azimuth" and tracks == 1
            is_whole = is_whole and coded == 3 * output.class_count
        _check(
            f"{self.name}.output",
            output_to_plain(output)["name"],
            not takes_apart or is_whole,
            "classwise with activity, azimuth and distance, or tracks as many as model.tracks; "
            "or set model.place_width to 0 and model.symmetric to false",
        )
        for what, has, wants in (
            ("model.output_size", self.model.output_size, coded),
            ("model.input_maps", self.model.input_maps, len(self.features.maps)),
            ("model.mel_count", self.model.mel_count, self.features.mel_count),
        ):
            _check(f"{self.name}.{what}", has, has == wants, f"{wants}, as features and output have it")

    def _check_phases(self) -> None:
        """Refuse phases out of order, and layers that the encoder does not have."""
        name, ends = f"{self.name}.frozen_encoder", [end for end, _ in self.frozen_encoder]
        encoder = getattr(self.model, "encoder", None)
        _check(name, self.frozen_encoder, encoder is not None, "empty, as this network has no pretrained encoder")
        rise = ends == sorted(set(ends)) and ends[0] > 0 and ends[-1] <= 1
        _check(name, self.frozen_encoder, rise, "phases whose ends rise from above 0 to at most 1")
        depth = self.encoder_layers
        fits = all(0 <= count <= depth for _, count in self.frozen_encoder)
        _check(name, self.frozen_encoder, fits, f"phases of 0 to {depth} layers each, as many as the encoder has")

    @property
    def bundle_settings(self) -> BundleSettings:
        """What its network, front end and coding are built from."""
        return BundleSettings(self.model, self.features, self.output)

    @property
    def encoder_layers(self) -> int:
        """The number of layers of a pretrained encoder; 0 without one."""
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
        """Return plain data, ready for JSON."""
        names = (
            "name",
            "batch_clips",
            "epochs",
            "epoch_clips",
            "frozen_encoder",
            "trainable",
            "told_share",
            "real_share",
        )
        plain = {name: to_plain(getattr(self, name)) for name in (*names, "spec_augment", "filter_augment")}
        return plain | self.bundle_settings.to_plain() | {"optimizer": asdict(self.optimizer)}


@dataclass(frozen=True)
class Recipe:
    """The settings for training a system: one network, or two that are joined.

    Args:
        name: what users type.
        networks: trained one after the other; two are a detector and the localizer that it is joined with.
        seed: of weights, scenes and dropout.
        scenes: settings of the training scenes.
        augment_real: also augment recorded clips, by those of the scenes' settings that suit a finished clip: gain,
            polarity, equalizer, time masks, channel swap, mixing in pairs. Else only channels are swapped.
        precision: of the networks; front ends and losses are float32 always.
        kept_checkpoints: how many of the best epochs are saved for the final choice.
        validation_clips: held-out clips that every epoch is validated on; all of them if there are fewer.
        protocol: clips for the final choice: `honest`, held-out clips alone; `paper`, test clips too, as in the
            report, with a label beside every number of the run.
        tensorboard: also write the record of the run as TensorBoard's event files; changes nothing else.

    Raises:
        TrainingError: no network, or two of one name.
    """

    name: str
    networks: tuple[NetworkRecipe, ...]
    seed: int = 1
    scenes: SceneSettings = field(default_factory=SceneSettings)
    augment_real: bool = False
    precision: Literal["float32", "bf16"] = "float32"
    kept_checkpoints: int = 5
    validation_clips: int = 400
    protocol: Literal["honest", "paper"] = "honest"
    tensorboard: bool = False

    def __post_init__(self) -> None:
        names = [network.name for network in self.networks]
        _check("networks", names, bool(names) and len(set(names)) == len(names), "one or more, each with its own name")
        _check("networks", names, len(names) <= 2, "one network, or a detector and a localizer")
        if len(self.networks) == 2:
            try:
                joined_coding(*(build_output(network.output) for network in self.networks))
            except InferenceError as error:
                raise TrainingError(f"recipe: networks {' and '.join(names)}: {error}") from None
        _check("precision", self.precision, self.precision in ("float32", "bf16"), "float32 or bf16")
        _check("protocol", self.protocol, self.protocol in ("honest", "paper"), "honest or paper")
        _check("seed", self.seed, self.seed >= 0, "0 or more")
        for name in ("kept_checkpoints", "validation_clips"):
            _check(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")

    def to_plain(self) -> dict[str, Any]:
        """Return plain data, ready for JSON: a run folder holds it, and a resumed run is compared with it.

        Settings that do not change the weights are left out, so that they may change when a run continues.
        """
        names = ("name", "seed", "augment_real", "precision", "kept_checkpoints", "validation_clips", "protocol")
        plain = {name: getattr(self, name) for name in names}
        networks = {network.name: network.to_plain() for network in self.networks}
        return plain | {"networks": networks, "scenes": self.scenes.to_plain()}


def recipe_from_plain(data: Mapping[str, Any]) -> Recipe:
    """Return the recipe that `Recipe.to_plain` made plain data of, as a run folder holds it.

    Raises:
        WhenceError: an unknown or ill-typed field, with its dotted name.

    >>> from whence.recipes.registry import recipe_named
    >>> recipe_from_plain(recipe_named("tiny").to_plain()) == recipe_named("tiny")
    True
    """
    networks = []
    for name, plain in data["networks"].items():
        rest = {key: value for key, value in plain.items() if key not in ("model", "features", "output")}
        parts = {
            "model": model_from_plain(plain["model"]),
            "features": from_plain(FeatureSettings, plain["features"], f"recipe.networks.{name}.features"),
            "output": output_from_plain(plain["output"]),
        }
        empty = NetworkRecipe(name, **parts)
        networks.append(with_changes(empty, rest, f"recipe.networks.{name}", TrainingError))
    given = {key: value for key, value in data.items() if key != "networks"}
    return with_changes(Recipe(str(given.get("name")), tuple(networks)), given, "recipe", TrainingError)


def with_overrides(recipe: Recipe, data: Mapping[str, Any]) -> Recipe:
    """Return a recipe with some fields changed.

    A change of a network's coding adapts the size of the network's output. `output.name` chooses another coding, whose
    settings begin with their defaults.

    Args:
        recipe: the original.
        data: names and values; `networks` holds a mapping by the names of the networks.

    Raises:
        WhenceError: a field that is unknown (the nearest is named), ill-typed or out of range, with its dotted name.

    >>> from whence.recipes.registry import recipe_named
    >>> with_overrides(recipe_named("tiny"), {"networks": {"detector": {"epochs": 5}}}).networks[0].epochs
    5
    >>> tracks = {"networks": {"localizer": {"output": {"name": "tracks"}}}}
    >>> with_overrides(recipe_named("tiny"), tracks).networks[1].model.output_size
    78
    """
    given = dict(data)
    by_name = {network.name: network for network in recipe.networks}
    changes = given.pop("networks", {})
    if not isinstance(changes, Mapping):
        raise TrainingError(f"recipe.networks is {changes!r}; it must be names of networks with their fields")
    for name, change in changes.items():
        if name not in by_name:
            raise TrainingError(f"recipe.networks.{name} is not a field; {suggestion(str(name), by_name)}")
        by_name[name] = _network_with(by_name[name], change, f"recipe.networks.{name}")
    return with_changes(replace(recipe, networks=tuple(by_name.values())), given, "recipe", TrainingError)


def _network_with(network: NetworkRecipe, change: Any, field: str) -> NetworkRecipe:
    """A network with some fields changed; the size of its output follows its coding unless it is given too."""
    given = dict(change) if isinstance(change, Mapping) else change
    if not (isinstance(given, dict) and isinstance(given.get("output"), Mapping)):
        return with_changes(network, given, field, TrainingError)
    wanted = dict(given.pop("output"))
    if wanted.pop("name", now := output_to_plain(network.output)["name"]) == now:
        output = with_changes(network.output, wanted, f"{field}.output", TrainingError)
    else:
        output = output_from_plain({"class_count": network.output.class_count, **change["output"]})
    model = given.pop("model", {})
    if not isinstance(model, Mapping):
        raise TrainingError(f"{field}.model is {model!r}; it must be names with values")
    model = with_changes(network.model, _sizes(network, output) | dict(model), f"{field}.model", TrainingError)
    if (has := model.output_size) != (needs := build_output(output).output_size) and "output_size" not in _fields(
        model
    ):
        name = output_to_plain(output)["name"]
        raise TrainingError(f"{field}.output: {name} needs {needs} numbers; {model_name(model)} always has {has}")
    return with_changes(replace(network, model=model, output=output), given, field, TrainingError)


def with_class_count(recipe: Recipe, class_count: int) -> Recipe:
    """Return the recipe for another number of classes, with the sizes of codings and networks adapted.

    >>> from whence.recipes.registry import recipe_named
    >>> with_class_count(recipe_named("tiny"), 5).networks[1].model.output_size
    15
    """
    networks = []
    for network in recipe.networks:
        output = replace(network.output, class_count=class_count)
        networks.append(replace(network, output=output, model=replace(network.model, **_sizes(network, output))))
    return replace(recipe, networks=tuple(networks))


def _sizes(network: NetworkRecipe, output: OutputSettings) -> dict[str, Any]:
    """The fields of a network's settings that follow another coding."""
    size = build_output(output).output_size
    # Most networks have an output size; one with a branch for each quantity has a class count.
    sizes: dict[str, Any] = {"class_count": output.class_count, "output_size": size}
    heads = getattr(network.model, "heads", ())
    if isinstance(heads, tuple) and heads:
        scaled = tuple(head * output.class_count // network.output.class_count for head in heads)
        sizes["heads"] = scaled if sum(scaled) == size else (size,)
    return {name: value for name, value in sizes.items() if name in _fields(network.model)}


def _fields(settings: Any) -> set[str]:
    """The names of the fields of a dataclass."""
    return {entry.name for entry in dataclasses.fields(settings)}


def _check(name: str, value: object, is_right: bool, allowed: str) -> None:
    if not is_right:
        raise TrainingError(f"recipe: {name} is {value!r}; it must be {allowed}")
