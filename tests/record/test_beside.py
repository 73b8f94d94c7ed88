"""A secret of which only what stands beside it says that it is one."""

from __future__ import annotations

from functools import partial
from itertools import islice, product

import msgspec
import pytest
from bench.steps import bytecodes

from shadow import settings
from shadow.compare import beside
from shadow.compare.judge import judge
from shadow.compare.rules import compile_rule
from shadow.model import Called, Comparison, Exchange, Request, Response, head_of
from shadow.record.evidence import evidence
from shadow.record.mask import Mask
from shadow.record.mask_differences import masked

MASK = Mask(("form:nickname",), b"key")
RULE = compile_rule(settings.Compare(), settings.Compare())
JSON = "application/json"
XML = "application/xml"
HTML = "text/html"
CSV = "text/csv"
TEXT = "application/yaml"
PLAIN = "text/plain"


def answers(kind: str, *bodies: str) -> list[Response]:
    head = head_of(((b"Content-Type", kind.encode()),))
    return [Response(200, head, body.encode()) for body in bodies]


def compared(legacy: Response, target: Response) -> tuple[Exchange, Comparison]:
    exchange = Exchange("1", "GET /", 1.0, Request(b"GET", b"/", ()), legacy)
    return exchange, judge(exchange, target, RULE)


