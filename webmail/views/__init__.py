"""HTTP of the webmail: who asks, which folder or message, one selector or service, one page."""
