"""One network in training: a batch in, its weights a step better; every step a function of its number."""

import logging
import math
from collections.abc import Sequence
from typing import Any, Protocol, cast

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from whence.errors import DivergedError
from whence.features import build_features
from whence.inference import features_of
from whence.models import Network, build_model
from whence.models.outputs import build_output
from whence.training.augmentation import augment_features
from whence.training.data import Batch
from whence.training.freezing import frozen_at, let_rest, let_rest_but, only_these_learn
from whence.training.processes import Processes
from whence.training.recipe import NetworkRecipe
from whence.training.schedule import rate_at

_LOG = logging.getLogger("whence.training")


class StoredVectors(Protocol):
    """What a resting encoder said about every clip, written down earlier."""

    label_frames: int

    def rows(self, numbers: Sequence[int]) -> Tensor:
        """The vectors (clip, V, D) of clips by number, float32."""


class Learner:
    """Weights, their average, the optimizer, and the step that changes them.

    Nothing random outlives a step: dropout and masks are seeded by (seed, step), so a resumed training continues bit
    for bit on the same machine. Where several processes train together each takes its share of the batch, and the
    gradients are averaged: all hold the same weights after every step.

    Args:
        recipe: of this network.
        seed: of the training.
        precision: `float32` or `bf16`, of the network alone.
        device: where to train; the accelerator's choice when None.
    """

    def __init__(self, recipe: NetworkRecipe, seed: int, precision: str, device: str | None = None) -> None:
        self.recipe = recipe
        self.seed = seed
        self.bf16 = precision == "bf16"
        self.processes = Processes(device)
        # Precision is not left to the accelerator: it keeps the first one it is told for the whole process.
        self.accelerator = Accelerator(mixed_precision="no", cpu=device == "cpu", rng_types=[])
        torch.manual_seed(_dropout_seed(seed, 0))
        network = build_model(recipe.model)
        if recipe.learns:
            only_these_learn(network, recipe.learns)
        decayed = [p for p in network.parameters() if p.ndim > 1]
        others = [p for p in network.parameters() if p.ndim <= 1]
        settings = recipe.optimizer
        groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=settings.peak_rate, fused=True)
        self.features: nn.Module = build_features(recipe.features).to(self.accelerator.device)
        self.coding = build_output(recipe.output)
        self.network, self.optimizer = self.accelerator.prepare(network, optimizer)
        self.average = (
            AveragedModel(self.bare, multi_avg_fn=get_ema_multi_avg_fn(settings.average_decay), use_buffers=True)  # type: ignore[no-untyped-call]
            if settings.average_decay
            else None
        )
        self.step = 0
        # What the encoder says about each clip, while it stands still and somebody has written it down.
        self.encoded: StoredVectors | None = None
        self._frozen = 0
        self._micro_clips = self.processes.clips_of(recipe.batch_clips)

    @property
    def bare(self) -> Network:
        """The network without what Accelerate wraps around it."""
        network: Network = self.accelerator.unwrap_model(self.network)
        return network

    @property
    def evaluated(self) -> Network:
        """The weights that are validated and kept: the average where there is one."""
        return self.average.module if self.average is not None else self.bare  # type: ignore[return-value]

    @property
    def frozen_layers(self) -> int:
        """How many of the encoder's first layers stand still in the next step."""
        return frozen_at(self.step, self.recipe.total_steps, self.recipe.frozen_encoder)

    def learn(self, batch: Batch) -> dict[str, float]:
        """Take one step.

        When memory runs out, the batch goes through in halves whose gradients are added up; with batch norm the
        numbers then differ a little, which is said once.

        Returns:
            the terms of the loss by name, and their sum as `loss`.

        Raises:
            DivergedError: if the loss is no number; the weights are those before the step.
            MemoryError: if one clip alone does not fit.
        """
        while True:
            try:
                return self._learn(batch, self._micro_clips)
            except torch.OutOfMemoryError:
                if self._micro_clips == 1:
                    raise MemoryError("one clip does not fit into the memory of the device") from None
                if self.processes.count > 1:
                    # The others wait for this process's gradients and know nothing of halves.
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
            let_rest(_encoder(self.bare))
        if self.recipe.learns:
            let_rest_but(self.bare, self.recipe.learns)
        rate = rate_at(self.step, self.recipe.total_steps, self.recipe.optimizer)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        torch.manual_seed(_dropout_seed(self.seed, self.step + 1) + self.processes.rank * 2**32)
        self.optimizer.zero_grad(set_to_none=True)
        # Batch norm's running means change in the forward pass, before anybody knows that the loss is no number.
        buffers = [buffer.clone() for buffer in self.bare.buffers()]
        clips = len(batch.events)
        given = batch.audio if self.encoded is None else self.encoded.rows(batch.numbers)
        total: dict[str, float] = {}
        for first in range(0, clips, micro_clips):
            chosen = slice(first, min(first + micro_clips, clips))
            share = (chosen.stop - chosen.start) / clips
            parts = self._loss_parts(given[chosen], batch.events[chosen], first)
            loss = torch.stack(list(parts.values())).sum()
            for name, value in (parts | {"loss": loss}).items():
                total[name] = total.get(name, 0.0) + share * float(value.detach())
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

    def _loss_parts(self, given: Tensor, events: Any, first: int) -> dict[str, Tensor]:
        """The terms of the loss of some clips, of which the first is that of this process's share."""
        raw = self._answer(given, first) if self.encoded is None else self._answer_encoded(given)
        target = torch.from_numpy(self.coding.encode(events, raw.shape[1])).to(raw.device)
        return self.coding.loss_parts(raw.float(), target)

    def _answer(self, audio: Tensor, first: int) -> Tensor:
        """Raw output for clips."""
        device = self.accelerator.device
        with torch.no_grad():
            features = features_of(self.features, audio.to(device))
            first_clip = self.processes.rank * self.processes.clips_of(self.recipe.batch_clips) + first
            features = augment_features(features, self.recipe, self.seed, self.step, first_clip)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
            raw: Tensor = self.network(features)
        return raw

    def _answer_encoded(self, vectors: Tensor) -> Tensor:
        """Raw output for clips of which the encoder's vectors are known."""
        assert self.encoded is not None
        device = self.accelerator.device
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
            raw: Tensor = cast(Any, self.bare).classify(vectors.to(device), self.encoded.label_frames)
        return raw

    def _set_frozen(self) -> None:
        """Freeze and thaw the encoder as the step has it; what thaws begins with a fresh state of the optimizer."""
        if self.frozen_layers == self._frozen:
            return
        self._frozen = self.frozen_layers
        _encoder(self.bare).freeze(self._frozen)
        if self._frozen < self.recipe.encoder_layers:
            self.encoded = None
        if self.processes.count > 1:
            # Which gradients there are to average is looked up only when a network is wrapped.
            bare = self.bare
            self.accelerator.clear()
            self.network = self.accelerator.prepare_model(bare)

    def state(self) -> dict[str, Tensor]:
        """Everything that a later step depends on, as named tensors."""
        tensors = {f"network.{name}": value for name, value in self.bare.state_dict().items()}
        if self.average is not None:
            tensors |= {f"average.{name}": value for name, value in self.average.state_dict().items()}
        for index, parameter in enumerate(_parameters(self.optimizer)):
            for name, value in self.optimizer.state.get(parameter, {}).items():
                tensors[f"optimizer.{index}.{name}"] = value
        tensors["step"] = torch.tensor(self.step)
        return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take up a state that `state` gave."""
        self.bare.load_state_dict(_under("network.", tensors))
        if self.average is not None:
            self.average.load_state_dict(_under("average.", tensors))
        for index, parameter in enumerate(_parameters(self.optimizer)):
            found = _under(f"optimizer.{index}.", tensors)
            if found:
                # AdamW's fused form wants its step count on the parameter's device.
                self.optimizer.state[parameter] = {name: value.to(parameter.device) for name, value in found.items()}
        self.step = int(tensors["step"])


def _encoder(network: Network) -> Any:
    """The pretrained encoder of a detector."""
    return cast(Any, network).encoder


def _parameters(optimizer: Any) -> list[nn.Parameter]:
    """All parameters in the order of the groups."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _dropout_seed(seed: int, step: int) -> int:
    """One number for (seed, step); torch takes 64 bits."""
    return (seed * 1_000_003 + step) % 2**62
