"""Models named `hf:user/name@commit`: used from the cache, or fetched once from a local Hub server and checked."""

import hashlib
import logging
import pickle
import sys
import time

import pytest
from hub_models import NETWORK, SYSTEM, network
from hub_server import COMMIT, TOKEN, running_hub

from whence.errors import GaveUpError, InferenceError, MissingExtraError, WhenceError
from whence.hub.download import _cache_folder, hub_model, model_in, read_name, reason

NAME = f"hf:doe/street@{COMMIT}"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A running local Hub with one ONNX model, and an empty cache."""
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "token"))
    with running_hub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.address)
        running.models["doe/street"] = {"model.onnx": NETWORK, "README.md": b"# a card"}
        yield running


@pytest.fixture
def fast_retries(monkeypatch):
    """The client waits seconds before it asks again; the tests need not."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def files_left():
    """What is in the cache but for what the client keeps there for itself."""
    files = (path for path in _cache_folder().rglob("*") if path.is_file())
    return sorted(path.name for path in files if path.suffix != ".lock" and path.name != "CACHEDIR.TAG")


def test_an_onnx_model_is_fetched_checked_and_logged(hub, caplog):
    caplog.set_level(logging.INFO, "whence")
    path = hub_model(NAME)
    assert path.read_bytes() == NETWORK
    assert path == _cache_folder() / "models--doe--street" / "snapshots" / COMMIT / "model.onnx"
    sha256 = hashlib.sha256(NETWORK).hexdigest()
    assert f"fetching model.onnx of {NAME}: {len(NETWORK) / 1e6:.1f} MB, sha256 {sha256}" in caplog.messages


def test_only_the_model_is_fetched(hub):
    hub.models["doe/street"] |= {"weights.pt": pickle.dumps("boom"), "notes.txt": b"x", "deep/other.onnx": b"x"}
    hub_model(NAME)
    assert {path for _, path in hub.requests if "/resolve/" in path} == {f"/doe/street/resolve/{COMMIT}/model.onnx"}


def test_the_second_time_no_request_is_made(hub, monkeypatch):
    path = hub_model(NAME)
    hub.requests.clear()
    assert hub_model(NAME) == path
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert hub_model(NAME) == path
    assert hub.requests == []


