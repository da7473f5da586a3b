"""The receiver of Dovecot's folder events."""
