"""No secret that a mask names is kept, and what is equal stays equal."""

from __future__ import annotations

import base64
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow import settings
from shadow.compare.judge import judge
from shadow.compare.rules import compile_rule
from shadow.model import (
    Comparison,
    Difference,
    DifferenceKind,
    Exchange,
    Failure,
    FailureKind,
    Fate,
    Outcome,
    Request,
    Response,
    head_of,
)
from shadow.record.evidence import evidence
from shadow.record.mask import Mask
from shadow.record.mask_differences import masked
from shadow.record.mask_fields import multipart_hidden
from shadow.record.parts import About
from shadow.record.tally import Tally

MASK = Mask(
    ("x-tenant", "query:user", "json:$..mail", "json:$.shop.owner", "json:$.vault.*", "form:nickname"), b"key"
)
RULE = compile_rule(settings.Compare(), settings.Compare())
JSON = ((b"Content-Type", b"application/json"),)


def shown(path: str, value: str, kind: DifferenceKind = DifferenceKind.CHANGED) -> str | None:
    """A value as it is kept that differed at `path`."""
    return (
        masked(Comparison(Fate.DIFFERED, (Difference(kind, path, value, None),)), MASK).differences[0].legacy
    )


def kept(exchange: Exchange, outcome: Outcome, bodies: int = 0) -> bytes:
    """Everything that is written of an exchange."""
    comparison = masked(judge(exchange, outcome, RULE), MASK)
    tally = Tally()
    tally.count(exchange.legacy, outcome, comparison, About())
    return msgspec.json.encode([evidence(exchange, outcome, comparison, MASK, bodies), tally])


def exchange(response: Response, target: bytes = b"/") -> Exchange:
    return Exchange("1", "GET /", 1.0, Request(b"GET", target, ()), response)


def test_equal_stays_equal_under_one_key() -> None:
    """The same secret has the same hash everywhere, and another under another key."""
    value = MASK.value("hunter2")

    assert value.startswith("masked:")
    assert len(value) == len("masked:") + 16
    assert shown("json:$.password", '"hunter2"') == value
    assert MASK.target("/?token=hunter2") == f"/?token={value}"
    assert MASK.value("hunter3") != value
    assert Mask((), b"other").value("hunter2") != value


@pytest.mark.parametrize(
    ("cut", "kept"),
    [
        ('…", <https://a.example/i?page=5>; rel="next"', '… <https://a.example/i?page=5>; rel="next"'),
        (
            '<https://a.example/i?page=5>; rel="next", <https://a…',
            '<https://a.example/i?page=5>; rel="next", <…',
        ),
        ('…", <https://a.example/a%20b>', "…%20%3Chttps://a.example/a%20b%3E"),
    ],
)
def test_a_link_that_was_cut_can_be_read(cut: str, kept: str) -> None:
    """The word at the cut goes, as it may be of a secret; the sign for it stays, and what was not escaped."""
    difference = Difference(DifferenceKind.CHANGED, "header:link", cut, "")
    shown = masked(Comparison(Fate.DIFFERED, (difference,)), Mask([], b"key")).differences[0]

    assert shown.legacy == kept


def test_what_is_empty_stays_empty() -> None:
    """That the target's token is empty is the finding, and no secret."""
    mask = Mask([], b"key")

    assert mask.value("") == ""
    assert mask.headers(((b"X-Api-Token", b""), (b"Cookie", b"sid="))) == (
        (b"X-Api-Token", b""),
        (b"Cookie", b"sid="),
    )


def test_masking_twice_is_masking_once() -> None:
    """What is masked already is not hashed again."""
    once = MASK.text('password=hunter2 and {"token": "abc"}')

    assert MASK.text(once) == once
    assert MASK.value(MASK.value("x")) == MASK.value("x")


