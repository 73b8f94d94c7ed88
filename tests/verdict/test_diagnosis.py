"""Every diagnosis speaks where its traces are, and keeps silent where something else is the matter."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tallies import VALUE, add, learn
from support.traces import HOUR, Recording, answer

from shadow.model import Difference, DifferenceKind, Failure, FailureKind
from shadow.record.mask import Mask
from shadow.record.tally import Tally, TallyRecord
from shadow.report.build import build
from shadow.report.markdown import _words
from shadow.report.schema import Diagnosis
from shadow.verdict.diagnosis.table import RULES

JSON, HTML = "application/json", "text/html; charset=utf-8"
FINE = answer(200, "fine")
LOST = Failure(FailureKind.RESET, "", 0.01)
LATE = Failure(FailureKind.TIMEOUT, "", 10.0)


def text(body: str, status: int = 200, total: float = 0.02) -> object:
    return answer(status, body, total, content_type="text/plain; charset=utf-8")


def redirect(to: str, status: int = 302) -> object:
    return answer(status, "", location=to)


def value(shown: object) -> object:
    return answer(200, f'{{"value":"{shown}"}}', content_type=JSON)


def well(recording: Recording, times: int = 50, at: float = 0.0, endpoint: str = "GET /well") -> Recording:
    return recording.pair(FINE, FINE, endpoint=endpoint, at=at, times=times)


def pairs(*each: tuple[object, object], path: str = "/") -> Recording:
    recording = well(Recording())
    for legacy, target in each:
        recording.pair(legacy, target, path=path, endpoint="GET /bad")  # type: ignore[arg-type]
    return recording


def sized(*sizes: tuple[int, int]) -> Recording:
    """Requests with a cookie of that size, and how the target answers them."""
    recording = Recording()
    for size, status in sizes:
        cookie = [(b"Cookie", b"a=" + b"x" * size)]
        other = answer(status, "no") if status != 200 else answer(200, "", server_timing="a")
        recording.pair(FINE, other, headers=cookie)
    return recording


def burst(times: list[float], good: int = 500) -> Recording:
    recording = Recording()
    for number in range(good):
        recording.pair(FINE, FINE, at=number * HOUR / good)
    for at in times:
        recording.pair(FINE, LOST, at=at)
    return recording


def hourly(*seconds: tuple[float, int]) -> Recording:
    """How long the target takes in each hour, and of how many requests; legacy always 20 ms."""
    recording = Recording()
    for hour, (total, requests) in enumerate(seconds):
        recording.pair(FINE, answer(200, "fine", total), at=hour * HOUR, times=requests)
    return recording


MEMBER = [(b"Cookie", b"sid=1")]


def members(*each: tuple[object, object], headers: list[tuple[bytes, bytes]] = MEMBER) -> Recording:
    """What they get, beside ten guests who get the same of both."""
    recording = well(Recording(), 10, endpoint="GET /cart")
    for legacy, target in each:
        recording.pair(legacy, target, path="/cart", endpoint="GET /cart", headers=headers)  # type: ignore[arg-type]
    return recording


CASES: dict[str, tuple[Recording, Recording]] = {
    "sessions": (
        members(*[(FINE, redirect("https://shop.example/users/sign_in?next=%2Fcart"))] * 3),
        members(*[(FINE, redirect("/sorry"))] * 3),
    ),
    "refused_address": (
        pairs((FINE, text("your address is not known here", 403)), (FINE, text("no", 403))),
        pairs((text("no", 403), text("no", 403)), (FINE, text("oops", 500))),
    ),
    "rate_limit": (
        pairs((FINE, text("Too many requests", 429))),
        pairs(
            (text("Too many requests", 429), text("Slow down", 429)), (FINE, text("Too many requests", 503))
        ),
    ),
    "header_limit": (
        sized((100, 200), (5000, 400), (6000, 400)),
        sized((100, 400), (5000, 200), (6000, 400)),
    ),
    "body_limit": (
        pairs((text("line\n" * 200), text("line\n" * 60))),
        pairs((text("line\n" * 200), text("other\n" * 60))),
    ),
    "pods_ending": (burst([1800, 1800.2, 1801, 1802]), burst([n * 60.0 for n in range(60)])),
    "scheme_lost": (
        pairs((redirect("https://shop.example/login"), redirect("http://shop.example/login"))),
        pairs((redirect("https://shop.example/login"), redirect("https://shop.example/sorry"))),
    ),
    "trailing_slash": (
        pairs((FINE, redirect("http://shop.example/docs/", 301)), path="/docs"),
        pairs((FINE, redirect("/login", 302)), path="/docs"),
    ),
    "cookie_attributes": (
        pairs(
            (answer(200, "", set_cookie="sid=1; Secure; Path=/"), answer(200, "", set_cookie="sid=2; Path=/"))
        ),
        pairs((answer(200, "", set_cookie="sid=1; Path=/a"), answer(200, "", set_cookie="sid=2; Path=/"))),
    ),
    "client_address": (
        pairs((value("203.0.113.7"), value("10.42.0.1"))),
        pairs((value("203.0.113.7"), value("198.51.100.2"))),
    ),
    "internal_host": (
        pairs(
            (value("https://cdn.example.com/1.jpg"), value("https://web.default.svc.cluster.local/1.jpg")),
            (value("https://cdn.example.com/2.jpg"), value("http://minio:9000/2.jpg")),
        ),
        pairs((value("https://cdn.example.com/1.jpg"), value("https://static.example.com/1.jpg"))),
    ),
    "time_zone": (
        pairs(*((value(f"2026-11-22T1{n}:30:00"), value(f"2026-11-22T0{n + 1}:30:00")) for n in range(3))),
        pairs(*((value(f"2026-11-22T1{n}:30:00"), value(f"2026-11-22T1{n}:3{n + 1}:00")) for n in range(3))),
    ),
    "locale": (
        pairs((value("1,234.50"), value("1.234,50")), (value("9,876.10"), value("9.876,10"))),
        pairs((value("1,234.50"), value("1,235.50")), (value("9,876.10"), value("9,876.11"))),
    ),
    "charset": (
        pairs(
            (
                answer(200, "<p>é</p>", content_type="text/html; charset=utf-8"),
                answer(200, "<p>é</p>", content_type="text/html; charset=iso-8859-1"),
            )
        ),
        pairs((text("本"), text("book"))),
    ),
    "missing_environment": (
        pairs((FINE, text("KeyError: 'PAYMENT_URL'\n  at app.py", 500))),
        pairs((FINE, text("Internal Server Error", 500))),
    ),
    "missing_extension": (
        pairs((FINE, text("PHP Fatal error: Call to undefined function imagecreate()", 500))),
        pairs((FINE, text("KeyError: 'PAYMENT_URL'", 500))),
    ),
    "read_only": (
        pairs((FINE, text("OSError: [Errno 30] Read-only file system: '/app/cache'", 500))),
        pairs((text("Permission denied"), text("Permission denied!"))),
    ),
    "compression": (
        pairs((answer(200, "", content_encoding="gzip"), FINE)),
        pairs((answer(200, "", cache_control="private"), FINE)),
    ),
    "timeouts": (
        pairs(*[(FINE, text("gave up", 504, 30.01))] * 4),
        pairs(*((FINE, text("slow", 200, 20.0 + n)) for n in range(20))),
    ),
    "cold_cache": (
        hourly((0.2, 30), (0.02, 30), (0.02, 30), (0.02, 30)),
        hourly((0.2, 30), (0.2, 30), (0.2, 30), (0.2, 30)),
    ),
    "few_workers": (
        hourly((0.02, 30), (0.02, 35), (0.03, 60), (0.04, 70), (0.2, 200), (0.3, 220)),
        hourly((0.02, 30), (0.02, 35), (0.02, 60), (0.02, 70), (0.02, 200), (0.02, 220)),
    ),
}


def made(recording: Recording) -> dict[str, Diagnosis]:
    return {each.name: each for each in build(recording.records()).diagnosis}


@pytest.mark.parametrize("name", CASES)
def test_it_is_recognised_and_names_its_traces(name: str) -> None:
    """With what was seen, and where."""
    found = made(CASES[name][0])
    assert name in found
    assert found[name].evidence
    assert all(found[name].evidence)


@pytest.mark.parametrize("name", CASES)
def test_it_is_silent_without_them(name: str) -> None:
    """Where something else is the matter, or nothing."""
    assert name not in made(CASES[name][1])


def test_every_diagnosis_has_its_pair() -> None:
    """And each has a name of its own."""
    assert [rule.name for rule in RULES] == list(CASES)


def test_a_diagnosis_explains_its_causes() -> None:
    """Each tells of the other."""
    report = build(CASES["missing_extension"][0].records())
    (diagnosis,) = report.diagnosis
    assert diagnosis.causes == [cause.id for cause in report.causes]
    assert [cause.diagnosis for cause in report.causes] == [["missing_extension"]]
    assert (diagnosis.endpoints, diagnosis.count) == (["GET /bad"], 1)


def test_an_exchange_counts_once_however_many_causes_it_shows() -> None:
    """A cookie that lost three attributes at once; another endpoint adds its own, and what differs otherwise
    is none of it. The most frequent comes first."""
    lost = answer(set_cookie="sid=1; Secure; HttpOnly; SameSite=Lax"), answer(set_cookie="sid=1")
    recording = pairs((FINE, text("no", 403))).pair(*lost, endpoint="GET /a", times=5)
    recording.pair(lost[0], answer(set_cookie="sid=1; HttpOnly"), endpoint="GET /b", times=2)
    recording.pair(FINE, answer(200, "differs in something else"), endpoint="GET /a", times=30)

    counts = [(each.name, each.count) for each in build(recording.records()).diagnosis]
    assert counts == [("cookie_attributes", 7), ("refused_address", 1)]


def test_what_was_spent_on_learning_counts_once_too() -> None:
    """It has no pattern: the most frequent difference stands for all of it."""
    lost = tuple(
        Difference(DifferenceKind.MISSING, f"cookie:sid;{each}", "") for each in ("secure", "httponly")
    )
    tally = add(learn(Tally(), 4, lost), range(10, 15), *lost)
    add(tally, range(20, 50), VALUE)

    (diagnosis,) = build([TallyRecord(0, 60, "GET /", "", tally)]).diagnosis
    assert diagnosis.count == 9


@pytest.mark.parametrize("path", ["/", "/items/7?page=2"])
def test_nothing_is_said_of_equal_answers(path: str) -> None:
    """However they look."""
    recording = Recording()
    for each in (FINE, text("KeyError", 500), redirect("http://a/b/"), value("10.0.0.1"), text("no", 403)):
        recording.pair(each, each, path=path, times=30)  # type: ignore[arg-type]
    assert made(recording) == {}


@pytest.mark.parametrize(
    ("legacy", "target"),
    [
        (FINE, answer(401, "")),
        (FINE, redirect("/login?next=/cart")),
        (FINE, redirect("https://sso.example/connect/authorize")),
        (redirect("/checkout"), redirect("/login")),
        (text("Hello Sato"), text("Hello guest")),
        (value("佐藤さん"), value("ログイン")),
    ],
)
def test_a_session_that_only_legacy_knows(legacy: object, target: object) -> None:
    """Whatever the target does with a stranger: it shows with credentials of each kind, and where others came
    without any it is something else."""
    for name in (b"cookie", b"Authorization"):
        found = made(members((legacy, target), (legacy, target), headers=[(name, b"x")]))
        assert list(found) == ["sessions"]
        assert (found["sessions"].endpoints, found["sessions"].count) == (["GET /cart"], 2)
    guest = members((legacy, target)).pair(legacy, target, path="/cart", endpoint="GET /cart")  # type: ignore[arg-type]
    assert "sessions" not in made(guest)


def test_a_session_that_both_know() -> None:
    """The target refuses a few of many members: they lack a role, and no address is unknown. And where the
    words for guests are legacy's too, or it sends to a login as well, nobody is a stranger to the target."""
    forbidden = members(*[(FINE, text("You do not have the role sales", 403))] * 3)
    assert made(forbidden) == {}
    assert "sessions" in made(members(*[(FINE, text("log in first", 403))] * 30))
    for pair in (
        (text("Log in, Sato"), text("Log in, guest")),
        (redirect("/login"), redirect("/users/login")),
        (FINE, redirect("/authors/7")),
        (FINE, redirect("/cart/")),
    ):
        assert "sessions" not in made(members(pair, pair))


