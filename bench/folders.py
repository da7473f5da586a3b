"""Fills folders with thousands of messages, and speaks plain IMAP for the floor of a figure."""

from __future__ import annotations

import socket
from base64 import b64encode
from itertools import islice
from typing import TYPE_CHECKING

from portal.config import stack
from portal.mailtoken import mint

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 500  # messages of one APPEND (RFC 3502)
NEEDLE = "kim chỉ nam"  # the words that one message in a thousand holds
_SUBJECTS = (
    "Báo giá tháng {n}",
    "Re: Hợp đồng số {n}",
    "Meeting notes {n}",
    "Hóa đơn {n}",
    "Lịch giao hàng {n}",
)


class Imap:
    """A connection signed in with a token, doing no more than sockets must."""

    def __init__(self, address: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", stack().mail_port("imap")), 300)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")
        self._file.readline()
        bearer = f"n,a={address},\x01auth=Bearer {mint(address)}\x01\x01"
        self.ask(f"AUTHENTICATE OAUTHBEARER {b64encode(bearer.encode()).decode()}")

    def ask(self, command: str | bytes) -> bytes:
        """Send a command and return the whole answer; anything but OK raises."""
        words = command.encode() if isinstance(command, str) else command
        self._socket.sendall(b"a " + words + b"\r\n")
        answer = []
        while True:
            line = self._file.readline()
            answer.append(line)
            if line.startswith(b"a "):
                break
            if not line:
                raise RuntimeError("the connection ended")
            if line.endswith(b"}\r\n"):
                answer.append(self._file.read(int(line[line.rindex(b"{") + 1 : -3])))
        if not line.startswith(b"a OK"):
            raise RuntimeError(f"{words[:80]!r}: {line.decode(errors='replace').strip()}")
        return b"".join(answer)

    def uids(self, folder: str) -> list[int]:
        """Select a folder and return its UIDs."""
        self.ask(f'SELECT "{folder}"')
        found = self.ask("UID SEARCH RETURN (ALL) ALL")
        spans = found.split(b"ALL ", 1)[1].split(b"\r\n", 1)[0].decode() if b"ALL " in found else ""
        uids: list[int] = []
        for span in filter(None, spans.split(",")):
            first, _colon, last = span.partition(":")
            uids += range(int(first), int(last or first) + 1)
        return uids

    def fill(self, folder: str, count: int) -> None:
        """Make a folder of `count` messages unless it is there."""
        try:
            self.ask(f'CREATE "{folder}"')
        except RuntimeError:
            if len(self.uids(folder)) == count:
                return
            self.ask("CLOSE")
            self.ask(f'DELETE "{folder}"')
            self.ask(f'CREATE "{folder}"')
        letters = _letters(count)
        for _batch in range(0, count, BATCH):
            part = list(islice(letters, BATCH))
            literals = b" ".join(b"{%d+}\r\n%s" % (len(letter), letter) for letter in part)
            self.ask(b'APPEND "%s" ' % folder.encode() + literals)


def _letters(count: int) -> Iterator[bytes]:
    for n in range(1, count + 1):
        words = NEEDLE if n % 1000 == 500 else f"đơn hàng {n}"
        yield (
            f"From: =?utf-8?b?{b64encode(f'Nguyễn Văn {n % 97}'.encode()).decode()}?="
            f" <nv{n % 97}@partner.test>\r\n"
            "To: chi@haivan.test\r\n"
            f"Subject: =?utf-8?b?"
            f"{b64encode(_SUBJECTS[n % len(_SUBJECTS)].format(n=n).encode()).decode()}?=\r\n"
            f"Date: Mon, {1 + n % 28:02} Jun 2026 10:{n % 60:02}:00 +0700\r\n"
            f"Message-ID: <bench-{n}@partner.test>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n\r\n"
            f"Chào chị Chi,\r\nEm gửi chị {words}.\r\n"
        ).encode()


def big_html(kilobytes: int) -> bytes:
    """Return a newsletter whose HTML has that size: nested tables, inline styles, links."""
    row = (
        '<tr><td style="padding:8px 12px;color:#334155;font-family:Arial,sans-serif">'
        '<a href="https://example.com/{n}" style="color:#0f766e">Tin số {n}</a>'
        '<p style="margin:0">Giảm giá cho khách hàng thân thiết &mdash; xem thêm.</p></td></tr>'
    )
    rows, size, n = [], 0, 0
    while size < kilobytes * 1024:
        rows.append(row.format(n=n))
        size += len(rows[-1].encode())
        n += 1
    return (
        "From: tin@partner.test\r\nTo: chi@haivan.test\r\nSubject: 50 KB\r\n"
        "Date: Mon, 01 Jun 2026 10:00:00 +0700\r\nMessage-ID: <bench-html@partner.test>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n<html><body><table>"
        + "\r\n".join(rows)
        + "</table></body></html>\r\n"
    ).encode()