def test_headers() -> None:
    """Of cookies names and attributes stay, of secret fields nothing, of others what is no secret."""
    v = MASK.value
    masked = dict(
        MASK.headers(
            (
                (b"Cookie", b"sid=abc; theme=dark;lone"),
                (b"Set-Cookie", b"sid=abc; Path=/a; HttpOnly; SameSite=Lax; note=abc"),
                (b"Authorization", b"Basic abc"),
                (b"X-API-Key", b"abc"),
                (b"X-Tenant", b"abc"),
                (b"Location", b"https://bob:pw@host/cb?user=abc&page=2#access_token=abc"),
                (b"X-Note", b"mail bob@example.com caf\xe9"),
                (b"Accept", b"text/html"),
            )
        )
    )

    assert masked == {
        b"Cookie": f"sid={v('abc')}; theme={v('dark')}; {v('lone')}".encode(),
        b"Set-Cookie": f"sid={v('abc')}; Path=/a; HttpOnly; SameSite=Lax; note={v('abc')}".encode(),
        b"Authorization": v("Basic abc").encode(),
        b"X-API-Key": v("abc").encode(),
        b"X-Tenant": v("abc").encode(),
        b"Location": f"https://{v('bob:pw')}@host/cb?user={v('abc')}&page=2#access_token={v('abc')}".encode(),
        b"X-Note": f"mail {v('bob@example.com')} café".encode("latin-1"),
        b"Accept": b"text/html",
    }


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/items/3?page=2&q=%E6%97%A5+x", "/items/3?page=2&q=%E6%97%A5+x"),
        ("/?password=s3", "/?password={}"),
        ("/?PASSWORD=s3;a=b", "/?PASSWORD={};a=b"),
        ("/?pass%77ord=s3", "/?pass%77ord={}"),
        ("/?password=%733", "/?password={}"),
        ("/?user=s3", "/?user={}"),
        ("/a;jsessionid=s3?b", "/a;jsessionid={}?b"),
        ("/?next=%2Flogin%3Ftoken%3Ds3", "/?next=/login%3Ftoken={}"),
        ("/?user[]=s3&m[user]=s3&users=x", "/?user[]={}&m[user]={}&users=x"),
        ("/?SAMLResponse=s3&RelayState=x", "/?SAMLResponse={}&RelayState=x"),
        ("/?code=90210&state=CA", "/?code=90210&state=CA"),
        ("/?code=WELCOME10", "/?code=WELCOME10"),
        ("/?next=%252Flogin%253Ftoken%253Ds3", "/?next=/login%3Ftoken={}"),
    ],
)
def test_targets(target: str, expected: str) -> None:
    """Parameters are found by their names however they are written; what is no secret stays byte for byte."""
    assert MASK.target(target) == expected.replace("{}", MASK.value("s3"))


@pytest.mark.parametrize("secret", ["a?s3", "a?b=s3", "a;s3", "a#s3", "a;?b#c/d", "a=s3"])
def test_a_value_that_was_not_escaped(secret: str) -> None:
    """What ends other values may stand in a secret; what can be a parameter of its own is one."""
    assert MASK.target(f"/?password={secret}&b=1") == f"/?password={MASK.value(secret)}&b=1"
    assert MASK.target(f"/;sid=x?password={secret};b=1").endswith(f"?password={MASK.value(secret)};b=1")


@pytest.mark.parametrize("code", ["SplxlOBeZQQYbYS6WxSbIA", "4/0AX4XfWh-x_Y", "M.C507_BAY.2.U.1"])
def test_what_an_oauth_server_has_granted(code: str) -> None:
    """A `code` beside a `state`, or where a token is asked for, opens a session; a ticket of CAS as well."""
    v = MASK.value
    assert MASK.target(f"/cb?code={code}&state=af0ifjs") == f"/cb?code={v(code)}&state={v('af0ifjs')}"
    assert MASK.target(f"/cb#state=x&code={quote(code)}") == f"/cb#state={v('x')}&code={v(code)}"
    form = f"grant_type=authorization_code&code={code}&redirect_uri=x"
    assert MASK.form(form) == form.replace(code, v(code))
    ticket = "ST-1-aA5Yuvrxzpv8Tau1cYQ7-sso"
    assert MASK.target(f"/?ticket={ticket}&ticket=ST-1") == f"/?ticket={v(ticket)}&ticket=ST-1"


