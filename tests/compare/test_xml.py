"""Differences of XML."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.processor import within

from shadow.compare.found import Found
from shadow.compare.xml import DEEPEST, compare
from shadow.compare.xmltree import compile_places
from shadow.model import Difference, DifferenceKind

CHANGED, MISSING, ADDED = DifferenceKind.CHANGED, DifferenceKind.MISSING, DifferenceKind.ADDED
ORDER = DifferenceKind.ORDER


def strict(legacy: str, target: str) -> str | None:
    """No two values count as equal."""
    return None


def lenient(legacy: str, target: str) -> str | None:
    """Any two values count as equal."""
    return "any"


def found(legacy: str, target: str, *lines: str) -> Found:
    """What is found between two documents."""
    result = compare(legacy, target, compile_places(lines), strict)
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("legacy", "target"),
    [
        pytest.param("<a b='1' c='2'/>", '<a c="2" b="1"></a>', id="attributes in any order and quotes"),
        pytest.param("<a><b/></a>", "<a>\n\t<b/>\r\n</a>", id="blanks between elements"),
        pytest.param("<a>1</a>", "<a>1<!-- one --></a>", id="comments"),
        pytest.param("<a><b/></a>", "<?sort up?><a><?x?><b/></a><!-- end -->", id="processing instructions"),
        pytest.param("<a>x &lt; y</a>", "<a><![CDATA[x < y]]></a>", id="CDATA"),
        pytest.param("<a>é</a>", "<a>&#233;</a>", id="spelling of characters"),
        pytest.param("<a b='\"'/>", '<a b="&quot;"/>', id="spelling in attributes"),
        pytest.param("<a/>", '<?xml version="1.0" encoding="euc-jp"?><a/>', id="declaration"),
        pytest.param("<a/>", "<!DOCTYPE a><a/>", id="document type"),
        pytest.param("<a xmlns='u'><b/></a>", "<x:a xmlns:x='u'><x:b/></x:a>", id="another prefix"),
        pytest.param(
            "<a xmlns:p='u' p:b='1'/>", "<a xmlns:q='u' xmlns:r='v' q:b='1'/>", id="another attribute prefix"
        ),
        pytest.param(
            "<a xmlns:p='u' type='p:b'>p:c</a>", "<a xmlns:q='u' type='q:b'>q:c</a>", id="prefixes in values"
        ),
        pytest.param(
            "<a xmlns:p='u'>p:c<b xmlns:p='v'/></a>",
            "<a xmlns:q='u'>q:c<b/></a>",
            id="a prefix that is declared anew",
        ),
        pytest.param("<a>\r\n</a>", "<a>\n</a>", id="line ends"),
    ],
)
def test_no_difference(legacy: str, target: str) -> None:
    """Two ways of writing one document."""
    assert found(legacy, target) == Found([], [])


FEED = "<feed><entry id='1'><title>a</title></entry><entry id='2'><title>b</title></entry></feed>"


@pytest.mark.parametrize(
    ("legacy", "target", "differences"),
    [
        pytest.param("<a>1</a>", "<a>2</a>", [Difference(CHANGED, "xml:/a", "1", "2")], id="text"),
        pytest.param("<a>1</a>", "<a/>", [Difference(CHANGED, "xml:/a", "1", "")], id="no text"),
        pytest.param("<a> </a>", "<a/>", [Difference(CHANGED, "xml:/a", " ", "")], id="a blank is a value"),
        pytest.param(
            "<a b='1'/>", "<a b='2'/>", [Difference(CHANGED, "xml:/a/@b", "1", "2")], id="attribute"
        ),
        pytest.param("<a b='1'/>", "<a/>", [Difference(MISSING, "xml:/a/@b", "1")], id="attribute missing"),
        pytest.param(
            "<m><e key='a b'>1</e><e key='x.y'>1</e></m>",
            "<m><e key='a b'>2</e><e key='x.y'>2</e></m>",
            [
                Difference(CHANGED, "xml:/m/e[1]", "1", "2"),
                Difference(CHANGED, "xml:/m/e[2][key=x.y]", "1", "2"),
            ],
            id="what calls itself by a name",
        ),
        pytest.param("<a/>", "<a b=''/>", [Difference(ADDED, "xml:/a/@b", None, "")], id="attribute added"),
        pytest.param(
            FEED,
            FEED.replace("b<", "c<"),
            [Difference(CHANGED, "xml:/feed/entry[2]/title", "b", "c")],
            id="elements of one name are numbered",
        ),
        pytest.param(
            FEED,
            FEED.replace("<feed>", "<feed><entry id='0'/>"),
            [Difference(ADDED, "xml:/feed/entry[1]", None, '<entry id="0"></entry>')],
            id="one inserted entry is one difference",
        ),
        pytest.param(
            FEED,
            FEED.replace("<feed>", "<feed><entry id='0'/>").replace("b<", "c<"),
            [
                Difference(ADDED, "xml:/feed/entry[1]", None, '<entry id="0"></entry>'),
                Difference(CHANGED, "xml:/feed/entry[2]/title", "b", "c"),
            ],
            id="an inserted entry among changed ones",
        ),
        pytest.param(
            "<r><a/><b/></r>",
            "<r><b/><a/></r>",
            [Difference(ORDER, "xml:/r", "<a></a>", "<b></b>")],
            id="order of elements",
        ),
        pytest.param(
            "<r><a/></r>",
            "<r><b/></r>",
            [
                Difference(MISSING, "xml:/r/a", "<a></a>"),
                Difference(ADDED, "xml:/r/b", None, "<b></b>"),
            ],
            id="an element of another name is another element",
        ),
        pytest.param(
            "<p>a <b>c</b> d</p>",
            "<p>a <b>c</b> e</p>",
            [Difference(CHANGED, "xml:/p", " d", " e")],
            id="mixed content",
        ),
        pytest.param(
            "<p>a <b>c</b></p>",
            "<p>a<b>c</b></p>",
            [Difference(CHANGED, "xml:/p", "a ", "a")],
            id="blanks in mixed content",
        ),
        pytest.param(
            "<a xml:space='preserve'> <b/></a>",
            "<a xml:space='preserve'><b/></a>",
            [Difference(MISSING, "xml:/a", " ")],
            id="blanks that are to be kept",
        ),
        pytest.param(
            "<a xmlns:p='u'><b xmlns:p='v' type='p:c'/><b type='p:c'/></a>",
            "<a xmlns:p='u'><b type='p:c'/><b type='p:c'/></a>",
            [Difference(CHANGED, "xml:/a/b[1]/@type", "{v}c", "{u}c")],
            id="the same prefix for another namespace in a value",
        ),
        pytest.param(
            "<a xmlns:p='u'>p:b</a>",
            "<a>p:b</a>",
            [Difference(CHANGED, "xml:/a", "{u}b", "p:b")],
            id="a prefix in a value that nothing declares",
        ),
        pytest.param(
            "<a xmlns='u'><b>1</b></a>",
            "<a xmlns='v'><b>2</b></a>",
            [
                Difference(CHANGED, "xml:/a", "namespace 'u'", "namespace 'v'"),
                Difference(CHANGED, "xml:/a/b", "1", "2"),
            ],
            id="another namespace is said once",
        ),
    ],
)
def test_difference(legacy: str, target: str, differences: list[Difference]) -> None:
    """A difference is named by the way to it; from the other side it is the same, swapped."""
    assert found(legacy, target) == Found(differences, [])
    assert found(target, legacy) == Found([difference.swapped() for difference in differences], [])


@pytest.mark.parametrize(
    "body",
    [
        "",
        "text",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a b='1' b='2'/>",
        "<a>\0</a>",
        "<p:a/>",
        "<a>&nbsp;</a>",
        "<a>\udcff</a>",
        " <?xml version='1.0'?><a/>",
        pytest.param("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", id="an entity"),
        pytest.param("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", id="a file"),
        pytest.param("<!DOCTYPE a [<!ENTITY % b SYSTEM 'http://127.0.0.1/'> %b;]><a/>", id="a parameter"),
        pytest.param("<!DOCTYPE a SYSTEM 'a.dtd'><a b='&c;'/>", id="an entity that stands elsewhere"),
    ],
)
def test_not_read(body: str) -> None:
    """What is not well-formed, or declares entities, is for the caller to compare as text."""
    places = compile_places(())

    assert compare(body, "<a/>", places, strict) is None
    assert compare("<a/>", body, places, strict) is None


def test_billion_laughs() -> None:
    """Nothing is expanded."""
    levels = "".join(f"<!ENTITY e{i + 1} '{f'&e{i};' * 10}'>" for i in range(20))
    bomb = f"<!DOCTYPE a [<!ENTITY e0 'ha'>{levels}]><a>&e20;</a>"

    assert compare(bomb, "<a/>", compile_places(()), strict) is None


@pytest.mark.parametrize(
    ("line", "legacy", "target"),
    [
        ("/feed/updated", "<feed><updated>1</updated></feed>", "<feed><updated>2</updated></feed>"),
        ("/feed/updated", "<feed><updated>1</updated></feed>", "<feed>\n</feed>"),
        ("//updated", "<feed><e><updated>1</updated></e></feed>", "<feed><e><updated>2</updated></e></feed>"),
        ("//e//u", "<f><e><d><u>1</u></d></e></f>", "<f><e><d><u>2</u></d></e></f>"),
        ("//item/@id", "<a><item id='1'/></a>", "<a><item id='2'/></a>"),
        ("//@id", "<a id='1'><b id='1'/></a>", "<a id='2'><b id='3'/></a>"),
        ("/a/@*", "<a id='1'/>", "<a x='2'/>"),
        ("/a/*/b", "<a><x><b>1</b></x><y/></a>", "<a><x/><y><b>2</b></y></a>"),
        ("/a/b", "<p:a xmlns:p='u'><p:b/></p:a>", "<a xmlns='u'/>"),
        ("/a", "<a>1</a>", "<a>2</a>"),
    ],
)
def test_ignored_places(line: str, legacy: str, target: str) -> None:
    """What a line names does not count, and the line is said to have been needed."""
    assert found(legacy, target, line) == Found([], [], (f"xml:{line}",))
    assert found(legacy, target).differences


@pytest.mark.parametrize("line", ["/a/b", "//b/c", "/b", "/a/@b", "/a/c/@x", "//x", "/*/*/*", "/a/@c"])
def test_places_that_name_something_else(line: str) -> None:
    """Nothing is silenced, and no line is said to have been."""
    legacy, target = "<a c='1'><c d='1'>1</c></a>", "<a c='1'><c d='2'>2</c></a>"

    assert found(legacy, target, line) == found(legacy, target)


def test_an_ignored_place_does_not_hide_an_insertion() -> None:
    """Entries are the same but for what is ignored in them: so one more is one difference."""
    legacy = "<f>" + "".join(f"<e><t>{i}</t><u>1</u></e>" for i in range(40)) + "</f>"
    target = "<f><e><t>new</t><u>2</u></e>" + legacy.removeprefix("<f>").replace("<u>1", "<u>2")

    differences = found(legacy, target, "//u").differences
    assert [difference.path for difference in differences] == ["xml:/f/e[1]"]


def test_values_that_count_as_equal() -> None:
    """The rule is asked for each pair of unequal values; its line is named once."""
    legacy, target = "<a b='1'><c>1</c><c>2</c></a>", "<a b='2'><c>3</c><c>4</c></a>"

    assert compare(legacy, target, compile_places(()), lenient) == Found([], [], ("any",))


@pytest.mark.parametrize(
    "line", ["", "a", "/", "//", "/a/", "/a b", "/a[1]", "/@a/b", "/p:a", "/a/text()", "/a//", "/@id"]
)
def test_lines_that_are_not_understood(line: str) -> None:
    """One line says what is wrong, and what would be right."""
    with pytest.raises(ValueError, match="cannot be read") as raised:
        compile_places([line])
    assert "\n" not in str(raised.value)


def test_long_texts_are_cut() -> None:
    """Elements and texts of any length are shown short, from where they differ."""
    [difference] = found(f"<a>{'x' * 5000}1</a>", f"<a>{'x' * 5000}2</a>").differences
    assert difference.legacy == "…" + "x" * 40 + "1"

    [difference] = found("<a/>", f"<a>{'<b>x</b>' * 3000}</a>").differences[:1]
    assert difference.target == "<b>x</b>"


HOSTILE = {
    "nested": ("<a>" * 100_000 + "</a>" * 100_000, "<a/>"),
    "nested within the limit": (
        "<a>" * 29_000 + "</a>" * 29_000,
        "<a>" * 29_000 + "x" + "</a>" * 29_000,
    ),
    "attributes": ("<a " + " ".join(f"a{i}=''" for i in range(1_000_000)) + "/>", "<a/>"),
    "attributes within the limit": ("<a " + " ".join(f"a{i}=''" for i in range(59_000)) + "/>", "<a/>"),
    "entities": ("<a>" + "&amp;" * 2_000_000 + "</a>", "<a/>"),
    "lines": ("<a>" + "\n" * 10_000_000 + "</a>", "<a/>"),
    "tags": ("<" * 10_000_000, "<a/>"),
    "a long namespace": (
        f"<p:a xmlns:p='{'u' * 60_000}'>{'<p:b/>' * 14_000}</p:a>",
        f"<p:a xmlns:p = '{'u' * 60_000}'>{'<p:c/>' * 14_000}</p:a>",
    ),
    "no namespace": ("<a>" + "xmlns" * 1_000_000 + "</a>", "<a/>"),
    "other names": (
        "<a>" + "".join(f"<b{i}/>" for i in range(29_000)) + "</a>",
        "<a>" + "".join(f"<c{i}/>" for i in range(29_000)) + "</a>",
    ),
    "small gaps": (
        "<a>" + ("<b/>" * 15 + "<d/>") * 1_800 + "</a>",
        "<a>" + ("<c/>" * 15 + "<d/>") * 1_800 + "</a>",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents(name: str) -> None:
    """Take bounded time, whichever side they come from, and say what was not compared."""
    one, other = HOSTILE[name]
    places = compile_places(["//x//y/@z"])

    for legacy, target in ((one, other), (other, one)):
        result = within(1, partial(compare, legacy, target, places, strict))
        assert result is not None
        assert result.differences
    assert compare(one, one, places, strict) in (Found([], []), Found([], result.notes))


def test_depth() -> None:
    """Below a bound elements are compared as a whole, with a note."""
    legacy = "<a>" * DEEPEST * 2 + "</a>" * DEEPEST * 2

    result = found(legacy, legacy.replace("<a></a>", "<a>1</a>"))
    assert [difference.path for difference in result.differences] == ["xml:" + "/a" * DEEPEST]
    assert result.notes == [f"XML below {DEEPEST} levels is compared as a whole"]


NAMES = st.sampled_from(["a", "b", "p:a"])
TEXTS = st.text(st.sampled_from("ab <&é\n\t"), max_size=4).map(
    lambda text: text.replace("&", "&amp;").replace("<", "&lt;")
)


def element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """An element with attributes, texts, comments and elements in it."""
    attributes = st.dictionaries(NAMES, TEXTS, max_size=2).map(
        lambda pairs: "".join(f' {name}="{value}"' for name, value in pairs.items())
    )
    content = st.lists(children | TEXTS | st.just("<!--c-->"), max_size=4).map("".join)
    return st.builds(lambda name, said, inner: f"<{name}{said}>{inner}</{name}>", NAMES, attributes, content)


DOCUMENTS = st.recursive(element(TEXTS), element, max_leaves=12).map(
    lambda inner: f"<r xmlns:p='u'>{inner}</r>"
)


@given(DOCUMENTS, DOCUMENTS)
@settings(deadline=None)
def test_laws(legacy: str, target: str) -> None:
    """Nothing differs from itself, and swapping the sides swaps what is found."""
    ours, theirs = found(legacy, target), found(target, legacy)

    assert found(legacy, legacy) == Found([], [])
    assert [difference.swapped() for difference in ours.differences] == theirs.differences


@given(DOCUMENTS, DOCUMENTS)
@settings(deadline=None)
def test_canonical_form_as_oracle(legacy: str, target: str) -> None:
    """lxml's canonical form (C14N 2.0, blanks between elements apart) of a document is no difference, and
    documents of one canonical form are the same."""
    etree = pytest.importorskip("lxml.etree")

    def canonical(document: str) -> str:
        tree = etree.fromstring(document, etree.XMLParser(remove_comments=True))
        for node in tree.iter():
            texts = [node.text, *(child.tail for child in node)]
            if len(node) and not "".join(filter(None, texts)).strip():
                node.text = None
                for child in node:
                    child.tail = None
        return str(etree.canonicalize(etree.tostring(tree, encoding="unicode")))

    assert found(legacy, canonical(legacy)) == Found([], [])
    assert (not found(legacy, target).differences) == (canonical(legacy) == canonical(target))


@given(st.text(), st.text())
def test_never_an_error(legacy: str, target: str) -> None:
    """Whatever the bodies."""
    compare(legacy, target, compile_places(["//a/@*"]), strict)
