"""Which charset a body is written in, and the body as text.

What says it first counts, in the order of browsers: a byte order mark, the Content-Type, the page
itself. Where nothing says it, what decodes without an error and looks like Japanese is taken; then a
detector is asked. Bytes outside a charset that was declared stay apart, as surrogates: no difference in
bytes is lost.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from shadow.compare.found import changed
from shadow.compare.media import BOMS
from shadow.compare.text import Text
from shadow.model import Difference, DifferenceKind

WAVE_DASH = "wave-dash"
"""The name of the rule by which `fold` makes texts equal."""

_BOM = "\ufeff"


def _by_label(named: dict[str, str]) -> dict[str, str]:
    return {label: name for name, labels in named.items() for label in labels.split()}


# Charset labels and the codec that reads them, as browsers do (WHATWG, Encoding, 4.2). A table and
# not codecs.lookup(), which remembers every label it was ever asked for and knows codecs of quadratic cost.
_CODECS = _by_label(
    {
        "utf-8": "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8",
        # What Japanese systems call Shift_JIS has NEC's and IBM's characters, which only cp932 knows.
        "cp932": "shift_jis shift-jis sjis x-sjis windows-31j ms_kanji csshiftjis ms932 cp932 sjis-win",
        "euc-jp": "euc-jp eucjp euc_jp x-euc-jp cseucpkdfmtjapanese eucjp-ms eucjp-win cp51932",
        # The codec of that name reads no half-width kana, which browsers do.
        "iso-2022-jp-ext": "iso-2022-jp csiso2022jp jis",
        "cp949": "euc-kr cseuckr korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949 cp949",
        "gb18030": "gb18030 gb2312 gbk x-gbk chinese csgb2312 gb_2312 gb_2312-80 iso-ir-58 cp936",
        "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
        "utf-16-le": "utf-16 utf-16le ucs-2 unicode iso-10646-ucs-2 csunicode unicodefeff",
        "utf-16-be": "utf-16be unicodefffe",
        "cp1252": "iso-8859-1 iso8859-1 iso88591 iso_8859-1 latin1 l1 us-ascii ascii ansi_x3.4-1968 cp819 "
        "windows-1252 x-cp1252 cp1252",
        "iso8859-2": "iso-8859-2 iso8859-2 iso_8859-2 latin2 l2",
        "iso8859-3": "iso-8859-3 latin3 l3",
        "iso8859-4": "iso-8859-4 latin4 l4",
        "iso8859-5": "iso-8859-5 cyrillic",
        "iso8859-6": "iso-8859-6 arabic",
        "iso8859-7": "iso-8859-7 greek greek8",
        "iso8859-8": "iso-8859-8 iso-8859-8-i hebrew visual logical",
        "iso8859-10": "iso-8859-10 latin6 l6",
        "iso8859-13": "iso-8859-13",
        "iso8859-14": "iso-8859-14",
        "iso8859-15": "iso-8859-15 iso8859-15 latin9 l9",
        "iso8859-16": "iso-8859-16",
        "cp874": "windows-874 tis-620 iso-8859-11 dos-874",
        "cp1254": "windows-1254 iso-8859-9 latin5 l5 cp1254",
        **{
            f"cp{page}": f"windows-{page} x-cp{page} cp{page}"
            for page in (1250, 1251, 1253, *range(1255, 1259))
        },
        "cp866": "ibm866 cp866 866 csibm866",
        "koi8-r": "koi8-r koi8 koi koi8_r cskoi8r",
        "koi8-u": "koi8-u koi8-ru",
        "mac-roman": "macintosh mac x-mac-roman csmacintosh",
        "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    }
)

_OF_TWO_BYTES = {"utf-16-le", "utf-16-be"}

_PRESCANNED = 1024  # bytes of a page in which browsers look for its charset (HTML, 13.2.3.2)
_DETECTED = 64 * 1024  # bytes that the detector is shown; it needs a tenth
_SURE = 0.1  # the detector's confidence in one line of Korean or Chinese
_SURE_OF_BYTES = (
    0.2  # where each byte is a character, and next to anything is valid; a line of Russian has 0.27
)
_JAPANESE = 0.15  # share of kana in what is not ASCII; Japanese has half, other languages read as it none

_COMMENT = re.compile(rb"<!--.*?(?:-->|$)", re.DOTALL)
_META = re.compile(rb"<meta[\s/]([^>]*)", re.IGNORECASE)
_META_CHARSET = re.compile(rb"""(?:^|[\s/"';])charset\s*=\s*["']?\s*([^\s"'/>;]+)""", re.IGNORECASE)
_META_TYPE = re.compile(rb"""http-equiv\s*=\s*["']?content-type""", re.IGNORECASE)
_XML = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"'>]+)["']""")
_ESCAPE = re.compile(rb"\x1b(?:\$[@B]|\([IJ])")  # of ISO-2022-JP
_KANA = re.compile("[ぁ-ゖァ-ヶー、。]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")

