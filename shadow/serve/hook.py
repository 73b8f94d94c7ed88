"""A web hook: tells a chat when a verdict changes, in Slack's form, which others read too.

At most one message a minute, bounded, and never in anybody's way. A message tells what has changed since the
last one that arrived: so what could not be sent is told by the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp
import structlog

from shadow.report.changes import Earlier, read

_EVERY: Final = 60.0  # seconds between two looks, and so between two messages
_PATIENCE: Final = 10.0  # seconds for one
_SHOWN: Final = 10  # endpoints named in one
_LONGEST: Final = 100  # characters of a name

log = structlog.get_logger()


class Hook:
    """Posts to `url`. `latest` gives the newest report as JSON, None while there is none."""

    def __init__(
        self, url: str, latest: Callable[[], Awaitable[bytes | None]], every: float = _EVERY
    ) -> None:
        self._url = url
        self._latest = latest
        self._every = every
        self._told: Earlier | None = None
        self._failing = False

    async def run(self) -> None:
        """Until cancelled."""
        timeout = aiohttp.ClientTimeout(total=_PATIENCE)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                await asyncio.sleep(self._every)
                await self._look(session)

    async def _look(self, session: aiohttp.ClientSession) -> None:
        made = await self._latest()
        if made is None:
            return
        now = read(made)
        if not now.endpoints:
            return  # nothing is recorded yet, and what comes first is no change
        text = _message(self._told, now) if self._told else ""
        if not text or await self._sent(session, text):
            self._told = now

    async def _sent(self, session: aiohttp.ClientSession, text: str) -> bool:
        """Whether it got there. A failure is logged once, without the URL, which is a secret."""
        try:
            async with session.post(self._url, json={"text": text}, allow_redirects=False) as answer:
                problem = "" if answer.status < 300 else f"status {answer.status}"
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            problem = type(error).__name__
        if bool(problem) != self._failing:
            self._failing = bool(problem)
            log.warning("hook_failed", error=problem) if problem else log.info("hook_works_again")
        return not problem


def _message(before: Earlier, now: Earlier) -> str:
    """What is other than it was; empty where nothing is."""
    verdicts = {each.endpoint: each.verdict for each in before.endpoints}
    changed = [
        f"• `{_plain(each.endpoint)}`: {verdicts.get(each.endpoint, 'new')} → {each.verdict}"
        for each in now.endpoints
        if verdicts.get(each.endpoint) is not each.verdict
    ]
    if before.verdict is now.verdict and not changed:
        return ""
    more = [f"… and {len(changed) - _SHOWN} more"] if len(changed) > _SHOWN else []
    was = f" (was {before.verdict})" if before.verdict is not now.verdict else ""
    return "\n".join([f"Shadow: {now.verdict}{was}", *changed[:_SHOWN], *more])


def _plain(text: str) -> str:
    """A name in which nothing is markup: neither of Slack's `<!channel>` nor the end of a code span."""
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    shown = "".join(char if char.isprintable() else "�" for char in shown).replace("`", "'")
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
