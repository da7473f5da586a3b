"""The servers a mail program has to know, independent of any program's format."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Protocol(StrEnum):
    """What a server speaks."""

    IMAP = "imap"
    POP3 = "pop3"
    SMTP = "smtp"


class Cover(StrEnum):
    """How the connection is encrypted; there is no other way in."""

    TLS = "SSL"  # from the first byte
    STARTTLS = "STARTTLS"


@dataclass(frozen=True, slots=True)
class MailServer:
    """One way in or out. `name` is its port's name in the settings."""

    protocol: Protocol
    name: str
    host: str
    port: int
    cover: Cover


@dataclass(frozen=True, slots=True)
class Account:
    """What one domain's people type into their program."""

    domain_name: str  # A-labels
    brand: str
    site: str  # address of the portal, without trailing slash
    servers: tuple[MailServer, ...]
    login_domain: str = ""  # the domain mailboxes sign in with, where it is another one

    @property
    def login_host(self) -> str:
        """The domain part of sign-in names."""
        return self.login_domain or self.domain_name

    def first(self, protocol: Protocol) -> MailServer:
        """Return the server to prefer for a protocol."""
        return next(server for server in self.servers if server.protocol is protocol)


def mail_servers(host: str, port_of: Callable[[str], int]) -> tuple[MailServer, ...]:
    """Return every way in and out, the best of each protocol first (RFC 8314 section 3.3)."""
    return tuple(
        MailServer(protocol, name, host, port_of(name), cover)
        for protocol, name, cover in (
            (Protocol.IMAP, "imaps", Cover.TLS),
            (Protocol.IMAP, "imap", Cover.STARTTLS),
            (Protocol.POP3, "pop3s", Cover.TLS),
            (Protocol.SMTP, "submissions", Cover.TLS),
            (Protocol.SMTP, "submission", Cover.STARTTLS),
        )
    )
