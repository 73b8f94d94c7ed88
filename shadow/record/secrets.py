"""What looks like a secret: names that secrets have, and shapes that they have in text.

Pure. Errs on the side of hiding: a hidden word that was none costs a look at the service itself, a secret
once shown cannot be taken back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Any, TypeAlias

import re2  # linear in time, whatever a hostile answer holds

from shadow.endpoint import TELLING, is_token

Hide: TypeAlias = Callable[[str], str]
"""Gives what is shown in the place of a secret."""

# Names whose value may be several words, as a pass phrase. Of others only the first word is hidden, and what
# follows says what went wrong: `API_TOKEN: environment variable is not set`.
_PHRASES = (
    r"passw|pass[ _.-]?code|(?:pass|seed|recovery)[ _.-]?phrase|mnemonic"
    r"|パスワード|ﾊﾟｽﾜｰﾄﾞ|パスコード|(?:パス|シード|リカバリー|復元)フレーズ|合い?言葉"
)
_CODES = (
    r"(?:one[ _.-]?time|verification|confirmation|recovery|backup|activation|security|access|login|auth"
    r"|authorization|sms|[2m]fa|device|oob)[ _.-]?code"
    r"|(?:認証|確認|検証|ワンタイム|リカバリー?|バックアップ|ログイン|セキュリティー?)[ ・]?コード"
)
# Parts of names that hardly stand in any other word.
_PARTS = (
    rf"{_PHRASES}|pass[ _.-]?key"
    r"|(?:db|user|admin|root|smtp|ldap|ftp)pass|pwd|secret|token|session|sessid"
    r"|credential|authorization|oauth|jwt|csrf|xsrf"
    r"|signature|cvv|(?:credit|debit)[ _.-]?card|card[_.-]?(?:no|num)|\bcard n(?:o|umber)\b|\bcc-(?:num|csc)"
    rf"|{_CODES}|code[ _.-]?verifier"
    r"|security[ _.-]?answer|social[ _.-]?security"
    r"|saml(?:response|request|art)"
    # With a blank it is a label, and ends with the word: an app keyboard is none.
    r"|(?:api|access|private|encryption|subscription|functions|master|signing|licen[cs]e|app|application)"
    r"(?:[_.-]?key| keys?\b)"
    r"|トークン|シークレット|暗証(?:番号|コード)|認証(?:番号|キー)|ＰＩＮ"
    r"|(?:API|ＡＰＩ|アクセス|ライセンス|暗号化?|パス) ?キー|(?:秘密|暗号化?|共通)鍵|秘密の"
    r"|口座番号|カード番号|クレジットカード|マイナンバー|個人番号"
)
_NO_PARTS = re.compile("[Tt]okeni[sz](?:er|ed|ation)|[Ss]ecretary")  # words that do
# Names that stand in many other words, and count only as a word of their own.
_WORDS = (
    "pass",
    "pw",
    "pin",
    "cvc",
    "cvn",
    "otp",
    "totp",
    "ssn",
    "sid",
    "sig",
    "auth",
    "card",
    "pan",
    "iban",
)

_NAME = re.compile(f"(?i){_PARTS}")
# The words of `userPin`, `user_pin`, `USER-PIN`, `PINCode`.
_SPLIT = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# The same names in running text. What follows a dash is no part of them there: each `class="card-title">`
# would hide a title.
_LOWER, _TITLE, _UPPER = ("|".join(map(case, _WORDS)) for case in (str.lower, str.title, str.upper))
_NAMES = (
    rf"(?i:{_PARTS})[\w.-]*"
    rf"|(?:(?:^|[^A-Za-z])(?:{_LOWER})|{_TITLE})(?:[A-Z0-9_][\w.-]*)?"
    rf"|(?:^|[^A-Z])(?:{_UPPER})(?:(?:[0-9_]|[A-Z][a-z])[\w.-]*)?"
)

# `:` in JSON, `=` in forms, `=>` in dumps, `>` in XML; in HTML the value has an attribute of its own, and may
# have a member or a line. Quotes are escaped where JSON stands within JSON; PHP says how long a text is.
_BETWEEN = (
    r"""(?:\\*["'])?(?:\]|%5[dD])?(?:\s+is)?\s*(?:=>|[:=>：]|%3[adAD]|;s:\d+:"""
    r"""|(?:\s|[\s,]\s*\\*["'])(?:value|content)(?:\\*["'])?\s*[:=])\s*(?:-[ \t]+|string\(\d+\)\s*)?"""
)

# Not where YAML has a key in the next line: that is no value, but may be the name of one.
_PARENT = re.compile(r""":[ \t]*(?=\r?\n\s*(?:-[ \t]+)?["']?[\w.-]++["']?:(?:\s|\Z))""")
_APART = "&\0"  # no value begins so
_SIGN = re.compile("[=:>：%]")  # one stands between any name and its value
_TOLD_SIGN = re.compile("(?i)val")

_QUOTED = "|".join(
    (
        r'"(?:[^"\\]|\\.)*"?',
        r"'(?:[^'\\]|\\.)*'?",
        r'\\"(?:[^"\\]|\\\\(?:\\"|[^"]))*(?:\\")?',  # a string within a string
        r"\\+[\"'](?s:.*)",  # deeper ones, and lists and objects, whose end no pattern finds: all the rest
        r"[\[{](?s:.*)",
    )
)
_BARE = r"""[^\s"'&;,<>]+"""
_PHRASE = rf"{_BARE}(?:[ \t]+{_BARE}){{1,23}}"  # wallets have one of 24 words
_BLOCK = r"[|>][+-]?\d?[ \t]*\r?\n[ \t]+[^\r\n]+"  # of YAML: its first line
_VALUE = rf"(?:{_QUOTED}|{_BLOCK}|(?:(?:bearer|basic|digest|negotiate|token|!!\w+)\s+)?{_BARE})"

# A value right before its name: `{"value": "x", "name": "password"}`, and so in YAML.
_TOLD = r"""\b(?:value|val)(?:\\*["'])?\s*[:=]\s*"""
_ONE = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\\"(?:[^"\\]|\\\\(?:\\"|[^"]))*\\"|""" + _BARE + ")"
_TELLER = r"""[\s,]\s*(?:\\*["'])?(?:name|key)(?:\\*["'])?\s*[:=]\s*(?:\\*["'])?[\w.-]*"""

