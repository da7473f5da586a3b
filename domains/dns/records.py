"""The records a domain has to publish, as values, as zone file text and in their order of work."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from domains.dkim import record_text
from domains.dns.answers import Question

if TYPE_CHECKING:
    from collections.abc import Iterator

TTL_SECONDS = 3600
OWNERSHIP_LABEL = "_hopthu"
OWNERSHIP_PREFIX = "hopthu-verify="
MX_PREFERENCE = 10


class Step(IntEnum):
    """Steps of setting a domain up, in the order a person walks them."""

    OWNERSHIP = 1
    RECEIVING = 2
    SENDING = 3
    COMFORT = 4  # nothing here makes a domain broken


class Need(StrEnum):
    """How much a record matters. Only required ones count as something to repair."""

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class DkimPublic:
    """The public half of a signing key. `delegated_to`: target of a CNAME in the operator's zone."""

    selector: str
    public_key: str
    delegated_to: str = ""  # empty: the domain publishes the key itself as TXT
    is_signing: bool = True  # False: stands ready for the next change of keys


@dataclass(frozen=True, slots=True)
class Service:
    """A service that mail programs find by an SRV record: `_name._tcp`."""

    name: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class ExpectedRecord:
    """A record to publish. `record` is its stable code: ownership, mx, spf, dkim-s1, dmarc."""

    record: str
    name: str  # owner name, no trailing dot
    rdtype: str
    value: str  # as typed into a provider's form; names in it end with a dot
    step: Step
    need: Need = Need.REQUIRED

    @property
    def question(self) -> Question:
        """What to ask the name servers."""
        return Question(self.name, self.rdtype)


def ownership_value(token: str) -> str:
    """Return the TXT value that proves the domain is the tenant's."""
    return f"{OWNERSHIP_PREFIX}{token}"


def expected(
    domain_name: str,
    *,
    ownership_token: str,
    mail_hostname: str,
    operator_domain: str,
    dkim: tuple[DkimPublic, ...],
    sts_id: str = "",
    services: tuple[Service, ...] = (),
    pacc: str = "",
) -> tuple[ExpectedRecord, ...]:
    """Return every record of the domain in the order of work.

    `sts_id`: the MTA-STS policy's; empty: none is served. `services`: what mail programs may find by
    SRV. `pacc`: the TXT that vouches for the PACC document; empty: there is none worth vouching for.
    """
    return (
        ExpectedRecord(
            "ownership",
            f"{OWNERSHIP_LABEL}.{domain_name}",
            "TXT",
            ownership_value(ownership_token),
            Step.OWNERSHIP,
        ),
        ExpectedRecord(
            "mx", domain_name, "MX", f"{MX_PREFERENCE} {mail_hostname}.", Step.RECEIVING
        ),
        ExpectedRecord(
            "spf", domain_name, "TXT", f"v=spf1 include:_spf.{operator_domain} -all", Step.SENDING
        ),
        *(_dkim_record(domain_name, key) for key in dkim if key.is_signing),
        ExpectedRecord(
            "dmarc",
            f"_dmarc.{domain_name}",
            "TXT",
            f"v=DMARC1; p=none; rua=mailto:postmaster@{domain_name}",
            Step.SENDING,
        ),
        *(_dkim_record(domain_name, key) for key in dkim if not key.is_signing),
        *_transport(domain_name, mail_hostname, sts_id),
        *_set_up(domain_name, mail_hostname, services, pacc),
    )


def _transport(name: str, mail_hostname: str, sts_id: str) -> Iterator[ExpectedRecord]:
    """Yield what makes other servers insist on TLS (RFC 8461) and report about it (RFC 8460)."""
    good = (Step.COMFORT, Need.RECOMMENDED)
    if sts_id:
        yield ExpectedRecord("mta-sts-host", f"mta-sts.{name}", "CNAME", f"{mail_hostname}.", *good)
        yield ExpectedRecord("mta-sts", f"_mta-sts.{name}", "TXT", f"v=STSv1; id={sts_id}", *good)
    reports = f"v=TLSRPTv1; rua=mailto:postmaster@{name}"
    yield ExpectedRecord("tls-rpt", f"_smtp._tls.{name}", "TXT", reports, *good)


def _set_up(
    name: str, mail_hostname: str, services: tuple[Service, ...], pacc: str
) -> Iterator[ExpectedRecord]:
    """Yield what lets mail programs find their servers (RFC 6186, RFC 8314, autodiscover, PACC)."""
    for label in ("autoconfig", "autodiscover"):
        yield ExpectedRecord(
            label, f"{label}.{name}", "CNAME", f"{mail_hostname}.", Step.COMFORT, Need.RECOMMENDED
        )
    for service in services:
        yield ExpectedRecord(
            f"srv-{service.name}",
            f"_{service.name}._tcp.{name}",
            "SRV",
            f"0 1 {service.port} {service.host}.",
            Step.COMFORT,
            Need.OPTIONAL,
        )
    if pacc:
        host = f"ua-auto-config.{name}"
        yield ExpectedRecord(
            "pacc-host", host, "CNAME", f"{mail_hostname}.", Step.COMFORT, Need.OPTIONAL
        )
        yield ExpectedRecord("pacc", f"_{host}", "TXT", pacc, Step.COMFORT, Need.OPTIONAL)


def key_proofs(domain_name: str, key: DkimPublic) -> tuple[ExpectedRecord, ...]:
    """Return all that receivers need to find `key`: the domain's record, and the one it leads to."""
    own = _dkim_record(domain_name, key)
    if not key.delegated_to:
        return (own,)
    text = record_text(key.public_key)
    return own, ExpectedRecord(own.record, key.delegated_to, "TXT", text, own.step, own.need)


def zone_file(domain_name: str, records: tuple[ExpectedRecord, ...]) -> str:
    """Return the records as RFC 1035 master file text that DNS providers import."""
    lines = [f"; DNS records of {domain_name}", f"$ORIGIN {domain_name}.", f"$TTL {TTL_SECONDS}"]
    for record in records:
        owner = record.name.removesuffix(domain_name).removesuffix(".") or "@"
        data = quoted(record.value) if record.rdtype == "TXT" else record.value
        lines.append(f"{owner}\t{TTL_SECONDS}\tIN\t{record.rdtype}\t{data}")
    return "\n".join(lines) + "\n"


def quoted(value: str) -> str:
    """Return a TXT value as quoted strings of at most 255 bytes each."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    chunks = [escaped[i : i + 250] for i in range(0, len(escaped), 250)] or [""]
    return " ".join(f'"{chunk}"' for chunk in chunks)


def _dkim_record(domain_name: str, key: DkimPublic) -> ExpectedRecord:
    name = f"{key.selector}._domainkey.{domain_name}"
    code = f"dkim-{key.selector}"
    place = (Step.SENDING, Need.REQUIRED) if key.is_signing else (Step.COMFORT, Need.RECOMMENDED)
    if key.delegated_to:
        return ExpectedRecord(code, name, "CNAME", f"{key.delegated_to}.", *place)
    return ExpectedRecord(code, name, "TXT", record_text(key.public_key), *place)
