"""What a domain must publish, as values and as a zone file."""

from __future__ import annotations

import dns.zone
import pytest

from domains.dkim import make_key_pair, record_text
from domains.dns.records import (
    DkimPublic,
    ExpectedRecord,
    Need,
    Service,
    Step,
    expected,
    quoted,
    zone_file,
)

KEY = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A" * 12


def records(name: str = "congty.vn", delegated_to: str = "") -> dict[str, ExpectedRecord]:
    found = expected(
        name,
        ownership_token="7f3c",
        mail_hostname="mail.hopthu.test",
        operator_domain="hopthu.test",
        dkim=(
            DkimPublic("s1", KEY, delegated_to),
            DkimPublic("s2", KEY, delegated_to, is_signing=False),
        ),
        sts_id="abc1",
        services=(Service("imaps", "mail.hopthu.test", 993),),
        pacc="v=UAAC1; a=sha256; d=x",
    )
    return {record.record: record for record in found}


def test_a_domain_publishes_its_records_in_the_order_of_work() -> None:
    needs = {code: record.need for code, record in records().items()}
    assert [code for code, need in needs.items() if need is Need.REQUIRED] == [
        "ownership",
        "mx",
        "spf",
        "dkim-s1",
        "dmarc",
    ]
    assert [code for code, need in needs.items() if need is Need.RECOMMENDED] == [
        "dkim-s2",
        "mta-sts-host",
        "mta-sts",
        "tls-rpt",
        "autoconfig",
        "autodiscover",
    ]
    assert [code for code, need in needs.items() if need is Need.OPTIONAL] == [
        "srv-imaps",
        "pacc-host",
        "pacc",
    ]
    assert [r.step for r in records().values()] == sorted(r.step for r in records().values())
    assert records()["ownership"].step is Step.OWNERSHIP


@pytest.mark.parametrize(
    ("code", "name", "rdtype", "value"),
    [
        ("ownership", "_hopthu.congty.vn", "TXT", "hopthu-verify=7f3c"),
        ("mx", "congty.vn", "MX", "10 mail.hopthu.test."),
        ("spf", "congty.vn", "TXT", "v=spf1 include:_spf.hopthu.test -all"),
        ("dkim-s1", "s1._domainkey.congty.vn", "TXT", record_text(KEY)),
        (
            "dmarc",
            "_dmarc.congty.vn",
            "TXT",
            "v=DMARC1; p=none; rua=mailto:postmaster@congty.vn",
        ),
        ("mta-sts", "_mta-sts.congty.vn", "TXT", "v=STSv1; id=abc1"),
        ("mta-sts-host", "mta-sts.congty.vn", "CNAME", "mail.hopthu.test."),
        (
            "tls-rpt",
            "_smtp._tls.congty.vn",
            "TXT",
            "v=TLSRPTv1; rua=mailto:postmaster@congty.vn",
        ),
        ("autoconfig", "autoconfig.congty.vn", "CNAME", "mail.hopthu.test."),
        ("srv-imaps", "_imaps._tcp.congty.vn", "SRV", "0 1 993 mail.hopthu.test."),
        ("pacc", "_ua-auto-config.congty.vn", "TXT", "v=UAAC1; a=sha256; d=x"),
    ],
)
def test_each_record_says_exactly_what_to_type(
    code: str, name: str, rdtype: str, value: str
) -> None:
    record = records()[code]
    assert (record.name, record.rdtype, record.value) == (name, rdtype, value)


def test_a_delegated_key_is_a_cname_into_the_operators_zone() -> None:
    record = records(delegated_to="s1.42._dkim.hopthu.test")["dkim-s1"]
    assert (record.rdtype, record.value) == ("CNAME", "s1.42._dkim.hopthu.test.")


def test_the_zone_file_is_read_by_a_dns_library_word_for_word() -> None:
    wanted = records("xn--cng-ty-ixa.vn")
    text = zone_file("xn--cng-ty-ixa.vn", tuple(wanted.values()))
    zone = dns.zone.from_text(text, origin="xn--cng-ty-ixa.vn.", check_origin=False)
    for record in wanted.values():
        found = zone.get_rdataset(record.name + ".", record.rdtype)
        assert found is not None
        texts = [
            b"".join(rdata.strings).decode() if record.rdtype == "TXT" else rdata.to_text()
            for rdata in found
        ]
        if record.rdtype in {"MX", "CNAME", "SRV"}:
            texts = [rdata.to_text(origin=zone.origin, relativize=False) for rdata in found]
        assert record.value in texts


def test_long_values_are_cut_into_strings_of_at_most_255_bytes() -> None:
    parts = quoted("x" * 700).split('" "')
    assert [len(part.strip('"')) for part in parts] == [250, 250, 200]
    assert quoted('a"b\\c') == '"a\\"b\\\\c"'


def test_a_key_pair_signs_what_its_record_verifies() -> None:
    from base64 import b64decode

    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import (
        load_der_public_key,
        load_pem_private_key,
    )

    pair = make_key_pair()
    private = load_pem_private_key(pair.private_pem, None)
    public = load_der_public_key(b64decode(pair.public_key))
    assert isinstance(private, RSAPrivateKey)
    assert isinstance(public, RSAPublicKey)
    assert public.key_size == 2048
    public.verify(private.sign(b"thu", PKCS1v15(), SHA256()), b"thu", PKCS1v15(), SHA256())
