"""Bodies as they are kept: without secrets, still what they were, and bounded."""

from __future__ import annotations

import gzip
import json
from functools import partial

import pytest
from bench.steps import bytecodes
from hypothesis import given, settings
from hypothesis import strategies as st
from support.processor import within

from shadow.compare.forms import compare_multipart
from shadow.model import Comparison, Difference, DifferenceKind, Digest, Fate, Headers
from shadow.record.bodies import kept, restored
from shadow.record.mask import Mask
from shadow.record.mask_differences import masked

MASK = Mask(("json:$.shop.owner", "form:nickname"), b"key")
V = MASK.value
SECRET = V("s3cret")


def headers(kind: str, coding: str = "") -> Headers:
    fields = ((b"Content-Type", kind.encode()),) if kind else ()
    return (*fields, (b"Content-Encoding", coding.encode())) if coding else fields


def shown(kind: str, body: str, charset: str = "utf-8") -> str | None:
    """What is kept of a body."""
    return kept(body.encode(charset), headers(kind), 100_000, MASK).text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"password":"s3cret","a" : 1}', '{"password":"MASKED","a" : 1}'),
        ('{"p\\u0061ssword":"s3cret"}', '{"p\\u0061ssword":"MASKED"}'),
        (
            '{"token":["s3cret",{"x":"s3cret","y":[true,null]}]}',
            '{"token":["MASKED",{"x":"MASKED","y":[true,null]}]}',
        ),
        ('{"shop":{"owner":"s3cret","name":"x"}}', '{"shop":{"owner":"MASKED","name":"x"}}'),
        ('{"a":{"b":"token=s3cret"}}', '{"a":{"b":"token=MASKED"}}'),
        ('{"a":"{\\"token\\":\\"s3cret\\"}"}', '{"a":"{\\"token\\":\\"MASKED\\"}"}'),
        ('{"id":1,"id":2,"token":"s3cret","x":NaN}', '{"id":1,"id":2,"token":"MASKED","x":NaN}'),
        ('[{"sid":"s3cret"}]\n{"sid":"s3cret"}', '[{"sid":"MASKED"}]\n{"sid":"MASKED"}'),
        ('{"at":"2026-11-22T10:00:00+09:00","n":1.50}', '{"at":"2026-11-22T10:00:00+09:00","n":1.50}'),
    ],
)
def test_json(body: str, expected: str) -> None:
    """Members by their names at any depth, strings by what is in them; all else as it was written."""
    assert shown("application/json", body) == expected.replace("MASKED", SECRET)
    assert shown("", body) == expected.replace("MASKED", SECRET), "whatever its type says"


@pytest.mark.parametrize("line", ["json:$.a.x", "json:$[*].a.x", "json:$..x", "json:$.a.*"])
@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/json"])
def test_documents(kind: str, line: str) -> None:
    """What a line says of a document holds for each in JSON lines, and in an array."""
    document = '{"a":{"x":"s3cret"},"b":1}'
    bodies = [f"[{document},\n{document}]"]
    if kind != "application/json":
        bodies += [f"{document}\n", f"{document}\n{document}\n"]
    for body in bodies:
        found = kept(body.encode(), headers(kind), 1000, Mask((line,), b"key")).text
        assert found == body.replace("s3cret", SECRET)


def test_documents_of_no_array() -> None:
    """What a line says of the first of several documents holds for all, whatever their type is called."""
    body = '{"shop":{"owner":"s3cret"},"b":1}\n' * 2
    for kind in ("application/json", "text/plain"):
        assert shown(kind, body) == body.replace("s3cret", SECRET)


def test_broken_json_is_kept_only_where_names_tell() -> None:
    """What is whose cannot be known, so what a line names by its place alone could be anything in it."""
    body = b'{"vault":{"a":"s3cret"],"b":1}'
    by_place, by_name = (
        kept(body, headers("application/json"), 1000, Mask((line,), b"key")).text or ""
        for line in ("json:$.vault.*", "json:$.vault.a")
    )
    assert by_place.startswith("masked:")
    assert by_name.startswith('{"vault":{"a":"masked:')


