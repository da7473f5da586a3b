"""The root of every error a person may see: a safe sentence, a status, and the field it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class PortalError(Exception):
    """Something a person is told. `message` is translated and safe; `detail` goes to the log only.

    `field` names the form field at fault; empty when the whole request is.
    """

    status = 400
    code = "bad_request"
    title: str | _StrPromise = ""  # empty: the heading that goes with the status
    default_message: str | _StrPromise = _("This request could not be understood.")

    def __init__(
        self, message: str | _StrPromise = "", *, field: str = "", detail: str = ""
    ) -> None:
        self.message = message or self.default_message
        self.field = field
        self.detail = detail
        super().__init__(detail or str(self.code))


class InvalidInput(PortalError):
    """A value breaks a rule; the message says which and the way out."""

    code = "invalid"
    default_message = _("Please check what you entered.")


class NotFound(PortalError):
    """Not there, or not for this person: both look the same."""

    status = 404
    code = "not_found"
    default_message = _("We could not find that page.")


class Forbidden(PortalError):
    """The person may see it but not do this."""

    status = 403
    code = "forbidden"
    default_message = _("You may not do this.")


class Conflict(PortalError):
    """Somebody else changed it first, or the name is taken."""

    status = 409
    code = "conflict"
    default_message = _("This was changed by somebody else in the meantime.")


class LimitReached(PortalError):
    """A plan or safety limit would be passed."""

    status = 409
    code = "limit"
    default_message = _("A limit of your plan has been reached.")


class Unavailable(PortalError):
    """A part of the installation does not answer; nothing was lost, trying again later helps."""

    status = 503
    code = "unavailable"
    default_message = _(
        "A part of the service does not answer right now. Please try again shortly."
    )
