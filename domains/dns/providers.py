"""Knows a domain's DNS provider by its name servers, and what is peculiar about its forms. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Provider:
    """Who runs the name servers. `hint` says what people get wrong in its forms."""

    name: str
    hint: str | _StrPromise


_SHORT_NAME = _(
    "Enter only the part of the name before your domain; for the domain itself enter @."
)
_CLOUDFLARE = _(
    "Names may be entered whole. Set CNAME records to “DNS only” (grey cloud): behind the proxy "
    "mail programs do not find their server."
)
_NAMECHEAP = _(
    "MX records are under Mail Settings → Custom MX. Elsewhere enter only the part of the name "
    "before your domain; for the domain itself enter @."
)
_ROUTE53 = _(
    "Put TXT values in quotation marks; cut values of more than 255 letters into pieces, each in "
    "quotation marks. The MX value is the number and the name together."
)
_TRAILING_DOT = _(
    "Enter only the part of the name before your domain, and end the target of CNAME and MX "
    "records with a dot."
)
_GOOGLE_CLOUD = _("Enter names and targets whole, with the dot at their end.")
_IMPORT = _("The zone file can be imported or pasted as text, which saves the typing.")

# Ends of name servers' names. Seen in NS records of customers; a wrong guess only shows a hint.
_BY_SUFFIX: tuple[tuple[str, Provider], ...] = (
    ("ns.cloudflare.com", Provider("Cloudflare", _CLOUDFLARE)),
    ("domaincontrol.com", Provider("GoDaddy", _SHORT_NAME)),
    ("registrar-servers.com", Provider("Namecheap", _NAMECHEAP)),
    ("googledomains.com", Provider("Google Cloud DNS, Squarespace", _GOOGLE_CLOUD)),
    ("squarespacedns.com", Provider("Squarespace", _SHORT_NAME)),
    ("digitalocean.com", Provider("DigitalOcean", _TRAILING_DOT)),
    ("gandi.net", Provider("Gandi", _IMPORT)),
    ("ovh.net", Provider("OVHcloud", _IMPORT)),
    ("hetzner.com", Provider("Hetzner", _IMPORT)),
    ("dns-parking.com", Provider("Hostinger", _SHORT_NAME)),
    ("azure-dns.com", Provider("Azure DNS", _SHORT_NAME)),
    ("pavietnam.vn", Provider("P.A Việt Nam", _SHORT_NAME)),
    ("pavietnam.com", Provider("P.A Việt Nam", _SHORT_NAME)),
    ("matbao.vn", Provider("Mắt Bão", _SHORT_NAME)),
    ("matbao.com", Provider("Mắt Bão", _SHORT_NAME)),
    ("zonedns.vn", Provider("Nhân Hòa", _SHORT_NAME)),
    ("nhanhoa.com", Provider("Nhân Hòa", _SHORT_NAME)),
    ("tenten.vn", Provider("Tenten", _SHORT_NAME)),
    ("inet.vn", Provider("iNET", _SHORT_NAME)),
    ("vinahost.vn", Provider("VinaHost", _SHORT_NAME)),
    ("dotvndns.vn", Provider("Z.com, GMO", _SHORT_NAME)),
)


def provider_of(servers: Iterable[str]) -> Provider | None:
    """Return the provider whose name servers these are; None when it is none we know."""
    for server in servers:
        name = server.lower().rstrip(".")
        if ".awsdns-" in f".{name}":
            return Provider("Amazon Route 53", _ROUTE53)
        for suffix, provider in _BY_SUFFIX:
            if name == suffix or name.endswith(f".{suffix}"):
                return provider
    return None
