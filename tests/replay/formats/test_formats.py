"""Every format, field by field, and the traps that real logs have."""

# ruff: noqa: E501, ISC004 - lines of logs are as long as they are

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from replay.formats.parser import LineParser, Options
from replay.formats.registry import descriptions, parser
from replay.formats.w3c import CLOUDFRONT_FIELDS
from replay.model import BadLine, LoggedRequest, LogSkip, Parsed
from shadow.cli import main

TEN = 1795309200.0  # 2026-11-22 01:00:00 UTC, which is 10:00 in Tokyo
MOZILLA = (b"User-Agent", b"Mozilla/5.0 (X11)")

ISTIO = (
    b'[2026-11-22T01:00:00.125Z] "GET /x?a="b" HTTP/1.1" 200 - via_upstream - "-" 0 12 3 1 "-" "a "q" \\ x" "id" '
    b'"shop.example" "10.0.0.1:80" outbound|80||web 1.1.1.1:1 2.2.2.2:2 3.3.3.3:3 - default'
)
ALB = (
    b"https 2026-11-22T01:00:00.500000Z app/web/1 1.2.3.4:33 10.0.0.1:80 0.001 0.100 0.002 200 200 34 366 "
    b'"GET https://shop.example:443/a?b=c HTTP/1.1" "curl "x"" ECDHE TLSv1.2 arn:aws:x "Root=1-58" "shop.example" '
    b'"arn" 0 2026-11-22T01:00:00.300000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1 "-" "-" "-" 9.9.9.9'
)
ELB = (
    b"2026-11-22T01:00:00.300000Z web 1.2.3.4:33 10.0.0.1:80 0.001 0.100 0.002 200 200 0 12 "
    b'"GET https://shop.example:443/a?b=c HTTP/1.1" "curl "x" y" ECDHE TLSv1.2'
)
ELB_TCP = (
    b"2026-11-22T01:00:00.300000Z web 1.2.3.4:33 10.0.0.1:80 0.001 0.000028 0.000041 - - 82 305 "
    b'"- - - " "-" - -'
)
HAPROXY = (
    b"Nov 22 10:00:00 lb haproxy[77]: 1.2.3.4:4455 [22/Nov/2026:10:00:00.250] web web/a 0/0/0/1/15 200 120 - - ---- "
    b'1/1/0/0/0 0/0 {shop.example|a#22q#22} {nginx} "GET /x?q=#83#5C#23 HTTP/1.1"'
)
CADDY = (
    b'{"level":"info","ts":1795309200.5,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":'
    b'"10.0.0.9","client_ip":"1.2.3.4","proto":"HTTP/1.1","method":"GET","host":"shop.example","uri":"/x?\\u0026",'
    b'"headers":{"User-Agent":["Mozilla/5.0 (X11)"],"Cookie":["REDACTED"]}},"user_id":"","duration":0.5,"size":12,'
    b'"status":200}'
)
TRAEFIK_JSON = (
    b'{"StartUTC":"2026-11-22T01:00:00.123456789Z","Duration":1500000,"RequestMethod":"GET","RequestPath":"/x?a",'
    b'"RequestAddr":"shop.example:8080","RequestHost":"shop.example","DownstreamStatus":200,"ClientUsername":"-",'
    b'"DownstreamContentSize":12,"ClientHost":"1.2.3.4","request_User-Agent":"Mozilla/5.0 (X11)"}'
)
GOOGLE = (
    b'{"httpRequest":{"requestMethod":"GET","requestUrl":"https://shop.example/x?y#z","status":200,"latency":"0.123s",'
    b'"userAgent":"Mozilla/5.0 (X11)","remoteIp":"1.2.3.4"},"timestamp":"2026-11-22T01:00:00.1Z"}'
)
REQUEST = LoggedRequest(b"GET", b"/x", TEN, status=200, size=12, client=b"1.2.3.4", headers=(MOZILLA,))

