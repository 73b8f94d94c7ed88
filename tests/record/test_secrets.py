"""What is taken for a secret, and what is not."""

from __future__ import annotations

import pytest
from support.processor import within

from shadow.record.secrets import SecretFinder, is_message, is_secret


def hidden(text: str, *names: str) -> str:
    """The text with `[…]` around each secret."""
    return SecretFinder(names).hidden(text, lambda secret: f"[{secret}]")


@pytest.mark.parametrize(
    "name",
    [
        *("password", "userPassword", "passwd", "pwd", "user_pin", "PIN", "pass", "secret", "client_secret"),
        *(
            "token",
            "accessToken",
            "X-Auth-Token",
            "csrf_token",
            "api_key",
            "x-api-key",
            "apiKey",
            "private-key",
        ),
        *(
            "session",
            "PHPSESSID",
            "JSESSIONID",
            "connect.sid",
            "authorization",
            "X-Amz-Security-Token",
            "jwt",
        ),
        *("card", "cardNumber", "card_no", "credit_card", "cvv", "cvc", "iban", "ssn", "otp", "auth"),
        *("dbPass", "DBPass", "data-dbpass", "pass1", "userPIN", "PINCode", "USER_PIN", "pin_code"),
        "user-pin-code",
        *("one-time-code", "verificationCode", "cc-number", "pw", "userPw", "X-TOTP", "passkey"),
        *("パスワード", "新しいパスワード(確認)", "ﾊﾟｽﾜｰﾄﾞ", "暗証番号", "認証コード", "口座番号"),
        *("API key", "Access keys", "Private Key", "Signing key", "License key (Pro)", "Application key"),
        *(
            "Recovery code",
            "Verification code",
            "One-time code",
            "One time code",
            "Auth codes",
            "Pass phrase",
        ),
        *("Security code", "securityCode", "CVV/CVC", "Passcode", "Access code", "Backup codes", "MFA code"),
        *("Recovery phrase", "seedPhrase", "Security answer", "Social security number", "Licence key"),
        *(
            "ワンタイムコード",
            "セキュリティーコード",
            "セキュリティ コード",
            "確認コード",
            "暗証コード",
            "ＰＩＮ番号",
        ),
        *("パスフレーズ", "合い言葉", "APIキー", "アクセスキー", "暗号化鍵", "秘密の質問"),
        *("tokenizerPassword", "secretArn", "tokenIssuer", "Ocp-Apim-Subscription-Key", "x-functions-key"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    """A value of this name is never kept."""
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "author",
            "discard",
            "compass",
            "pwa",
            "pwr_on",
            "spinning",
            "className",
            "key",
            "id",
            "name",
            "keyboard",
        ),
        "company",
        *("passenger", "PASSENGER", "Compass", "isPinned", "timeSpan", "PANEL", "oneSide", "authorsCount"),
        *(
            "acc_number",
            "postal_code",
            "tokenizer_version",
            "secretary",
            "Sec-WebSocket-Key",
            "Idempotency-Key",
            "publicKey",
        ),
        *("Key figures", "Primary key", "Public key", "Postal code", "Discard notes", "Postcard number"),
        *(
            "状態コード",
            "商品コード",
            "証明番号",
            "アンロック",
            "Discount code",
            "Source code",
            "Status code",
        ),
        *("App keyboard", "Error code", "Keyboard access", "Access to keys", "Codes of conduct"),
    ],
)
def test_names_that_only_resemble(name: str) -> None:
    """Words that merely contain a shorter one stay readable."""
    assert not is_secret(name)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "environment variable is not set",
            "can't be blank",
            "The password field is required.",
            "not found",
        ),
        *(
            "is too short (minimum is 8 characters)",
            "must contain at least one uppercase letter",
            "Has expired!",
        ),
        *("This field may not be blank.", "YES)", "null", "undefined"),
        *(
            "を入力してください",
            "パスワードは必須です",
            "8文字以上で入力してください。",
            "値が設定されていません",
        ),
    ],
)
def test_messages(value: str) -> None:
    """What is wrong with a secret is none."""
    assert is_message(value)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "...",
            "set",
            "blank",
            "required",
            "hunter2 is not set",
            "hunter2 is required",
            "1234",
            "12 34",
        ),
        *(
            "correct horse battery staple",
            "to be or not to be",
            "number one",
            "1234 is not valid",
            "123 is set",
        ),
        *(
            "hunter2を入力してください",
            "パスワード",
            "ひらけごまは必須です",
            "1234文字以上で入力してください",
        ),
        "is not set " * 20,
    ],
)
def test_what_is_no_message(value: str) -> None:
    """What holds any other word, and what somebody may have chosen."""
    assert not is_message(value)


