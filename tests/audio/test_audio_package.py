"""The package as a whole: its public names have docstrings, and importing it is cheap."""

import subprocess
import sys

import whence.audio


def test_every_public_name_has_a_docstring():
    for name in whence.audio.__all__:
        offered = getattr(whence.audio, name)
        if callable(offered) and name != "Source":
            assert offered.__doc__, name


def test_importing_the_package_loads_no_decoder():
    script = (
        "import sys, whence.audio; print(*sorted({'soundfile', 'soxr', 'av', 'scipy', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
