"""Outlook's autodiscover: the older XML exchange (POX) and the JSON answer that points to it (v2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from domains.clients.servers import Cover, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from domains.clients.servers import Account, MailServer

RESPONSE = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
MAX_REQUEST_BYTES = 16_384
V1 = "AutodiscoverV1"

BAD_REQUEST = (600, "Invalid Request")
NO_PROVIDER = (601, "Provider is not available")


class Unreadable(ValueError):
    """The request is no XML that we read: broken, too long, or with a DTD."""


@dataclass(frozen=True, slots=True)
class Question:
    """What Outlook asked. `address` may be empty; `schema` is the form of answer it reads."""

    address: str
    schema: str


def read_question(body: bytes) -> Question:
    """Return what a POX request asks. Raises Unreadable; DTDs and entities are never expanded."""
    if len(body) > MAX_REQUEST_BYTES:
        raise Unreadable
    try:
        root = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except (DefusedXmlException, ET.ParseError, LookupError, ValueError) as exc:
        raise Unreadable from exc
    found: dict[str, str] = {}
    for element in root.iter():
        found.setdefault(element.tag.rpartition("}")[2].lower(), (element.text or "").strip())
    return Question(
        found.get("emailaddress", "")[:320], found.get("acceptableresponseschema", "")[:200]
    )


def settings(account: Account, address: str) -> bytes:
    """Return the POX answer with every server; `address` belongs to `account`."""
    root = ET.Element("Autodiscover", xmlns=RESPONSE)
    response = ET.SubElement(root, "Response", xmlns=OUTLOOK)
    user = ET.SubElement(response, "User")
    _put(user, "DisplayName", address)
    entry = ET.SubElement(response, "Account")
    _put(entry, "AccountType", "email")
    _put(entry, "Action", "settings")
    login = f"{address.rpartition('@')[0]}@{account.login_host}"
    for server in account.servers:
        _protocol(entry, server, login)
    return _text(root)


def refusal(problem: tuple[int, str], at: datetime) -> bytes:
    """Return the POX answer that says no; it is sent with status 200, as Outlook expects."""
    code, words = problem
    root = ET.Element("Autodiscover", xmlns=RESPONSE)
    response = ET.SubElement(root, "Response")
    error = ET.SubElement(response, "Error", Time=f"{at:%H:%M:%S.%f}", Id="1")
    _put(error, "ErrorCode", str(code))
    _put(error, "Message", words)
    ET.SubElement(error, "DebugData")
    return _text(root)


def _protocol(parent: ET.Element, server: MailServer, login: str) -> None:
    entry = ET.SubElement(parent, "Protocol")
    _put(entry, "Type", server.protocol.value.upper())
    _put(entry, "Server", server.host)
    _put(entry, "Port", str(server.port))
    _put(entry, "LoginName", login)
    _put(entry, "DomainRequired", "off")
    _put(entry, "SPA", "off")
    _put(entry, "SSL", "on")
    _put(entry, "Encryption", "SSL" if server.cover is Cover.TLS else "TLS")
    _put(entry, "AuthRequired", "on")
    if server.protocol is Protocol.SMTP:
        _put(entry, "UsePOPAuth", "off")
        _put(entry, "SMTPLast", "off")


def _put(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _text(root: ET.Element) -> bytes:
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"
