"""What is known to break is recognised behind real proxies, and nothing is said where nothing broke."""

from __future__ import annotations

import asyncio
import gzip
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest_asyncio
from support.peers import Backend, Client, Request, Script, answering, get, post, read_request, response
from support.programs import free_port, listens, program
from support.proxy import Proxy, Report, until

StartBackend = Callable[..., Awaitable[Backend]]
StartProxy = Callable[..., Awaitable[Proxy]]
StartNginx = Callable[[str], Awaitable["Nginx"]]

HTML, JSON = "Content-Type: text/html; charset=utf-8", "Content-Type: application/json"


class Nginx:
    """A real one, of one process."""

    def __init__(self, folder: Path, port: int, server: str) -> None:
        self._folder = folder
        self._port = port
        self._process: asyncio.subprocess.Process | None = None
        (folder / "nginx.conf").write_text(f"""
            daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;
            events {{}}
            http {{
                access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
                fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
                server {{ listen 127.0.0.1:{port}; {server} }}
            }}""")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        folder = str(self._folder)
        self._process = await asyncio.create_subprocess_exec(
            *(program("nginx"), "-c", f"{folder}/nginx.conf", "-p", folder, "-e", f"{folder}/errors"),
            stderr=asyncio.subprocess.DEVNULL,
        )
        await until(lambda: listens(self._port), "nginx listens")

    async def kill(self) -> None:
        """As a pod ends that nobody drained."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()


@pytest_asyncio.fixture
async def nginx(tmp_path: Path) -> AsyncIterator[StartNginx]:
    """Starts an nginx with these lines in its server."""
    started: list[Nginx] = []

    async def start(server: str) -> Nginx:
        folder = tmp_path / f"nginx-{len(started)}"
        folder.mkdir()
        made = Nginx(folder, free_port(), server)
        started.append(made)
        await made.start()
        return made

    yield start
    for each in started:
        await each.kill()


def shop(request: Request) -> bytes:
    """Legacy: all is well."""
    if request.target == "/login":
        return response(b"", "302 Found", "Location: https://shop.example/account")
    return response(b"<p>fine</p>", "200 OK", HTML)


async def reported(start: StartProxy, legacy: str, target: str, *asked: bytes, **settings: object) -> Report:
    """The report of these requests."""
    proxy = await start(legacy, target, mirror={"timeout": "500ms", "recheck": {"per_second": 0}}, **settings)
    client = await Client.connect(proxy.port)
    for request in asked:
        await client.ask(request)
    client.leave()
    await proxy.settled(len(asked))
    return await proxy.stop()


def found(report: Report) -> dict[str, Report]:
    return {each["name"]: each for each in report["diagnosis"]}


async def test_a_proxy_with_small_buffers(
    backend: StartBackend, proxy: StartProxy, nginx: StartNginx
) -> None:
    """A cookie or URL above nginx's buffers: 400 and 414, and only those."""
    legacy = await backend(answering(shop))
    small = "client_header_buffer_size 1k; large_client_header_buffers 2 2k;"
    target = await nginx(f"{small} location / {{ proxy_pass {legacy.url}; }}")
    cookie = get("/", f"Cookie: a={'x' * 6000}")
    report = await reported(
        proxy, legacy.url, target.url, *[get("/")] * 5, *[cookie] * 3, get(f"/?q={'y' * 4000}")
    )
    assert report["totals"]["status"] == {"200→200": 5, "200→400": 3, "200→414": 1}
    assert list(found(report)) == ["header_limit"]
    said = " ".join(found(report)["header_limit"]["evidence"])
    assert "200→414" in said
    assert "Too Large" in said or "only requests with a head of" in said


async def test_an_ingress_with_a_small_body(
    backend: StartBackend, proxy: StartProxy, nginx: StartNginx
) -> None:
    """413 above client_max_body_size."""
    legacy = await backend(answering(shop))
    target = await nginx(f"client_max_body_size 1k; location / {{ proxy_pass {legacy.url}; }}")
    asked = [post("/upload", b"x" * size) for size in (10, 100, 5000, 6000)]
    mirrored = [{"match": "POST /upload", "mirror": True}]
    report = await reported(proxy, legacy.url, target.url, *asked, endpoints=mirrored)
    assert report["totals"]["status"] == {"200→200": 2, "200→413": 2}
    assert list(found(report)) == ["body_limit"]


async def test_an_ingress_that_redirects(backend: StartBackend, proxy: StartProxy, nginx: StartNginx) -> None:
    """`http:` in Location behind TLS termination, and a slash at the end of a directory."""
    legacy = await backend(answering(shop))
    target = await nginx(
        "location = /docs { return 301 http://$host/docs/; }"
        "location = /login { return 302 http://shop.example/account; }"
        f"location / {{ proxy_pass {legacy.url}; }}"
    )
    report = await reported(proxy, legacy.url, target.url, get("/docs"), get("/login"), *[get("/")] * 3)
    assert list(found(report)) == ["scheme_lost", "trailing_slash"]
    assert found(report)["trailing_slash"]["endpoints"] == ["GET /docs"]
    assert found(report)["scheme_lost"]["endpoints"] == ["GET /login"]


