"""What each side gave is paired, and goes into the shadow of the next request: cookies, fields, headers."""

from __future__ import annotations

import gzip

import pytest
from msgspec.structs import replace
from support.frames import frame
from support.live_path import until
from support.mirror_path import MirrorPath
from support.peers import response

from shadow import settings
from shadow.frame import Frame
from shadow.mirror.session import Sessions
from shadow.mirror.tokens import LONGEST, body_with, in_page
from shadow.model import Response, head_of

NAMED = settings.Sessions(cookies=("sid",), fields=("csrf", "csrf-token"), most=3, keep=settings.Seconds(100))
PAGE = b"text/html; charset=utf-8"


def request(*fields: bytes, body: bytes = b"", kind: bytes = b"application/x-www-form-urlencoded") -> Frame:
    """A POST of a client."""
    lines = (*fields, b"Content-Type: " + kind, b"Content-Length: %d" % len(body))
    head = b"POST / HTTP/1.1\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"
    return frame(head=head, request_body=body)


def answered(sessions: Sessions, legacy: Response, target: Response, now: float = 0.0) -> None:
    """Both sides answer the same request."""
    head = b"HTTP/1.1 200 OK\r\n" + b"".join(b"%b: %b\r\n" % field for field in legacy.headers) + b"\r\n"
    sessions.expect("one", replace(frame(), response_head=head, response_body=legacy.body))
    sessions.answered("one", target, now)


def page(*inputs: bytes) -> Response:
    return Response(200, head_of(((b"Content-Type", PAGE),)), b"<form>%b</form>" % b"".join(inputs))


def hidden(value: bytes) -> bytes:
    return b'<input type="hidden" name="csrf" value="%b">' % value


def cookie(value: bytes) -> Response:
    return Response(
        302, head_of(((b"Set-Cookie", b"sid=%b; Path=/; HttpOnly" % value), (b"set-cookie", b"lang=en")))
    )


def test_a_session_cookie_becomes_the_targets() -> None:
    """Only that of the name, only where the value is known; the others stay byte for byte."""
    sessions = Sessions(NAMED)
    answered(sessions, cookie(b"L=1"), cookie(b"T=1"))
    head, _ = sessions.translated(request(b"cookie: a=L=1; sid=L=1;x"), 1.0)
    assert b"\r\ncookie: a=L=1; sid=T=1;x\r\n" in head
    stranger = request(b"Cookie: sid=unknown")
    assert sessions.translated(stranger, 1.0) == (stranger.request_head, stranger.request_body)


def test_the_token_of_a_form_becomes_the_targets() -> None:
    """In an urlencoded body, quoted as it must be, and the length is that of the new body."""
    sessions = Sessions(NAMED)
    answered(sessions, page(hidden(b"a+/=")), page(hidden(b"x&amp;y/longer")))
    head, body = sessions.translated(request(body=b"q=a%2B%2F%3D&csrf=a%2B%2f%3D&z"), 1.0)
    assert body == b"q=a%2B%2F%3D&csrf=x%26y%2Flonger&z"
    assert b"\r\nContent-Length: %d\r\n" % len(body) in head


def test_the_token_of_a_multipart_form_becomes_the_targets() -> None:
    """In the part of that name only; a file of the same content stays."""
    sessions = Sessions(NAMED)
    answered(sessions, page(hidden(b"legacy")), page(hidden(b"target's")))
    parts = b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\nlegacy\r\n'
    body = parts % b"csrf" + parts % b'file"; filename="csrf' + b"--b--\r\n"
    head, sent = sessions.translated(request(body=body, kind=b"multipart/form-data; boundary=b"), 1.0)
    assert sent == body.replace(b"legacy", b"target's", 1)
    assert b"\r\nContent-Length: %d\r\n" % len(sent) in head


def test_the_token_of_a_meta_tag_goes_into_a_header() -> None:
    """Into X-CSRF-Token, or a header that the settings name."""
    sessions = Sessions(NAMED)
    meta = b"<META content='%b' name=csrf-token />"
    answered(sessions, page(meta % b"legacy"), page(meta % b"target"))
    head, _ = sessions.translated(request(b"x-csrf-token: legacy", b"CSRF: legacy", b"X-Other: legacy"), 1.0)
    assert b"\r\nx-csrf-token: target\r\nCSRF: target\r\nX-Other: legacy\r\n" in head


