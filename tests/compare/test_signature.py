"""Signatures of differences."""

from __future__ import annotations

import pytest

from shadow.compare.signature import generalise, parse, signature
from shadow.model import Difference, DifferenceKind


@pytest.mark.parametrize(
    ("path", "signature"),
    [
        ("json:$.items[3].price", "json:$.items[*].price"),
        ("json:$[0][12]", "json:$[*][*]"),
        ('json:$["a[3]"].b[4]', 'json:$["a[3]"].b[*]'),
        ('json:$["say \\"[1]\\""][2]', 'json:$["say \\"[1]\\""][*]'),
        ("json:$", "json:$"),
        ("text:12", "text"),
        ("text", "text"),
        ("header:x-rate[1]", "header:x-rate[1]"),
        ("cookie:sid;secure", "cookie:sid;secure"),
        ("xml:/feed/entry[2]/title", "xml:/feed/entry/title"),
        ("xml:/feed/entry[2]/@id", "xml:/feed/entry/@id"),
        ("xml:/map/entry[2][key=a.b]/@id", "xml:/map/entry/@id"),
        ("html:div#a > li:nth-of-type(3) > a@href", "html:div#a > li > a@href"),
        ('html:form#f input[name="a[3]"]@value', 'html:form#f input[name="a[3]"]@value'),
        ("csv:price[12]", "csv:price"),
        ("csv:price", "csv:price"),
        ('csv:"a[3]"[12]', 'csv:"a[3]"'),
        ("csv[12]", "csv"),
        ("part[2];type", "part;type"),
        ("form:items[2]", "form:items[2]"),
        ("status", "status"),
        ("body", "body"),
    ],
)
def test_generalise(path: str, signature: str) -> None:
    """Indexes and line numbers vary from answer to answer; names do not."""
    assert generalise(path) == signature
    assert generalise(signature) == signature


@pytest.mark.parametrize(
    ("path", "text", "sides"),
    [
        ("status", "changed status 200→timeout", ("200", "timeout")),
        ("json:$.a→b[1]", "changed json:$.a→b[*]", ("", "")),
        ("csv:status 200→500", "changed csv:status 200→500", ("", "")),
    ],
)
def test_its_text_is_read_back(path: str, text: str, sides: tuple[str, str]) -> None:
    """The values belong to a status, and to nothing else that looks like one."""
    name = signature(Difference(DifferenceKind.CHANGED, path, "200", "timeout"))

    assert name == text == str(parse(name))
    assert parse(name).kind == "changed"
    assert parse(name).sides == sides
