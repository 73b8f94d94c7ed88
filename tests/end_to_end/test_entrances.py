"""Other ways in and out than plain TCP: TLS on every side, the PROXY protocol, Unix sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from support.peers import Client, Request, answering, echo, get, response
from support.programs import program
from support.proxy import NOBODY, PATIENCE, Proxy, until

from shadow.serve.proxy import _listen

trustme = pytest.importorskip("trustme", reason="pip: trustme")

LOCAL = "127.0.0.1"


class Certificates:
    """An authority of the test's own, and files of what it has issued."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA()
        self.ca = str(folder / "ca.pem")
        self._authority.cert_pem.write_to_path(self.ca)

    def issue(self, name: str) -> str:
        """A certificate for this machine, with its key in the same file; anew if there is one."""
        path = self._folder / f"{name}.pem"
        part = self._folder / f".{name}.part"
        self._authority.issue_cert(LOCAL).private_key_and_cert_chain_pem.write_to_path(part)
        part.rename(path)
        return str(path)

    def server(self) -> ssl.SSLContext:
        """What a backend serves with."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(LOCAL).configure_cert(context)
        return context

    def strict_server(self) -> ssl.SSLContext:
        """The same, for clients with a certificate of ours."""
        context = self.server()
        self._authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def client(self) -> ssl.SSLContext:
        """What a client connects with."""
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        return context


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


async def connected(port: int, context: ssl.SSLContext) -> Client:
    return Client(*await asyncio.open_connection(LOCAL, port, ssl=context))


def told(request: Request) -> bytes:
    """Answers with what a backend is told of the client."""
    names = ("x-forwarded-for", "x-forwarded-proto")
    return response(" ".join(value for name in names for value in request.all(name)).encode())


# ---- TLS -------------------------------------------------------------------------------------


async def test_tls_with_clients(backend: Any, proxy: Any, certificates: Certificates) -> None:
    """Clients come by TLS, kept connections and all, and the backends are told so."""
    legacy, target = await backend(answering(told)), await backend(answering(told))
    running = await proxy(legacy.url, target.url, tls={"listen": {"certificate": certificates.issue("web")}})
    client = await connected(running.port, certificates.client())
    for _ in range(3):
        assert (await client.ask(get("/a"))).body == b"127.0.0.1 https"
    client.leave()
    assert (await running.settled(3))["matched"] == 3


async def test_a_refusal_by_tls_arrives_whole(backend: Any, proxy: Any, certificates: Certificates) -> None:
    """TLS has no half-closed connections: the answer comes all the same, and then the end."""
    legacy = await backend(answering(echo))
    running = await proxy(legacy.url, NOBODY, tls={"listen": {"certificate": certificates.issue("web")}})
    client = await connected(running.port, certificates.client())
    answer = await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    assert (answer.status, await client.reader.read()) == (400, b"")
    client.leave()


async def test_clients_must_show_a_certificate(backend: Any, proxy: Any, certificates: Certificates) -> None:
    """Where authorities for clients are named, one without a certificate gets no answer."""
    legacy = await backend(answering(echo))
    listen = {"certificate": certificates.issue("web"), "client_ca": certificates.ca}
    running = await proxy(legacy.url, NOBODY, tls={"listen": listen})
    known = certificates.client()
    known.load_cert_chain(certificates.issue("client"))
    clients = [await connected(running.port, context) for context in (known, certificates.client())]
    assert (await clients[0].ask(get("/a"))).status == 200
    with pytest.raises((OSError, asyncio.IncompleteReadError)):
        await clients[1].ask(get("/a"))
    for client in clients:
        client.leave()


async def test_a_new_certificate_is_loaded(backend: Any, proxy: Any, certificates: Certificates) -> None:
    """Renewed where it lies, as cert-manager does: nobody sends a signal."""
    legacy = await backend(answering(echo))
    running = await proxy(legacy.url, NOBODY, tls={"listen": {"certificate": certificates.issue("web")}})

    async def shown() -> bytes:
        client = await connected(running.port, certificates.client())
        found: bytes = client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        client.leave()
        return found

    before = await shown()
    certificates.issue("web")
    await until(lambda: running.events("reloaded"), "it reloads")
    assert await shown() != before


async def test_tls_with_backends(backend: Any, proxy: Any, connect: Any, certificates: Certificates) -> None:
    """Both are verified, and shown the proxy's own certificate where they ask for one."""
    legacy = await backend(answering(echo), tls=certificates.strict_server())
    target = await backend(answering(echo), tls=certificates.server())
    own = certificates.issue("proxy")
    running = await proxy(
        legacy.url,
        target.url,
        tls={"legacy": {"ca": certificates.ca, "certificate": own}, "target": {"ca": certificates.ca}},
    )
    client = await connect(running)
    assert [(await client.ask(get("/a"))).status for _ in range(2)] == [200, 200]
    assert (await running.settled(2))["matched"] == 2


