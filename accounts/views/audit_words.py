"""Says audit events as a person would: "changed the quota of", "Quota: 1 GB → 5 GB"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import TenantKind
from accounts.roles import Role
from portal.idn import readable
from portal.templatetags.ui import filesize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accounts.models import AuditEvent

# What the actor did, followed by the target's name.
DEEDS = {
    "session.start": gettext_lazy("signed in"),
    "person.create": gettext_lazy("added"),
    "person.change": gettext_lazy("changed the profile of"),
    "person.suspend": gettext_lazy("suspended"),
    "person.resume": gettext_lazy("resumed"),
    "person.act_as": gettext_lazy("began to act in the place of"),
    "person.delete": gettext_lazy("deleted"),
    "person.rehome": gettext_lazy("found a new tenant for"),
    "password.set": gettext_lazy("set the password of"),
    "password.link": gettext_lazy("made a password link for"),
    "role.grant": gettext_lazy("gave a role to"),
    "role.revoke": gettext_lazy("took a role from"),
    "role.scope": gettext_lazy("changed the domains of a role of"),
    "invitation.create": gettext_lazy("invited"),
    "invitation.resend": gettext_lazy("invited again"),
    "invitation.revoke": gettext_lazy("withdrew the invitation to"),
    "invitation.accept": gettext_lazy("accepted the invitation as"),
    "tenant.create": gettext_lazy("opened the tenant"),
    "tenant.change": gettext_lazy("changed the settings of"),
    "tenant.plan": gettext_lazy("changed the plan of"),
    "tenant.suspend": gettext_lazy("suspended the tenant"),
    "tenant.resume": gettext_lazy("resumed the tenant"),
    "tenant.terminate": gettext_lazy("ended the tenant"),
    "tenant.restore": gettext_lazy("undid the end of the tenant"),
    "tenant.purge": gettext_lazy("deleted for good the tenant"),
    "plan.create": gettext_lazy("made the plan"),
    "plan.change": gettext_lazy("changed the plan"),
    "plan.delete": gettext_lazy("deleted the plan"),
    "domain.create": gettext_lazy("added the domain"),
    "domain.change": gettext_lazy("changed the domain"),
    "domain.verify": gettext_lazy("proved ownership of the domain"),
    "domain.dns_confirmed": gettext_lazy("saw changed DNS records of"),
    "domain.check": gettext_lazy("checked the DNS of"),
    "domain.suspend": gettext_lazy("suspended the domain"),
    "domain.resume": gettext_lazy("resumed the domain"),
    "domain.delete": gettext_lazy("deleted the domain"),
    "domain.terminate": gettext_lazy("ended the domain"),
    "domain.restore": gettext_lazy("undid the end of the domain"),
    "domain.purge": gettext_lazy("deleted for good the domain"),
    "domain.alias": gettext_lazy("changed what stands behind"),
    "domain.pool": gettext_lazy("changed the shared storage of"),
    "domain.move": gettext_lazy("moved to another tenant the domain"),
    "domain.mta_sts": gettext_lazy("changed the MTA-STS policy of"),
    "domain.catch_all": gettext_lazy("changed the catch-all of"),
    "dkim.create": gettext_lazy("made a DKIM key for"),
    "dkim.rotate": gettext_lazy("began to change the DKIM key of"),
    "dkim.seen": gettext_lazy("saw the new DKIM record of"),
    "dkim.lost": gettext_lazy("no longer saw the new DKIM record of"),
    "dkim.switch": gettext_lazy("signs with the new DKIM key for"),
    "dkim.retire": gettext_lazy("destroyed the old DKIM key of"),
    "dkim.cancel": gettext_lazy("cancelled the change of the DKIM key of"),
    "mailbox.create": gettext_lazy("created the mailbox"),
    "outgoing.retry": gettext_lazy("tried again to send mail of"),
    "outgoing.cancel": gettext_lazy("stopped outgoing mail of"),
    "mailbox.change": gettext_lazy("changed the mailbox"),
    "mailbox.forward": gettext_lazy("changed the forwarding of"),
    "mailbox.quota": gettext_lazy("changed the quota of"),
    "mailbox.suspend": gettext_lazy("suspended the mailbox"),
    "mailbox.resume": gettext_lazy("resumed the mailbox"),
    "mailbox.delete": gettext_lazy("is deleting the mailbox"),
    "mailbox.restore": gettext_lazy("kept the mailbox from being deleted"),
    "mailbox.purge": gettext_lazy("deleted for good the mailbox"),
    "mailbox.rename": gettext_lazy("gave another address to the mailbox"),
    "mailbox.reply": gettext_lazy("changed the automatic reply of"),
    "mailbox.leaver": gettext_lazy("planned the leaving of"),
    "mailbox.leaver_undone": gettext_lazy("undid the leaving of"),
    "mailbox.copy": gettext_lazy("copied to a colleague the mail of"),
    "mailbox.file": gettext_lazy("made a file for a colleague of the mail of"),
    "mailbox.file_taken": gettext_lazy("downloaded the file with the mail of"),
    "mailbox.archive": gettext_lazy("kept an archive of"),
    "mailbox.archive_erase": gettext_lazy("erased the archive of"),
    "mailbox.erase": gettext_lazy("erased from the disk the mail of"),
    "alias.create": gettext_lazy("added the alias"),
    "alias.change": gettext_lazy("changed the alias"),
    "alias.delete": gettext_lazy("deleted the alias"),
    "forwarder.create": gettext_lazy("added the forwarder"),
    "forwarder.change": gettext_lazy("changed the forwarder"),
    "forwarder.delete": gettext_lazy("deleted the forwarder"),
    "forwarding.ask": gettext_lazy("asked once more for consent to forwarding"),
    "forwarding.confirm": gettext_lazy("got the consent to forwarding of"),
    "forwarding.stop": gettext_lazy("stopped forwarding at the request of"),
    "group.create": gettext_lazy("added the group"),
    "group.change": gettext_lazy("changed the group"),
    "group.members": gettext_lazy("changed the members of"),
    "group.delete": gettext_lazy("deleted the group"),
    "grant.give": gettext_lazy("gave a right on"),
    "grant.change": gettext_lazy("changed a right on"),
    "grant.take": gettext_lazy("took a right on"),
    "job.start": gettext_lazy("started the job"),
    "job.cancel": gettext_lazy("stopped the job"),
    "job.done": gettext_lazy("finished the job"),
    "job.stop": gettext_lazy("had to end the job"),
    "job.links": gettext_lazy("downloaded the links of the job"),
    "submission.cancel": gettext_lazy("took back the message"),
    "submission.retry": gettext_lazy("sent again the message"),
}

FIELDS = {
    "name": gettext_lazy("Name"),
    "language": gettext_lazy("Language"),
    "timezone": gettext_lazy("Time zone"),
    "theme": gettext_lazy("Theme"),
    "role": gettext_lazy("Role"),
    "kind": gettext_lazy("Kind"),
    "plan": gettext_lazy("Plan"),
    "status": gettext_lazy("State"),
    "reason": gettext_lazy("Reason"),
    "rows": gettext_lazy("Rows"),
    "refused": gettext_lazy("Refused"),
    "quota_bytes": gettext_lazy("Quota"),
    "storage_bytes": gettext_lazy("Storage"),
    "max_mailbox_bytes": gettext_lazy("One mailbox at most"),
    "max_domains": gettext_lazy("Domains"),
    "max_mailboxes": gettext_lazy("Mailboxes"),
    "max_aliases": gettext_lazy("Aliases"),
    "max_forwarders": gettext_lazy("Forwarders"),
    "max_lists": gettext_lazy("Groups"),
    "max_sent_per_hour": gettext_lazy("Recipients an hour"),
    "max_sent_per_day": gettext_lazy("Recipients a day"),
    "allow_imap": gettext_lazy("IMAP"),
    "allow_pop3": gettext_lazy("POP3"),
    "allow_smtp": gettext_lazy("Sending by programs"),
    "forward_to": gettext_lazy("Forwards to"),
    "keep_copy": gettext_lazy("Keeps a copy"),
    "targets": gettext_lazy("Goes to"),
    "owner": gettext_lazy("Owner"),
    "is_enabled": gettext_lazy("Switched on"),
    "delete_after": gettext_lazy("Deleted on"),
    "grace_days": gettext_lazy("Days of grace"),
    "shared": gettext_lazy("Shared"),
    "alias_of": gettext_lazy("Stands for"),
    "mta_sts_mode": gettext_lazy("Policy"),
    "selector": gettext_lazy("Selector"),
    "mailbox": gettext_lazy("Catch-all"),
    "mailboxes": gettext_lazy("Goes to"),
    "address": gettext_lazy("Address"),
    "tenant": gettext_lazy("Tenant"),
    "moved_mailboxes": gettext_lazy("Mailboxes moved"),
    "moved_people": gettext_lazy("People moved"),
    "domains": gettext_lazy("Domains"),
    "lets_provider_act": gettext_lazy("The provider may act in the place of admins"),
    "left_out": gettext_lazy("Not part of the plan"),
    "trusts_forwarding": gettext_lazy("Trusted forwarding"),
    "reply": gettext_lazy("Automatic reply"),
    "until": gettext_lazy("Until"),
    "stop_due_at": gettext_lazy("Sign-in stops"),
    "close_due_at": gettext_lazy("Mailbox closes"),
    "hand_over": gettext_lazy("The colleague gets"),
    "colleague": gettext_lazy("Colleague"),
    "archive_days": gettext_lazy("Days the archive is kept"),
    "messages": gettext_lazy("Messages"),
    "purge_after": gettext_lazy("Deleted on"),
    "refuses_mail": gettext_lazy("Refuses mail"),
    "removed_mailboxes": gettext_lazy("Mailboxes removed"),
    "removed_homes": gettext_lazy("Mail stores erased"),
    "removed_bytes": gettext_lazy("Storage erased"),
    "removed_aliases": gettext_lazy("Aliases removed"),
    "removed_forwarders": gettext_lazy("Forwarders removed"),
    "removed_groups": gettext_lazy("Groups removed"),
    "members": gettext_lazy("Members"),
    "senders": gettext_lazy("Named senders"),
    "who_may_send": gettext_lazy("Who may send to it"),
    "count": gettext_lazy("Number"),
    "access": gettext_lazy("Opens it"),
    "sends": gettext_lazy("Sends from it"),
    "to": gettext_lazy("Given to"),
    "from": gettext_lazy("Taken from"),
}

# Records of a domain as the pages of its DNS call them; the others by kind and name: "DKIM s1".
RECORDS = {
    "ownership": gettext_lazy("Ownership"),
    "mta-sts": "MTA-STS",
    "mta-sts-host": gettext_lazy("MTA-STS policy"),
    "tls-rpt": "TLS-RPT",
    "autoconfig": gettext_lazy("Thunderbird set-up"),
    "autodiscover": gettext_lazy("Outlook set-up"),
    "pacc": gettext_lazy("PACC digest"),
    "pacc-host": "PACC",
}

# Codes that stand in changes as they are stored.
STATES = {
    "pending": gettext_lazy("Waiting for proof of ownership"),
    "active": gettext_lazy("Active"),
    "suspended": gettext_lazy("Suspended"),
    "deleting": gettext_lazy("Being deleted"),
    "terminated": gettext_lazy("Terminated"),
    "purged": gettext_lazy("Purged"),
}
SEEN = {
    "match": gettext_lazy("Match"),
    "missing": gettext_lazy("Missing"),
    "conflict": gettext_lazy("Conflict"),
    "unknown": gettext_lazy("Unknown"),
}
CODES: Mapping[str, Mapping[str, object]] = {
    "status": STATES,
    "role": dict(Role.choices),
    "kind": dict(TenantKind.choices),
    "access": {"read": gettext_lazy("Read"), "write": gettext_lazy("Read and change")},
    "sends": {
        "as": gettext_lazy("As the address"),
        "behalf": gettext_lazy("On its behalf, own name shown"),
    },
    "who_may_send": {
        "anyone": gettext_lazy("Everybody, also outside"),
        "company": gettext_lazy("People of the company"),
        "members": gettext_lazy("Members"),
        "named": gettext_lazy("Only those named below"),
    },
    "language": dict(settings.LANGUAGES),
    "theme": {"light": gettext_lazy("Light"), "dark": gettext_lazy("Dark")},
}


@dataclass(frozen=True, slots=True)
class Entry:
    """An audit event, ready to be shown."""

    event: AuditEvent
    tenant: str  # name of the tenant it belongs to; empty on the page of that tenant
    actor: str
    deed: str
    target: str  # empty where the deed says it all
    changes: list[tuple[str, str, str]]  # field, before (empty: nothing), after


def told(event: AuditEvent, tenant: str = "") -> Entry:
    """Return the event in words."""
    actor = event.actor_name if event.actor_id else _("System")
    deed = str(DEEDS.get(event.action) or event.action.replace(".", " ").replace("_", " "))
    changed = {
        field: change
        for field, change in event.changes.items()
        if not (isinstance(change, list) and len(change) == 2 and change[0] == change[1])
    }
    if event.action == "domain.dns_confirmed":
        changes = _verdicts(changed)
    else:
        changes = [(_field(field), *_values(field, change)) for field, change in changed.items()]
    target = "" if event.action == "session.start" else readable(event.target_name)
    return Entry(event, tenant, actor, deed, target, changes)


def action_choices() -> list[tuple[str, str]]:
    """Return every known action with its words, in the order of the table above."""
    return [(action, str(words)) for action, words in DEEDS.items()]


def _field(code: str) -> str:
    return str(FIELDS.get(code) or code.replace("_", " ").capitalize())


def _verdicts(changed: Mapping[str, list[str]]) -> list[tuple[str, str, str]]:
    """Return one line for all records that went the same way: «MX, SPF», «Missing», «Match»."""
    ways: dict[tuple[str, str], list[str]] = {}
    for code, (before, after) in changed.items():
        ways.setdefault((before, after), []).append(_record(code))
    return [
        (", ".join(names), str(SEEN.get(before, before)), str(SEEN.get(after, after)))
        for (before, after), names in ways.items()
    ]


def _record(code: str) -> str:
    kind, _dash, name = code.partition("-")
    return str(RECORDS.get(code) or f"{kind.upper()} {name}".rstrip())


def _values(field: str, change: Any) -> tuple[str, str]:
    if isinstance(change, list) and len(change) == 2:
        return _value(field, change[0]), _value(field, change[1])
    return "", _value(field, change)


def _value(field: str, value: Any) -> str:
    if value is None:
        return _("no limit") if field.startswith("max_") or field == "storage_bytes" else ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int) and field.endswith("_bytes"):
        return filesize(value) if value or field == "removed_bytes" else _("no limit")
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    text = str(value)
    if text in CODES.get(field, {}):
        return str(CODES[field][text])
    if field.endswith(("_at", "_after")) and (moment := parse_datetime(text)):
        return date_format(localtime(moment), "DATETIME_FORMAT")
    return text
