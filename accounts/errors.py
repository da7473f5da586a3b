"""What accounts can refuse, each with a sentence a person may read."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.errors import Conflict, Forbidden, InvalidInput, NotFound


class AccountsError(InvalidInput):
    """Root of the refusals of this room that are about a value."""


class NoSuchTenant(NotFound):
    """No such tenant, or none the person may act in."""

    default_message = _("We could not find that page.")


class NotAllowed(Forbidden):
    """The role lacks the action."""

    default_message = _("Your role does not allow this.")


class EmailTaken(Conflict):
    """Somebody signs in with this address already."""

    code = "email_taken"
    default_message = _("Somebody already signs in with this address.")


class NameTaken(Conflict):
    """The name is used beside it."""

    code = "name_taken"
    default_message = _("This name is already in use.")


class InvitationOver(NotFound):
    """Used, expired, revoked or never made: all look the same."""

    code = "invitation_over"
    title = _("This link no longer works")
    default_message = _(
        "This link has been used, has expired or was withdrawn. Ask for a new one from whoever "
        "sent it to you."
    )


class LastAdmin(Conflict):
    """Somebody must stay who can act for the tenant."""

    code = "last_admin"
    default_message = _("At least one person must keep this role here.")


class WeakPassword(AccountsError):
    """The password breaks a rule; the message says which."""

    code = "weak_password"


class WrongPassword(AccountsError):
    """The current password was not right."""

    code = "wrong_password"
    default_message = _("This is not your current password.")


class PlanInUse(Conflict):
    """Tenants are on it."""

    code = "plan_in_use"
    default_message = _("Tenants are on this plan. Move them to another plan first.")