def test_numbers_stay_numbers() -> None:
    """A secret number is another number, the same for equal ones, so that its type and equality stay."""
    body = '{"pin":1234,"pin_again":1234,"cvc":"1234","otp":1.5,"n":4111111111111111,"id":4111111111111112}'
    found = json.loads(shown("application/json", body) or "")

    assert found["pin"] == found["pin_again"] != 1234
    assert (type(found["pin"]), type(found["cvc"]), type(found["otp"])) == (int, str, float)
    assert found["n"] != 4111111111111111
    assert found["id"] == 4111111111111112


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<input name="csrf" value="s3cret">', '<input name="csrf" value="MASKED">'),
        (
            "<input value=s3cret type=hidden name=csrf_token>",
            "<input value=MASKED type=hidden name=csrf_token>",
        ),
        ("<meta content='s3cret' name='csrf-token'>", "<meta content='MASKED' name='csrf-token'>"),
        ('<p data-session="s3cret" id="session">x</p>', '<p data-session="MASKED" id="session">x</p>'),
        ('<a href="/x?token=s3cret&amp;b=1">y</a>', '<a href="/x?token=MASKED&amp;b=1">y</a>'),
        ("<textarea name=password>s3cret</textarea><p>x", "<textarea name=password>MASKED</textarea><p>x"),
        (
            "<script>var t={token:'s3cret'}; a<b</script><p>x",
            "<script>var t={token:'MASKED'}; a<b</script><p>x",
        ),
        (
            '<script type="application/json">{"pin":"s3cret","a":"\\u003c/script>"}</script>',
            '<script type="application/json">{"pin":"MASKED","a":"\\u003c/script>"}</script>',
        ),
        (
            '<script type="application/json">{"a":"token=s3cret \\u003c/script>"}</script>',
            '<script type="application/json">{"a":"token=MASKED \\u003c/script>"}</script>',
        ),
        ("<!-- password=s3cret --><p>x", "<!-- password=MASKED --><p>x"),
        ('<input type="text" name="q" value="shoes">', '<input type="text" name="q" value="shoes">'),
    ],
)
def test_html(body: str, expected: str) -> None:
    """Values by the names of their fields, parameters of links, shapes in text; the rest as it stands."""
    page = "<html><body>{}</body></html>"

    assert shown("text/html", page.format(body)) == page.format(expected.replace("MASKED", SECRET))


@pytest.mark.parametrize("line", ["json:$.user.mail", "json:$.mail", "query:mail"])
def test_json_in_a_script(line: str) -> None:
    """Where a page has what a line names in a tree, nobody knows: its name alone counts, as in a text."""
    page = '<script type="application/json" id="data">{"props":{"mail":["s3cret"],"a":"mail"}}</script>'
    mask = Mask([line], b"key")
    hidden = page.replace("s3cret", mask.value("s3cret"))
    path = 'json:$["script#data"].props.mail[0]'
    difference = Difference(DifferenceKind.CHANGED, path, '"s3cret"', '"other"')

    assert kept(page.encode(), headers("text/html"), 100_000, mask).text == hidden
    shown = masked(Comparison(Fate.DIFFERED, (difference,)), mask).differences[0]
    assert (shown.path, shown.legacy) == (path, mask.value("s3cret"))


def test_links_of_a_page() -> None:
    """Their parameters are those of any URL."""
    page = '<p><a href="/cb?code={}&amp;state=1"><img src="/i?users[]={}"><a href="/?code=12345678&amp;v=1">'
    mask = Mask(("query:users",), b"key")
    found = kept(page.format("SplxlOBe", "s3cret").encode(), headers("text/html"), 1000, mask)
    assert found.text == page.format(V("SplxlOBe"), SECRET).replace("state=1", f"state={V('1')}")


def test_a_part_of_a_page() -> None:
    """What is called HTML is masked as HTML, whatever tag it begins with."""
    found = shown("text/html", "<textarea name=password>s3cret</textarea>")

    assert found is not None
    assert "s3cret" not in found


def test_a_quote_that_is_none() -> None:
    """It does not hide what a field is called, nor does a bracket that is missing."""
    page = "<p title=it's><input name=user value=x><input name=pin value=s3cret> isn't"

    assert "s3cret" not in (shown("text/html", page) or "")
    assert "s3cret" not in (shown("text/html", "<p>x</p&password=s3cret&<b&token=s3cret>y") or "")
    assert "s3cret" not in (shown("application/json", '{"a":[1,"password":"s3cret","b":2}') or "")


def test_shapes_behind_references() -> None:
    """A mail address is one however a page writes it."""
    assert shown("text/html", "<p>bob&#64;example.com</p>") == f"<p>{V('bob@example.com')}</p>"


