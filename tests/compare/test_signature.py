"""Signatures of differences."""

from __future__ import annotations

import pytest

from shadow.compare.signature import generalise


@pytest.mark.parametrize(
    ("path", "signature"),
    [
        ("json:$.items[3].price", "json:$.items[*].price"),
        ("json:$[0][12]", "json:$[*][*]"),
        ('json:$["a[3]"].b[4]', 'json:$["a[3]"].b[*]'),
        ('json:$["say \\"[1]\\""][2]', 'json:$["say \\"[1]\\""][*]'),
        ("json:$", "json:$"),
        ("text:12", "text"),
        ("text", "text"),
        ("header:x-rate[1]", "header:x-rate[1]"),
        ("cookie:sid;secure", "cookie:sid;secure"),
        ("status", "status"),
        ("body", "body"),
    ],
)
def test_generalise(path: str, signature: str) -> None:
    """Indexes and line numbers vary from answer to answer; names do not."""
    assert generalise(path) == signature
    assert generalise(signature) == signature
