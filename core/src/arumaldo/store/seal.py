"""Secrets in rows: encrypted with a key derived from `[hub] secret`, which can be rotated."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from arumaldo.errors import HubError


class Keyring:
    """Seals with the first secret and opens with any of them, so a rotation is: new one first, old one behind it."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(_derive(secret, b"rows")) for secret in secrets])
        self._signing = _derive(secrets[0], b"signing")

    def seal(self, text: str) -> bytes:
        """The sealed text; a second call gives other bytes for the same text."""
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """The text again. HubError when none of the secrets sealed it."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise HubError(
                "A secret in the database cannot be opened: [hub] secret has changed. Put the old one into "
                "[hub] previous_secrets."
            ) from None

    @property
    def signing_key(self) -> bytes:
        """For cookies and form tokens."""
        return self._signing


def _derive(secret: str, purpose: bytes) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"arumaldo/" + purpose)
    return base64.urlsafe_b64encode(kdf.derive(secret.encode()))
