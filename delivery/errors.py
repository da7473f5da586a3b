"""What may go wrong with mail on its way, in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.errors import Conflict, PortalError, Unavailable


class DeliveryError(PortalError):
    """The room's root."""


class TooLate(Conflict, DeliveryError):
    """The message has left: nothing can take it back."""

    code = "too_late"
    default_message = _("Already sent: it can no longer be taken back.")


class NotWaiting(Conflict, DeliveryError):
    """Trying again makes sense only for a message that waits or has failed."""

    code = "not_waiting"
    default_message = _("This message is not waiting any more.")


class NoOperator(Unavailable, DeliveryError):
    """System mail needs the operator's tenant, which is made at set-up."""

    code = "no_operator"
    default_message = _("This installation has no operator yet, so it cannot send mail.")
