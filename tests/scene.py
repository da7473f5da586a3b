"""The stage of the access table: a company with one of everything, and somebody for each column."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Invitation, Plan, Role, Tenant, TenantKind, User
from delivery.models import Submission
from delivery.states import SubmissionState
from domains.models import (
    Departure,
    DkimKey,
    HandOver,
    Job,
    JobKind,
    JobRow,
    JobState,
    RowState,
    Sends,
)
from domains.services.set_alias import create_alias
from domains.services.set_forwarder import create_forwarder
from domains.services.set_grant import set_grant
from domains.services.set_group import create_group
from portal.sealing import seal
from tests.world import World, operator_tenant, plant, unique

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Scene:
    """Who knocks, and the arguments that routes are built from."""

    people: Mapping[str, User]  # by column of the access table, without "anonymous"
    args: Mapping[str, int | str]


def set_scene(world: World) -> Scene:
    """Fill `world` with what the rows of the access table name."""
    staff = world.person()
    colleague = world.person()
    other = plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Other ")))
    people = {
        "operator": world.admin_of(operator_tenant(), Role.OPERATOR).user,
        "reseller": world.admin_of(world.reseller, Role.RESELLER).user,
        "staff": staff.user,
        "foreign": world.admin_of(other, Role.COMPANY_ADMIN).user,
    }
    for role in (Role.COMPANY_ADMIN, Role.DOMAIN_ADMIN, Role.HELP_DESK, Role.AUDITOR):
        people[role.value] = world.admin_of(world.tenant, role).user
    plan = Plan.objects.create(tenant=world.reseller, name=unique("Plan "))
    invitation = Invitation.objects.create(
        tenant=world.tenant,
        email=f"{unique('guest')}@elsewhere.test",
        role=Role.AUDITOR,
        token_sha256=unique("hash"),
        expires_at=timezone.now() + timedelta(days=1),
    )
    system = Actor.system(world.tenant)
    alias = create_alias(
        actor=system, domain=world.domain, localpart=unique("a"), mailboxes=[staff.address]
    )
    forwarder = create_forwarder(
        actor=system, domain=world.domain, localpart=unique("f"), targets=["an@partner.test"]
    )
    group = create_group(
        actor=system,
        domain=world.domain,
        localpart=unique("g"),
        name="Group",
        members=[staff.address],
    )
    grants = [
        set_grant(actor=system, address=address, grantee=colleague.address, sends=Sends.AS)
        for address in (staff.box.address, group.address)
    ]
    submission = Submission.objects.create(
        tenant=world.tenant,
        mailbox=staff.box,
        compose_id=uuid4(),
        message_id=f"<{unique('m')}@{world.domain.name}>",
        mail_from=staff.address,
        size_bytes=1,
        state=SubmissionState.QUEUED,
        due_at=timezone.now() + timedelta(hours=1),
    )
    job = Job.objects.create(
        tenant=world.tenant,
        kind=JobKind.IMPORT_FORWARDERS,
        state=JobState.READY,
        title="forwarders.csv",
        options={"encoding": "utf-8", "separator": ",", "columns": ["address", "targets"]},
        total=1,
        started_by_name="Mai",
    )
    JobRow.objects.create(job=job, number=2, name="x", state=RowState.READY)
    DkimKey.objects.create(
        tenant=world.tenant,
        domain=world.domain,
        selector="s1",
        public_key="x",
        private_sealed=seal(b"PEM", purpose="dkim"),
        active_at=timezone.now(),
    )
    departure = Departure.objects.create(
        mailbox=world.person().box,
        tenant=world.tenant,
        planned_by="Mai",
        stop_due_at=timezone.now(),
        hand_over=HandOver.FILE,
        colleague=staff.box,
        close_due_at=timezone.now() + timedelta(days=30),
        stopped_at=timezone.now(),
        copied_at=timezone.now(),
        file_until=timezone.now() + timedelta(days=14),
        file_bytes=1,
    )
    args: dict[str, int | str] = {
        "tenant": world.tenant.pk,
        "reseller": world.reseller.pk,
        "plan": plan.pk,
        "invitation": invitation.pk,
        "colleague": colleague.user.pk,
        "scoped_person": people["domain_admin"].pk,
        "scoped_role": "domain_admin",
        "unknown_token": "a" * 43,
        "mailbox": staff.box.pk,
        "folder": "SU5CT1g",
        "uid_validity": 1,
        "uid": 1,
        "part": "1",
        "domain": world.domain.pk,
        "alias": alias.pk,
        "forwarder": forwarder.pk,
        "group": group.pk,
        "group_member": group.members.values_list("pk", flat=True).get(),
        "grant": grants[0].pk if grants[0] else 0,
        "group_grant": grants[1].pk if grants[1] else 0,
        "submission": submission.pk,
        "job": job.pk,
        "departure": departure.pk,
        "unknown_key": str(uuid4()),
        "email": staff.address,
    }
    return Scene(people, args)
