"""The configuration profile that iPhone, iPad and Mac install, before it is signed."""

from __future__ import annotations

import hashlib
import plistlib
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from domains.clients.servers import Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from domains.clients.servers import Account

MIME = "application/x-apple-aspen-config"


def profile(
    account: Account,
    address: str,
    name: str,
    *,
    description: str,
    fresh_uuid: Callable[[], UUID] = uuid4,
) -> bytes:
    """Return the profile for one mailbox as a property list, without a password.

    Each download has UUIDs of its own; the identifier stays with the address, so that a second
    download replaces the first on the device and another mailbox's profile does not.
    """
    own = hashlib.sha256(address.encode()).hexdigest()[:16]
    site = ".".join(reversed(account.servers[0].host.split(".")))
    incoming, outgoing = account.first(Protocol.IMAP), account.first(Protocol.SMTP)
    login = f"{address.rpartition('@')[0]}@{account.login_host}"
    mail: dict[str, Any] = {
        "PayloadType": "com.apple.mail.managed",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{site}.mail.{own}.account",
        "PayloadUUID": str(fresh_uuid()).upper(),
        "PayloadDisplayName": address,
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAccountDescription": address,
        "EmailAccountName": name,
        "EmailAddress": address,
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerHostName": incoming.host,
        "IncomingMailServerPortNumber": incoming.port,
        "IncomingMailServerUseSSL": True,
        "IncomingMailServerUsername": login,
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": outgoing.host,
        "OutgoingMailServerPortNumber": outgoing.port,
        "OutgoingMailServerUseSSL": True,
        "OutgoingMailServerUsername": login,
        "OutgoingPasswordSameAsIncomingPassword": True,
        "PreventMove": False,
        "PreventAppSheet": False,
        "SMIMEEnabled": False,
    }
    whole = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{site}.mail.{own}",
        "PayloadUUID": str(fresh_uuid()).upper(),
        "PayloadDisplayName": f"{account.brand}: {address}",
        "PayloadDescription": description,
        "PayloadOrganization": account.brand,
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [mail],
    }
    return plistlib.dumps(whole)
