"""SMTP smuggling: of all ways to spell an end of data only CR LF . CR LF is one."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.conftest import until
from tests.wire.mail import RawSmtp, messages

if TYPE_CHECKING:
    import imaplib
    from collections.abc import Callable

    from portal.config import Stack
    from tests.world import Person, World

pytestmark = pytest.mark.wire

SPELLINGS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\n.\r",
    b"\r.\n",
    b"\r\n\x00.\r\n",
]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=[repr(s) for s in SPELLINGS])
@pytest.mark.parametrize("door", ["from outside", "from the loopback"])
def test_no_second_message_hides_in_the_first(
    stack: Stack,
    live: World,
    imap: Callable[[Person], imaplib.IMAP4_SSL],
    spelling: bytes,
    door: str,
) -> None:
    person = live.person()
    session = (
        RawSmtp(stack.box_address(1), 25, stack.box_address(25))
        if door == "from outside"
        else RawSmtp(stack.listen, stack.mail_port("smtp"))
    )
    mark = uuid.uuid4().hex
    session.say("EHLO mx.partner.test")
    session.say("MAIL FROM:<an@partner.test>")
    session.say(f"RCPT TO:<{person.address}>")
    session.say("DATA")
    hidden = (
        f"MAIL FROM:<ceo@partner.test>\r\nRCPT TO:<{person.address}>\r\nDATA\r\n"
        f"From: ceo@partner.test\r\nSubject: hidden {mark}\r\n\r\nhidden\r\n.\r\n"
    ).encode()
    session.send(b"From: an@partner.test\r\nSubject: open\r\n\r\nopen" + spelling + hidden)
    answer = session.reply()
    session.close()
    if not answer.startswith("250"):
        return  # refused as a whole: nothing came in
    client = imap(person)
    until(lambda: messages(client) + messages(client, "Junk"), what=f"the open message ({answer})")
    found = messages(client) + messages(client, "Junk")
    assert [str(one["Subject"]) for one in found] == ["open"]
