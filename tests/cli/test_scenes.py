"""`whence scenes`, `whence scenes rooms`, `whence convert` and `whence data` as a user types them."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from whence.audio import read
from whence.cli.main import main
from whence.corpora.fetch import SUMS_FILE
from whence.labels import read_dcase
from whence.scenes.rooms import load_room_bank, save_room_bank


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    """Two small, dry rooms, made the way a user makes them."""
    path = tmp_path_factory.mktemp("rooms") / "rooms.safetensors"
    words = ["--rooms", "2", "--places", "4", "--rt60", "0.15", "0.2", "--seed", "5", "--jobs", "1"]
    assert main(["scenes", "rooms", str(path), *words]) == 0
    return path


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """Three sounds of two classes, and a background."""
    folder = tmp_path_factory.mktemp("sounds")
    rng = np.random.default_rng(1)
    for name, seconds in (("bell/a", 1.0), ("bell/b", 2.0), ("music/c", 3.0), ("background/d", 6.0)):
        path = folder / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, rng.normal(0, 0.1, int(24_000 * seconds)), 24_000)
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path / "cache"))


def files_under(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def mix(sounds, rooms, out, *flags):
    return main(["scenes", str(sounds), "--rooms", str(rooms), "--out", str(out), *flags])


def test_what_the_bank_lacks_is_left_out_and_logged(sounds, rooms, tmp_path, capsys):
    assert mix(sounds, rooms, tmp_path / "synth", "--clips", "1") == 0
    err = capsys.readouterr().err
    assert "no sounds of: female speech, male speech, clapping," in err
    assert "no sounds of interference" in err
    assert "no sounds of background" not in err


def test_a_data_set_of_scenes_has_the_layout_of_the_stereo_set(sounds, rooms, tmp_path, capsys):
    out = tmp_path / "synth"
    assert mix(sounds, rooms, out, "--clips", "3") == 0
    made = files_under(out)
    for index in range(3):
        name = f"dev-train-synth/fold1_seed1_index{index:06d}"
        signal = read(out / f"stereo_dev/{name}.wav")
        assert signal.shape == (2, 120_000)
        assert set(read_dcase(out / f"metadata_dev/{name}.csv").class_index.tolist()) <= {8, 11}
    assert "3 clips in" in capsys.readouterr().err
    # What is there stays; what is missing is made again, byte for byte.
    (out / "metadata_dev/dev-train-synth/fold1_seed1_index000001.csv").unlink()
    assert mix(sounds, rooms, out, "--clips", "3") == 0
    assert files_under(out) == made
    assert "1 made now, 2 were there" in capsys.readouterr().err


def test_scenes_of_another_seed_do_not_mix_into_a_folder(sounds, rooms, tmp_path, capsys):
    out = tmp_path / "synth"
    assert mix(sounds, rooms, out, "--clips", "1") == 0
    before = files_under(out)
    assert mix(sounds, rooms, out, "--clips", "1", "--seed", "2") == 2
    assert "choose another folder" in capsys.readouterr().err
    assert files_under(out) == before


def test_show_writes_sound_labels_and_picture_of_each_scene(sounds, rooms, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    out = tmp_path / "look"
    assert mix(sounds, rooms, out, "--show", "2") == 0
    assert sorted(path.name for path in out.iterdir()) == [
        *("scene000.csv", "scene000.png", "scene000.wav", "scene001.csv", "scene001.png", "scene001.wav"),
    ]
    assert (out / "scene000.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    events = list(read_dcase(out / "scene000.csv"))
    assert printed.count(" deg ") == sum(len(list(read_dcase(path))) for path in out.glob("*.csv"))
    assert f"  {events[0].onset_s:.1f}-{events[0].offset_s:.1f} s" in printed


def test_scenes_of_other_microphones_say_which(sounds, rooms, tmp_path, capsys):
    out = tmp_path / "look"
    assert mix(sounds, rooms, out, "--show", "2", "--microphones", "ab:0.3") == 0
    assert "scene000.wav  ab:0.3: omnis, 30 cm between them" in capsys.readouterr().out
    usual = tmp_path / "usual"
    assert mix(sounds, rooms, usual, "--show", "2") == 0
    assert "omnis" not in capsys.readouterr().out
    assert (out / "scene000.csv").read_bytes() == (usual / "scene000.csv").read_bytes()
    assert (out / "scene000.wav").read_bytes() != (usual / "scene000.wav").read_bytes()


def test_microphones_that_cannot_record_scenes_are_refused(sounds, rooms, tmp_path, capsys):
    assert mix(sounds, rooms, tmp_path / "none", "--show", "1", "--microphones", "otrf") == 2
    assert "microphones.otrf: no microphones 'otrf'; did you mean ortf?" in capsys.readouterr().err
    assert mix(sounds, rooms, tmp_path / "none", "--show", "1", "--microphones", "foa") == 2
    assert "foa has four channels and scenes have two" in capsys.readouterr().err
    bank = load_room_bank(rooms)
    save_room_bank(tmp_path / "old.safetensors", replace(bank, shoeboxes=None))
    assert mix(sounds, tmp_path / "old.safetensors", tmp_path / "none", "--show", "1", "--microphones", "ortf") == 2
    assert "ortf needs rooms whose walls are known" in capsys.readouterr().err
    assert mix(sounds, tmp_path / "old.safetensors", tmp_path / "fine", "--show", "1", "--microphones", "xy:90") == 0


def test_a_list_of_sounds_with_a_condition(sounds, rooms, tmp_path):
    rows = [f"{sounds}/bell/a.wav,bell,train", f"{sounds}/bell/b.wav,bell,test", f"{sounds}/music/c.wav,music,train"]
    (tmp_path / "list.csv").write_text("path,class,split\n" + "\n".join(rows) + "\n")
    settings = tmp_path / "own.json"
    settings.write_text(json.dumps({"duration_s": 2}))
    words = ["--rooms", str(rooms), "--settings", str(settings), "--clips", "1", "--where", "split=train"]
    code = main(["scenes", str(tmp_path / "list.csv"), *words, "--out", str(tmp_path / "synth")])
    assert code == 0
    assert json.loads((tmp_path / "synth" / "scenes" / "dev-train-synth.json").read_text())["sounds"] == 2
    (made,) = (tmp_path / "synth").rglob("*.wav")
    assert read(made).shape == (2, 48_000)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ([], "how many scenes"),
        (["--clips", "0"], "how many scenes"),
        (["--clips", "1", "--where", "split"], "a folder has no columns"),
        (["--clips", "1", "--rooms", "nowhere.safetensors"], "nowhere.safetensors"),
        (["--clips", "1", "--classes", "nowhere.txt"], "nowhere.txt: no such file"),
    ],
)
def test_what_cannot_be_mixed_is_refused_and_nothing_is_written(flags, sentence, sounds, rooms, tmp_path, capsys):
    assert mix(sounds, rooms, tmp_path / "synth", *flags) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "synth").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("gain: {level_db: [-40, -20]}", "scenes.gain.level_db is not a field; did you mean level_dbfs?"),
        ("duration_s: [", "settings.yaml:1: not YAML"),
        ("- 1", "settings are names with values"),
        ("!!python/object/apply:os.system ['true']", "settings.yaml:1: not YAML"),
        ("silent_clip_probability: 2", "silent_clip_probability"),
    ],
)
def test_settings_that_cannot_be_used_name_the_field(text, sentence, sounds, rooms, tmp_path, capsys):
    settings = tmp_path / "settings.yaml"
    settings.write_text(text)
    words = ["--rooms", str(rooms), "--clips", "1", "--settings", str(settings), "--out", str(tmp_path / "synth")]
    assert main(["scenes", str(sounds), *words]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert "Traceback" not in err
    assert not (tmp_path / "synth").exists()


def test_sounds_that_are_not_there(rooms, tmp_path, capsys):
    assert main(["scenes", "nowhere", "--rooms", str(rooms), "--clips", "1", "--out", str(tmp_path / "o")]) == 2
    assert "nowhere: no such folder or list of sounds" in capsys.readouterr().err


def test_rooms_are_computed_as_asked(rooms, capsys):
    bank = load_room_bank(rooms)
    assert len(bank) == 8
    assert len(bank.room_name) == 2
    assert ((bank.rt60_s >= 0.15) & (bank.rt60_s <= 0.2)).all()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["rooms.bin"], "a room bank is a .safetensors file"),
        (["nowhere/rooms.safetensors"], "nowhere: no such folder"),
        (["rooms.safetensors", "--rooms", "0"], "0 rooms"),
        (["rooms.safetensors", "--rt60", "0.9", "0.3"], "rt60_s"),
        (["rooms.safetensors", "--measured", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_rooms_that_cannot_be_computed(words, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["scenes", "rooms", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_convert_cuts_stereo_clips_from_recordings(tmp_path, capsys):
    starss = tmp_path / "starss"
    for kind in ("foa_dev/dev-train-sony", "metadata_dev/dev-train-sony"):
        (starss / kind).mkdir(parents=True)
    foa = np.random.default_rng(2).normal(0, 0.05, (24_000 * 20, 4))
    soundfile.write(starss / "foa_dev/dev-train-sony/fold3_room21_mix020.wav", foa, 24_000)
    labels = "".join(f"{frame},8,0,{frame - 90},-10,200\n" for frame in range(180))
    (starss / "metadata_dev/dev-train-sony/fold3_room21_mix020.csv").write_text(labels)
    words = [
        "convert",
        str(starss),
        "--out",
        str(tmp_path / "stereo"),
        "--clips",
        "4",
        "--seed",
        "3",
        "--all-recordings",
    ]
    assert main(words) == 0
    names = sorted(path.stem for path in (tmp_path / "stereo").rglob("*.wav"))
    assert len(names) == 4
    assert all(name.startswith("fold3_room21_mix020_deg") for name in names)
    assert sorted(path.stem for path in (tmp_path / "stereo").rglob("*.csv")) == names
    assert "4 made now, 0 were there" in capsys.readouterr().err
    assert main(words) == 0
    assert "0 made now, 4 were there" in capsys.readouterr().err


def test_convert_of_a_folder_that_holds_nothing(tmp_path, capsys):
    assert main(["convert", str(tmp_path), "--out", str(tmp_path / "stereo"), "--clips", "1"]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_data_index_and_verify(tmp_path, capsys):
    (tmp_path / "dasheng_base.pt").write_bytes(b"weights")
    assert main(["data", "index", str(tmp_path)]) == 0
    assert (tmp_path / SUMS_FILE).read_text().endswith("dasheng_base.pt\n")
    assert main(["data", "verify", "dasheng_base", str(tmp_path)]) == 0
    (tmp_path / "dasheng_base.pt").write_bytes(b"other")
    capsys.readouterr()
    assert main(["data", "verify", "dasheng_base", str(tmp_path)]) == 1
    assert "1 files changed" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["fetch", "starss24", "x"], ["verify", "starss24", "x"]])
def test_a_data_set_nobody_knows(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["data", *words]) == 2
    assert "no data set 'starss24'; there are: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