def test_mail_in_a_path() -> None:
    """Shapes are seen through percent-encoding."""
    assert MASK.target("/users/bob%40example.com") == f"/users/{MASK.value('bob@example.com')}"


@pytest.mark.parametrize(
    "token", ["a8f3k2", "XK39QZ", "XKQZAB", "aBcDeFgH", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"]
)
@pytest.mark.parametrize(
    "path", ["/password/reset/{}", "/invite/{}/accept", "/api/verify-email/42/{}", "/x//share//{}"]
)
def test_what_opens_something_in_a_path(path: str, token: str) -> None:
    """In what was asked, in links, in text, also as JSON escapes it; words stay."""
    v = MASK.value(token)
    assert MASK.target(path.format(token) + "?a=1") == path.format(v) + "?a=1"
    told = "go to https://h.example" + path + ". It is open."
    assert MASK.text(told.format(token)) == told.format(v)
    escaped = path.replace("/", r"\/")
    assert token not in MASK.text(f'"https:\\/\\/h.example{escaped.format(token)}"')


@pytest.mark.parametrize(
    "path", ["/password/reset/confirm", "/session/refreshToken/v2", "/reset-password.php", "/items/a8f3k2"]
)
def test_words_in_a_path(path: str) -> None:
    """They are no tokens, nor is what stands behind no such word."""
    assert MASK.target(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "/run/secrets/MYSQL_ROOT_PASSWORD_FILE",
        "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
        "/usr/share/tomcat9/webapps/ROOT/WEB-INF/web.xml",
        r"\/usr\/local\/share\/XK39QZ",
    ],
)
def test_files(path: str) -> None:
    """Their names open nothing, and say what is missing; what opens something behind them is still hidden."""
    text = f"no file {path}, /run/reset/XK39QZ"
    assert MASK.text(text) == text.replace("reset/XK39QZ", f"reset/{MASK.value('XK39QZ')}")


@pytest.mark.parametrize(
    "path",
    [
        "json:$.password",
        "json:$.a[3].mail",
        'json:$["mail"].deep[0]',
        "json:$.shop.owner.name",
        "json:$.vault.a",
    ],
)
def test_places_in_json(path: str) -> None:
    """The value at a place that is named, or below it, is a secret whatever it is."""
    assert shown(path, '"abc"') == MASK.value("abc")
    assert shown(path, '{"a":1}') == MASK.value('{"a":1}')


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("json:$.shop", '{"name":"x","owner":"s3"}', '{"name":"x","owner":"MASKED"}'),
        ("json:$", '{"shop":{"owner":"s3"},"owner":"me"}', None),
        ("json:$.a", '[{"mail":"s3","token":"s3","id":7}]', '[{"mail":"MASKED","token":"MASKED","id":7}]'),
        ("json:$.a", '{"id": 7, "name": "ok"}', '{"id": 7, "name": "ok"}'),
        ("json:$.name", '"me"', '"me"'),
        ("json:$.price", "12.50", "12.50"),
    ],
)
def test_trees(path: str, value: str, expected: str | None) -> None:
    """In a tree that stands above a named place, only the named place is masked."""
    masked = shown(path, value)

    assert masked is not None
    assert "s3" not in masked
    if expected is not None:
        assert masked == expected.replace("MASKED", MASK.value("s3"))


def test_messages_about_secrets() -> None:
    """They can be read where a name tells a secret, also where they differ; where a line does they cannot."""
    said = "must not be empty"
    for body in (
        '{"errors":{"password":["{}"],"a":1}}',
        '{"errors":[["password","{}"]]}',
        "DB_PASSWORD: {}\n",
        "<dl><dt>Password<dd>{}</dl>",
        "<e><password>{}</password></e>",
    ):
        kind = {"{": b"application/json", "D": b"text/plain", "<": b"text/html"}[body[0]]
        kind = b"application/xml" if body.startswith("<e>") else kind
        one, other = (
            Response(200, head_of(((b"Content-Type", kind),)), body.replace("{}", text).encode())
            for text in (said, "s3cret")
        )
        assert said.encode() in kept(exchange(one), one, bodies=1000)
        assert b"s3cret" not in kept(exchange(one), other, bodies=1000)
        (difference,) = masked(judge(exchange(one), other, RULE), Mask((), b"key")).differences
        assert said in (difference.legacy or "")
    tree = f'{{"password":["{said}"],"a":"null"}}'
    found = Comparison(Fate.DIFFERED, (Difference(DifferenceKind.MISSING, "json:$.b", tree, None),))
    assert masked(found, Mask((), b"key")).differences[0].legacy == tree
    assert MASK.value(said) == shown("json:$.vault.a", f'"{said}"')
    assert MASK.form(f"password={quote(said)}") == f"password={MASK.value(said)}"


