"""Names of endpoints: templates, inference, bounds."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.endpoint import (
    COUNTED,
    DEPTH,
    LONG_NAME,
    Endpoints,
    Named,
    bounded,
    is_token,
    template,
    unreached,
)
from shadow.settings import Endpoint


def endpoints(*matches: str, limit: int = 500) -> Endpoints:
    return Endpoints([Endpoint(match=match) for match in matches], limit=limit)


def name(target: bytes, method: bytes = b"GET") -> str:
    return endpoints().lookup(method, target).name


# ---- templates -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "target", "fits"),
    [
        ("GET /items/{id}", b"/items/42", True),
        ("GET /items/{id}", b"/items/42?page=/x", True),
        ("GET /items/{id}", b"/items/42/", True),
        ("GET /items/{id}", b"/items/", False),
        ("GET /items/{id}", b"/items/42/parts", False),
        ("GET /items/{id}.json", b"/items/42.json", True),
        ("GET /items/{id}.json", b"/items/.json", False),
        ("GET /items/{id}.json", b"/items/42-json", False),
        ("GET /items/*/parts", b"/items/a%2Fb/parts", True),
        ("GET /admin/**", b"/admin", True),
        ("GET /admin/**", b"/admin/a/b/c", True),
        ("GET /admin/**", b"/administrator", False),
        ("GET /**", b"/", True),
        ("GET /", b"/", True),
        ("GET /", b"/a", False),
        ("GET /a.b", b"/axb", False),
        ("GET /検索", b"/%e6%a4%9c%E7%B4%A2", True),
        ("GET /検索", "/検索".encode(), True),
    ],
)
def test_a_template_fits_whole_paths(match: str, target: bytes, fits: bool) -> None:
    """`{x}` and `*` are one segment, `**` the rest or nothing; query and final slash do not matter."""
    assert endpoints(match).lookup(b"GET", target).index == (0 if fits else None)


def test_the_first_line_that_fits_counts() -> None:
    """Lines are tried in their order, and a line's position is told."""
    named = endpoints("POST /items/new", "* /items/new", "GET /items/{id}")
    assert named.lookup(b"GET", b"/items/new") == Named("GET /items/new", 1)
    assert named.lookup(b"POST", b"/items/new") == Named("POST /items/new", 0)
    assert named.lookup(b"GET", b"/items/newer") == Named("GET /items/{id}", 2)


@pytest.mark.parametrize(
    "target",
    [
        b"/%61dmin/x",
        b"//admin//x",
        b"/./admin/x",
        b"/a/../admin/x",
        b"/a/%2e%2E/admin/x",
        b"/admin;v=1/x",
        b"/../admin",
    ],
)
def test_other_spellings_of_a_path_are_the_same_path(target: bytes) -> None:
    """What legacy most likely takes for /admin does not pass by a line about /admin."""
    assert endpoints("* /admin/**").lookup(b"GET", target) == Named("GET /admin/**", 0)


def test_an_unknown_method_is_other_and_still_matches() -> None:
    """Methods are labels too: one that nobody knows has no name of its own."""
    assert endpoints("* /admin/**").lookup(b"BREW", b"/admin") == Named("OTHER /admin/**", 0)
    assert name(b"/items/1", b"BREW") == "OTHER /items/{id}"
    assert endpoints("PURGE /x").lookup(b"PURGE", b"/y").name == "PURGE /y"


@pytest.mark.parametrize(
    ("match", "words"),
    [
        ("", "expected a method and a path"),
        ("/items", "expected a method and a path"),
        ("GET items", "expected a method and a path"),
        ("GET  /items", "expected a method and a path"),
        ("GET /a b", "expected a method and a path"),
        ("get /items", "in capitals"),
        ("GET /items?x=1", "no query"),
        ("GET /**/items", "last segment"),
        ("GET /a**", "last segment"),
        ("GET /items/{id", "no segment"),
        ("GET /items/{}", "no segment"),
        ("GET /items/{a}{b}", "no segment"),
        ("GET /v*", "no segment"),
        ("GET /a//b", "never match"),
        ("GET /a/../b", "never match"),
        ("GET /" + "a" * 200, "shorten"),
    ],
)
def test_a_bad_template_is_one_clear_line(match: str, words: str) -> None:
    """What cannot match as it was meant is refused, and the line says why."""
    with pytest.raises(ValueError, match=words) as caught:
        template(match)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("matches", "found"),
    [
        (("GET /items/**", "GET /items/{id}"), [(1, 0)]),
        (("GET /items/{id}", "GET /items/**"), []),
        (("GET /users/{id}", "GET /users/{name}"), [(1, 0)]),
        (("* /**", "GET /", "POST /a/b"), [(1, 0), (2, 0)]),
        (("GET /**", "* /**"), []),
        (("GET /a/{id}.json", "GET /a/{id}", "GET /a/x.json"), [(2, 0)]),
        (("GET /a/*/b", "GET /a/{id}/b/", "GET /a/{id}/{b}"), [(1, 0)]),
        (("GET /a", "GET /a/**", "GET /a/**"), [(2, 1)]),
        (("GET /caf%C3%A9", "GET /café"), [(1, 0)]),
    ],
)
def test_a_template_behind_one_that_matches_all_of_it(
    matches: list[str], found: list[tuple[int, int]]
) -> None:
    """Is told, with the one before it; one that something gets to is not."""
    assert list(unreached(matches)) == found


