"""One network in training: a batch in, weights that are one step better; every step is a function of its number."""

# B clip, C map, T feature frame, F mel band

import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, cast

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from whence.audio import Microphones
from whence.errors import DivergedError, TrainingError
from whence.inference import NetworkBundle, features_of
from whence.models import Network
from whence.training.batch_drawing import augment_features, told_numbers
from whence.training.batch_norm import share_batch_norms
from whence.training.data import Batch
from whence.training.processes import Processes
from whence.training.recipe import NetworkRecipe, OptimizerSettings

_LOG = logging.getLogger("whence.training")


class StoredVectors(Protocol):
    """The output of a frozen encoder for every clip, computed earlier."""

    label_frames: int

    def rows(self, numbers: Sequence[int]) -> Tensor:
        """Return the vectors (clip, V, D) of clips by number, float32."""


class Learner:
    """Weights, their average, the optimizer, and the step that changes them.

    Nothing random outlives a step: dropout and masks are seeded by (seed, step), so a resumed training continues bit
    for bit on the same machine. Where several processes train together each takes its share of the batch, batch norms
    see the whole of it, and the gradients are averaged: all hold the same weights after every step.

    Args:
        recipe: of this network.
        seed: of the training.
        precision: `float32` or `bf16`, of the network alone.
        device: where to train, as `Processes` takes it.
    """

    def __init__(self, recipe: NetworkRecipe, seed: int, precision: str, device: str | None = None) -> None:
        self.recipe = recipe
        self.seed = seed
        self.bf16 = precision == "bf16"
        self.processes = Processes(device)
        # Accelerate would use the first precision for the whole process, so autocast is called here.
        self.accelerator = Accelerator(mixed_precision="no", cpu=self.processes.device.type == "cpu", rng_types=[])
        torch.manual_seed(_dropout_seed(seed, 0))
        bundle = NetworkBundle.build(recipe.bundle_settings, precision)
        network = bundle.network
        if self.processes.count > 1:
            share_batch_norms(network, self.processes.device)
        if recipe.trainable:
            freeze_all_but(network, recipe.trainable)
        decayed = [p for p in network.parameters() if p.ndim > 1]
        others = [p for p in network.parameters() if p.ndim <= 1]
        settings = recipe.optimizer
        groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=settings.peak_rate, fused=True)
        self._bundle = bundle
        self.features: nn.Module = bundle.features.to(self.accelerator.device)
        self.coding = bundle.coding
        self.network, self.optimizer = self.accelerator.prepare(network, optimizer)
        self.average = (
            AveragedModel(self.bare, multi_avg_fn=get_ema_multi_avg_fn(settings.average_decay), use_buffers=True)  # type: ignore[no-untyped-call]
            if settings.average_decay
            else None
        )
        self.step = 0
        # The encoder's vectors of each clip, while it is wholly frozen and they are stored.
        self.encoded: StoredVectors | None = None
        self._frozen = 0
        self._micro_clips = self.processes.clips_of(recipe.batch_clips)

    @property
    def bare(self) -> Network:
        """The network without Accelerate's wrapper."""
        network: Network = self.accelerator.unwrap_model(self.network)
        return network

    @property
    def evaluated(self) -> Network:
        """The weights that are validated and saved: the average where there is one."""
        return self.average.module if self.average is not None else self.bare  # type: ignore[return-value]

    def evaluated_bundle(self) -> NetworkBundle:
        """Return the evaluated weights with front end and coding, ready to predict."""
        return replace(self._bundle, network=self.evaluated.eval())

    @property
    def frozen_layers(self) -> int:
        """How many of the encoder's first layers are frozen in the next step."""
        return frozen_at(self.step, self.recipe.total_steps, self.recipe.frozen_encoder)

    def learn(self, batch: Batch) -> dict[str, float]:
        """Take one step.

        When memory runs out, the batch goes through in halves whose gradients are added up; with batch norm the
        numbers then differ a little, which a warning says once.

        Returns:
            the terms of the loss by name, and their sum as `loss`.

        Raises:
            DivergedError: if the loss is not finite; the weights are those before the step.
            MemoryError: if one clip alone does not fit.
        """
        while True:
            try:
                return self._learn(batch, self._micro_clips)
            except torch.OutOfMemoryError:
                if self._micro_clips == 1:
                    raise MemoryError("one clip does not fit into the memory of the device") from None
                if self.processes.count > 1:
                    # The other processes wait for gradients of whole batches.
                    raise MemoryError(
                        f"{self._micro_clips} clips a process do not fit; choose a smaller batch"
                    ) from None
                self._micro_clips = -(-self._micro_clips // 2)
                self.optimizer.zero_grad(set_to_none=True)
                torch.cuda.empty_cache()
                _LOG.warning(
                    "the device ran out of memory; going on with %d clips at a time (slower; batch norm sees fewer)",
                    self._micro_clips,
                )

    def _learn(self, batch: Batch, micro_clips: int) -> dict[str, float]:
        """One step in pieces of so many clips."""
        self._set_frozen()
        self.network.train()
        if self._frozen:
            _evaluate_frozen(_encoder(self.bare))
        if self.recipe.trainable:
            _evaluate_all_but(self.bare, self.recipe.trainable)
        rate = rate_at(self.step, self.recipe.total_steps, self.recipe.optimizer)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        torch.manual_seed(_dropout_seed(self.seed, self.step + 1) + self.processes.rank * 2**32)
        self.optimizer.zero_grad(set_to_none=True)
        # Batch norm's running means change in the forward pass, before it is known whether the loss is finite.
        buffers = [buffer.clone() for buffer in self.bare.buffers()]
        clips = len(batch.events)
        given = batch.audio if self.encoded is None else self.encoded.rows(batch.numbers)
        total: dict[str, float] = {}
        for first in range(0, clips, micro_clips):
            chosen = slice(first, min(first + micro_clips, clips))
            share = (chosen.stop - chosen.start) / clips
            parts = self._loss_parts(given[chosen], batch.events[chosen], batch.microphones[chosen], first)
            losses = torch.stack(list(parts.values()))
            loss = losses.sum()
            # A GPU is waited for once here, not once for each term.
            values = self.processes.mean(torch.cat([losses, loss[None]]).detach()).tolist()
            for name, value in zip((*parts, "loss"), values, strict=True):
                total[name] = total.get(name, 0.0) + share * value
            # The mean is the same in all processes: all go on to share their gradients, or none does.
            if not math.isfinite(total["loss"]):
                self.optimizer.zero_grad(set_to_none=True)
                for buffer, before in zip(self.bare.buffers(), buffers, strict=True):
                    buffer.copy_(before)
                raise DivergedError(f"{self.recipe.name}, step {self.step}: the loss is {total['loss']}")
            self.accelerator.backward(loss * share)
        if self.recipe.optimizer.largest_gradient:
            self.accelerator.clip_grad_norm_(self.network.parameters(), self.recipe.optimizer.largest_gradient)
        self.optimizer.step()
        if self.average is not None:
            self.average.update_parameters(self.bare)
        self.step += 1
        return total

    def _loss_parts(
        self, given: Tensor, events: Any, microphones: Sequence[Microphones], first: int
    ) -> dict[str, Tensor]:
        """Return the terms of the loss of some clips; `first` is the position of the first in this process's share."""
        raw = self._forward(given, microphones, first) if self.encoded is None else self._forward_encoded(given)
        target = torch.from_numpy(self.coding.encode(events, raw.shape[1])).to(raw.device)
        return self.coding.loss_parts(raw.float(), target)

    def _forward(self, audio: Tensor, microphones: Sequence[Microphones], first: int) -> Tensor:
        """Return the raw output for clips."""
        device = self.accelerator.device
        with torch.no_grad():
            features = features_of(self.features, audio.to(device))
            first_clip = self.processes.rank * self.processes.clips_of(self.recipe.batch_clips) + first
            features = augment_features(features, self.recipe, self.seed, self.step, first_clip)
            told: tuple[Tensor, ...] = ()
            if self.bare.is_told and microphones:
                drawn = told_numbers(microphones, self.recipe.told_share, self.seed, self.step, first_clip)
                told = (torch.from_numpy(drawn).to(device),)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
            raw: Tensor = self.network(features, *told)
        return raw

    def _forward_encoded(self, vectors: Tensor) -> Tensor:
        """Return the raw output for stored vectors of the encoder."""
        assert self.encoded is not None
        device = self.accelerator.device
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
            raw: Tensor = cast(Any, self.bare).classify(vectors.to(device), self.encoded.label_frames)
        return raw

    def _set_frozen(self) -> None:
        """Freeze as many layers as this step wants; unfrozen ones begin with a fresh state of the optimizer."""
        if self.frozen_layers == self._frozen:
            return
        self._frozen = self.frozen_layers
        _encoder(self.bare).freeze(self._frozen)
        if self._frozen < self.recipe.encoder_layers:
            self.encoded = None
        if self.processes.count > 1:
            # Accelerate looks up which gradients to average only when it wraps a network.
            bare = self.bare
            self.accelerator.clear()
            self.network = self.accelerator.prepare_model(bare)

    def state(self) -> dict[str, Tensor]:
        """Return everything that a later step depends on, as named tensors."""
        tensors = {f"network.{name}": value for name, value in self.bare.state_dict().items()}
        if self.average is not None:
            tensors |= {f"average.{name}": value for name, value in self.average.state_dict().items()}
        for index, parameter in enumerate(_parameters(self.optimizer)):
            for name, value in self.optimizer.state.get(parameter, {}).items():
                tensors[f"optimizer.{index}.{name}"] = value
        tensors["step"] = torch.tensor(self.step)
        return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Continue from what `state` returned."""
        self.bare.load_state_dict(_under("network.", tensors))
        if self.average is not None:
            self.average.load_state_dict(_under("average.", tensors))
        for index, parameter in enumerate(_parameters(self.optimizer)):
            found = _under(f"optimizer.{index}.", tensors)
            if found:
                # AdamW's fused form wants its step count on the parameter's device.
                self.optimizer.state[parameter] = {name: value.to(parameter.device) for name, value in found.items()}
        self.step = int(tensors["step"])


def rate_at(step: int, total_steps: int, settings: OptimizerSettings) -> float:
    """Return the learning rate of one step: linear warm-up, then the schedule.

    Args:
        step: from 0.
        total_steps: of the whole training.
        settings: peak, warm-up and shape.

    Returns:
        the rate; above 0 in every step, since a step at rate 0 would be wasted.

    Source: T. Zhao et al. 2025 (warm-up to 1e-3, cosine to 0).

    >>> settings = OptimizerSettings(peak_rate=1.0, warmup_share=0.5)
    >>> [round(rate_at(step, 8, settings), 3) for step in range(8)]
    [0.25, 0.5, 0.75, 1.0, 0.962, 0.691, 0.309, 0.038]
    """
    warmup = round(settings.warmup_share * total_steps)
    if step < warmup:
        return settings.peak_rate * (step + 1) / warmup
    if settings.schedule == "constant":
        return settings.peak_rate
    progress = (step - warmup + 0.5) / (total_steps - warmup)
    return settings.peak_rate * 0.5 * (1.0 + math.cos(math.pi * progress))


def frozen_at(step: int, total_steps: int, phases: tuple[tuple[float, int], ...]) -> int:
    """Return how many of an encoder's first layers are frozen in one step.

    Args:
        step: from 0.
        total_steps: of the whole training.
        phases: (share of all steps at which it ends, layers frozen until then), in order; after the last none is.

    >>> [frozen_at(step, 10, ((0.2, 12), (0.5, 8))) for step in range(7)]
    [12, 12, 8, 8, 8, 0, 0]
    """
    for end, count in phases:
        if step < round(end * total_steps):
            return count
    return 0


def freeze_all_but(network: nn.Module, parts: tuple[str, ...]) -> None:
    """Freeze every parameter outside the named parts.

    Raises:
        TrainingError: if the network has no part of such a name.

    >>> network = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    >>> freeze_all_but(network, ("1",))
    >>> [parameter.requires_grad for parameter in network.parameters()]
    [False, False, True, True]
    """
    network.requires_grad_(False)
    for part in parts:
        try:
            network.get_submodule(part).requires_grad_(True)
        except AttributeError:
            names = ", ".join(name for name, _ in network.named_children())
            raise TrainingError(
                f"recipe: trainable has {part!r}, which the network has not; its parts: {names}"
            ) from None


def _evaluate_frozen(encoder: nn.Module) -> None:
    """Put every part of an encoder whose parameters are all frozen into evaluation mode.

    Its batch norms then keep their means, so that its output for a clip does not depend on the rest of the batch.
    """
    for module in encoder.modules():
        parameters: list[Any] = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()


def _evaluate_all_but(network: nn.Module, parts: tuple[str, ...]) -> None:
    """Put all but the named parts into evaluation mode: no dropout, and batch norms keep their means."""
    for child in network.children():
        child.eval()
    for part in parts:
        network.get_submodule(part).train()


def _encoder(network: Network) -> Any:
    """The pretrained encoder of a detector."""
    return cast(Any, network).encoder


def _parameters(optimizer: Any) -> list[nn.Parameter]:
    """Return all parameters in the order of the groups."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _dropout_seed(seed: int, step: int) -> int:
    """Return one number for (seed, step); torch takes 64 bits."""
    return (seed * 1_000_003 + step) % 2**62
