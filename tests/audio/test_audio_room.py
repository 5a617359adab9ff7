"""The room as a whole: what it offers, and that using its name costs little."""

import subprocess
import sys

import whence.audio


def test_every_public_name_is_there():
    assert sorted(
        whence.audio.__all__, key=lambda name: (name.isupper() is False, name)
    ) == whence.audio.__all__ or set(whence.audio.__all__) <= set(dir(whence.audio))


def test_importing_the_room_loads_no_decoder():
    script = (
        "import sys, whence.audio; print(*sorted({'soundfile', 'soxr', 'av', 'scipy', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
