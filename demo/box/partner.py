"""The partner company: its mail server answers, defers, refuses or cuts by the recipient's name."""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
import re
import signal
import smtplib
import socket
import sys
import threading
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dns.exception
import dns.resolver
from aiosmtpd.smtp import SMTP

from demo.box.pictures import Pictures

if TYPE_CHECKING:
    from aiosmtpd.smtp import Envelope, Session

DOMAIN = "partner.test"
HOST = f"mx.{DOMAIN}"


class Partner:
    """Handler of one running server. Sends echoes from its own address, found by MX like anybody."""

    def __init__(self, address: str, resolver: str, store: Path) -> None:
        self.address, self.store = address, store
        self.resolver = dns.resolver.Resolver(configure=False)
        self.resolver.nameservers = [resolver]
        self.resolver.lifetime = 3

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer one RCPT TO."""
        localpart, _, domain = address.lower().rpartition("@")
        if domain != DOMAIN:
            return "550 5.7.1 Relaying denied"
        if localpart == "no":
            return "550 5.1.1 <no@partner.test>: Recipient address rejected: no such person here"
        if localpart == "slow":
            return "451 4.7.1 <slow@partner.test>: Please try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep the message, answer echo@, or cut the line for cut@ after having kept it."""
        content = envelope.content
        body = content.encode() if isinstance(content, str) else content or b""
        recipients = [address.lower() for address in envelope.rcpt_tos]
        for address in recipients:
            await asyncio.to_thread(self._keep, address, body)
        if f"cut@{DOMAIN}" in recipients and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
            return "250 never seen"
        if f"echo@{DOMAIN}" in recipients and envelope.mail_from:
            sender = envelope.mail_from
            threading.Thread(target=self._echo, args=(sender, body), daemon=True).start()
        return "250 2.0.0 Ok: kept"

    def _keep(self, address: str, body: bytes) -> None:
        folder = self.store / re.sub(r"[^a-z0-9.@_+-]", "_", address)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{make_msgid(domain='x')[1:-3]}"
        fresh = folder / f".{name}"
        fresh.write_bytes(body)
        fresh.rename(folder / f"{name}.eml")

    def _echo(self, to: str, body: bytes) -> None:
        reply = _reply(to, body)
        try:
            self._send(f"echo@{DOMAIN}", to, reply)
        except (OSError, smtplib.SMTPException, dns.exception.DNSException) as error:
            print(f"echo to {to} failed: {error}", file=sys.stderr, flush=True)  # noqa: T201

    def _send(self, sender: str, to: str, message: EmailMessage) -> None:
        answers = self.resolver.resolve(to.rpartition("@")[2], "MX")
        best = min(answers, key=lambda one: one.preference)
        host = str(self.resolver.resolve(best.exchange, "A")[0])
        with smtplib.SMTP(
            host, 25, local_hostname=HOST, timeout=20, source_address=(self.address, 0)
        ) as connection:
            connection.send_message(message, sender, [to])


def _reply(to: str, body: bytes) -> EmailMessage:
    from email import message_from_bytes
    from email.policy import default

    original: Any = message_from_bytes(body, policy=default)
    subject = str(original["Subject"] or "")
    reply = EmailMessage()
    reply["From"] = f"Echo <echo@{DOMAIN}>"
    reply["To"] = to
    reply["Subject"] = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    reply["Date"] = formatdate()
    reply["Message-ID"] = make_msgid(domain=DOMAIN)
    if original["Message-ID"]:
        reply["In-Reply-To"] = original["Message-ID"]
        reply["References"] = original["Message-ID"]
    part = original.get_body(("plain",)) if original.is_multipart() else original
    text = (
        part.get_content() if part is not None and part.get_content_type() == "text/plain" else ""
    )
    quoted = "\n".join(f"> {line}" for line in text.splitlines()[:200])
    reply.set_content(f"This is the echo of {DOMAIN}. You wrote:\n\n{quoted}\n")
    return reply


async def _serve(address: str, resolver: str, store: Path, web_address: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    listener, web_listener = _bound(address, 25), _bound(web_address, 80)
    _become("hopthu")
    partner = Partner(address, resolver, store)
    server = await loop.create_server(
        lambda: SMTP(
            partner,
            hostname=HOST,
            ident="ESMTP partner",
            loop=loop,
            data_size_limit=64 * 1024 * 1024,
        ),
        sock=listener,
    )
    web = await Pictures(store).serve(web_listener)
    async with server, web:
        await stop.wait()


def _bound(address: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    return listener


def _become(name: str) -> None:
    """Give root up once the port below 1024 is ours."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(grp.getgrnam(name).gr_gid)
        os.setuid(pwd.getpwnam(name).pw_uid)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4]))