# What EUC-JP, as Japanese systems write it, has beyond Python's table: in two bytes NEC's characters
# (row 13) and IBM's (rows 89 to 92), which cp932 has at the corresponding place, and in three bytes IBM's
# again, from 8F F3 F3 on, in this order. Otherwise Python differs from browsers only in the wave-dash
# family, which `fold` makes equal. euc_jis_2004 reads other characters in these rows: 郄 for 髙.
_EXTENDED = (
    "ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ＇＂㈱№℡炻仼僴凬匇匤﨎咊坙﨏塚增寬峵嵓﨑德悅愠敎昻晥晴朗栁﨓﨔橫櫢淸淲瀨凞"
    "猪甁皂皞益礰礼神祥福竧靖精綠緖羽荢﨟薰蘒﨡蠇諸譿賴赶﨣﨤逸郞都鄕﨧﨨閒隆﨩霻靍靑飯飼館馞髙魲鶴黑"
)

# One character of JIS, and the two that tables of Shift_JIS, EUC-JP and Windows make of it.
_FOLDED = str.maketrans("〜−‖¢£¬—¦", "～－∥￠￡￢―￤")
_FOLDS = re.compile("[〜−‖¢£¬—¦]")
_FAMILY = "〜−‖¢£¬—¦～－∥￠￡￢―￤"

_USUAL = _by_label(
    {
        "utf-8": "utf8",
        "shift_jis": "shift-jis sjis x-sjis ms_kanji csshiftjis",
        "windows-31j": "cp932 ms932 sjis-win",
        "euc-jp": "eucjp euc_jp x-euc-jp cseucpkdfmtjapanese",
    }
)


class _Guess(NamedTuple):
    """A charset and what told it."""

    codec: str
    how: str
    note: str = ""


def read(body: bytes, declared: str, media: str) -> Text:
    """`body` as text. `declared` is the charset of Content-Type in lower case, or empty; `media` the
    name of the media type."""
    told = _told(body, declared, media)
    if told:
        return _decoded(body, told)
    if declared:
        note = f"unknown charset {declared[:40]!r}, read as Latin-1"
        return Text(body.decode("latin-1"), False, note, "latin-1", "assumed")
    return _undeclared(body)


def _told(body: bytes, declared: str, media: str) -> _Guess | None:
    """What a byte order mark, the Content-Type or the body itself says."""
    for mark, codec in BOMS.items():
        if body.startswith(mark):
            return _Guess(codec, "bom")
    if declared:
        codec = _CODECS.get(declared, "")
        return _Guess(codec, "declared") if codec else None
    within = _within(body[:_PRESCANNED], media)
    return _Guess(within, "meta") if within else None


def _within(start: bytes, media: str) -> str:
    """The charset that the start of a page or an XML document names; empty if none is known."""
    html = media == "text/html"
    if not html and not media.endswith(("/xml", "+xml")):
        return ""
    labels = [found[1]] if (found := _XML.match(start)) else []
    if html or media == "application/xhtml+xml":
        for meta in _META.findall(_COMMENT.sub(b"", start)):
            named = _META_CHARSET.search(meta)
            if named and (_META_TYPE.search(meta) or b"http-equiv" not in meta.lower()):
                labels.append(named[1])
    for label in labels:
        codec = _CODECS.get(label.decode("latin-1").strip().lower(), "")
        if codec:
            # It was read as ASCII, so it is not UTF-16, whatever it says (HTML, 13.2.3.2).
            return "utf-8" if codec.startswith("utf-16") else codec
    return ""


def _decoded(body: bytes, told: _Guess) -> Text:
    """By a charset that was told. What is not in it is noted and kept apart."""
    note = ""
    try:
        text = body.decode(told.codec)
    except UnicodeDecodeError as error:
        text, strict = _decoded_anyhow(body, told.codec)
        if not strict:
            note = f"not valid {told.codec} from byte {error.start} on"
    # In UTF-8 a mark is a habit that can be seen; in UTF-16 it belongs to it.
    marked = told.codec == "utf-8" and text.startswith(_BOM)
    return Text(text.removeprefix(_BOM), marked, note, told.codec, told.how)


def _decoded_anyhow(body: bytes, codec: str) -> tuple[str, bool]:
    """Text, and if it could be read after all."""
    try:
        if codec == "euc-jp":
            text = body.decode(codec, _EXTENSIONS)
            return text, text.isascii() or not _SURROGATE.search(text)
        return body.decode(codec, "surrogateescape"), False
    except UnicodeDecodeError:  # cut off within a character of ISO-2022-JP or UTF-16
        return body.decode("latin-1"), False


_EXTENSIONS = "shadow-euc-jp"
_SURROGATE = re.compile("[\udc80-\udcff]")


