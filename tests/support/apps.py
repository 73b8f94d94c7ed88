"""A small shop that lets its users in: a form with a token, a login, a page behind it, and a second form.

Each app has session ids and tokens of its own and takes no others. Of two apps with the same pages one can be
legacy and one the target.
"""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs

from support.peers import Request, Script, answering, response

HTML = "Content-Type: text/html; charset=utf-8"
FORM = (
    '<!doctype html><title>{title}</title><form method="post">'
    '<input type="hidden" name="csrf_token" value="{token}"><input name="{field}"></form>'
)


class App:
    """One side. Tokens of a form are masked anew on each page and belong to the session, as in Rails."""

    def __init__(self) -> None:
        self._sessions: dict[str, str] = {}  # session id → user, empty before the login
        self._tokens: dict[str, str] = {}  # token → session id

    @property
    def script(self) -> Script:
        return answering(self._answer)

    def _answer(self, request: Request) -> bytes:
        session = next((c.partition("=")[2] for c in request.all("cookie") if c.startswith("session=")), "")
        if request.target == "/login":
            return self._login(request) if request.method == "POST" else self._welcome(session)
        user = self._sessions.get(session)
        if not user:
            return response(b"", "302 Found", "Location: /login")
        if request.method == "POST":
            return self._order(request, session, user)
        form = FORM.format(title="Shop", token=self._token(session), field="item")
        return response(f"{form}<p>Hello, {user}!</p>".encode(), "200 OK", HTML)

    def _welcome(self, session: str) -> bytes:
        fields = [HTML]
        if session not in self._sessions:
            session = secrets.token_hex(16)
            self._sessions[session] = ""
            fields.append(f"Set-Cookie: session={session}; Path=/; HttpOnly")
        page = FORM.format(title="Login", token=self._token(session), field="user")
        return response(page.encode(), "200 OK", *fields)

    def _token(self, session: str) -> str:
        token = secrets.token_urlsafe(24) + "/+="
        self._tokens[token] = session
        return token

    def _form(self, request: Request) -> dict[str, str]:
        """Its fields, if its token is one of its session."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        session = next((c.partition("=")[2] for c in request.all("cookie") if c.startswith("session=")), "")
        return form if session and self._tokens.get(form.get("csrf_token", "")) == session else {}

    def _login(self, request: Request) -> bytes:
        form = self._form(request)
        if not form:
            return response(b"no token", "403 Forbidden", "Content-Type: text/plain")
        session = secrets.token_hex(16)  # a new one, so that nobody can prepare it
        self._sessions[session] = form["user"]
        return response(
            b"", "302 Found", "Location: /shop", f"Set-Cookie: session={session}; Path=/; HttpOnly"
        )

    def _order(self, request: Request, session: str, user: str) -> bytes:
        form = self._form(request)
        if not form:
            return response(b"no token", "403 Forbidden", "Content-Type: text/plain")
        return response(f"{user} has ordered {form['item']}".encode(), "200 OK", "Content-Type: text/plain")
