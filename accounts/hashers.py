"""The one password hash: Argon2id with figures that Dovecot verifies fast enough."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2idHasher(Argon2PasswordHasher):
    """Argon2id m=19 MiB, t=2, p=1 (OWASP's second choice); 17 ms, and the string works in Dovecot."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
