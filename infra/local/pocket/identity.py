"""Accounts, their access tokens and their signed ID tokens, which `metadata.py` hands out.

A process with the environment of `Identity.environment` is that account for google-auth, as a
container in Cloud Run is its service account.
"""

import hashlib
import hmac
import json
import secrets
import time
from pathlib import Path
from typing import Any

from google.auth import crypt, jwt

from infra.local.pocket.errors import ApiError
from infra.local.pocket.keys import Keys
from infra.local.wiring import Wiring

TOKEN_LIFE_S = 3600
KEY_LENGTH = 32
"""Hex digits of the key in a metadata address: 128 bits."""

ISSUER = "https://accounts.google.com"


class Identity:
    """The accounts of `wiring`; keys stay in `home/identity`, so tokens outlive a restart.

    An account is the part of a service account's e-mail before its '@', or a key of `people`.
    """

    def __init__(self, home: Path, wiring: Wiring) -> None:
        folder = home / "identity"
        folder.mkdir(parents=True, exist_ok=True)
        self.project = wiring.project
        self.region = wiring.region
        self.accounts = {key: member.partition(":")[2] for key, member in wiring.people.items()}
        self.accounts |= {email.partition("@")[0]: email for email in wiring.service_accounts}
        self.keys = Keys.kept_in(folder)
        self._signer = crypt.RSASigner.from_string(self.keys.private_pem, self.keys.key_id)
        self._no_gcloud = folder / "gcloud"
        self._no_gcloud.mkdir(exist_ok=True)

    def environment(self, account: str, address: str) -> dict[str, str]:
        """Variables that make a process be `account`; `address` is the pocket cloud's host:port."""
        metadata = f"{address}/as/{account}.{self._seal(account)[:KEY_LENGTH]}"
        return {
            "GCE_METADATA_HOST": metadata,
            "GCE_METADATA_IP": metadata,
            # an empty folder: else gcloud's own credentials, if there are any, come first
            "CLOUDSDK_CONFIG": str(self._no_gcloud),
            "GOOGLE_APPLICATION_CREDENTIALS": "",
        }

    def email(self, account: str) -> str:
        """The account's e-mail. Raises ApiError 404."""
        if account not in self.accounts:
            raise ApiError(404, "notFound", f"The wiring names no account {account!r}.")
        return self.accounts[account]

    def email_at(self, address: str) -> str:
        """Whose metadata server this is, the last part of `environment`'s address.

        Raises ApiError 404 where the key is wrong: only who was given an address is the account.
        """
        account, _, key = address.rpartition(".")
        email = self.email(account)
        if not hmac.compare_digest(key.encode(), self._seal(account)[:KEY_LENGTH].encode()):
            raise ApiError(404, "notFound", f"This is not the metadata address of {account!r}.")
        return email

    def access_token(self, email: str, life_s: float = TOKEN_LIFE_S) -> str:
        """An opaque token that `owner_of` understands for `life_s` seconds, in any process."""
        claim = json.dumps([email, time.time() + life_s, secrets.token_hex(4)])
        payload = claim.encode().hex()
        return f"pocket.{payload}.{self._seal(payload)}"

    def owner_of(self, token: str) -> str:
        """E-mail of the access token's owner. Raises ApiError 401: not ours, or expired."""
        _, _, rest = token.partition("pocket.")
        payload, _, seal = rest.rpartition(".")
        if not hmac.compare_digest(seal.encode(), self._seal(payload).encode()):
            raise ApiError(401, "authError", "Invalid Credentials")
        email, expires, _ = json.loads(bytes.fromhex(payload))
        if expires < time.time():
            raise ApiError(401, "authError", "The access token has expired.")
        return str(email)

    def id_token(self, email: str, audience: str, life_s: float = TOKEN_LIFE_S) -> str:
        """A token signed with RS256, like Google's: `email` calls `audience`, for `life_s`."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": audience,
            "azp": email,
            "sub": str(int(hashlib.sha256(email.encode()).hexdigest()[:16], 16)),
            "email": email,
            "email_verified": True,
            "iat": now,
            "exp": now + int(life_s),
        }
        return bytes(jwt.encode(self._signer, claims)).decode()

    def verify_id_token(self, token: str) -> dict[str, Any]:
        """Claims of a valid ID token of ours, audience unchecked. Raises ApiError 401."""
        try:
            return dict(jwt.decode(token, certs={self.keys.key_id: self.keys.certificate_pem}))
        except ValueError as error:
            raise ApiError(401, "authError", f"The ID token is not valid: {error}") from error

    def _seal(self, payload: str) -> str:
        return hmac.new(self.keys.secret, payload.encode(), hashlib.sha256).hexdigest()
