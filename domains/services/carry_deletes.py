"""Deletes the aliases, forwarders or domains of a batch, each as its own service does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from domains.models import JobKind, RowState
from domains.selectors import alias_of, domain_of, forwarder_of
from domains.services.carry_import import refuse
from domains.services.delete_domain import delete_domain
from domains.services.set_alias import delete_alias
from domains.services.set_forwarder import delete_forwarder
from portal.errors import Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.actor import Actor
    from domains.models import Job, JobRow


def carry_deletes(actor: Actor, job: Job, rows: Sequence[JobRow]) -> None:
    """Delete one after the other; what refuses says why."""
    for row in rows:
        try:
            with transaction.atomic():
                _delete(actor, job, row.target_id or 0)
        except NotFound:
            row.state, row.message = RowState.SKIPPED, _("It was deleted already.")
        except Conflict as exc:
            refuse(row, str(exc.message))
        else:
            row.state, row.message = RowState.DONE, ""


def _delete(actor: Actor, job: Job, target_id: int) -> None:
    if job.kind == JobKind.ALIAS_DELETE:
        delete_alias(actor=actor, alias=alias_of(job.tenant, target_id))
    elif job.kind == JobKind.FORWARDER_DELETE:
        delete_forwarder(actor=actor, forwarder=forwarder_of(job.tenant, target_id))
    else:
        delete_domain(actor=actor, domain=domain_of(job.tenant, target_id))