def kept(legacy: Response, target: Response) -> str:
    """Everything that is written of two answers."""
    exchange, found = compared(legacy, target)
    return msgspec.json.encode(evidence(exchange, target, masked(found, MASK), MASK, bodies=1000)).decode()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, '{"fields":[{"name":"user","value":"bob"},{"name":"dbPassword","value":"%s"}]}'),
        (JSON, '{"Value":"%s","Key":"API_TOKEN","x":"bob"}'),
        (JSON, '{"key":"pin","value":{"stringValue":"%s"},"x":"bob"}'),
        (JSON, '{"headers":[{"name":"Cookie","value":"a=%s"}],"x":"bob"}'),
        (JSON, '{"label":"nickname","type":"text","value":["%s"],"x":"bob"}'),
        (JSON, '{"name":"otp","value":"x","value":"%s","x":"bob"}'),
        (JSON, '[["user","bob"],["dbPassword","%s"]]'),
        (JSON, '{"h":[["x","bob"],["Set-Cookie",["a=%s"]],["p\\u0061ss word",{"s":"%s"}]]}'),
        (JSON, '{"fields":[{"type":"text","value":"bob"},{"type":"password","value":"%s"}]}'),
        (JSON, '{"field":"password","oldValue":"%s","newValue":"%s","by":"bob"}'),
        (
            XML,
            "<m><entry><key>a</key><value>bob</value></entry><entry><key>pin</key><value>%s</value></entry></m>",
        ),
        (XML, "<m><Name> API_TOKEN </Name><kind>bob</kind><Value><x>%s</x></Value></m>"),
        (XML, "<dict><key>user</key><string>bob</string><key>otp</key><string>%s</string></dict>"),
        (
            XML,
            "<dict><key>nickname</key><array><string>%s</string></array><key>a</key><real>bob</real></dict>",
        ),
        (XML, "<l><i><value>bob</value><name>a</name></i><i><value>%s</value><name>pin</name></i></l>"),
        (
            XML,
            '<l xmlns:n="u"><i><n:Value><![CDATA[%s]]></n:Value><kind>bob</kind><n:Name>pin</n:Name></i></l>',
        ),
        (XML, "<l><value>%s</value><name>pin</name><value>%s</value><name>a</name><b>bob</b></l>"),
        (HTML, "<table><tr><th>User<td>bob<tr><th>Password<td>x<td><b>%s</b></table>"),
        (HTML, "<table><tr><td>User<td>bob<tr><td>DB_PASSWORD<td><input value=%s></table>"),
        (HTML, "<dl><dt>User<dd>bob<dt>Your PIN<dd>%s</dl>"),
        (HTML, "<table><tr><td>User<td>bob<tr><td> PIN <td>%s</table>"),
        (HTML, "<table><tr><td>User<td>bob<tr><td>API <b>token</b><td>%s</table>"),
        (HTML, "<table><tr><td>User<td>bob<tr><td>Your PIN:<td>%s</table>"),
        (HTML, "<table><thead><tr><th>User<th>Token<tbody><tr><td>bob<td><i>%s</i></table>"),
        (HTML, "<table><tr><th colspan=2>Name<th>Password<tr><td>bob<td>bob<td>%s</table>"),
        (HTML, "<table><tr><th>Name<th colspan='2'>Password<tr><td>bob<td>x<td>%s</table>"),
        (HTML, "<table><tr><th>Name<th>Of<th>Password<tr><td>bob<td colspan=2>%s</table>"),
        (HTML, "<table><tr><th colspan=2>Users<tr><th>Name<th>Password<tr><td>bob<td>%s</table>"),
        (HTML, "<table><tr><th>Password<tr><td>%s</table><p>bob"),
        (HTML, f"{'<div>bob</div>' * 30}<div>Password:</div><div></div><div>%s</div>{'<div>bob</div>' * 30}"),
        (HTML, "<dl><dt>User<dd>bob<dt>Your PIN:<dd>%s<dd>x</dl>"),
        (HTML, "<p>bob<p><b>Password:</b> <span title=x>%s</span>"),
        (HTML, "<p>bob<p>Your PIN： <b>%s</b>"),
        (HTML, "<p>bob<p>Password: <!-- -->%s</p>"),
        (HTML, "<p>bob<p>Password<!-- -->: <!-- --><i>%s</i></p>"),
        (HTML, "<p>bob<p><label>Password</label><!-- --> <b>%s</b></p>"),
        (HTML, "<p>bob<p><b>API key</b>: %s</p>"),
        (HTML, "<p>bob<p><b>API key</b> ：<code>%s</code></p>"),
        (HTML, "<label>API token:</label> <input value=%s> <b>bob</b>"),
        (HTML, "<label>User</label> <b>bob</b><label>Your <i>PIN</i></label> <p><b>%s</b></p>"),
        (HTML, "<label>Password</label><div><div><code>%s</code></div></div><p>bob"),
        (HTML, "<p>bob<p><label>Security code</label><input name=f value=%s>"),
        (HTML, "<p>bob<p><label>Security code <input name=f value=%s></label>"),
        (HTML, "<p>bob<p><label>Passcode</label><textarea name=f>%s</textarea>"),
        (HTML, "<p>bob<p><label>Passcode</label> <output>%s</output>"),
        (HTML, "<p>bob<p>Passcode: <output>%s</output>"),
        (HTML, "<table><thead><tr><td>User<td>API token<tbody><tr><td>bob<td>%s</table>"),
        (HTML, "<table><thead><tr><td>User</td><td>PIN</td></tr></thead><tr><td>bob<td>%s</table>"),
        (HTML, "<table><tr><td><b>User</b><td> <strong>PIN</strong><tr><td>bob<td>%s</table>"),
        (HTML, "<table><tr><td><b>User</b><td><b>PIN</b><td><b>CVC</b><tr><td>bob<td>x<td>%s</table>"),
        (HTML, "<table><tr><th>User<th>PIN<tr><td><b>a</b><td><b>x</b><tr><td>bob<td>%s</table>"),
        (CSV, "Name;kind;Value\nuser;x;bob\ndbPassword;x;%s\n"),
        (CSV, "value,kind,name\nbob,x,user\n%s,x,password\n"),
        (CSV, "Value,Name\nbob,user\n%s,password"),
        (TEXT, "user: bob\nenv:\n- name: DB_PASSWORD\n  value: %s\n"),
        (TEXT, "user: bob\npassword:\n  %s\n"),
        (TEXT, 'user: bob\nenv:\n- "name": "DB_PASSWORD"\n  "value": "%s"\n'),
        (TEXT, "user: bob\nenv:\n- value: %s\n  name: DB_PASSWORD\n- name: x\n"),
        (TEXT, "user: bob\npassword: |\n  %s\nx: y\n"),
        (TEXT, "user: bob\ntoken: >-\r\n  a %s b\r\nx: y\r\n"),
        (TEXT, "user: bob\ntoken: !!str %s\n"),
        (PLAIN, 'user: bob\n["password"]=>\nstring(6) "%s"\n'),
        (PLAIN, 'user: bob;s:8:"password";s:6:"%s";'),
        (PLAIN, "Hello bob,\nyour new password is: %s\n"),
        ("text/javascript", 'f({"user":"bob","env":[{"value":"%s","name":"DB_PASSWORD"}]});'),
        (HTML, '<p>bob<script>var env = [{"value":"%s","name":"pin"},{}];</script>'),
        (HTML, "<p>bob<script>var env = [{value: '%s', key: 'DB_PASSWORD'}];</script>"),
        (TEXT, "user: bob\npassphrase: correct %s battery\nx: y"),
    ],
)
def test_nothing_of_it_is_kept(kind: str, body: str) -> None:
    """In a body, in a difference from another value, and in one from nothing; the rest can be read."""
    bodies = (body.replace("%s", value) for value in ("s3cret", "0ther"))
    one, other, nothing = answers(kind, *bodies, "{}" if kind == JSON else "<a/>")
    for target in (other, nothing):
        told = kept(one, target)
        assert "s3cret" not in told
        assert "bob" in told
        assert '"names"' not in told, "for the mask alone"
    assert compared(other, one)[1].differences == tuple(
        each.swapped() for each in compared(one, other)[1].differences
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"type":"card","data":{"title":"%s"}}',
        '{"type":"session","content":{"room":["%s"]}}',
        '{"type":"token","text":"%s"}',
        '{"id":"session","value":"%s"}',
        '{"type":"card","value":"%s"}',
        '["password","%s"]',
        '{"required":["password","%s"]}',
        '[["Business card","%s"],["Frying pan","x"]]',
        '[["token","%s","x"]]',
        '[["token"],["%s"]]',
        '{"name":"Frying pan","default":[{"title":"%s"}]}',
    ],
)
def test_what_can_be_read(body: str) -> None:
    """What only happens to stand beside such a word."""
    one, other = answers(JSON, body % "bob", body % "eve")
    (difference,) = masked(compared(one, other)[1], MASK).differences
    assert difference.legacy == '"bob"'
    assert "bob" in kept(one, one)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (HTML, "<table><tr><th>Session<tr class=%s><td>x</table>"),
        (HTML, "<p>Password: <input class=%s placeholder=x>"),
        (HTML, "<table><tr><td>Business card<td>%s</table>"),
        (HTML, "<table><tr><td> Frying\npan <td>%s</table>"),
        (HTML, "<p>Forgot your password: <a href=/%s>here</a>"),
        (HTML, "<label>Password</label> <a href=/x>%s</a><input type=password>"),
        (HTML, "<label><input type=checkbox> Show password</label> <b>%s</b>"),
        (HTML, "<p><input type=checkbox><label>Show password</label> <input type=submit value=%s>"),
        (HTML, "<label>Password</label><input type=password><p>%s"),
        (HTML, "<label>Password</label><b>x</b> <b>%s</b>"),
        (HTML, "<p><b>Token</b>: what %s may hold"),
        (HTML, "<p>Enter your <b>password</b>, %s"),
        (HTML, "<p><b>Password</b> x: <b>%s</b>"),
        (HTML, "<label>Password</label><label>%s</label>"),
        (HTML, "<table><tr><td><b>Lid</b><td>Card<tr><td><b>Sum</b><td>%s</table>"),
        (HTML, "<table><thead><tr><td>Token<td>%s<tbody><tr><td>x<td>x</table>"),
        (TEXT, "- name: x\n  value: %s\n- name: token\n  value: x\n"),
        (PLAIN, "value: %s\n\nthe name: token\n"),
        (PLAIN, "the value: x, %s, name: token\n"),
        ("text/event-stream", 'event: token\ndata: {"d": "%s"}\n\n'),
        ("text/event-stream", "event: session.updated\ndata: %s\n\n"),
    ],
)
def test_what_is_no_value(kind: str, body: str) -> None:
    """An attribute, a line of an event: as readable where it differs as in the body."""
    one, other = answers(kind, body % "bob", body % "eve")
    (difference,) = masked(compared(one, other)[1], MASK).differences
    assert "bob" in str(difference.legacy)
    assert "bob" in kept(one, one)


