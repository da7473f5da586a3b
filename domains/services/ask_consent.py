"""Asks people outside, by a letter with a link, whether mail may be passed on to them."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Tenant, TenantStatus
from accounts.selectors import limits_of
from accounts.services.record_audit import record_audit
from accounts.services.write_for import writing_for
from domains.errors import ConsentAsked, ConsentStopped
from domains.models import Consent, ConsentState
from domains.selectors import outside_of, sources_of
from portal.config import stack
from portal.errors import NotFound
from portal.nudge import after_commit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.actor import Actor

TASK = "domains.mail_consents"
LIFE = timedelta(days=7)  # of a link; meanwhile senders are told to try again later
ASK_AGAIN = timedelta(hours=1)
ASK_AGAIN_STOPPED = timedelta(days=30)
LETTERS_PER_HOUR = 100  # of one tenant; the rest waits
BATCH = 100
SHOWN = 5  # addresses named in the letter


def ask_consent(tenant: Tenant, emails: Iterable[str]) -> None:
    """Note inside the caller's transaction that mail shall go to `emails`; letters follow.

    Who is inside, agreed before or is being asked already is left alone. Where the plan trusts
    the tenant everybody counts as having agreed, and goes on doing so should the trust end.
    """
    outside = outside_of(tenant, emails)
    if not outside:
        return
    now = timezone.now()
    known = Consent.objects.filter(tenant=tenant.pk, email__in=outside)
    waiting = known.filter(confirmed_at=None, stopped_at=None)
    trusted = limits_of(tenant).is_trusted
    if trusted:
        waiting.update(confirmed_at=now, letter_due=False)
    else:
        waiting.filter(expires_at__lte=now).update(
            requested_at=now, expires_at=now + LIFE, letter_due=True
        )
    Consent.objects.bulk_create(
        (
            Consent(
                tenant_id=tenant.pk,
                email=email,
                requested_at=now,
                expires_at=now + LIFE,
                letter_due=not trusted,
                confirmed_at=now if trusted else None,
            )
            for email in outside
        ),
        ignore_conflicts=True,
        batch_size=1000,
    )
    if not trusted:
        after_commit(TASK)


def ask_again(*, actor: Actor, tenant: Tenant, email: str) -> Consent:
    """Send one more letter to an address that a forwarding names; the caller has found that one.

    Raises ConsentAsked within an hour of the last letter, ConsentStopped within thirty days of a
    refusal, NotFound for somebody inside or who agreed.
    """
    now = timezone.now()
    with transaction.atomic():
        ask_consent(tenant, [email])
        held = Consent.objects.select_for_update().filter(tenant=tenant.pk, email=email).first()
        if held is None or held.state == ConsentState.CONFIRMED:
            raise NotFound
        if held.stopped_at is not None and held.stopped_at > now - ASK_AGAIN_STOPPED:
            raise ConsentStopped
        if held.mailed_at is not None and held.mailed_at > now - ASK_AGAIN:
            raise ConsentAsked
        held.letter_due, held.stopped_at = True, None
        held.requested_at, held.expires_at = now, now + LIFE
        held.save(update_fields=["letter_due", "stopped_at", "requested_at", "expires_at"])
        record_audit(
            actor, tenant, action="forwarding.ask", target=("forwarding", held.pk, held.email)
        )
        after_commit(TASK)
    return held


def mail_consents(*, batch: int = BATCH) -> int:
    """Write the letters that are due, within each tenant's number an hour; return how many went.

    Idempotent: the letter and the row that says so commit together.
    """
    due = Tenant.objects.filter(
        pk__in=Consent.objects.filter(letter_due=True).values("tenant"), status=TenantStatus.ACTIVE
    )
    return sum(_mail_of(tenant, batch) for tenant in due.order_by("pk"))


def hash_of(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _mail_of(tenant: Tenant, batch: int) -> int:
    rows = Consent.objects.filter(tenant=tenant)
    lately = rows.filter(mailed_at__gt=timezone.now() - ASK_AGAIN).count()
    room = min(batch, max(0, LETTERS_PER_HOUR - lately))
    due = rows.filter(_due()).order_by("requested_at", "pk")
    return sum(_mail(pk) for pk in list(due.values_list("pk", flat=True)[:room]))


def _due() -> Q:
    """Return the condition of a letter to write now; nobody gets two within the hour."""
    calm = Q(mailed_at=None) | Q(mailed_at__lte=timezone.now() - ASK_AGAIN)
    return Q(letter_due=True, confirmed_at=None, stopped_at=None) & calm


def _mail(consent_id: int) -> bool:
    with transaction.atomic():
        consent = (
            Consent.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("tenant")
            .filter(_due(), pk=consent_id)
            .first()
        )
        if consent is None:
            return False
        sources = sources_of(consent)
        consent.letter_due = False
        if not sources:  # nobody wants it any more; without a letter nothing can be answered
            consent.expires_at = timezone.now()
            consent.save(update_fields=["letter_due", "expires_at"])
            return False
        token = secrets.token_urlsafe(32)  # 256 random bits
        consent.token_sha256 = hash_of(token)
        consent.mailed_at = timezone.now()
        consent.expires_at = consent.mailed_at + LIFE
        consent.save(update_fields=["letter_due", "token_sha256", "mailed_at", "expires_at"])
        _write(consent, sources, token)
    return True


def _write(consent: Consent, sources: list[str], token: str) -> None:
    tenant = consent.tenant
    with writing_for(tenant):
        EmailMessage(
            subject=_("May mail of %(tenant)s be passed on to you?") % {"tenant": tenant.name},
            body=render_to_string(
                "domains/mail/consent.txt",
                {
                    "consent": consent,
                    "sources": sources[:SHOWN],
                    "more": max(0, len(sources) - SHOWN),
                    # The fixed address of the site: a forged Host header must not lead elsewhere.
                    "url": stack().url + reverse("consents:answer", args=[token]),
                    "brand": stack().brand,
                },
            ),
            to=[consent.email],
        ).send()
