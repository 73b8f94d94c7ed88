"""What never reaches legacy: refused, closed, and nothing of it echoed."""

from __future__ import annotations

import pytest
from support.live_path import OK, End, LivePath, answer_all, until

from shadow.wire.deadlines import NEVER

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
SECRET = b"s3cr3t"


def status_of(answer: bytes) -> int:
    return int(answer[9:12])


REFUSED = {
    "both lengths": (
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n",
        400,
    ),
    "bare LF": (b"GET / HTTP/1.1\nHost: h\n\n", 400),
    "folded line": (b"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /s3cr3t\r\n", 400),
    "HTTP/2.0": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "look-alike": (b"GET / HTTP/1.1\r\nHost: h\r\nTransfer_Encoding: chunked\r\n\r\n", 400),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "CONNECT": (b"CONNECT s3cr3t:443 HTTP/1.1\r\nHost: h\r\n\r\n", 405),
    "TRACE": (b"TRACE / HTTP/1.1\r\nHost: h\r\nCookie: s3cr3t\r\n\r\n", 405),
    "long line": (b"GET /" + SECRET * 3000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
    "endless line": (b"GET /" + SECRET * 3000, 414),
    "large block": (b"GET / HTTP/1.1\r\nHost: h\r\nCookie: " + SECRET * 11_000 + b"\r\n\r\n", 431),
    "endless block": (b"GET / HTTP/1.1\r\nHost: h\r\nCookie: " + SECRET * 11_000, 431),
    "many fields": (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: s3cr3t\r\n" * 200 + b"\r\n", 431),
    "loop": (b"GET / HTTP/1.1\r\nHost: h\r\nX-Shadow-Via: marker\r\n\r\n", 508),
}


@pytest.mark.parametrize(("request_", "status"), REFUSED.values(), ids=REFUSED)
async def test_refused(live_path: LivePath, request_: bytes, status: int) -> None:
    """The status, `Connection: close`, the end; no input in it, nothing at legacy, one fate."""
    client = await live_path.connect()
    await client.send(request_ + b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
    answer = await client.to_end()
    assert status_of(answer) == status
    assert b"\r\nConnection: close\r\n" in answer
    assert (b"\r\nAllow: " in answer) is (status == 405)
    assert answer.count(b"HTTP/1.1") == 1
    assert SECRET not in answer
    assert live_path.legacy.ends == []
    assert (live_path.received, live_path.skipped()) == (1, {"refused": 1})


async def test_an_answer_to_head_has_no_body(live_path: LivePath) -> None:
    """RFC 9110 9.3.2: ours neither, though its head could not be read."""
    client = await live_path.connect()
    await client.send(b"HEAD / HTTP/1.1\r\n\r\n")
    answer = await client.to_end()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"\r\n\r\n")


async def test_bad_request_behind_a_good_one(live_path: LivePath) -> None:
    """The good one is answered first, the bad one refused in its turn."""
    client, legacy = await live_path.ask(GET + b"GET /\r\n\r\n" + GET)
    await legacy.send(OK)
    answer = await client.to_end()
    assert answer.startswith(OK + b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 2
    assert live_path.received == 2


LARGE = {
    "16 KB cookie": b"GET / HTTP/1.1\r\nHost: h\r\nCookie: " + b"a" * 16_384 + b"\r\n\r\n",
    "100 fields": b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * 100 + b"\r\n",
    "8 KB target": b"GET /" + b"a" * 8_192 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
}


@pytest.mark.parametrize("request_", LARGE.values(), ids=LARGE)
async def test_large_but_usual(live_path: LivePath, request_: bytes) -> None:
    """What production sends passes by default."""
    client = await live_path.connect()
    await client.send(request_)
    legacy = await live_path.legacy.accept()
    assert (await legacy.head()).startswith(request_[:-2])
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK


MALFORMED_BODIES = {
    "hex prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
    "bare LF": b"3\nabc\r\n0\r\n\r\n",
    "no CRLF behind the data": b"3\r\nabcX\r\n0\r\n\r\n",
    "bad trailer": b"0\r\nA : b\r\n\r\n",
}


@pytest.mark.parametrize("body", MALFORMED_BODIES.values(), ids=MALFORMED_BODIES)
async def test_malformed_body(live_path: LivePath, body: bytes) -> None:
    """400, and legacy's connection is broken off: its request never ends, and nobody uses it again."""
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
    client, legacy = await live_path.ask(
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
    )
    assert await legacy.exactly(6) == b"1\r\na\r\n"
    await client.send(body + smuggled)
    answer = await client.to_end()
    assert status_of(answer) == 400
    assert answer.count(b"HTTP/1.1") == 1
    assert b"smuggled" not in await legacy.to_end()
    assert live_path.skipped() == {"client_left": 1}


async def test_malformed_body_after_the_answer_has_begun(live_path: LivePath) -> None:
    """An answer cannot be taken back: it is broken off."""
    client, legacy = await live_path.ask(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
    await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    await client.until(b"abc")
    await client.send(b"oops\r\n")
    assert await client.to_end() == b""
    assert await legacy.to_end() == b""


async def test_early_answer_with_the_body_still_coming(live_path: LivePath) -> None:
    """What follows an early answer is a body, whatever it looks like: no byte of it becomes a request."""
    client, legacy = await live_path.ask(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nabc")
    await legacy.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
    await client.until(b"no")
    await client.send(b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n" * 30)
    assert await client.to_end() == b""
    assert await legacy.to_end() == b"abc"
    assert len(live_path.legacy.ends) == 1
    assert live_path.received == 1


UPLOAD = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
NO = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"


async def answered_early(live_path: LivePath) -> End:
    """A client that has an answer while it sends the body of its request."""
    client, legacy = await live_path.ask(UPLOAD)
    await legacy.send(NO)
    assert (await client.to_end()).endswith(b"\r\n\r\nno")
    return client


async def test_who_looks_for_an_answer_only_in_the_end(live_path: LivePath) -> None:
    """Half a minute it may go on sending: reset before, it would never read that it was answered early."""
    client = await answered_early(live_path)
    connection = live_path.connection
    assert connection._rest_ends > live_path.live.front.loop.time() + 29
    live_path.pass_time(4)
    await client.send(b"3\r\ndef\r\n0\r\n\r\n" + GET)
    await until(lambda: connection._decoder is None)
    assert live_path.live.front.connections
    live_path.pass_time(1)
    assert not live_path.live.front.connections or connection.transport.is_closing()
    assert live_path.received == 1


@pytest.mark.parametrize("rest", [b"", b"3\r\ndef\r\n"])
async def test_an_upload_behind_its_answer_ends(live_path: LivePath, rest: bytes) -> None:
    """Whether its sender goes on or not."""
    client = await answered_early(live_path)
    await client.send(rest)
    live_path.pass_time(31)
    await until(lambda: not live_path.live.front.connections)


async def test_an_upload_of_which_nothing_comes_is_not_waited_for_long(live_path: LivePath) -> None:
    """Or clients that wait in silence would keep the others out."""
    client = await answered_early(live_path)
    connection = live_path.connection
    connection.deadline = NEVER
    await client.send(b"1\r\na\r\n")
    await until(lambda: connection.deadline < NEVER)
    live_path.pass_time(6)
    await until(lambda: not live_path.live.front.connections)


async def test_nonsense_behind_an_early_answer(live_path: LivePath) -> None:
    """Is a refused client's, who is cut off within a second."""
    client = await answered_early(live_path)
    await client.send(b"oops\r\n")
    await until(lambda: live_path.connection._decoder is None)
    live_path.pass_time(1)
    await until(lambda: not live_path.live.front.connections)


async def test_refusal_with_the_body_still_coming(live_path: LivePath) -> None:
    """The same where the answer is our own, and the refusal is read before the connection resets."""
    client = await live_path.connect()
    await client.send(b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + GET * 100)
    answer = await client.head()
    await client.send(GET * 100)
    answer += await client.to_end()
    assert status_of(answer) == 400
    assert live_path.legacy.ends == []
    assert live_path.received == 1


async def test_refused_client_that_goes_on_sending(live_path: LivePath) -> None:
    """It is listened to for two seconds, and then cut off."""
    client = await live_path.connect()
    await client.send(b"GET /\r\n\r\n")
    await client.to_end()
    assert live_path.live.front.connections
    live_path.pass_time(2.1)
    await until(lambda: not live_path.live.front.connections)


# -- deadlines that are the client's


async def test_slow_head(live_path: LivePath) -> None:
    """Ten seconds from the first byte of a head to its last, however it drips: 408."""
    client = await live_path.connect()
    await client.send(b"G")
    await until(lambda: live_path.live.front.connections and live_path.connection._buffer)
    live_path.pass_time(9.9)
    await client.send(b"ET / HTTP/1.1\r\nHo")
    await until(lambda: len(live_path.connection._buffer) > 10)
    live_path.pass_time(10.1)
    answer = await client.to_end()
    assert status_of(answer) == 408
    assert live_path.skipped() == {"refused": 1}


async def test_head_deadline_is_not_renewed(live_path: LivePath) -> None:
    """A byte more is no time more."""
    client = await live_path.connect()
    await client.send(b"G")
    await until(lambda: live_path.live.front.connections and live_path.connection._buffer)
    deadline = live_path.connection.deadline
    await client.send(b"E")
    await until(lambda: live_path.connection._buffer == b"GE")
    assert live_path.connection.deadline == deadline


@pytest.mark.parametrize("served", [False, True])
async def test_idle_client(live_path: LivePath, served: bool) -> None:
    """A client without a request is closed without a word after 75 seconds."""
    live_path.legacy.script = answer_all(OK)
    client = await live_path.connect()
    if served:
        await client.send(GET)
        assert await client.exactly(len(OK)) == OK
    await until(lambda: live_path.live.front.connections)
    live_path.pass_time(74)
    assert live_path.live.front.connections
    live_path.pass_time(76)
    assert await client.to_end() == b""


async def test_stalled_upload(live_path: LivePath) -> None:
    """A minute without a byte of the body: 408, and legacy's connection is freed."""
    client, legacy = await live_path.ask(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc")
    live_path.pass_time(59)
    await client.send(b"def")
    assert await legacy.exactly(6) == b"abcdef"
    live_path.pass_time(61)
    assert status_of(await client.to_end()) == 408
    assert await legacy.to_end() == b""
    assert live_path.skipped() == {"client_left": 1}


# -- deadlines that are legacy's


async def test_late_answer(live_path: LivePath) -> None:
    """A minute without an answer: 504, and legacy's connection is closed; the client's lives on."""
    client, legacy = await live_path.ask(GET)
    live_path.pass_time(59)
    live_path.pass_time(61)
    assert status_of(await client.head()) == 504
    assert await legacy.to_end() == b""
    await client.until(b"\n")
    await client.send(GET)
    await live_path.legacy.accept()
    assert live_path.failures() == ["timeout"]


async def test_stalled_answer(live_path: LivePath) -> None:
    """A minute without a byte in the middle of an answer: broken off."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    await client.until(b"abc")
    live_path.pass_time(59)
    await legacy.send(b"def")
    assert await client.exactly(3) == b"def"
    live_path.pass_time(61)
    assert await client.to_end() == b""
    assert live_path.failures() == ["timeout"]


async def test_slow_client_is_not_legacys_fault(live_path: LivePath) -> None:
    """While the client does not take the answer, legacy's time stands still."""
    client, legacy = await live_path.ask(GET)
    client.stop_reading()
    legacy.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 32000000\r\n\r\n" + b"x" * 32_000_000)
    connection = live_path.connection
    await until(lambda: connection._writing_paused)
    upstream = connection._request._upstream  # type: ignore[union-attr]
    assert upstream.deadline - connection.deadline > 3000
    live_path.pass_time(61)
    assert await legacy.to_end() == b""
    await until(lambda: live_path.skipped() == {"client_left": 1})


async def test_exchange_that_takes_too_long(live_path: LivePath) -> None:
    """An hour is enough for anything, moving or not."""
    client, _ = await live_path.ask(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc")
    live_path.live.front.deadlines.forget(live_path.connection)  # the client is not to blame here
    live_path.pass_time(3599)
    live_path.pass_time(3601)
    assert status_of(await client.head()) == 504
    live_path.live.front.deadlines.watch(live_path.connection)


async def test_legacy_that_cannot_be_connected_to(live_path: LivePath) -> None:
    """No connection within its time is 504 too."""

    async def never(_: str) -> None:
        await live_path.worker.stopping.wait()

    live_path.configure(timeouts={"connect": 0.01})
    client = await live_path.connect()
    live_path.live.pool._open = never  # type: ignore[method-assign, assignment]
    await client.send(GET)
    assert status_of(await client.head()) == 504
