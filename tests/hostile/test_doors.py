"""Spoiled files of every kind but sounds end in one sentence: no other exception, no hang, no memory without bound."""

import json
import os
import subprocess
import sys
from pathlib import Path

import hostile_doors
import pytest

# Without torch, and with it: each group is read by one process, because loading torch takes longer than reading.
LIGHT = ("table", "earlier_table", "json_lines", "label_zip", "fetched_zip", "fetched_tar")
HEAVY = tuple(name for name in hostile_doors.NAMES if name not in LIGHT)
SHORT, LONG = {LIGHT: 100, HEAVY: 50}, 3000
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are those of Linux")


def readings(folder, doors, first_seed, count, limit_s):
    """How readings ended, by kind of file."""
    words = [sys.executable, hostile_doors.__file__, folder, first_seed, count, *doors]
    done = subprocess.run(
        list(map(str, words)),
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    now = Path(folder) / "now"
    assert done.returncode == 0, f"{now.read_text() if now.exists() else 'before the first'}: {done.stderr[-2000:]}"
    return json.loads(done.stdout)


def assert_held(found):
    assert found["strangers"] == {}
    assert found["outcomes"]["refused"] > 0
    assert found["longest_s"] < hostile_doors.LONGEST_S
    assert found["grown_mib"] < 400


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    known = {}

    def of(door):
        if door not in known:
            group = LIGHT if door in LIGHT else HEAVY
            known.update(readings(tmp_path_factory.mktemp("doors"), group, 0, SHORT[group], 300))
        return known[door]

    return of


@pytest.mark.parametrize("door", [*LIGHT, *HEAVY])
def test_spoiled_files_end_in_one_sentence(door, short):
    assert_held(short(door))


@pytest.mark.nightly
@pytest.mark.parametrize("door", [*LIGHT, *HEAVY])
def test_thousands_of_spoiled_files_end_in_one_sentence(door, tmp_path):
    assert_held(readings(tmp_path, [door], 1_000_000, LONG, 3600)[door])
