"""Devices by name: what is accepted, and what is said about those that are not there."""

import pytest
import torch

from whence.errors import InferenceError
from whence.inference import best_device, checked_device


def with_gpus(monkeypatch, count, built="13.0"):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(torch.version, "cuda", built)


@pytest.mark.parametrize(("count", "best"), [(0, "cpu"), (2, "cuda")])
def test_the_best_device_is_a_gpu_where_there_is_one(count, best, monkeypatch):
    with_gpus(monkeypatch, count)
    assert best_device() == checked_device(None) == best
    assert checked_device("cpu") == "cpu"


def test_one_of_several_gpus_is_chosen_by_its_number(monkeypatch):
    with_gpus(monkeypatch, 2)
    assert [checked_device(word) for word in ("cuda", "cuda:0", "cuda:1")] == ["cuda", "cuda:0", "cuda:1"]
    with pytest.raises(InferenceError, match=r"device 'cuda:2': there are cuda:0, cuda:1; choose one of them"):
        checked_device("cuda:2")


@pytest.mark.parametrize(
    "word", ["gpu", "", "CPU", "cuda:", "cuda:x", "cuda:-1", "cuda:²", "cpu:0", "mps:0", "cuda:0:1"]
)
def test_other_words_are_refused_with_the_words_there_are(word, monkeypatch):
    with_gpus(monkeypatch, 2)
    with pytest.raises(InferenceError, match="is unknown; choose cpu, cuda, cuda:N or mps"):
        checked_device(word)


@pytest.mark.parametrize(("built", "reason"), [(None, "was built without CUDA"), ("13.0", "finds no NVIDIA GPU")])
def test_a_missing_gpu_is_told_from_a_build_without_cuda(built, reason, monkeypatch):
    with_gpus(monkeypatch, 0, built)
    with pytest.raises(InferenceError, match=f"device 'cuda': PyTorch .* {reason}.*; choose cpu"):
        checked_device("cuda")


def test_a_gpu_of_apples_is_refused_elsewhere(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(InferenceError, match="no GPU of Apple's; choose cpu or cuda"):
        checked_device("mps")