def test_tokens_of_several_forms_are_paired_by_position() -> None:
    """As of pages in which each form has its own."""
    sessions = Sessions(NAMED)
    answered(sessions, page(hidden(b"l1"), hidden(b"l2")), page(hidden(b"t1"), hidden(b"t2")))
    assert sessions.translated(request(body=b"csrf=l2"), 1.0)[1] == b"csrf=t2"
    assert sessions.translated(request(body=b"csrf=l1"), 1.0)[1] == b"csrf=t1"


def test_a_cookie_that_is_sent_as_a_field_too() -> None:
    """Double submit: the same value in the cookie, a field and a header."""
    sessions = Sessions(NAMED)
    answered(sessions, cookie(b"legacy"), cookie(b"target"))
    head, body = sessions.translated(
        request(b"Cookie: sid=legacy", b"csrf: legacy", body=b"csrf=legacy"), 1.0
    )
    assert (head.count(b"target"), body) == (2, b"csrf=target")


def test_a_chunked_body_has_no_length() -> None:
    """There is none to be changed, and none appears."""
    sessions = Sessions(NAMED)
    answered(sessions, page(hidden(b"legacy")), page(hidden(b"longer than that")))
    fields = b"Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n"
    head = b"POST / HTTP/1.1\r\n" + fields + b"\r\n"
    asked = replace(frame(head=head, request_body=b"csrf=legacy"), chunked=True)
    assert sessions.translated(asked, 1.0) == (head, b"csrf=longer+than+that")


def test_a_compressed_page_is_read() -> None:
    """By its Content-Encoding; one that cannot be decoded gives nothing."""
    sessions = Sessions(NAMED)
    fields = ((b"Content-Type", PAGE), (b"Content-Encoding", b"GZIP"))
    answered(
        sessions, Response(200, head_of(fields), gzip.compress(hidden(b"legacy"))), page(hidden(b"target"))
    )
    answered(sessions, Response(200, head_of(fields), b"no gzip"), page(hidden(b"target")))
    assert sessions.translated(request(body=b"csrf=legacy"), 1.0)[1] == b"csrf=target"
    assert len(sessions) == 1


