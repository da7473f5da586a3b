"""Lets a provider act in the place of a customer's admin, where the customer agreed; never in mail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import NotAllowed
from accounts.models import Membership, Tenant, TenantStatus, User
from accounts.policy import require, require_over
from accounts.roles import Action
from accounts.selectors import place_of
from accounts.services.record_audit import record_audit
from accounts.services.write_for import writing_for
from portal.config import stack
from portal.errors import PortalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accounts.actor import Actor

LONGEST = timedelta(minutes=30)
SESSION_KEY = "acting_as"


@dataclass(frozen=True, slots=True)
class Standing:
    """In whose place somebody acts, where, and until when; kept in the session of who acts."""

    person_id: int
    tenant_id: int
    until: datetime

    def stored(self) -> dict[str, int]:
        """Return what the session keeps."""
        return {
            "person": self.person_id,
            "tenant": self.tenant_id,
            "until": int(self.until.timestamp()),
        }


def start_acting_as(*, actor: Actor, tenant: Tenant, person: User) -> Standing:
    """Begin, for half an hour; the person is told by mail, and the company's audit log says it.

    Only from above, only where the company agreed, only for somebody with a role there who may not
    do more. Raises NotAllowed.
    """
    require(actor, Action.PERSON_ACT_AS, tenant)
    require_over(actor, person)
    if actor.via is None or actor.user is None or not _may_stand_in(tenant, person):
        raise NotAllowed(_("This company has not agreed, or this person has no role in it."))
    standing = Standing(person.pk, tenant.pk, timezone.now() + LONGEST)
    with transaction.atomic():
        record_audit(
            actor, tenant, action="person.act_as", target=("person", person.pk, person.email)
        )
        _tell(person, tenant, actor.user, actor.via)
    return standing


def stand_in(actor: Actor, session: Mapping[str, Any]) -> Actor:
    """Return the actor in the place that the session names, where that still holds; else unchanged.

    Asked anew at every page: the company may take its consent back, the person may be suspended.
    """
    kept = session.get(SESSION_KEY)
    if not isinstance(kept, dict) or actor.via is None or actor.tenant is None:
        return actor
    if kept.get("tenant") != actor.tenant.pk or kept.get("until", 0) < timezone.now().timestamp():
        return actor
    person = User.objects.select_related("tenant").filter(pk=kept.get("person") or 0).first()
    if person is None or not actor.may(Action.PERSON_ACT_AS):
        return actor
    if not _may_stand_in(actor.tenant, person):
        return actor
    try:
        require_over(actor, person)
        place = place_of(person, actor.tenant.pk)
    except PortalError:
        return actor
    return replace(
        actor,
        tenant=place.tenant,
        roles=place.roles,
        domain_ids=place.domain_ids,
        via=None,
        acting_as=person,
        acting_from=actor.via,
    )


def _may_stand_in(tenant: Tenant, person: User) -> bool:
    return (
        tenant.lets_provider_act
        and tenant.status == TenantStatus.ACTIVE
        and person.is_active
        and Membership.objects.filter(user=person, tenant=tenant).exists()
    )


def _tell(person: User, tenant: Tenant, who: User, provider: Tenant) -> None:
    with writing_for(tenant, person):
        EmailMessage(
            subject=_("%(provider)s acts in your place at %(tenant)s")
            % {"provider": provider.name, "tenant": tenant.name},
            body=render_to_string(
                "accounts/mail/acting_as.txt",
                {
                    "person": person,
                    "tenant": tenant,
                    "who": who,
                    "provider": provider,
                    "minutes": int(LONGEST.total_seconds() // 60),
                    "brand": stack().brand,
                },
            ),
            to=[person.email],
        ).send()
