"""What is sent for a logged request."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.filters import Filters, hosts, methods, moment, paths, statuses
from replay.model import BadLine, LoggedRequest
from replay.request import head, header, overrides

OVERRIDES = overrides(b"legacy:8080", ((b"X-Token", b"1"),))


def asked(**fields: object) -> LoggedRequest:
    return LoggedRequest(b"GET", b"/", 0.0)._replace(**fields)


@given(
    st.binary(),
    st.binary() | st.none(),
    st.lists(st.tuples(st.binary(), st.binary())),
    st.binary() | st.none(),
)
def test_no_line_can_end_a_line(
    target: bytes, host: bytes | None, headers: list[tuple[bytes, bytes]], client: bytes | None
) -> None:
    """Whatever a log holds, what is sent is one head with the fields that belong there."""
    request = asked(target=target, host=host, headers=tuple(headers), client=client)
    raw = head(request, b"id", OVERRIDES)
    if isinstance(raw, bytes):
        assert raw.endswith(b"\r\n\r\n")
        assert raw.count(b"\r\n\r\n") == 1
        lines = raw.split(b"\r\n")
        assert lines[0] == b"GET %b HTTP/1.1" % target
        assert len(lines) <= len(headers) + 7
        assert not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines)


def test_what_the_log_holds_is_sent() -> None:
    """Host and end-to-end fields as logged, ours in the place of those of their names."""
    headers = (
        (b"Referer", b"/a"),
        (b"x-token", b"old"),
        (b"Connection", b"close"),
        (b"Content-Length", b"9"),
    )
    request = asked(target=b"/\x8c\x9f?", host=b"shop", headers=headers, client=b"10.0.0.1")
    assert head(request, b"id", OVERRIDES) == (
        b"GET /\x8c\x9f? HTTP/1.1\r\nHost: shop\r\nReferer: /a\r\nX-Token: 1\r\n"
        b"X-Forwarded-For: 10.0.0.1\r\nX-Request-Id: id\r\n\r\n"
    )
    assert b"\r\nHost: legacy:8080\r\n" in head(asked(), b"id", OVERRIDES)


def test_a_host_can_be_given() -> None:
    """For logs that do not say it, and in the place of those that do."""
    given_ = overrides(b"legacy:8080", (header("host: www.example.com"), (b"X-Token", b"1")))
    expected = b"GET / HTTP/1.1\r\nHost: www.example.com\r\nX-Token: 1\r\nX-Request-Id: id\r\n\r\n"
    assert head(asked(), b"id", given_) == head(asked(host=b"shop"), b"id", given_) == expected


@pytest.mark.parametrize("target", [b"http://evil/", b"//evil\r\n", b"*", b"", b"/a b", b"/\x7f"])
def test_what_is_no_path_is_not_sent(target: bytes) -> None:
    """An absolute target could make a proxy behind us ask somebody else."""
    assert isinstance(head(asked(target=target), b"id", OVERRIDES), BadLine)


@pytest.mark.parametrize("text", ["no colon", "Na me: x", "X: a\r\nY: b", "Host: a b", "Content-Length: 1"])
def test_a_header_that_cannot_be_sent_is_refused(text: str) -> None:
    """The error does not repeat its value."""
    with pytest.raises(ValueError, match=r"NAME: VALUE|set by Shadow|no name"):
        header(text)


def test_filters_take_what_they_name() -> None:
    """By host, path, method, status and time."""
    filters = Filters(
        hosts(("*.example",)),
        paths(("/items/*", "/x")),
        methods(("get",)),
        statuses(("2xx", "404")),
        moment("2026-01-01"),
        moment("2026-01-02T09:00:00+09:00"),
    )
    good = asked(host=b"a.example", target=b"/items/1/2?q", status=404, at=moment("2026-01-01T12:00"))
    assert filters.why_not(good) is None
    for wrong in (
        {"host": b"example.org"}, {"host": None}, {"target": b"/other"}, {"status": 500}, {"status": None},
        {"method": b"HEAD"}, {"method": b"POST"}, {"at": 0.0}, {"at": moment("2026-01-02")},
    ):  # fmt: skip
        assert filters.why_not(good._replace(**wrong)) is not None, wrong


@pytest.mark.parametrize(("glob", "sent"), [("/商品/*", "/%E5%95%86%E5%93%81/*"), ("/\udc8f?", "/%8F?")])
def test_a_filter_is_of_what_is_sent(glob: str, sent: str) -> None:
    """Letters that no request line holds would let everything through; it is said how they are written."""
    with pytest.raises(ValueError, match=f"write {re.escape(repr(sent))}"):
        paths((glob,))
    found = paths((sent,))
    assert found is not None
    assert found.fullmatch(sent.encode())
    with pytest.raises(ValueError, match="xn--bcher-kva"):
        hosts(("*.bücher.example",))


def test_unsafe_methods_cannot_be_asked_for() -> None:
    """Legacy would do it a second time."""
    with pytest.raises(ValueError, match="second time"):
        methods(("POST",))
