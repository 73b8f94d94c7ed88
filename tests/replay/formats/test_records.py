"""Formats that are no lines: HTTP archives and GoReplay's files."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from replay.formats.gor import SEPARATOR
from replay.formats.parser import Framing, RecordParser
from replay.formats.registry import parser
from replay.model import BadLine, LoggedRequest, LogSkip

TEN = 1795309200.0  # 2026-11-22 01:00:00 UTC


def records(name: str) -> RecordParser:
    made = parser(name)
    assert isinstance(made, RecordParser)
    return made


def entry(url: str, started: str = "2026-11-22T01:00:00.000Z", **request: Any) -> dict[str, Any]:
    return {
        "startedDateTime": started,
        "time": 250.0,
        "request": {"method": "GET", "url": url, "headers": [], **request},
        "response": {"status": 200, "bodySize": 12},
    }


def archive(*entries: Any) -> bytes:
    return json.dumps({"log": {"version": "1.2", "entries": list(entries)}}).encode()


def test_an_archive_is_one_document_with_many_requests() -> None:
    """Host and path are taken from the URL, in the order in which the requests began."""
    made = records("har")
    assert made.framing is Framing.DOCUMENT
    later = entry("https://shop.example/b", "2026-11-22T10:00:01.000+09:00")
    parsed = list(made.entries(b"\xef\xbb\xbf" + archive(later, entry("https://shop.example/a?x=1#top"))))
    assert parsed == [
        LoggedRequest(b"GET", b"/a?x=1", TEN, b"shop.example", (), b"", 200, 12, 0.25),
        LoggedRequest(b"GET", b"/b", TEN + 1, b"shop.example", (), b"", 200, 12, 0.25),
    ]


@pytest.mark.parametrize(
    ("posted", "body"),
    [
        ({"text": '{"a":"検"}'}, '{"a":"検"}'.encode()),
        ({"text": base64.b64encode(b"\x00\xff").decode(), "encoding": "base64"}, b"\x00\xff"),
        ({"params": [{"name": "a b", "value": "c&d"}, {"name": "e"}]}, b"a+b=c%26d&e="),
    ],
)
def test_an_archive_has_bodies(posted: dict[str, Any], body: bytes) -> None:
    """As text, as base64, or as the fields of a form."""
    (parsed,) = records("har").entries(
        archive(entry("https://shop.example/", method="POST", postData=posted))
    )
    assert isinstance(parsed, LoggedRequest)
    assert (parsed.method, parsed.body) == (b"POST", body)


def test_fields_of_framing_are_left_to_who_sends() -> None:
    """HTTP/2's pseudo fields, Host and the body's length are said anew; the order of others is kept."""
    names = [":authority", "accept", "Host", "Content-Length", "Connection", "cookie", "Accept"]
    headers = [{"name": name, "value": f"v{place}"} for place, name in enumerate(names)]
    (parsed,) = records("har").entries(archive(entry("https://shop.example/", headers=headers)))
    assert isinstance(parsed, LoggedRequest)
    assert parsed.headers == ((b"accept", b"v1"), (b"cookie", b"v5"), (b"Accept", b"v6"))
    assert parsed.host == b"v2"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", LogSkip.MALFORMED),
        (b"[]", LogSkip.MALFORMED),
        (archive(7), LogSkip.MALFORMED),
        (archive(entry("/x", postData={"params": [{"value": "c"}]})), LogSkip.MALFORMED),
        (archive(entry("chrome-extension://x/y")), LogSkip.NOT_REPLAYABLE),
        (archive(entry("https://a/", headers=[{"name": "a", "value": "b\r\nc: d"}])), LogSkip.MALFORMED),
    ],
)
def test_a_bad_archive_says_why(document: bytes, reason: LogSkip) -> None:
    """Each entry, or the document as a whole."""
    (parsed,) = records("har").entries(document)
    assert isinstance(parsed, BadLine)
    assert parsed.reason is reason


ASKED = (
    b"1 aa11 1795309200000000000\nPOST /x HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n"
    b"X-A: 1\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
)
ANSWERED = b"2 aa11 1795309200250000000 250\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"


def test_a_request_is_paired_with_its_answer() -> None:
    """Records 1 and 2 of one id make one request with the status, size and time of its answer."""
    made = records("gor")
    assert made.framing is Framing.GOR
    file = SEPARATOR.join((ASKED, ANSWERED, b"3 aa11 1795309201000000000 9\nHTTP/1.1 500 No\r\n\r\n", b""))
    parsed = [one for record in file.split(SEPARATOR) if record for one in made.entries(record)]
    assert len(parsed) == 1
    (one,) = parsed
    assert isinstance(one, LoggedRequest)
    assert one._replace(seconds=None) == LoggedRequest(
        b"POST", b"/x", TEN, b"shop.example", ((b"X-A", b"1"),), b"abcde", 201, 2
    )
    assert one.seconds == pytest.approx(0.25, abs=1e-6)
    assert not list(made.finish())


def test_a_request_without_answer_is_told_at_the_end() -> None:
    """Nothing that was recorded is lost."""
    made = records("gor")
    assert not list(made.entries(ASKED))
    (parsed,) = made.finish()
    assert isinstance(parsed, LoggedRequest)
    assert parsed.status is None


def test_few_requests_wait() -> None:
    """Memory is bounded: the oldest goes on without its answer."""
    made = records("gor")
    told = [
        one
        for number in range(10_003)
        for one in made.entries(b"1 %x %d\nGET /%d HTTP/1.1\r\n\r\n" % (number, TEN * 10**9, number))
    ]
    assert [one.target for one in told if isinstance(one, LoggedRequest)] == [b"/0", b"/1", b"/2"]


@pytest.mark.parametrize("record", [b"", b"x", b"1 aa\nGET / HTTP/1.1", b"1 aa 1795309200000000000\nrubbish"])
def test_a_bad_record_says_why(record: bytes) -> None:
    """Not a head of GoReplay's, or not a request behind it."""
    (parsed,) = records("gor").entries(record)
    assert isinstance(parsed, BadLine)