def test_xml() -> None:
    """Elements and attributes by their names, and what stands within them."""
    body = '<a><n:password>s3cret</n:password><u token="s3cret"/><c><![CDATA[token=s3cret]]></c><b>x</b></a>'
    inner = "<token><deep>s3cret</deep></token><after>x</after>"

    assert shown("application/xml", body) == body.replace("s3cret", SECRET)
    assert shown("text/xml", inner) == inner.replace("s3cret", SECRET)
    named = (
        '<m><entry key="password">s3cret</entry><p name="pin"><v>s3cret</v></p>'
        '<add key="otp" value="s3cret"/><add key="color" value="red"/></m>'
    )
    assert shown("application/xml", named) == named.replace("s3cret", SECRET)
    inner = '<token value="s3cret" type="t"/><otp><v xmlns:a="u" a:b="s3cret">s3cret</v><w c="s3cret"/></otp>'
    inner += '<d e="f" userPIN="s3cret"/>'
    assert shown("application/xml", f"<m>{inner}</m>") == f"<m>{inner}</m>".replace("s3cret", SECRET)
    mask = Mask(("form:name", "form:key"), b"key")
    for kind, attribute in (("application/xml", "name"), ("application/xml", "key"), ("text/html", "key")):
        body = f'<p><a {attribute}="s3cret" id="b"/></p>'
        assert kept(body.encode(), headers(kind), 1000, mask).text == body.replace("s3cret", SECRET)


def test_forms_and_tables() -> None:
    """Fields and columns by their names."""
    assert shown("application/x-www-form-urlencoded", "a=1&password=s3cret&nickname=s3cret&m=b%40c.d") == (
        f"a=1&password={SECRET}&nickname={SECRET}&m={V('b@c.d')}"
    )
    table = 'id,password,note\r\n1,"s3cret",x\r\n2,s3cret,"a ""b"" c"\r\n'
    assert shown("text/csv", table) == table.replace('"s3cret"', SECRET).replace("s3cret", SECRET)


@pytest.mark.parametrize("between", [";", "\t", "|", ","])
@pytest.mark.parametrize("head", ["", "\ufeff", "\r\n\n"])
def test_tables_however_separated(between: str, head: str) -> None:
    """By semicolons in Europe, by tabs; behind a byte order mark, as Excel writes it, or empty lines."""
    table = head + 'nickname;"note;";password\n"s3cret";"a;b,c";s3cret\ns3cret;;\n'.replace(";", between)
    assert shown("text/csv", table) == table.replace('"s3cret"', SECRET).replace("s3cret", SECRET)


def test_multipart() -> None:
    """Fields by their names, files as a whole."""
    body = (
        '--B\r\nContent-Disposition: form-data; name="password"\r\n\r\ns3cret\r\n'
        '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nhello\r\n'
        '--B\r\nContent-Disposition: form-data; name="f"; filename="x.bin"\r\n\r\n\0\xff\r\n--B--\r\n'
    )
    found = kept(body.encode("latin-1"), headers("multipart/form-data; boundary=B"), 100_000, MASK).text

    assert found == body.replace("s3cret", SECRET).replace("\0\xff", V("\0\xff"))


@pytest.mark.parametrize("name", ["UTF-8''nick%6eame", "utf-8'en'%6eickname", "\"UTF-8''nickname\""])
def test_names_of_parts_in_extended_notation(name: str) -> None:
    """RFC 5987, as some libraries send names of parts; in a difference as in a body."""
    one, other = (
        f"--B\r\nContent-Disposition: form-data; name*={name}\r\n\r\n{value}\r\n--B--\r\n".encode()
        for value in ("s3cret", "0ther")
    )
    fields = headers("multipart/form-data; boundary=B")
    assert kept(one, fields, 1000, MASK).text == one.decode().replace("s3cret", SECRET)
    found = compare_multipart(one, other, ("B", "B"), frozenset(), lambda legacy, target: None)
    assert found is not None
    assert [each.path for each in found.differences] == ["form:nickname"]


def test_multipart_with_another_boundary() -> None:
    """Whose the parts are cannot be told, so nothing of them is kept."""
    body = '--C\r\nContent-Disposition: form-data; name="login"\r\n\r\ns3cret\r\n--C--'
    found = kept(
        body.encode(), headers("multipart/form-data; boundary=B"), 100_000, Mask(["form:login"], b"k")
    ).text

    assert found is not None
    assert found.startswith("masked:")


@pytest.mark.parametrize("charset", ["utf-8", "cp932", "euc_jp", "iso2022_jp", "utf-16"])
def test_charsets(charset: str) -> None:
    """Text is shown as text, and becomes the same bytes again."""
    label = {"cp932": "Shift_JIS", "euc_jp": "EUC-JP", "iso2022_jp": "ISO-2022-JP"}.get(charset, charset)
    body = "名前は太郎です".encode(charset)
    fields = headers(f"text/plain; charset={label}")
    found = kept(body, fields, 100_000, MASK)

    assert found.text == "名前は太郎です"
    assert restored(found, fields) == body


