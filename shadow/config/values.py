"""How one value is written: text to value by the type that `settings` declares, and back.

The declared type alone decides how a text is read, in the file, the environment and flags alike:
YAML's own guesses (`on` is true, `1e3` is text, `10:30` is 630) count for nothing. Pure but for
importing the parsers of the forms that settings name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any
from urllib.parse import urlsplit

from msgspec import NODEFAULT, Struct
from msgspec import inspect as mi

from shadow import address, endpoint, serving
from shadow.compare.found import legible
from shadow.compare.rule_lines import HOST, check_host
from shadow.compare.rules import compile_rule
from shadow.compare.values import margin
from shadow.record.mask import Mask
from shadow.settings import Accept, Compare, Margin, Seconds, Size

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_WHOLE = re.compile(r"-?(0|[1-9][0-9_]*)")
_NUMBER = re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_SECONDS = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)?")
_SIZE = re.compile(r"([0-9]+)(KiB|MiB|GiB)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

# Largest first. Fractions, so that 300ms is the same number as 0.3.
_DURATIONS = {
    "d": Fraction(86400),
    "h": Fraction(3600),
    "m": Fraction(60),
    "s": Fraction(1),
    "ms": Fraction(1, 1000),
}
_SIZES = {"GiB": Fraction(1 << 30), "MiB": Fraction(1 << 20), "KiB": Fraction(1 << 10), "": Fraction(1)}
LONGEST = 3650 * 86400  # seconds: ten years; more is a slip of the unit
LARGEST = 1 << 50  # bytes


def read(text: str, kind: mi.Type) -> Any:
    """The value that `text` writes; ValueError says in one line what was expected."""
    if isinstance(kind, mi.Metadata):
        value = read(text, kind.type)
        form = (kind.extra or {}).get("form")
        if form:
            FORMS[form](text)
        return value
    if isinstance(kind, mi.StrType):
        if not legible(text):  # not repeated: it may be a secret
            raise ValueError("expected text without line ends and control characters")
        return text
    value = _read_plain(text.strip(), kind)
    if value is None:
        raise ValueError(f"expected {describe(kind)}, got {shown(text)}")
    return value


def _read_plain(text: str, kind: mi.Type) -> Any:
    match kind:
        case mi.BoolType():
            return _WORDS.get(text.lower())
        case mi.IntType():
            return _within(int(text), kind) if _WHOLE.fullmatch(text) and len(text) < 20 else None
        case mi.FloatType():
            return _within(float(text), kind) if _NUMBER.fullmatch(text) else None
        case mi.LiteralType():
            return text if text in kind.values else None
        case mi.CustomType(cls=cls) if cls is Seconds:
            duration = _measure(_SECONDS.fullmatch(text), _DURATIONS, LONGEST)
            return duration and Seconds(duration)
        case mi.CustomType(cls=cls) if cls is Size:
            size = _measure(_SIZE.fullmatch(text), _SIZES, LARGEST)
            return size and Size(size)
        case mi.CustomType(cls=cls) if cls is Margin:
            return Margin(margin(text))
        case mi.DateType():
            return _date(text)
    raise TypeError(f"no way to read {kind}")  # a new kind of setting needs a line here


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:  # the 31st of June
        return None


def _within(value: float, kind: mi.IntType | mi.FloatType) -> float | None:
    low, high = kind.ge, kind.le
    return value if (low is None or value >= low) and (high is None or value <= high) else None


def _measure(found: re.Match[str] | None, units: dict[str, Fraction], top: int) -> Fraction | None:
    if not found or len(found[1]) > 20:
        return None
    amount = Fraction(found[1]) * units.get(found[2], Fraction(1))
    return amount if 0 < amount <= top else None


def describe(kind: mi.Type) -> str:
    """A value of this type in words, as an error names it."""
    match kind:
        case mi.Metadata():
            return str((kind.extra_json_schema or {}).get("description") or describe(kind.type))
        case mi.UnionType():
            return " or ".join(describe(one) for one in kind.types)
        case mi.NoneType():
            return "nothing"
        case mi.BoolType():
            return "true or false"
        case mi.IntType() | mi.FloatType():
            noun = "a whole number" if isinstance(kind, mi.IntType) else "a number"
            if kind.le is not None:
                return f"{noun} from {kind.ge:g} to {kind.le:g}"
            return noun if kind.ge is None else f"{noun}, {kind.ge:g} or more"
        case mi.LiteralType():
            return "one of " + ", ".join(map(str, kind.values))
        case mi.CustomType(cls=cls):
            return _CUSTOM[cls]
        case mi.DateType():
            return "a date, such as 2026-12-31"
        case mi.VarTupleType():
            return "a list"
        case mi.DictType() | mi.StructType():
            return "settings written as NAME: VALUE"
    return "text"


_CUSTOM = {
    Seconds: "a duration above zero, such as 250ms, 10s, 5m, 14d",
    Size: "a size above zero, such as 512, 64KiB, 1MiB",
    Margin: "a number, a share or a duration, such as 0.01, 1% or 2s",
}


def shown(text: str) -> str:
    """A user's text as an error repeats it: short, and without the password of a URL."""
    text = without_password(text)
    return repr(text if len(text) <= 60 else text[:57] + "…")


_PASSWORD = re.compile(r"(?<=://)\S*@")


def without_password(text: str) -> str:
    """The text with user and password of a URL in it hidden."""
    return _PASSWORD.sub("********@", text)


def written(value: Any) -> Any:
    """A value as the file writes it, of what YAML and JSON have: `Seconds(600)` → `10m`."""
    match value:
        case Seconds():
            return _in_units(value, _DURATIONS)
        case Size():
            return _in_units(value, _SIZES)
        case Margin():
            return str(value)
        case Struct():
            return {name: written(getattr(value, name)) for name in value.__struct_fields__}
        case tuple():
            return [written(one) for one in value]
        case dict():
            return {name: written(one) for name, one in value.items()}
    return value


