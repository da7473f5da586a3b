"""Changes a batch of mailboxes at once: suspend, resume, quota, delete, restore, passwords, alias."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import F
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import AccessChange, User
from accounts.policy import stood_over
from accounts.selectors import outside_addresses
from accounts.services.invite_person import Wanted, make_password_links
from domains.errors import JobEnded
from domains.models import (
    Alias,
    AliasTarget,
    Job,
    JobKind,
    LastSignIn,
    Mailbox,
    MailboxStatus,
    RowState,
)
from domains.selectors import owners_beyond
from domains.selectors.search import within
from domains.services.carry_import import refuse
from domains.services.carry_members import carry_members
from domains.services.check_quota import quota_rule
from domains.services.job_links import link_token
from domains.services.read_targets import lock_forwarding, refuse_loops
from domains.services.set_alias import MAX_TARGETS, write_login_name
from portal.errors import InvalidInput
from portal.nudge import after_commit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from accounts.actor import Actor
    from domains.models import JobRow

Pair = tuple["JobRow", Mailbox]


def carry_changes(actor: Actor, job: Job, rows: Sequence[JobRow]) -> None:
    """Change what can be changed and write into each row what became of it. Constant queries."""
    held = {
        mailbox.pk: mailbox
        for mailbox in Mailbox.objects.select_for_update(no_key=True, of=("self",))
        .select_related("address", "tenant", "owner", "owner__tenant")
        .filter(within(job.tenant, "address__domain"), pk__in=[row.target_id for row in rows])
        .order_by("pk")
    }
    pairs: list[Pair] = []
    for row in rows:
        mailbox = held.get(row.target_id or 0)
        if mailbox is None:
            refuse(row, _("This mailbox does not exist any more."))
        elif mailbox.status == MailboxStatus.DELETING and job.kind not in _OF_DELETING:
            refuse(row, _("This mailbox is being deleted. Undo the deletion first."))
        else:
            pairs.append((row, mailbox))
    _CHANGES[JobKind(job.kind)](actor, job, pairs)


_OF_DELETING = (JobKind.MAILBOX_DELETE, JobKind.MAILBOX_RESTORE, JobKind.UNDO_IMPORT)


def _switch(pairs: Sequence[Pair], status: MailboxStatus) -> None:
    changed = []
    for row, mailbox in pairs:
        # to take a change back, each row brings what was before
        refuses = bool(row.found.get("refuses_mail", False))
        if mailbox.status == status:
            row.state, row.message = RowState.SKIPPED, _("It is so already.")
            continue
        row.before = {"status": mailbox.status, "refuses_mail": mailbox.refuses_mail}
        mailbox.status, mailbox.refuses_mail = status, refuses
        changed.append((row, mailbox))
    _save(changed, ["status", "refuses_mail"], kick=status == MailboxStatus.SUSPENDED)


def _quota(job: Job, pairs: Sequence[Pair]) -> None:
    tenants = {m.tenant_id: m.tenant for _row, m in pairs}
    rules = {pk: quota_rule(tenant) for pk, tenant in tenants.items()}
    changed = []
    for row, mailbox in pairs:
        # to take a change back, each row brings the value from before
        wanted = row.found.get("quota_bytes", job.options.get("quota_bytes", 0))
        if "expected" in row.found and mailbox.quota_bytes != row.found["expected"]:
            refuse(row, _("Somebody changed it since; it is left as it is."))
            continue
        if mailbox.quota_bytes == wanted:
            row.state, row.message = RowState.SKIPPED, _("It is so already.")
            continue
        try:
            rules[mailbox.tenant_id](wanted)
        except InvalidInput as exc:
            refuse(row, str(exc.message))
            continue
        row.before = {"quota_bytes": mailbox.quota_bytes, "set_to": wanted}
        mailbox.quota_bytes = wanted
        changed.append((row, mailbox))
    _save(changed, ["quota_bytes"], kick=False)


def _delete(pairs: Sequence[Pair], grace_days: int) -> None:
    after = timezone.now() + timedelta(days=grace_days)
    changed = []
    for row, mailbox in pairs:
        row.before = {"status": mailbox.status}
        if mailbox.status != MailboxStatus.DELETING:
            mailbox.was_suspended = mailbox.status == MailboxStatus.SUSPENDED
        elif mailbox.delete_after is not None:
            row.before["delete_after"] = mailbox.delete_after.isoformat()
        mailbox.status, mailbox.delete_after = MailboxStatus.DELETING, after
        changed.append((row, mailbox))
    _save(changed, ["status", "delete_after", "was_suspended"], kick=True)
    if grace_days == 0 and changed:
        after_commit("domains.purge_deleted")


def _unused(pairs: Sequence[Pair]) -> list[Pair]:
    """Return those nobody used since they were opened; the others say so."""
    ids = [mailbox.pk for _row, mailbox in pairs]
    used = set(LastSignIn.objects.filter(mailbox__in=ids).values_list("mailbox_id", flat=True))
    used |= set(
        Mailbox.objects.filter(pk__in=ids, usage__messages__gt=0).values_list("pk", flat=True)
    )
    free = []
    for row, mailbox in pairs:
        if mailbox.pk in used:
            refuse(row, _("It holds mail or somebody signed in already, so it stays."))
        else:
            free.append((row, mailbox))
    return free


def _restore(pairs: Sequence[Pair]) -> None:
    changed = []
    for row, mailbox in pairs:
        if mailbox.status != MailboxStatus.DELETING:
            row.state, row.message = RowState.SKIPPED, _("It is not being deleted.")
            continue
        # what was being deleted before the deletion that is taken back goes on its own day
        earlier = parse_datetime(row.found.get("delete_after", ""))
        if earlier is not None:
            mailbox.delete_after = earlier
            changed.append((row, mailbox))
            continue
        mailbox.status = MailboxStatus.SUSPENDED if mailbox.was_suspended else MailboxStatus.ACTIVE
        mailbox.delete_after, mailbox.was_suspended = None, False
        changed.append((row, mailbox))
    _save(changed, ["status", "delete_after", "was_suspended"], kick=False)


def _passwords(actor: Actor, job: Job, pairs: Sequence[Pair]) -> None:
    people = {m.owner_id: m.owner for _row, m in pairs if m.owner is not None}
    # one password opens every mailbox of a person: none may lie outside of the actor's domains
    beyond = owners_beyond(actor.domain_ids, [pk for pk in people if pk])
    allowed = stood_over(actor, list(people.values())) - beyond
    outside = outside_addresses(list(people.values()))
    wanted: dict[int, Wanted] = {}
    done: list[Pair] = []
    for row, mailbox in pairs:
        owner = mailbox.owner
        if owner is None:
            refuse(
                row,
                _("This is a shared mailbox: nobody signs in as it, so it has no password."),
            )
        elif owner.pk not in allowed:
            refuse(row, _("Its owner has rights that you lack, so you cannot reset the password."))
        elif owner.pk in wanted:
            row.state, row.message = RowState.SKIPPED, _("The same person got a link already.")
        else:
            mail_to = outside.get(owner.pk, "")
            wanted[owner.pk] = Wanted(owner, link_token(job, row), mail_to)
            row.state = RowState.DONE
            row.message = (
                _("The link goes to %(address)s.") % {"address": mail_to}
                if mail_to
                else _("The link is in the result file.")
            )
            done.append((row, mailbox))
    tenants = {m.tenant_id: m.tenant for _row, m in done}
    for pk, tenant in tenants.items():
        make_password_links(
            actor=actor.in_domain(done[0][1].address.domain_id),
            tenant=tenant,
            wanted=[wanted[m.owner_id] for _row, m in done if m.tenant_id == pk and m.owner_id],
        )
    if job.options.get("end_passwords") and done:
        _end_passwords([m for _row, m in done])


def _end_passwords(mailboxes: Sequence[Mailbox]) -> None:
    owners = [mailbox.owner for mailbox in mailboxes if mailbox.owner is not None]
    for owner in owners:
        owner.set_unusable_password()
        owner.password_changed_at = timezone.now()
    User.objects.bulk_update(owners, ["password", "password_changed_at"])
    boxes = Mailbox.objects.filter(owner__in=owners).values_list("pk", "address__email")
    AccessChange.objects.bulk_create(
        AccessChange(address=email, mailbox_id=pk, kick=True) for pk, email in boxes
    )


def _alias(job: Job, pairs: Sequence[Pair]) -> None:
    """Add the mailboxes to an alias of their tenant, or take them out of it."""
    adding = job.kind == JobKind.MAILBOX_ALIAS
    lock_forwarding(job.tenant)
    alias = (
        Alias.objects.select_for_update(of=("self",))
        .select_related("address", "tenant")
        .filter(within(job.tenant, "address__domain"), pk=job.options["alias_id"])
        .first()
    )
    if alias is None:
        raise JobEnded(_("The alias does not exist any more."))
    targets = {t.address_id: t for t in alias.targets.all()}
    for row, mailbox in pairs:
        there = targets.get(mailbox.address_id)
        if (there is not None) == adding:
            row.state, row.message = RowState.SKIPPED, _("It is so already.")
        elif not adding and there is not None:
            if len(targets) == 1:
                refuse(row, _("It is the last mailbox of the alias, so it stays."))
                continue
            there.delete()
            del targets[mailbox.address_id]
            row.state, row.message = RowState.DONE, ""
        elif mailbox.tenant_id != alias.tenant_id:
            refuse(row, _("The alias belongs to another tenant."))
        elif len(targets) >= MAX_TARGETS:
            refuse(
                row,
                ngettext(
                    "An alias delivers to at most %(max)d mailbox.",
                    "An alias delivers to at most %(max)d mailboxes. For more readers, make a group.",
                    MAX_TARGETS,
                )
                % {"max": MAX_TARGETS},
            )
        else:
            try:
                refuse_loops(alias.address.email, [mailbox.address.email], alias.tenant)
            except InvalidInput as exc:
                refuse(row, str(exc.message))
                continue
            targets[mailbox.address_id] = AliasTarget.objects.create(
                tenant_id=alias.tenant_id, alias=alias, address_id=mailbox.address_id
            )
            row.state, row.message = RowState.DONE, ""
    if alias.to_admins and any(row.state == RowState.DONE for row, _mailbox in pairs):
        # chosen by hand, it no longer follows the admins
        alias.to_admins = False
        alias.save(update_fields=["to_admins"])
    write_login_name(alias)


def _save(pairs: Sequence[Pair], fields: Sequence[str], *, kick: bool) -> None:
    mailboxes = [mailbox for _row, mailbox in pairs]
    Mailbox.objects.bulk_update(mailboxes, fields)
    Mailbox.objects.filter(pk__in=[m.pk for m in mailboxes]).update(version=F("version") + 1)
    AccessChange.objects.bulk_create(
        AccessChange(address=m.address.email, mailbox_id=m.pk, kick=kick) for m in mailboxes
    )
    for row, _mailbox in pairs:
        row.state, row.message = RowState.DONE, ""


_CHANGES: dict[JobKind, Callable[[Actor, Job, list[Pair]], None]] = {
    JobKind.MAILBOX_SUSPEND: lambda _a, _j, pairs: _switch(pairs, MailboxStatus.SUSPENDED),
    JobKind.MAILBOX_RESUME: lambda _a, _j, pairs: _switch(pairs, MailboxStatus.ACTIVE),
    JobKind.MAILBOX_QUOTA: lambda _a, job, pairs: _quota(job, pairs),
    JobKind.MAILBOX_DELETE: lambda _a, job, pairs: _delete(pairs, job.options["grace_days"]),
    JobKind.UNDO_IMPORT: lambda _a, _j, pairs: _delete(_unused(pairs), 0),
    JobKind.MAILBOX_RESTORE: lambda _a, _j, pairs: _restore(pairs),
    JobKind.MAILBOX_PASSWORD: _passwords,
    JobKind.MAILBOX_ALIAS: lambda _a, job, pairs: _alias(job, pairs),
    JobKind.MAILBOX_UNALIAS: lambda _a, job, pairs: _alias(job, pairs),
    JobKind.MAILBOX_GROUP: carry_members,
    JobKind.MAILBOX_UNGROUP: carry_members,
}
