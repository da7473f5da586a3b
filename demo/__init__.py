"""The demo world and the boxed outside: a DNS server and a partner company. Imported by no room."""