READ = {
    "common": (
        "common",
        b'1.2.3.4 - jo [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200 12',
        REQUEST._replace(headers=(), user=b"jo"),
    ),
    "combined": (
        "COMBINED",
        b'1.2.3.4 - - [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200 12 "-" "Mozilla/5.0 (X11)"\r\n',
        REQUEST,
    ),
    "vcombined": (
        "vcombined",
        b'shop.example:80 1.2.3.4 - - [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200 99 "-" "Mozilla/5.0 (X11)"',
        REQUEST._replace(host=b"shop.example", size=None),  # %O counts the head too
    ),
    "lighttpd": (
        "lighttpd",
        b'1.2.3.4 shop.example:8080 jo [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200 12 "-" "Mozilla/5.0 (X11)"',
        REQUEST._replace(host=b"shop.example:8080", user=b"jo"),
    ),
    "lighttpd, an IPv6 host": (
        "lighttpd",
        b'::1 [::1]:80 - [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200 12 "-" "Mozilla/5.0 (X11)"',
        REQUEST._replace(host=b"[::1]:80", client=b"::1"),
    ),
    "host-combined": (
        "host-combined",
        b'shop.example ::1 - - [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200 12 "-" "Mozilla/5.0 (X11)"',
        REQUEST._replace(host=b"shop.example", client=b"::1"),
    ),
    "nginx-proxy": (
        "nginx-proxy",
        b'shop.example 1.2.3.4 - - [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200 12 "-" "Mozilla/5.0 (X11)" '
        b'"10.0.0.1:80, 10.0.0.2:80"',
        REQUEST._replace(host=b"shop.example"),
    ),
    "combined-time": (
        "combined-time",
        b'1.2.3.4 - - [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200 12 "-" "Mozilla/5.0 (X11)" 0.250',
        REQUEST._replace(at=TEN - 0.25, seconds=0.25),
    ),
    "ingress-nginx, with a retry": (
        "ingress-nginx",
        b'1.2.3.4 - - [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200 12 "-" "Mozilla/5.0 (X11)" 120 0.250 '
        b"[default-web-80] [] 10.0.0.1:80, 10.0.0.2:80 0, 12 0.010, 0.240 502, 200 abcdef",
        REQUEST._replace(at=TEN - 0.25, seconds=0.25),
    ),
    "a list of upstream times": (
        '$remote_addr [$time_local] "$request" $status $upstream_response_time',
        b'1.2.3.4 [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200 0.250, 0.500 : 0.250',
        REQUEST._replace(at=TEN - 1, seconds=1.0, size=None, headers=()),
    ),
    "istio": (
        "istio",
        ISTIO,
        LoggedRequest(b"GET", b'/x?a="b"', TEN + 0.125, b"shop.example", ((b"User-Agent", b'a "q" \\ x'),), b"", 200, 12,
                      0.003, b"3.3.3.3"),
    ),
    "traefik": (
        "traefik",
        b'1.2.3.4 - - [22/Nov/2026:01:00:00 +0000] "GET /x?\x8c" HTTP/1.1" 200 12 "-" "a \\"q\\" b" 7 "web@file" '
        b'"http://10.0.0.1:80" 3ms',
        REQUEST._replace(target=b'/x?\x8c"', headers=((b"User-Agent", b'a "q" b'),), seconds=0.003),
    ),
    "traefik-json": (
        "traefik-json",
        TRAEFIK_JSON,
        REQUEST._replace(target=b"/x?a", at=TEN + 0.123456789, host=b"shop.example:8080", seconds=0.0015),
    ),
    "haproxy": (
        "haproxy",
        HAPROXY,
        LoggedRequest(b"GET", b"/x?q=\x83\\#", TEN + 0.25, b"shop.example", ((b"User-Agent", b'a"q"'),), b"", 200, None,
                      0.015, b"1.2.3.4"),
    ),
    "alb": (
        "alb",
        ALB,
        LoggedRequest(b"GET", b"/a?b=c", TEN + 0.3, b"shop.example", ((b"User-Agent", b'curl "x"'),), b"", 200, None,
                      0.103, b"1.2.3.4"),
    ),
    "elb": (
        "elb",
        ELB,
        LoggedRequest(b"GET", b"/a?b=c", TEN + 0.3, b"shop.example", ((b"User-Agent", b'curl "x" y'),), b"", 200, 12,
                      0.103, b"1.2.3.4"),
    ),
    "elb, without a server": (
        "elb",
        ELB.replace(b"10.0.0.1:80 0.001 0.100 0.002 200 200 0 12", b"- -1 -1 -1 503 0 0 0"),
        LoggedRequest(b"GET", b"/a?b=c", TEN + 0.3, b"shop.example", ((b"User-Agent", b'curl "x" y'),), b"", 503, 0,
                      None, b"1.2.3.4"),
    ),
    "caddy": (
        "caddy",
        CADDY,
        REQUEST._replace(target=b"/x?&", host=b"shop.example", seconds=0.5),
    ),
    "gcp": (
        "gcp",
        GOOGLE,
        REQUEST._replace(target=b"/x?y", at=TEN + 0.1, host=b"shop.example", seconds=0.123, size=None),
    ),
    "ltsv of Apache, time at start": (
        "ltsv",
        b"time:[22/Nov/2026:10:00:00 +0900]\thost:1.2.3.4\treq:GET /x HTTP/1.1\tstatus:200\tsize:12"
        b"\treqtime_microsec:1500\tua:Mozilla/5.0 (X11)\tother:a:b",
        REQUEST._replace(seconds=0.0015),
    ),
    "ltsv of nginx, time at end": (
        "ltsv",
        b"time:22/Nov/2026:10:00:00 +0900\thost:1.2.3.4\tmethod:GET\turi:/x\tstatus:200\tsize:12\treqtime:0.500"
        b"\tua:Mozilla/5.0 (X11)",
        REQUEST._replace(at=TEN - 0.5, seconds=0.5),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("form", "line", "request_"), READ.values(), ids=READ)
def test_fields(form: str, line: bytes, request_: LoggedRequest) -> None:
    """Each field of the line is where it belongs, and the time is that of the start."""
    options = Options(captures=("Host", "User-Agent"), zone="+0900" if form == "haproxy" else "+0000")
    parsed = read(form, line, options)
    assert isinstance(parsed, LoggedRequest), parsed
    assert parsed._replace(at=round(parsed.at, 6), seconds=rounded(parsed.seconds)) == request_._replace(
        at=round(request_.at, 6)
    )


COMBINED = b'1.2.3.4 - - [22/Nov/2026:10:00:00 +0900] "%b" 400 0 "-" "-"'

REFUSED = {
    "no request line": ("combined", COMBINED % b"-", LogSkip.NOT_REPLAYABLE),
    "a TLS hello": ("combined", COMBINED % rb"\x16\x03\x01", LogSkip.NOT_REPLAYABLE),
    "HTTP/0.9": ("combined", COMBINED % b"GET /", LogSkip.NOT_REPLAYABLE),
    "a tunnel": ("combined", COMBINED % b"CONNECT shop.example:443 HTTP/1.1", LogSkip.NOT_REPLAYABLE),
    "a line break in the target": ("combined", COMBINED % rb"GET /\x0D\x0AX:1 HTTP/1.1", LogSkip.NOT_REPLAYABLE),
    "a probe": (
        "combined",
        b'1.2.3.4 - - [22/Nov/2026:10:00:00 +0900] "GET / HTTP/1.1" 200 0 "-" "kube-probe/1.31"',
        LogSkip.NOT_REPLAYABLE,
    ),
    "a truncated line": ("combined", COMBINED[:40], LogSkip.MALFORMED),
    "no such day": ("combined", b'1.2.3.4 - - [32/Nov/2026:10:00:00 +0900] "GET / HTTP/1.1" 200 0 "-" "-"',
                    LogSkip.MALFORMED),
    "an empty line": ("combined", b"\n", LogSkip.NOT_REPLAYABLE),
    "a long line": ("combined", COMBINED % (b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1"), LogSkip.MALFORMED),
    "HAProxy's bad request": (
        "haproxy",
        b'1.2.3.4:5 [22/Nov/2026:10:00:00.250] web web/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"',
        LogSkip.NOT_REPLAYABLE,
    ),
    "HAProxy's truncated line": ("haproxy", HAPROXY[:-10], LogSkip.MALFORMED),
    "an ALB's bad request": ("alb", ALB.replace(b"GET https://shop.example:443/a?b=c HTTP/1.1", b"- http://x:80- -"),
                             LogSkip.NOT_REPLAYABLE),
    "an ALB's number that is none": ("alb", ALB.replace(b" 0.001 ", b" ..001 "), LogSkip.MALFORMED),
    "an ALB's WebSocket": ("alb", ALB.replace(b"https 2026", b"wss 2026"), LogSkip.NOT_REPLAYABLE),
    "a classic load balancer's TCP connection": ("elb", ELB_TCP, LogSkip.NOT_REPLAYABLE),
    "a classic load balancer's line with more": ("elb", ELB + b" more", LogSkip.MALFORMED),
    "Caddy's lost bytes": ("caddy", CADDY.replace(b"\\u0026", b"\\ufffd"), LogSkip.LOSSY),
    "Google's cache hit": ("gcp", GOOGLE.replace(b'"status"', b'"cacheHit":true,"status"'), LogSkip.NOT_REPLAYABLE),
    "a deep object": ("json", b'{"a":' * 100_000, LogSkip.MALFORMED),
    "an object of other types": ("caddy", b'{"ts":{},"request":[]}', LogSkip.MALFORMED),
    "more than a float": (
        "traefik-json", TRAEFIK_JSON.replace(b"1500000", b"9" * 400), LogSkip.MALFORMED
    ),
    "not a number": ("json", b'{"time":"nan","request":"GET / HTTP/1.1"}', LogSkip.MALFORMED),
    "a CloudFront's object without a query": ("cloudfront-json", b'{"date":"2026-11-22","time":"01:00:00","cs-method":'
                                              b'"GET","cs-uri-stem":"/"}', LogSkip.MALFORMED),
    "a CloudFront's object of other types": ("cloudfront-json", b'{"date":[],"time":{},"cs-method":"GET",'
                                             b'"cs-uri-stem":"/","cs-uri-query":null}', LogSkip.MALFORMED),
    "LTSV without a known time": ("ltsv", b"when:now\tmethod:GET\turi:/", LogSkip.MALFORMED),
}  # fmt: skip


@pytest.mark.parametrize(("form", "line", "reason"), REFUSED.values(), ids=REFUSED)
def test_reasons(form: str, line: bytes, reason: LogSkip) -> None:
    """A line that gives no request says why, in a few words."""
    parsed = read(form, line)
    assert isinstance(parsed, BadLine), parsed
    assert parsed.reason is reason
    assert 0 < len(parsed.detail) < 120


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("combind", "no format is called"),
        ('$remote_addr [$time_local] "$uri" $status', "$uri"),
        ('$remote_addr "$request" $status', "no time"),
        ("%h %t %m %U%q", "%U"),
        ('%h %{%d}t "%r"', "cannot be read back"),
        ("$time_iso8601 $request$http_referer", "nothing between"),
    ],
)
def test_a_format_that_cannot_be_replayed_says_so(form: str, words: str) -> None:
    """One clear line, before any line of the log is read."""
    with pytest.raises(ValueError, match=r"\S") as error:
        parser(form)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("form", "line", "at", "seconds"),
    [
        ('%t "%r" %T %D', b'[22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 1 1500000', TEN, 1.5),
        ('%t "%r" %{ms}T %T', b'[22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 1500 1', TEN, 1.5),
        ('%{sec}t.%{usec_frac}t "%r"', b'1795309200.250000 "GET /x HTTP/1.1"', TEN + 0.25, None),
        ('%{usec}t "%r"', b'1795309200250000 "GET /x HTTP/1.1"', TEN + 0.25, None),
        ('%{end:msec}t "%r" %D', b'1795309201500 "GET /x HTTP/1.1" 1500000', TEN, 1.5),
        ('%t [%{%d/%b/%Y %T}t.%{msec_frac}t] "%r"',
         b'[22/Nov/2026:10:00:00 +0900] [22/Nov/2026 10:00:00.250] "GET /x HTTP/1.1"', TEN + 0.25, None),
        ('[%START_TIME(%Y/%m/%d %H:%M:%S.%3f %z)%] "%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%" %DURATION%',
         b'[2026/11/22 10:00:00.250 +0900] "GET /x HTTP/2" 1500', TEN + 0.25, 1.5),
        ('%START_TIME(%s.%3f)% %START_TIME% "%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%"',
         b'1795309200.250 2026-11-22T01:00:00.250Z "GET /x HTTP/2"', TEN + 0.25, None),
        ('$msec $time_local "$request" $request_time',
         b'1795309201.750 22/Nov/2026:10:00:01 +0900 "GET /x HTTP/1.1" 1.500', TEN + 0.25, 1.5),
        ("traefik-json", TRAEFIK_JSON.replace(b"1500000", b'"inf"'), TEN + 0.123456789, None),
    ],
)  # fmt: skip
def test_times(form: str, line: bytes, at: float, seconds: float | None) -> None:
    """The finest of several times and durations counts, and what was written at the end is moved to the start."""
    parsed = read(form, line, Options(zone="+0900"))
    assert isinstance(parsed, LoggedRequest), parsed
    assert parsed.at == pytest.approx(at, abs=1e-6)
    assert rounded(parsed.seconds) == seconds


