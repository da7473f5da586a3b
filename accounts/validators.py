"""Rules for passwords beyond length and lists: what a keyboard, IMAP and SMTP can all carry."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

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
