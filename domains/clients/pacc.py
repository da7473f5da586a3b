"""The configuration document of draft-ietf-mailmaint-pacc-02 and the TXT record that vouches for it."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

from domains.clients.servers import Cover

if TYPE_CHECKING:
    from domains.clients.servers import Account

HOST_LABEL = "ua-auto-config"
# The document names hosts only: a protocol is left out where it is not on its own TLS port.
IMAPS = 993
_PORTS = {"imap": IMAPS, "pop3": 995, "smtp": 465}


def document(account: Account) -> bytes:
    """Return the document; the same bytes for the same account, because a digest is published."""
    protocols = {
        server.protocol.value: {"host": server.host}
        for server in account.servers
        if server.cover is Cover.TLS and server.port == _PORTS[server.protocol.value]
    }
    whole = {
        "protocols": protocols,
        "authentication": {"password": True},
        "info": {
            "provider": {"name": account.brand, "shortName": account.brand[:20]},
            "help": {"documentation": f"{account.site}/"},
        },
    }
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest_record(content: bytes) -> str:
    """Return the TXT value at `_ua-auto-config.<domain>` for the bytes served."""
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return f"v=UAAC1; a=sha256; d={digest}"
