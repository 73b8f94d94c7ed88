"""Names to addresses: asked off the loop, turned round, kept while there is nothing newer."""

from __future__ import annotations

import asyncio
import socket

import pytest
from support.live_path import until

from shadow.address import backend
from shadow.wire.resolve import Resolver, authority


class Names:
    """A loop that knows what the test says."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked = 0
        self.now = 100.0

    def time(self) -> float:
        return self.now

    def create_task(self, coroutine: object) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(coroutine)  # type: ignore[arg-type]

    async def getaddrinfo(self, host: str, port: None, type: int) -> list[object]:  # noqa: A002 - as in asyncio
        self.asked += 1
        if "fail" in self.addresses:
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return [(0, 0, 0, "", (address, 0)) for address in self.addresses]


class Slow(Names):
    """One whose answer comes when the test says so."""

    answer: asyncio.Event

    async def getaddrinfo(self, host: str, port: None, type: int) -> list[object]:  # noqa: A002 - as in asyncio
        found = await super().getaddrinfo(host, port, type)
        await self.answer.wait()
        return found


async def test_turns() -> None:
    """Each new connection begins with another address."""
    resolver = Resolver(Names("1.1.1.1", "2.2.2.2", "1.1.1.1"), "name")  # type: ignore[arg-type]
    first = [(await resolver.addresses())[0] for _ in range(4)]
    assert sorted(set(first)) == ["1.1.1.1", "2.2.2.2"]
    assert first[0] != first[1]


async def test_old_addresses_outlive_the_resolver() -> None:
    """Asked again after half a minute without anybody waiting; a failure changes nothing."""
    names = Names("1.1.1.1")
    resolver = Resolver(names, "name")  # type: ignore[arg-type]
    await resolver.addresses()
    for answer in (("fail",), ()):
        names.addresses = answer
        names.now += 31
        asked = names.asked
        assert await resolver.addresses() == ["1.1.1.1"]
        await until(lambda asked=asked: names.asked > asked and resolver._question is None)
    names.addresses = ("3.3.3.3",)
    names.now += 31
    await resolver.addresses()
    await until(lambda: resolver._question is None)
    assert await resolver.addresses() == ["3.3.3.3"]


async def test_one_question_at_a_time() -> None:
    """Who waits for a slow answer waits for the same one; who leaves takes it from nobody."""
    answer, names = asyncio.Event(), Slow("1.1.1.1")
    names.answer = answer
    resolver = Resolver(names, "name")  # type: ignore[arg-type]
    waiting = [asyncio.create_task(resolver.addresses()) for _ in range(3)]
    await until(lambda: names.asked)
    waiting[0].cancel()
    answer.set()
    assert await asyncio.gather(*waiting[1:]) == [["1.1.1.1"]] * 2
    assert names.asked == 1


async def reach(resolver: Resolver, *dead: str, silent: tuple[str, ...] = ()) -> list[str]:
    """Connect where these addresses are dead; in what order they were tried."""
    tried: list[str] = []

    async def connect(address: str) -> None:
        tried.append(address)
        if address in silent:
            await asyncio.Event().wait()
        if address in dead:
            raise ConnectionRefusedError

    await resolver.reach(connect, 0.2)
    return tried


async def test_a_dead_address_is_skipped() -> None:
    """Tried after the others for a while, then by one connection; sound again, it has its turn again."""
    names = Names("1.1.1.1", "2.2.2.2")
    resolver = Resolver(names, "name")  # type: ignore[arg-type]
    tried = [await reach(resolver, "1.1.1.1") for _ in range(6)]
    assert sorted(tried) == [["1.1.1.1", "2.2.2.2"], *[["2.2.2.2"]] * 5]
    names.now += 11
    assert sum("1.1.1.1" in each for each in [await reach(resolver, "1.1.1.1") for _ in range(6)]) == 1
    names.now += 11
    assert sum("1.1.1.1" in each for each in [await reach(resolver) for _ in range(6)]) >= 3


async def test_a_silent_address_leaves_time_for_the_others() -> None:
    """A packet filter that swallows what is sent to one address costs a connection time, and no client."""
    resolver = Resolver(asyncio.get_running_loop(), "127.0.0.1")
    resolver._known = ["1.1.1.1", "2.2.2.2"]
    assert await reach(resolver, silent=("2.2.2.2",)) == ["2.2.2.2", "1.1.1.1"]


async def test_all_addresses_dead() -> None:
    """The last one's failure is that of all; they are tried again at once."""
    resolver = Resolver(Names("1.1.1.1", "2.2.2.2"), "name")  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            await reach(resolver, "1.1.1.1", "2.2.2.2")
    assert await reach(resolver)


@pytest.mark.parametrize(("silent", "problem"), [((), ConnectionRefusedError), (("1.1.1.1",), TimeoutError)])
async def test_a_name_whose_address_takes_no_connection_is_asked_for_anew(
    silent: tuple[str, ...], problem: type[OSError]
) -> None:
    """At once, for it may stand for another by now; once a second at most."""
    names = Names("1.1.1.1")
    resolver = Resolver(names, "name")  # type: ignore[arg-type]
    await reach(resolver)
    names.addresses = ("2.2.2.2",)
    with pytest.raises(problem):
        await reach(resolver, "1.1.1.1", silent=silent)
    assert resolver._question is None
    names.now += 1.1
    with pytest.raises(problem):
        await reach(resolver, "1.1.1.1", silent=silent)
    await until(lambda: resolver._question is None)
    assert await reach(resolver) == ["2.2.2.2"]
    assert names.asked == 2


@pytest.mark.parametrize("answer", ["fail", None])
async def test_no_address_at_all(answer: str | None) -> None:
    """An unknown name, or one without addresses, is the same error."""
    resolver = Resolver(Names(*[answer] if answer else []), "name")  # type: ignore[arg-type]
    with pytest.raises(socket.gaierror):
        await resolver.addresses()


async def test_literal_is_never_asked_for() -> None:
    """An address is its own answer."""
    names = Names("fail")
    resolver = Resolver(names, "::1")  # type: ignore[arg-type]
    names.now += 1000
    assert await resolver.addresses() == ["::1"]
    with pytest.raises(ConnectionRefusedError):
        await reach(resolver, "::1")
    assert names.asked == 0


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h", b"h"),
        ("http://h:80", b"h"),
        ("https://h:443", b"h"),
        ("http://h:443", b"h:443"),
        ("http://[::1]:81", b"[::1]:81"),
    ],
)
def test_authority(url: str, expected: bytes) -> None:
    """A default port is not named."""
    assert authority(backend(url)) == expected
