"""What holds for every network: it learns in every coding, runs at any length, in bfloat16, and exports."""

import copy

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from whence.features import build_features
from whence.labels import Events
from whence.models.compact_detector import CompactDetectorSettings
from whence.models.compact_localizer import CompactLocalizerSettings
from whence.models.conformer import ConformerSettings
from whence.models.dasheng import DashengSettings
from whence.models.dasheng_detector import DashengDetectorSettings
from whence.models.efficientat import EfficientatSettings
from whence.models.efficientat_detector import EfficientatDetectorSettings
from whence.models.multi_branch import MultiBranchSettings
from whence.models.outputs.accdoa import AccdoaSettings
from whence.models.outputs.classwise import ClasswiseSettings, detection, localization
from whence.models.outputs.distance import DistanceScale
from whence.models.outputs.multi_accdoa import MultiAccdoaSettings
from whence.models.outputs.registry import build_output
from whence.models.outputs.tracks import TracksSettings
from whence.models.registry import MODELS, build_model
from whence.models.resnet_conformer import ResnetConformerSettings
from whence.models.seldnet import SeldNetSettings
from whence.models.yamnet import YamnetSettings

CLASSES = 2
CONFORMER = ConformerSettings(16, 2, kernel=3, dropout=0.0)
RESNET = {"channels": (8, 8, 8, 8), "depth": 1, "conformer": CONFORMER, "mel_count": 32}

# name -> (settings for an output size, feature frames per label frame)
NETWORKS = {
    "seldnet": (lambda size: SeldNetSettings(2, 32, size, 16, width=32, heads=2, dropout=0.0), 5),
    "compact_localizer": (
        lambda size: CompactLocalizerSettings(4, 16, size, (8, 8, 8, 16), width=32, heads=2, dropout=0.0),
        5,
    ),
    "compact_detector": (
        lambda size: CompactDetectorSettings(
            YamnetSettings(width=0.125, batch_norm=True), output_size=size, width=32, recurrent=32, dropout=0.0
        ),
        10,
    ),
    "efficientat_detector": (
        lambda size: EfficientatDetectorSettings(
            EfficientatSettings(width=0.1), output_size=size, width=32, recurrent=32, dropout=0.0
        ),
        10,
    ),
    "dasheng_detector": (
        lambda size: DashengDetectorSettings(
            DashengSettings(16, 1, 2, 16), mel_count=16, output_size=size, hidden=(32,), dropout=0.0
        ),
        10,
    ),
    "resnet_conformer": (lambda size: ResnetConformerSettings(output_size=size, **RESNET), 5),
    "multi_branch": (lambda _: MultiBranchSettings(ResnetConformerSettings(**RESNET), CLASSES, branch_depth=0), 5),
}
VECTOR = ClasswiseSettings(CLASSES, direction="vector")
CODINGS = {
    "classwise": ClasswiseSettings(CLASSES),
    "detection": detection(CLASSES),
    "localization": localization(CLASSES),
    "vector": VECTOR,
    "standard distance": ClasswiseSettings(CLASSES, scale=DistanceScale("standard", relative=False)),
    # Official distances (ReLU) may stay at zero for good in a network as small as these.
    "accdoa": AccdoaSettings(CLASSES, distance="softplus"),
    "multi_accdoa": MultiAccdoaSettings(CLASSES, distance="softplus"),
    "tracks": TracksSettings(CLASSES),
}
OWN = [(name, "vector" if name == "multi_branch" else MODELS[name].output) for name in MODELS]
# multi_branch writes activity, x, y, distance and nothing else.
GRID = [(name, coding) for name in MODELS for coding in CODINGS if name != "multi_branch" or coding == "vector"]
# Every network in its own coding, every coding in one network; the whole grid runs at night.
QUICK = sorted({*OWN, *(("compact_localizer", coding) for coding in CODINGS)})


