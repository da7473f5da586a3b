"""Who really sent it: our own server's checks, and signs of deceit."""

from __future__ import annotations

import pytest

from webmail.message.address import Address
from webmail.message.auth import read_authentication
from webmail.message.headers import parse_headers
from webmail.message.signals import (
    looks_like_other_letters,
    misleading_links,
    name_claims_other_address,
    reply_goes_elsewhere,
)

OURS = "mail.hopthu.test"


def judged(*fields: str, domain: str = "partner.test") -> str:
    raw = "".join(f"Authentication-Results: {field}\r\n" for field in fields).encode()
    return read_authentication(parse_headers(raw), OURS, domain).verdict


def test_a_pass_of_dmarc_verifies() -> None:
    assert (
        judged(f"{OURS}; dkim=pass header.d=partner.test; dmarc=pass header.from=partner.test")
        == "verified"
    )


def test_a_failure_of_dmarc_fails_whatever_else_passes() -> None:
    assert (
        judged(f"{OURS}; spf=pass smtp.mailfrom=x@other.test; dmarc=fail header.from=partner.test")
        == "failed"
    )


def test_an_aligned_signature_verifies_where_there_is_no_dmarc() -> None:
    assert judged(f"{OURS}; dkim=pass header.d=partner.test; dmarc=none") == "verified"
    assert judged(f"{OURS}; dkim=pass header.d=other.test; dmarc=none") == "unverified"


def test_the_fields_of_other_servers_prove_nothing() -> None:
    assert judged("mail.evil.test; dmarc=pass header.from=partner.test") == "unknown"
    assert judged("evil; dmarc=pass", f"{OURS}; dmarc=fail header.from=x") == "failed"


def test_only_the_topmost_field_of_ours_counts() -> None:
    assert judged(f"{OURS}; dmarc=fail", f"{OURS}; dmarc=pass") == "failed"


def test_comments_are_no_results() -> None:
    assert judged(f"{OURS} (dmarc=pass); spf=fail (dmarc=pass) smtp.mailfrom=a@b.test") == "failed"


@pytest.mark.parametrize(
    ("sender", "claimed"),
    [
        (Address("giamdoc@congty.test", "thief@else.test"), "giamdoc@congty.test"),
        (Address("An (an@congty.test)", "an@mail.congty.test"), ""),
        (Address("An", "an@congty.test"), ""),
    ],
)
def test_names_that_claim_another_address(sender: Address, claimed: str) -> None:
    assert name_claims_other_address(sender) == claimed


def test_replies_that_go_elsewhere() -> None:
    sender = Address("An", "an@congty.test")
    assert reply_goes_elsewhere(sender, (Address("", "x@else.test"),)) == "x@else.test"
    assert reply_goes_elsewhere(sender, (Address("", "x@mail.congty.test"),)) == ""


@pytest.mark.parametrize(
    ("domain", "is_mixed"),
    [
        ("pаypal.com", True),
        ("xn--pypal-4ve.com", True),
        ("việt.vn", False),
        ("partner.test", False),
        ("xn--", True),
    ],
)
def test_domains_of_mixed_letters(domain: str, is_mixed: bool) -> None:
    assert looks_like_other_letters(domain) is is_mixed


def test_links_that_lead_elsewhere_than_they_say() -> None:
    found = misleading_links(
        '<a href="https://evil.test/" target="_blank">https://bank.example/login</a>'
        '<a class="m-x" href="https://click.bank.example/">bank.example</a>'
        '<a href="https://evil.test/">Đọc tiếp</a>'
    )
    assert [(m.shown, m.target) for m in found] == [("bank.example", "evil.test")]