@pytest.mark.parametrize(
    "name", ["dbPass", "DBPass", "pass1", "userPIN", "PINCode", "USER_PIN", "pin_code", "otpCode"]
)
def test_words_of_names_in_text(name: str) -> None:
    """A name is taken for a secret's in a tree that was cut as it is in a whole one."""
    assert hidden(f'{{"id": 1, "{name}": "hunter2", "x') == f'{{"id": 1, "{name}": "[hunter2]", "x'
    assert hidden(f"{name}=hunter2 and") == f"{name}=[hunter2] and"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"password": "hunter2", "a": 1}', '{"password": "[hunter2]", "a": 1}'),
        (r'{"password": "hun\"ter2", "a": 1}', r'{"password": "[hun\"ter2]", "a": 1}'),
        (r'"{\"token\":\"a\\\"b\",\"b\":1}"', r'"{\"token\":\"[a\\\"b]\",\"b\":1}"'),
        ('"{\\\\\\"token\\\\\\":\\\\\\"abc\\\\\\",x', '"{\\\\\\"token\\\\\\":\\\\\\"[abc\\\\\\",x]'),
        ("password=hunter2&x=1", "password=[hunter2]&x=1"),
        ("user%5Bpassword%5D=hunter2&x=1", "user%5Bpassword%5D=[hunter2]&x=1"),
        ("<password>hunter2</password>", "<password>[hunter2]</password>"),
        ('<meta name="csrf-token" content="a b">', '<meta name="csrf-token" content="[a b]">'),
        ("'password' => 'hunter 2',", "'password' => '[hunter 2]',"),
        ("password=ひみつ; x", "password=[ひみつ]; x"),
        ("a: b\npassphrase: correct horse staple \nx: y", "a: b\npassphrase: [correct horse staple] \nx: y"),
        ("passphrase: correct horse staple\r\nx: y\r\n", "passphrase: [correct horse staple]\r\nx: y\r\n"),
        ('"passphrase: correct horse staple"', '"passphrase: [correct horse staple]"'),
        ("{'note': 'passphrase: correct horse', 'a': 1}", "{'note': 'passphrase: [correct horse]', 'a': 1}"),
        (r'"{\"note\":\"passphrase: correct horse\"}"', r'"{\"note\":\"passphrase: [correct horse]\"}"'),
        ("<p>passphrase: correct horse staple</p>", "<p>passphrase: [correct horse staple]</p>"),
        ("value=x name=y token=hunter2", "value=x name=y token=[hunter2]"),
        ("value=x name=pin, token=hunter2", "value=[x] name=pin, token=[hunter2]"),
        ('"value":"x","name":"pin","value":"y"', '"value":"[x]","name":"pin","value":"[y]"'),
        ("auth:\n  rootPassword: hunter2\n  user: bob", "auth:\n  rootPassword: [hunter2]\n  user: bob"),
        ('auth:\r\n\r\n  - "pin": "hunter2"', 'auth:\r\n\r\n  - "pin": "[hunter2]"'),
        ("token:\n  hunter2\n", "token:\n  [hunter2]\n"),
        ("tokens:\n- hunter2\n", "tokens:\n- [hunter2]\n"),
        ("API key: abc123", "API key: [abc123]"),
        ("Card no: 123", "Card no: [123]"),
        ('"Recovery code": "abc def"', '"Recovery code": "[abc def]"'),
        ("Pass phrase: correct horse", "Pass phrase: [correct horse]"),
        ("mnemonic: correct horse staple", "mnemonic: [correct horse staple]"),
        ("合言葉： 山 川", "合言葉： [山 川]"),
        ("Pass: 10 of 12 tests", "Pass: [10] of 12 tests"),
        ("Session: Intro to Kubernetes", "Session: [Intro] to Kubernetes"),
        ("write session: Read-only file system", "write session: [Read-only] file system"),
        ("passphrase: correct, he said", "passphrase: [correct], he said"),
        ("Authorization: Basic abc=", "Authorization: [Basic abc=]"),
        ("sent Bearer abcdefgh.1 to", "sent Bearer [abcdefgh.1] to"),
        ("Cookie: a=b; c=d\nHost: x", "Cookie: [a=b; c=d]\nHost: x"),
        ('"tokens":[["a"],["b"]],"c":1', '"tokens":[[["a"],["b"]],"c":1]'),
        ('"pin":1234,"b":2', '"pin":[1234],"b":2'),
        ('"token":"unfinish', '"token":"[unfinish]'),
        ("http://bob:pw@host/x", "http://[bob:pw]@host/x"),
        ("by bob.x@example.com, yes", "by [bob.x@example.com], yes"),
        ("パスワード：ひみつ、以上", "パスワード：[ひみつ、以上]"),
        ('{"認証コード": "123456"}', '{"認証コード": "[123456]"}'),
        ("card 4111 1111 1111 1111.", "card [4111 1111 1111 1111]."),
        ("eyJhbGciOi.eyJzdWIi.c2ln end", "[eyJhbGciOi.eyJzdWIi.c2ln] end"),
        ("AKIAIOSFODNN7EXAMPLE", "[AKIAIOSFODNN7EXAMPLE]"),
        (
            "to https://a/cb?code=SplxlOBe&x=1&state=af0 now",
            "to https://a/cb?code=[SplxlOBe]&x=1&state=af0 now",
        ),
        ("https://a/cb#state=af0&amp;code=4/0AX-x_y z", "https://a/cb#state=af0&amp;code=[4/0AX-x_y] z"),
        (
            "/?code=SplxlOBe&state=1,/?code=QQYbYS6W&state=2",
            "/?code=[SplxlOBe]&state=1,/?code=[QQYbYS6W]&state=2",
        ),
        ("d41d8cd98f00b204e9800998ecf8427e", "[d41d8cd98f00b204e9800998ecf8427e]"),
        ("run --password hunter2 --user bob", "run --password [hunter2] --user bob"),
        ("run -v --db-password 'hunter 2' x", "run -v --db-password ['hunter 2'] x"),
        ("Your code is 123456. It ends soon", "Your code is [123456]. It ends soon"),
        ("Your Code Is 123456", "Your Code Is [123456]"),
        ("your one-time password is a1-b2", "your one-time password is [a1-b2]"),
        ("G-123456 is your Shop verification code.", "[G-123456] is your Shop verification code."),
        ("認証コードは123456です", "認証コードは[123456]です"),
    ],
)
def test_secrets_in_text(text: str, expected: str) -> None:
    """Secrets are found by the name before them, or by their shape; quotes do not belong to them."""
    assert hidden(text) == expected


