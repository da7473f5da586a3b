"""The zones of the boxed DNS server as they are at the first start; pure."""

from __future__ import annotations

HEAD = """$TTL 5
@ SOA {server}. hostmaster.hopthu.test. 1 3600 600 86400 5
@ NS {server}.
"""


def zones(box: str, mail_hostname: str, operator_domain: str) -> dict[str, str]:
    """Return zone texts by name without trailing dot ("" is the root).

    `box` is the first three numbers of the boxed loopback addresses. The root zone makes every other
    name NXDOMAIN at once, so that mail to a mistyped domain fails instead of waiting.
    """
    second, third = box.split(".")[1:3]
    server = f"ns.{operator_domain}"
    hosted = (
        f"@ MX 10 {mail_hostname}.\n"
        f'@ TXT "v=spf1 include:_spf.{operator_domain} -all"\n'
        f'_dmarc TXT "v=DMARC1; p=quarantine; rua=mailto:dmarc@{operator_domain}"\n'
    )
    texts = {
        operator_domain: hosted
        + f"ns A {box}.53\n"
        + f"{mail_hostname}. A {box}.1\n"
        + f'_spf TXT "v=spf1 ip4:{box}.1 -all"\n',
        "haivan.test": hosted,
        "northwind.test": hosted,
        # a name somebody owns and has not set up for mail yet: for the domain wizard
        "haivan-moi.test": f"www A {box}.80\n",
        "partner.test": "@ MX 10 mx.partner.test.\n"
        f"mx A {box}.25\n"
        f"www A {box}.80\n"
        f"img A {box}.80\n"
        f'@ TXT "v=spf1 ip4:{box}.25 -all"\n'
        '_dmarc TXT "v=DMARC1; p=reject"\n',
        # a block list that lists its test entry (RFC 5782) and nobody else
        "dnsbl.test": '2.0.0.127 A 127.0.0.2\n2.0.0.127 TXT "Test entry"\n',
        "127.in-addr.arpa": f"1.{third}.{second} PTR {mail_hostname}.\n"
        f"25.{third}.{second} PTR mx.partner.test.\n"
        "1.0.0 PTR localhost.\n",
        "": "localhost. A 127.0.0.1\nlocalhost. AAAA ::1\n",
    }
    return {name: HEAD.format(server=server) + text for name, text in texts.items()}