def test_labels_and_units_can_be_chosen() -> None:
    """What a label means is the writer's choice: here a path, and microseconds in apptime."""
    options = Options(fields={"target": "p", "seconds": "apptime/us", "header:X-Tenant": "tenant"})
    line = b"time:[22/Nov/2026:10:00:00 +0900]\tmethod:GET\tp:/x\tapptime:1500\ttenant:7"
    assert read("ltsv", line, options) == LoggedRequest(
        b"GET", b"/x", TEN, headers=((b"X-Tenant", b"7"),), seconds=0.0015
    )


@pytest.mark.parametrize("zone", ["+0900", "+0000"])
@pytest.mark.parametrize("form", ["ltsv", "json"])
def test_a_time_without_a_zone_is_of_the_zone_given(form: str, zone: str) -> None:
    """One that has a zone of its own is not, nor is a number."""
    ahead = 9 * 3600 if zone == "+0900" else 0
    for time, expected in (
        ("2026-11-22 01:00:00", TEN - ahead),
        ("2026/11/22 01:00:00", TEN - ahead),
        ("2026-11-22T01:00:00Z", TEN),
        ("2026-11-22T10:00:00+09:00", TEN),
        (f"{TEN:.3f}", TEN),
    ):
        line = (
            f"time:{time}\tmethod:GET\turi:/x\tstatus:200"
            if form == "ltsv"
            else f'{{"time":"{time}","method":"GET","uri":"/x","status":200}}'
        )
        parsed = read(form, line.encode(), Options(zone=zone))
        assert isinstance(parsed, LoggedRequest), parsed
        assert parsed.at == expected, time


