"""Access to the server: host names, origins, the token, and the headers of every response."""

import asyncio
import re

import pytest
from starlette.testclient import WebSocketDenialResponse
from web_doubles import HOST, FakeStream, FakeSystem, Page, client_of

from whence.web.guard import host_name
from whence.web.server import PAGE, build_app

TOKEN = "t0ken-of-a-test"


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:7860", "LOCALHOST", "[::1]:7860", "127.0.0.1:80"])
def test_names_of_this_machine_are_answered(host):
    with client_of() as client:
        assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "10.0.0.7", "", "[::2]"]
)
def test_a_foreign_host_is_misdirected(host):
    with client_of() as client:
        for answer in (client.get("/", headers={"host": host}), client.post("/api/sessions", headers={"host": host})):
            assert answer.status_code == 421
            assert "does not have that name" in answer.text


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:7861", "http://127.0.0.1", "127.0.0.1:7860"]
)
def test_a_foreign_origin_cannot_change_anything(origin):
    with client_of() as client:
        page = Page(client)
        for method, path in (("POST", "/api/sessions"), ("POST", f"{page.path}/sound"), ("DELETE", page.path)):
            answer = client.request(method, path, headers={"origin": origin})
            assert answer.status_code == 403, path
        assert len(client.server.sessions) == 1


def test_the_page_itself_and_programs_are_allowed():
    with client_of() as client:
        assert client.post("/api/sessions", headers={"origin": HOST}).status_code == 201
        assert client.post("/api/sessions").status_code == 201


def test_another_web_page_cannot_even_read():
    with client_of() as client:
        page = Page(client)
        assert client.get(page.path, headers={"sec-fetch-site": "cross-site"}).status_code == 403
        assert client.get("/page/main.js", headers={"sec-fetch-site": "same-site"}).status_code == 403
        # A link that leads here is no attack.
        assert client.get("/", headers={"sec-fetch-site": "cross-site"}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"), [({"origin": "http://evil.example"}, 403), ({"host": "evil.example"}, 421)]
)
def test_a_socket_from_elsewhere_is_never_opened(headers, status):
    with client_of() as client:
        page = Page(client)
        with pytest.raises(WebSocketDenialResponse) as refusal, page.listen(headers=headers):
            pass
        assert refusal.value.status_code == status


@pytest.mark.parametrize(
    "path",
    [
        "/page/%2e%2e/app.py",
        "/page/..%2fapp.py",
        "/page/%2e%2e%2f%2e%2e%2fserve.py",
        "/page//etc/passwd",
        "/page/%2fetc%2fpasswd",
        "/page/main.js%00.css",
        "/page/%00",
        "/page/" + "a" * 5_000,
        "/api/sessions/%2e%2e/findings",
        "/api/sessions/%00",
        "/%2e%2e/%2e%2e/etc/passwd",
    ],
)
def test_no_path_leads_out_of_the_page(path):
    with client_of() as client:
        answer = client.get(path)
        assert answer.status_code == 404
        assert "import" not in answer.text
        assert "root:" not in answer.text


@pytest.mark.parametrize(
    "path", ["/page/../app.py", "/page/../../serve.py", "/page/./../app.py", "/page/\x00", "/../etc/passwd"]
)
def test_no_path_leads_out_even_if_no_client_has_normalized_it(path):
    app = build_app(FakeSystem(), open_stream=FakeStream)
    sent = []

    async def ask():
        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": [(b"host", b"127.0.0.1:7860")], "root_path": "", "scheme": "http", "http_version": "1.1",
        }  # fmt: skip

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        await app(scope, receive, send)

    asyncio.run(ask())
    assert sent[0]["status"] == 404


def test_a_symbolic_link_among_the_files_of_the_page_is_not_followed(tmp_path, monkeypatch):
    (tmp_path / "index.html").write_text("here")
    (tmp_path / "out").symlink_to("/etc/passwd")
    monkeypatch.setattr("whence.web.server.PAGE", tmp_path)
    with client_of() as client:
        assert client.get("/page/index.html").status_code == 200
        assert client.get("/page/out").status_code == 404


def test_every_response_has_the_safe_headers():
    with client_of() as client:
        page = Page(client)
        for answer in (client.get("/"), client.get("/page/main.js"), client.get(page.path), client.get("/nothing")):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store"
            assert "server" not in answer.headers


def test_the_page_has_no_inline_script_or_style_and_loads_nothing_from_elsewhere():
    markup = (PAGE / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)", markup) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", markup) == []
    for file in PAGE.iterdir():
        addresses = re.findall(r"https?://[^\s\"'`)]+", file.read_text())
        assert set(addresses) <= {"http://localhost", "http://www.w3.org/2000/svg"}, file.name
        if file.suffix == ".js":
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", file.read_text())


def test_a_public_server_needs_the_token():
    with client_of(token=TOKEN) as client:
        for path in ("/", "/page/main.js", "/?token=wrong", f"/page/main.js?token={TOKEN}"):
            answer = client.get(path)
            assert answer.status_code == 401
            assert "ends with a token" in answer.text
        assert client.post("/api/sessions").status_code == 401
        assert client.get("/", headers={"authorization": f"Bearer {TOKEN}x"}).status_code == 401
        assert client.get("/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_the_printed_address_opens_a_public_server_and_hides_the_token():
    with client_of(token=TOKEN) as client:
        first = client.get("/", params={"token": TOKEN}, follow_redirects=False)
        assert (first.status_code, first.headers["location"]) == (303, "/")
        cookie = first.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert client.get("/").status_code == 200
        assert client.post("/api/sessions").status_code == 201


@pytest.mark.parametrize(
    ("host", "status"), [("192.168.1.7:7860", 401), ("[fe80::1]:7860", 401), ("evil.example", 421)]
)
def test_a_public_server_takes_addresses_and_its_own_name_only(host, status):
    with client_of(token=TOKEN) as client:
        assert client.get("/", headers={"host": host}).status_code == status


def test_a_public_socket_needs_the_token_too():
    with client_of(token=TOKEN) as client:
        with (
            pytest.raises(WebSocketDenialResponse) as refusal,
            client.websocket_connect("ws://127.0.0.1/api/sessions/x/live"),
        ):
            pass
        assert refusal.value.status_code == 401


def test_a_broken_cookie_is_refused():
    with client_of(token=TOKEN) as client:
        for cookie in ("=", "whence", "a=b; whence-1=x", '"', "\x01=2"):
            assert client.get("/", headers={"cookie": cookie}).status_code == 401


@pytest.mark.parametrize("header", ["", ":", "[", "[]", "[::1", "a:b:c"])
def test_a_broken_host_header_raises_nothing(header):
    assert isinstance(host_name(header), str)