def some_maps(name, settings, frames, batch=2, seed=1):
    """Noise in the shape of the network's features; each clip has its own."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, settings.input_maps, frames, settings.mel_count, generator=generator)


def some_events(clip_count, frames, seed=1):
    """One or two sources per class at a time, with gaps; not learnable by a constant."""
    tables = []
    for clip in range(clip_count):
        rng = np.random.default_rng([seed, clip, 0])
        rows = [(f, k, rng.uniform(-80, 80), rng.uniform(0.5, 4)) for f in range(frames) for k in range(CLASSES)]
        rows = [row for row in rows if rng.random() < 0.6]
        rows += [(f, k, -az, d + 1) for f, k, az, d in rows if rng.random() < 0.3]
        frame, class_index, azimuth, distance = zip(*rows, strict=True)
        columns = {"frame": frame, "class_index": class_index, "azimuth_deg": azimuth, "distance_m": distance}
        tables.append(Events.from_columns(columns))
    return tables


def overfit(name, coding_name, steps=300, target_share=0.05):
    """Train on one batch until the loss is a small share of where it began; return that share."""
    torch.manual_seed(1)
    coding = build_output(CODINGS[coding_name])
    make, frames_per_label = NETWORKS[name]
    settings = make(coding.output_size)
    net = build_model(settings).train()
    maps = some_maps(name, settings, 4 * frames_per_label + 1)
    target = torch.from_numpy(coding.encode(some_events(2, 4), 4))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    first = share = None
    for step in range(steps):
        if step == steps // 2:
            optimizer.param_groups[0]["lr"] = 0.002
        loss = coding.loss(net(maps), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        first = loss.item() if first is None else first
        share = loss.item() / first
        if share < target_share:
            break
    return share


@pytest.mark.parametrize(("name", "coding"), QUICK)
def test_networks_and_codings_overfit_a_small_batch(name, coding):
    assert overfit(name, coding) < 0.05


@pytest.mark.nightly
@pytest.mark.parametrize(("name", "coding"), GRID)
def test_every_network_overfits_in_every_coding_to_almost_nothing(name, coding):
    assert overfit(name, coding, steps=2000, target_share=0.005) < 0.005


@pytest.mark.parametrize("name", NETWORKS)
def test_length_is_free_and_clips_do_not_mix_in_evaluation(name):
    make, frames_per_label = NETWORKS[name]
    settings = make(26)
    net = build_model(settings).eval()
    for label_frames in (1, 4, 13):
        maps = some_maps(name, settings, label_frames * frames_per_label + 1, batch=3)
        out = net(maps)
        assert out.shape == (3, label_frames, settings.output_size)
        torch.testing.assert_close(net(maps[1:2]), out[1:2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16_autocast_runs_forward_and_backward_near_float32(name):
    torch.manual_seed(1)
    make, frames_per_label = NETWORKS[name]
    settings = make(26)
    net = build_model(settings).eval()
    maps = some_maps(name, settings, 4 * frames_per_label + 1)
    expected = net(maps).detach()
    with torch.autocast("cpu", torch.bfloat16):
        out = net(maps)
    out.float().sum().backward()
    assert all(bool(torch.isfinite(p.grad).all()) for p in net.parameters() if p.grad is not None)
    spread = expected.std().clamp(min=0.01)
    assert float((out.detach().float() - expected).abs().mean() / spread) < 0.1


class NothingComplex(TorchDispatchMode):
    """Fails as soon as an operation gives a complex tensor."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for result in out if isinstance(out, tuple | list) else [out]:
            assert not (isinstance(result, torch.Tensor) and result.is_complex()), func
        return out


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_use_real_arithmetic_only(name):
    make, frames_per_label = NETWORKS[name]
    settings = make(26)
    net = build_model(settings).eval()
    with NothingComplex():
        net(some_maps(name, settings, 4 * frames_per_label + 1))
    with pytest.raises(AssertionError, match="complex"), NothingComplex():
        torch.view_as_complex(torch.zeros(3, 2))


def export_and_compare(name, settings, frames_per_label):
    """Export with free batch and time, then run at another size."""
    from torch.export._patches import register_gru_while_loop_decomposition  # slow to import

    torch.manual_seed(1)
    net = build_model(settings).eval()
    maps = some_maps(name, settings, 10 * frames_per_label + 1)
    shapes = {"features": {0: torch.export.Dim.DYNAMIC, 2: torch.export.Dim.DYNAMIC}}
    # A GRU is otherwise unrolled, which fixes its length.
    with register_gru_while_loop_decomposition(), torch.no_grad():
        program = torch.export.export(net, (maps,), dynamic_shapes=shapes)
    longer = some_maps(name, settings, 23 * frames_per_label + 3, batch=3)
    torch.testing.assert_close(program.module()(longer), net(longer), rtol=1e-4, atol=1e-5)


def test_a_network_without_recurrence_exports_with_free_length():
    settings = CompactLocalizerSettings(4, 16, 26, (4, 4, 4, 4), width=16, heads=2, sequence=("transformer", "conv"))
    export_and_compare("compact_localizer", settings, 5)


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore")  # torch's tracing of a GRU warns of itself
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_exports_with_free_length(name):
    make, frames_per_label = NETWORKS[name]
    export_and_compare(name, make(26), frames_per_label)


@pytest.mark.parametrize(("name", "coding"), OWN)
def test_sound_to_loss_works_for_each_network_as_it_comes(name, coding):
    """Default front end, default coding, real settings but for the two large encoders."""
    kind = MODELS[name]
    settings = kind.settings_type()
    if name == "dasheng_detector":
        settings = DashengDetectorSettings(DashengSettings(24, 1, 2))
    net = build_model(settings)
    output = build_output(VECTOR if coding == "vector" else coding)
    if net.settings.output_size == 13:
        output = build_output(detection())
    elif net.settings.output_size == 26:
        output = build_output(localization())
    elif net.settings.output_size == 52:
        output = build_output(ClasswiseSettings(direction="vector"))
    signal = torch.randn(2, 2, 24_000, generator=torch.Generator().manual_seed(1))
    raw = net(build_features(kind.features)(signal))
    assert raw.shape == (2, 10, output.output_size)
    target = torch.from_numpy(output.encode(some_events(2, 10), 10))
    output.loss(raw, target).backward()
    assert any(p.grad is not None and bool(p.grad.any()) for p in net.parameters())


def test_networks_copy():
    """Averages of weights are a copy, which must not share memory."""
    net = build_model(NETWORKS["compact_localizer"][0](26))
    twin = copy.deepcopy(net)
    torch.nn.init.zeros_(twin.output_layer.weight)
    assert bool(net.output_layer.weight.any())