@pytest.mark.parametrize("piece", ["?code=aaaaaaaa&eyJabcdefg", ";state=x;AKIAIOSFODNN7EXAMPLE."])
def test_what_begins_like_a_grant(piece: str) -> None:
    """It is not read to its end for each other secret that stands in it."""
    text = piece * 20_000
    assert within(1, lambda: hidden(text)) != text


@pytest.mark.parametrize(
    "text",
    [
        '{"author": "me", "price": 12.5}',
        "order 4111111111111112 of 20250101123456",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "a-very-long-class-name-for-a-style-sheet",
        "password=",
        "/zip?code=90210-1234 and /shops?code=902101234&state=CA",
        "the quick brown fox",
        '{"PASSENGER": "me", "passenger": "you", "isPinned": "no", "PANEL": "left"}',
        '<p class="card-title">Shoes</p>',
        "Your password is required, and your password is 8 characters long, at least",
        "Your postal code is 90210, the status code is 4041, 90210 is your office",
        "--password is required; [--password PASSWORD] --password-file x --author bob",
        '--card-width 1px <p class="btn btn--card wide grid--session-list wide">',
        "パスワードは8文字以上で入力してください",
        "Primary key: 12, App keyboard: QWERTY, discard notes: 3, postal code: 90210, key figures: 7",
    ],
)
def test_other_text_stays(text: str) -> None:
    """What is no secret stays readable."""
    assert hidden(text) == text