def test_an_endpoint_that_is_refused_now_and_then() -> None:
    """Is no address that is unknown: that one is refused always, and whoever asks."""
    some = well(pairs(*[(FINE, text("no", 401))] * 5), 5, endpoint="GET /bad")
    assert made(some) == {}
    assert list(made(members(*[(FINE, text("no", 403))] * 200))) == ["sessions"]


def test_an_address_that_never_answers() -> None:
    """One endpoint times out always, the others never: as where packets are dropped on the way."""
    assert "refused_address" in made(well(Recording()).pair(FINE, LATE, endpoint="GET /pay", times=5))
    assert "refused_address" not in made(Recording().pair(FINE, LATE, endpoint="GET /pay", times=5))


@pytest.mark.parametrize("lost", [LOST, answer(503, "no endpoints available")])
def test_an_endpoint_that_was_never_answered_has_no_pod_that_ends(lost: object) -> None:
    """Nothing stands behind it. Beside it, one that loses answers is told, alone and with its own count."""
    at = (1800, 1801, 1802, 1803)
    recording = burst([])
    for each in at:
        recording.pair(FINE, lost, endpoint="GET /gone", at=each)  # type: ignore[arg-type]
    assert "pods_ending" not in made(recording)

    for each in at:
        recording.pair(FINE, lost, at=each)  # type: ignore[arg-type]
    found = made(recording)["pods_ending"]
    assert (found.endpoints, found.count) == (["GET /"], 4)


