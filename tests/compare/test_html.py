"""HTML as trees: what browsers do not show is no difference, and what they show is one, at its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.processor import within

from shadow.compare.found import Found
from shadow.compare.html import compare, compile_places
from shadow.compare.html_tree import Page, parse, write
from shadow.model import Difference, DifferenceKind

CHANGED, MISSING, ADDED = DifferenceKind.CHANGED, DifferenceKind.MISSING, DifferenceKind.ADDED
ORDER = DifferenceKind.ORDER

TOKEN, NONCE = ("html csrf-token",), ("html nonce",)
HASH, CHARSET = ("html asset-hash",), ("html charset",)


def unsilenced(legacy: str, target: str) -> None:
    """No rule makes anything equal."""


def found(
    legacy: str, target: str, *lines: str, silence: Callable[[str, str], str | None] = unsilenced
) -> Found:
    """What is found between two pages; the other way round it is the same, swapped."""
    places = compile_places(lines)
    one, other = compare(legacy, target, places, silence), compare(target, legacy, places, silence)
    assert [each.swapped() for each in other.differences] == one.differences
    assert (other.notes, other.hits) == (one.notes, one.hits)
    return one


@pytest.mark.parametrize(
    ("legacy", "target"),
    [
        pytest.param("<p>a</p>", "<p>a", id="an end tag left out"),
        pytest.param("<P CLASS=x>a", '<p class="x">a', id="case and quotes"),
        pytest.param("<p id=x class=y>", "<p class=y id=x>", id="order of attributes"),
        pytest.param('<p class="a b">', '<p class=" b  a a">', id="order of classes"),
        pytest.param("<input disabled>", '<input disabled="disabled">', id="boolean attributes"),
        pytest.param("<p>&eacute;&#233;&amp;", "<p>éé&amp;", id="spelling of characters"),
        pytest.param('<p title="a&quot;b">', "<p title='a\"b'>", id="characters in attributes"),
        pytest.param("<p>a<!-- x -->b", "<p>ab", id="comments"),
        pytest.param("<!--[if IE]><p>old<![endif]--><p>a", "<p>a", id="conditional comments"),
        pytest.param("<ul><li>a</li><li>b</li></ul>", "<ul>\n  <li>a\n  <li> b </ul>", id="blanks at blocks"),
        pytest.param("<p>a  \n b</p>", "<p>a b</p>", id="blanks within a text"),
        pytest.param("<p>a <b>x</b></p>", "<p>a <b> x</b></p>", id="a blank after a blank"),
        pytest.param("<li><a>x</a></li>", "<li>\n <a>\n x\n </a>\n</li>", id="blanks at the ends of a line"),
        pytest.param("<p>a<br>b", "<p>a <br> b", id="blanks at a line break"),
        pytest.param("<table><tr><td>a</table>", "<table><tbody><tr> <td>a</table>", id="tbody is implied"),
        pytest.param(
            "<x-a></x-a><x-b><p>a</p></x-b>",
            "<x-a> </x-a>\n<x-b>\n <p>a</p> </x-b>",
            id="beside what has no text",
        ),
        pytest.param("<p>a<script></script>b", "<p>a<script></script> b", id="beside a script"),
        pytest.param("<!doctype html><p>a", "<!DOCTYPE HTML><p>a", id="case of the doctype"),
        pytest.param(
            '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://x"><p>a',
            "<!doctype html><p>a",
            id="two doctypes of one mode",
        ),
        pytest.param("<br/>", "<br>", id="a slash"),
        pytest.param("<textarea>\na</textarea>", "<textarea>a</textarea>", id="the first line of a textarea"),
    ],
)
def test_what_is_not_seen(legacy: str, target: str) -> None:
    """Two ways of writing one page."""
    doctype = "" if "doctype" in legacy.lower() else "<!doctype html>"
    assert found(doctype + legacy, doctype + target) == Found([], [])


def test_a_text_is_no_element() -> None:
    """However it is written."""
    differences = found("<div><p>a</p></div>", "<div>p&gt;a</div>").differences
    assert [(each.kind, each.path) for each in differences] == [
        (ADDED, "html:html > body > div"),
        (MISSING, "html:html > body > div > p"),
    ]


@pytest.mark.parametrize(
    ("legacy", "target", "difference"),
    [
        pytest.param("<p>a", "<p>b", Difference(CHANGED, "html:html > body > p", "a", "b"), id="text"),
        pytest.param(
            "<p>a<b>b</b>",
            "<p>a <b>b</b>",
            Difference(CHANGED, "html:html > body > p", "a", "a "),
            id="a blank in a line",
        ),
        pytest.param(
            "<p>a<x-b>b</x-b>",
            "<p>a <x-b>b</x-b>",
            Difference(CHANGED, "html:html > body > p", "a", "a "),
            id="a blank beside a custom element",
        ),
        pytest.param(
            "<pre>a\n b</pre>",
            "<pre>a b</pre>",
            Difference(CHANGED, "html:html > body > pre", "a\n b", "a b"),
            id="blanks in pre",
        ),
        pytest.param(
            "<pre><i>x</i>  y</pre>",
            "<pre><i>x</i> y</pre>",
            Difference(CHANGED, "html:html > body > pre", "  y", " y"),
            id="blanks deeper in pre",
        ),
        pytest.param(
            "<textarea name=t> a</textarea>",
            "<textarea name=t>a</textarea>",
            Difference(CHANGED, "html:html > body > textarea[name=t]", " a", "a"),
            id="blanks in a textarea",
        ),
        pytest.param(
            "<a href=/a>x</a>",
            "<a href=/b>x</a>",
            Difference(CHANGED, "html:html > body > a@href", "/a", "/b"),
            id="an attribute",
        ),
        pytest.param(
            "<p title=x>a",
            "<p>a",
            Difference(MISSING, "html:html > body > p@title", "x"),
            id="an attribute missing",
        ),
        pytest.param(
            '<p class="a b">',
            '<p class="a c">',
            Difference(CHANGED, "html:html > body > p.a@class", "a b", "a c"),
            id="a class",
        ),
        pytest.param(
            "<input name=a checked>",
            "<input name=a>",
            Difference(MISSING, "html:html > body > input[name=a]@checked", ""),
            id="a boolean attribute",
        ),
        pytest.param(
            "<x-switch checked=true>",
            "<x-switch checked=false>",
            Difference(CHANGED, "html:html > body > x-switch@checked", "true", "false"),
            id="an attribute that is boolean elsewhere",
        ),
        pytest.param(
            "<div id=main><p>a<p>b</div>",
            "<div id=main><p>a<p>c</div>",
            Difference(CHANGED, "html:div#main > p:nth-of-type(2)", "b", "c"),
            id="below an id",
        ),
        pytest.param(
            "<div id=item-42><p>a</div>",
            "<div id=item-42><p>c</div>",
            Difference(CHANGED, "html:html > body > div > p", "a", "c"),
            id="below a generated id",
        ),
        pytest.param(
            "<ul><li>a<li>b<li>c</ul>",
            "<ul><li>a<li>x<li>b<li>c</ul>",
            Difference(ADDED, "html:html > body > ul > li:nth-of-type(2)", None, "<li>x"),
            id="a row added",
        ),
        pytest.param(
            "<ul><li>a<li>b<li>c</ul>",
            "<ul><li>c<li>a<li>b</ul>",
            Difference(ORDER, "html:html > body > ul", "li>a li>b li>c", "li>c li>a li>b"),
            id="rows moved",
        ),
        pytest.param(
            "<div><p>a</p></div>",
            "<div><h1>a</h1></div>",
            None,
            id="another element",
        ),
        pytest.param(
            "<script>var a = '<p>';</script>",
            "<script>var a = '<i>';</script>",
            Difference(CHANGED, "html:html > head > script", "var a = '<p>';", "var a = '<i>';"),
            id="a script",
        ),
        pytest.param(
            "<style>a{}</style>",
            "<style>b{}</style>",
            Difference(CHANGED, "html:html > head > style", "a{}", "b{}"),
            id="a style",
        ),
        pytest.param(
            "<svg><circle r=1 /></svg>",
            "<svg><circle r=2 /></svg>",
            Difference(CHANGED, "html:html > body > svg > circle@r", "1", "2"),
            id="SVG",
        ),
        pytest.param(
            "<template><p>a</p></template>",
            "<template><p>b</p></template>",
            Difference(CHANGED, "html:p", "a", "b"),
            id="a template",
        ),
        pytest.param(
            "<form id=login><input name=user value=a></form>",
            "<form id=login><input name=user value=b></form>",
            Difference(CHANGED, "html:form#login input[name=user]@value", "a", "b"),
            id="a default value",
        ),
        pytest.param(
            "<form id=f><p><input name=a><p><input name=b></form>",
            "<form id=f><p><input name=a><p></form>",
            Difference(MISSING, "html:form#f input[name=b]", '<input name="b">'),
            id="a field missing",
        ),
        pytest.param(
            "<form id=f><select name=s><option value=x>1<option value=y>2</select></form>",
            "<form id=f><select name=s><option value=y>2</select></form>",
            Difference(MISSING, "html:form#f select[name=s] > option[value=x]", '<option value="x">1'),
            id="an option missing",
        ),
        pytest.param(
            "<form id=f method=get></form>",
            "<form id=f method=post></form>",
            Difference(CHANGED, "html:form#f@method", "get", "post"),
            id="the method of a form",
        ),
        pytest.param(
            '<form name="s[1]"><input type=radio name=c value=r checked><input type=radio name=c value=g>',
            '<form name="s[1]"><input type=radio name=c value=r><input type=radio name=c value=g>',
            Difference(MISSING, 'html:html > body > form[name="s[1]"] input[name=c][value=r]@checked', ""),
            id="a choice",
        ),
    ],
)
def test_what_is_seen(legacy: str, target: str, difference: Difference | None) -> None:
    """One change is one difference, and its path names the place by what is stable there."""
    differences = found(legacy, target).differences

    if difference is None:
        assert [one.kind for one in differences] == [ADDED, MISSING]
    else:
        assert differences == [difference]


@pytest.mark.parametrize(
    ("legacy", "target", "hits"),
    [
        pytest.param(
            '<input type=hidden name=authenticity_token value="kX9+aa81/zQ==">', "", (), id="on one side only"
        ),
        *(
            pytest.param(
                f'<input type=hidden name="{name}" value=f3a9c01d77be>',
                f'<input type=hidden name="{name}" value=0d77be21aa93>',
                TOKEN,
                id=name,
            )
            for name in (
                "authenticity_token",
                "_token",
                "csrfmiddlewaretoken",
                "__RequestVerificationToken",
                "__VIEWSTATE",
                "_csrf",
            )
        ),
        pytest.param(
            '<meta name=csrf-token content="kX9+aa81/zQ==">',
            '<meta name=csrf-token content="Zu7+bb12/aA==">',
            TOKEN,
            id="in meta",
        ),
        pytest.param(
            "<input type=hidden name=_token value=f3a9c01d77be>",
            "<input type=hidden name=_token value>",
            (),
            id="an empty token",
        ),
        pytest.param(
            "<input type=hidden name=page value=f3a9c01d77be>",
            "<input type=hidden name=page value=0d77be21aa93>",
            (),
            id="another field",
        ),
        pytest.param(
            "<input type=hidden name=token value=none>",
            "<input type=hidden name=token value=some>",
            (),
            id="not random",
        ),
        pytest.param("<script nonce=a1>x</script>", "<script nonce=b2>x</script>", NONCE, id="a nonce"),
        pytest.param("<script nonce=a1>x</script>", "<script nonce>x</script>", (), id="an empty nonce"),
        pytest.param(
            """<meta http-equiv=Content-Security-Policy content="script-src 'nonce-a1'">""",
            """<meta http-equiv=Content-Security-Policy content="script-src 'nonce-b2'">""",
            NONCE,
            id="a nonce in a policy",
        ),
        pytest.param(
            "<script src=/app-3f2a9b1c.js></script>",
            "<script src=/app-77aa9b1d.js></script>",
            HASH,
            id="a hash",
        ),
        pytest.param(
            "<script src=/index-BxT3_9aQ.js></script>",
            "<script src=/index-Cy81_xZq.js></script>",
            HASH,
            id="a hash as Vite writes it",
        ),
        pytest.param(
            "<script src=/assets/index-DiwrgTda.js></script>",
            "<script src=/assets/index-CKhOu2bq.js></script>",
            HASH,
            id="one that could be words, among assets",
        ),
        pytest.param(
            "<script src=/main-7LB5XQWD.js></script>",
            "<script src=/main-5INURTSO.js></script>",
            HASH,
            id="a hash as esbuild writes it",
        ),
        pytest.param(
            "<script src=/assets/page-Settings.js></script>",
            "<script src=/assets/page-Overview.js></script>",
            (),
            id="a word among assets",
        ),
        pytest.param(
            "<link rel=stylesheet href=/assets/x.abcdef123456.css>",
            "<link rel=stylesheet href=/assets/x.0bcdef123457.css>",
            HASH,
            id="a hash in a style sheet",
        ),
        pytest.param("<img src=/a.png?v=1691234567>", "<img src=/a.png?v=1691239999>", HASH, id="a version"),
        pytest.param(
            "<script src=/js/app.js?id=68b329da9893e34099c7></script>",
            "<script src=/js/app.js?id=0cc175b9c0f1b6a831c3></script>",
            HASH,
            id="a version as Laravel Mix writes it",
        ),
        pytest.param("<img src=/a.png?id=1691234567>", "<img src=/a.png?id=1691239999>", (), id="a number"),
        pytest.param(
            "<script src=/js/jQueryUI11.js></script>",
            "<script src=/js/jQueryUI12.js></script>",
            (),
            id="words",
        ),
        pytest.param(
            "<script src=/index-BxT3_9aQ.js></script>",
            "<script src=/other-BxT3_9aQ.js></script>",
            (),
            id="a name before a hash as Vite writes it",
        ),
        pytest.param(
            "<a href=/d-3f2a9b1c.json></a>", "<a href=/d-77aa9b1d.json></a>", (), id="a link to a document"
        ),
        pytest.param(
            "<img src=/assets/a-3f2a9b1c.png>", "<img src=/assets/a-77aa9b1d.png>", HASH, id="an asset"
        ),
        pytest.param("<img src=/items/a-3f2a9b1c.png>", "<img src=/items/a-77aa9b1d.png>", (), id="an item"),
        pytest.param("<img src=/media/3f2a9b1c.jpg>", "<img src=/media/9d8c7b6a.jpg>", (), id="an upload"),
        pytest.param(
            "<script src=/app-3f2a9b1c.js></script>", "<script src=/app.js></script>", (), id="no hash"
        ),
        pytest.param(
            "<script src=/app-3f2a9b1c.js></script>",
            "<script src=/apx-3f2a9b1d.js></script>",
            (),
            id="a name",
        ),
        pytest.param("<a href=/items/12345678>", "<a href=/items/12345679>", (), id="a number in a link"),
        pytest.param("<meta charset=euc-jp>", "<meta charset=utf-8>", CHARSET, id="meta charset"),
        pytest.param(
            '<meta http-equiv=content-type content="text/html; charset=euc-jp">',
            '<meta http-equiv=content-type content="text/html;charset=utf-8">',
            CHARSET,
            id="meta http-equiv",
        ),
    ],
)
def test_noise(legacy: str, target: str, hits: tuple[str, ...]) -> None:
    """What differs from answer to answer is silenced by name, also among rows that have moved; anything
    else beside it is a difference."""
    for before, after in (("", ""), ("<p>a", "<p>a"), ("<div><p>1</p>", "</div>")):
        result = found(before + legacy + after, before + target + after)
        assert result.hits == hits
        assert bool(result.differences) == (not hits)


def test_a_doctype_is_one_difference() -> None:
    """Without a doctype a page is shown in another mode: that is said once."""
    expected = Difference(CHANGED, "html:doctype", "no doctype: quirks mode", "standards mode")
    assert found("<p>a", "<!doctype html><p>a") == Found([expected], [])


def test_rows_in_the_middle() -> None:
    """Of a table a row is missing, another is added and a third has changed: three differences."""
    rows = [f"<tr><td>{i}</td><td>name {i}</td></tr>" for i in range(100)]
    other = [*rows[:20], *rows[21:50], "<tr><td>x</td><td>new</td></tr>", *rows[50:]]
    other[80] = other[80].replace("name", "Name")
    result = found(f"<table id=t>{''.join(rows)}</table>", f"<table id=t>{''.join(other)}</table>")

    assert [(one.kind, one.path) for one in result.differences] == [
        (MISSING, "html:table#t > tbody > tr:nth-of-type(21)"),
        (ADDED, "html:table#t > tbody > tr:nth-of-type(50)"),
        (CHANGED, "html:table#t > tbody > tr:nth-of-type(81) > td:nth-of-type(2)"),
    ]


@pytest.mark.parametrize(
    ("line", "legacy", "target"),
    [
        pytest.param("div#ads", "<div id=ads>a</div><p>x", "<div id=ads>b</div><p>x", id="an element"),
        pytest.param("div#ads", "<div id=ads>a</div><p>x", "<p>x", id="an element on one side"),
        pytest.param("script", "<script>a</script><p>x", "<script>b</script><p>x", id="scripts"),
        pytest.param(
            "div, .a", "<div class=a><div>1</div></div>", "<div class=a><div>2</div></div>", id="nested"
        ),
        pytest.param(
            "input[name=n]@value", "<input name=n value=1>", "<input name=n value=2>", id="attribute"
        ),
        pytest.param("p@title", "<p title=a>x", "<p>x", id="an attribute on one side"),
        pytest.param(
            "p",
            "<template><p>a</p><template><p>c</p></template></template>",
            "<template><p>b</p><template><p>d</p></template></template>",
            id="in templates",
        ),
        pytest.param(
            "div",
            "<div><template><div>a</div></template></div><p>x",
            "<div><template><div>b</div></template></div><p>x",
            id="in a template and around it",
        ),
        pytest.param("body", "<p>a", "<h1>b", id="everything"),
        pytest.param("*", "<p>a", "<h1>b", id="everything by a star"),
    ],
)
def test_ignored_places(line: str, legacy: str, target: str) -> None:
    """What a selector finds is not compared, and the line is a hit where that silenced something."""
    assert found(legacy, target, line) == Found([], [], (f"html:{line}",))
    assert not found(legacy, legacy.replace("<p", "<P").replace("<d", "<D"), line).hits


@pytest.mark.parametrize(
    "attribute", ["name=n", "autocomplete='billing cc-number'", "autocomplete=cc-csc", f"name={'n' * 70}"]
)
def test_a_field_is_ignored_where_it_was_found(attribute: str) -> None:
    """What a path says of a field selects it, whatever else its attribute says."""
    legacy, target = (f"<form><input {attribute} value={value}></form>" for value in (1, 2))
    place = found(legacy, target).differences[0].path.removeprefix("html:")

    assert found(legacy, target, place).hits == (f"html:{place}",)


def test_numbers_among_too_many() -> None:
    """Where numbering elements would take minutes, a line that does is left out, with a note."""
    page, line = "<p>a" * 60_000, "p:nth-of-type(2)"
    result = within(1, lambda: found(page, page + "<p>b", line))

    assert [each.kind for each in result.differences] == [ADDED]
    assert result.notes == [f"html:{line} was not looked for: too many elements stand side by side"]
    assert found("<p>a" * 3000, "<p>a<p>b" + "<p>a" * 2998, line) == Found([], [], (f"html:{line}",))


@pytest.mark.parametrize("line", ["", "@value", "p[", "p >", ":nope(1)", "p:lexbor-contains(", "@"])
def test_bad_selectors(line: str) -> None:
    """A selector that is none is refused in one line."""
    with pytest.raises(ValueError, match="is not understood") as error:
        compile_places([line])
    assert "\n" not in str(error.value)


def test_silenced_values() -> None:
    """A rule is asked of texts and of attributes that differ, and named once."""

    def silence(legacy: str, target: str) -> str | None:
        assert legacy != target
        return "digits" if legacy.isdigit() and target.isdigit() else None

    result = found("<p title=1>2<i>a</i>", "<p title=3>4<i>b</i>", silence=silence)
    assert result == Found([Difference(CHANGED, "html:html > body > p > i", "a", "b")], [], ("digits",))


def test_bytes_outside_the_charset_stay_apart() -> None:
    """Two bytes that are no text are two texts."""
    assert len(found("<p>\udc81", "<p>\udc82").differences) == 1


NAMES = st.sampled_from(
    [
        "div",
        "p",
        "ul",
        "li",
        "b",
        "a",
        "span",
        "table",
        "tr",
        "td",
        "pre",
        "svg",
        "br",
        "form",
        "input",
        "select",
        "option",
        "script",
        "textarea",
        "button",
    ]
)
TEXTS = st.sampled_from(["", " ", "a", " a", "b ", "\n", "<!-- -->", "&amp;", "x y", "é", "</p>", "<"])
ATTRIBUTES = st.sampled_from(
    ["", " id=x", " class='a b'", " name=n", " href=/a-3f2a9b1c.js", " value=1", " nonce=z"]
)
PIECES = st.one_of(
    TEXTS,
    st.builds(lambda name, attribute: f"<{name}{attribute}>", NAMES, ATTRIBUTES),
    st.builds(lambda name: f"</{name}>", NAMES),
)
PAGES = st.lists(PIECES, max_size=25).map("".join)


@given(PAGES)
@settings(deadline=None)
def test_a_page_is_equal_to_itself(page: str) -> None:
    """compare(x, x) finds nothing; nor does it when x is written as the parser writes it: normalising twice
    is normalising once."""
    assert found(page, page) == Found([], [])
    written = parse(page).html or ""
    mode = [one for one in found(page, written).differences if one.path != "html:doctype"]
    # What one parse makes of misnested tags, another may nest anew; that is HTML, and not the comparer.
    assert not mode or parse(written).html != written


@given(PAGES, PAGES)
@settings(deadline=None)
def test_swapping_swaps(legacy: str, target: str) -> None:
    """Swapped sides give swapped differences, in the same order."""
    found(legacy, target)


@given(PAGES)
@settings(deadline=None)
def test_a_mark_is_found(page: str) -> None:
    """A paragraph that one side only has is found, whatever stands after it."""
    assert found(f"<p id=mark>mark</p>{page}", page).differences


WORDS = st.text(alphabet="abc é", min_size=1, max_size=8).map(str.strip).filter(bool)
TREES = st.recursive(
    WORDS,
    lambda inner: st.builds(
        lambda name, parts: f"<{name}>{''.join(parts)}</{name}>",
        st.sampled_from(["div", "section", "blockquote"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


@given(TREES)
@settings(deadline=None)
def test_texts_are_those_that_lxml_reads(body: str) -> None:
    """Of well-formed pages the texts are the same as another parser's."""
    lxml = pytest.importorskip("lxml.html")
    page = Page(write(parse(f"<html><body><div>{body}</div></body></html>")))
    ours, waiting = [], [0]
    while waiting:
        item = waiting.pop()
        if item < 0:
            ours.append(page.text(item))
        else:
            waiting += reversed(page.children(item))
    tree = lxml.fromstring(f"<html><body><div>{body}</div></body></html>")
    theirs = (" ".join(text.split()) for text in tree.itertext())

    assert ours == [text for text in theirs if text]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param('<div class="a"<b>{}</div>', id="a tag that is not closed: an attribute <b"),
        pytest.param("<div<span>{}</div>", id="a tag that is not closed: an element div<span"),
        pytest.param("<p < x>{}", id="a sign alone"),
        pytest.param("<p <script=1>{}", id="an attribute called as a script"),
        pytest.param("<p <!-- a>{}<!-- b -->", id="an attribute called as a comment"),
        pytest.param("<script <a=1>if(a<b)</script>{}", id="in a script's tag"),
        pytest.param('<?xml:namespace prefix = o ns = "urn:x" /><p>{}', id="Word's processing instruction"),
        pytest.param("<?php echo 1 ?><p>{}", id="PHP that was not run"),
        pytest.param(
            "<script><!--\ndocument.write('<script src=\"/a.js\"></script>');\n//--></script><p>{}",
            id="a script that writes a script",
        ),
        pytest.param("<script>a<!--<script>{}", id="a script in a script, cut off"),
        pytest.param("<svg><style><iframe><![CDATA[</style><!--]]></iframe></style></svg>{}", id="a trap"),
    ],
)
def test_nothing_behind_odd_tags_is_lost(page: str) -> None:
    """Real pages have tags that nobody closed, and each difference behind them is found."""
    one, other = (page.format("") * 3 + page.format(word) for word in ("one", "two"))

    assert found(one, other).differences


def test_an_odd_name_is_shown_as_written() -> None:
    """No character that stands for another is seen."""
    assert found("<div<b <i=1>x", "<div<b <i=2>x").differences == [
        Difference(CHANGED, "html:html > body > div<b@<i", "1", "2")
    ]
