"""Who may do which job, and as whom a worker carries it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.errors import NoSuchTenant, NotAllowed
from accounts.policy import require
from accounts.roles import Action
from accounts.selectors import may_sign_in, place_of
from domains.models import JobKind
from portal.errors import Forbidden

if TYPE_CHECKING:
    from accounts.models import Tenant
    from domains.models import Job

NEEDS: dict[str, Action] = {
    JobKind.IMPORT_MAILBOXES: Action.MAILBOX_CREATE,
    JobKind.IMPORT_ALIASES: Action.ALIAS_CHANGE,
    JobKind.IMPORT_FORWARDERS: Action.FORWARDER_CHANGE,
    JobKind.IMPORT_CUSTOMERS: Action.TENANT_CREATE,
    JobKind.UNDO_IMPORT: Action.MAILBOX_DELETE,
    JobKind.UNDO_CUSTOMERS: Action.TENANT_CHANGE,
    JobKind.CUSTOMER_PLAN: Action.TENANT_CHANGE,
    JobKind.MAILBOX_PASSWORD: Action.PASSWORD_RESET,
    JobKind.MAILBOX_QUOTA: Action.MAILBOX_CHANGE,
    JobKind.MAILBOX_ALIAS: Action.ALIAS_CHANGE,
    JobKind.MAILBOX_UNALIAS: Action.ALIAS_CHANGE,
    JobKind.MAILBOX_GROUP: Action.GROUP_CHANGE,
    JobKind.MAILBOX_UNGROUP: Action.GROUP_CHANGE,
    JobKind.MAILBOX_SUSPEND: Action.MAILBOX_CHANGE,
    JobKind.MAILBOX_RESUME: Action.MAILBOX_CHANGE,
    JobKind.MAILBOX_DELETE: Action.MAILBOX_DELETE,
    JobKind.MAILBOX_RESTORE: Action.MAILBOX_DELETE,
    JobKind.ALIAS_DELETE: Action.ALIAS_CHANGE,
    JobKind.FORWARDER_DELETE: Action.FORWARDER_CHANGE,
    JobKind.DOMAIN_DELETE: Action.DOMAIN_DELETE,
}


class StarterGone(Forbidden):
    """Who started the job may not act any more."""

    code = "job_starter_gone"
    default_message = _(
        "Whoever started this may not do it any more, so it ended here. Somebody else can start it "
        "again; what was done stays done."
    )


def require_kind(actor: Actor, kind: str, tenant: Tenant) -> None:
    """Raise NotAllowed unless the actor may do what jobs of this kind do, be it in some domains only.

    Which rows lie in them is asked row by row, through the scope of the job's tenant.
    """
    require(actor, NEEDS[kind], tenant, domain_ids=actor.domain_ids or ())


def require_for(actor: Actor, job: Job) -> None:
    """Raise NotAllowed unless the actor may do what the job does.

    With a role for some domains only also unless he started it: others' rows may lie elsewhere.
    """
    require_kind(actor, job.kind, job.tenant)
    if actor.domain_ids is not None and (actor.user is None or actor.user.pk != job.started_by_id):
        raise NotAllowed(detail="the job of somebody else")


def actor_of(job: Job) -> Actor:
    """Return who started the job, with the rights he has now. Raises StarterGone.

    A role that was taken away since ends the job. From here on the job's tenant is seen with his
    domains, so that rows in others are refused as if they did not exist.
    """
    if job.options.get("by_system"):
        return Actor.system(job.tenant)
    user = job.started_by
    if user is None or not may_sign_in(user):
        raise StarterGone
    try:
        place = place_of(user, job.tenant_id)
        actor = Actor(
            user=user,
            tenant=place.tenant,
            roles=place.roles,
            ip=job.ip or "",
            request_id=job.request_id,
            via=place.via,
            domain_ids=place.domain_ids,
        )
        job.tenant = place.tenant
        require_for(actor, job)
    except (Forbidden, NoSuchTenant) as exc:
        raise StarterGone from exc
    return actor