def test_a_status_for_large_heads_is_enough() -> None:
    """431 and 414 say it themselves; and so does a 400 with these words."""
    for target in (answer(431, ""), answer(414, ""), text("400 Request Header Or Cookie Too Large", 400)):
        assert "header_limit" in made(pairs((FINE, target)))
    assert "header_limit" not in made(pairs((FINE, text("400 Bad Request", 400))))


def test_answers_with_large_heads() -> None:
    """A proxy has 502 for them, and passes others; where one has a small head it is something else."""
    large, small = (answer(200, "", link="x" * size) for size in (4200, 4000))
    assert "header_limit" in made(pairs((large, answer(502, "")), (large, answer(502, ""))))
    assert "header_limit" not in made(pairs((large, answer(502, "")), (small, answer(502, ""))))


def test_a_refused_body_is_enough() -> None:
    """413, but not legacy's own."""
    assert "body_limit" in made(pairs((FINE, answer(413, ""))))
    assert "body_limit" not in made(pairs((answer(413, ""), answer(413, "other"))))


@pytest.mark.parametrize(
    ("body", "legacy", "target", "told"),
    [
        ("<meta charset=utf-8><p>é</p>", "text/html", "text/html; charset=iso-8859-1", True),
        ("<meta charset=utf-8><p>é</p>", "text/html", "text/html; charset=utf-8", False),
        ("<p>e</p>", "text/html; charset=utf-8", "text/html", False),
        ("p { margin: 1px }", "text/css", "text/css; charset=utf-8", False),
    ],
)
def test_a_charset_that_is_said_or_not(body: str, legacy: str, target: str, told: bool) -> None:
    """It is told where browsers would read the same bytes otherwise."""
    other = answer(200, body, content_type=legacy), answer(200, body, content_type=target)
    recording = pairs(other)
    assert [each for each in build(recording.records()).causes if each.kind == "charset"]
    assert ("charset" in made(recording)) is told