def test_a_template_is_named_as_it_is_written() -> None:
    """Non-ASCII is escaped, because a name is a label."""
    assert endpoints("GET /検/{id}").lookup(b"GET", "/検/1".encode()).name == "GET /%E6%A4%9C/{id}"


# ---- inference -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("segment", "word"),
    [
        (b"42", "{id}"),
        (b"20240131", "{id}"),
        (b"123e4567-e89b-12d3-a456-426614174000", "{uuid}"),
        (b"%7B123E4567-E89B-12D3-A456-426614174000%7D", "{uuid}"),
        (b"01ARZ3NDEKTSV4RRFFQ69G5FAV", "{ulid}"),
        (b"2024-01-31", "{date}"),
        (b"2024-01", "{date}"),
        (b"2024-01-31T10:00:00.5Z", "{date}"),
        (b"20240131T100000Z", "{date}"),
        (b"-5", "{number}"),
        (b"35.68,139.76", "{number}"),
        (b"1.2.3", "{number}"),
        (b"d41d8cd98f00b204e9800998ecf8427e", "{hash}"),
        (b"3F9A8B7C", "{hash}"),
        (b"a.b%40example.com", "{email}"),
        (b"dQw4w9WgXcQ", "{token}"),
        (b"B00X4WHP5E", "{token}"),
        (b"cus_NffrFeUfNV2Hib", "{token}"),
        (b"eyJhbGciOi.eyJzdWIi.SflKxw", "{token}"),
        (b"aGVsbG8gd29ybGQhMTIzNDU2Nzg5MA%3D%3D", "{token}"),
        (b"INV20240001", "{token}"),
        (b"%E6%A4%9C%E7%B4%A2", "{text}"),
        ("検索".encode(), "{text}"),
        (b"a%20b", "{text}"),
        (b"a%2Fb", "{text}"),
        (b"x\"y\\z{}<>'", "{text}"),
        (b"%zz%", "{text}"),
        (b"x" * 49, "{text}"),
        (b"1" * 600, "{text}"),
        (b"app.3f9a8b7c.js", "app.{hash}.js"),
        (b"order-998877", "order-{id}"),
        (b"12345.json", "{id}.json"),
    ],
)
def test_a_value_becomes_the_word_of_its_shape(segment: bytes, word: str) -> None:
    """Values in paths would be endpoints of their own."""
    assert name(b"/x/" + segment) == f"GET /x/{word}"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/users",
        "/oauth2/sha256/s3",
        "/index.html",
        "/facade/decade",
        "/my-cart_old",
        "/@scope/~me",
        "/a/",
    ],
)
def test_words_stay(path: str) -> None:
    """A few digits in a word make no value of it."""
    assert name(path.encode()) == f"GET {path}"


@pytest.mark.parametrize("token", ["a8f3k2", "XK39QZ", "aBcDeFgH", "cq1k3d-9f8e7d6c5b4a3928"])
@pytest.mark.parametrize(
    "path", ["/password/reset/{}", "/invite/{}/accept", "/Verify-Email/words/{}", "/a/token={}/b"]
)
def test_what_opens_something_is_in_no_name(path: str, token: str) -> None:
    """A name is a metric's label, and in every report."""
    assert name(path.format(token).encode()) == f"GET {path.format('{token}')}"


@pytest.mark.parametrize(
    "path",
    [
        "/password/reset/confirm",
        "/password/sendResetLink",
        "/session/v1/new",
        "/sessions/{id}",
        "/tokens/{uuid}/revoke",
        "/verify/step2",
        "/sessions/app.{hash}.js",
        "/shareholders/ACME01/joint-7a",
        "/tokenizer/train/gpt2large",
        "/sessions:batchGet",
        "/Orders(OrderID={id})",
    ],
)
def test_words_behind_such_a_word_stay(path: str) -> None:
    """And what has another shape is named by that."""
    target = path.format(id=7, uuid="3f2504e0-4f89-11d3-9a0c-0305e82c3301", hash="3f9a8b7c")
    assert name(target.encode()) == f"GET {path}"


