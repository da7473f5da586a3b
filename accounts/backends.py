"""Signs people in with a password and any address that is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.auth_backends import AuthenticationBackend

from accounts.selectors import may_sign_in, person_by_login, session_person

if TYPE_CHECKING:
    from accounts.models import User


class LoginNameBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth ships no types
    """allauth's backend, asking our own tables.

    An unknown address costs the same hash as a known one. A right password of somebody who is
    suspended is stashed, so that only he is told so.
    """

    def _authenticate_by_email(self, email: str, password: str) -> User | None:
        found: User | None = self._check_password(person_by_login(email), password)
        return found

    def user_can_authenticate(self, user: User | None) -> bool:
        """Return whether the person, his tenant and those above it are not suspended."""
        return user is not None and may_sign_in(user)

    def get_user(self, user_id: int) -> User | None:
        """Return the person of a session; None ends it, as after a suspension."""
        user = session_person(user_id)
        return user if self.user_can_authenticate(user) else None
