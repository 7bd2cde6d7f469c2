"""Key material of the pocket cloud: made once, then read from the state folder."""

from __future__ import annotations

import datetime
import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass(frozen=True)
class Keys:
    """An RSA key with its certificate, for ID tokens, and a secret, for access tokens."""

    private_pem: str
    certificate_pem: str
    secret: bytes

    @staticmethod
    def kept_in(folder: Path) -> Keys:
        """The keys of `folder`, made at the first call."""
        files = [folder / name for name in ("key.pem", "certificate.pem", "secret")]
        if not all(file.exists() for file in files):
            for file, content in zip(files, _make(), strict=True):
                file.touch(mode=0o600)
                file.write_bytes(content)
        key, certificate, secret = (file.read_bytes() for file in files)
        return Keys(key.decode(), certificate.decode(), secret)

    @property
    def key_id(self) -> str:
        """The `kid` by which a token names its certificate."""
        return hashlib.sha256(self.certificate_pem.encode()).hexdigest()[:40]


def _make() -> tuple[bytes, bytes, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pocket cloud")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return private, certificate.public_bytes(pem), secrets.token_bytes(32)
