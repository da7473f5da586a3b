"""The IMAP gateway: guarded client, pooled sessions, typed answers. Only this package speaks IMAP."""