@pytest.mark.parametrize(
    ("path", "value", "kind"),
    [
        ("json:$.a", '{"id":1,"mail":"s3cret","x":…', DifferenceKind.CHANGED),
        ("json:$", '{"id":1,"vault":{"x":"s3cret","y":…', DifferenceKind.CHANGED),
        ("json:$.a", '{"id":1,"id":2,"token":"s3cret"}', DifferenceKind.CHANGED),
        ("json:$.a", '…"holder":"s3cret"},{"id":2}]', DifferenceKind.CHANGED),
        ("json:$.a", "…3, 4, s3cret]", DifferenceKind.ORDER),
        ("json:$.a" + ".b" * 400 + "…", '"s3cret"', DifferenceKind.CHANGED),
        ('json:$["a…', '"s3cret"', DifferenceKind.CHANGED),
        ("cookie:sid", "path=/; note=s3cret", DifferenceKind.MISSING),
        ("cookie:sid;note", "s3cret", DifferenceKind.MISSING),
        ("header:x-tenant", "s3cret", DifferenceKind.CHANGED),
        ("header:location", "/cb?session=s3cret", DifferenceKind.CHANGED),
        ("text:12", "<td>token=s3cret</td>", DifferenceKind.CHANGED),
        ("text:12", '"mail": "s3cret"', DifferenceKind.CHANGED),
        ("body", "password=s3cret", DifferenceKind.CHANGED),
        ("new-words:x", "password=s3cret", DifferenceKind.CHANGED),
    ],
)
def test_nothing_gets_through(path: str, value: str, kind: DifferenceKind) -> None:
    """Where it cannot be known what a value is, or it was cut, it is masked."""
    masked = shown(path, value, kind)

    assert masked is not None
    assert "s3cret" not in masked


