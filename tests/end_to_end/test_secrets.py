"""Over twenty kinds of secret go through the proxy, on both sides and differing: none is anywhere but there.

A secret that has no name and no shape cannot be told from data: a word in a path, a name in a sentence.
Those are for `record.mask`, and for `record.bodies: null`.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import brotli
import zstandard
from support.peers import Request, answering, get, post, response
from support.proxy import command

SIDES = ("legacy", "target")
OPENING = "a8Canary3"
"""A short token in a path."""
PATHS = ("/healthz", "/readyz", "/metrics", "/config", "/report", "/report.json", "/totals", "/")
FORMATS = ("text", "json", "md", "junit", "html")


def word(kind: str, side: str = "client") -> str:
    """A secret without a shape: only its place tells what it is."""
    return f"canary-{kind}-{side}"


def _location(side: str) -> str:
    user, token = word("userinfo", side), word("location", side)
    return f"Location: https://bob:{user}@h.example/cb?access_token={token}&{side}"


def _fragment(side: str) -> str:
    state, code = word("state", side), word("grant", side)
    return f"Location: /cb/{side}#id_token={jwt(side)}&state={state}&code={code}"


def card(side: str) -> str:
    return {"legacy": "4111 1111 1111 1111", "target": "5500-0000-0000-0004"}.get(side, "4012888888881881")


def phone(side: str) -> str:
    return {"legacy": "090-1234-5678", "target": "+81-90-8765-4321"}.get(side, "03-5555-1234")


def jwt(side: str) -> str:
    claims = base64.urlsafe_b64encode(f'{{"sub":"canaryjwt{side}"}}'.encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{claims}.c2lnbmF0dXJl"


def mail(side: str) -> str:
    return f"canarymail.{side}@example.com"


def aws(side: str) -> str:
    return {"legacy": "AKIAIOSFODNN7CANARYA", "target": "AKIAIOSFODNN7CANARYB"}.get(
        side, "AKIACANARYCANARYCANA"
    )


def private_key(side: str) -> str:
    lines = base64.encodebytes(f"canarypem{side}".encode() * 8).decode()  # 76 characters each
    return f"-----BEGIN PRIVATE KEY-----\n{lines}-----END PRIVATE KEY-----"


class Said(NamedTuple):
    """An answer."""

    body: bytes = b""
    fields: tuple[str, ...] = ()
    status: str = "200 OK"


HTML, JSON, PLAIN = "Content-Type: text/html", "Content-Type: application/json", "Content-Type: text/plain"


def page(side: str) -> str:
    return (
        f"<html><head><meta name=csrf-token content='{word('meta', side)}'></head><body><form>"
        f'<input value="{word("csrf", side)}" type="hidden" name="csrf_token">'
        f"<textarea name=password>{word('textarea', side)}</textarea></form>"
        f"<p>Write to {mail(side)} or {mail(side).replace('@', '&#64;')}, {side}.</p>"
        f"<a href='/next?token={word('link', side)}'>next</a>"
        f"<script>var apiToken = '{word('script', side)}';</script></body></html>"
    )


def account(side: str) -> dict[str, Any]:
    nested = json.dumps({"token": word("nested", side), "deep": {"password": word("deep", side)}})
    return {
        "side": side,
        "password": word("json", side),
        "tokens": [word("array", side), {"value": word("object", side)}],
        "note": nested,
        "phone": phone(side),
        "card": {"holder": word("holder", side)},
        "history": [{"event": f"paid by {card(side)}", "by": mail(side)}],
    }


ANSWERS: dict[str, Callable[[str], Said]] = {
    "/json": lambda side: Said(json.dumps(account(side)).encode(), (JSON,)),
    "/gzip": lambda side: Said(
        gzip.compress(json.dumps(account(side)).encode(), mtime=0), (JSON, "Content-Encoding: gzip")
    ),
    "/html": lambda side: Said(page(side).encode(), (HTML,)),
    "/br": lambda side: Said(brotli.compress(page(side).encode()), (HTML, "Content-Encoding: br")),
    "/text": lambda side: Said(
        f"{side}: {jwt(side)}\ncard {card(side)}\nkey {aws(side)}\n{private_key(side)}\n".encode(), (PLAIN,)
    ),
    "/unnamed": lambda side: Said(json.dumps(account(side)).encode()),
    "/error": lambda side: Said(
        f'{{"error": "token={word("echo", side)} is not valid for {mail(side)}"}}'.encode(),
        (JSON,),
        "500 Oops" if side == "target" else "401 Unauthorized",
    ),
    "/login": lambda side: Said(
        b"",
        (
            f"Set-Cookie: sid={word('setcookie', side)}; Path=/{side}; HttpOnly",
            _location(side),
            f"X-Api-Key: {word('apikey', side)}",
            f"Ocp-Apim-Subscription-Key: {word('subscription', side)}",
            f"Refresh: 0; url=https://idp.example/cb?code={word('refresh', side)}&state=y",
        ),
        "302 Found",
    ),
    "/xml": lambda side: Said(
        f"<a><side>{side}</side><password>{word('xml', side)}</password>"
        f"<u token='{word('xmlattr', side)}'/></a>".encode(),
        ("Content-Type: application/xml",),
    ),
    "/csv": lambda side: Said(
        f"id,password,side\n1,{word('csv', side)},{side}\n2,{word('row', side)},x\n".encode(),
        ("Content-Type: text/csv",),
    ),
}

ANSWERS |= {
    "/lines": lambda side: Said(
        f'{{"side":"{side}","dbPass":"{word("line", side)}"}}\n{{"pinCode":"{word("last", side)}"}}'.encode(),
        ("Content-Type: application/x-ndjson",),
    ),
    "/semicolons": lambda side: Said(
        f"id;userPass;side\n1;{word('semicolon', side)};{side}\n".encode(), ("Content-Type: text/csv",)
    ),
    "/form": lambda side: Said(
        f"<form><input autocomplete=current-password value={word('autocomplete', side)}>"
        f"<input type=hidden name={side}_csrf value={word('renamed', side)}></form>"
        f"<a href='https://idp.example/cb?code={word('code', side)}&amp;state=x'>go</a>".encode(),
        (HTML,),
    ),
    "/entries": lambda side: Said(
        f'<m><entry key="apiPassword">{word("entry", side)}</entry></m>'.encode(),
        ("Content-Type: application/xml",),
    ),
    "/pairs": lambda side: Said(
        json.dumps([{"name": "dbPassword", "value": word("pair", side)}, {"a": side}]).encode(), (JSON,)
    ),
    "/list": lambda side: Said(
        f"<d><k>{side}</k><key>otp</key><string>{word('plist', side)}</string></d>".encode(),
        ("Content-Type: application/xml",),
    ),
    "/titled": lambda side: Said(
        f"sep=;\nUsers of May\nid;password;side\n1;{word('titled', side)};{side}\n".encode(),
        ("Content-Type: text/csv",),
    ),
    "/fragment": lambda side: Said(
        b"",
        (_fragment(side),),
        "302 Found",
    ),
    f"/password/reset/{OPENING}": lambda side: Said(
        f'{{"again":"https://h.example/invite/{OPENING}","side":"{side}"}}'.encode(), (JSON,)
    ),
}

CREDENTIALS = (
    f"Cookie: sid={word('cookie')}; theme={word('theme')}",
    "Authorization: Basic " + base64.b64encode(f"bob:{word('basic')}".encode()).decode(),
    f"X-Api-Key: {word('apikey')}",
    f"Referer: https://u:{word('referer')}@h.example/?api_key={word('refererkey')}",
    f"User-Agent: crawler/1 (token={word('agent')}; Bearer {word('agentbearer')})",
    f"Proxy-Authorization: Digest {word('digest')}",
)
MULTIPART = (
    f'--XX\r\nContent-Disposition: form-data; name="password"\r\n\r\n{word("multipart")}\r\n'
    f'--XX\r\nContent-Disposition: form-data; name="passport"; filename="a.txt"\r\n'
    f"Content-Type: text/plain\r\n\r\n{word('file')}\r\n--XX--\r\n"
).encode()


def requests() -> Iterator[bytes]:
    """Everything that is asked."""
    for path in ANSWERS:
        yield get(f"{path}?token={word('query')}&next=%2F%3Fpassword%3D{word('nextquery')}", *CREDENTIALS)
    yield get(
        f"/json?a={quote(mail('client'))}",
        f"Authorization: Bearer {word('bearer')}",
        f"X-Jwt: {jwt('client')}",
    )
    yield post("/json", f"password={word('form')}&tel={phone('client')}".encode(), f"{FORM}urlencoded")
    yield post("/json", MULTIPART, "Content-Type: multipart/form-data; boundary=XX")
    yield post("/json", json.dumps({"user": "a", "pin": word("posted")}).encode(), JSON)


FORM = "Content-Type: application/x-www-form-"


def secrets() -> set[str]:
    """All that must not be found."""
    every = {"canary", "CANARY", OPENING}
    for side in (*SIDES, "client"):
        every |= {card(side), phone(side), mail(side), aws(side), jwt(side), jwt(side).split(".")[1]}
    return every


def forms(secret: str) -> set[str]:
    """A secret as it can stand somewhere: raw, URL-encoded, hex, base64 at each of three offsets."""
    raw = secret.encode()
    found = {secret, quote(secret, safe=""), raw.hex(), raw.hex().upper()}
    for pad in range(3):
        coded = base64.b64encode(b"\0" * pad + raw)
        whole = coded[(pad * 8 + 5) // 6 : (pad + len(raw)) * 8 // 6].decode()
        found |= {whole, whole.replace("+", "-").replace("/", "_")}
    return found


async def test_no_secret_is_anywhere(backend: Any, proxy: Any, connect: Any, tmp_path: Path) -> None:
    """In no segment, log, metric, page or error, raw, base64, hex, URL-encoded; that they differ is told."""

    def script(side: str) -> Any:
        def answer(request: Request) -> bytes:
            said = ANSWERS[request.target.partition("?")[0]](side)
            return response(said.body, said.status, *said.fields)

        return answering(answer)

    ours, theirs = await backend(script("legacy")), await backend(script("target"))
    running = await proxy(
        *(ours.url, theirs.url),
        endpoints=[{"match": "POST /**", "mirror": True}],
        mirror={"salt": word("salt")},
    )
    asked = list(requests())
    client = await connect(running)
    for request in asked:
        await client.ask(request)
    await client.ask(get(f"/bad\x01?token={word('refused')}", *CREDENTIALS))
    client.leave()
    totals = await running.settled(len(asked) + 1)
    assert totals["differed"] == len(asked), totals
    told = {path: (await running.get(path))[1] for path in PATHS}
    report = await running.stop()
    config = tmp_path / "new.yaml"
    config.write_text("{}", encoding="utf-8")
    told |= {"log": running.log, "report": json.dumps(report)}
    for arguments in (
        *(("report", str(running.record), "--format", each) for each in FORMATS),
        ("rejudge", str(running.record), "--config", str(config)),
        ("rules", "suggest", str(running.record)),
    ):
        code, out, err = await command(*arguments)
        assert code == 0, err
        told[" ".join(arguments)] = out + err
    told |= {path.name: _text(path) for path in running.record.rglob("*")}

    everything = "\n".join(told.values())
    for seen in (
        "json:$.password",
        "json:$.history[*].event",
        "cookie:sid",
        "header:location",
        "html:",
        "masked:",
    ):
        assert seen in everything, "that it differs is told"
    assert '"text":"' in everything, "bodies are kept"
    for secret in secrets():
        for form in forms(secret):
            assert [_around(form, place, text) for place, text in told.items() if form in text] == []


def _around(form: str, place: str, text: str) -> str:
    at = text.index(form)
    return f"{place}: {text[max(0, at - 60) : at + 60]}"


def _text(path: Path) -> str:
    data = path.read_bytes()
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().stream_reader(data).read()
    return path.name + data.decode("utf-8")