# What reads on and on, for an @ or for the end of a query, has a pattern of its own: beside shapes that are
# found on the way, it would read the rest of the text for each of them.
_USER = r"""(?P<user>://[^/\s@?#"'<>\\]+@)"""  # of a URL, with or without password
_IN_EMAIL = r"""[^\s"'<>()\[\],;:=&?@/\\]"""
_EMAIL = rf"(?P<email>{_IN_EMAIL}+(?:@|%40){_IN_EMAIL}+)"
# Most of what is found are these: not by RE2, where each costs 20 µs. Linear all the same, for what may be
# one is read from its beginning alone.
_ADDRESSES = re.compile(rf"(?a){_USER}|(?<!{_IN_EMAIL}){_EMAIL}")
# What an OAuth server grants, beside the state that goes with it.
_GIVEN = r"""[^\s"'<>&\\]{8,}"""
_WITHIN = r"""[^\s"'<>?#]*?[&;]"""  # a query
_GRANTS = re2.compile(
    rf"""[?&#]code=(?P<code>{_GIVEN})&(?:{_WITHIN})?state=|[?&;#]state={_WITHIN}code=(?P<grant>{_GIVEN})"""
)
# What sentences and command lines say: `Your code is 123456`, `123456 is your code`, `--password x`.
_CODE = r"[\w!#$%&*+@^~-]{4,}"
_SPOKEN = re2.compile(
    rf"(?i)(?:\byour (?:new )?(?:code|pin)|(?:{_PHRASES}|{_CODES})\w*)"
    rf"(?:\s+is\s+|は\s*[「『]?)(?P<told>{_CODE})"
    rf"|(?P<telling>{_CODE})\s+is\s+your\s+(?:[\w-]+\s+){{0,3}}(?:code|pin|otp|passcode|password)\b"
    rf"|(?:^|[\s\"'`\[(])--?(?:\w+-)*(?:(?:{_PARTS})\w*|(?:{_LOWER})s?)[ \t]+"
    r"""(?P<option>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'<>\]-][^\s"'<>\]]*)"""
)
# Of a path, what opens something; slashes are escaped where JSON was cut. Files open nothing: their names say
# what is missing.
_DISK = r"/(?:usr\\*/(?:local\\*/)?share|run\\*/secrets)\\*/"
_PATHS = re2.compile(
    rf"(?i){_DISK}|/{TELLING}[\w.~-]*(?:\\*/)+(?P<behind>[\w.~%=-]+(?:(?:\\*/)+[\w.~%=-]+)*)"
)
_SEGMENT = re.compile(r"[\w~%=-]+(?:\.[\w~%=-]+)*", re.ASCII)
_NEAR = r"[ .-]?"  # between groups of digits
_SHAPES = re2.compile(
    r"""(?P<pem>-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*-----|$))"""
    r"""|(?i:bearer|basic)\s+(?P<bearer>[A-Za-z0-9+/=._~-]{8,})"""
    r"""|(?P<cas>\b(?:ST|PT|PGT|PGTIOU|TGT)-\d+-\w{16,}[\w.-]*)"""
    r"""|(?P<jwt>eyJ[\w-]{4}[\w.-]*)"""
    r"""|(?P<key>\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_\w{20,}|github_pat_\w{20,}"""
    r"""|glpat-[\w-]{20,}|sk_(?:live|test)_\w+|sk-[\w-]{20,}|xox[a-z]-[\w-]+|AIza[\w-]{30,}))"""
    r"""|\b(?P<iban>[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)\b"""
    # With its country; in Japan; in America. Groups of digits alone would hide dates and ids.
    rf"""|(?P<abroad>\+[1-9]\d{{0,2}}{_NEAR}(?:\(\d{{1,4}}\){_NEAR})?\d{{1,5}}(?:{_NEAR}\d{{2,8}}){{1,4}})"""
    r"""|(?P<japan>\(0\d{1,4}\) ?\d{1,4}-\d{4}"""
    r"""|\b0\d{1,4}(?:-\d{1,4}-|\(\d{1,4}\))\d{4}\b|\b0[5789]0\d{8}\b)"""
    r"""|(?P<america>\([2-9]\d\d\) ?[2-9]\d\d-\d{4}|\b[2-9]\d\d[.-][2-9]\d\d[.-]\d{4})\b"""
    r"""|\b(?P<card>\d(?:[ -]?\d){12,18})\b"""
)
# Each with what its groups are called, and with signs, one of which it has: RE2 takes 5 µs to find nothing.
_SHAPED = tuple(
    (pattern, {group: name for name, group in pattern.groupindex.items()}, signs)
    for pattern, signs in (
        (_ADDRESSES, ("@", "%40")),
        (_GRANTS, ("code=",)),
        (_SPOKEN, ("is", "Is", "IS", "は", "-")),
        (_SHAPES, ("",)),
    )
)
_SHORTEST_LONG = 32
_LONG_WORD = re2.compile(rf"[A-Za-z0-9_+=-]{{{_SHORTEST_LONG},}}")
_LONG = re2.compile(rf"[A-Za-z0-9+/]{{40,}}={{0,2}}|{_LONG_WORD.pattern}")  # Base64, and other alphabets
_DIGITS = re.compile(r"\d+")

