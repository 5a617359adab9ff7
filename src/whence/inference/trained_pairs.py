"""Which pairs of microphones a model was trained for, and what another pair costs."""

import logging
from collections.abc import Sequence

from whence.audio import MICROPHONE_NAMES, Finding, Microphones, named_microphones
from whence.errors import option

# The pairs of models that do not say theirs.
FIRST_PAIRS = ("dcase",)
# F20 of the first packaged model, trained for the pair of DCASE, on 200 scenes that differ in the pair alone.
MEASURED_F20 = {
    "dcase": 0.455,
    "xy:90": 0.286,
    "ortf": 0.245,
    "binaural": 0.195,
    "ab:0.20": 0.166,
    "phone": 0.143,
}
_log = logging.getLogger("whence.inference")


def is_trained_for(trained: Sequence[str], microphones: Microphones) -> bool:
    """Return whether a pair is among those that a model was trained for.

    Args:
        trained: names; one without its number, such as `xy`, stands for all of its kind.
        microphones: told. The views of Ambisonics are the pair of DCASE; a pair of a user's own counts as the known
            one that differs in the same ways.

    >>> is_trained_for(["dcase"], named_microphones("foa")), is_trained_for(["xy"], named_microphones("xy:120"))
    (True, True)
    """
    family = microphones.name.partition(":")[0]
    if microphones.ambisonics is None and (family in trained or microphones.name in trained):
        return True
    made_of = (microphones.left, microphones.right, microphones.head)
    named = [named_microphones(name) for name in trained]
    is_known = family in {name.partition(":")[0] for name in MICROPHONE_NAMES}
    return made_of in [(pair.left, pair.right, pair.head) for pair in named] or (
        not is_known and _kind(microphones) in trained
    )


def untrained_sentence(trained: Sequence[str], microphones: Microphones | None) -> str | None:
    """Return the warning for a pair that a model was not trained for; None for the others, and where none was told.

    >>> untrained_sentence(["dcase"], named_microphones("ab:0.25"))
    'ab:0.25: the model was trained for dcase, so directions may be wrong; with ab:0.20, F20 fell from 45.5 % to 16.6 %'
    """
    if microphones is None or is_trained_for(trained, microphones):
        return None
    trained_for = f"the model was trained for {', '.join(trained) or 'no pair in common'}"
    near = _nearest_measured(microphones)
    fell = f"F20 fell from {MEASURED_F20['dcase']:.1%} to {MEASURED_F20[near]:.1%}".replace("%", " %")
    return f"{microphones.name}: {trained_for}, so directions may be wrong; with {near}, {fell}"


def found_sentence(trained: Sequence[str], finding: Finding) -> str | None:
    """Return the warning where the signal shows a pair that a model was not trained for; None elsewhere.

    >>> found_sentence(["dcase"], Finding("spaced", 0.17, 30)).partition("; ")[2]
    'the model was trained for dcase, so directions may be wrong; say what it is from with microphones="NAME"'
    >>> found_sentence(["dcase", "ab"], Finding("spaced", 0.17, 30)) is found_sentence(["dcase"], Finding("one point"))
    True
    """
    known = [named_microphones(name) for name in trained]
    spaced = finding.kind == "spaced" and not any(pair.spacing_m for pair in known)
    head = finding.kind == "head" and not any(pair.head for pair in known)
    if not spaced and not head:
        return None
    wrong = f"the model was trained for {', '.join(trained) or 'no pair in common'}, so directions may be wrong"
    return f"{finding.text()}; {wrong}; say what it is from with {option('microphones', 'NAME')}"


def warn_of_untrained(trained: Sequence[str], microphones: Microphones | None) -> None:
    """Log `untrained_sentence`, where there is one, as a warning."""
    sentence = untrained_sentence(trained, microphones)
    if sentence is not None:
        _log.warning("%s", sentence)


def _nearest_measured(microphones: Microphones) -> str:
    """The measured pair that is most like another: the same, or one whose channels differ in the same ways."""
    if microphones.name in MEASURED_F20:
        return microphones.name
    return {"xy": "xy:90", "ab": "ab:0.20"}.get(kind := _kind(microphones), kind)


def _kind(microphones: Microphones) -> str:
    """The name of a pair whose channels differ in the same ways: by level, by time, by both, or by a head."""
    if microphones.head is not None:
        return "binaural"
    if microphones.is_coincident:
        return "xy"
    return "ab" if microphones.left.pattern == microphones.right.pattern == 1.0 else "ortf"
