"""Who may ask the admin server what: this machine, who has the token, everybody for health and metrics."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
import pytest_asyncio
from support.proxy import NOBODY, Proxy

TOKEN = "a-token-of-the-tests"
OPEN = ["/healthz", "/readyz", "/metrics"]
REST = ["/", "/config", "/report", "/report.json", "/totals", "/mirror", "/serve"]
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ELSEWHERE = "127.0.0.2"
"""An address from which another machine's requests come, as far as the guard knows."""


class Said(NamedTuple):
    """What the admin server answered."""

    status: int
    headers: Any
    text: str


async def ask(
    running: Proxy, path: str, method: str = "GET", source: str = "127.0.0.1", **headers: str
) -> Said:
    """One request from an address."""
    connector = aiohttp.TCPConnector(local_addr=(source, 0))
    url = f"http://{running.admin.replace('0.0.0.0', '127.0.0.1')}{path}"
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.request(method, url, headers=fields) as answer,
    ):
        return Said(answer.status, answer.headers, await answer.text())


async def statuses(running: Proxy, paths: list[str], **how: str) -> set[int]:
    return {(await ask(running, path, **how)).status for path in paths}


@pytest_asyncio.fixture
async def everywhere(proxy: Any) -> AsyncIterator[Proxy]:
    """A proxy whose admin server listens on every interface, without a token."""
    yield await proxy(NOBODY, "http://127.0.0.1:2", admin="0.0.0.0:0")


@pytest_asyncio.fixture
async def guarded(proxy: Any) -> AsyncIterator[Proxy]:
    """The same, with a token."""
    yield await proxy(NOBODY, "http://127.0.0.1:2", admin="0.0.0.0:0", admin_token=TOKEN)


async def test_another_machine_gets_health_and_metrics_only(everywhere: Proxy) -> None:
    """By whatever name it asks; where no token is set, none opens the rest."""
    assert await statuses(everywhere, OPEN, source=ELSEWHERE, Host="shadow-admin.shop:9900") == {200}
    assert await statuses(everywhere, REST, source=ELSEWHERE) == {403}
    assert await statuses(everywhere, REST, source=ELSEWHERE, Authorization="Bearer ") == {403}
    assert await statuses(everywhere, ["/mirror/off"], method="POST", source=ELSEWHERE) == {403}
    assert (await ask(everywhere, "/mirror")).text == "on\n"
    assert await statuses(everywhere, REST) == {200}, "this machine may, as kubectl port-forward does"


@pytest.mark.parametrize("source", ["127.0.0.1", ELSEWHERE])
async def test_a_token_is_asked_of_everybody(source: str, guarded: Proxy) -> None:
    """As bearer or as password; health and metrics do without."""
    assert await statuses(guarded, OPEN, source=source) == {200}
    for wrong in (
        "",
        "Bearer",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        "Basic !",
        "Basic YTpi",
        f"Digest {TOKEN}",
    ):
        assert await statuses(guarded, REST, source=source, Authorization=wrong) == {401}, wrong
    assert await statuses(guarded, REST, source=source, **BEARER) == {200}
    password = aiohttp.encode_basic_auth("anybody", TOKEN)
    assert await statuses(guarded, REST, source=source, Authorization=password) == {200}
    assert (await ask(guarded, "/mirror/off", "POST", source)).status == 401
    assert (await ask(guarded, "/mirror/off", "POST", source, **BEARER)).text == "off\n"
    assert "Basic" in (await ask(guarded, "/report", source=source)).headers["WWW-Authenticate"]
    assert TOKEN not in (await ask(guarded, "/config", source=source, **BEARER)).text + guarded.log


async def test_a_strangers_name(everywhere: Proxy) -> None:
    """DNS can turn any name to this machine, and a browser would then show the answer to that name's page."""
    for host in ("attacker.example", "localhost.attacker.example:9900", "127.0.0.1.nip.io", "[::1"):
        assert await statuses(everywhere, [*OPEN, *REST], Host=host) == {403}, host


