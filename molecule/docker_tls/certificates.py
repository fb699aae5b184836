"""Make certificates for the scenario, good and bad ones: certificates.py FOLDER ADDRESS,ADDRESS."""

import ipaddress
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

Key = ec.EllipticCurvePrivateKey
Issuer = tuple[Key, x509.Name]
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
folder, addresses = Path(sys.argv[1]), sys.argv[2].split(",")
os.umask(0o077)


def write_key(path: str, key: Key, password: bytes = b"") -> None:
    """Write a private key, encrypted where there is a password."""
    secrecy = BestAvailableEncryption(password) if password else NoEncryption()
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secrecy))


def issue(
    path: str, name: str, key: Key, issuer: Issuer, days: int = 90, usage: ObjectIdentifier | None = None,
    names: list[str] | None = None, ca: bool = False,
) -> None:  # fmt: skip
    """Write a certificate that ends so many days from now."""
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer[1])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    # OpenSSL's strict rules, which Python's newest follows, want both.
    own, above = (x509.SubjectKeyIdentifier.from_public_key(item.public_key()) for item in (key, issuer[0]))
    builder = builder.add_extension(own, critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above), critical=False
    )
    if ca:
        usages = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment"), False)
        usages |= dict.fromkeys(("key_agreement", "encipher_only", "decipher_only"), False)
        builder = builder.add_extension(
            x509.KeyUsage(digital_signature=False, key_cert_sign=True, crl_sign=True, **usages), critical=True
        )
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if names:
        listed = [x509.IPAddress(ipaddress.ip_address(address)) for address in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(listed), critical=False)
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(builder.sign(issuer[0], hashes.SHA256()).public_bytes(Encoding.PEM))


def authority(path: str, name: str, days: int = 90) -> Issuer:
    """Write a CA and return it."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = key, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issue(f"{path}/ca.pem", name, key, own, days, ca=True)
    write_key(f"{path}/ca-key.pem", key)
    return own


site, stranger = authority("site", "Site CA"), authority("stranger", "Stranger's CA")
authority("ending", "CA at its end", days=5)
server = ec.generate_private_key(ec.SECP256R1())
write_key("key.pem", server)
write_key("locked.pem", server, b"closed")
issue("cert.pem", "docker", server, site, usage=SERVER, names=addresses)
issue("tomorrow.pem", "docker", server, site, days=1, usage=SERVER, names=addresses)
# For clients, and of another address.
issue("bad.pem", "docker", server, site, usage=CLIENT, names=["192.0.2.1"])
issue("strangers.pem", "docker", server, stranger, usage=SERVER, names=addresses)
for client, signer, valid in (("good", site, 90), ("stranger", stranger, 90), ("expired", site, -1)):
    key = ec.generate_private_key(ec.SECP256R1())
    write_key(f"clients/{client}/key.pem", key)
    issue(f"clients/{client}/cert.pem", client, key, signer, days=valid, usage=CLIENT)
    (folder / f"clients/{client}/ca.pem").write_bytes((folder / "site/ca.pem").read_bytes())