def test_what_an_owner_must_read_stays() -> None:
    """Statuses, attributes of cookies, counts and ordinary values stay as they are."""
    assert shown("status", "500") == "500"
    assert shown("cookie:sid;samesite", "lax") == "lax"
    assert (
        shown("cookie:sid", "path=/, path=/x; httponly; expires=…") == "path=/, path=/x; httponly; expires=…"
    )
    assert shown("cookie:sid", "set 2 times") == "set 2 times"
    assert shown("header:content-type", "text/html; charset=utf-8") == "text/html; charset=utf-8"
    assert shown("json:$.hits", "[3,1,2]", DifferenceKind.ORDER) == "[3,1,2]"
    assert shown("text:1", "<p>日本語</p>") == "<p>日本語</p>"
    assert shown("csv:price 2[1]", "12.5") == "12.5"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("form:password", "s3cret"),
        ("form:nickname", "s3cret"),
        ("form:a;content-token", "s3cret"),
        ("part[1];content-token", "s3cret"),
        ("part;content-location", "/?password=s3cret;x"),
        ("json:$.nickname", "s3cret"),
        ("csv:password[3]", "s3cret"),
        ("csv:2[3]", "s3cret"),
        ("csv[3]", "1, s3cret, x"),
        ("csv", "1, s3cret; 2, x"),
        ("html:form > input[name=csrf_token]@value", "s3cret"),
        ("html:form#login textarea[name=password]", "s3cret"),
        ("html:body > a@href", "/x?token=s3cret"),
        ("html:body > form", '<form><input value="s3cret" name="csrf"></form>'),
        ("xml:/a/password", "s3cret"),
        ("xml:/a/password/b/@id", "s3cret"),
        ("xml:/a", "<token>s3cret</token>"),
    ],
)
def test_places_in_other_bodies(path: str, value: str) -> None:
    """Fields, columns, elements and attributes by their names; rows of unknown columns as a whole, and cells
    of those that are only numbered."""
    masked = shown(path, value)

    assert masked is not None
    assert "s3cret" not in masked
    assert "masked:" in masked
    assert MASK.value("s3cret") in masked or path.startswith(("csv", "part;"))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", '<p><input id=field name=nickname value="{}">'),
        ("text/html", '<p><input id=nickname value="{}">'),
        ("text/html", '<p><input id=field type=password value="{}">'),
        ("text/html", '<p><input name=field type=Password value="{}">'),
        ("text/html", '<p><input name=field autocomplete="billing cc-number" value="{}">'),
        ("text/html", '<p><input id=i123 autocomplete=one-time-code value="{}">'),
        ("text/html", '<p><x-field name=password value="{}"></x-field>'),
        ("text/html", '<meta name=csrf-token content="{}">'),
        ("application/xml", '<a><param name="password" value="{}"/></a>'),
        ("application/xml", '<a><add key="x" value="1"/><add key="DbPassword" value="{}"/></a>'),
        ("application/xml", '<a><p Name="Token"><b><c>{}</c></b></p></a>'),
        ("application/json", '{{"nickname":"{}","nickname":1}}'),
    ],
)
def test_a_difference_says_where_a_secret_stood(kind: str, body: str) -> None:
    """What the path of a difference leaves out, the mask cannot know."""
    one, other = (
        Response(200, head_of(((b"Content-Type", kind.encode()),)), body.format(value).encode())
        for value in ("s3cret", "0ther")
    )
    exchange = Exchange("1", "GET /", 0.0, Request(b"GET", b"/", ()), one)
    found = judge(exchange, other, compile_rule(settings.Compare(), settings.Compare()))

    assert found.differences
    assert "s3cret" not in repr(masked(found, MASK))


@pytest.mark.parametrize("line", ["json:$.a.x", "json:$[*].a.x", "json:$.a.*"])
@pytest.mark.parametrize("kind", [b"application/x-ndjson", b"application/json", b"text/plain"])
def test_differences_in_documents(kind: bytes, line: str) -> None:
    """A line speaks of a document, be it alone, in an array or in JSON lines."""
    for body in (b'{"a":{"x":"%b"}}\n{"a":{"x":"%b"},"b":1}', b'[{"a":{"x":"%b"}},{"a":{"x":"%b"}}]'):
        one, other = (
            Response(200, head_of(((b"Content-Type", kind),)), body.replace(b"%b", value))
            for value in (b"s3cret", b"0ther")
        )
        found = judge(exchange(one), other, RULE)
        assert found.differences
        assert "s3cret" not in repr(masked(found, Mask((line,), b"key")))


@pytest.mark.parametrize("between", [";", "\t", "|"])
def test_differences_in_tables(between: str) -> None:
    """Columns have names however they are separated; where one side is no such table, nothing is shown."""
    table = "id;password;n\n1;s3cret;2\n"
    one, other, page, commas = (
        Response(200, head_of(((b"Content-Type", kind),)), body.replace(";", between).encode())
        for kind, body in (
            (b"text/csv", table),
            (b"text/csv", table.replace("s3cret", "0ther")),
            (b"text/html", "<p>broken"),
            (b"text/csv", table.replace(";", ",")),
        )
    )
    found = masked(judge(exchange(one), other, RULE), MASK).differences
    assert [(each.path, each.legacy) for each in found] == [("csv:password[2]", MASK.value("s3cret"))]
    for unlike in (page, commas):
        differing = masked(judge(exchange(one), unlike, RULE), MASK)
        assert "s3cret" not in repr(differing)
        assert "body" in [each.path for each in differing.differences]