def test_quotes_of_a_value() -> None:
    """They are JSON's in JSON, and elsewhere of the value."""
    one, other = answers(HTML, """<p>Password: <input value='"abc"'>""", "<p>Password: <input value=abc>")
    (difference,) = masked(compared(one, other)[1], MASK).differences
    assert (difference.legacy, difference.target) == (MASK.value('"abc"'), MASK.value("abc"))


def test_a_colon_of_its_own() -> None:
    """It is no part of the value, which is the same as elsewhere; that there is none can be read."""
    (one,) = answers(HTML, "<p><b>Password</b> : s3cret <p><b>PIN</b>: null")
    told = kept(one, one)
    assert f"<b>Password</b>: {MASK.value('s3cret')}" in told
    assert "<b>PIN</b>: null" in told


def test_what_is_true_can_be_read() -> None:
    """A word of JSON is no secret, whatever it is called; a text that it has become is."""
    body = '{"name":"token","value":%s}'
    one, other, text = answers(JSON, body % "true", body % "false", body % '"s3cret"')
    (difference,) = masked(compared(one, other)[1], MASK).differences
    assert (difference.legacy, difference.target) == ("true", "false")
    assert "s3cret" not in kept(one, text)
    assert "s3cret" not in kept(text, one)


def test_a_row_that_one_side_has() -> None:
    """The heads of its columns tell."""
    head = "<table><tr><th>User<th>Token"
    one, other = answers(HTML, f"{head}<tr><td>bob<td>s3cret</table>", f"{head}</table>")
    assert "s3cret" not in kept(one, other)
    assert "s3cret" not in kept(other, one)


