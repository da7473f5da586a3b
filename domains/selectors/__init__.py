"""Reads rows of what is hosted. Finding and authorising is one call: the tenant comes first."""

from __future__ import annotations

from domains.selectors.addresses import (
    alias_of,
    aliases_of,
    catch_all_of,
    directory_of,
    forwarder_of,
    forwarders_of,
    mailbox_addresses_of,
)
from domains.selectors.dns import DnsReport, dns_report, running_check
from domains.selectors.domains import (
    DomainRow,
    domain_by_token,
    domain_counts,
    domain_of,
    domain_rows,
    domains_of,
    domains_within,
    expected_records,
    filtered_domains,
)
from domains.selectors.figures import Usage, usage_of
from domains.selectors.mailboxes import (
    MailboxRow,
    filtered_mailboxes,
    mailbox_by_address,
    mailbox_counts,
    mailbox_of,
    mailbox_of_person,
    mailbox_rows,
    mailboxes_of,
    mailboxes_of_person,
    sender_addresses,
    sign_ins_of,
    targets_at,
)

__all__ = [
    "DnsReport",
    "DomainRow",
    "MailboxRow",
    "Usage",
    "alias_of",
    "aliases_of",
    "catch_all_of",
    "directory_of",
    "dns_report",
    "domain_by_token",
    "domain_counts",
    "domain_of",
    "domain_rows",
    "domains_of",
    "domains_within",
    "expected_records",
    "filtered_domains",
    "filtered_mailboxes",
    "forwarder_of",
    "forwarders_of",
    "mailbox_addresses_of",
    "mailbox_by_address",
    "mailbox_counts",
    "mailbox_of",
    "mailbox_of_person",
    "mailbox_rows",
    "mailboxes_of",
    "mailboxes_of_person",
    "running_check",
    "sender_addresses",
    "sign_ins_of",
    "targets_at",
    "usage_of",
]
