"""Importing mailboxes, aliases and forwarders: every row checked in words, then all or those ready."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.errors import NotAllowed
from accounts.models import (
    AuditEvent,
    Invitation,
    LoginName,
    Membership,
    Role,
    Tenant,
    TenantKind,
    TenantStatus,
    User,
)
from accounts.services.invite_person import hash_of
from domains.columns import Column
from domains.errors import JobNotReady
from domains.models import (
    Address,
    Alias,
    Forwarder,
    Job,
    JobFile,
    JobKind,
    JobRow,
    JobState,
    Mailbox,
)
from domains.selectors import targets_outside
from domains.services.begin_job import begin_job, cancel_job, undo_job
from domains.services.check_import import mend_rows
from domains.services.job_links import link_token, links_of
from domains.services.known_figures import count_figures, known_figures
from domains.services.purge_jobs import purge_jobs
from domains.services.run_job import MAX_ATTEMPTS, run_job
from domains.services.set_group import create_group, delete_group
from domains.services.upload_import import choose_columns, columns_for, upload_import
from portal.sheets import SheetRefused
from tests.conftest import until
from tests.domains.conftest import acting
from tests.domains.importing import SSHA, imported, said, states, uploaded
from tests.world import World, plant, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from accounts.actor import Actor
    from accounts.models import Plan

GB = 1_000_000_000


def test_imported_mailboxes_join_the_groups_of_their_row(world: World, admin: Actor) -> None:
    d = world.domain.name
    team = create_group(actor=admin, domain=world.domain, localpart="team", name="Team")
    table = (
        "Name,Address,Groups\n"
        f"Ha,ha@{d},team\nHuy,huy@{d},tema team@{d}\nLan,lan@{d},team@{d} team\nMy,my@{d},\n"
    )
    job = uploaded(admin, world.tenant, table)
    assert states(job) == {2: "ready", 3: "wrong", 4: "ready", 5: "ready"}
    assert f"no group tema@{d}" in said(job, 3)
    assert JobRow.objects.get(job=job, number=3).found["hint"] == {
        "column": "groups",
        "text": f"team@{d} team@{d}",
    }
    imported(admin, job)
    assert set(team.members.values_list("email", flat=True)) == {f"ha@{d}", f"lan@{d}"}
    event = AuditEvent.objects.get(tenant_id=world.tenant.pk, action="group.members")
    assert event.changes["count"] == [0, 2]
    undone = undo_job(actor=admin, job=Job.objects.get(pk=job.pk))
    run_job(job_id=undone.pk)

    gone = uploaded(admin, world.tenant, f"Name,Address,Groups\nAn,an@{d},team\n")
    delete_group(actor=admin, group=team)
    assert states(imported(admin, gone)) == {2: "refused"}
    assert not Mailbox.objects.filter(address__email=f"an@{d}").exists()


def test_rows_that_are_ready_become_mailboxes_with_everything(world: World, admin: Actor) -> None:
    d = world.domain.name
    table = (
        "Họ tên;Địa chỉ;Dung lượng;Bí danh;Mật khẩu;Gửi lời mời\n"
        f"Trần Thu Hà;ha.tran@{d};10,5 GB;ha;{SSHA};\n"
        f"Đỗ Quang Huy;huy.do;;;;huy@outside.test\n"
    )
    job = uploaded(admin, world.tenant, table)
    assert (job.state, job.total, job.refused) == (JobState.READY, 2, 0)
    assert not Mailbox.objects.filter(tenant=world.tenant).exists()

    done = imported(admin, job, quota_bytes=3 * GB)
    assert (done.state, done.handled, done.refused) == (JobState.DONE, 2, 0)
    ha = Mailbox.objects.get(address__email=f"ha.tran@{d}")
    assert (ha.name, ha.quota_bytes) == ("Trần Thu Hà", 10_500_000_000)
    assert ha.owner is not None
    assert ha.owner.check_password("cầu rồng 9")
    assert Alias.objects.get(address__email=f"ha@{d}").targets.get().address == ha.address
    assert set(LoginName.objects.filter(user=ha.owner).values_list("address", flat=True)) == {
        f"ha.tran@{d}",
        f"ha@{d}",
    }
    huy = Mailbox.objects.get(address__email=f"huy.do@{d}")
    assert huy.quota_bytes == 3 * GB
    assert huy.owner is not None
    assert not huy.owner.has_usable_password()
    assert Invitation.objects.get(user=huy.owner).email == "huy@outside.test"
    assert Address.objects.filter(email=f"postmaster@{d}").exists()


def test_nothing_of_a_password_stays_in_the_job_or_the_audit_log(
    world: World, admin: Actor
) -> None:
    table = f"name,address,password\nHà,ha@{world.domain.name},{SSHA}\nX,x y,{SSHA}\n"
    done = imported(admin, uploaded(admin, world.tenant, table))
    kept = str(list(JobRow.objects.filter(job=done).values_list("values", "found", "before")))
    assert "SSHA" not in kept
    assert "ssha" not in kept
    assert not JobFile.objects.filter(job=done).exists()
    log = AuditEvent.objects.filter(tenant_id=world.tenant.pk)
    assert "ssha" not in str(list(log.values_list("changes", flat=True))).lower()
    assert set(log.values_list("action", flat=True)) == {"job.start", "job.done"}


def test_each_mistake_is_a_sentence_and_many_have_a_suggestion(world: World, admin: Actor) -> None:
    d = world.domain.name
    world.person("taken")
    other = world.person("boss")
    lines = [
        "name,address,quota,aliases,password,invite",
        f"A,ngẫu.trịnh@{d},,,,",
        f"B,b@{d},1O GB,,,",
        "C,c@elsewhere.test,,,,",
        f"D,d@x{d},,,,",
        f"=cmd|' /C calc'!A0,e@{d},,,,",
        f"F,f@{d},,,hunter2,",
        f"G,g@{d},,,,g@{d}",
        f"H,h@{d},,taken,,",
        f"I,i@{d},,,,",
        f"I,i@{d},,,,",
        f"J,postmaster@{d},,,,",
        f",{'k' * 65}@{d},,,,",
        f"L,l@{d},1.000 MB,,,",
        f"M,m@{d},,,,,surplus",
        f"N,{other.address},,,,",
        ",,5 GB,,,",
    ]
    job = uploaded(admin, world.tenant, "\n".join(lines))
    found = states(job)
    assert [line for line, state in found.items() if state == "ready"] == [10]
    assert found[16] == "skipped"
    assert {found[line] for line in found if line not in {10, 16}} == {"wrong"}
    hints = {
        row.number: row.found["hint"]["text"]
        for row in JobRow.objects.filter(job=job)
        if "hint" in row.found
    }
    assert hints[2] == f"ngau.trinh@{d}"
    assert hints[3] == "10 GB"
    assert hints[5] == f"d@{d}"
    assert "10" in said(job, 11)
    assert "formula" in said(job, 6)
    assert all(message.strip() for message in (said(job, n) for n in found if n != 10))


def test_a_corrected_row_is_checked_again_and_ready_ones_stay(world: World, admin: Actor) -> None:
    d = world.domain.name
    job = uploaded(admin, world.tenant, f"name,address,quota\nA,á@{d},1O GB\nB,b@{d},1 GB\n")
    row = JobRow.objects.get(job=job, number=2)
    assert mend_rows(actor=admin, job=job, corrections={row.pk: {"address": f"a@{d}"}}) == 0
    assert mend_rows(actor=admin, job=job, corrections={row.pk: {"quota": "10 GB"}}) == 1
    good = JobRow.objects.get(job=job, number=3)
    assert mend_rows(actor=admin, job=job, corrections={good.pk: {"address": "x"}}) == 0
    assert imported(admin, Job.objects.get(pk=job.pk)).refused == 0
    assert Mailbox.objects.get(address__email=f"a@{d}").quota_bytes == 10 * GB


def test_a_correction_to_an_address_of_another_line_is_refused(world: World, admin: Actor) -> None:
    d = world.domain.name
    job = uploaded(admin, world.tenant, f"name,address\nA,á@{d}\nB,b@{d}\n")
    row = JobRow.objects.get(job=job, number=2)
    assert mend_rows(actor=admin, job=job, corrections={row.pk: {"address": f"b@{d}"}}) == 0
    assert "3" in said(job, 2)


def test_an_address_twice_and_an_unknown_hash_are_mended_on_the_page(
    world: World, admin: Actor, client: Client
) -> None:
    d = world.domain.name
    table = f"name,address,password\nA,a@{d},{SSHA}\nB,a@{d},{SSHA}\nC,c@{d},mat khau\n"
    job = uploaded(admin, world.tenant, table)
    assert states(job) == {2: "ready", 3: "wrong", 4: "wrong"}
    twice, plain = JobRow.objects.filter(job=job, state="wrong").order_by("number")
    assert admin.user is not None
    client.force_login(admin.user)
    path = f"/portal/{world.tenant.pk}/jobs/{job.pk}/"
    page = client.get(f"{path}?show=wrong").content.decode()
    assert f'name="{twice.pk}:address"' in page
    assert f'value="{plain.pk}:password="' in page
    client.post(f"{path}rows/", {f"{twice.pk}:address": f"b@{d}"})
    client.post(f"{path}rows/", {"hint": f"{plain.pk}:password="})
    assert set(states(job).values()) == {"ready"}


def test_links_are_promised_only_where_some_were_made(
    world: World, admin: Actor, client: Client
) -> None:
    d = world.domain.name
    assert admin.user is not None
    client.force_login(admin.user)
    for password, is_said in ((SSHA, False), ("", True)):
        table = f"name,address,password\nA,{unique('a')}@{d},{password}\n"
        job = imported(admin, uploaded(admin, world.tenant, table))
        page = client.get(f"/portal/{world.tenant.pk}/jobs/{job.pk}/").content.decode()
        assert ("links to choose passwords are in the result file" in page) is is_said


def test_all_or_nothing_leaves_nothing_when_one_row_is_wrong(world: World, admin: Actor) -> None:
    d = world.domain.name
    job = uploaded(admin, world.tenant, f"name,address\nA,a@{d}\nB,b b@{d}\n")
    done = imported(admin, job, whole=True)
    assert done.state == JobState.FAILED
    assert done.message
    assert not Mailbox.objects.filter(tenant=world.tenant).exists()


def test_all_or_nothing_rolls_back_what_earlier_batches_did(
    world: World, admin: Actor, plan: Callable[..., Plan]
) -> None:
    d = world.domain.name
    job = uploaded(admin, world.tenant, "address\n" + "".join(f"p{n}@{d}\n" for n in range(5)))
    plan(max_mailboxes=4)
    done = imported(admin, job, whole=True, batch=2)
    assert done.state == JobState.FAILED
    assert "p4" in done.message
    assert not User.objects.filter(tenant=world.tenant, mailboxes__isnull=False).exists()
    assert set(states(done).values()) <= {"ready", "warning"}


def test_the_plan_holds_and_says_which_rows_found_no_place(
    world: World, admin: Actor, plan: Callable[..., Plan]
) -> None:
    d = world.domain.name
    plan(max_mailboxes=3)
    job = uploaded(admin, world.tenant, "address\n" + "".join(f"p{n}@{d}\n" for n in range(5)))
    done = imported(admin, job, batch=2)
    assert (done.state, done.refused) == (JobState.DONE, 2)
    assert Mailbox.objects.filter(tenant=world.tenant).count() == 3
    assert "plan" in said(done, 6)


def test_the_same_file_again_creates_nothing_twice(world: World, admin: Actor) -> None:
    table = f"address\na@{world.domain.name}\n"
    imported(admin, uploaded(admin, world.tenant, table))
    again = uploaded(admin, world.tenant, table)
    assert states(again) == {2: "skipped"}
    with pytest.raises(JobNotReady):
        begin_job(actor=admin, job=again)


def test_the_example_names_every_column_and_twice_is_nothing_to_import(
    world: World, admin: Actor, client: Client
) -> None:
    assert admin.user is not None
    client.force_login(admin.user)
    home = f"/portal/{world.tenant.pk}/jobs/"
    answer = client.get(f"{home}import/sample/?what=mailboxes&export=csv")
    example = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    job = uploaded(admin, world.tenant, example)
    assert set(columns_for(job.kind)) - {Column.DOMAIN} <= set(job.options["columns"])
    assert "Every row can be imported." in client.get(f"{home}{job.pk}/").content.decode()
    imported(admin, job, quota=GB)
    assert Mailbox.objects.filter(tenant=world.tenant, address__localpart="ha.tran").exists()
    again = uploaded(admin, world.tenant, example)
    assert "There is nothing to import" in client.get(f"{home}{again.pk}/").content.decode()


def test_figures_that_pages_remember_are_counted_anew_when_a_job_ends(
    live: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = acting(live.tenant, Role.COMPANY_ADMIN)
    with monkeypatch.context() as patched:
        patched.setattr("domains.services.known_figures.LARGE", 0)
        assert count_figures(live.tenant).mailboxes == 0
    job = upload_import(
        actor=admin,
        tenant=live.tenant,
        kind=JobKind.IMPORT_MAILBOXES,
        file_name="people.csv",
        content=f"address\na@{live.domain.name}\n".encode(),
    )
    until(lambda: Job.objects.filter(pk=job.pk, state=JobState.READY).exists(), seconds=30)
    job.refresh_from_db()
    begin_job(actor=admin, job=job, quota=GB)  # the stack's own worker carries it out
    until(lambda: known_figures(live.tenant).mailboxes == 1, seconds=30)


def test_running_a_job_again_changes_nothing(world: World, admin: Actor) -> None:
    job = uploaded(admin, world.tenant, f"address\na@{world.domain.name}\n")
    done = imported(admin, job)
    run_job(job_id=job.pk)
    assert Job.objects.get(pk=job.pk).handled == done.handled
    with pytest.raises(JobNotReady):
        begin_job(actor=admin, job=job)


def test_a_job_that_breaks_off_again_and_again_ends_with_a_sentence(
    world: World, admin: Actor
) -> None:
    job = uploaded(admin, world.tenant, f"address\na@{world.domain.name}\n")
    begin_job(actor=admin, job=job)
    Job.objects.filter(pk=job.pk).update(attempts=MAX_ATTEMPTS)
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, bool(job.message)) == (JobState.FAILED, True)


@pytest.mark.parametrize("status", [TenantStatus.SUSPENDED, TenantStatus.TERMINATED])
@pytest.mark.parametrize("who", ["tenant", "reseller"])
def test_a_suspended_tenant_ends_the_job_with_a_sentence(
    world: World, admin: Actor, status: TenantStatus, who: str
) -> None:
    job = uploaded(admin, world.tenant, f"address\na@{world.domain.name}\n")
    begin_job(actor=admin, job=job)
    ends = timezone.now() if status == TenantStatus.TERMINATED else None
    Tenant.objects.filter(pk=getattr(world, who).pk).update(status=status, purge_after=ends)
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "suspended" in job.message
    assert not Mailbox.objects.filter(tenant=world.tenant).exists()


def test_a_role_taken_away_meanwhile_ends_the_job(world: World, admin: Actor) -> None:
    job = uploaded(admin, world.tenant, f"address\na@{world.domain.name}\n")
    begin_job(actor=admin, job=job)
    Membership.objects.filter(user=admin.user).update(role=Role.AUDITOR)
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert not Mailbox.objects.filter(tenant=world.tenant).exists()


def test_a_running_job_is_stopped_after_its_batch(world: World, admin: Actor) -> None:
    job = uploaded(admin, world.tenant, f"address\na@{world.domain.name}\n")
    begin_job(actor=admin, job=job)
    cancel_job(actor=admin, job=job)
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert not Mailbox.objects.filter(tenant=world.tenant).exists()


def test_a_check_that_is_stopped_leaves_nothing_to_begin(world: World, admin: Actor) -> None:
    job = upload_import(
        actor=admin,
        tenant=world.tenant,
        kind=JobKind.IMPORT_MAILBOXES,
        file_name="a.csv",
        content=f"address\na@{world.domain.name}\n".encode(),
    )
    cancel_job(actor=admin, job=job)
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    with pytest.raises(JobNotReady):
        begin_job(actor=admin, job=job)


def test_a_tenant_that_is_gone_takes_its_jobs_along(world: World, admin: Actor) -> None:
    other = plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Other ")))
    job = Job.objects.create(
        tenant=other, kind=JobKind.IMPORT_MAILBOXES, state=JobState.RUNNING, started_by_name="x"
    )
    other.delete()
    run_job(job_id=job.pk)
    assert not Job.objects.filter(pk=job.pk).exists()


def test_somebody_of_another_tenant_who_signs_in_with_the_address_keeps_it(
    world: World, admin: Actor
) -> None:
    email = f"boss@{world.domain.name}"
    User.objects.create(email=email, tenant=world.reseller)
    job = uploaded(admin, world.tenant, f"address\n{email}\n")
    assert states(job) == {2: "wrong"}


def test_the_queries_of_a_batch_do_not_grow_with_its_rows(world: World, admin: Actor) -> None:
    d = world.domain.name

    def queries(count: int, prefix: str) -> int:
        rows = "".join(
            f"N{n},{prefix}{n}@{d},{1 + n % 5} GB,{prefix}a{n},{SSHA if n % 2 else ''}\n"
            for n in range(count)
        )
        job = uploaded(admin, world.tenant, f"name,address,quota,aliases,password\n{rows}")
        begin_job(actor=admin, job=job)
        with CaptureQueriesContext(connection) as caught:
            run_job(job_id=job.pk)
        assert Job.objects.get(pk=job.pk).refused == 0
        return len(caught)

    queries(1, "warm")
    assert queries(40, "many") <= queries(4, "few") + 1


def test_links_are_for_who_started_the_job_and_nobody_else(world: World, admin: Actor) -> None:
    job = imported(admin, uploaded(admin, world.tenant, f"address\na@{world.domain.name}\n"))
    rows = list(JobRow.objects.filter(job=job))
    link = links_of(admin, job, rows)[rows[0].pk]
    token = link.rstrip("/").rpartition("/")[2]
    assert Invitation.objects.get(tenant=world.tenant).token_sha256 == hash_of(token)
    assert links_of(acting(world.tenant), job, rows) == {}
    assert token not in str(list(JobRow.objects.filter(job=job).values()))
    assert token == link_token(job, rows[0])
    Invitation.objects.update(accepted_at=timezone.now())
    assert links_of(admin, job, rows) == {}


def test_an_import_is_taken_back_where_nobody_used_the_mailbox(world: World, admin: Actor) -> None:
    d = world.domain.name
    job = imported(admin, uploaded(admin, world.tenant, f"address\na@{d}\nb@{d}\n"))
    used = Mailbox.objects.get(address__email=f"b@{d}")
    used.usage.messages = 3
    used.usage.save(update_fields=["messages"])
    undo = undo_job(actor=admin, job=job)
    run_job(job_id=undo.pk)
    undo.refresh_from_db()
    assert (undo.state, undo.handled, undo.refused) == (JobState.DONE, 2, 1)
    assert Mailbox.objects.get(address__email=f"a@{d}").status == "deleting"
    assert Mailbox.objects.get(address__email=f"b@{d}").status == "active"
    with pytest.raises(JobNotReady):
        undo_job(actor=admin, job=job)


def test_aliases_and_forwarders_are_imported_too(world: World, admin: Actor) -> None:
    d = world.domain.name
    one, two = world.person(), world.person()
    table = f"alias,delivers to\ninfo@{d},{one.address} {two.address}\nbad@{d},an@partner.test\n"
    job = uploaded(admin, world.tenant, table, kind=JobKind.IMPORT_ALIASES)
    assert states(job) == {2: "ready", 3: "wrong"}
    imported(admin, job)
    assert Alias.objects.get(address__email=f"info@{d}").targets.count() == 2
    table = f"address,forward to\nout@{d},an@partner.test\nin@{d},info@{d}\nloop@{d},loop@{d}\n"
    done = imported(admin, uploaded(admin, world.tenant, table, kind=JobKind.IMPORT_FORWARDERS))
    assert states(done) == {2: "done", 3: "done", 4: "refused"}
    assert Forwarder.objects.filter(tenant=world.tenant).count() == 2
    assert [one.state for one in targets_outside(world.tenant, ["an@partner.test"])] == ["waiting"]


def test_forwarders_that_point_at_each_other_in_one_file_do_not_loop(
    world: World, admin: Actor
) -> None:
    d = world.domain.name
    table = f"address,targets\na@{d},b@{d}\nb@{d},a@{d}\n"
    done = imported(admin, uploaded(admin, world.tenant, table, kind=JobKind.IMPORT_FORWARDERS))
    assert states(done) == {2: "refused", 3: "refused"}


def test_columns_nobody_recognises_are_asked_for(world: World, admin: Actor) -> None:
    d = world.domain.name
    job = uploaded(admin, world.tenant, f"foo,bar\nHà,ha@{d}\n")
    assert job.state == JobState.DRAFT
    choose_columns(
        actor=admin, job=job, columns=["name", "address"], separator=",", encoding="utf-8"
    )
    run_job(job_id=job.pk)
    assert states(job) == {2: "ready"}
    with pytest.raises(SheetRefused):
        choose_columns(
            actor=admin, job=job, columns=["name", "name"], separator=",", encoding="utf-8"
        )


def test_a_file_without_headings_is_read_by_what_it_holds(world: World, admin: Actor) -> None:
    job = uploaded(admin, world.tenant, f"ha@{world.domain.name};Trần Thu Hà;10 GB\n")
    assert states(job) == {1: "ready"}
    assert JobRow.objects.get(job=job).found["quota_bytes"] == 10 * GB


@pytest.mark.parametrize(
    "content",
    [b"", b"a\0b,c\n", b"name,address\n" + b"x" * 100_000, b"a" * 10_000_001, b"PK\x03\x04junk"],
)
def test_a_hopeless_file_is_refused_at_its_field(
    world: World, admin: Actor, content: bytes
) -> None:
    with pytest.raises(SheetRefused) as caught:
        upload_import(
            actor=admin,
            tenant=world.tenant,
            kind=JobKind.IMPORT_MAILBOXES,
            file_name="x.csv",
            content=content,
        )
    assert caught.value.field == "file"
    assert not Job.objects.filter(tenant=world.tenant).exists()


def test_a_file_broken_below_its_head_ends_the_check_with_a_sentence(
    world: World, admin: Actor
) -> None:
    d = world.domain.name
    rows = "".join(f"N{n},p{n}@{d}\n" for n in range(20))
    job = uploaded(admin, world.tenant, f'name,address\n{rows}"never closed,x@{d}\n')
    assert job.state == JobState.FAILED
    assert "22" in job.message


def test_a_hundred_thousand_rows_are_refused_in_words(world: World, admin: Actor) -> None:
    job = uploaded(admin, world.tenant, "address\n" + "a\n" * 100_000)
    assert job.state == JobState.FAILED
    assert "50000" in job.message.replace(",", "").replace(".", "")
    assert not JobRow.objects.filter(job=job).exists()


def test_who_may_not_open_mailboxes_may_not_import_them(world: World) -> None:
    for role in (Role.HELP_DESK, Role.AUDITOR):
        with pytest.raises(NotAllowed):
            uploaded(acting(world.tenant, role), world.tenant, "address\na\n")


def test_old_jobs_are_forgotten_and_their_secrets_sooner(world: World, admin: Actor) -> None:
    job = imported(admin, uploaded(admin, world.tenant, f"address\na@{world.domain.name}\n"))
    Job.objects.filter(pk=job.pk).update(ended_at=timezone.now() - timedelta(days=8))
    purge_jobs()
    assert bytes(Job.objects.get(pk=job.pk).secret) == b""
    Job.objects.filter(pk=job.pk).update(ended_at=timezone.now() - timedelta(days=91))
    purge_jobs()
    assert not Job.objects.filter(pk=job.pk).exists()
