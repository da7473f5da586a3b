"""The records a domain has to publish, as values, as zone file text and in their order of work."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from domains.dkim import record_text
from domains.dns.answers import Question

TTL_SECONDS = 3600
OWNERSHIP_LABEL = "_hopthu"
OWNERSHIP_PREFIX = "hopthu-verify="
MX_PREFERENCE = 10


class Step(IntEnum):
    """Steps of setting a domain up, in the order a person walks them."""

    OWNERSHIP = 1
    RECEIVING = 2
    SENDING = 3


@dataclass(frozen=True, slots=True)
class DkimPublic:
    """The public half of a signing key. `delegated_to`: target of a CNAME in the operator's zone."""

    selector: str
    public_key: str
    delegated_to: str = ""  # empty: the domain publishes the key itself as TXT


@dataclass(frozen=True, slots=True)
class ExpectedRecord:
    """A record to publish. `record` is its stable code: ownership, mx, spf, dkim-s1, dmarc."""

    record: str
    name: str  # owner name, no trailing dot
    rdtype: str
    value: str  # as typed into a provider's form; names in it end with a dot
    step: Step

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
) -> tuple[ExpectedRecord, ...]:
    """Return every record of the domain in the order of work.

    MTA-STS, TLS-RPT and client set-up records join this list once their services answer.
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
        *(_dkim_record(domain_name, key) for key in dkim),
        ExpectedRecord("dmarc", f"_dmarc.{domain_name}", "TXT", "v=DMARC1; p=none", Step.SENDING),
    )


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
    if key.delegated_to:
        return ExpectedRecord(code, name, "CNAME", f"{key.delegated_to}.", Step.SENDING)
    return ExpectedRecord(code, name, "TXT", record_text(key.public_key), Step.SENDING)