@pytest.mark.parametrize("form", ["ltsv", "json"])
@pytest.mark.parametrize("uri", ["/x", "/x?q=1"])
def test_a_query_of_its_own_is_a_part_of_the_target(form: str, uri: str) -> None:
    """nginx's $uri is without it, and $request_uri is not."""
    line = (
        f"time:2026-11-22T01:00:00Z\tmethod:GET\turi:{uri}\targs:q=1\tstatus:200"
        if form == "ltsv"
        else f'{{"time":"2026-11-22T01:00:00Z","method":"GET","uri":"{uri}","args":"q=1","status":200}}'
    )
    parsed = read(form, line.encode())
    assert isinstance(parsed, LoggedRequest), parsed
    assert parsed.target == b"/x?q=1"


@pytest.mark.parametrize("character", ["\u30bd", "\u8868", "\u80fd", "\u4e88"])
@pytest.mark.parametrize("behind", ["x41", "t", "n", "\\"])
def test_a_backslash_within_shift_jis_is_no_escape(character: str, behind: str) -> None:
    """Whoever escapes would have escaped the byte before it too."""
    target = f"/s?q={character}{behind}".encode("cp932")
    parsed = read("ltsv", b"time:2026-11-22T01:00:00Z\tmethod:GET\turi:%b\tstatus:200" % target)
    assert isinstance(parsed, LoggedRequest), parsed
    assert parsed.target == target


