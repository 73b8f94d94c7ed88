"""A real browser, and pages in it that are watched: whatever they complain of or ask for is a failure."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""

_WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", (e) => violations.push(`${e.violatedDirective} ${e.blockedURI}`));
"""


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser without a window; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pip: playwright")
    if not CHROMIUM:
        pytest.skip("apt: chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Watched:
    """Opens pages, and at the end says what was wrong with any of them."""

    def __init__(self, browser: Any, folder: Path) -> None:
        self._browser = browser
        self._folder = folder
        self._contexts: list[Any] = []
        self._pages: list[Any] = []
        self.complaints: list[str] = []
        self.asked: list[str] = []

    def file(self, page: str, hash: str = "", **options: Any) -> Any:  # noqa: A002  as in a URL
        """Open a page from a file, at a place in it."""
        path = self._folder / f"report-{len(self._pages)}.html"
        path.write_text(page, encoding="utf-8", newline="")
        opened = self.open(f"{path.as_uri()}{hash}", **options)
        assert self.asked.pop() == path.as_uri()
        return opened

    def open(self, url: str, **options: Any) -> Any:
        """Open a page in a context of its own; `options` are the context's."""
        options.setdefault("viewport", {"width": 1280, "height": 800})
        context = self._browser.new_context(**options)
        context.set_default_timeout(20_000)
        page = context.new_page()
        self._contexts.append(context)
        self._pages.append(page)
        page.add_init_script(_WATCH)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.on("request", lambda request: self.asked.append(request.url.partition("#")[0]))
        page.goto(url)
        return page

    def close(self) -> None:
        """Close all, and fail for whatever was wrong."""
        for page in self._pages:
            try:
                self.complaints += page.evaluate("window.violations ?? []")
            finally:
                page.context.close()
        assert self.complaints == []
        assert self.asked == [], "a request left the page"
