"""The bodies of two answers: decoded, and given to the comparer of what they are said to be."""

from __future__ import annotations

from typing import NamedTuple

from shadow.compare import binary, charset, forms, html, json, jsontext, table, text, xml
from shadow.compare.accept import Accepts
from shadow.compare.decode import Undecodable, decode
from shadow.compare.found import NOTHING, Found, added, changed, missing
from shadow.compare.headers import codings, value
from shadow.compare.jsontext import Unread
from shadow.compare.meaning import told_charset
from shadow.compare.media import Form, MediaType, media_type, sniffed
from shadow.compare.rules import Rule
from shadow.compare.silence import Silence
from shadow.compare.text import Text
from shadow.model import Body, Difference, DifferenceKind, Digest, Headers, Response

_TEXTS = (Form.HTML, Form.XML, Form.TABLE, Form.TEXT)
"""What the place `text` stands for."""

_FRAME = 64  # bytes that a coding may put around nothing


class Terms(NamedTuple):
    """What bodies are compared by: the rule, and what it makes of texts and of differences."""

    rule: Rule
    silence: Silence
    accepts: Accepts | None


def same_bytes(legacy: Response, target: Response, rule: Rule) -> bool:
    """Are the bodies the same bytes, with the same meaning?"""
    if legacy.body != target.body:
        return False
    if "header:content-encoding" in rule.ignored and codings(legacy.headers) != codings(target.headers):
        return False
    return "header:content-type" not in rule.ignored or _charset(legacy) == _charset(target)


def compare(legacy: Response, target: Response, terms: Terms) -> Found:
    """What differs between the bodies of two answers that have one."""
    # The same bytes under another charset are another text: what a browser shows is garbled.
    read_alike = _charset(legacy) == _charset(target)
    if read_alike and same_bytes(legacy, target, terms.rule):
        return NOTHING
    if "body" in terms.rule.ignored:
        return Found([], [], (terms.rule.ignored["body"],))
    ours, theirs = _decoded(legacy), _decoded(target)
    if isinstance(ours, Undecodable) or isinstance(theirs, Undecodable):
        return _undecodable(ours, theirs)
    if isinstance(ours, Digest) or isinstance(theirs, Digest):
        return _digests(legacy, target, ours, theirs)
    if ours == theirs and (read_alike or ours.isascii()):
        return NOTHING
    if not ours or not theirs:
        return _one_empty(ours, theirs)
    pair = _Pair(ours, theirs, _media_type(legacy.headers), _media_type(target.headers))
    found = _contents(pair, terms)
    ignored = terms.rule.ignored
    return found._replace(hits=tuple(ignored.get(place, place) for place in found.hits))


def _decoded(response: Response) -> Body | Undecodable:
    if isinstance(response.body, Digest):
        return response.body
    return decode(response.body, codings(response.headers))


def _charset(response: Response) -> str:
    return _media_type(response.headers).charset


def _media_type(headers: Headers) -> MediaType:
    return media_type(value(headers, b"content-type"))


# ---- bodies that cannot be read ----------------------------------------------------------------


def _undecodable(legacy: Body | Undecodable, target: Body | Undecodable) -> Found:
    ours, theirs = (
        body.reason if isinstance(body, Undecodable) else binary.summary(body) for body in (legacy, target)
    )
    return Found([changed("body", ours, theirs, DifferenceKind.UNDECODABLE)], [])


def _digests(legacy: Response, target: Response, ours: Body, theirs: Body) -> Found:
    """At least one body was too large to keep. Its digest is that of the encoded bytes, which says
    nothing of the content: two servers compress the same text to different bytes."""
    if _is_far_smaller(ours, theirs) or _is_far_smaller(theirs, ours):
        return (
            Found([binary.by_digest("body", ours, theirs)], [])
            if ours and theirs
            else _one_empty(ours, theirs)
        )
    for side, response in (("legacy", legacy), ("target", target)):
        if isinstance(response.body, Digest) and codings(response.headers) not in ("", "identity"):
            return Found([], [f"bodies not compared: {side}'s was too large to keep and is compressed"])
    if binary.digest(ours) == binary.digest(theirs):
        return NOTHING
    return Found([binary.by_digest("body", ours, theirs)], [])


def _is_far_smaller(body: Body, other: Body) -> bool:
    """Is a decoded body surely another than the one of which only length and digest are known? No coding
    makes a body twice as long."""
    return isinstance(body, bytes) and isinstance(other, Digest) and 2 * len(body) + _FRAME < other.length


def _one_empty(legacy: Body, target: Body) -> Found:
    if legacy:
        return Found([missing("body", binary.summary(legacy))], [])
    return Found([added("body", binary.summary(target))], [])


# ---- bodies that can ----------------------------------------------------------------------------