@pytest.mark.parametrize(
    ("segment", "token"),
    [
        *(
            (token, True)
            for token in ("a8f3k2", "abc123", "XK39QZ", "XKQZAB", "ERC721", "aBcDeFgH", "abXYZQ")
        ),
        *((token, True) for token in ("482913", "1234-5678", "XK3-9QZ-A8F", "a8f-k3b-9f2", "WDJB-MJHT")),
        *((token, True) for token in ("a8f3k2.png", "user-a8f3k2", "abcd12345", "hunter-123456")),
        *((word, False) for word in ("banner1.png", "Roboto-Regular.woff2", "app.js", "intro-2x.mp4")),
        *((word, False) for word in ("LinkedIn", "getHTML", "userID", "vitaminC", "refreshToken", "oauth2")),
        *((word, False) for word in ("e-mail", "step-2", "stripe-v2", "k8s-networking-101", "summer_2024")),
        *((word, False) for word in ("order2024", "2024-11-20", "2024-11", "v1.2.3456", "terms-of-use")),
    ],
)
def test_tokens_and_words(segment: str, token: bool) -> None:
    """Words have few digits, at their ends or between punctuation, and capitals at their ends."""
    assert is_token(segment) is token


def test_session_parameters_are_no_part_of_the_name() -> None:
    """Java servers write `;jsessionid=` into the path."""
    assert name(b"/cart;jsessionid=0A1B2C?x=1") == "GET /cart"


@pytest.mark.parametrize(("target", "path"), [(b"*", "*"), (b"", "other"), (b"http://a/b", "other")])
def test_targets_without_a_path_have_a_name(target: bytes, path: str) -> None:
    """Nothing that can stand in a request line is without an endpoint."""
    assert name(target, b"OPTIONS") == f"OPTIONS {path}"


def test_deep_and_long_paths_end_in_the_rest() -> None:
    """What a client can make long, a name cuts."""
    assert name(b"/a" * 100) == "GET " + "/a" * DEPTH + "/**"
    long = name(b"/" + b"/".join([b"word-" * 8] * 10))
    assert long.endswith("/**")
    assert len(long) <= len("GET ") + LONG_NAME


ODD = st.lists(
    st.sampled_from(
        [b"/", b"//", b"..", b".", b"%2e", b"%2F", b"%", b"%41", b";", b"?", b"{", b"\xff", b"\n", b"a"]
    ),
    max_size=60,
)


@given(st.binary(max_size=300) | ODD.map(b"".join))
def test_any_target_has_a_short_printable_name(target: bytes) -> None:
    """A name is a metric label and a row of a report, whatever the bytes."""
    named = endpoints("GET /a/{b}/**").lookup(b"GET", target)
    assert named.name.isascii()
    assert named.name.isprintable()
    assert len(named.name) <= len("GET ") + LONG_NAME


@given(st.binary(max_size=100))
def test_the_same_request_has_the_same_name_again(target: bytes) -> None:
    """Neither what was kept nor another process's past changes a name."""
    used = endpoints("GET /a/**")
    assert (
        used.lookup(b"GET", target)
        == used.lookup(b"GET", target)
        == endpoints("GET /a/**").lookup(b"GET", target)
    )


def test_names_are_bounded_but_templates_always_have_theirs() -> None:
    """Whatever clients ask for, one process makes so many names and no more."""
    bounded = endpoints("GET /kept/{id}", limit=3)
    names = [bounded.lookup(b"GET", f"/{word}".encode()).name for word in string.ascii_lowercase]
    assert names[:4] == ["GET /a", "GET /b", "GET /c", "GET other"]
    assert set(names[3:]) == {"GET other"}
    assert bounded.lookup(b"GET", b"/a").name == "GET /a"
    assert bounded.lookup(b"GET", b"/kept/1").name == "GET /kept/{id}"


def test_what_is_kept_is_bounded() -> None:
    """Ten thousand paths and ten thousand methods do not stay in memory."""
    used = endpoints()
    for i in range(10_000):
        used.lookup(b"GET", b"/items/%d" % i)
        used.lookup(b"M%d" % i, b"/items")
        used.lookup(b"GET", b"/" + b"%d" % i * 300)
    assert sum(map(len, used._kept.values())) <= 4096
    assert max(len(path) for path in used._kept[b"GET"]) <= 256


def test_counters_have_room_for_so_many_names() -> None:
    """What is known keeps its name, and what comes when there is no room is known by its method alone."""
    known = {f"GET /{number}" for number in range(COUNTED)}
    assert bounded(known, "GET /1") == "GET /1"
    assert bounded(known, "POST /1") == "POST other"
    assert bounded(known, "(refused)") == "(refused) other"
    assert bounded(set(), "POST /1") == "POST /1"
