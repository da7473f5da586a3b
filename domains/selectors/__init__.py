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
from domains.selectors.departures import Step, departure_of, steps_of
from domains.selectors.dns import DnsReport, dns_checks, dns_report, running_check
from domains.selectors.domains import (
    DomainRow,
    alias_choices,
    alias_domains_of,
    domain_by_token,
    domain_counts,
    domain_of,
    domain_rows,
    domains_of,
    domains_within,
    expected_records,
    filtered_domains,
    troubled_domains,
)
from domains.selectors.figures import Figures, Full, figures_of
from domains.selectors.mailboxes import (
    MailboxRow,
    filtered_mailboxes,
    mailbox_by_address,
    mailbox_of,
    mailbox_of_person,
    mailbox_rows,
    mailboxes_of,
    mailboxes_of_person,
    sender_addresses,
    sign_ins_of,
    targets_at,
)
from domains.selectors.pools import Sold, sold_by, used_by, used_in
from domains.selectors.search import MAX_FOUND

__all__ = [
    "MAX_FOUND",
    "DnsReport",
    "DomainRow",
    "Figures",
    "Full",
    "MailboxRow",
    "Sold",
    "Step",
    "alias_choices",
    "alias_domains_of",
    "alias_of",
    "aliases_of",
    "catch_all_of",
    "departure_of",
    "directory_of",
    "dns_checks",
    "dns_report",
    "domain_by_token",
    "domain_counts",
    "domain_of",
    "domain_rows",
    "domains_of",
    "domains_within",
    "expected_records",
    "figures_of",
    "filtered_domains",
    "filtered_mailboxes",
    "forwarder_of",
    "forwarders_of",
    "mailbox_addresses_of",
    "mailbox_by_address",
    "mailbox_of",
    "mailbox_of_person",
    "mailbox_rows",
    "mailboxes_of",
    "mailboxes_of_person",
    "running_check",
    "sender_addresses",
    "sign_ins_of",
    "sold_by",
    "steps_of",
    "targets_at",
    "troubled_domains",
    "used_by",
    "used_in",
]