@pytest.mark.parametrize("fields", [{"targt": "p"}, {"seconds": "apptime/min"}])
def test_a_wrong_choice_says_so(fields: dict[str, str]) -> None:
    """A role or unit that there is not is a mistake of configuration."""
    with pytest.raises(ValueError, match=r"one of|a log has no"):
        parser("ltsv", Options(fields=fields))


def test_a_cut_target_is_not_asked() -> None:
    """A line of LTSV has no end mark: one that stops after its target may have lost some of it."""
    made = lines("ltsv")
    whole = b"time:2026-11-22T01:00:00Z\tmethod:GET\turi:/items/17\tstatus:200"
    assert isinstance(made.parse(whole), LoggedRequest)
    assert isinstance(made.parse(whole[:-13]), BadLine)


def test_the_directive_itself_is_a_format() -> None:
    """What stands in nginx.conf or httpd.conf can be pasted."""
    pasted = 'log_format main escape=json \'{"t":"$time_iso8601",\'\n   \'"r":"$request"}\';'
    line = b'{"t":"2026-11-22T01:00:00+00:00","r":"GET /\x8c\\" HTTP/1.1"}'
    assert read(pasted, line) == LoggedRequest(b"GET", b'/\x8c"', TEN)
    quoted = r'"%a %t \"%r\" %>s"'
    for pasted in (
        f"LogFormat {quoted} short",
        f"CustomLog logs/ssl_request_log {quoted}",
        f'CustomLog "|/usr/bin/rotatelogs /var/log/%Y.log 86400" {quoted} env=!quiet',
        f"  accesslog.format = {quoted}\n",
    ):
        line = rb'1.2.3.4 [22/Nov/2026:10:00:00 +0900] "GET /\x8c\" HTTP/1.1" 200'
        found = read(pasted, line)
        assert found == LoggedRequest(b"GET", b'/\x8c"', TEN, status=200, client=b"1.2.3.4"), pasted


