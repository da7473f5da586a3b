"""The stack's own certificates are what strict clients (OpenSSL's strict mode, Python 3.13) accept."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mailserver.stack.certificates import ensure_certificates, ensure_profile_certificate
from mailserver.stack.errors import CannotStart

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["mail.example.test", "localhost", "127.0.0.1"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    ensure_certificates(tmp_path, NAMES)
    ensure_profile_certificate(tmp_path, "Hộp Thư", owner="root")
    return tmp_path


def test_both_certificates_pass_the_strict_check(data: Path) -> None:
    for name in ("server", "profile"):
        done = subprocess.run(
            [
                "openssl",
                "verify",
                "-x509_strict",
                "-CAfile",
                data / "ca.pem",
                data / "tls" / f"{name}.pem",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_a_second_start_changes_nothing(data: Path) -> None:
    before = {path: path.read_bytes() for path in data.rglob("*.pem")}
    assert not ensure_certificates(data, NAMES)
    ensure_profile_certificate(data, "Hộp Thư", owner="root")
    assert {path: path.read_bytes() for path in data.rglob("*.pem")} == before


def test_another_host_name_gets_another_certificate(data: Path) -> None:
    assert ensure_certificates(data, ["other.example.test"])


def test_an_authority_of_an_older_release_keeps_its_key(data: Path) -> None:
    """Who trusts the old ca.pem trusts what is issued now."""
    old = x509.load_pem_x509_certificate((data / "ca.pem").read_bytes())
    key = serialization.load_pem_private_key((data / "tls" / "ca.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    bare = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(old.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(old.not_valid_before_utc)
        .not_valid_after(old.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (data / "ca.pem").write_bytes(bare.public_bytes(serialization.Encoding.PEM))
    ensure_certificates(data, NAMES)
    now = x509.load_pem_x509_certificate((data / "ca.pem").read_bytes())
    assert now.public_key() == old.public_key()
    assert now.subject == old.subject
    assert now.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


def test_a_damaged_key_is_told_with_what_to_do(data: Path) -> None:
    (data / "tls" / "ca.key").write_text("junk")
    with pytest.raises(CannotStart, match=r"ca\.key is damaged: put the right file back"):
        ensure_certificates(data, NAMES)
