"""The room as a whole: what it offers, and that using its name costs little."""

import subprocess
import sys

import whence.audio


def test_every_public_name_is_there_and_has_its_page():
    for name in whence.audio.__all__:
        offered = getattr(whence.audio, name)
        if callable(offered) and name != "Source":
            assert offered.__doc__, name


def test_importing_the_room_loads_no_decoder():
    script = (
        "import sys, whence.audio; print(*sorted({'soundfile', 'soxr', 'av', 'scipy', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
