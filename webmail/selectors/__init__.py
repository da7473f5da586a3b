"""Reads the webmail's own rows; the mailbox comes first."""
