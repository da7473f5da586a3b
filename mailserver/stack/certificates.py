"""The installation's own certificate authority and the mail server's certificate."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mailserver.stack import files

if TYPE_CHECKING:
    from pathlib import Path

AUTHORITY_DAYS = 3650
SERVER_DAYS = 398
RENEW_BEFORE = timedelta(days=30)


def ensure_certificates(data: Path, names: list[str]) -> bool:
    """Make DATA/ca.pem and DATA/tls/server.{pem,key} for `names` (hosts, addresses); True when new.

    A certificate of our own is renewed thirty days before its end or when `names` changed. Files an
    operator put there himself (issued by somebody else) are left alone.
    """
    tls = files.folder(data / "tls", mode=0o755)
    authority, authority_key = _authority(data)
    server = tls / "server.pem"
    if server.exists():
        known = x509.load_pem_x509_certificate(server.read_bytes())
        ours = known.issuer == authority.subject
        fresh = known.not_valid_after_utc - RENEW_BEFORE > datetime.now(UTC)
        if not ours or (fresh and _names(known) == set(names)):
            return False
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(names[0], SERVER_DAYS)
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName([_name(n) for n in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    files.write(tls / "server.key", _pem(key), mode=0o600)
    files.write(
        server,
        certificate.public_bytes(serialization.Encoding.PEM).decode()
        + authority.public_bytes(serialization.Encoding.PEM).decode(),
    )
    return True


def ensure_profile_certificate(data: Path, name: str, *, owner: str) -> None:
    """Make DATA/tls/profile.{pem,key}, which sign Apple profiles, for the operator named `name`.

    The web process reads this key and never the mail server's. Renewed like the other.
    """
    path = data / "tls" / "profile.pem"
    authority, authority_key = _authority(data)
    if path.exists():
        known = x509.load_pem_x509_certificate(path.read_bytes())
        fresh = known.not_valid_after_utc - RENEW_BEFORE > datetime.now(UTC)
        if fresh and known.issuer == authority.subject and known.subject == _subject(name):
            return
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _builder(name, SERVER_DAYS)
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    files.write(data / "tls" / "profile.key", _pem(key), owner=owner, group=owner, mode=0o600)
    files.write(
        path,
        certificate.public_bytes(serialization.Encoding.PEM).decode()
        + authority.public_bytes(serialization.Encoding.PEM).decode(),
    )


def _authority(data: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    path, key_path = data / "ca.pem", data / "tls" / "ca.key"
    if path.exists() and key_path.exists():
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return x509.load_pem_x509_certificate(path.read_bytes()), key
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(f"Hopthu {data}"[:64], AUTHORITY_DAYS)
    certificate = (
        builder.issuer_name(_subject(f"Hopthu {data}"[:64]))
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    files.write(key_path, _pem(key), mode=0o600)
    files.write(path, certificate.public_bytes(serialization.Encoding.PEM).decode())
    return certificate, key


def _builder(name: str, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _names(certificate: x509.Certificate) -> set[str]:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(one.value) for one in extension}


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
