"""Signs that a message is not what it seems: written in another's name, links that lead elsewhere."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

from webmail.message.address import Address

MAX_LINKS = 400
_ANCHOR = re.compile(
    r'<a (?:[a-z-]+="[^"]*" )*?href="([^"]{1,8000})"[^>]*>(.{0,2000}?)</a>', re.DOTALL
)
_TAG = re.compile(r"<[^>]*>")
_HOST_IN_TEXT = re.compile(
    r"\A\s*(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,24})(?:[/?#:][^\s]*)?\s*\Z", re.IGNORECASE
)
_ADDRESS_IN_NAME = re.compile(r"[\w.+-]+@((?:[\w-]+\.)+[a-z]{2,24})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LinkMismatch:
    """A link whose words name one host and whose target is another."""

    shown: str
    target: str


def name_claims_other_address(sender: Address) -> str:
    """Return the address written as the sender's name when its domain is another; else empty."""
    claimed = _ADDRESS_IN_NAME.search(sender.name)
    if claimed and sender.domain and not _related(claimed[1].lower(), sender.domain):
        return claimed[0]
    return ""


def reply_goes_elsewhere(sender: Address, reply_to: tuple[Address, ...]) -> str:
    """Return the first Reply-To address at a foreign domain; empty when replies go home."""
    for address in reply_to:
        if address.domain and sender.domain and not _related(address.domain, sender.domain):
            return address.email
    return ""


def looks_like_other_letters(domain: str) -> bool:
    """Say whether a domain mixes scripts in a label, as look-alikes do (punycode read first)."""
    try:
        shown = domain.encode("ascii").decode("idna") if "xn--" in domain else domain
    except UnicodeError:
        return True
    for label in shown.split("."):
        scripts = {unicodedata.name(c, "?").split()[0] for c in label if c.isalpha()}
        if len(scripts) > 1:
            return True
    return False


def misleading_links(markup: str) -> tuple[LinkMismatch, ...]:
    """Return the links of washed markup whose words are a host name other than their target's."""
    found: list[LinkMismatch] = []
    for count, anchor in enumerate(_ANCHOR.finditer(markup)):
        if count >= MAX_LINKS or len(found) >= 3:
            break
        shown = _HOST_IN_TEXT.match(unescape(_TAG.sub("", anchor[2])))
        target = _host(unescape(anchor[1]))
        if shown and target and not _related(shown[1].lower(), target):
            found.append(LinkMismatch(shown[1].lower(), target))
    return tuple(found)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _related(one: str, other: str) -> bool:
    """Say whether two names belong together: equal, one below the other, or the same owner's part."""
    one, other = one.removeprefix("www."), other.removeprefix("www.")
    if one == other or one.endswith(f".{other}") or other.endswith(f".{one}"):
        return True
    return _owner(one) == _owner(other)


def _owner(host: str) -> str:
    labels = host.split(".")
    size = 3 if len(labels) > 2 and len(labels[-2]) <= 3 and len(labels[-1]) == 2 else 2
    return ".".join(labels[-size:])