def test_characters_that_became_question_marks() -> None:
    """As where a database's connection has a charset without them. What asks a question is none of it."""
    assert "charset" in made(pairs((value("髙島屋①"), value("?島屋?")), (value("㈱東京"), value("?東京"))))
    assert "charset" not in made(pairs((value("東京。"), value("京都?"))))
    assert "charset" not in made(pairs((value("Why!"), value("Why?")), (value("何？"), value("何?"))))


@pytest.mark.parametrize("times", [1, 100])
@pytest.mark.parametrize(
    ("shown", "read", "written"),
    [
        ("Größe", "cp1252", "utf-8"),
        ("検索の結果", "latin-1", "utf-8"),
        ("検索の結果", "latin-1", "cp932"),
        ("テスト", "cp932", "euc-jp"),
    ],
)
def test_a_text_that_was_read_by_another_charset(shown: str, read: str, written: str, times: int) -> None:
    """It is known for what it is, also where both values are cut; any other text is not."""
    garbled = shown.encode(written).decode(read)
    assert "charset" in made(pairs((text(shown * times), text(garbled * times))))
    assert "charset" not in made(pairs((text(shown * times), text("x" + garbled * times))))


def test_a_redirect_to_the_same_page() -> None:
    """As where the target takes HTTPS for HTTP and redirects for ever."""
    found = made(pairs((FINE, redirect("https://shop.example/a?b=1", 301)), path="/a?b=1"))
    assert "scheme_lost" in found
    assert "scheme_lost" not in made(pairs((FINE, redirect("https://shop.example/b", 301)), path="/a"))


