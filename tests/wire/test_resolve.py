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

    async def getaddrinfo(self, host: str, port: None, type: int) -> list[object]:  # noqa: A002
        self.asked += 1
        if "fail" in self.addresses:
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return [(0, 0, 0, "", (address, 0)) for address in self.addresses]


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
        await until(lambda asked=asked: names.asked > asked and resolver._refresh is None)
    names.addresses = ("3.3.3.3",)
    names.now += 31
    await resolver.addresses()
    await until(lambda: resolver._refresh is None)
    assert await resolver.addresses() == ["3.3.3.3"]


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
