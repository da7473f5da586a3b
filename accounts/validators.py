"""Rules for passwords beyond length and lists: what a keyboard, IMAP and SMTP can all carry."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

MAX_LENGTH = 256


class PrintableValidator:
    """Refuses control characters and absurd lengths.

    NUL, CR and LF end an IMAP or SASL argument, so such a password could never sign in there.
    """

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:  # noqa: ARG002 - Django's signature
        """Raise ValidationError when the password cannot travel over every protocol."""
        if any(unicodedata.category(character) in {"Cc", "Cs", "Cn"} for character in password):
            raise ValidationError(
                _("The password contains a control character, such as a line break."),
                code="password_unprintable",
            )
        if len(password) > MAX_LENGTH:
            raise ValidationError(
                _("The password is longer than %(max)d characters.") % {"max": MAX_LENGTH},
                code="password_too_long",
            )
        if password != password.strip():
            raise ValidationError(
                _("The password begins or ends with a space, which many programs cut off."),
                code="password_outer_space",
            )

    def get_help_text(self) -> str:
        """Return the rule in words."""
        return _("No line breaks, and no space at the beginning or end.")


class VarietyValidator:
    """Refuses passwords made of very few different characters, such as `aaaaaaaaaaaa`."""

    def __init__(self, min_different: int = 5) -> None:
        self.min_different = min_different

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:  # noqa: ARG002 - Django's signature
        """Raise ValidationError when fewer than `min_different` characters occur."""
        if len(set(password)) < self.min_different:
            raise ValidationError(
                ngettext(
                    "The password needs at least %(n)d different character.",
                    "The password needs at least %(n)d different characters.",
                    self.min_different,
                )
                % {"n": self.min_different},
                code="password_no_variety",
            )

    def get_help_text(self) -> str:
        """Return the rule in words."""
        return ngettext(
            "At least %(n)d different character.",
            "At least %(n)d different characters.",
            self.min_different,
        ) % {"n": self.min_different}


# What Django's list of leaked passwords, made of English ones, lacks. Without accents and spaces.
_WELL_KNOWN_HERE = frozenset(
    [
        "matkhau",
        "matma",
        "anhyeuem",
        "emyeuanh",
        "anhyeu",
        "emyeu",
        "yeuem",
        "yeuanh",
        "toiyeuem",
        "congty",
        "giadinh",
        "hanhphuc",
        "vietnam",
        "hanoi",
        "saigon",
        "danang",
        "hochiminh",
        "xinchao",
        "nguyen",
        "quantri",
        "khongbiet",
        "hopthu",
        "webmail",
        "email",
        "mailbox",
        "postmaster",
    ]
)
_LOOKS_LIKE = str.maketrans("@4031$5!7", "aaoelssit")
_OTHERWISE = str.maketrans("@4031$5!7", "aaoeissit")


class DisguiseValidator(CommonPasswordValidator):
    """Refuses well-known passwords in their usual disguise: P@ssw0rd123, Welcome2026!, matkhau@1."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:  # noqa: ARG002 - Django's signature
        """Raise ValidationError when only digits and signs hide a password that everybody tries."""
        super().validate(password)
        if any(root in self.passwords or root in _WELL_KNOWN_HERE for root in _roots(password)):
            raise ValidationError(
                _(
                    "This is a well-known password with digits or signs added, and attackers try "
                    "those first."
                ),
                code="password_disguised",
            )

    def get_help_text(self) -> str:
        """Return the rule in words."""
        return _("No well-known password with digits or signs added.")


def _roots(password: str) -> set[str]:
    """Return what is left of a password without decoration; empty when there was nothing else."""
    plain = unicodedata.normalize("NFKD", password.casefold().replace("đ", "d"))
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", bare)
    words = {re.sub(r"[^a-z0-9]", "", core.translate(table)) for table in (_LOOKS_LIKE, _OTHERWISE)}
    halves = {word[: len(word) // 2] for word in words if word == word[: len(word) // 2] * 2}
    return (words | halves) - {""}