def test_links_that_lost_their_scheme() -> None:
    """In pages and in JSON, with the port of the container or without; another page is another matter."""

    def link(to: str) -> object:
        return answer(200, f'<a href="{to}">x</a>', content_type=HTML)

    https = "https://shop.example/a?b=1"
    for lost in ("http://shop.example/a?b=1", "http://shop.example:8080/a?b=1"):
        assert "scheme_lost" in made(pairs((link(https), link(lost))))
        assert "scheme_lost" in made(pairs((value(https), value(lost))))
    for other in ("http://shop.example/c", "https://www.shop.example/a?b=1", "http://cdn.example/a?b=1"):
        assert "scheme_lost" not in made(pairs((link(https), link(other))))


@pytest.mark.parametrize(
    "to", ["http://localhost:3000", "http://127.0.0.1/a", "http://api.internal/", "redis://cache"]
)
def test_a_host_of_the_cluster(to: str) -> None:
    """In whatever it stands. Where legacy tells one too, or it is no URL, nothing is said."""
    said = '{{"props":{{"api":"{}","id":1}}}}'.format
    assert "internal_host" in made(pairs((text(said("https://api.example.com")), text(said(to)))))
    assert "internal_host" not in made(pairs((text(said("http://web01/")), text(said(to)))))
    assert "internal_host" not in made(pairs((text("https://a.example"), text("set to localhost"))))


def test_a_scheme_is_lost_where_it_is_lost() -> None:
    """Another difference of the same field, at another endpoint, is no example of it."""
    recording = Recording()
    recording.pair(redirect("/a"), redirect("/b"), endpoint="GET /moved", times=3)
    recording.pair(
        redirect("https://shop.example/c"), redirect("http://shop.example/c"), endpoint="GET /lost", times=2
    )
    found = made(recording)["scheme_lost"]
    assert (found.endpoints, found.count) == (["GET /lost"], 2)
    assert not [line for line in found.evidence if "/moved" in line]


def test_hostile_bodies_are_no_trouble() -> None:
    """Long, without end, and full of what the patterns look for."""
    evil = "KeyError A_B " * 800 + "1,1" * 2000 + "::" * 2000 + "00:00 " * 1000
    recording = pairs(
        (text(evil), text(evil[::-1])), (FINE, text(evil, 500)), (redirect("http://["), redirect("//["))
    )
    assert made(recording)["missing_environment"].evidence


def test_every_diagnosis_is_documented() -> None:
    """With the same words."""
    text = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    for rule in RULES:
        assert f"| `{rule.name}` | {rule.what} | {rule.look.__doc__} |" in text


def test_what_the_target_says_is_cut_between_words() -> None:
    """The line, from a word on, with a sign where more stands before."""
    said = "PHP Warning:  file_put_contents(/var/cache/x): failed to open stream: Read-only file system\nin x"
    read_only = made(pairs((FINE, text(said, 500))))["read_only"]
    missing = made(pairs((FINE, text(f"one\n{'y' * 40}: KeyError: 'A_B'", 500))))["missing_environment"]

    assert read_only.evidence[0] == (
        "the target says: …file_put_contents(/var/cache/x): failed to open stream: Read-only file system"
    )
    assert missing.evidence[0] == f"the target says: {'y' * 40}: KeyError: 'A_B'"


@pytest.mark.parametrize(
    ("said", "is_setting"),
    [
        ('KeyError (key not found: "STRIPE_KEY")', True),
        ("<pre>KeyError: &#39;STRIPE_KEY&#39;</pre>", True),
        ('Warning: Undefined array key "TAX_RATE" in x.php', True),
        ("config.rb:3: ENV.fetch('X')", True),
        ("KeyError: 'okinawa'", False),
        ("KeyError: 'JPY'", False),
        ("undefined method `name' for nil:NilClass", False),
        ("'NoneType' object has no attribute 'id'", False),
        ("Cannot read properties of undefined (reading 'id')", False),
    ],
)
def test_only_what_is_named_like_a_setting_is_one(said: str, is_setting: bool) -> None:
    """Other keys are values of the request, and what is nil is a bug."""
    assert ("missing_environment" in made(pairs((FINE, text(said, 500))))) is is_setting


