"""Password hashes of other servers: taken over, verified, turned into Argon2id at the next sign-in."""

from __future__ import annotations

import subprocess

import pytest
from django.contrib.auth.hashers import check_password, identify_hasher

from accounts.hashers import Argon2idHasher, HashRefused, imported_hash
from accounts.models import User
from tests.world import World

WORD = "cầu rồng 9"
SCHEMES = (
    "SHA512-CRYPT",
    "BLF-CRYPT",
    "ARGON2ID",
    "ARGON2I",
    "SSHA",
    "SSHA256",
    "SSHA512",
    "PBKDF2",
)


def dovecot_hash(scheme: str, password: str = WORD) -> str:
    """Return what Dovecot's own tool makes of a password."""
    made = subprocess.run(
        ["doveadm", "pw", "-s", scheme, "-p", password], check=True, capture_output=True, text=True
    )
    return made.stdout.strip()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_hash_made_by_dovecot_verifies_here(scheme: str) -> None:
    stored = imported_hash(dovecot_hash(scheme))
    assert check_password(WORD, stored)
    assert not check_password(f"{WORD} ", stored)
    assert identify_hasher(stored).must_update(stored)


@pytest.mark.parametrize("scheme", ["SHA512-CRYPT", "BLF-CRYPT", "ARGON2ID"])
def test_a_hash_that_names_itself_needs_no_scheme(scheme: str) -> None:
    bare = dovecot_hash(scheme).partition("}")[2]
    assert check_password(WORD, imported_hash(f"  {bare}\n"))


def test_a_password_longer_than_bcrypt_reads_signs_in_as_it_did_before() -> None:
    long = "a" * 72 + "and more"
    assert check_password(long, imported_hash(dovecot_hash("BLF-CRYPT", long)))


def test_the_next_sign_in_turns_it_into_argon2id(world: World) -> None:
    person = world.person().user
    person.password = imported_hash(dovecot_hash("SSHA"))
    person.save(update_fields=["password"])
    assert person.check_password(WORD)
    assert User.objects.get(pk=person.pk).password.startswith(
        "argon2$argon2id$v=19$m=19456,t=2,p=1$"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        "{PLAIN}hunter2",
        "{CRYPT}abJnggxhB/yWI",
        "{SSHA}not base64",
        "{SSHA}c2hvcnQ=",
        "{BLF-CRYPT}$6$salt$" + "a" * 86,
        "$6$" + "s" * 17 + "$" + "a" * 86,
        "$2b$31$" + "a" * 53,
        "$6$rounds=9000000$salt$" + "a" * 86,
        "$6$rounds=500$salt$" + "a" * 86,
        "$6$rounds=05000$salt$" + "a" * 86,
        "$2b$03$" + "a" * 53,
        "$argon2id$v=19$m=4194304,t=3,p=1$" + "a" * 22 + "$" + "b" * 43,
        "{PBKDF2}$1$salt$9999999$" + "0" * 40,
        "{SHA512-CRYPT}$6$salt$" + "a" * 86 + "\n{PLAIN}x",
        "pbkdf2_sha256$600000$salt$aGFzaA==",
        "{SSHA512}" + "A" * 4000,
    ],
)
def test_what_is_no_affordable_hash_is_refused_in_words(text: str) -> None:
    with pytest.raises(HashRefused) as caught:
        imported_hash(text)
    assert "." in str(caught.value.message)


@pytest.mark.parametrize(
    "stored", ["crypt$6$rounds=500$salt$" + "a" * 86, "bcrypt$2b$99$" + "a" * 53, "ssha$x"]
)
def test_a_broken_hash_belongs_to_no_password(stored: str) -> None:
    assert not check_password("anything", stored)


@pytest.mark.parametrize("password", ["wrong", WORD])
def test_only_a_wrong_password_takes_the_time_of_an_unknown_address(
    password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    encode = Argon2idHasher.encode

    def seen(self: Argon2idHasher, password: str, salt: str) -> str:
        taken.append(salt)
        return encode(self, password, salt)

    monkeypatch.setattr(Argon2idHasher, "encode", seen)
    stored = imported_hash(dovecot_hash("SSHA"))
    assert check_password(password, stored) == (password == WORD)
    assert len(taken) == (password != WORD)
