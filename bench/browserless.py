"""A signed-in web client without a browser: what the server alone takes."""

from __future__ import annotations

import http.client
import re
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from portal.config import stack


class Client:
    """One kept connection with cookies."""

    def __init__(self) -> None:
        parts = urlsplit(stack().url)
        self._connection = http.client.HTTPConnection(
            parts.hostname or "localhost", parts.port, timeout=60
        )
        self._cookies: dict[str, str] = {}
        self.headers: dict[str, str] = {}

    def ask(
        self, method: str, path: str, body: dict[str, str] | None = None, **more: str
    ) -> tuple[int, bytes]:
        """Return status and body; redirects are not followed, their target is in `headers`."""
        headers = {**self.cookie_header(), "Referer": stack().url + path}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        data = None
        if body is not None:
            data = urlencode(body)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            self._connection.request(method, path, data, headers)
            answer = self._connection.getresponse()
        except http.client.RemoteDisconnected:
            # The server closes a kept connection that was idle for long, or asked very often.
            self._connection.request(method, path, data, headers)
            answer = self._connection.getresponse()
        content = answer.read()
        for value in answer.headers.get_all("Set-Cookie") or []:
            self._cookies |= {k: m.value for k, m in SimpleCookie(value).items()}
        self.headers = {k.lower(): v for k, v in answer.headers.items()}
        return answer.status, content

    def cookie_header(self) -> dict[str, str]:
        """Return the header that another connection of this client sends."""
        return {"Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items())}

    def page(self, path: str) -> bytes:
        """Return a page that must be 200; follows redirects."""
        for _ in range(5):
            status, content = self.ask("GET", path)
            if status in (301, 302):
                path = self.headers["location"]
                continue
            if status != 200:
                raise RuntimeError(f"{path}: {status}")
            return content
        raise RuntimeError(f"{path}: too many redirects")

    def token(self, page: bytes) -> str:
        """Return the form token of a page."""
        found = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        if found is None:
            raise RuntimeError("no form token")
        return found.group(1).decode()

    def sign_in(self, address: str, password: str) -> None:
        """Sign in through the form."""
        page = self.page("/accounts/login/")
        status, _ = self.ask(
            "POST",
            "/accounts/login/",
            {"login": address, "password": password, "csrfmiddlewaretoken": self.token(page)},
        )
        if status != 302:
            raise RuntimeError(f"sign-in answered {status}")