@pytest.mark.parametrize(
    "heads",
    [("Name;Value", "Key;Value"), ("Name;Value", "x;Value"), ("Name;x;Value", "Value;Name")],
)
def test_tables_with_other_heads(heads: tuple[str, str]) -> None:
    """What a row calls its value may stand in a column that one side has, or in another place."""
    rows = (
        ";".join(value if name == "Value" else "dbPassword" for name in head.split(";"))
        for head, value in zip(heads, ("s3cret", "0ther"), strict=True)
    )
    bodies = [f"{head}\n{row}\n" for head, row in zip(heads, rows, strict=True)]
    for legacy, target in (bodies, bodies[::-1]):
        found = masked(compared(*answers(CSV, legacy, target))[1], MASK)
        assert "csv:Value[2]" in [each.path for each in found.differences]
        assert "s3cret" not in repr(found)
        assert "0ther" not in repr(found)


@pytest.mark.parametrize("group", ["tbody", "tfoot"])
def test_rows_that_one_side_has(group: str) -> None:
    """In a group of their own, which the other side has not."""
    head = "<table><thead><tr><th>User<th>Token"
    one, other = answers(HTML, f"{head}<{group}><tr><td>bob<td>s3cret</table>", f"{head}</table>")
    assert "s3cret" not in kept(one, other)
    assert "s3cret" not in kept(other, one)


def test_a_name_that_differs() -> None:
    """It is a secret where either side says so; what it is called can be read."""
    body = '{"name":"%s","value":"%s"}'
    sides = answers(JSON, body % ("color", "r3d"), body % ("password", "s3cret"))
    for one, other in (sides, reversed(sides)):
        told = kept(one, other)
        assert "s3cret" not in told
        assert "color" in told


