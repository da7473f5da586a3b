"""Importing customers: tenant, plan, admin and domains of each row, by the rules of the forms."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from accounts.actor import Actor
from accounts.errors import InvitationOver, NotAllowed
from accounts.models import (
    AuditEvent,
    Invitation,
    Membership,
    Plan,
    Role,
    Tenant,
    TenantKind,
    TenantStatus,
)
from accounts.services.accept_invitation import accept_invitation
from accounts.services.open_tenant import open_tenant
from accounts.services.terminate_tenant import terminate_tenant
from delivery.models import Submission
from domains.models import DkimKey, Domain, DomainStatus, Job, JobKind, JobRow, JobState
from domains.services.begin_job import CannotUndo, may_undo, undo_job
from domains.services.carry_undo_customers import carry_undo_customers
from domains.services.check_import import mend_rows
from domains.services.provision_mailbox import provision_mailbox
from domains.services.purge_ended import purge_ended
from domains.services.ready_keys import ready_keys
from domains.services.register_domain import register_domain
from domains.services.run_job import run_job
from domains.services.upload_import import choose_columns, upload_import
from tests.conftest import until
from tests.domains.conftest import acting
from tests.domains.importing import imported, said, states, uploaded
from tests.world import World, make_world, operator_tenant, plant, unique

HEAD = "Tên khách hàng;Gói;Tên miền;Người liên hệ;Email;Ngôn ngữ\n"


@pytest.fixture
def seller(world: World) -> Actor:
    return acting(world.reseller, Role.RESELLER)


@pytest.fixture
def small(world: World) -> Plan:
    return Plan.objects.create(tenant=world.reseller, name="Gói Nhỏ", max_domains=2)


def customers(actor: Actor, world: World, table: str) -> Job:
    return uploaded(
        actor, world.reseller, table, kind=JobKind.IMPORT_CUSTOMERS, name="customers.csv"
    )


def test_a_row_becomes_a_customer_with_plan_admin_and_domains(
    world: World, seller: Actor, small: Plan
) -> None:
    name, d = unique("Tiệm bánh "), unique("c")
    table = f"{HEAD}{name};gói nhỏ;{d}.vn, {d}.com;Trần Hà;Ha@{d}.example;Tiếng Việt\n"
    job = customers(seller, world, table)
    assert (job.state, job.total, job.refused) == (JobState.READY, 1, 0)
    assert not Tenant.objects.filter(parent=world.reseller, name=name).exists()

    job = imported(seller, job)
    assert (job.state, job.handled, job.refused) == (JobState.DONE, 1, 0)
    tenant = Tenant.objects.get(parent=world.reseller, name=name)
    assert (tenant.kind, tenant.plan, tenant.language) == (TenantKind.COMPANY, small, "vi")
    assert set(tenant.domains.values_list("name", "status")) == {
        (f"{d}.vn", "pending"),
        (f"{d}.com", "pending"),
    }
    invitation = Invitation.objects.get(tenant=tenant)
    assert (invitation.email, invitation.role) == (f"ha@{d}.example", Role.COMPANY_ADMIN)
    assert (invitation.name, invitation.invited_by) == ("Trần Hà", seller.user)
    assert JobRow.objects.get(job=job).target_id == tenant.pk
    actions = AuditEvent.objects.filter(tenant_id=tenant.pk).values_list("action", flat=True)
    assert sorted(actions) == ["domain.create"] * 2 + ["invitation.create", "tenant.create"]

    again = customers(seller, world, table)
    assert states(again) == {2: "skipped"}


def test_the_result_file_has_a_line_for_each_domain_with_record_and_link(
    world: World, small: Plan
) -> None:
    reseller = world.admin_of(world.reseller, Role.RESELLER)
    actor = acting(world.reseller, Role.RESELLER, reseller.user)
    d = unique("c")
    job = imported(
        actor,
        customers(
            actor,
            world,
            f"{HEAD}{unique('A ')};;{d}.vn {d}.com;;a@{d}.example;en\n{unique('B ')};;;;b@{d}.example;\n",
        ),
    )
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(reseller.user)
    answer = client.get(f"/portal/{world.reseller.pk}/jobs/{job.pk}/result/?export=csv")
    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    lines = body.strip().splitlines()
    assert len(lines) == 1 + 2 + 1
    token = Domain.objects.get(name=f"{d}.com").ownership_token
    assert f"_hopthu.{d}.com,hopthu-verify={token}" in lines[2]
    assert all("/invitation/" in line for line in lines[1:])
    other = Client(HTTP_ACCEPT_LANGUAGE="en")
    other.force_login(world.admin_of(world.reseller, Role.RESELLER).user)
    answer = other.get(f"/portal/{world.reseller.pk}/jobs/{job.pk}/result/?export=csv")
    shown = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert "/invitation/" not in shown
    assert token in shown


def test_what_is_wrong_is_said_in_words_with_a_suggestion(
    world: World, seller: Actor, small: Plan
) -> None:
    d = unique("c")
    taken = world.domain.name
    rows = [
        f"{unique('A ')};Goi Nhỏ 1;{d}a.vn;;a@{d}.example;",
        f"{unique('B ')};;https://www.{d}b.vn/;;b@{d}.example;",
        f"{unique('C ')};;{taken};;c@{d}.example;",
        f"{unique('D ')};;sub.{taken};;d@{d}.example;",
        f"{unique('E ')};;{d}e.vn;;e@{d},example.com;",
        f";;{d}f.vn;;f@{d}.example;",
        f"{unique('G ')};;{d}g.vn;;;",
        f"=HYPERLINK(1);;{d}h.vn;;h@{d}.example;",
        f"{unique('I ')};Gói Nhỏ;{d}i.vn {d}i.com {d}i.net;;i@{d}.example;",
        f"{unique('J ')};;{d}a.vn;;j@{d}.example;",
        f"{unique('K ')};;{d}k.vn;;k@{d}.example;englisch",
    ]
    job = customers(seller, world, HEAD + "\n".join(rows))
    assert set(states(job).values()) == {"wrong"}
    hints = {row.number: row.found.get("hint") for row in JobRow.objects.filter(job=job)}
    assert hints[2] == {"column": "plan", "text": "Gói Nhỏ"}
    assert hints[3] == {"column": "domains", "text": f"{d}b.vn"}
    assert hints[6] == {"column": "admin", "text": f"e@{d}.example.com"}
    assert hints[12] == {"column": "language", "text": "en"}
    assert f"{taken}: " in said(job, 4)
    assert "name of the customer is missing" in said(job, 7)
    assert "invitation goes there" in said(job, 8)
    assert "like a formula" in said(job, 9)
    assert "allows 2 domains, the row names 3" in said(job, 10)
    assert f"{d}a.vn stands in line 2 already" in said(job, 11)

    first = JobRow.objects.get(job=job, number=2)
    last = JobRow.objects.get(job=job, number=11)
    assert mend_rows(actor=seller, job=job, corrections={first.pk: {"plan": "Gói Nhỏ"}}) == 1
    assert mend_rows(actor=seller, job=job, corrections={last.pk: {"domains": f"{d}a.vn"}}) == 0
    assert mend_rows(actor=seller, job=job, corrections={last.pk: {"domains": f"{d}j.vn"}}) == 1
    assert "stands in" not in said(job, 11)


def test_a_plan_made_meanwhile_is_seen_in_every_row_when_corrections_are_saved(
    world: World, seller: Actor, small: Plan
) -> None:
    d = unique("c")
    rows = [f"{unique('A ')};Gói Lớn;{d}{n}.vn;;a@{d}.example;" for n in range(3)]
    rows.append(f"{unique('B ')};Gói Lớn;{d};;b@{d}.example;")
    job = customers(seller, world, HEAD + "\n".join(rows))
    assert set(states(job).values()) == {"wrong"}
    assert "You have Gói Nhỏ." in said(job, 2)
    Plan.objects.create(tenant=world.reseller, name="Gói Lớn")
    last = JobRow.objects.get(job=job, number=5)
    assert mend_rows(actor=seller, job=job, corrections={last.pk: {"domains": f"{d}x.vn"}}) == 4
    assert set(states(job).values()) == {"ready"}


def test_a_domain_of_ones_own_customer_is_named_with_him(world: World, seller: Actor) -> None:
    foreign = make_world()
    table = f"{HEAD}{unique('A ')};;{world.domain.name};;a@partner.test;\n"
    table += f"{unique('B ')};;{foreign.domain.name};;b@partner.test;\n"
    job = customers(seller, world, table)
    assert f"{world.tenant.name} has this domain already" in said(job, 2)
    assert foreign.tenant.name not in said(job, 3)
    assert set(states(job).values()) == {"wrong"}


def test_an_admin_whose_address_moves_is_pointed_out(world: World, seller: Actor) -> None:
    d = unique("c")
    job = customers(seller, world, f"{HEAD}{unique('A ')};;{d}.vn;;a@{d}.vn;\n")
    assert "may not reach him" in said(job, 2)
    assert states(job) == {2: "warning"}


def test_limits_hold_and_a_refused_row_leaves_nothing_behind(
    world: World, seller: Actor, small: Plan
) -> None:
    world.reseller.plan = Plan.objects.create(
        tenant=operator_tenant(), name=unique("P "), max_domains=2
    )
    world.reseller.save(update_fields=["plan"])
    d, a, b = unique("c"), unique("A "), unique("B ")
    job = customers(
        seller, world, f"{HEAD}{a};;{d}a.vn;;a@{d}.example;\n{b};;{d}b.vn;;b@{d}.example;\n"
    )
    job = imported(seller, job)
    assert states(job) == {2: "done", 3: "refused"}
    assert said(job, 3).startswith(f"{d}b.vn: ")
    assert not Tenant.objects.filter(name=b).exists()
    assert not Submission.objects.filter(outcomes__recipient=f"b@{d}.example").exists()


def test_all_or_nothing_opens_none_when_one_is_refused(
    world: World, seller: Actor, small: Plan
) -> None:
    d, a, b = unique("c"), unique("A "), unique("B ")
    job = customers(
        seller, world, f"{HEAD}{a};;{d}a.vn;;a@{d}.example;\n{b};;{d}b.vn;;b@{d}.example;\n"
    )
    Domain.objects.create(tenant=world.tenant, name=f"{d}b.vn", ownership_token="t")
    job = imported(seller, job, whole=True)
    assert job.state == JobState.FAILED
    assert "line 3" in job.message
    assert not Tenant.objects.filter(name__in=[a, b]).exists()


def test_only_who_sells_may_import_customers(world: World, admin: Actor, seller: Actor) -> None:
    table = f"{HEAD}{unique('A ')};;;;a@x.example;\n".encode()
    with pytest.raises(NotAllowed):
        upload_import(
            actor=admin,
            tenant=world.tenant,
            kind=JobKind.IMPORT_CUSTOMERS,
            file_name="c.csv",
            content=table,
        )
    helper = acting(world.reseller, Role.HELP_DESK)
    with pytest.raises(NotAllowed):
        upload_import(
            actor=helper,
            tenant=world.reseller,
            kind=JobKind.IMPORT_CUSTOMERS,
            file_name="c.csv",
            content=table,
        )
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(world.admin_of(world.tenant, Role.COMPANY_ADMIN).user)
    page = client.get(f"/portal/{world.tenant.pk}/jobs/import/?what=customers").content.decode()
    assert 'value="customers"' not in page


def test_a_customer_who_ended_keeps_the_name(world: World, seller: Actor) -> None:
    Tenant.objects.filter(pk=world.tenant.pk).update(
        status=TenantStatus.TERMINATED, purge_after="2100-01-01T00:00:00Z"
    )
    job = customers(seller, world, f"{HEAD}{world.tenant.name.upper()};;;;a@x.example;\n")
    assert "has ended" in said(job, 2)


def test_a_file_without_headings_is_understood_or_asked_about(world: World, seller: Actor) -> None:
    job = customers(seller, world, f"{unique('A ')};{unique('c')}.vn;ha@x.example\n")
    assert job.options["columns"] == ["company", "domains", "admin"]
    assert job.state == JobState.READY
    job = choose_columns(
        actor=seller,
        job=job,
        columns=["company", "domains", ""],
        encoding=job.options["encoding"],
        separator=job.options["separator"],
        has_heading=False,
    )
    assert job.state == JobState.DRAFT


def test_many_rows_wait_for_no_keys_and_the_clock_makes_them(world: World, seller: Actor) -> None:
    d = unique("c")
    rows = "\n".join(f"{d} {n};;{d}{n}.vn;;p{n}@{d}.example;vi" for n in range(3))
    job = imported(seller, customers(seller, world, HEAD + rows))
    assert (job.state, job.handled, job.refused) == (JobState.DONE, 3, 0)
    keys = DkimKey.objects.filter(domain__name__startswith=d)
    assert not keys.exists()
    while keys.count() < 2 * 3:
        assert ready_keys()


# ---- companies and resellers


def test_a_row_may_open_a_reseller_who_has_customers_of_his_own(
    world: World, seller: Actor, small: Plan
) -> None:
    d = unique("c")
    head = "Customer;Domains;Email;Type\n"
    rows = [
        f"{unique('A ')};{d}a.vn;a@{d}.example;Đại lý",
        f"{unique('B ')};;b@{d}.example;reseller",
        f"{unique('C ')};;c@{d}.example;Công ty",
        f"{unique('D ')};;d@{d}.example;",
        f"{unique('E ')};;e@{d}.example;resellr",
        f"{unique('F ')};;f@{d}.example;operator",
    ]
    job = customers(seller, world, head + "\n".join(rows))
    assert job.options["columns"] == ["company", "domains", "admin", "kind"]
    assert [states(job)[n] for n in (6, 7)] == ["wrong", "wrong"]
    hint = JobRow.objects.get(job=job, number=6).found["hint"]
    assert hint == {"column": "kind", "text": "reseller"}
    assert "no kind of customer" in said(job, 7)
    job = imported(seller, job)
    made = {row.number: opened(row) for row in done_rows(job)}
    assert [made[n].kind for n in (2, 3, 4, 5)] == ["reseller"] * 2 + ["company"] * 2
    roles = Invitation.objects.filter(tenant__in=made.values()).values_list("email", "role")
    assert dict(roles) == {
        f"a@{d}.example": "reseller",
        f"b@{d}.example": "reseller",
        f"c@{d}.example": "company_admin",
        f"d@{d}.example": "company_admin",
    }
    below = acting(made[2], Role.RESELLER)
    child, _link = open_tenant(
        actor=below,
        parent=made[2],
        kind=TenantKind.COMPANY,
        name=unique("Below "),
        plan=None,
        admin_email=f"x@{d}.example",
    )
    assert child.path.startswith(world.reseller.path)


# ---- taking back


def done_rows(job: Job) -> list[JobRow]:
    return list(JobRow.objects.filter(job=job, state="done").order_by("number"))


def opened(row: JobRow) -> Tenant:
    return Tenant.objects.get(pk=row.target_id or 0)


def undone(actor: Actor, job: Job) -> Job:
    undo = undo_job(actor=actor, job=job)
    run_job(job_id=undo.pk)
    undo.refresh_from_db()
    return undo


def test_unused_customers_go_and_those_in_use_stay_with_the_reason(
    world: World, seller: Actor
) -> None:
    d = unique("c")
    names = [unique(f"{letter} ") for letter in "ABCDEFG"]
    kinds = ["", "", "", "", "reseller", "reseller", ""]
    rows = [
        f"{name};{d}{n}.vn;p{n}@{d}.example;{kind}"
        for n, (name, kind) in enumerate(zip(names, kinds, strict=True))
    ]
    job = imported(
        seller, customers(seller, world, "Customer;Domains;Email;Kind\n" + "\n".join(rows))
    )
    unused, came, boxes, more, sold, plans, ended = (opened(row) for row in done_rows(job))
    accept_invitation(
        invitation=Invitation.objects.get(tenant=came), name="Hà", password="cầu rồng phun lửa 9"
    )
    proved = boxes.domains.get()
    proved.status, proved.verified_at = DomainStatus.ACTIVE, timezone.now()
    proved.save(update_fields=["status", "verified_at"])
    provision_mailbox(actor=Actor.system(boxes), domain=proved, localpart="ha", name="Hà")
    register_domain(actor=seller, tenant=more, name=f"{d}later.vn")
    plant(Tenant(parent=sold, kind=TenantKind.COMPANY, name=unique("Below ")))
    Plan.objects.create(tenant=plans, name="P")
    terminate_tenant(actor=seller, tenant=ended, grace_days=30)

    undo = undone(seller, job)
    assert (undo.kind, undo.state) == (JobKind.UNDO_CUSTOMERS, JobState.DONE)
    assert (undo.total, undo.handled, undo.refused) == (7, 7, 5)
    assert states(undo) == {2: "done"} | dict.fromkeys(range(3, 8), "refused") | {8: "skipped"}
    reasons = ["came in", "Mailboxes", f"{d}later.vn", "customers of its own", "plans of its own"]
    for number, words in enumerate(reasons, start=3):
        assert words in said(undo, number)
    status = dict(Tenant.objects.filter(parent=world.reseller).values_list("pk", "status"))
    assert status[unused.pk] == TenantStatus.TERMINATED
    assert {status[t.pk] for t in (came, boxes, more, sold, plans)} == {TenantStatus.ACTIVE}
    assert Invitation.objects.filter(tenant=more, accepted_at=None).exists()
    assert not Invitation.objects.filter(tenant=unused).exists()
    event = AuditEvent.objects.get(tenant_id=unused.pk, action="tenant.terminate")
    assert event.actor_id == seller.user.pk if seller.user else False
    assert "customers.csv" in event.changes["reason"][1]
    assert AuditEvent.objects.filter(action="job.done", target_id=undo.pk).exists()

    while Domain.objects.filter(tenant=unused).exists():
        assert purge_ended()
    purge_ended()
    unused.refresh_from_db()
    assert unused.status == TenantStatus.PURGED
    again = customers(seller, world, "Customer;Domains;Email;Kind\n" + rows[0])
    assert states(again) == {2: "ready"}
    with pytest.raises(CannotUndo):
        undo_job(actor=seller, job=Job.objects.get(pk=job.pk))


def test_an_import_is_taken_back_within_a_week_and_by_who_may_end_customers(
    world: World, seller: Actor
) -> None:
    table = f"Customer;Email\n{unique('A ')};a@x.example\n"
    job = imported(seller, customers(seller, world, table))
    with pytest.raises(NotAllowed):
        undo_job(actor=acting(world.reseller, Role.HELP_DESK), job=job)
    assert may_undo(job)
    Job.objects.filter(pk=job.pk).update(ended_at=timezone.now() - timedelta(days=8))
    job.refresh_from_db()
    assert not may_undo(job)
    with pytest.raises(CannotUndo):
        undo_job(actor=seller, job=job)
    assert opened(done_rows(job)[0]).status == TenantStatus.ACTIVE


def test_nobody_comes_in_while_his_company_is_taken_back(live: World) -> None:
    seller = acting(live.reseller, Role.RESELLER)
    tenant, link = open_tenant(
        actor=seller,
        parent=live.reseller,
        kind=TenantKind.COMPANY,
        name=unique("A "),
        plan=None,
        admin_email=f"{unique('a')}@x.example",
    )
    invitation = link.invitation
    job = Job(tenant=live.reseller, kind=JobKind.UNDO_CUSTOMERS)
    row = JobRow(job=job, target_id=tenant.pk, name=tenant.name)
    told: list[str] = []

    def come_in() -> None:
        try:
            accept_invitation(invitation=invitation, name="Hà", password="cầu rồng phun lửa 9")
            told.append("in")
        except InvitationOver:
            told.append("over")
        finally:
            connections.close_all()

    with transaction.atomic():
        carry_undo_customers(seller, job, [row])
        guest = threading.Thread(target=come_in)
        guest.start()
        until(waits_for_lock, what="the guest waits for the invitation")
    guest.join()
    assert (row.state, told) == ("done", ["over"])
    assert not Membership.objects.filter(tenant=tenant).exists()


def waits_for_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        )
        return cursor.fetchone() is not None


def test_the_page_offers_to_take_back_and_names_the_companies(world: World) -> None:
    reseller = world.admin_of(world.reseller, Role.RESELLER)
    seller = acting(world.reseller, Role.RESELLER, reseller.user)
    name = unique("Bánh ")
    job = imported(
        seller, customers(seller, world, f"Customer;Email\n{name};{unique('a')}@x.example\n")
    )
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(reseller.user)
    path = f"/portal/{world.reseller.pk}/jobs/"
    page = client.get(f"{path}{job.pk}/").content.decode()
    assert "undo/" in page
    assert "nobody uses yet" in page
    undo = undone(seller, job)
    page = client.get(f"{path}{undo.pk}/").content.decode()
    assert f"/portal/{world.reseller.pk}/tenants/" in page
    assert name in page
    assert "Ended; its name" in page
    answer = client.get(f"{path}{undo.pk}/result/?export=csv")
    lines = b"".join(answer.streaming_content).decode().strip().splitlines()  # type: ignore[attr-defined]
    assert lines[0].endswith("Line,Customer,Result,Note")
    assert name in lines[1]
