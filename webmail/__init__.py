"""One person's mail: IMAP, reading, composing and the push stream."""
