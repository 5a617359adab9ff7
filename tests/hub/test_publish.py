"""`whence publish` as a user types it, against a local Hub server: what is uploaded and what never is."""

import hashlib
import json
import pickle
import struct
import sys

import pytest
import yaml
from hub_models import NETWORK, SYSTEM, network, safetensors
from hub_server import COMMIT, TOKEN, running_hub

from whence.cli.demo import LABELS
from whence.cli.main import main
from whence.errors import WhenceError
from whence.hub.download import hub_model
from whence.hub.publish import read_scores

# The Hub's client calls its own web library in a way that this finds old-fashioned.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


WEIGHTS = safetensors()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A running local Hub that has nothing yet."""
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "token"))
    # The local Hub speaks the older of the client's two ways of sending large files.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    with running_hub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.address)
        running.models["doe/street"] = {".gitattributes": b""}
        yield running


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "exported.onnx"
    path.write_bytes(NETWORK)
    return path


@pytest.fixture
def trained(tmp_path):
    """A run folder as training leaves it, and a few other files."""
    folder = tmp_path / "first"
    for name in ("detector", "localizer"):
        (folder / name).mkdir(parents=True)
        (folder / name / "weights.safetensors").write_bytes(WEIGHTS)
        (folder / name / "state.a.safetensors").write_bytes(WEIGHTS)
    (folder / "system.json").write_bytes(SYSTEM)
    (folder / "recipe.json").write_text("{}")
    (folder / "metrics.jsonl").write_text("{}\n")
    (folder / "best.pt").write_bytes(pickle.dumps("boom"))
    (folder / "predictions" / "dev-test").mkdir(parents=True)
    for number in range(3):
        (folder / "predictions" / "dev-test" / f"{number}.csv").write_text("x")
    return folder


@pytest.fixture
def scores(tmp_path, capsys):
    """What `whence evaluate --json` really prints."""
    assert main(["evaluate", str(LABELS / "truth"), str(LABELS / "eager"), "--json"]) == 0
    path = tmp_path / "scores.json"
    path.write_text(capsys.readouterr().out)
    return path


def publish(capsys, *arguments):
    """The exit code and both streams."""
    code = main(["publish", *map(str, arguments)])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def metadata(card):
    _, front, _ = card.split("---\n", 2)
    return yaml.safe_load(front)


def test_without_yes_everything_is_shown_and_nothing_is_asked(hub, model, capsys, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    code, out, _ = publish(capsys, model, "doe/street")
    assert code == 0
    assert out.startswith(f"would go to {hub.address}/doe/street\n")
    assert hashlib.sha256(NETWORK).hexdigest() in out
    assert "model.onnx" in out
    assert "README.md would be:" in out
    assert "positive to the left" in out
    assert "no licence is stated; add --license" in out
    assert out.endswith(
        "Nothing was uploaded. The same command with --yes does it, with the token in HF_TOKEN or of hf auth login.\n"
    )
    assert hub.requests == []


def test_without_the_extra_its_name_is_told(hub, model, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    code, _, err = publish(capsys, model, "doe/street")
    assert code == 2
    assert "making a model card needs more packages; pip install 'whence[hub]'" in err


def test_the_token_of_a_login_is_used(hub, model, capsys, tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    assert publish(capsys, model, "doe/street", "--license", "mit", "--yes")[0] == 0
    assert hub.tokens == {f"Bearer {TOKEN}"}


def test_a_published_model_comes_back_the_same(hub, model, capsys, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    code, out, _ = publish(capsys, model, "doe/street", "--license", "mit", "--yes")
    assert code == 0
    assert out == f"{hub.address}/doe/street\nhf:doe/street@{COMMIT}\n"
    assert hub.created[0]["name"] == "street"
    assert hub.created[0]["organization"] == "doe"
    (commit,) = hub.commits
    assert set(commit["files"]) == {"model.onnx", "README.md"}
    assert metadata(commit["files"]["README.md"].decode())["license"] == "mit"
    assert hub_model(out.splitlines()[1]).read_bytes() == NETWORK


def test_of_a_run_only_the_model_is_uploaded(hub, trained, capsys, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    _, out, _ = publish(capsys, trained, "doe/street")
    stays = out.split("not uploaded:\n")[1].split("\nREADME.md would be")[0]
    assert "best.pt                        refused: only .safetensors, .onnx, .json, .md are published\n" in stays
    assert "metrics.jsonl                  refused: only" in stays
    assert "detector/state.a.safetensors   no part of the model\n" in stays
    assert "predictions/                   3 files, no part of the model\n" in stays
    assert publish(capsys, trained, "doe/street", "--license", "mit", "--yes", "--private")[0] == 0
    files = hub.commits[0]["files"]
    assert set(files) == {
        "system.json",
        "recipe.json",
        "detector/weights.safetensors",
        "localizer/weights.safetensors",
        "README.md",
    }
    assert "Recipe: `whence_small`" in files["README.md"].decode()
    assert "whence[hub,train]" in files["README.md"].decode()
    assert hub.created[0].get("private", hub.created[0].get("visibility")) in (True, "private")
    assert hub_model(f"hf:doe/street@{COMMIT}").joinpath("detector", "weights.safetensors").read_bytes() == WEIGHTS


def test_the_card_has_the_scores_for_people_and_for_the_hub(hub, model, scores, tmp_path, capsys):
    (tmp_path / "data.md").write_text("STARSS23 (MIT).\n")
    arguments = ("--scores", scores, "--scored-on", 'demo: "24" clips\n- x: y', "--data", tmp_path / "data.md")
    code, out, _ = publish(capsys, model, "doe/street", "--license", "apache-2.0", *arguments)
    assert code == 0
    card = "\n".join(line[2:] for line in out.split("would be:\n\n")[1].split("\nNothing was")[0].splitlines())
    data = metadata(card)
    (result,) = data["model-index"][0]["results"]
    official = json.loads(scores.read_text())["official"]
    assert {metric["type"]: metric["value"] for metric in result["metrics"]} == {
        key: official[key] for key in ("f20", "doae_deg", "rde")
    }
    assert result["dataset"]["name"] == 'demo: "24" clips - x: y'
    assert data["license"] == "apache-2.0"
    assert f"| F20, location-dependent F-score | {100 * official['f20']:.1f} % |" in card
    assert "STARSS23 (MIT)." in card
    assert "12 knock" in card
    assert "consider:" not in out


def test_the_card_names_the_classes_of_the_model(hub, tmp_path, capsys):
    names = ("barrel organ", *(f"other *{index}*" for index in range(12)))
    (tmp_path / "organ.onnx").write_bytes(network(classes=names, recipe="fairs"))
    _, out, _ = publish(capsys, tmp_path / "organ.onnx", "doe/organ")
    assert "- 0 barrel organ\n" in out
    assert "- 12 other \\*11\\*\n" in out
    assert "Recipe: `fairs`" in out


def test_an_onnx_file_of_another_program_is_not_published(hub, tmp_path, capsys):
    from onnx import load_from_string

    model = load_from_string(NETWORK)
    del model.metadata_props[:]
    (tmp_path / "foreign.onnx").write_bytes(model.SerializeToString())
    code, out, err = publish(capsys, tmp_path / "foreign.onnx", "doe/street")
    assert (code, out) == (2, "")
    assert "an ONNX file of another program" in err


def test_numbers_that_are_missing_are_left_out_of_the_metadata(tmp_path, model, hub, capsys):
    part = {"f20": 0.5, "doae_deg": None, "rde": None}
    (tmp_path / "s.json").write_text(json.dumps({"official": part, "strict": part}))
    _, out, _ = publish(capsys, model, "doe/street", "--scores", tmp_path / "s.json")
    assert "type: f20" in out
    assert "type: doae_deg" not in out
    assert "the scores are of data without a name; add --scored-on" in out


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"official": {"f20": "x"}, "strict": {}}',
        b'{"official": {"f20": NaN}, "strict": {}}',
        b'{"official": {"f20": true}, "strict": {}}',
        b'{"official": 3, "strict": {}}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_other_files_are_no_scores(tmp_path, content):
    (tmp_path / "s.json").write_bytes(content)
    with pytest.raises(WhenceError, match=r"s\.json: no (JSON|scores)"):
        read_scores(tmp_path / "s.json")
    with pytest.raises(WhenceError, match="no such file"):
        read_scores(tmp_path / "t.json")


def test_the_token_is_in_no_output_and_no_upload(hub, trained, scores, capsys, monkeypatch, tmp_path, caplog):
    """Every run, the ones that fail included, and every byte that was sent but for the one header."""
    caplog.set_level(0)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    arguments = ["publish", str(trained), "doe/street", "--scores", str(scores), "--license", "mit"]
    assert main(arguments) == 0
    assert main([*arguments, "--yes", "--debug"]) == 0
    monkeypatch.setenv("HF_TOKEN", TOKEN + "X")
    assert main([*arguments, "--yes", "--debug"]) == 2
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert main([*arguments, "--yes", "--debug"]) == 3
    streams = capsys.readouterr()
    everything = streams.out + streams.err + caplog.text + repr(hub.commits) + repr(hub.uploads) + repr(hub.requests)
    assert TOKEN not in everything
    assert f"Bearer {TOKEN}" in hub.tokens
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("source", ["system.json", "detector/weights.safetensors", "data.md", "scored-on"])
def test_a_token_in_what_would_be_uploaded_stops_everything(hub, trained, tmp_path, capsys, monkeypatch, source):
    monkeypatch.setenv("HF_TOKEN", "short-token")
    for secret in ("short-token", "hf_" + "a" * 34):
        (tmp_path / "data.md").write_text(secret if source == "data.md" else "fine")
        if source == "system.json":
            (trained / source).write_bytes(SYSTEM.replace(b"whence_small", secret.encode()))
        elif source.endswith("safetensors"):
            (trained / source).write_bytes(safetensors(b"\0" * ((1 << 20) - 70) + secret.encode()))
        arguments = ["--data", tmp_path / "data.md", "--scored-on", secret if source == "scored-on" else ""]
        scores = tmp_path / "s.json"
        part = {"f20": 0.5, "doae_deg": 1.0, "rde": 0.2}
        scores.write_text(json.dumps({"official": part, "strict": part}))
        code, out, err = publish(capsys, trained, "doe/street", "--scores", scores, *arguments)
        assert code == 2
        assert "token of the Hub" in err
        assert secret not in out + err
    assert hub.requests == []


def test_a_path_of_this_machine_is_noted(hub, trained, capsys):
    (trained / "recipe.json").write_text('{"data": "/home/doe/secret project/x"}')
    assert "recipe.json has a path of this machine: /home/doe/secret project/x" in publish(capsys, trained, "a/b")[1]


def test_no_licence_no_token_no_network_no_upload(hub, model, capsys, monkeypatch):
    assert "a licence is missing" in publish(capsys, model, "doe/street", "--yes")[2]
    code, _, err = publish(capsys, model, "doe/street", "--license", "mit", "--yes")
    assert code == 2
    assert f"set HF_TOKEN to a token that may write, from {hub.address}/settings/tokens" in err
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE forbids" in publish(capsys, model, "doe/street", "--license", "mit", "--yes")[2]
    assert hub.requests == []


def test_a_token_that_may_not_write(hub, model, capsys, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    code, _, err = publish(capsys, model, "doe/street", "--license", "mit", "--yes")
    assert code == 2
    assert "the token may not write to doe/street (401)" in err


def test_a_repository_never_holds_two_models(hub, model, trained, capsys, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert publish(capsys, trained, "doe/street", "--license", "mit", "--yes")[0] == 0
    code, _, err = publish(capsys, model, "doe/street", "--license", "mit", "--yes")
    assert code == 2
    assert "doe/street holds system.json already" in err
    assert len(hub.commits) == 1


def damage(folder, how):
    if how == "no system":
        (folder / "system.json").unlink()
    elif how == "no weights":
        (folder / "localizer" / "weights.safetensors").unlink()
    elif how == "pickle":
        (folder / "localizer" / "weights.safetensors").write_bytes(pickle.dumps({"w": list(range(100))}))
    elif how == "short":
        (folder / "localizer" / "weights.safetensors").write_bytes(b"\x01")
    elif how == "text header":
        (folder / "localizer" / "weights.safetensors").write_bytes(struct.pack("<Q", 4) + b"[3] ")
    elif how == "link":
        (folder / "localizer" / "weights.safetensors").unlink()
        (folder.parent / "outside").write_bytes(WEIGHTS)
        (folder / "localizer" / "weights.safetensors").symlink_to(folder.parent / "outside")
    elif how == "empty":
        (folder / "localizer" / "weights.safetensors").write_bytes(b"")
    elif how == "recipe":
        (folder / "recipe.json").write_text("{")


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("no system", "no finished run in here"),
        ("no weights", "weights.safetensors: missing; a run is published whole"),
        ("pickle", "not a safetensors file; a pickle is never published"),
        ("short", "not a safetensors file"),
        ("text header", "not a safetensors file"),
        ("link", "a link that leads out of the folder"),
        ("empty", "0 bytes; files of 1 to 2,000,000,000 are published"),
        ("recipe", "recipe.json: no JSON"),
    ],
)
def test_a_damaged_run_is_refused(hub, trained, capsys, how, sentence):
    damage(trained, how)
    code, out, err = publish(capsys, trained, "doe/street")
    assert (code, out) == (2, "")
    assert sentence in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["x.pt", "doe/street"], "x.pt: is not published; only .safetensors, .onnx, .json, .md ever are"),
        (["nowhere.onnx", "doe/street"], "nowhere.onnx: no such file"),
        (["nowhere", "doe/street"], "nowhere: no such file"),
        (["bad.onnx", "doe/street"], "bad.onnx: refused as a model"),
        (["exported.onnx", "street"], "names no model on the Hub"),
        (["exported.onnx", "https://hub/doe/street"], "names no model on the Hub"),
        (["exported.onnx", f"doe/street@{COMMIT}"], "a repository to upload to has no commit"),
        (["exported.onnx", "doe/street", "--license", "my own: licence"], "write its identifier"),
        (["exported.onnx", "doe/street", "--data", "nowhere.md"], "nowhere.md: no such file"),
        (["exported.onnx", "doe/street", "--data", "x.pt"], "x.pt: not UTF-8 text"),
    ],
)
def test_wrong_arguments(hub, model, capsys, monkeypatch, arguments, sentence):
    monkeypatch.chdir(model.parent)
    (model.parent / "x.pt").write_bytes(pickle.dumps(b"\xff"))
    (model.parent / "bad.onnx").write_bytes(b"bad")
    code, out, err = publish(capsys, *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert hub.requests == []
