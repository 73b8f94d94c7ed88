"""Addresses as people write them."""

from __future__ import annotations

import pytest

from shadow.address import Backend, Listener, backend, listener, network, same_place


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://old", Backend(False, "old", 80)),
        ("https://Old.Example", Backend(True, "old.example", 443)),
        ("HTTP://old_1:8080/", Backend(False, "old_1", 8080)),
        ("http://[::1]:8080", Backend(False, "::1", 8080)),
        ("http://10.0.0.1", Backend(False, "10.0.0.1", 80)),
    ],
)
def test_a_backend_is_scheme_host_and_port(url: str, parts: Backend) -> None:
    """The port of the scheme where none is written."""
    assert backend(url) == parts


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("old:80", "write http://old:80"),
        ("", "write http://HOST:PORT"),
        ("ftp://old", "not by 'ftp'"),
        ("http://old/api", "write http://old"),
        ("http://old?x", "write http://old"),
        ("http://", "host is missing"),
        ("http://::1:80", "brackets"),
        ("http://[::1", "brackets"),
        ("http://999.1.1.1", "no IP address"),
        ("http://old:0", "port 0"),
        ("http://old:70000", "port 70000"),
        ("http://old:80\r\nx", "not a host and port"),
        ("http://検索.jp", "xn--"),
        (" http://old", "not by ' http'"),
    ],
)
def test_a_bad_url_is_one_line_that_says_what_to_write(url: str, words: str) -> None:
    """What would be ignored or misread is refused."""
    with pytest.raises(ValueError, match=words) as caught:
        backend(url)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://user:hunter2@old",
        "http://user:hun/ter2@old",
        "hunter2@old",
        "x://hunter2@o",
        "u:hunter2@h://x",
    ],
)
def test_a_password_is_refused_and_not_repeated(url: str) -> None:
    """An error is printed, logged and pasted into tickets."""
    with pytest.raises(ValueError, match=r".") as caught:
        backend(url)
    assert "ter2" not in str(caught.value)


def test_a_listener_is_host_and_port() -> None:
    """Port 0 lets the system pick one."""
    assert listener("127.0.0.1:0") == Listener("127.0.0.1", 0)
    assert listener("[::]:8080") == Listener("::", 8080)


@pytest.mark.parametrize(
    "text", ["", "8080", ":8080", "host", "host:", "::1:80", "h:99999", "1.2.3:80", "http://h:80"]
)
def test_a_bad_listener_is_refused(text: str) -> None:
    """There is no guessing which half is missing."""
    with pytest.raises(ValueError, match=r"expected HOST:PORT|port 99999|no IP address"):
        listener(text)


@pytest.mark.parametrize(
    ("url", "listen", "same"),
    [
        ("http://127.0.0.1:80", "0.0.0.0:80", True),
        ("http://localhost:80", "127.0.0.1:80", True),
        ("http://[::1]", "[::]:80", True),
        ("http://127.0.0.2:80", "127.0.0.1:80", False),
        ("http://127.0.0.2:80", "0.0.0.0:80", True),
        ("http://old:80", "old:80", True),
        ("http://old:80", "0.0.0.0:80", False),
        ("http://127.0.0.1:81", "0.0.0.0:80", False),
    ],
)
def test_addresses_that_meet_on_this_machine_are_the_same(url: str, listen: str, same: bool) -> None:
    """A proxy that asks itself is a loop."""
    assert same_place(backend(url), listener(listen)) is same


def test_a_network_has_no_bits_behind_its_prefix() -> None:
    """10.0.0.1/8 means one address or sixteen million; the user says which."""
    assert str(network("10.0.0.1")) == "10.0.0.1/32"
    with pytest.raises(ValueError, match=r"write 10\.0\.0\.0/8"):
        network("10.0.0.1/8")
    with pytest.raises(ValueError, match="expected a network"):
        network("10.0.0.0/33")