class _Pair(NamedTuple):
    """Two decoded bodies that differ, and what each is said to be."""

    legacy: bytes
    target: bytes
    ours: MediaType
    theirs: MediaType

    @property
    def form(self) -> Form:
        """As what both are compared. One side's word is enough; where nobody says, it is looked at."""
        said = {self.ours.form, self.theirs.form} - {None}
        if not said:
            said = {sniffed(self.legacy), sniffed(self.target)}
        if len(said) == 1:
            return next(iter(said)) or Form.OTHER
        if Form.JSON in said:
            return Form.JSON
        if not said.issubset((*_TEXTS, Form.LINES, Form.FORM)):
            return Form.OTHER
        return Form.TABLE if Form.TABLE in said else Form.TEXT

    def texts(self) -> tuple[Text, Text]:
        return (
            charset.read(self.legacy, self.ours.charset, self.ours.name),
            charset.read(self.target, self.theirs.charset, self.theirs.name),
        )

    @property
    def charsets_told(self) -> bool:
        """Do the heads say already that the charsets differ?"""
        return told_charset(self.ours) != told_charset(self.theirs)


def _contents(pair: _Pair, terms: Terms) -> Found:
    form = pair.form
    if form in _TEXTS and "text" in terms.rule.ignored:
        return Found([], [], (terms.rule.ignored["text"],))
    media = pair.ours if pair.ours.name else pair.theirs
    if form is Form.OTHER:
        return binary.compare(pair.legacy, pair.target, media.name)
    if form is Form.MULTIPART:
        boundaries = pair.ours.parameters.get("boundary", ""), pair.theirs.parameters.get("boundary", "")
        parts = forms.compare_multipart(pair.legacy, pair.target, boundaries, terms.rule.forms, terms.silence)
        return parts or binary.compare(pair.legacy, pair.target, media.name)
    legacy, target, folded = charset.folded(*pair.texts())
    if form in (Form.JSON, Form.LINES):
        found = _json(legacy, target, terms, lines=form is Form.LINES)
    elif legacy.text == target.text:
        found = NOTHING
    else:
        found = _text(form, legacy.text, target.text, terms) or _lines(legacy, target, terms)
    marks = _charsets(legacy, target, pair)
    notes = text.notes(legacy, target) + found.notes
    return Found(marks + found.differences, notes, (*folded, *found.hits))


def _charsets(legacy: Text, target: Text, pair: _Pair) -> list[Difference]:
    """The one difference in charset, unless the heads have told it."""
    if legacy.codec != target.codec:
        return [] if pair.charsets_told else charset.charset_difference(legacy, target)
    return text.byte_order_mark(legacy, target)


def _text(form: Form, legacy: str, target: str, terms: Terms) -> Found | None:
    """Two texts as what their form is; None for those that are compared by lines."""
    rule, silence = terms.rule, terms.silence
    match form:
        case Form.HTML:
            return html.compare(legacy, target, rule.html, silence, rule.root)
        case Form.XML:
            return xml.compare(legacy, target, rule.xml, silence)
        case Form.FORM:
            return forms.compare_urlencoded(legacy, target, rule.forms, silence)
        case Form.TABLE:
            return table.compare(legacy, target, rule.columns, silence)
    return None


def _lines(legacy: Text, target: Text, terms: Terms) -> Found:
    found = text.compare(legacy.text, target.text, terms.silence)
    if found is None:
        return binary.whole(_utf8(legacy), _utf8(target), f"more than {text.MOST_LINES} lines")
    return found


def _json(legacy: Text, target: Text, terms: Terms, *, lines: bool) -> Found:
    read = _read_lines if lines else _read
    ours, theirs = read(legacy), read(target)
    if not isinstance(ours, Unread) and not isinstance(theirs, Unread):
        silence = terms.silence if terms.rule.steps else None
        found = json.compare(ours, theirs, terms.rule.root, silence, terms.accepts)
        if not isinstance(found, Unread):
            return found
        ours = theirs = found
    return _unread(legacy, target, ours, theirs, terms)


def _utf8(body: Text) -> bytes:
    return body.text.encode("utf-8", "surrogateescape")


def _read(body: Text) -> jsontext.Document | Unread:
    return jsontext.read(_utf8(body))


def _read_lines(body: Text) -> jsontext.Document | Unread:
    """JSON lines as one array."""
    lines = [line for line in _utf8(body).split(b"\n") if line.strip()]
    found = jsontext.read(b"[%b]" % b",".join(lines))
    if isinstance(found, jsontext.Document) and len(jsontext.elements(found.root)) != len(lines):
        return Unread("not JSON lines: a line holds more than a value, or a part of one", malformed=True)
    return found


def _unread(
    legacy: Text,
    target: Text,
    ours: jsontext.Document | Unread,
    theirs: jsontext.Document | Unread,
    terms: Terms,
) -> Found:
    """At least one body that should be JSON was not read as such."""
    reasons = [one.reason if isinstance(one, Unread) else "" for one in (ours, theirs)]
    malformed = [isinstance(one, Unread) and one.malformed for one in (ours, theirs)]
    notes = [
        f"{side}: {reason}" for side, reason in zip(("legacy", "target"), reasons, strict=True) if reason
    ]
    if all(malformed):  # both call something JSON that is not
        if "text" in terms.rule.ignored:
            return Found([], notes, (terms.rule.ignored["text"],))
        found = _lines(legacy, target, terms)
        return found._replace(notes=notes + found.notes)
    if any(malformed):
        return Found(
            [changed("body", reasons[0] or "JSON", reasons[1] or "JSON", DifferenceKind.UNDECODABLE)], []
        )
    return Found([binary.by_digest("body", _utf8(legacy), _utf8(target))], notes)