def _extension(error: UnicodeError) -> tuple[str, int]:
    """Reads one character of EUC-JP's extensions; a byte that is none is kept as a surrogate."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    at = error.start
    one, two, three = (*error.object[at : at + 3], 0, 0, 0)[:3]
    if one == 0x8F and 0xF3F3 <= two << 8 | three <= 0xF4FE and three >= 0xA1:
        return _EXTENDED[(two - 0xF3) * 94 + three - 0xF3], at + 3
    if one >= 0xA1 and two >= 0xA1:
        row, cell = one - 0xA0, two - 0xA0
        lead = (row + 1) // 2 + (0x80 if row <= 62 else 0xC0)
        trail = cell + 0x9E if row % 2 == 0 else cell + 0x3F + (cell >= 64)
        try:
            return bytes((lead, trail)).decode("cp932"), at + 2
        except (UnicodeDecodeError, ValueError):
            pass  # a place that is empty in every table
    return chr(0xDC00 + one), at + 1


codecs.register_error(_EXTENSIONS, _extension)


def _undeclared(body: bytes) -> Text:
    """By what decodes strictly; where that says too little, by a detector."""
    # Text in ISO-2022-JP is valid UTF-8 too: it is ASCII with escapes.
    for codec in ("iso-2022-jp-ext", "utf-8") if _ESCAPE.search(body) else ("utf-8",):
        text = _strictly(body, codec)
        if text is not None:
            return Text(text.removeprefix(_BOM), False, "", codec, "tried")
    tries = [(text, codec) for codec in ("euc-jp", "cp932") if (text := _strictly(body, codec)) is not None]
    if tries:
        text, codec = max(tries, key=lambda one: _japanese(one[0]))  # the first of equals
        if _japanese(text) >= _JAPANESE:
            return Text(text, False, "", codec, "tried")
    detected = _detected(body, 0.0 if not tries else _SURE)
    if detected:
        return detected
    if tries:
        text, codec = tries[0]
        return Text(text, False, f"charset guessed: {codec}", codec, "tried")
    note = "charset neither declared nor recognised, read as Latin-1"
    return Text(body.decode("latin-1"), False, note, "latin-1", "assumed")


def _strictly(body: bytes, codec: str) -> str | None:
    """`body` as text, or None if it is not valid."""
    try:
        return body.decode(codec)
    except UnicodeDecodeError:
        if codec != "euc-jp":
            return None
    text, valid = _decoded_anyhow(body, codec)
    return text if valid else None


def _japanese(text: str) -> float:
    """The share of kana in what is not ASCII."""
    text = text[:_DETECTED]
    return len(_KANA.findall(text)) / max(1, len(_NOT_ASCII.findall(text)))


def _detected(body: bytes, sure: float) -> Text | None:
    """By a detector, if it is sure enough."""
    import chardet  # takes 30 ms, and most programs never need it

    found = chardet.detect(
        body[:_DETECTED], prefer_superset=True, compat_names=False, include_encodings=_DETECTABLE
    )
    codec = _CODECS.get((found["encoding"] or "").replace("_", "-").lower(), "")
    if not codec or found["confidence"] < (sure if codec in _MULTIBYTE else _SURE_OF_BYTES):
        return None
    text = _strictly(body, codec)
    return None if text is None else Text(text, False, f"charset detected: {codec}", codec, "detected")


_MULTIBYTE = ("utf-8", "cp932", "euc-jp", "cp949", "gb18030", "big5hkscs")
_DETECTABLE = (
    *_MULTIBYTE, "koi8-r", "iso8859-2", "iso8859-15",
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256",
)  # fmt: skip


def fold(text: str) -> str:
    """`text` with one character for each of the wave-dash family: 〜 and ～, − and －, ‖ and ∥ …"""
    return text if text.isascii() or not _FOLDS.search(text) else text.translate(_FOLDED)


def usual(label: str) -> str:
    """The usual name of a charset that has several. Shift_JIS and Windows-31J are two: browsers read both
    alike, but Java does not."""
    return _USUAL.get(label, label)


def folded(legacy: Text, target: Text) -> tuple[Text, Text, tuple[str, ...]]:
    """Two texts as they are compared where their charsets differ; and the name of the rule, if it
    makes them more alike."""
    if legacy.codec == target.codec:
        return legacy, target, ()
    one, other = (text._replace(text=fold(text.text)) for text in (legacy, target))
    mattered = any(legacy.text.count(sign) != target.text.count(sign) for sign in _FAMILY)
    changed_any = one.text != legacy.text or other.text != target.text
    return one, other, (WAVE_DASH,) if mattered and changed_any else ()


def charset_difference(legacy: Text, target: Text) -> list[Difference]:
    """The one difference that two charsets are; none where both texts are ASCII, which is the same in all but
    UTF-16."""
    used = {legacy.codec, target.codec}
    same = legacy.text.isascii() and target.text.isascii() and used.isdisjoint(_OF_TWO_BYTES)
    if same or len(used) == 1:
        return []
    return [changed("body", legacy.codec, target.codec, DifferenceKind.CHARSET)]