# Where a value was cut, `…`, what stands there may be the rest of a secret, or of the name of the next value.
# Of a tree all may be secret: the names above it are gone.
_WORD = r"[!#-%(-+\--:=?-~]*"  # printable ASCII but for blanks, quotes and & ; , < >
_HEAD = re2.compile(
    rf"""(?i)^…(?P<word>[^"<>]*"(?:{_BETWEEN}{_VALUE}|[\s,}}\]>;)]|$)"""  # to the end of a string
    rf"""|{_WORD}(?:[ -]\d+)*(?:{_BETWEEN}{_VALUE}|{_QUOTED})"""
    rf"""|(?:(?:{_WORD}(?:[:=：]|=>))?\s+{_VALUE}|{_WORD})(?:[ -]\d+)*)"""  # cut within what stands between
)
_TAIL = re2.compile(rf"(?P<word>(?:\d+[ -])*{_WORD})…$")
_TREE = re2.compile(r'"\s*:')
_SHORT = 64  # characters of a text whose plainness is remembered
_LEAD = 40  # characters of context before a difference: a shorter word is the same on both sides


def _any_of(*patterns: Any) -> Any:
    """A pattern that finds something where an address stands, or any of these does."""
    options = re2.Options()
    options.never_capture = True
    every = (_USER, _EMAIL, *(each.pattern for each in patterns))
    return re2.compile("|".join(f"(?:{each})" for each in every), options)