@pytest.mark.parametrize("above", ["sep=;\n", "Users of May\n\n", "Users, all\nof May\n", "Users;;\n"])
def test_what_stands_above_the_head_of_a_table(above: str) -> None:
    """A title, or what Excel is told of separators, takes its names from no column."""
    one, other = (
        Response(200, head_of(((b"Content-Type", b"text/csv"),)), f"{above}id;password;n\n1;{v};x\n".encode())
        for v in ("s3cret", "0ther")
    )
    assert b"s3cret" not in kept(exchange(one), other, bodies=1000)
    found = masked(judge(exchange(one), other, RULE), MASK).differences
    assert [(each.path, each.legacy) for each in found] == [("csv:password[2]", MASK.value("s3cret"))]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", '<p><input type=hidden name={} value="{}">'),
        ("text/html", '<p><input type={} value="{}">'),
        ("text/html", '<meta content="{1}" name="{0}">'),
        ("text/html", "<p><textarea name={}>{}</textarea>"),
        ("application/xml", '<a><param name="{}" value="{}"/></a>'),
        ("application/xml", '<a><entry Key="{}">{}</entry></a>'),
        ("application/xml", '<a><entry Key="{}"><b><c>{}</c></b></entry></a>'),
    ],
)
@pytest.mark.parametrize("names", [("password", "_csrf"), ("x", "password"), ("password", "x")])
def test_an_element_that_has_another_name(kind: str, body: str, names: tuple[str, str]) -> None:
    """It holds a secret if either of its names says so."""
    one, other = (
        Response(200, head_of(((b"Content-Type", kind.encode()),)), body.format(*said).encode())
        for said in zip(names, ("s3cret", "0ther"), strict=True)
    )
    found = masked(judge(exchange(one), other, RULE), MASK)
    assert len(found.differences) == 2
    assert "s3cret" not in repr(found)
    assert "0ther" not in repr(found)
    assert all(name in repr(found) for name in names), "what it is called is told"


def test_files_are_their_owners() -> None:
    """Of a part that is a file a difference tells length and digest, as of its body only a hash is kept."""
    form = "--B\r\nContent-Disposition: form-data; name=f; filename=a.txt\r\n\r\n{}\r\n--B--\r\n"
    kind = head_of(((b"Content-Type", b"multipart/form-data; boundary=B"),))
    one, other = (Response(200, kind, form.format(text).encode()) for text in ("s3cret", "0ther"))
    found = masked(judge(exchange(one), other, RULE), MASK)
    assert [each.path for each in found.differences] == ["form:f"]
    assert b"s3cret" not in kept(exchange(one), other, bodies=1000)


def test_paths_of_pages_are_no_mail_addresses() -> None:
    """`a@href` is an attribute; an address in a selector is an address."""
    for path, expected in (
        ("html:body > a@href", "html:body > a@href"),
        ('html:a[name="bob@example.com"]@href', f'html:a[name="{MASK.value("bob@example.com")}"]@href'),
    ):
        difference = Difference(DifferenceKind.CHANGED, path, "/a", "/b")
        assert masked(Comparison(Fate.DIFFERED, (difference,)), MASK).differences[0].path == expected


def test_paths_are_masked_too() -> None:
    """Keys of an object can be data: its path holds them."""
    difference = Difference(DifferenceKind.ADDED, 'json:$.users["bob@example.com"].age', None, "3")
    shown = masked(Comparison(Fate.DIFFERED, (difference,), ("note password=s3cret",)), MASK)

    assert shown.differences[0].path == f'json:$.users["{MASK.value("bob@example.com")}"].age'
    assert shown.notes == (f"note password={MASK.value('s3cret')}",)