def _in_units(value: float, units: dict[str, Fraction]) -> str:
    """In the largest unit that gives a whole number."""
    amount = Fraction(repr(value))
    for unit, scale in units.items():
        if amount % scale == 0:
            return f"{amount // scale}{unit}"
    return repr(value)


def schema(kind: mi.Type) -> dict[str, Any]:
    """The type as JSON schema."""
    match kind:
        case mi.Metadata():
            return schema(kind.type) | (kind.extra_json_schema or {})
        case mi.UnionType():
            return {"anyOf": [schema(one) for one in kind.types]}
        case mi.StructType():
            return _schema_of_struct(kind)
        case mi.VarTupleType():
            return {"type": "array", "items": schema(kind.item_type)}
        case mi.DictType():
            return {"type": "object", "additionalProperties": schema(kind.value_type)}
        case mi.LiteralType():
            return {"enum": list(kind.values)}
        case mi.CustomType():
            return {"type": ["string", "number"], "description": describe(kind)}
        case mi.IntType() | mi.FloatType():
            bounds = {"minimum": kind.ge, "maximum": kind.le}
            name = "integer" if isinstance(kind, mi.IntType) else "number"
            return {"type": name} | {key: bound for key, bound in bounds.items() if bound is not None}
        case mi.DateType():
            return {"type": "string", "format": "date"}
        case mi.BoolType():
            return {"type": "boolean"}
        case mi.NoneType():
            return {"type": "null"}
    return {"type": "string"}


def _schema_of_struct(kind: mi.StructType) -> dict[str, Any]:
    properties = {}
    for field in kind.fields:
        properties[field.name] = schema(field.type)
        if not isinstance(field.type, mi.StructType) and not field.required:
            properties[field.name]["default"] = written(default_of(field))
    return {
        "type": "object",
        "description": (kind.cls.__doc__ or "").strip().partition("\n")[0],
        "properties": properties,
        "required": [field.name for field in kind.fields if field.required],
        "additionalProperties": False,
    }


def default_of(field: mi.Field) -> Any:
    """A field's default; of one that has to be given, None."""
    if field.required:
        return None
    return field.default if field.default_factory is NODEFAULT else field.default_factory()


# ---- forms: what a text must be beyond being text --------------------------------------------


def _host(text: str) -> None:
    if not HOST.fullmatch(text):
        raise ValueError("expected preserve, target, or a host name with or without a port")


def _rule(compare: Compare) -> object:
    """A line of `compare` is right when a rule can be made of it."""
    return compile_rule(compare, Compare())


_PREFIX = re.compile(r"[a-z]([a-z0-9-]{0,48}[a-z0-9])?")
_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_IMAGE = re.compile(r"[a-z0-9][A-Za-z0-9._/:-]*?(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})")


def _dns_label(text: str) -> None:
    """RFC 1123."""
    if text and not _DNS_LABEL.fullmatch(text):
        raise ValueError("expected small letters, digits and - between them, 63 at most")


def _prefix(text: str) -> None:
    """What services are called, such as NAME-shadow-admin, is a label of RFC 1035: it begins with a letter,
    and has 63 characters at most."""
    if text and not _PREFIX.fullmatch(text):
        raise ValueError("expected small letters, digits and - between them, a letter first, 50 at most")


def _image(text: str) -> None:
    if not _IMAGE.fullmatch(text):
        raise ValueError("expected an image's name with its tag or digest, such as registry/shadow:0.1.0")


_SHORTEST_TOKEN = 16

_ANYONE: dict[str, Any] = {"owner": "", "reason": "", "until": date.max}


def _hook(url: str) -> None:
    """The URL is a secret: it is not repeated."""
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("expected a URL with http or https and a host")


def _token(token: str) -> None:
    """It is a secret: it is not repeated."""
    if token and not (len(token) >= _SHORTEST_TOKEN and token.isascii()):
        raise ValueError(f"expected at least {_SHORTEST_TOKEN} ASCII characters, chosen by chance")


def _folder(place: str) -> None:
    """Any name; none would be the folder that this runs in."""
    if not place:
        raise ValueError("is empty; name a folder")


def _place(place: str) -> None:
    """What looks like a store may hold a secret, and is not repeated."""
    if "://" in place:
        address.store(place)
    else:
        _folder(place)


def _mask(line: str) -> object:
    return Mask((line,), b"any")  # the key matters to what is masked, not to the line


FORMS: dict[str, Callable[[str], object]] = {
    "url": lambda url: url and address.backend(url),  # empty: not given
    "listen": address.listener,
    "network": address.network,
    "host": _host,
    "match": endpoint.template,
    "serve": serving.target_share,
    "ignore": lambda line: _rule(Compare(ignore=(line,))),
    "unordered": lambda line: _rule(Compare(unordered=(line,))),
    "tolerance": lambda line: _rule(Compare(tolerance={line: Margin("0")})),
    "type_only": lambda line: _rule(Compare(type_only=(line,))),
    "same_host": lambda line: _rule(Compare(same_host=(line,))),
    "hosts": check_host,
    "cut": lambda line: _rule(Compare(cut=(line,))),
    "accept": lambda line: _rule(Compare(accept=(Accept(difference=line, **_ANYONE),))),
    "mask": _mask,
    "image": _image,
    "dns_label": _dns_label,
    "prefix": _prefix,
    "folder": _folder,
    "place": _place,
    "hook": _hook,
    "token": _token,
}
"""By the name that `settings` gives in `Meta(extra={"form": …})`. Each raises ValueError with one line."""