@pytest.mark.parametrize(
    "number",
    [
        *("+81-90-1234-5678", "+819012345678", "+1 (212) 555-0100", "+44 20 7946 0958", "+49 30 123456"),
        *("090-1234-5678", "03-1234-5678", "0120-12-3456", "(03) 1234-5678", "03(1234)5678", "09012345678"),
        *("212-555-0100", "(212) 555-0100", "212.555.0100"),
    ],
)
def test_telephone_numbers(number: str) -> None:
    """With the country's code, as Japan writes them, as America does."""
    assert hidden(f"call {number}, please") == f"call [{number}], please"
    assert hidden(f'{{"a":"{number}"}}') == f'{{"a":"[{number}]"}}'


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-22", "01-02-2026", "2026-11-22T10:00:00+0900", "10:00:00.123+09:00", "20261122-1000"),
        *("ISBN 978-4-10-101010-9", "0-306-40615-2", "4-10-101010-2"),
        *("0000012345", "id-090-1234-5678-2", "123-456-7890", "090-1234-5678-1", "1234-5678-9012"),
        *("10.0.0.1", "192.168.100.200", "1.2.3.4-5", "+12", "1+1000000", "555-1234", "v1.212.555.0100"),
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    ],
)
def test_numbers_that_only_resemble(text: str) -> None:
    """Dates, ids, ISBNs, versions and addresses with dashes and dots stay readable."""
    assert hidden(f"see {text}, please") == f"see {text}, please"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("to GB82 WEST 1234 5698 7654 32.", "to [GB82 WEST 1234 5698 7654 32]."),
        ("to GB83 WEST 1234 5698 7654 32.", "to GB83 WEST 1234 5698 7654 32."),
        ("a glpat-abcdefghij0123456789 b", "a [glpat-abcdefghij0123456789] b"),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "[wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY]"),
        ("/docs/api/reference/version2/getting/started", "/docs/api/reference/version2/getting/started"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nx",
            "[-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----]\nx",
        ),
    ],
)
def test_account_numbers_and_keys(text: str, expected: str) -> None:
    """An IBAN has check digits; keys have beginnings, or an alphabet of their own."""
    assert hidden(text) == expected


def test_what_begins_like_a_phrase() -> None:
    """It is not read to the end of its line for each name that stands in it."""
    text = "password: a " * 20_000 + '"'
    assert within(3, lambda: hidden(text)) != text


def test_further_names() -> None:
    """Names from the configuration are found like those that are built in, in any case."""
    assert hidden("Tenant: a, name: b", "tenant") == "Tenant: [a], name: b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('…ord":"hunter2","updated":"2025"', '[…ord":"hunter2","updated":"2025"]'),
        ('…ken" content="abcdef"> rest', "…> rest"),
        ('…"abcdef"> rest', "…> rest"),
        ('…pass phrase", rest', "… rest"),
        ('…he said "hello" to', '… said "hello" to'),
        ("…er2 and the rest", "… and the rest"),
        ("… hunter2 and the rest", "… and the rest"),
        ('… "hunter 2" and the rest', "… and the rest"),
        ("…: hunter2 and the rest", "… and the rest"),
        ("…ken: 'hunter 2' and the rest", "… and the rest"),
        ("…11 1111 1111 paid", "… paid"),
        ("…日本語の長い文", "…日本語の長い文"),
        ("sent to bob.smi…", "sent to …"),
        ("paid by 4111 1111 11…", "paid by …"),
        ("…" + "x" * 50 + " rest", "…[" + "x" * 50 + "] rest"),
    ],
)
def test_cut_ends(text: str, expected: str) -> None:
    """Where a value was cut, what may be the rest of a secret goes, with the value of a name that was cut."""
    assert hidden(text) == expected
