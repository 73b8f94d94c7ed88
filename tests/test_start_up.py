"""What is loaded when: asking for help loads next to nothing, and a worker of the data path no server."""

from __future__ import annotations

import subprocess
import sys

import pytest

_LOADED = """
import sys
{code}
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""
_HEAVY = {
    "aiohttp",
    "asyncio",
    "jinja2",
    "msgspec",
    "obstore",
    "prometheus_client",
    "rich",
    "structlog",
    "uvloop",
}


def loaded(code: str) -> set[str]:
    """The packages that a fresh interpreter has loaded after this code."""
    said = subprocess.run(
        [sys.executable, "-c", _LOADED.format(code=code)], capture_output=True, text=True, check=True
    )
    return set(said.stdout.split())


def test_help_loads_the_command_line_only() -> None:
    """Within a fifth of a second there is no time for a server's libraries."""
    code = (
        "from click.testing import CliRunner; import shadow.cli as cli; CliRunner().invoke(cli.main, ['-h'])"
    )
    assert not loaded(code) & _HEAVY


@pytest.mark.parametrize("module", ["shadow.live.worker", "shadow.mirror.worker"])
def test_what_carries_requests_needs_no_server_of_pages(module: str) -> None:
    """A worker of the data path is written without them."""
    assert not loaded(f"import {module}") & {"aiohttp", "jinja2", "obstore", "prometheus_client"}


def test_a_proxy_loads_neither_a_client_of_stores_nor_what_makes_a_page() -> None:
    """They would take 7 MiB. The client is loaded where a store is named; pages are made by a process that
    ends."""
    assert not loaded("import shadow.serve.proxy") & {"jinja2", "obstore"}