_ODD_KEY = _any_of(_GRANTS, _SHAPES, _LONG_WORD)
_UUID = re2.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# What is said of a secret and is none: `can't be blank`. All of its words are among these, and one tells.
_FAULTS = frozenset(
    "blank character characters empty expired found incorrect invalid long match mismatch missing must "
    "provided required set short valid wrong".split()
)
_SAYING = _FAULTS | frozenset(
    "a an and are at be been can't cannot code confirmation contain digit does doesn't don't environment "
    "field for has have in is isn't least letter lowercase maximum may minimum more no not number one "
    "or password should than the this token too uppercase value variable was your".split()
)
_MESSAGE = re.compile(
    r"(?i:null|none|nil|undefined|yes|no)\)*"
    r"|(?:(?:パスワード|トークン|暗証番号|(?:認証|確認)コード|環境変数|この項目|値)?[はがを])?"
    r"(?:(?:入力|設定)(?:してください|されていません)|必須(?:項目)?です|必要です|一致しません|正しくありません"
    r"|間違っています|無効です|期限切れです|有効期限が切れています|見つかりません|短すぎます|長すぎます"
    r"|\d{1,2}文字以[上内]で(?:入力|設定)してください)。?"
)
_LONGEST_MESSAGE = 100  # characters


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a field, parameter or member of this name is taken for a secret."""
    name = _NO_PARTS.sub("", name)
    return _NAME.search(name) is not None or any(word.lower() in _WORDS for word in _SPLIT.findall(name))


def is_message(value: str) -> bool:
    """Whether what stands in the place of a secret only says what is wrong with it, or that it is none."""
    if len(value) > _LONGEST_MESSAGE:
        return False
    words = [word.strip(".,:;!()") for word in value.lower().split()]
    said = all(word in _SAYING or (word.isdecimal() and len(word) < 3) for word in words)
    return (said and len(words) > 1 and not _FAULTS.isdisjoint(words)) or bool(_MESSAGE.fullmatch(value))


class SecretFinder:
    """Finds secrets in running text; `names` are further ones, in any case of letters."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        own = "".join(rf"|(?i:(?:^|[^a-z0-9]){re2.escape(name)})" for name in names)
        name = rf"(?:{_NAMES}{own})"
        self._named: Any = re2.compile(
            # Of cookies everything to the end of the line.
            r"\b(?i:(?:set-)?cookie)[\"']?\s*:\s*([^\r\n]+)"
            # Of a phrase in a line of its own, or at the end of a string or an element, as well.
            rf"|(?i:{_PHRASES})[\w.-]*[\"']?[ \t]*[:：][ \t]+({_PHRASE})"
            r"""(?m:[ \t]*(?:\r?$|["'\\<]))"""
            rf"|{name}(?i:{_BETWEEN})((?i:{_VALUE}))"
        )
        # Apart: what it reads behind a value may be the name of the next.
        self._told: Any = re2.compile(rf"(?i:{_TOLD})({_ONE})(?i:{_TELLER})(?:{name}|(?i:{_LOWER})\b)")
        self._any = _any_of(self._told, self._named, _GRANTS, _SPOKEN, _PATHS, _SHAPES, _LONG)
        self._remembered = lru_cache(maxsize=4096)(self._search)

    def odd(self, text: str) -> bool:
        """Whether anything in the text may be found. Most texts are plain: 1.5 µs, and short ones come again;
        what has an @ is rarely plain, and to find that costs as much as to hide it."""
        return "@" in text or (self._remembered(text) if len(text) <= _SHORT else self._search(text))

    def _search(self, text: str) -> bool:
        return self._any.search(text) is not None

    def hidden(self, text: str, hide: Hide) -> str:
        """The text with each secret replaced; `…` at an end says that it was cut there."""
        text = self.whole(text, hide)
        if text.startswith("…") and _TREE.search(text):
            return hide(text)
        if text.startswith("…"):
            text = str(_HEAD.sub(lambda found: "…" + _fragment_hidden(found["word"], hide), text))
        if text.endswith("…"):
            text = str(_TAIL.sub(lambda found: _fragment_hidden(found["word"], hide) + "…", text))
        return text

    def whole(self, text: str, hide: Hide) -> str:
        """The text, nowhere cut, with each secret replaced. It must be encodable as UTF-8."""
        if not self.odd(text):
            return text

        def named(found: Any) -> str:
            before, value, after = _around(found, found.lastindex)
            secret = value.strip("\\\"'")  # equal to the same without quotes
            return before + (value.replace(secret, hide(secret)) if secret else value) + after

        def opening(found: Any) -> str:
            whole, (behind,) = found[0], found.groups()
            if behind is None:
                return str(whole)
            segments = _SEGMENT.sub(lambda one: hide(one[0]) if is_token(one[0]) else one[0], behind)
            return str(whole.removesuffix(behind) + segments)

        if _SIGN.search(text):
            text, parents = _PARENT.subn(rf"\g<0>{_APART}", text)
            if _TOLD_SIGN.search(text):
                text = str(self._told.sub(named, text))
            text = str(self._named.sub(named, text))
            text = text.replace(_APART, "") if parents else text
        text = shapes_hidden(text, hide)
        if "/" in text:
            text = str(_PATHS.sub(opening, text))
        if len(text) >= _SHORTEST_LONG:
            text = str(_LONG.sub(lambda found: hide(found[0]) if _is_random(found[0]) else found[0], text))
        return text


