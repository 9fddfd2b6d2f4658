"""Signatures of attestations (DSSE), through securesystemslib; imported only where one is made
or checked."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from aigov.errors import MissingExtra, UsageError

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]
except ImportError:
    raise MissingExtra(
        "signing and checking a signature need what is not installed",
        remedy="pip install 'aigov-gate[attest]'",
    ) from None


def sign(payload: bytes, payload_type: str, pem: bytes, password: bytes) -> dict[str, Any]:
    """Return the envelope of a payload, signed by a private key (PEM; Ed25519, ECDSA or RSA).

    Raises:
        UsageError: the key or its password is none; it says nothing of either.
    """
    try:
        signer = CryptoSigner(serialization.load_pem_private_key(pem, password or None))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        remedy = "a private key in PEM, and its password, if it has one, in AIGOV_KEY_PASSWORD"
        raise UsageError(
            "the signing key cannot be used (Ed25519, ECDSA or RSA)", remedy=remedy
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
        key = SSlibKey.from_crypto(serialization.load_pem_public_key(pem))
    except (ValueError, UnsupportedAlgorithm):
        remedy = "openssl pkey -in gate.pem -pubout"
        raise UsageError(
            "no public key in PEM (Ed25519, ECDSA or RSA)", where=where, remedy=remedy
        ) from None

    def check(envelope: Mapping[str, Any]) -> str:
        try:  # a copy: the library alters the signatures
            Envelope.from_dict(deepcopy(dict(envelope))).verify([key], 1)
        except VerificationError:
            return ""
        return str(key.keyid)

    return check