async def test_an_unknown_authority_is_a_failure(
    backend: Any, proxy: Any, connect: Any, certificates: Certificates
) -> None:
    """Nothing is sent to a backend that cannot show who it is, unless verifying is turned off; the log says
    what is wrong with its certificate."""
    legacy = await backend(answering(echo), tls=certificates.server())
    target = await backend(answering(echo), tls=certificates.server())
    running = await proxy(legacy.url, target.url, tls={"legacy": {"verify": False}})
    assert (await (await connect(running)).ask(get("/a"))).status == 200
    totals = await running.settled(1)
    assert (totals["failed"], totals["status"]) == (1, {"200→tls": 1})
    (told,) = running.events("backend_not_reached")
    why = "tls: could not connect: unable to get local issuer certificate"
    assert (told["backend"], told["reason"]) == (target.url, why)


async def test_half_a_handshake_is_a_connection(backend: Any, proxy: Any, certificates: Certificates) -> None:
    """It takes a descriptor as others do: those above `limits.connections` are closed at once, and when it
    breaks off another has its place."""
    legacy = await backend(answering(echo))
    listen = {"certificate": certificates.issue("web")}
    running = await proxy(legacy.url, NOBODY, tls={"listen": listen}, limits={"connections": 5})
    silent = [await asyncio.open_connection(LOCAL, running.port) for _ in range(10)]
    ended = [asyncio.ensure_future(reader.read()) for reader, _ in silent]
    await until(lambda: sum(each.done() for each in ended) == 5, "five are closed")
    for _, writer in silent:
        writer.close()
    await asyncio.gather(*ended, return_exceptions=True)

    async with asyncio.timeout(PATIENCE):
        while not await _is_served(running, certificates.client()):
            pass  # the proxy has not seen yet that they left


async def _is_served(running: Proxy, context: ssl.SSLContext) -> bool:
    try:
        client = Client(*await asyncio.open_connection(LOCAL, running.port, ssl=context))
        status = (await client.ask(get("/a"))).status
    except (OSError, asyncio.IncompleteReadError):
        return False
    client.leave()
    return status == 200


# ---- the PROXY protocol ----------------------------------------------------------------------


@pytest_asyncio.fixture
async def balancer(tmp_path: Path) -> AsyncIterator[Callable[[Proxy, str], Awaitable[int]]]:
    """Starts HAProxy in front of a proxy, telling clients' addresses in one version; its port."""
    started: list[asyncio.subprocess.Process] = []

    async def start(running: Proxy, option: str) -> int:
        path = str(tmp_path / "front.sock")
        (tmp_path / "haproxy.cfg").write_text(f"""
            defaults
                mode tcp
                timeout client 20s
                timeout connect 5s
                timeout server 20s
            frontend web
                bind unix@{path} accept-proxy
                default_backend shadow
            backend shadow
                server shadow 127.0.0.1:{running.port} {option}\n""")
        started.append(
            await asyncio.create_subprocess_exec(
                program("haproxy"), "-db", "-f", str(tmp_path / "haproxy.cfg")
            )
        )
        await until(Path(path).exists, "HAProxy listens")
        return running.port

    yield start
    for each in started:
        each.terminate()
        await each.wait()


