"""Pages of domains, mailboxes, aliases and forwarders."""

from __future__ import annotations
