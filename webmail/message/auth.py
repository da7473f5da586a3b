"""Who really sent it: what our own server found about SPF, DKIM and DMARC (RFC 8601)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from webmail.message.address import one_line, to_text
from webmail.message.headers import Headers

_COMMENT = re.compile(r"\([^()]{0,500}\)")
_METHOD = re.compile(
    r"\A\s*(spf|dkim|dmarc|arc)\s*(?:/\s*\d+)?\s*=\s*([a-z]{3,12})\b", re.IGNORECASE
)
_PROPERTY = re.compile(
    r"\b(smtp\.mailfrom|smtp\.helo|header\.d|header\.i|header\.s|header\.from)\s*=\s*\"?([^\s;\"]+)",
    re.IGNORECASE,
)
_GOOD = frozenset(("pass",))
_BAD = frozenset(("fail", "hardfail", "permerror", "reject"))


@dataclass(frozen=True, slots=True)
class Check:
    """One method's result. `domain` is what it speaks about; empty when it does not say."""

    method: str  # spf, dkim, dmarc
    result: str  # pass, fail, softfail, none, neutral, temperror, permerror, …
    domain: str

    @property
    def title(self) -> str:
        """The method and its result: SPF pass."""
        return f"{self.method.upper()} {self.result}"

    @property
    def is_good(self) -> bool:
        """Whether it passed."""
        return self.result in _GOOD

    @property
    def is_bad(self) -> bool:
        """Whether it failed; doubt is neither good nor bad."""
        return self.result in _BAD


@dataclass(frozen=True, slots=True)
class Authentication:
    """All checks our server made. `verdict` is verified, failed, unverified or unknown."""

    checks: tuple[Check, ...]
    verdict: str
    domain: str  # the domain that proved it sent the message; empty when none did


UNKNOWN = Authentication((), "unknown", "")


def read_authentication(headers: Headers, server_id: str, from_domain: str) -> Authentication:
    """Return what the topmost field of our own server says. Fields of others prove nothing.

    `server_id` is our authserv-id, `from_domain` the domain of the shown sender.
    """
    for raw in headers.all("authentication-results"):
        checks = _checks(to_text(raw[:20_000]), server_id)
        if checks is not None:
            return _judged(checks, from_domain)
    return UNKNOWN


def _checks(text: str, server_id: str) -> tuple[Check, ...] | None:
    """Return the checks of one field, None when another server wrote it."""
    pieces = _COMMENT.sub(" ", one_line(text)).split(";")
    if pieces[0].split()[:1] != [server_id]:
        return None
    found: dict[str, Check] = {}
    for piece in pieces[1:40]:
        method = _METHOD.match(piece)
        if not method:
            continue
        name, result = method[1].lower(), method[2].lower()
        if name == "arc" or (name in found and not (result == "pass" and not found[name].is_good)):
            continue
        said = {key.lower(): value for key, value in _PROPERTY.findall(piece)}
        wanted = {
            "spf": ("smtp.mailfrom", "smtp.helo"),
            "dkim": ("header.d", "header.i"),
            "dmarc": ("header.from",),
        }[name]
        value = next((said[key] for key in wanted if key in said), "")
        found[name] = Check(name, result, value.rpartition("@")[2].lower()[:253])
    order = ("spf", "dkim", "dmarc")
    return tuple(found[name] for name in order if name in found)


def _judged(checks: tuple[Check, ...], from_domain: str) -> Authentication:
    by_method = {check.method: check for check in checks}
    dmarc = by_method.get("dmarc")
    if dmarc is not None and dmarc.is_good:
        return Authentication(checks, "verified", dmarc.domain or from_domain)
    if dmarc is not None and dmarc.is_bad:
        return Authentication(checks, "failed", "")
    for method in ("dkim", "spf"):
        check = by_method.get(method)
        if check is not None and check.is_good and _aligned(check.domain, from_domain):
            return Authentication(checks, "verified", check.domain)
    if any(check.is_bad for check in checks):
        return Authentication(checks, "failed", "")
    return Authentication(checks, "unverified", "")


def _aligned(domain: str, from_domain: str) -> bool:
    if not domain or not from_domain:
        return False
    return (
        domain == from_domain
        or from_domain.endswith(f".{domain}")
        or domain.endswith(f".{from_domain}")
    )
