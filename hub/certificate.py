"""The node port's TLS key and certificate: made at init or brought by the operator; the key lives inside the key file only (format.md §12)."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import os
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from hub.errors import ConfigurationWrong

FILE = "tls.crt"
YEARS = 30
"""Nodes pin the certificate and look at no date; it must outlive the machine."""
CERTIFICATE_MAX = 64 * 1024
"""Bytes: a chain of a few certificates."""


def self_signed(key_der: bytes, name: str, host: str, wall: int) -> bytes:
    """A PEM certificate of our own for the TLS key; dates lie well around `wall`, for clocks are not trusted."""
    key = load_der_private_key(key_der, None)
    assert isinstance(key, EllipticCurvePrivateKey)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name.encode()[:64].decode("utf-8", "ignore"))])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.fromtimestamp(wall, datetime.UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now - 365 * day, now + YEARS * 365 * day)
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        alternative = x509.DNSName(host.encode("idna").decode())
    certificate = builder.add_extension(x509.SubjectAlternativeName([alternative]), critical=False).sign(key, hashes.SHA256())
    return certificate.public_bytes(Encoding.PEM)


def given(certificate_path: Path, key_path: Path) -> tuple[bytes, bytes]:
    """(certificate chain PEM, key PKCS #8 DER) that the operator brought; ConfigurationWrong when they are not a pair."""
    try:
        chain = certificate_path.read_bytes()[: CERTIFICATE_MAX + 1]
        key = load_pem_private_key(key_path.read_bytes()[:CERTIFICATE_MAX], None)
        leaf = x509.load_pem_x509_certificate(chain)
    except OSError as fault:
        raise ConfigurationWrong(f"TLS 证书或私钥读不出：{fault.filename}（{fault.strerror}）") from fault
    except (ValueError, TypeError) as fault:
        raise ConfigurationWrong("TLS 证书或私钥不是未加密的 PEM。请转换后重试。") from fault
    if len(chain) > CERTIFICATE_MAX or not isinstance(key, EllipticCurvePrivateKey | RSAPrivateKey) or leaf.public_key() != key.public_key():
        raise ConfigurationWrong("TLS 证书与私钥不是一对，或不是 EC、RSA 密钥。请核对 --tls-cert 与 --tls-key。")
    return chain, key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def digest(chain_pem: bytes) -> bytes:
    """SHA-256 of the leaf's DER: what tokens and hellos carry."""
    return hashlib.sha256(x509.load_pem_x509_certificate(chain_pem).public_bytes(Encoding.DER)).digest()


def server_context(chain_pem: bytes, key_der: bytes) -> ssl.SSLContext:
    """TLS 1.2 and later with this pair. The key reaches OpenSSL through anonymous memory: it never lies on a disk in clear."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    key = load_der_private_key(key_der, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.memfd_create("jindang-tls", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key + chain_pem)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
    return context
