"""What every test runs under."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Mapping

import hypothesis
import pytest
import pytest_asyncio
import uvloop
from support.live_path import LivePath

hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("fixed")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of production."""
    return {"uvloop": uvloop.new_event_loop}


@pytest_asyncio.fixture
async def live_path() -> AsyncIterator[LivePath]:
    """A live worker's path on the test's own loop, between a scripted client and a scripted legacy."""
    path = LivePath()
    await path.legacy.start()
    yield path
    await path.stop()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="a test that cannot run here is a failure")
    parser.addoption(
        "--examples", type=int, help="how many messages the parsers are held against others with"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything is installed, a skip means that something was not tested."""
    report = yield
    if report.skipped and item.config.getoption("--no-skips"):
        report.outcome = "failed"
    return report
