"""EfficientAT's layers: the published network from its description, and what finer time must keep."""

from pathlib import Path

import pytest
import torch
from torch.nn.functional import batch_norm, conv2d, hardswish, linear, relu

from whence.errors import ModelError
from whence.models.convert import convert_weights, read_converted
from whence.models.efficientat import (
    EFFICIENTAT_LAYERS,
    EfficientatEncoder,
    EfficientatSettings,
    published_efficientat_name,
)
from whence.models.efficientat_detector import EfficientatDetector, EfficientatDetectorSettings
from whence.models.weights import load_initial_weights

STRIDES = [1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1]
KERNELS = [3, 3, 3, 5, 5, 5, 3, 3, 3, 3, 3, 3, 5, 5, 5]
SQUEEZED = {4, 5, 6, 11, 12, 13, 14, 15}


def encoder(halvings: int, tags: int = 0) -> EfficientatEncoder:
    """An encoder with random weights and norms that are not those of a fresh network."""
    torch.manual_seed(1)
    net = EfficientatEncoder(EfficientatSettings(halvings=halvings, tag_count=tags)).eval()
    for name, entry in net.state_dict().items():
        if name.endswith("running_var"):
            entry.uniform_(0.5, 1.5)
        elif name.endswith("running_mean") or (entry.dim() == 1 and name.endswith("bias")):
            entry.normal_(std=0.1)
        elif entry.dim() > 1:
            entry.normal_(std=(2.0 / entry[0].numel()) ** 0.5)
    return net


def published(net: EfficientatEncoder) -> dict[str, torch.Tensor]:
    """The weights as the published file has them: their names, and frequency before time."""
    return {
        published_efficientat_name(name): entry.transpose(2, 3).contiguous() if entry.dim() == 4 else entry.clone()
        for name, entry in net.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }


def described(w: dict[str, torch.Tensor], maps: torch.Tensor) -> torch.Tensor:
    """Tags of (1, 1, frequency, time) by the published description of the network."""

    def norm(x, name):
        return batch_norm(
            x, *(w[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")), eps=1e-3
        )

    x = hardswish(norm(conv2d(maps, w["features.0.0.weight"], stride=2, padding=1), "features.0.1"))
    for number, (kernel, stride) in enumerate(zip(KERNELS, STRIDES, strict=True), start=1):
        activation, y, at, name = relu if number <= 6 else hardswish, x, 0, f"features.{number}.block"
        if number > 1:
            y, at = activation(norm(conv2d(y, w[f"{name}.0.0.weight"]), f"{name}.0.1")), 1
        assert w[f"{name}.{at}.0.weight"].shape[2:] == (kernel, kernel)
        y = conv2d(y, w[f"{name}.{at}.0.weight"], stride=stride, padding=kernel // 2, groups=y.shape[1])
        y, at = activation(norm(y, f"{name}.{at}.1")), at + 1
        if number in SQUEEZED:
            fc = f"{name}.{at}.conc_se_layers.0"
            z = relu(linear(y.mean((2, 3)), w[f"{fc}.fc1.weight"], w[f"{fc}.fc1.bias"]))
            y = y * linear(z, w[f"{fc}.fc2.weight"], w[f"{fc}.fc2.bias"]).sigmoid()[:, :, None, None]
            at += 1
        y = norm(conv2d(y, w[f"{name}.{at}.0.weight"]), f"{name}.{at}.1")
        x = x + y if stride == 1 and x.shape == y.shape else y
    x = hardswish(norm(conv2d(x, w["features.16.0.weight"]), "features.16.1")).mean((2, 3))
    x = hardswish(linear(x, w["classifier.2.weight"], w["classifier.2.bias"]))
    return linear(x, w["classifier.5.weight"], w["classifier.5.bias"]).sigmoid()


def test_the_network_is_the_published_one():
    net = encoder(5, tags=7)
    features = torch.randn(1, 1, 96, 128)
    expected = described(published(net), features.transpose(2, 3))
    torch.testing.assert_close(net.tags(features), expected, rtol=1e-4, atol=1e-5)
    # The published mn04 has 384 numbers before its tags.
    assert net.width == 384


def test_a_published_file_is_converted_whole(tmp_path):
    from safetensors.torch import save_file

    net = encoder(5, tags=7)
    save_file(published(net), tmp_path / "mn04.safetensors")
    converted = read_converted(tmp_path / "mn04.safetensors")
    assert converted.left_out == ()
    assert converted.description["encoder"] == {"name": "efficientat", "halvings": 3, "width": 0.4, "tag_count": 7}
    again = EfficientatEncoder(EfficientatSettings(halvings=5, tag_count=7)).eval()
    again.load_state_dict(converted.tensors)
    features = torch.randn(1, 1, 64, 128)
    assert torch.equal(again.tags(features), net.tags(features))


def test_other_safetensors_files_are_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"features.16.0.weight": torch.zeros(77, 1, 1, 1)}, tmp_path / "odd.safetensors")
    with pytest.raises(ModelError, match="unknown width"):
        read_converted(tmp_path / "odd.safetensors", "efficientat")
    Path(tmp_path / "no.safetensors").write_bytes(b"none")
    with pytest.raises(ModelError, match="not a safetensors file"):
        read_converted(tmp_path / "no.safetensors")


@pytest.mark.parametrize("halvings", [1, 3])
def test_finer_time_has_more_vectors_of_the_same_context(halvings):
    coarse, fine = encoder(5), encoder(halvings)
    for net in (coarse, fine):  # the only layers whose numbers depend on all of the input
        for layer in net.modules():
            if hasattr(layer, "fc2"):
                layer.fc2.weight.data.zero_()
    features = torch.randn(1, 1, 640, 128)
    with torch.inference_mode():
        wide, narrow = coarse.convolved(features), fine.convolved(features)
    step = 2 ** (5 - halvings)
    assert narrow.shape[2] == wide.shape[2] * step
    # Beyond the end the finer network pads at other positions, so the last vectors may differ.
    torch.testing.assert_close(narrow[:, :, ::step][:, :, :14], wide[:, :, :14], rtol=1e-3, atol=1e-3)


def test_training_gives_the_same_numbers_as_evaluation():
    net = encoder(3).double()
    features = torch.randn(2, 1, 96, 128, dtype=torch.float64)
    expected = net(features)
    net.train()
    for layer in net.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.eval()
    torch.testing.assert_close(net(features), expected)


def test_layers_can_be_frozen():
    net = encoder(3)
    net.freeze(EFFICIENTAT_LAYERS)
    assert not any(entry.requires_grad for entry in net.features.parameters())
    net.freeze(16)
    assert [entry.requires_grad for entry in net.features[16].parameters()] == [True] * 3
    with pytest.raises(ModelError, match="there are 17"):
        net.freeze(18)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EfficientatSettings(halvings=0), "halvings is 0"),
        (lambda: EfficientatSettings(width=9), "width is 9"),
        (lambda: EfficientatDetectorSettings(mel_count=64), "the encoder takes 128"),
        (lambda: EfficientatDetectorSettings(recurrent=7), "it must be even"),
    ],
)
def test_impossible_settings_are_named(make, message):
    with pytest.raises(ModelError, match=message):
        make()


def test_the_detector_has_a_row_for_each_label_frame():
    net = EfficientatDetector(EfficientatDetectorSettings(width=16, recurrent=8, input_maps=2)).eval()
    assert net(torch.zeros(1, 2, 1001, 128)).shape == (1, 100, 13)


def test_a_detector_begins_with_the_encoder_and_without_its_tags(tmp_path):
    from safetensors.torch import save_file

    net = encoder(5, tags=7)
    save_file(published(net), tmp_path / "mn04.safetensors")
    convert_weights(tmp_path / "mn04.safetensors", tmp_path / "encoder.safetensors")
    detector = EfficientatDetector()
    load_initial_weights(detector, tmp_path / "encoder.safetensors")
    torch.testing.assert_close(detector.encoder.features[16][0].weight, net.features[16][0].weight)
