"""Small mail clients of the wire tests: raw SMTP lines, folders, files the partner kept."""

from __future__ import annotations

import base64
import imaplib
import re
import smtplib
import socket
from email import message_from_bytes
from email.message import EmailMessage, Message
from typing import TYPE_CHECKING

from portal.mailtoken import mint
from tests.conftest import until

if TYPE_CHECKING:
    from portal.config import Stack
    from tests.world import Person


def send_from_outside(
    stack: Stack, to: str, message: EmailMessage | bytes, *, sender: str = "an@partner.test"
) -> None:
    """Hand a message to our MX from the partner's address, as the partner's server would."""
    with smtplib.SMTP(
        stack.box_address(1), 25, local_hostname="mx.partner.test", timeout=20,
        source_address=(stack.box_address(25), 0),
    ) as client:  # fmt: skip
        data = message if isinstance(message, bytes) else message.as_bytes()
        client.sendmail(sender, [to], data)


def ask_recipient(stack: Stack, to: str, *, size: int = 0) -> tuple[int, str]:
    """Return our MX's answer to one RCPT TO, from outside."""
    with smtplib.SMTP(
        stack.box_address(1), 25, local_hostname="mx.partner.test", timeout=20,
        source_address=(stack.box_address(25), 0),
    ) as client:  # fmt: skip
        client.ehlo()
        client.mail("an@partner.test", [f"size={size}"] if size else [])
        code, text = client.rcpt(to)
        return code, text.decode()


def submission(stack: Stack, person: Person) -> smtplib.SMTP:
    """Return a submission session of a person, signed in by password."""
    client = smtplib.SMTP(stack.listen, stack.mail_port("submission"), timeout=20)
    plain = base64.b64encode(f"\0{person.address}\0{person.password}".encode()).decode()
    client.ehlo()
    code, text = client.docmd("AUTH", f"PLAIN {plain}")
    if code != 235:
        client.close()
        raise smtplib.SMTPAuthenticationError(code, text)
    return client


def upload(stack: Stack, person: Person, script: str) -> None:
    """Make `script` the person's rules, as a mail program does (RFC 5804)."""
    plain = base64.b64encode(f"\0{person.address}\0{person.password}".encode())
    content = script.encode()
    address = ("127.0.0.1", stack.mail_port("managesieve"))
    with socket.create_connection(address, timeout=5) as line, line.makefile("rb") as said:
        for words in (
            b"",
            b'AUTHENTICATE "PLAIN" "%s"' % plain,
            b'PUTSCRIPT "mine" {%d+}\r\n%s' % (len(content), content),
            b'SETACTIVE "mine"',
        ):
            if words:
                line.sendall(words + b"\r\n")
            answer = until(said.readline)
            while not answer.startswith((b"OK", b"NO", b"BYE")):
                answer = said.readline()
            assert answer.startswith(b"OK"), answer


def token_submission(stack: Stack, address: str, mechanism: str = "XOAUTH2") -> tuple[int, str]:
    """Try to sign in at submission with a token; return the reply."""
    client = smtplib.SMTP(stack.listen, stack.mail_port("submission"), timeout=20)
    try:
        client.ehlo()
        code, text = client.docmd(f"AUTH {mechanism} {bearer(address, mechanism)}")
        if code == 334:  # the error in words; RFC 7628 section 3.2.3 wants an empty answer
            code, text = client.docmd("AQ==")
        return code, text.decode()
    finally:
        client.close()


def bearer(address: str, mechanism: str = "XOAUTH2", token: str = "") -> str:
    """Return the initial response of a bearer mechanism, in base64."""
    token = token or mint(address)
    text = (
        f"user={address}\x01auth=Bearer {token}\x01\x01"
        if mechanism == "XOAUTH2"
        else f"n,a={address},\x01host=localhost\x01port=0\x01auth=Bearer {token}\x01\x01"
    )
    return base64.b64encode(text.encode()).decode()


def messages(client: imaplib.IMAP4, folder: str = "INBOX") -> list[Message]:
    """Return the messages of a folder, oldest first."""
    client.select(folder, readonly=True)
    found: list[Message] = []
    for number in client.search(None, "ALL")[1][0].split():
        part = client.fetch(number.decode(), "(BODY.PEEK[])")[1][0]
        assert isinstance(part, tuple)
        found.append(message_from_bytes(part[1]))
    return found


def kept_by_partner(stack: Stack, address: str, needle: str) -> bytes:
    """Return a message the partner keeps that contains `needle`, empty when there is none yet."""
    for path in (stack.data / "outside" / address).glob("*.eml"):
        data = path.read_bytes()
        if needle.encode() in data:
            return data
    return b""


def link_in(content: bytes) -> str:
    """Return the path of the link in a letter that asks for consent to forwarding."""
    body = message_from_bytes(content).get_payload(decode=True)
    found = re.search(r"(/forwarding/[\w-]{43}/)", body.decode() if isinstance(body, bytes) else "")
    assert found
    return found.group(1)


class RawSmtp:
    """An SMTP session that sends exactly the bytes it is told to."""

    def __init__(self, address: str, port: int, source: str = "") -> None:
        self._socket = socket.create_connection(
            (address, port), timeout=20, source_address=(source, 0) if source else None
        )
        self._file = self._socket.makefile("rb")
        self.reply()

    def reply(self) -> str:
        """Return the last line of the next reply; empty when the server closed the line."""
        while True:
            line = self._file.readline().decode()
            if not line or line[3:4] != "-":
                return line.strip()

    def say(self, line: str) -> str:
        """Send one command and return its reply."""
        self._socket.sendall(line.encode() + b"\r\n")
        return self.reply()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()


def sign_in(client: smtplib.SMTP, address: str, password: str) -> None:
    """Sign in by password as a mail program does. Raises SMTPAuthenticationError."""
    client.ehlo()
    words = base64.b64encode(f"\0{address}\0{password}".encode()).decode()
    code, text = client.docmd("AUTH", f"PLAIN {words}")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, text)