def shapes_hidden(text: str, hide: Hide) -> str:
    """The text with what is a secret by its shape alone replaced."""

    def shaped(names: dict[int, str], found: Any) -> str:
        shape = names[found.lastindex]
        before, secret, after = _around(found, found.lastindex)
        if shape in _CHECKS and not _CHECKS[shape](secret):
            return str(found[0])
        if shape in _PHONES and not _alone(str(found.string), found.start(), found.end()):
            return str(found[0])
        if shape == "user":
            return f"://{hide(secret[3:-1])}@"
        return before + hide(secret) + after

    for pattern, names, signs in _SHAPED:
        if any(sign in text for sign in signs):
            text = str(pattern.sub(partial(shaped, names), text))
    return text


def _around(found: Any, group: int) -> tuple[str, str, str]:
    """What was found, and of it what stands before and behind a group."""
    text, (start, end) = str(found.string), found.span(group)
    return text[found.start() : start], text[start:end], text[end : found.end()]


def key_hidden(key: str, hide: Hide) -> str:
    """The name of a member of JSON, or a path of such names, without secrets that stand as one: `eyJ…`, and
    whatever is long and mixes letters and digits as no name does."""

    if "@" not in key and _ODD_KEY.search(key) is None:
        return key

    def random(found: Any) -> str:
        word = str(found[0])
        return hide(word) if len(_DIGITS.findall(word)) > 1 and _is_random(word) else word

    key = shapes_hidden(key, hide)
    return str(_LONG_WORD.sub(random, key)) if len(key) >= _SHORTEST_LONG else key


def _alone(text: str, start: int, end: int) -> bool:
    """Is what stands here no part of a longer id, such as `x-090-1234-5678-2`?"""
    before, after = text[max(0, start - 1) : start], text[end : end + 2]
    return not (before.isalnum() or before in ("-", "_", ".", "+")) and not (
        after[:1].isalnum() or after[:1] == "_" or (after[:1] in ("-", ".") and after[1:].isalnum())
    )


def _fragment_hidden(word: str, hide: Hide) -> str:
    return hide(word) if len(word) > _LEAD else ""


def _is_card(digits: str) -> bool:
    """The check digit of payment cards (Luhn): of other long numbers one in ten passes."""
    total = 0
    for place, digit in enumerate(int(each) for each in reversed(digits) if each.isdigit()):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _is_iban(text: str) -> bool:
    """The check digits of ISO 13616: of other words one in 97 passes."""
    plain = text.replace(" ", "")
    return 15 <= len(plain) <= 34 and int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


_PHONES = frozenset({"abroad", "japan", "america"})
_CHECKS: dict[str, Callable[[str], bool]] = {
    "card": _is_card,
    "code": lambda text: not text.isdigit(),  # postcodes of states are digits
    "grant": lambda text: not text.isdigit(),
    "iban": _is_iban,
    "told": lambda text: _digits(text) > 0,  # `Your password is required`
    "telling": lambda text: _digits(text) > 0,
    "option": lambda text: text.lower() not in _SAYING and not (text.isupper() and is_secret(text)),
    "abroad": lambda text: 8 <= _digits(text) <= 15,  # ITU-T E.164, 6.2
    "japan": lambda text: _digits(text) in (10, 11),
    "america": lambda text: _digits(text) == 10,
}
"""What else must hold of a shape that ordinary numbers can have too."""


def _is_random(word: str) -> bool:
    """Long words without digits are names, with slashes and in one case paths; UUIDs are usually ids that a
    reader wants to see."""
    if "/" in word and (word.islower() or word.isupper()):
        return False
    return any(char.isdigit() for char in word) and _UUID.fullmatch(word) is None