def test_nothing_is_paired_with_nothing() -> None:
    """A target that sets no cookie, or fails; a cookie that is deleted."""
    sessions = Sessions(NAMED)
    answered(sessions, cookie(b"legacy"), Response(500, b""))
    answered(sessions, cookie(b""), cookie(b"target"))
    sessions.expect("two", replace(frame(), response_head=b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=x\r\n\r\n"))
    sessions.answered("two", None, 0.0)
    assert len(sessions) == 0
    assert sessions.givers(request(b"Cookie: sid=x")) == set()


def test_the_least_recently_used_pair_goes_first() -> None:
    """Beyond `most`; what was used since stays."""
    sessions = Sessions(NAMED)
    for number in range(3):
        answered(sessions, cookie(b"l%d" % number), cookie(b"t%d" % number), now=number)
    sessions.translated(request(b"Cookie: sid=l0"), 3.0)
    answered(sessions, cookie(b"l3"), cookie(b"t3"), now=4.0)
    assert len(sessions) == 3
    assert b"sid=t0" in sessions.translated(request(b"Cookie: sid=l0"), 5.0)[0]
    assert b"sid=l1" in sessions.translated(request(b"Cookie: sid=l1"), 5.0)[0]


def test_a_pair_not_used_for_long_is_forgotten() -> None:
    """`keep` counts from its last use."""
    sessions = Sessions(NAMED)
    answered(sessions, cookie(b"legacy"), cookie(b"target"), now=0.0)
    asked = request(b"Cookie: sid=legacy")
    assert b"sid=target" in sessions.translated(asked, 99.0)[0]
    assert b"sid=target" in sessions.translated(asked, 198.0)[0]
    assert b"sid=legacy" in sessions.translated(asked, 299.0)[0]


@pytest.mark.parametrize(
    "hostile",
    [
        b"<input " * 150_000,
        b'<input name="' * 80_000,
        b"<meta " + b"a" * 1_000_000 + b">",
        b"<meta name=csrf content=" + b"x" * (LONGEST + 1) + b">",
        b"<input name=csrf value=''>" * 40_000,
    ],
)
def test_hostile_pages_give_nothing_and_take_no_time(hostile: bytes) -> None:
    """Linear in their length; the suite's patience is the bound."""
    assert list(in_page(hostile, frozenset([b"csrf"]))) == []


def test_a_page_gives_no_more_than_a_hundred() -> None:
    """However many it has."""
    assert len(list(in_page(hidden(b"x") * 5000, frozenset([b"csrf"])))) == 100


def test_what_is_no_form_stays() -> None:
    """Byte for byte, whatever it holds; so does a form without a boundary."""
    for kind in (b"application/json", b"", b"multipart/form-data", b"text/plain"):
        assert body_with(kind, b"csrf=legacy", frozenset([b"csrf"]), lambda _: b"other") == b"csrf=legacy"


# -- the order within a session

LOGIN = b"HTTP/1.1 302 Found\r\nSet-Cookie: sid=legacy\r\nContent-Length: 0\r\n\r\n"
ASKED = b"GET /account HTTP/1.1\r\nHost: h\r\nCookie: sid=legacy\r\n\r\n"
ON = {"cookies": ["sid"]}


async def login(path: MirrorPath) -> None:
    """Legacy has let a client in; the target is asked, and holds its answer."""
    path.target.answer = lambda r: (
        response(b"", "302 Found", "Set-Cookie: sid=target") if r.target == "/login" else response(b"hello")
    )
    await path.start(sessions=ON)
    path.target.gate.clear()
    path.offer(path.frame("/login", answer=LOGIN))
    await until(lambda: len(path.target.asked) == 1)


async def test_the_next_request_waits_for_the_cookie(path: MirrorPath) -> None:
    """It is not sent before the target has let the client in, and then with the target's cookie."""
    await login(path)
    path.offer(path.frame(request=ASKED, answer=response(b"hello")))
    path.offer(path.frame("/other", answer=response(b"hello")))
    await until(lambda: len(path.target.asked) == 2)
    assert path.target.asked[1].target == "/other", "who is in no session waits for none"
    path.target.gate.set()
    await path.all_ended(3)
    assert path.target.asked[2].all("cookie") == ["sid=target"]
    assert path.total.matched == 3


async def test_it_does_not_wait_for_ever(path: MirrorPath) -> None:
    """After the time of a shadow request it goes as it is; the late answer finds it gone."""
    await login(path)
    path.offer(path.frame(request=ASKED, answer=response(b"hello")))
    path.mirror._session_order._held[next(iter(path.mirror._session_order._held))][0].expired(0.0)  # type: ignore[union-attr]
    await until(lambda: len(path.target.asked) == 2)
    assert path.target.asked[1].all("cookie") == ["sid=legacy"]
    path.target.gate.set()
    await path.all_ended(2)


async def test_a_login_that_fails_lets_the_next_go(path: MirrorPath) -> None:
    """As it is: nothing is known of the target's session."""
    await login(path)
    path.target.answer = lambda r: None if r.target == "/login" else response(b"hello")
    path.offer(path.frame(request=ASKED, answer=response(b"hello")))
    path.target.gate.set()
    await path.all_ended(2)
    assert path.target.asked[1].all("cookie") == ["sid=legacy"]


async def test_one_that_waits_at_the_end_is_counted(
    path: MirrorPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dropped like what is under way, and not sent afterwards."""
    monkeypatch.setattr("shadow.mirror.mirror._DRAIN", 0.01)
    await login(path)
    path.offer(path.frame(request=ASKED, answer=response(b"hello")))
    await path.mirror.drain()
    assert path.total.dropped == {"shutdown": 2}
    assert len(path.target.asked) == 1
    path.mirror._admission.in_flight = path.mirror._admission.held = (
        0  # what was given up is not counted back
    )


async def test_no_value_of_a_session_is_in_the_evidence(path: MirrorPath) -> None:
    """Whatever its name: in cookies, headers, the form that was sent and the page that was given."""
    values = "legacycookie0", "targetcookie0", "legacytoken00", "targettoken00"
    html = "Content-Type: text/html"

    def side(cookie: str, token: str, said: str) -> bytes:
        page = f'<meta name="tkn" content="{token}"><input name="tkn" value="{token}"><p>{said}'
        return response(page.encode(), "200 OK", html, f"Set-Cookie: sid={cookie}")

    legacy = side(values[0], values[2], "old")
    path.target.answer = lambda r: side(values[1], values[3], "new")
    await path.start(sessions={"cookies": ["sid"], "fields": ["tkn"]})
    path.offer(path.frame("/form", answer=legacy))
    await path.all_ended(1)
    form = request(b"Cookie: sid=legacycookie0", b"tkn: legacytoken00", body=b"tkn=legacytoken00&a=b")
    sent = path.frame(request=form.request_head + form.request_body, answer=legacy)
    path.offer(replace(sent, method=b"POST"))
    await path.all_ended(2)
    assert path.target.asked[1].body == b"tkn=targettoken00&a=b"
    written = b"".join(each.read_bytes() for each in path.record.iterdir())
    assert path.total.differed == 2
    assert [value for value in values if value.encode() in written] == []
