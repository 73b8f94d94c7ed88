"""Bodies that are text: read by their charset, compared by lines."""

from __future__ import annotations

from typing import NamedTuple

from shadow.compare.align import Pair, aligned, place
from shadow.compare.found import LISTED, Found, added, changed, cut, missing
from shadow.model import Difference, DifferenceKind

MOST_LINES = 100_000
"""Lines that are compared: 5 MB of code. Beyond, lists of lines would take more memory than bodies."""

_BOM = "\ufeff"
_MIXED = "lines end with LF or CR LF"

# Charset labels and the codec that reads them, as browsers do (WHATWG, Encoding, 4.2). A table and
# not codecs.lookup(), which remembers every label it was ever asked for and knows codecs of quadratic cost.
_CODECS = {
    label: codec
    for codec, labels in {
        "utf-8": "utf-8 utf8 unicode-1-1-utf-8",
        # What Japanese systems call Shift_JIS has NEC's and IBM's characters, which only cp932 knows.
        "cp932": "shift_jis shift-jis sjis x-sjis windows-31j ms_kanji csshiftjis ms932 cp932",
        "euc_jp": "euc-jp eucjp x-euc-jp cseucpkdfmtjapanese",
        "iso2022_jp": "iso-2022-jp csiso2022jp",
        "euc_kr": "euc-kr cseuckr ks_c_5601-1987",
        "gb18030": "gb18030 gb2312 gbk x-gbk",
        "big5": "big5 big5-hkscs cn-big5",
        "utf-16": "utf-16",
        "utf-16-le": "utf-16le",
        "utf-16-be": "utf-16be",
        "cp1252": "iso-8859-1 latin1 iso8859-1 us-ascii ascii windows-1252 cp1252",
        "iso8859-2": "iso-8859-2 latin2",
        "iso8859-15": "iso-8859-15",
        "cp1250": "windows-1250 cp1250",
        "cp1251": "windows-1251 cp1251",
        "koi8-r": "koi8-r",
    }.items()
    for label in labels.split()
}


class Text(NamedTuple):
    """A body as text. `note` says why it may not be what its sender meant; empty if nothing is odd."""

    text: str
    bom: bool
    note: str


def read(body: bytes, charset: str) -> Text:
    """`body` as text, by the declared charset or as UTF-8. Bytes that cannot be decoded are kept as
    surrogate escapes: every difference in bytes stays a difference in text."""
    codec = _CODECS.get(charset or "utf-8")
    if codec is None:
        return Text(body.decode("latin-1"), False, f"unknown charset {charset[:40]!r}, read as Latin-1")
    note = ""
    try:
        text = body.decode(codec)
    except UnicodeDecodeError as error:
        note = f"not valid {codec} from byte {error.start} on"
        text = _decoded_anyhow(body, codec)
    return Text(text.removeprefix(_BOM), text.startswith(_BOM), note)


def _decoded_anyhow(body: bytes, codec: str) -> str:
    try:
        return body.decode(codec, "surrogateescape")
    except UnicodeDecodeError:  # cut off within a character of ISO-2022-JP or UTF-16
        return body.decode("latin-1")


def byte_order_mark(legacy: Text, target: Text) -> list[Difference]:
    """The difference in charset that a byte order mark on one side only makes."""
    if legacy.bom == target.bom:
        return []
    names = {False: "no byte order mark", True: "byte order mark"}
    return [changed("body", names[legacy.bom], names[target.bom], DifferenceKind.CHARSET)]


def compare(legacy: Text, target: Text) -> Found | None:
    """Differences by line, `text:12`; the number is that of legacy's line or, where the two sides
    have moved against each other, the smaller one. None: too many lines to compare."""
    if max(legacy.text.count("\n"), target.text.count("\n")) > MOST_LINES:
        return None
    differences = byte_order_mark(legacy, target)
    ends = _line_ends(legacy.text), _line_ends(target.text)
    if all(ends) and ends[0] != ends[1]:
        differences.append(changed("text", *ends))
    # One difference says that the line ends differ; then they need not differ in every line.
    plain = ends != (_MIXED, _MIXED)
    ours, theirs = _lines(legacy.text, plain), _lines(target.text, plain)
    for pair in aligned(ours, theirs):
        if len(differences) > LISTED:
            break
        differences.append(_line(pair, ours, theirs))
    return cut(differences, notes(legacy, target))


def notes(legacy: Text, target: Text) -> list[str]:
    """What was odd in reading the two sides."""
    return [f"{side}: {text.note}" for side, text in (("legacy", legacy), ("target", target)) if text.note]


def _lines(text: str, plain: bool) -> list[str]:
    return (text.replace("\r\n", "\n") if plain else text).split("\n")


def _line_ends(text: str) -> str:
    """How lines end; empty for a single line."""
    windows, ends = text.count("\r\n"), text.count("\n")
    if not ends:
        return ""
    if not windows:
        return "lines end with LF"
    return "lines end with CR LF" if windows == ends else _MIXED


def _line(pair: Pair, legacy: list[str], target: list[str]) -> Difference:
    i, j = pair
    path = f"text:{place(pair) + 1}"
    if j is None:
        return missing(path, legacy[place(pair)])
    if i is None:
        return added(path, target[j])
    return changed(path, legacy[i], target[j])