def test_fields_of_iis_change_in_mid_file() -> None:
    """A #Fields: line counts until the next, and `header` is what a later reader must know."""
    made = lines("iis")
    long = b"#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status time-taken"
    short = b"#Fields: date time cs-uri-query cs-uri-stem cs-method"
    for header in (b"#Software: Microsoft Internet Information Services 10.0", long):
        assert isinstance(made.parse(header), BadLine)
    first = made.parse(b"2026-11-22 01:00:00 GET /x a=b 1.2.3.4 Mozilla/5.0+(X11) 200 500")
    assert first == REQUEST._replace(target=b"/x?a=b", at=TEN - 0.5, seconds=0.5, size=None)
    made.parse(short)
    assert made.header == short
    again = lines("iis")
    again.parse(made.header)
    assert again.parse(b"2026-11-22 01:00:00 - /x GET") == LoggedRequest(b"GET", b"/x", TEN)


@pytest.mark.parametrize("stem", [b"/a+b", "/検索".encode(), b"/100%"])
def test_a_path_that_iis_decoded_is_lost(stem: bytes) -> None:
    """IIS writes a space as `+` and decodes the rest."""
    made = lines("iis")
    made.parse(b"#Fields: date time cs-method cs-uri-stem cs-uri-query")
    parsed = made.parse(b"2026-11-22 01:00:00 GET %b -" % stem)
    assert isinstance(parsed, BadLine)
    assert parsed.reason is LogSkip.LOSSY


CLOUDFRONT = (
    b"2026-11-22\t01:00:00\tNRT\t9999\t1.2.3.4\tGET\td1.cloudfront.net\t/x\t200\t-\tMozilla/5.0%20(X11)\ta=b\tsid=1\t"
    b"{result}\tid\tshop.example\thttps\t12\t0.5"
)


def as_object(line: bytes) -> bytes:
    """As standard logging v2 writes it, in whatever order the fields were chosen."""
    values = line.decode().split("\t")
    return json.dumps(dict(reversed(list(zip(CLOUDFRONT_FIELDS.split(), values, strict=True))))).encode()


@pytest.mark.parametrize(("result", "asked"), [(b"Miss", True), (b"RefreshHit", True), (b"Hit", False)])
def test_what_cloudfront_answered_itself_is_left_out(result: bytes, asked: bool) -> None:
    """Legacy has not seen a cache hit. The client's Host is x-host-header."""
    line = CLOUDFRONT.replace(b"{result}", result)
    parsed = read("cloudfront", line)
    assert read("cloudfront-json", as_object(line)) == parsed
    if asked:
        assert parsed == REQUEST._replace(
            target=b"/x?a=b", at=TEN - 0.5, seconds=0.5, size=None, host=b"shop.example",
            headers=((b"Cookie", b"sid=1"), MOZILLA),
        )  # fmt: skip
    else:
        assert isinstance(parsed, BadLine)
        assert parsed.reason is LogSkip.NOT_REPLAYABLE


def test_every_preset_is_described() -> None:
    """`--formats` has a line on each."""
    said = CliRunner().invoke(main, ["replay", "--formats"]).output.splitlines()
    assert [line.split()[0] for line in said] == list(descriptions())
    assert all(0 < len(text) < 80 for text in descriptions().values())


def lines(form: str, options: Options = Options()) -> LineParser:
    made = parser(form, options)
    assert isinstance(made, LineParser)
    return made


def read(form: str, line: bytes, options: Options = Options()) -> Parsed:
    return lines(form, options).parse(line)


def rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 9)
