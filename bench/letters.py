"""Real mail on a stack that has just become ready: a letter to a colleague, one that is answered."""

from __future__ import annotations

import http.cookiejar
import imaplib
import json
import re
import smtplib
import ssl
import time
import urllib.parse
import urllib.request
from email.message import EmailMessage
from typing import TYPE_CHECKING
from uuid import uuid4

from bench.figures import Figure

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_SECONDS = 60


def try_mail(data: Path) -> list[Figure]:
    """Submit with a password over TLS, read over IMAP, and sign in; raise when one of it fails."""
    ends = json.loads((data / "endpoints.json").read_text())
    people = {row["email"]: row["password"] for row in json.loads((data / "demo.json").read_text())}
    sender, reader = "binh@haivan.test", "chi@haivan.test"
    tls = ssl.create_default_context(cafile=str(data / "ca.pem"))

    def send(recipient: str) -> str:
        subject = f"bench {uuid4().hex}"
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = sender, recipient, subject
        letter.set_content("Xin chào từ phép đo.\n")
        with smtplib.SMTP("localhost", ends["submission"][1], timeout=60) as client:
            client.starttls(context=tls)
            client.login(sender, people[sender])
            client.send_message(letter)
        return subject

    def arrives(mailbox: str, subject: str) -> float:
        with imaplib.IMAP4_SSL(
            "localhost", ends["imaps"][1], ssl_context=tls, timeout=60
        ) as client:
            client.login(mailbox, people[mailbox])
            client.select("INBOX")
            begun = time.monotonic()
            while not client.uid("SEARCH", "SUBJECT", f'"{subject}"')[1][0]:
                if time.monotonic() - begun > PATIENCE_SECONDS:
                    raise RuntimeError(f"{subject} did not reach {mailbox}")
                time.sleep(0.02)
                client.noop()
            return time.monotonic()

    begun = time.monotonic()
    delivered = arrives(reader, send(reader)) - begun
    begun = time.monotonic()
    answered = arrives(sender, send("echo@partner.test")) - begun
    begun = time.monotonic()
    _sign_in(ends["web"], sender, people[sender])
    return [
        Figure("letter_sent_and_read", round(delivered * 1000), "ms"),
        Figure("partner_answers", round(answered * 1000), "ms"),
        Figure("web_sign_in", round((time.monotonic() - begun) * 1000), "ms"),
    ]


def _sign_in(web: str, address: str, password: str) -> None:
    """Sign in by form and see the inbox."""
    opener = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    page = opener.open(f"{web}/accounts/login/", timeout=60).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    form = {
        "login": address,
        "password": password,
        "csrfmiddlewaretoken": token[1] if token else "",
    }
    asked = urllib.request.Request(
        f"{web}/accounts/login/",
        urllib.parse.urlencode(form).encode(),
        {"Referer": f"{web}/accounts/login/"},
    )
    opener.open(asked, timeout=60).read()
    with opener.open(f"{web}/mail/", timeout=60) as inbox:
        if "/f/" not in inbox.geturl():
            raise RuntimeError(f"no inbox after sign-in, but {inbox.geturl()}")