@given(
    st.binary(max_size=300), st.sampled_from(["text/plain", "application/json", "text/html", "text/csv", ""])
)
@settings(max_examples=300, deadline=None)
def test_any_bytes(body: bytes, kind: str) -> None:
    """Nothing raises; what has no secret and no control character comes back byte for byte."""
    found = kept(body, headers(kind), 1000, MASK)

    if found.text is not None and "masked:" not in found.text:
        assert restored(found, headers(kind)) == body


def test_what_is_not_kept_says_why() -> None:
    """Larger ones, binary ones, bombs, and those that nobody captured, by length and a keyed digest."""
    bomb = gzip.compress(b"0" * 50_000_000)
    for body, fields, why in (
        (b"x" * 101, headers("text/plain"), "larger than record.bodies"),
        (b"\x89PNG\0", headers("image/png"), "binary"),
        (gzip.compress(b"password"), headers("application/json"), "binary"),
        (bomb, headers("text/plain", "gzip"), "too large"),
        (Digest(5, b"x"), headers("text/plain"), "too large to be captured"),
    ):
        found = kept(body, fields, 100, MASK)
        assert found.text is None
        assert found.why.startswith(why)
        assert found.digest == kept(body, fields, 100, MASK).digest
        assert found.digest != kept(body, fields, 100, Mask((), b"other")).digest


@pytest.mark.parametrize(
    ("kind", "piece"),
    [
        ("application/json", "["),
        ("application/json", '{"a":'),
        ("application/json", '"\\"'),
        ("application/json", '"a@b ",'),
        ("text/html", '<a "'),
        ("text/html", "<!--"),
        ("text/html", "<a b=c "),
        ("application/xml", "<token>"),
        ("application/xml", "<key>pin</key><value>"),
        ("text/html", "<tr><th>pin<td>"),
        ("text/html", "<td>pin:"),
        ("text/html", "<"),
        ("application/json", '{"name":"pin","value":'),
        ("application/json", '[["pin",'),
        ("application/json", '[["pin'),
        ("application/xml", "<value>x</value><name>pin</name>"),
        ("application/xml", "<value>"),
        ("text/html", "<label>pin</label>"),
        ("text/html", "<label>pin"),
        ("text/plain", "value: name: "),
        ("text/plain", 'value: "pin=x '),
        ("text/plain", "value=x name=pin is "),
        ("text/plain", "pin: |\n  "),
        ("text/plain", "pin:\n  "),
        ("text/plain", "pin:\n\n\n"),
        ("text/csv", '","'),
        ("text/plain", "token={"),
        ("text/plain", "1-"),
        ("text/plain", "eyJAKIA0000000000000000"),
        ("multipart/form-data; boundary=B", "--B\r\n\r\n"),
        ("application/x-www-form-urlencoded", "%40&"),
    ],
)
def test_hostile_bodies_are_masked(kind: str, piece: str) -> None:
    """No recursion, nothing quadratic that a test would not end of, nothing raised."""
    body = (piece * 100_000)[:400_000].encode()

    assert kept(body, headers(kind), 1_000_000, MASK).length == len(body)


@pytest.mark.parametrize(
    ("kind", "piece"),
    [
        ("application/json", '"a@b ",'),
        ("application/json", '{"a@b":1},'),
        ("text/plain", "a@"),
        ("text/csv", "a@b,"),
    ],
)
def test_dense_secrets(kind: str, piece: str) -> None:
    """A body of nothing but short secrets costs a small multiple of an ordinary one of that size."""

    def cost(kind: str, piece: str) -> int:
        body = f"[{(piece * (2000 // len(piece)))[:-1]}]".encode()
        return bytecodes(partial(kept, body, headers(kind), 100_000, MASK))

    ordinary = '{"id":1,"name":"item 1","price":1.5,"at":"2026-11-22T10:00:00Z","url":"https://a.example/items/1?page=2"},'
    assert cost(kind, piece) < 11 * cost("application/json", ordinary)


@pytest.mark.parametrize("start", ["<input type=", "<td colspan="])
def test_an_attribute_of_blanks(start: str) -> None:
    """It is read once."""
    body = (start + " " * 100_000).encode()
    assert within(1, lambda: kept(body, headers("text/html"), 1_000_000, MASK)).length == len(body)
