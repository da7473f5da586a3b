"""Password hashes: Argon2id for everybody, and those that came along from other mail servers.

A stored form is `<algorithm>$<what the other server stored>`, so that Dovecot's passdb view only
swaps the first word for the scheme. Whoever signs in on the web gets Argon2id from then on.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any, ClassVar

import bcrypt
from django.contrib.auth.hashers import Argon2PasswordHasher, BasePasswordHasher
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from passlib.hash import sha512_crypt

from portal.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.utils.functional import _StrPromise

MAX_STORED = 128  # characters of User.password
BCRYPT_BYTES = 72  # bcrypt reads no more, and crypt(3) of other servers never said so


class HashRefused(InvalidInput):
    """A password hash that cannot be taken over; the message says why."""

    code = "hash_refused"


class Argon2idHasher(Argon2PasswordHasher):
    """Argon2id m=19 MiB, t=2, p=1 (OWASP's second choice); 17 ms, and the string works in Dovecot."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1


class ImportedHasher(BasePasswordHasher):
    """Verifies hashes of other servers and never makes one."""

    def _matches(self, password: bytes, rest: str) -> bool:
        raise NotImplementedError

    def verify(self, password: str, encoded: str) -> bool:
        """Return whether the password belongs to the hash; a broken hash belongs to none.

        A wrong one costs Argon2id's time besides, as an unknown address does: a quick answer would
        tell that this one exists, and Django hardens nothing for another algorithm than its first.
        """
        try:
            is_right = self._matches(password.encode(), encoded.partition("$")[2])
        except ValueError:  # a salt or a cost that the library refuses
            is_right = False
        if not is_right:
            preferred = Argon2idHasher()
            preferred.encode(password, preferred.salt())
        return is_right

    def encode(self, password: str, salt: str) -> str:
        """Refuse: new passwords are Argon2id."""
        raise NotImplementedError

    def decode(self, encoded: str) -> dict[str, Any]:
        """Return what Django asks of every hasher."""
        return {"algorithm": self.algorithm, "hash": encoded.partition("$")[2]}

    def safe_summary(self, encoded: str) -> dict[str | _StrPromise, Any]:  # noqa: ARG002 - Django's signature
        """Return nothing of the hash itself."""
        return {_("algorithm"): self.algorithm}

    def must_update(self, encoded: str) -> bool:  # noqa: ARG002 - Django's signature
        """Always: the next sign-in on the web makes Argon2id of it."""
        return True

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Do nothing: `verify` has taken the time."""


class Sha512CryptHasher(ImportedHasher):
    """crypt(3) `$6$`: Dovecot's SHA512-CRYPT."""

    algorithm = "crypt"

    def _matches(self, password: bytes, rest: str) -> bool:
        return bool(sha512_crypt.verify(password, f"${rest}"))


class BcryptHasher(ImportedHasher):
    """`$2a$`, `$2b$`, `$2y$`: Dovecot's BLF-CRYPT."""

    algorithm = "bcrypt"

    def _matches(self, password: bytes, rest: str) -> bool:
        return bcrypt.checkpw(password[:BCRYPT_BYTES], f"${rest}".encode())


class SaltedHasher(ImportedHasher):
    """base64 of a digest followed by its salt, as LDAP servers keep it."""

    digest: ClassVar[Callable[[bytes], Any]]
    size: ClassVar[int]

    def _matches(self, password: bytes, rest: str) -> bool:
        raw = base64.b64decode(rest)
        return hmac.compare_digest(
            type(self).digest(password + raw[self.size :]).digest(), raw[: self.size]
        )


class SshaHasher(SaltedHasher):
    """SSHA: SHA-1 with salt."""

    algorithm = "ssha"
    digest = staticmethod(hashlib.sha1)
    size = 20


class Ssha256Hasher(SaltedHasher):
    """SSHA256."""

    algorithm = "ssha256"
    digest = staticmethod(hashlib.sha256)
    size = 32


class Ssha512Hasher(SaltedHasher):
    """SSHA512."""

    algorithm = "ssha512"
    digest = staticmethod(hashlib.sha512)
    size = 64


class Pbkdf2Hasher(ImportedHasher):
    """Dovecot's PBKDF2: `$1$salt$rounds$` and 20 bytes in hexadecimal, HMAC-SHA-1."""

    algorithm = "pbkdf2"

    def _matches(self, password: bytes, rest: str) -> bool:
        _one, salt, rounds, digest = rest.split("$")
        made = hashlib.pbkdf2_hmac("sha1", password, salt.encode(), int(rounds), 20)
        return constant_time_compare(made.hex(), digest.lower())


# scheme or beginning → what is stored before it, the shape, and the cost that may be in it. The
# costs are bounded because every sign-in of every door would pay them.
_CRYPT = re.compile(
    r"\$6\$(?:rounds=(?P<rounds>[1-9]\d{3,6})\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{86}\Z"
)
_BCRYPT = re.compile(r"\$2[aby]\$(?P<cost>0[4-9]|[1-3]\d)\$[./0-9A-Za-z]{53}\Z")
_ARGON2 = re.compile(
    r"\$argon2(?:id|i)\$v=19\$m=(?P<memory>\d{1,7}),t=(?P<time>\d{1,3}),p=(?P<lanes>\d{1,2})"
    r"\$[+/0-9A-Za-z]{11,44}\$[+/0-9A-Za-z]{22,86}\Z"
)
_PBKDF2 = re.compile(r"\$1\$[./0-9A-Za-z]{1,32}\$(?P<rounds>[1-9]\d{0,6})\$[0-9a-fA-F]{40}\Z")
_SALTED = {"SSHA": ("ssha", 20), "SSHA256": ("ssha256", 32), "SSHA512": ("ssha512", 64)}
_SCHEME = re.compile(r"\{([A-Za-z0-9-]{1,20})(?:\.b64)?\}")
_NAMES = {
    "SHA512-CRYPT": "$6$",
    "CRYPT": "",
    "BLF-CRYPT": "$2",
    "BCRYPT": "$2",
    "ARGON2": "$argon2",
    "ARGON2ID": "$argon2id$",
    "ARGON2I": "$argon2i$",
    "PBKDF2": "$1$",
}
_COSTS = {"rounds": 2_000_000, "cost": 14, "memory": 262_144, "time": 16, "lanes": 8}


def imported_hash(text: str) -> str:
    """Return the stored form of a hash as another mail server keeps it. Raises HashRefused.

    Takes SHA512-CRYPT, BLF-CRYPT (bcrypt), ARGON2ID, ARGON2I, SSHA, SSHA256, SSHA512 and PBKDF2,
    with Dovecot's `{SCHEME}` before it or without where the hash itself says what it is.
    """
    text = text.strip()
    named = _SCHEME.match(text)
    scheme = named[1].upper() if named else ""
    bare = text[named.end() :] if named else text
    if scheme in _SALTED:
        return _fitting(_salted(scheme, bare))
    if named and scheme not in _NAMES:
        raise HashRefused(
            _(
                "This kind of password hash cannot be taken over. Leave the cell empty: the person "
                "then chooses a password by a link."
            ),
            detail=scheme,
        )
    if named and not bare.startswith(_NAMES[scheme]):
        raise HashRefused(_("The hash does not have the form that its name in braces says."))
    for shape, algorithm in ((_CRYPT, "crypt"), (_BCRYPT, "bcrypt"), (_ARGON2, "argon2")):
        if found := shape.match(bare):
            return _fitting(f"{algorithm}{_affordable(found, bare)}")
    if scheme == "PBKDF2" and (found := _PBKDF2.match(bare)):
        return _fitting(f"pbkdf2{_affordable(found, bare)}")
    raise HashRefused(
        _(
            "This is no password hash that is known here. Passwords themselves are never imported: "
            "leave the cell empty, and the person chooses one by a link."
        )
    )


def _salted(scheme: str, bare: str) -> str:
    algorithm, size = _SALTED[scheme]
    try:
        raw = base64.b64decode(bare, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not size < len(raw) <= size + 32:
        raise HashRefused(_("The hash does not have the form that its name in braces says."))
    return f"{algorithm}${bare}"


def _affordable(found: re.Match[str], bare: str) -> str:
    if any(int(value) > _COSTS[name] for name, value in found.groupdict().items() if value):
        raise HashRefused(
            _(
                "This hash is so expensive to check that every sign-in would be slow. Leave the "
                "cell empty: the person then chooses a password by a link."
            )
        )
    return bare


def _fitting(stored: str) -> str:
    if len(stored) > MAX_STORED:
        raise HashRefused(_("The hash is too long: at most 120 characters."))
    return stored
