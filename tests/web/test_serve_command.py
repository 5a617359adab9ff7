"""`whence serve` as a process: its address, its end, and wrong arguments."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from web_doubles import FakeStream, FakeSystem

import whence
from whence.cli import serve
from whence.cli.main import main

# The command with a system that needs no model, in a process of its own, so that signals are real.
PROGRAM = """
import signal
import sys
sys.path.insert(0, {tests!r})
# A parent that ignores Ctrl-C, as a shell does for what runs in its background, passes that on.
signal.signal(signal.SIGINT, signal.default_int_handler)
import whence
import whence.inference.streaming
from web_doubles import FakeStream, FakeSystem
whence.inference.streaming.Stream = FakeStream
whence.load = lambda model=None, **settings: FakeSystem()
from whence.cli.main import main
sys.exit(main(["serve", "--port", "0", *sys.argv[1:]]))
"""


@pytest.fixture
def started(tmp_path):
    """Start the command; returns the process and the first line it prints."""
    running = []

    def start(*words):
        code = PROGRAM.format(tests=str(Path(__file__).parent))
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        running.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in running:
        process.kill()
        process.communicate()


def port_of(address):
    return int(address.partition("127.0.0.1:")[2].partition("/")[0])


def ask(port, path="/", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    answer.text = answer.read().decode()
    connection.close()
    return answer


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_serves_until_it_is_stopped_and_leaves_nothing(started, tmp_path, number, code):
    process, address = started()
    port = port_of(address)
    assert address == f"http://127.0.0.1:{port}/"
    assert "<title>whence" in ask(port).text
    assert ask(port, "/api/sessions", "POST").status == 201
    assert len(list(tmp_path.iterdir())) == 1
    # An open connection does not keep the server from ending.
    with socket.create_connection(("127.0.0.1", port)):
        process.send_signal(number)
        _, talk = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in talk
    assert list(tmp_path.iterdir()) == []


def test_a_public_server_prints_an_address_with_a_new_token_and_answers_no_other(started):
    _, address = started("--public")
    host_and_port, _, token = address.removeprefix("http://").partition("/?token=")
    port = int(host_and_port.rpartition(":")[2])
    assert len(token) >= 43
    assert ask(port).status == 401
    assert ask(port, f"/?token={token}").status == 303
    assert ask(port, **{"Authorization": f"Bearer {token}"}).status == 200
    assert ask(port, Host="evil.example").status == 421


def test_a_port_in_use_is_reported_in_one_sentence(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    error = capsys.readouterr().err
    assert error == f"whence: port {port} cannot be used (Address already in use); choose another with --port\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--port", "70000"], "--port is 70000; it must be from 0 to 65535"),
        (["--max-mb", "0"], "upload_bytes is 0; a limit must be a positive number"),
        (["--max-minutes", "nan"], "sound_s is nan; a limit must be a positive number"),
        (["--queue", "-3"], "queue is -3; a limit must be a positive number"),
        (["--port", "0", "--model", "no/such/model"], "no/such/model"),
    ],
)
def test_wrong_arguments_end_with_one_sentence_before_anything_starts(words, sentence, capsys):
    assert main(["serve", *words]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert sentence in error


def test_without_the_extra_the_message_names_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["serve", "--port", "0"]) == 2
    assert "pip install 'whence[serve]'" in capsys.readouterr().err


def test_the_limits_and_the_model_reach_the_server(monkeypatch, capsys):
    asked = []
    load = lambda model, swap, **settings: asked.append((model, swap)) or FakeSystem()  # noqa: E731
    monkeypatch.setattr(whence, "load", load, raising=False)
    monkeypatch.setattr("whence.inference.Stream", FakeStream)
    monkeypatch.setattr(serve, "serve", lambda app, door: asked.append(app.state.server))
    words = ["--model", "runs/first", "--swap", "--max-mb", "2", "--max-minutes", "0.5", "--queue", "3"]
    assert main(["serve", "--port", "0", *words]) == 0
    (model, server) = asked
    assert model == (("runs/first",), True)
    assert (server.limits.upload_bytes, server.limits.sound_s, server.limits.queue) == (2_000_000, 30.0, 3)
    assert server.model_name == "fake"
    server.sessions.close_all()


def test_the_address_of_a_machine_without_a_network_is_its_own(monkeypatch):
    class Offline(socket.socket):
        def connect(self, address):
            raise OSError("no route")

    monkeypatch.setattr(serve.socket, "socket", Offline)
    door = SimpleNamespace(getsockname=lambda: ("0.0.0.0", 7860))
    assert serve.address(door, "abc") == "http://127.0.0.1:7860/?token=abc"
