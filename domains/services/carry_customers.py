"""Opens the customers of a batch of imported rows, each as its form would: all of it or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import NameTaken
from accounts.models import Plan, TenantKind
from accounts.services.open_tenant import open_tenant
from domains.models import OPEN_ROWS, JobRow, RowState
from domains.names import show_domain
from domains.services.carry_import import refuse
from domains.services.job_links import link_token
from domains.services.ready_keys import TASK
from domains.services.register_domain import register_domain
from portal.errors import PortalError
from portal.nudge import after_commit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.actor import Actor
    from domains.models import Job


def carry_customers(actor: Actor, job: Job, rows: Sequence[JobRow]) -> None:
    """Open what can be opened and write into each row what became of it.

    A row is a savepoint of its own. The domains' keys are made when the last row is done.
    """
    plans = {plan.pk: plan for plan in Plan.objects.filter(tenant=job.tenant)}
    for row in rows:
        plan_id = row.found["plan_id"]
        if plan_id is not None and plan_id not in plans:
            refuse(row, _("The plan does not exist any more."))
        else:
            _open(actor, job, row, plans.get(plan_id))
    waiting = JobRow.objects.filter(job=job, state__in=OPEN_ROWS)
    if not waiting.exclude(pk__in=[row.pk for row in rows]).exists():
        after_commit(TASK)


def _open(actor: Actor, job: Job, row: JobRow, plan: Plan | None) -> None:
    found = row.found
    at = ""
    try:
        with transaction.atomic():
            tenant, _link = open_tenant(
                actor=actor,
                parent=job.tenant,
                kind=TenantKind(found.get("kind", TenantKind.COMPANY)),  # older jobs name none
                name=found["company"],
                plan=plan,
                admin_email=found["admin"],
                admin_name=found["admin_name"],
                language=found["language"],
                token=link_token(job, row),
            )
            for name in found["domains"]:
                at = f"{show_domain(name)}: "
                register_domain(actor=actor, tenant=tenant, name=name, at_once=False)
    except NameTaken:
        row.state, row.message = RowState.SKIPPED, _("It exists already; nothing is changed.")
    except PortalError as exc:
        refuse(row, f"{at}{exc.message}")
    else:
        row.state, row.target_id = RowState.DONE, tenant.pk
        row.message = _("Opened; the invitation goes to %(address)s.") % {"address": found["admin"]}
