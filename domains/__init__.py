"""What is hosted: domains and their DNS, mailboxes, aliases, forwarders, quotas and DKIM keys."""