@pytest.mark.parametrize("option", ["send-proxy", "send-proxy-v2"])
async def test_the_balancer_tells_the_client(
    option: str, backend: Any, proxy: Any, balancer: Any, tmp_path: Path
) -> None:
    """The real HAProxy passes on whom it serves, in both versions, and legacy is told that address."""
    legacy, target = await backend(answering(told)), await backend(answering(told))
    running = await proxy(legacy.url, target.url, forwarding={"proxy_protocol": True})
    await balancer(running, option)
    client = Client(*await asyncio.open_unix_connection(str(tmp_path / "front.sock")))
    client.writer.write(b"PROXY TCP4 203.0.113.9 10.0.0.1 4711 80\r\n")
    assert [(await client.ask(get("/a"))).body for _ in range(2)] == [b"203.0.113.9 http"] * 2
    client.leave()


async def test_half_a_preface_is_a_connection(backend: Any, proxy: Any) -> None:
    """It takes a descriptor as others do: those above `limits.connections` are closed at once."""
    legacy = await backend(answering(echo))
    limited = {"forwarding": {"proxy_protocol": True}, "limits": {"connections": 5}}
    running: Proxy = await proxy(legacy.url, NOBODY, **limited)
    half = [await asyncio.open_connection(LOCAL, running.port) for _ in range(10)]
    for _, writer in half:
        writer.write(b"PROXY TCP4")
    ended = [asyncio.ensure_future(reader.read()) for reader, _ in half]
    await until(lambda: sum(each.done() for each in ended) == 5, "five are closed")
    for each, (_, writer) in zip(ended, half, strict=True):
        if not each.done():
            writer.write(b" 203.0.113.9 10.0.0.1 4711 80\r\n" + get("/items/1"))
    await until(lambda: legacy.connections == 5, "the others are served")
    for _, writer in half:
        writer.close()
    await asyncio.gather(*ended, return_exceptions=True)


async def test_without_the_preface_nobody_is_served(backend: Any, proxy: Any, connect: Any) -> None:
    """A client that comes past the balancer cannot say who it is, so it is not heard."""
    legacy = await backend(answering(told))
    running = await proxy(legacy.url, NOBODY, forwarding={"proxy_protocol": True})
    client = await connect(running)
    client.writer.write(get("/a"))
    with pytest.raises((OSError, asyncio.IncompleteReadError)):
        await client.answer()
    assert legacy.connections == 0


# ---- every interface -------------------------------------------------------------------------


async def test_every_interface_of_both_families(backend: Any, proxy: Any) -> None:
    """As in a pod, which has addresses of either or of both; legacy is told those of IPv4 as such."""
    legacy = await backend(answering(told))
    running = await proxy(legacy.url, NOBODY, listen="[::]:0", admin="[::]:0", workers={"live": 2})
    assert running.admin.startswith("[::]:")
    for host, told_to_legacy in ((LOCAL, b"127.0.0.1 http"), ("::1", b"::1 http")):
        client = Client(*await asyncio.open_connection(host, running.port))
        assert (await client.ask(get("/a"))).body == told_to_legacy
        client.leave()


def test_every_interface_where_the_kernel_knows_no_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was told so when it started, as on many hardened nodes: then those of IPv4 are every one."""
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    for listener in _listen("[::]:0", 2):
        with listener:
            assert listener.getsockname()[0] == "0.0.0.0"


# ---- Unix sockets ----------------------------------------------------------------------------


async def test_a_unix_socket(backend: Any, proxy: Any, tmp_path: Path) -> None:
    """Several workers on one socket, and one that a killed proxy has left is no hindrance."""
    legacy, target = await backend(answering(told)), await backend(answering(told))
    path = tmp_path / "in.sock"
    for _ in range(2):
        running = await proxy(legacy.url, target.url, listen=f"unix:{path}", workers={"live": 2})
        client = Client(*await asyncio.open_unix_connection(str(path)))
        assert (await client.ask(get("/a"))).body == b"127.0.0.1 http"
        client.leave()
        await running.abandon()