async def test_a_target_that_dies_without_draining(
    backend: StartBackend, proxy: StartProxy, nginx: StartNginx
) -> None:
    """Killed and started anew while requests come: what is lost is lost at once, and only then."""
    legacy = await backend(answering(shop))
    target = await nginx(f"location / {{ proxy_pass {legacy.url}; }}")
    running = await proxy(legacy.url, target.url, mirror={"breaker": {"probe": "100ms"}})
    client = await Client.connect(running.port)
    for number in range(300):
        if number == 150:
            await target.kill()
        if number == 160:
            await target.start()
        await client.ask(get(f"/items/{number}"))
        await asyncio.sleep(0.01)  # the pace of traffic
    client.leave()
    await running.settled(300)
    report = await running.stop()
    assert report["totals"]["failed"] >= 3
    assert "pods_ending" in found(report), report["causes"]


FAILING = {
    "/report": ("missing_environment", "KeyError: 'REPORT_BUCKET'"),
    "/chart": ("missing_extension", "PHP Fatal error: Call to undefined function imagecreatetruecolor()"),
    "/export": ("read_only", "[Errno 30] Read-only file system: '/app/tmp/export.csv'"),
}

ANSWERS = {
    "/cookie": (
        "cookie_attributes",
        response(b"", "200 OK", "Set-Cookie: sid=1; Path=/; Secure; HttpOnly"),
        response(b"", "200 OK", "Set-Cookie: sid=2; Path=/"),
    ),
    "/whoami": (
        "client_address",
        response(b'{"address": "203.0.113.9"}', "200 OK", JSON),
        response(b'{"address": "10.244.0.17"}', "200 OK", JSON),
    ),
    "/price": (
        "locale",
        response(b'{"price": "12,345.50"}', "200 OK", JSON),
        response(b'{"price": "12.345,50"}', "200 OK", JSON),
    ),
    "/page": (
        "charset",
        response("日本語のページです".encode("euc-jp"), "200 OK", "Content-Type: text/html; charset=euc-jp"),
        response("日本語のページです".encode(), "200 OK", "Content-Type: text/html; charset=utf-8"),
    ),
    "/data": (
        "compression",
        response(b"x" * 2000, "200 OK", "Content-Type: text/plain"),
        response(
            gzip.compress(b"x" * 2000, mtime=0),
            "200 OK",
            "Content-Type: text/plain",
            "Content-Encoding: gzip",
        ),
    ),
}


def clock(hour: int, request: Request) -> bytes:
    minute = request.target.rpartition("=")[2]
    return response(f'{{"now": "2026-11-22T{hour}:{minute}:00"}}'.encode(), "200 OK", JSON)


def old(request: Request) -> bytes:
    """Legacy, on its servers."""
    path = request.target.partition("?")[0]
    if path == "/clock":
        return clock(19, request)
    return ANSWERS[path][1] if path in ANSWERS else response(b"<p>fine</p>", "200 OK", HTML)


def new() -> Script:
    """The target, in its containers; `/pay` asks an outside address that does not answer."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            path = request.target.partition("?")[0]
            if path == "/pay":
                await reader.read(-1)
            elif path == "/clock":
                writer.write(clock(10, request))
            elif path in FAILING:
                writer.write(
                    response(
                        FAILING[path][1].encode(), "500 Internal Server Error", "Content-Type: text/plain"
                    )
                )
            else:
                writer.write(ANSWERS[path][2] if path in ANSWERS else old(request))

    return script


async def test_a_container_that_lacks_what_the_server_had(backend: StartBackend, proxy: StartProxy) -> None:
    """All at once: each is recognised on its own endpoint, beside the others."""
    legacy, target = await backend(answering(old)), await backend(new())
    asked = [get(path) for path in (*FAILING, *ANSWERS, "/")] + [get("/pay")] * 3
    asked += [get(f"/clock?m={minute}") for minute in (11, 22, 33)]
    report = await reported(proxy, legacy.url, target.url, *asked)
    wanted = {name: f"GET {path}" for path, (name, *_) in {**FAILING, **ANSWERS}.items()}
    wanted |= {"time_zone": "GET /clock", "refused_address": "GET /pay"}
    assert {name: [each["endpoints"]] for name, each in found(report).items()} == {
        name: [[endpoint]] for name, endpoint in wanted.items()
    }


async def test_a_clean_run(backend: StartBackend, proxy: StartProxy, nginx: StartNginx) -> None:
    """Equal answers, by way of a proxy: nothing is said, whatever the answers are about."""
    legacy = await backend(answering(old))
    target = await nginx(f"location / {{ proxy_pass {legacy.url}; }}")
    asked = [get(path) for path in (*FAILING, *ANSWERS, "/login", "/")] * 3
    report = await reported(proxy, legacy.url, target.url, *asked)
    assert report["totals"]["matched"] == len(asked), report["causes"]
    assert report["diagnosis"] == []
