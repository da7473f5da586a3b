"""Makes the signed configuration profile that Apple's devices install."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7Options,
    PKCS7SignatureBuilder,
)
from django.utils.translation import gettext as _

from domains.clients.apple import profile
from portal.config import stack

if TYPE_CHECKING:
    from domains.clients.servers import Account


def make_profile(*, account: Account, address: str, name: str) -> bytes:
    """Return a fresh profile for one mailbox, signed (CMS, RFC 5652, DER). It holds no password."""
    text = profile(
        account,
        address,
        name,
        description=_("Sets up mail for %(address)s. The password is asked for at the first use.")
        % {"address": address},
    )
    certificates = x509.load_pem_x509_certificates(
        (stack().profile_certificate or stack().data / "tls" / "profile.pem").read_bytes()
    )
    key = load_pem_private_key(
        (stack().profile_key or stack().data / "tls" / "profile.key").read_bytes(), None
    )
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TypeError("the key of the profile certificate must be RSA or elliptic")
    builder = (
        PKCS7SignatureBuilder().set_data(text).add_signer(certificates[0], key, hashes.SHA256())
    )
    for certificate in certificates[1:]:
        builder = builder.add_certificate(certificate)
    return builder.sign(Encoding.DER, [PKCS7Options.Binary])
