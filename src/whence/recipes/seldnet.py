"""`seldnet`, `seldnet_accdoa`: the official baseline and its single-ACCDOA form."""

from dataclasses import replace

from whence.features import logmel_settings
from whence.models import SeldNetSettings
from whence.models.outputs import AccdoaSettings, MultiAccdoaSettings, build_output
from whence.training import NetworkRecipe, OptimizerSettings, Recipe


def seldnet() -> Recipe:
    """The official DCASE 2025 baseline: 734,261 parameters, multi-ACCDOA with ADPIT, Adam at 1e-3.

    As the organisers train it: 31,000 clips an epoch, batches of 256, 200 epochs, a constant rate, no weight decay, no
    clipping of gradients and no average of weights.
    """
    network = NetworkRecipe(
        "seld",
        SeldNetSettings(),
        logmel_settings(),
        MultiAccdoaSettings(),
        batch_clips=256,
        epochs=200,
        epoch_clips=31_214,
        optimizer=OptimizerSettings(
            peak_rate=1e-3, weight_decay=0.0, warmup_share=0.0, schedule="constant", largest_gradient=0.0
        ),
    )
    return Recipe("seldnet", (network,))


def seldnet_accdoa() -> Recipe:
    """The baseline network with one vector per class."""
    network = seldnet().networks[0]
    output = AccdoaSettings()
    model = replace(network.model, output_size=build_output(output).output_size)
    return Recipe("seldnet_accdoa", (replace(network, model=model, output=output),))
