"""Mints the short-lived token that signs webmail and outbox in to Dovecot as one mailbox."""

from __future__ import annotations

import time

import jwt

from portal.config import stack

LIFETIME_SECONDS = 90


def mint(address: str) -> str:
    """Return a JWT (HS256) for OAUTHBEARER as `address`; iat and nbf are back-dated by 5 s.

    Dovecot 2.3 refuses a token issued in its future, hence the back-dating. The key serves
    nothing but this, because `aud` is not checked there.
    """
    now = int(time.time())
    claims = {
        "iss": "hopthu",
        "sub": address,
        "scope": "mail",
        "iat": now - 5,
        "nbf": now - 5,
        "exp": now + LIFETIME_SECONDS,
    }
    return jwt.encode(claims, bytes.fromhex(stack().secret("mail_token_key")), algorithm="HS256")
