"""The installation's own certificate authority and the mail server's certificate."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mailserver.stack import files
from mailserver.stack.errors import CannotStart

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

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
        known = _parsed(server, x509.load_pem_x509_certificate)
        ours = known.issuer == authority.subject
        fresh = known.not_valid_after_utc - RENEW_BEFORE > datetime.now(UTC)
        if not ours or (fresh and _is_strict(known) and _names(known) == set(names)):
            return False
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(names[0], SERVER_DAYS)
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName([_name(n) for n in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(*_issued_by(authority))
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
        known = _parsed(path, x509.load_pem_x509_certificate)
        fresh = known.not_valid_after_utc - RENEW_BEFORE > datetime.now(UTC)
        ours = known.issuer == authority.subject and known.subject == _subject(name)
        if fresh and ours and _is_strict(known):
            return
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(name, SERVER_DAYS)
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=True, commits=True), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .add_extension(*_issued_by(authority))
        .sign(authority_key, hashes.SHA256())
    )
    files.write(data / "tls" / "profile.key", _pem(key), owner=owner, group=owner, mode=0o600)
    files.write(
        path,
        certificate.public_bytes(serialization.Encoding.PEM).decode()
        + authority.public_bytes(serialization.Encoding.PEM).decode(),
    )


def _authority(data: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return our authority; one that strict clients refuse is signed anew with the same key."""
    path, key_path = data / "ca.pem", data / "tls" / "ca.key"
    key: ec.EllipticCurvePrivateKey | None = None
    if path.exists() and key_path.exists():
        found = _parsed(key_path, lambda pem: serialization.load_pem_private_key(pem, None))
        if isinstance(found, ec.EllipticCurvePrivateKey):
            key = found
            certificate = _parsed(path, x509.load_pem_x509_certificate)
            if _is_strict(certificate):
                return certificate, key
    if key is None:
        key = ec.generate_private_key(ec.SECP256R1())
        files.write(key_path, _pem(key), mode=0o600)
    name = f"Hopthu {data}"[:64]
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _builder(name, AUTHORITY_DAYS)
        .issuer_name(_subject(name))
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(issues=True), critical=True)
        .add_extension(own, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    files.write(path, certificate.public_bytes(serialization.Encoding.PEM).decode())
    return certificate, key


def _parsed(path: Path, load: Callable[[bytes], T]) -> T:
    """Read a PEM file. Raises CannotStart when it holds something else."""
    try:
        return load(path.read_bytes())
    except ValueError as error:
        raise CannotStart(
            f"{path} is damaged: put the right file back, or remove it to have a new one made."
        ) from error


def _is_strict(certificate: x509.Certificate) -> bool:
    """Tell whether it names its issuer's key, as RFC 5280 wants and Python 3.13 insists."""
    kinds = {type(extension.value) for extension in certificate.extensions}
    return {x509.AuthorityKeyIdentifier, x509.KeyUsage} <= kinds


def _issued_by(authority: x509.Certificate) -> tuple[x509.AuthorityKeyIdentifier, bool]:
    own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), False


def _usage(*, signs: bool = False, commits: bool = False, issues: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=commits,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issues,
        crl_sign=issues,
        encipher_only=False,
        decipher_only=False,
    )


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
