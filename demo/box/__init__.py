"""The outside world in a box: a DNS server and a partner company's mail server on the loopback."""
