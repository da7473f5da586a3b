"""Tables of what is hosted."""

from __future__ import annotations

from domains.models.address import Address, Alias, AliasTarget, CatchAll, Forwarder, ForwarderTarget
from domains.models.auto_reply import AutoReply
from domains.models.consent import Consent, ConsentState, RuleTarget
from domains.models.departure import WITH_OLD_MAIL, Departure, HandOver
from domains.models.dkim import DkimKey
from domains.models.dns import DnsChange, DnsCheck, DnsRecordState, Verdict
from domains.models.domain import Domain, DomainStatus, StsMode
from domains.models.grant import Access, Grant, Sends
from domains.models.group import Group, GroupMember, GroupSender, WhoMaySend
from domains.models.home_change import MailHomeChange
from domains.models.job import (
    AT_WORK,
    IMPORTS,
    OPEN_ROWS,
    OVER,
    Job,
    JobFile,
    JobKind,
    JobRow,
    JobState,
    RowState,
)
from domains.models.key_rotation import BEFORE_SWITCH, OPEN_ROTATIONS, KeyRotation, RotationState
from domains.models.mailbox import Mailbox, MailboxStatus
from domains.models.room_usage import STORAGE, RoomUsage
from domains.models.scope import DomainScope
from domains.models.usage import DomainUsage, LastSignIn, MailboxUsage
from domains.models.usage_history import QuotaNotice, UsageSample

__all__ = [
    "AT_WORK",
    "BEFORE_SWITCH",
    "IMPORTS",
    "OPEN_ROTATIONS",
    "OPEN_ROWS",
    "OVER",
    "STORAGE",
    "WITH_OLD_MAIL",
    "Access",
    "Address",
    "Alias",
    "AliasTarget",
    "AutoReply",
    "CatchAll",
    "Consent",
    "ConsentState",
    "Departure",
    "DkimKey",
    "DnsChange",
    "DnsCheck",
    "DnsRecordState",
    "Domain",
    "DomainScope",
    "DomainStatus",
    "DomainUsage",
    "Forwarder",
    "ForwarderTarget",
    "Grant",
    "Group",
    "GroupMember",
    "GroupSender",
    "HandOver",
    "Job",
    "JobFile",
    "JobKind",
    "JobRow",
    "JobState",
    "KeyRotation",
    "LastSignIn",
    "MailHomeChange",
    "Mailbox",
    "MailboxStatus",
    "MailboxUsage",
    "QuotaNotice",
    "RoomUsage",
    "RotationState",
    "RowState",
    "RuleTarget",
    "Sends",
    "StsMode",
    "UsageSample",
    "Verdict",
    "WhoMaySend",
]