@pytest.mark.parametrize(
    "key",
    ["d41d8cd98f00b204e9800998ecf8427e", "eyJhbGciOi.eyJzdWIi.c2ln", "Zk3xQ9vT2mLpR8sW5yB7nC4dF6gH1jK0aSdQw"],
)
def test_keys_that_are_tokens(key: str) -> None:
    """A table of sessions by their ids: neither its paths nor its body tell them; long names stay."""
    name = "a_long_member_name_that_has_a_year_2024_in_it"
    one, other = (
        Response(200, head_of(JSON), b'{"open":{"%b":%d,"%b":%d}}' % (key.encode(), n, name.encode(), n))
        for n in (1, 2)
    )
    paths = [each.path for each in masked(judge(exchange(one), other, RULE), MASK).differences]
    assert f"json:$.open.{name}" in paths
    assert any(MASK.value(key) in path for path in paths)
    assert key not in repr(paths)
    assert key.encode() not in kept(exchange(one), other, bodies=1000)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("key", "d41d8cd98f00b204e9800998ecf8427e"), ("key", "s3cret"), ("Name", "s3cret")],
)
def test_what_elements_call_themselves(attribute: str, value: str) -> None:
    """Paths in XML tell it, unless it is a secret by its shape or by a line."""
    one, other = (
        Response(
            200,
            head_of(((b"Content-Type", b"application/xml"),)),
            f'<m><e {attribute}="{value}">{n}</e><e {attribute}="color">{n}</e></m>'.encode(),
        )
        for n in (1, 2)
    )
    lines = () if len(value) > 10 else (f"form:{attribute}",)
    mask = Mask(lines, b"key")
    paths = [each.path for each in masked(judge(exchange(one), other, RULE), mask).differences]
    color = mask.value("color") if lines else "color"
    assert paths == [f"xml:/m/e[{n}][{attribute}={said}]" for n, said in ((1, mask.value(value)), (2, color))]


@pytest.mark.parametrize(
    "line", ["", "two words", "cookie:sid", "json:", "json:password", "query:", "form:", "header:", "a:b"]
)
def test_a_line_that_says_nothing_is_refused(line: str) -> None:
    """A mask that was written wrongly masks nothing: that is an error, said in one line."""
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        Mask((line,), b"key")


def test_a_mask_needs_a_key() -> None:
    """Without a key, whoever has the hash can try out passwords."""
    with pytest.raises(ValueError, match="key"):
        Mask((), b"")


CANARY = "C4n4ry-XyZ"


@pytest.mark.parametrize("content_type", [b"application/json", b"text/plain"])
@pytest.mark.parametrize(
    "body",
    [
        '{{"a":"{before}","password":"{canary}","b":"{between}{end}"}}',
        '{{"a":"{before}","list":[{{"mail":"{canary}","b":"{between}"}},{end}]}}',
        '{{"a":"{before}","card":{{"x":"{canary}","b":"{between}"}},"c":[{end},2]}}',
        '{{"note":"{before} token={canary}, {between} {end}"}}',
        '{{"note":"{before} \\"token\\":\\"{canary}\\",\\"b\\":\\"{between} {end}"}}',
        '<p>{before}</p><input name="csrf_token" value="{canary}"><p>{between} {end}',
        'not JSON {{"a":"{before}","password":"{canary}","b":"{between}{end}"',
        "a={before}&password={canary}&b={between}{end}",
        "{before} {canary}@example.com {between} {end}",
        "{before} paid by 4111 1111 1111 {canary} {between} {end}",
    ],
)
def test_no_secret_is_kept(body: str, content_type: bytes) -> None:
    """Of a secret no part is written, wherever what is shown of a long value begins and ends."""

    def answer(before: int, between: int, canary: str, end: str) -> Response:
        filler = {"before": "w " * before, "between": "x " * between}
        text = body.format(**filler, canary=canary, end=end)
        return Response(200, head_of(((b"Content-Type", content_type),)), text.encode())

    secret, other = ("1111", "1111") if "4111" in body else ("C4n4ry-XyZ", "C4n4ry-Xy7")
    for before in (0, 20, 90, 200):
        for between in range(30):
            legacy = answer(before, between, secret, "1")
            for target in (answer(before, between, secret, "2"), answer(before, between, other, "3")):
                written = kept(exchange(legacy), target)
                assert not [part for part in (secret, secret[:4], secret[-4:]) if part.encode() in written]


