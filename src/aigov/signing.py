"""Signatures of attestations (DSSE), through securesystemslib; imported only where one is made
or checked."""

from collections.abc import Callable, Mapping
from typing import Any

from aigov.errors import MissingExtra, UsageError

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_pem_public_key,
    )
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]
except ImportError:
    raise MissingExtra(
        "signing and checking a signature need what is not installed",
        remedy="pip install 'aigov-gate[attest]'",
    ) from None


def sign(payload: bytes, payload_type: str, pem: bytes, password: str | None) -> dict[str, Any]:
    """Return the envelope of a payload, signed by a private key (PEM; Ed25519, ECDSA or RSA).

    Raises:
        UsageError: the key or its password is none; it says nothing of either.
    """
    try:
        signer = CryptoSigner(load_pem_private_key(pem, password.encode() if password else None))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageError(
            "the signing key cannot be used",
            remedy="give a private key in PEM (openssl genpkey -algorithm ed25519), and its "
            "password, if it has one, in AIGOV_KEY_PASSWORD",
        ) from None
    envelope = Envelope(payload, payload_type, {})
    envelope.sign(signer)
    made: dict[str, Any] = envelope.to_dict()
    return made


def signed_by(pem: bytes, where: str) -> Callable[[Mapping[str, Any]], str]:
    """Return what tells the id of this public key where it signed an envelope, else "".

    Raises:
        UsageError: it is no public key.
    """
    try:
        key = SSlibKey.from_crypto(load_pem_public_key(pem))
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(
            "no public key in PEM", where=where, remedy="openssl pkey -in gate.pem -pubout"
        ) from None

    def check(envelope: Mapping[str, Any]) -> str:
        signatures = [dict(one) for one in envelope["signatures"]]  # the library alters them
        try:
            found = Envelope.from_dict({**envelope, "signatures": signatures})
            found.verify([key], 1)
        except VerificationError:
            return ""
        return str(key.keyid)

    return check