def test_what_lacks_a_secret_is_recognised() -> None:
    """Its name stands before the words that tell, as if they were the secret; masking leaves them."""
    said = Mask((), b"key").text("Internal error\nAPI_TOKEN: environment variable is not set\n")
    assert made(pairs((FINE, text(said, 500))))["missing_environment"].evidence


def test_one_burst_is_one() -> None:
    """And two are two."""
    one = made(burst([1000.0 + n for n in range(5)]))["pods_ending"]
    two = made(burst([at + n for at in (1000.0, 3000.0) for n in range(5)]))["pods_ending"]

    assert one.evidence[1] == "in 1 burst of 4 s in all, of 3,600 s"
    assert two.evidence[1] == "in 2 bursts of 8 s in all, of 3,600 s"


def test_failures_one_by_one_are_no_bursts() -> None:
    """However far apart."""
    assert "pods_ending" not in made(burst([n * 300.0 for n in range(12)]))


def test_what_differs_alike_at_another_endpoint_hides_nothing() -> None:
    """A redirect to the same page is none to a slash, and what varies by chance is no time zone, but the
    other endpoint's is. Each is told of its own endpoint, and counted there."""
    recording = well(Recording())
    recording.pair(FINE, redirect("https://shop.example/a", 301), path="/a", endpoint="GET /a", times=20)  # type: ignore[arg-type]
    recording.pair(FINE, redirect("https://shop.example/b/", 301), path="/b", endpoint="GET /b", times=4)  # type: ignore[arg-type]
    for hour in range(3):
        nine = value(f"2026-11-22T1{hour}:30:00"), value(f"2026-11-22T0{hour + 1}:30:00")
        recording.pair(*nine, endpoint="GET /zone")  # type: ignore[arg-type]
        recording.pair(value(f"a{hour}"), value(f"b{hour}"), endpoint="GET /chance")  # type: ignore[arg-type]

    found = made(recording)
    assert (found["scheme_lost"].endpoints, found["scheme_lost"].count) == (["GET /a"], 20)
    assert (found["trailing_slash"].endpoints, found["trailing_slash"].count) == (["GET /b"], 4)
    assert (found["time_zone"].endpoints, found["time_zone"].count) == (["GET /zone"], 3)


def test_a_burst_stands_out_beside_what_is_lost_at_all_times() -> None:
    """At another endpoint, by another fault."""
    recording = burst([1800.0 + n / 10 for n in range(20)])
    for at in range(40):
        recording.pair(FINE, LOST, endpoint="GET /flaky", at=at * 90.0)
    well(recording, endpoint="GET /flaky")

    found = made(recording)["pods_ending"]
    assert (found.endpoints, found.count) == (["GET /"], 20)


def test_a_clock_of_another_zone_that_tells_the_time() -> None:
    """The target is asked later than legacy, once by more than once. By a minute it is another thing, and by
    nothing but seconds none."""

    def clocks(ours: str, theirs: str, *seconds: int) -> Recording:
        return pairs(
            *(
                (value(f"{ours}:{s:02d}.7"), value(f"{theirs}:{s + 2 * n:02d}.1"))
                for n, s in enumerate(seconds)
            )
        )

    found = made(clocks("2026-11-22 01:10", "2026-11-21 16:10", 1, 20, 50))["time_zone"]
    assert "always -9 h" in found.evidence
    assert "time_zone" not in made(clocks("2026-11-22 01:10", "2026-11-21 16:11", 1, 20, 50))
    assert "time_zone" not in made(clocks("2026-11-22 01:10", "2026-11-22 01:10", 1, 20, 50))


def test_a_body_too_large_to_be_kept_hides_no_cut() -> None:
    """Where both are kept the target's is the beginning; of those that are not, nobody knows. Where none is,
    nothing is said."""

    def page(lines: int, first: str = "") -> object:
        return answer(200, first + "<p>a line of words</p>\n" * lines, content_type=HTML)

    small, large, other = (page(200), page(60)), (page(3000), page(60)), (page(200), page(60, "<h1>x</h1>"))
    assert "body_limit" in made(pairs(large, small))
    assert "body_limit" not in made(pairs(large))
    assert "body_limit" not in made(pairs(other, large))


def test_the_words_are_harmless() -> None:
    """They are shown as they stand, in Markdown too."""
    for rule in RULES:
        assert _words(rule.what) == rule.what
        assert _words(rule.check) == rule.check
