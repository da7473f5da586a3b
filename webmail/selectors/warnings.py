"""Warnings about a message, the most severe first, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from domains.models import Mailbox
from webmail.message.signals import (
    looks_like_other_letters,
    name_claims_other_address,
    reply_goes_elsewhere,
)

if TYPE_CHECKING:
    from webmail.identity import MailIdentity
    from webmail.message.address import Address
    from webmail.message.auth import Authentication
    from webmail.message.signals import LinkMismatch


@dataclass(frozen=True, slots=True)
class Caution:
    """One banner. `known` and `seen` are two addresses or hosts to compare; may be empty."""

    tone: str  # danger, warning, info
    icon: str
    title: str
    text: str
    known: str = ""
    seen: str = ""


def warnings_about(
    identity: MailIdentity,
    sender: Address,
    *,
    reply_to: tuple[Address, ...],
    authentication: Authentication,
    mismatches: tuple[LinkMismatch, ...],
) -> tuple[Caution, ...]:
    """Return the warnings. At most one query, and only for mail from outside."""
    found: list[Caution] = []
    colleague = _colleague_of_that_name(identity, sender)
    if colleague:
        found.append(
            Caution(
                "danger",
                "users",
                _("This looks like a colleague, but is not."),
                _("The name is that of somebody in your company; the address is not."),
                known=colleague,
                seen=sender.email,
            )
        )
    claimed = name_claims_other_address(sender)
    if claimed:
        found.append(
            Caution(
                "danger",
                "warning",
                _("The sender's name shows another address."),
                _("It says one address and comes from another."),
                known=claimed,
                seen=sender.email,
            )
        )
    if authentication.verdict == "failed":
        found.append(
            Caution(
                "danger",
                "warning",
                _("Nothing proves that this comes from %(domain)s.")
                % {"domain": sender.domain or _("the sender shown")},
                _("The checks of the sending server failed. Do not trust links or requests in it."),
            )
        )
    if sender.domain and looks_like_other_letters(sender.domain):
        found.append(
            Caution(
                "warning",
                "warning",
                _("The sender's domain mixes letters of different scripts."),
                _("Such names are made to look like another. Look twice before you answer."),
            )
        )
    if mismatches:
        found.append(
            Caution(
                "warning",
                "link",
                _("A link leads elsewhere than it says."),
                _("Its words name %(shown)s, its target is %(target)s.")
                % {"shown": mismatches[0].shown, "target": mismatches[0].target},
            )
        )
    elsewhere = reply_goes_elsewhere(sender, reply_to)
    if elsewhere:
        found.append(
            Caution(
                "info",
                "reply",
                _("An answer goes to another address."),
                _("Replies are sent to %(address)s.") % {"address": elsewhere},
            )
        )
    return tuple(found)


def _colleague_of_that_name(identity: MailIdentity, sender: Address) -> str:
    """Return the address of a colleague with the sender's name, empty when there is none."""
    own_domain = identity.address.rpartition("@")[2]
    if (
        not sender.name
        or len(sender.name) > 120
        or not sender.domain
        or sender.domain == own_domain
    ):
        return ""
    colleagues = Mailbox.objects.filter(tenant_id=identity.tenant_id, name__iexact=sender.name)
    emails = list(colleagues.values_list("address__email", flat=True)[:5])
    return "" if sender.email.lower() in emails else next(iter(emails), "")