@pytest.mark.parametrize(
    "spelt",
    [
        CANARY,
        quote(CANARY),
        base64.b64encode(CANARY.encode()).decode(),
        CANARY.encode().hex(),
        f"{CANARY}%40x.com",
    ],
)
def test_no_secret_of_a_request_is_kept(spelt: str) -> None:
    """Nothing of a secret in cookies, credentials, parameters, redirects or failures is written."""
    raw = spelt.encode()
    request = Request(
        b"GET",
        b"/a;sid=" + raw + b"?token=" + raw + b"&next=%2F%3Fpassword%3D" + raw,
        (
            (b"Cookie", b"a=" + raw + b"; b=" + raw),
            (b"Authorization", b"Basic " + raw),
            (b"Referer", b"https://u:" + raw + b"@host/?api_key=" + raw),
        ),
    )
    legacy = Response(
        302, head_of(((b"Location", b"/?session=" + raw), (b"Set-Cookie", b"a=" + raw + b"; Secure")))
    )
    found = Exchange("1", "GET /a", 1.0, request, legacy)
    redirected = Response(302, head_of(((b"Location", b"/b?session=" + raw), (b"Set-Cookie", b"a=" + raw))))

    assert raw not in kept(found, redirected)
    assert raw not in kept(found, Failure(FailureKind.DNS, f"https://u:{spelt}@host"))


@pytest.mark.parametrize("line", ["x-tenant", "query:x-tenant", "form:x-tenant", "json:$.a.x-tenant"])
def test_whatever_is_named_is_named_in_trees(line: str) -> None:
    """A difference shows no member that is called like a header or a parameter of the configuration."""
    found = Comparison(
        Fate.DIFFERED, (Difference(DifferenceKind.MISSING, "json:$.a", '{"x-tenant":"s3cret"}', None),)
    )
    assert "s3cret" not in repr(masked(found, Mask((line,), b"key")))


def test_cookies_in_text() -> None:
    """Naming a header that is masked anyway takes nothing away."""
    assert Mask(("cookie",), b"key").text("Cookie: a=b; c=d") == f"Cookie: {MASK.value('a=b; c=d')}"


@pytest.mark.parametrize("path", ["json:$.a", 'json:$["\\ud800"]'])
def test_lone_surrogates(path: str) -> None:
    """A key that is no text of any script can be masked and written."""
    assert (shown(path, '{"\\ud800token":"s3cret","b":[1]}') or "").count("masked:") == 1
    assert (shown(path, '{"\ud800token":"s3cret"}') or "").encode()


@given(
    st.text(st.characters(codec=None), max_size=300),
    st.sampled_from(["text:1", "json:$.a", "header:x", "body"]),
)
def test_any_text_can_be_kept(text: str, path: str) -> None:
    """Whatever an answer holds, its mask is made and can be written."""
    assert msgspec.json.encode(
        masked(Comparison(Fate.DIFFERED, (Difference("changed", path, text, text),)), MASK)
    )


@pytest.mark.parametrize(
    "path", ["xml:/a/nickname", "xml:/a/@nickname", "xml:/nickname/b", "html:html > body > p@nickname"]
)
def test_a_line_for_fields_is_one_for_elements_and_attributes(path: str) -> None:
    """In a difference as in a body."""
    assert "abc" not in (shown(path, "abc") or "")


@pytest.mark.parametrize("name", ["Cookie", "set-cookie", "cookies"])
def test_cookies_in_json(name: str) -> None:
    """Pages for developers say what they were asked."""
    body = b'{"headers":{"%b":"theme=abc; a=b"}}' % name.encode()
    told = kept(exchange(Response(200, head_of(JSON), body)), Response(200, head_of(JSON), b"{}"))
    assert b"abc" not in told


@pytest.mark.parametrize("charset", ["utf-8", "euc-jp", "cp932"])
def test_a_name_is_found_in_whatever_charset_a_form_was_sent(charset: str) -> None:
    """A browser escapes the bytes of its page's charset."""
    code, member = "\u6697\u8a3c\u756a\u53f7", "\u4f1a\u54e1\u756a\u53f7"
    mask = Mask((f"form:{code}", f"query:{member}"), b"key")
    assert "4649" not in mask.form(f"{quote(code.encode(charset))}=4649&x=1")
    assert "7777" not in mask.target(f"/a?{quote(member.encode(charset))}=7777")
    part = b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n4649\r\n--b--\r\n' % code.encode(charset)
    assert b"4649" not in multipart_hidden(part, "b", mask)
