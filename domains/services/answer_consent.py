"""What the person outside answers: mail may be passed on to him, or must not any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import AccessChange
from accounts.services.record_audit import record_audit
from domains.errors import ConsentOver
from domains.models import Consent, ConsentState, Mailbox
from portal.logs import request_id

if TYPE_CHECKING:
    from datetime import datetime


def answer_consent(*, consent: Consent, agrees: bool, ip: str = "") -> Consent:
    """Write the answer; it counts from the next message on. Saying the same twice changes nothing.

    Whoever agreed once may stop and agree again as often as he likes. Raises ConsentOver when a
    question that nobody answered is too old, or the link was replaced meanwhile.
    """
    now = timezone.now()
    with transaction.atomic():
        held = (
            Consent.objects.select_for_update(of=("self",))
            .select_related("tenant")
            .filter(pk=consent.pk, token_sha256=consent.token_sha256)
            .first()
        )
        if held is None or is_over(held):
            raise ConsentOver
        wanted = ConsentState.CONFIRMED if agrees else ConsentState.STOPPED
        if held.state == wanted:
            return held
        before = held.state
        held.confirmed_at, held.stopped_at = _moments(now, agrees=agrees)
        held.letter_due = False
        held.save(update_fields=["confirmed_at", "stopped_at", "letter_due"])
        _forget_boxes(held)
        record_audit(
            Actor(user=None, tenant=held.tenant, ip=ip, request_id=request_id.get()),
            held.tenant,
            action="forwarding.confirm" if agrees else "forwarding.stop",
            target=("forwarding", held.pk, held.email),
            changes={"consent": [str(before), str(held.state)]},
        )
    return held


def is_over(consent: Consent) -> bool:
    """Return whether the question was left without an answer for too long."""
    return consent.state == ConsentState.WAITING and consent.expires_at <= timezone.now()


def _moments(now: datetime, *, agrees: bool) -> tuple[datetime | None, datetime | None]:
    return (now, None) if agrees else (None, now)


def _forget_boxes(consent: Consent) -> None:
    """Let Dovecot ask anew whether these mailboxes keep a copy."""
    boxes = Mailbox.objects.filter(
        tenant=consent.tenant_id, forward_to__contains=[consent.email], keep_copy=False
    )
    AccessChange.objects.bulk_create(
        AccessChange(address=address, mailbox_id=mailbox_id)
        for mailbox_id, address in boxes.values_list("pk", "address__email")
    )