@pytest.mark.parametrize(
    "member",
    [
        '"name":"password","value":"s3cret"',
        '"name":"password","v":"s3cret"',
        '"value":"s3cret","name":"password"',
        '"label":"password","kind":"x","Text":"s3cret"',
        '"value":"s3cret","type":"password"',
        '"value":"s3cret","x":"LONG","name":"password"',
    ],
)
def test_a_tree_that_was_cut(member: str) -> None:
    """It is hidden whole, and can be read if it holds no such name."""
    for kept_open, one in ((False, member), (True, '"name":"bob","value":"x"')):
        one = one.replace("LONG", "x" * 300)
        tree = f'[{{{one}}},{{"name":"a","value":"{"x" * 300}"}}]'
        for bodies in ((f'{{"a":{tree}}}', "{}"), (f'{{"a":{tree}}}', '{"a":1}')):
            told = repr(masked(compared(*answers(JSON, *bodies))[1], MASK))
            assert "s3cret" not in told
            assert ('"name":"a"' in told) is kept_open


@pytest.mark.parametrize("between", ["x", "x" * 140, "x" * 145, "x" * 150, "x" * 160, "x" * 300])
@pytest.mark.parametrize("name", ["password", "a"])
def test_an_element_that_was_cut(name: str, between: str) -> None:
    """A name that is not there any more, or not whole, may have told that it is a secret."""
    body = f"<r><i><value>s3cret</value><x>{between}</x><name>{name}</name></i></r>"
    one, other = answers(XML, body, "<a/>")
    told = repr(masked(compared(one, other)[1], MASK).differences[-1])
    assert ("s3cret" in told) is ("<name>a<" in told)


@pytest.mark.parametrize("body", ['{"a":%s', '{"a":[%s],}', '{"a":[1}%s'])
@pytest.mark.parametrize(
    "member",
    [
        '{"value":"s3cret","x":1,"name":"password"}',
        '{"value":"s3cret","x":{"y":1},"z',
        '[["user","bob"],["password","s3cret"]]',
    ],
)
def test_a_tree_that_is_broken(body: str, member: str) -> None:
    """Of a body too, since which value is whose cannot be known."""
    (one,) = answers(JSON, body % member)
    assert "s3cret" not in kept(one, one)


def test_a_pair_of_an_array() -> None:
    """Where only its name differs that can be read, and where one side is none as well."""
    body = '[["x",["%s","%s"]]]'
    one, other = answers(JSON, body % ("password", "s3cret"), body % ("token", "s3cret"))
    (difference,) = masked(compared(one, other)[1], MASK).differences
    assert (difference.legacy, difference.target) == ('"password"', '"token"')
    for value in ('"bob"', '["password"]', '["password","x","y"]', '["s3cret","password"]'):
        (text,) = answers(JSON, f'[["x",{value}]]')
        told = repr(masked(compared(one, text)[1], MASK).differences)
        assert "password" in told or "masked" in told
        assert "s3cret" not in told


def test_many_names() -> None:
    """Each difference is asked about a bounded number of them, the same from both sides."""
    head = "<table><tr>" + "".join(f"<th>{number}" for number in range(1000)) + "<tr><td>x"
    sides = answers(HTML, f"{head}</table>", f"{head}<tr><td>a</table>")
    for one, other in (sides, reversed(sides)):
        (row,) = compared(one, other)[1].differences
        assert isinstance(row, Called)
        assert len(row.names) == beside.MOST


def test_many_values() -> None:
    """What an object calls itself is read once: twice as many members cost about twice as much."""
    steps = []
    for size in (60, 120):
        spelled = map("".join, product(*zip("content", "CONTENT", strict=True)))
        keys = list(islice(spelled, size))
        rest = "".join(f',"x{number}":0' for number in range(10 * size))
        bodies = ["{" + ",".join(f'"{key}":{value}' for key in keys) + rest + "}" for value in (1, 2)]
        one, other = answers(JSON, *bodies)
        steps.append(bytecodes(partial(compared, one, other)))
    assert steps[1] < 3 * steps[0]
