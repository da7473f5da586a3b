"""The machines' side: what Postfix, Dovecot and Rspamd read and say, and the agent that obeys rows."""
