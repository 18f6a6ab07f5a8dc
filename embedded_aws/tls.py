"""A certificate for localhost and the authority that signed it, made for one root.

TLS is not decoration: bootstrap buckets deny plain HTTP (`aws:SecureTransport`), and the emulator
enforces that. The authority's private key is never written anywhere, so nobody can sign with an
authority that a developer's shell was told to trust.

Written with `cryptography`, which the emulator uses anyway: whatever else this interpreter held,
functions could import without shipping it.
"""

from __future__ import annotations

import datetime
import ipaddress
import shutil
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = datetime.timedelta(days=30)
_SPARE = datetime.timedelta(days=2)


@dataclass(frozen=True)
class Material:
    """Three PEM files below a root."""

    ca: Path
    certificate: Path
    key: Path


def ensure(root: Path) -> Material:
    """The root's certificate files; made anew when missing, unusable or about to expire.

    All three appear together: a crash leaves the old ones or none. Not for two callers at once.
    """
    material = _material(root / "tls")
    if not _usable(material):
        partial, replaced = root / "tls.partial", root / "tls.replaced"
        for remains in (partial, replaced):
            shutil.rmtree(remains, ignore_errors=True)
        partial.mkdir(parents=True)
        _make(_material(partial))
        if material.ca.parent.exists():
            material.ca.parent.rename(replaced)
        partial.rename(material.ca.parent)
        shutil.rmtree(replaced, ignore_errors=True)
    return material


def _material(folder: Path) -> Material:
    return Material(folder / "ca.pem", folder / "server.pem", folder / "server.key")


def _usable(material: Material) -> bool:
    """Whether the authority signed the certificate, the key is the certificate's, none expires."""
    try:
        authority = x509.load_pem_x509_certificate(material.ca.read_bytes())
        certificate = x509.load_pem_x509_certificate(material.certificate.read_bytes())
        key = serialization.load_pem_private_key(material.key.read_bytes(), password=None)
        certificate.verify_directly_issued_by(authority)
    except (OSError, ValueError, TypeError, InvalidSignature):
        return False  # missing, cut short by a crash, or not made together
    expires = min(one.not_valid_after_utc for one in (authority, certificate))
    lasts = expires - _SPARE > datetime.datetime.now(datetime.UTC)
    return bool(lasts and key.public_key() == certificate.public_key())


def _make(material: Material) -> None:
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = _name("Embedded AWS, on this machine only")
    authority = _sign(
        _builder(name, name, authority_key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        ),
        authority_key,
        authority_key,
    )
    server = _sign(
        _server(_builder(_name("localhost"), name, server_key)), server_key, authority_key
    )
    material.key.touch(mode=0o600)
    material.key.write_bytes(
        server_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    material.certificate.write_bytes(server.public_bytes(serialization.Encoding.PEM))
    material.ca.write_bytes(authority.public_bytes(serialization.Encoding.PEM))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _server(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    return (
        builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )


def _sign(
    builder: x509.CertificateBuilder,
    subject_key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=subject_key is signer,
        crl_sign=subject_key is signer,
        encipher_only=False,
        decipher_only=False,
    )
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        builder.add_extension(usage, critical=True)
        .add_extension(issuer, critical=False)
        .sign(signer, hashes.SHA256())
    )
