"""A local server with the few addresses of the Hugging Face Hub that its client requests for models."""

import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "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"


@dataclass
class Hub:
    """What the server has and how it misbehaves; tests change it while it runs."""

    address: str = ""
    models: dict[str, dict[str, bytes]] = field(default_factory=dict)  # repository -> file -> content
    sent: dict[str, bytes] = field(default_factory=dict)  # file -> content that comes instead
    cut_after: dict[str, list[int]] = field(default_factory=dict)  # bytes sent before hanging up, one per request
    hidden: dict[str, int] = field(default_factory=dict)  # repository -> status answered
    stated_size: dict[str, int] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    ranges: list[str] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)  # sha256 -> content
    commits: list[dict[str, object]] = field(default_factory=list)
    created: list[dict[str, object]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._note()
        self._resolve(body=False)

    def do_GET(self) -> None:
        self._note()
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/api/models/"):
            self._model_info(path.removeprefix("/api/models/"))
        else:
            self._resolve(body=True)

    def do_PUT(self) -> None:
        self._note()
        content = self._content()
        self.hub.uploads[hashlib.sha256(content).hexdigest()] = content
        self._answer(200, b"")

    def do_POST(self) -> None:
        self._note()
        path, content = urlsplit(self.path).path, self._content()
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._json({"error": "Invalid credentials in Authorization header"}, 401)
        elif path == "/api/repos/create":
            self.hub.created.append(json.loads(content))
            self._json({"url": f"{self.hub.address}/doe/street"})
        elif path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif "/preupload/" in path:
            files = json.loads(content)["files"]
            self._json({"files": [self._upload_mode(file["path"]) for file in files]})
        elif path.endswith("/info/lfs/objects/batch"):
            self._json(
                {"transfer": "basic", "objects": [self._upload_target(o) for o in json.loads(content)["objects"]]}
            )
        elif "/commit/" in path:
            self._commit([json.loads(line) for line in content.splitlines()])
        else:
            self._json({"error": path}, 404)

    def _upload_mode(self, path: str) -> dict[str, object]:
        mode = "lfs" if path.endswith((".onnx", ".safetensors")) else "regular"
        return {"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": None}

    def _upload_target(self, entry: dict[str, object]) -> dict[str, object]:
        return {**entry, "actions": {"upload": {"href": f"{self.hub.address}/lfs/{entry['oid']}", "header": {}}}}

    def _commit(self, lines: list[dict[str, dict[str, str]]]) -> None:
        files: dict[str, bytes] = {}
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.uploads[value["oid"]]
        self.hub.commits.append({"files": files, "summary": lines[0]["value"]["summary"]})
        self.hub.models["doe/street"] = files
        self._json(
            {"success": True, "commitUrl": f"{self.hub.address}/doe/street/commit/{COMMIT}", "commitOid": COMMIT}
        )

    def _model_info(self, rest: str) -> None:
        repository, _, revision = rest.partition("/revision/")
        if repository in self.hub.hidden:
            self._json({"error": "Repository not found"}, self.hub.hidden[repository], "RepoNotFound")
        elif repository not in self.hub.models:
            self._json({"error": "Repository not found"}, 404, "RepoNotFound")
        elif revision not in ("", COMMIT):
            self._json({"error": "Revision not found"}, 404, "RevisionNotFound")
        else:
            files = [self._sibling(name, content) for name, content in self.hub.models[repository].items()]
            self._json({"_id": "1", "id": repository, "sha": COMMIT, "private": False, "siblings": files})

    def _sibling(self, name: str, content: bytes) -> dict[str, object]:
        size = self.hub.stated_size.get(name, len(content))
        sibling: dict[str, object] = {"rfilename": name, "size": size, "blobId": "0" * 40}
        if name.endswith((".onnx", ".safetensors")):
            sibling["lfs"] = {"size": size, "sha256": hashlib.sha256(content).hexdigest(), "pointerSize": 134}
        return sibling

    def _resolve(self, *, body: bool) -> None:
        repository, _, rest = unquote(urlsplit(self.path).path)[1:].partition("/resolve/")
        revision, _, name = rest.partition("/")
        content = self.hub.models.get(repository, {}).get(name)
        if content is None or revision != COMMIT:
            self._json({"error": "Entry not found"}, 404, "EntryNotFound")
            return
        stated_sum = hashlib.sha256(content).hexdigest()
        content = self.hub.sent.get(name, content)
        wanted, first = self.headers.get("Range"), 0
        if wanted:
            self.hub.ranges.append(wanted)
            first = int(wanted.removeprefix("bytes=").split("-")[0])
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("ETag", f'"{stated_sum}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content) - first))
        self.send_header("Connection", "close")
        self.end_headers()
        if body:
            cuts = self.hub.cut_after.get(name)
            self.wfile.write(content[first:][: cuts.pop(0)] if cuts else content[first:])
        self.close_connection = True

    def _note(self) -> None:
        self.hub.requests.append((self.command, urlsplit(self.path).path))
        if self.headers.get("Authorization"):
            self.hub.tokens.add(self.headers["Authorization"])

    def _content(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            content = b""
            while size := int(self.rfile.readline(), 16):
                content += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return content
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _json(self, value: object, status: int = 200, code: str = "") -> None:
        self._answer(status, json.dumps(value).encode(), code)

    def _answer(self, status: int, content: bytes, code: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Print nothing: the test's output is for the test."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Print nothing when a client hangs up."""


@contextlib.contextmanager
def running_hub() -> Iterator[Hub]:
    """A running server, stopped at the end whatever happens."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    with _Server(("127.0.0.1", 0), handler) as server:
        server.block_on_close = False
        hub.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