def test_a_file_put_there_by_hand_is_used_even_without_the_extra(hub, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'whence\[hub\]'"):
        hub_model(NAME)
    folder = read_name(NAME).folder
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(NETWORK)
    assert hub_model(NAME) == folder / "model.onnx"
    assert hub.requests == []


def test_a_run_is_fetched_whole(hub):
    weights = {f"{name}/weights.safetensors": name.encode() for name in ("detector", "localizer")}
    other = {"detector/state.a.safetensors": b"x", "detector/x.pkl": b"x", "../up/weights.safetensors": b"x"}
    hub.models["doe/street"] = {"system.json": SYSTEM, **weights, **other, "README.md": b"#"}
    folder = hub_model(NAME)
    assert folder == read_name(NAME).folder
    assert {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == {
        "system.json": SYSTEM,
        **weights,
    }


def test_a_run_that_lacks_a_network_is_refused_until_it_is_there(hub):
    hub.models["doe/street"] = {"system.json": SYSTEM, "detector/weights.safetensors": b"d"}
    with pytest.raises(WhenceError, match=r"names networks that are not there"):
        hub_model(NAME)
    hub.models["doe/street"]["localizer/weights.safetensors"] = b"l"
    assert hub_model(NAME).is_dir()


def test_without_a_commit_the_newest_is_taken_and_named(hub, caplog):
    assert hub_model("hf:doe/street").parent.name == COMMIT
    assert f"{NAME} is the newest today" in caplog.text


@pytest.mark.parametrize(
    "name",
    [
        "hf:https://example.org/model.onnx",
        "https://huggingface.co/doe/street",
        "hf:doe",
        "hf:",
        "hf:doe/street/model.onnx",
        "hf:doe/street@main",
        "hf:doe/street@" + "0" * 39,
        "hf:doe/street@" + "0" * 41,
        "hf:doe/street@" + "A" * 40,
        f"hf:doe/street@{COMMIT}\n",
        "hf:../..",
        "hf:doe/..",
        "hf:-x/y",
        "hf:doe/str eet",
        "hf:döe/street",
        "hf:doe/street?x=1",
        "hf:user@host/x",
    ],
)
def test_urls_and_other_texts_are_refused_as_names(hub, name):
    with pytest.raises(WhenceError, match="names no model on the Hub"):
        hub_model(name)
    assert hub.requests == []


def test_no_such_model_and_no_such_commit(hub):
    for name in (f"hf:doe/alley@{COMMIT}", "hf:doe/street@" + "f" * 40):
        with pytest.raises(WhenceError, match="no such model or commit on http") as caught:
            hub_model(name)
        assert not isinstance(caught.value, GaveUpError)


def test_a_private_model_needs_the_token_and_never_logs_it(hub, monkeypatch, caplog):
    hub.hidden["doe/street"] = 401
    with pytest.raises(WhenceError, match="if it is private, set HF_TOKEN"):
        hub_model(NAME)
    assert hub.tokens == set()
    hub.hidden.clear()
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    caplog.set_level(logging.DEBUG)
    hub_model(NAME)
    assert hub.tokens == {f"Bearer {TOKEN}"}
    assert TOKEN not in caplog.text
    assert reason(RuntimeError(f"\nno {TOKEN}\nmore")) == "no ***"


def by_hand(message, file):
    """Whether a message has what to download by hand, from where, and where to put it."""
    name = read_name(NAME)
    return f"/doe/street/resolve/{COMMIT}/{file} by hand and put it at {name.folder / file}" in message


def test_offline_fails_at_once(hub, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(GaveUpError, match="HF_HUB_OFFLINE forbids") as caught:
        hub_model(NAME)
    assert f"/doe/street/resolve/{COMMIT}/model.onnx" in str(caught.value)
    assert str(read_name(NAME).folder) in str(caught.value)
    assert hub.requests == []
    with pytest.raises(GaveUpError, match="name a commit"):
        hub_model("hf:doe/street")


def test_an_unreachable_hub_fails_without_waiting(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    started = time.perf_counter()
    with pytest.raises(GaveUpError, match="could not be asked for"):
        hub_model(NAME)
    assert time.perf_counter() - started < 5.0
    assert files_left() == []


def test_a_cut_download_is_asked_for_again(hub, fast_retries):
    hub.cut_after["model.onnx"] = [1000]
    assert hub_model(NAME).read_bytes() == NETWORK
    assert [method for method, path in hub.requests if path.endswith("model.onnx")].count("GET") == 2


def test_a_download_that_is_always_cut_tells_what_to_do_and_leaves_no_half_file(hub, fast_retries):
    hub.cut_after["model.onnx"] = [0] * 50
    with pytest.raises(GaveUpError, match="could not be fetched") as caught:
        hub_model(NAME)
    assert by_hand(str(caught.value), "model.onnx")
    assert "model.onnx" not in files_left()
    hub.cut_after.clear()
    assert hub_model(NAME).read_bytes() == NETWORK


def test_other_bytes_than_stated_are_removed(hub):
    damaged = bytearray(NETWORK)
    damaged[-100] ^= 1
    hub.sent["model.onnx"] = bytes(damaged)
    with pytest.raises(GaveUpError, match=r"came as .* where the Hub states .*; removed") as caught:
        hub_model(NAME)
    assert by_hand(str(caught.value), "model.onnx")
    assert files_left() == []
    hub.sent.clear()
    assert hub_model(NAME).read_bytes() == NETWORK


def test_a_web_page_instead_of_the_file_never_gets_its_name(hub, fast_retries):
    hub.sent["model.onnx"] = b"<!doctype html><title>Please log in</title>"
    with pytest.raises(GaveUpError) as caught:
        hub_model(NAME)
    assert by_hand(str(caught.value), "model.onnx")
    assert "model.onnx" not in files_left()


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"pytorch_model.bin": b"x"}, "holds no model that whence reads"),
        ({"model.pkl": pickle.dumps("boom"), "config.json": b"{}"}, "holds no model that whence reads"),
        ({}, "it has nothing"),
        ({"a.onnx": b"x", "b.onnx": b"x"}, "holds 2 ONNX files; a model is one"),
        ({"model.onnx": b""}, "has 0 bytes"),
        ({"system.json": b"[" * 2_000_000}, "system.json has 2,000,000 bytes"),
        ({"\x1b[2J.bin": b"x"}, r"it has '\\x1b\[2J\.bin'"),
        (
            {"system.json": SYSTEM, **{f"n{i}/weights.safetensors": b"x" for i in range(40)}},
            "holds no model that whence reads",
        ),
    ],
)
def test_repositories_without_a_model_of_ours(hub, files, sentence):
    hub.models["doe/street"] = files
    with pytest.raises(WhenceError, match=sentence):
        hub_model(NAME)
    assert files_left() == []


def test_a_model_of_more_than_two_gigabytes_is_not_fetched(hub):
    hub.stated_size["model.onnx"] = 2_000_000_001
    with pytest.raises(WhenceError, match=r"2,000,000,001 bytes; files of 1 to 2,000,000,000 are fetched"):
        hub_model(NAME)
    assert not any("/resolve/" in path for _, path in hub.requests)


def test_a_network_that_would_not_be_run_is_refused(hub):
    hub.models["doe/street"] = {"model.onnx": network("Loop")}
    with pytest.raises(InferenceError, match="operator Loop is not among"):
        hub_model(NAME)


@pytest.mark.parametrize(
    "system",
    [
        b"",
        b"[]",
        b"{}",
        b'{"members": []}',
        b'{"members": ["../up"]}',
        b'{"members": [3]}',
        b'{"members": 3}',
        b"[" * 9999,
    ],
)
def test_a_system_file_of_a_stranger_leads_nowhere(tmp_path, system):
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / "weights.safetensors").touch()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "system.json").write_bytes(system)
    assert model_in(tmp_path / "run") is None


def test_the_cache_is_where_the_environment_says(tmp_path, monkeypatch):
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert _cache_folder() == tmp_path / ".cache" / "huggingface" / "hub"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert _cache_folder() == tmp_path / "x" / "huggingface" / "hub"
    monkeypatch.setenv("HF_HOME", str(tmp_path / "h"))
    assert _cache_folder() == tmp_path / "h" / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "c"))
    assert _cache_folder() == tmp_path / "c"
