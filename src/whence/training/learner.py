"""One network in training: a batch in, its weights a step better; every step a function of its number."""

import logging
import math
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from whence.features.registry import build_features
from whence.inference.member import features_of
from whence.models.network import Network
from whence.models.outputs.registry import build_output
from whence.models.registry import build_model
from whence.training.augmentation import augment_features
from whence.training.data import Batch
from whence.training.errors import DivergedError
from whence.training.processes import Processes
from whence.training.recipe import NetworkRecipe
from whence.training.schedule import rate_at

_LOG = logging.getLogger("whence.training")


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
        self.network.train()
        rate = rate_at(self.step, self.recipe.total_steps, self.recipe.optimizer)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        torch.manual_seed(_dropout_seed(self.seed, self.step + 1) + self.processes.rank * 2**32)
        self.optimizer.zero_grad(set_to_none=True)
        # Batch norm's running means change in the forward pass, before anybody knows that the loss is no number.
        buffers = [buffer.clone() for buffer in self.bare.buffers()]
        clips = len(batch.events)
        total: dict[str, float] = {}
        for first in range(0, clips, micro_clips):
            chosen = slice(first, min(first + micro_clips, clips))
            share = (chosen.stop - chosen.start) / clips
            parts = self._loss_parts(batch.audio[chosen], batch.events[chosen], first)
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

    def _loss_parts(self, audio: Tensor, events: Any, first: int) -> dict[str, Tensor]:
        """The terms of the loss of some clips, of which the first is that of this process's share."""
        device = self.accelerator.device
        with torch.no_grad():
            features = features_of(self.features, audio.to(device))
            first_clip = self.processes.rank * self.processes.clips_of(self.recipe.batch_clips) + first
            features = augment_features(features, self.recipe, self.seed, self.step, first_clip)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
            raw = self.network(features)
        target = torch.from_numpy(self.coding.encode(events, raw.shape[1])).to(device)
        return self.coding.loss_parts(raw.float(), target)

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


def _parameters(optimizer: Any) -> list[nn.Parameter]:
    """All parameters in the order of the groups."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _dropout_seed(seed: int, step: int) -> int:
    """One number for (seed, step); torch takes 64 bits."""
    return (seed * 1_000_003 + step) % 2**62