async def test_an_address_or_localhost(everywhere: Proxy) -> None:
    """What no DNS can be behind is served."""
    for host in ("localhost:9900", "127.0.0.1", "[::1]:9900", "10.1.2.3:9900"):
        assert await statuses(everywhere, [*OPEN, *REST], Host=host) == {200}, host


async def test_a_page_from_elsewhere_changes_nothing(everywhere: Proxy) -> None:
    """A browser posts forms of any page to this machine, and tells whose they are; its own page may."""
    for origin in ("https://attacker.example", "null", "http://127.0.0.1:1"):
        assert (await ask(everywhere, "/mirror/off", "POST", Origin=origin)).status == 403
    assert (await ask(everywhere, "/mirror")).text == "on\n"
    own = f"http://{everywhere.admin.replace('0.0.0.0', '127.0.0.1')}"
    assert (await ask(everywhere, "/mirror/off", "POST", Origin=own)).text == "off\n"


async def test_changes_by_post_only(everywhere: Proxy) -> None:
    """Whatever a link, an image or a crawler asks for changes nothing."""
    for path in ("/mirror/off", "/mirror/on", "/serve/legacy", "/serve/target"):
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
            assert (await ask(everywhere, path, method)).status == 405, f"{method} {path}"


async def test_no_other_origin_may_read(everywhere: Proxy) -> None:
    """No answer carries a field of CORS, not even to a preflight."""
    for path in (*OPEN, *REST):
        for method in ("GET", "OPTIONS"):
            said = await ask(
                everywhere, path, method, Origin="https://a.example", Access_Control_Request_Method="GET"
            )
            assert not [name for name in said.headers if name.lower().startswith("access-control")]


async def test_no_token_is_in_the_log(guarded: Proxy) -> None:
    """Not even where a request is no HTTP; nor is anything else that anybody could fill the disk with."""
    port = int(guarded.admin.rpartition(":")[2])
    before = len(guarded.log)
    for wrong in (f"Authorization: Bearer {TOKEN}\x01", f"Authorization : Bearer {TOKEN}", "x" * 20_000):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /report HTTP/1.1\r\nHost: localhost\r\n{wrong}\r\n\r\n".encode())
        assert b" 400 " in (await reader.read())[:16]
        writer.close()
    assert (await ask(guarded, "/healthz")).status == 200
    assert TOKEN not in guarded.log
    assert len(guarded.log) == before


async def test_a_body_is_hardly_read(guarded: Proxy) -> None:
    """Nobody wants one: who sends it has the answer, and is closed at once, with a token or without."""
    port = int(guarded.admin.rpartition(":")[2])
    for fields, status in ((f"Authorization: Bearer {TOKEN}\r\n", b"200"), ("", b"401")):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (
            f"POST /mirror/off HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: 1000000000000\r\n\r\n"
        )
        async with asyncio.timeout(5):
            writer.write(head.encode() + b"x" * 100_000)
            assert (await reader.read()).startswith(b"HTTP/1.1 " + status)
        writer.close()


async def test_silent_connections_stop_no_probe(guarded: Proxy) -> None:
    """Whoever only connects is closed again when others come."""
    port = int(guarded.admin.rpartition(":")[2])
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(300)]
    assert (await ask(guarded, "/healthz")).status == 200
    async with asyncio.timeout(30):
        assert {await reader.read() for reader, _ in silent[:40]} == {b""}
    assert not silent[-1][0].at_eof()
    for _, writer in silent:
        writer.close()


async def test_loopback_by_default() -> None:
    """Nobody else can connect unless a setting says so."""
    from shadow.settings import Config

    assert Config().admin.startswith("127.0.0.1:")


async def test_a_socket_for_its_owner(proxy: Any, tmp_path: Path) -> None:
    """Instead of a port; nobody else on the machine may connect to it."""
    path = tmp_path / "admin.sock"
    running: Proxy = await proxy(NOBODY, "http://127.0.0.1:2", admin=f"unix:{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session:
        for page in (*OPEN, *REST):
            async with session.get(f"http://localhost{page}") as answer:
                assert answer.status == 200
    assert running.admin == f"unix:{path}"
