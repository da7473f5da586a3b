"""Mozilla's autoconfig, which Thunderbird, K-9, Evolution and KMail read (draft-ietf-mailmaint-autoconfig)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from domains.clients.servers import Protocol

if TYPE_CHECKING:
    from domains.clients.servers import Account


def config(account: Account) -> bytes:
    """Return config-v1.1.xml. The program puts the address in place of %EMAILADDRESS% itself."""
    root = ET.Element("clientConfig", version="1.1")
    provider = ET.SubElement(root, "emailProvider", id=account.domain_name)
    _put(provider, "domain", account.domain_name)
    _put(provider, "displayName", f"{account.brand} ({account.domain_name})")
    _put(provider, "displayShortName", account.brand)
    for server in account.servers:
        tag = "outgoingServer" if server.protocol is Protocol.SMTP else "incomingServer"
        entry = ET.SubElement(provider, tag, type=server.protocol.value)
        _put(entry, "hostname", server.host)
        _put(entry, "port", str(server.port))
        _put(entry, "socketType", server.cover.value)
        _put(entry, "authentication", "password-cleartext")
        _put(entry, "username", _username(account))
    page = ET.SubElement(root, "webMail")
    ET.SubElement(page, "loginPage", url=f"{account.site}/")
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"


def _username(account: Account) -> str:
    if account.login_host == account.domain_name:
        return "%EMAILADDRESS%"
    return f"%EMAILLOCALPART%@{account.login_host}"


def _put(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text
