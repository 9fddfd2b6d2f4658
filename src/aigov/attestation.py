"""What the gate attests of a commit, and whether an attestation is what a deploy demands.

A statement follows in-toto's attestation framework, version 1: about one subject, in one of
two predicate types.  The verification summary (SLSA, `vsa`) also says no; the simple
verification result (in-toto, `svr`) has properties that hold, so that a denial has none.
Both carry the decision under one key, which is a URI as their rules for extensions ask.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from aigov.errors import UsageError
from aigov.findings import Outcome
from aigov.reports.encoding import dump
from aigov.results import CheckResult, DocumentResult

TYPES = {
    "vsa": "https://slsa.dev/verification_summary/v1",
    "svr": "https://in-toto.io/attestation/svr/v0.2",
}
"""Predicate types by the name that the command line has for them; the first is the default."""
PAYLOAD = "application/vnd.in-toto+json"
DECISION = "urn:aigov:decision:v1"
MOST = 4 * 1024 * 1024
"""Bytes of an attestation that are read: as many as of a manifest file."""
SKEW = 300
"""Seconds that the clocks of two machines may differ."""
_ALWAYS = ("signature", "subject", "decision", "as-of", "fail-on")
CHECKS = (*_ALWAYS, "stage", "policies", "profile", "age")
"""What may be checked, in the order it is told."""

_SUBJECT = re.compile(r"(?:.+@)?(?:sha256:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{64})")
_ORIGIN = re.compile(
    r"(?:(https?|ssh|git)://(?:[^@/]*@)?([\w.-]+(?::\d+)?)/|(?:[^@/:]*@)?([\w.-]{2,}):/?(?!/))"
    r"([\w./~%+-]+?)(?:\.git)?/?",
    re.ASCII,
)
"""An address, also in ssh's short form; one letter before a colon is a drive of Windows."""
_AGE = re.compile(r"([0-9]{1,6})([mhd])")
_SECONDS = {"m": 60, "h": 3600, "d": 86400}


class Demands(NamedTuple):
    """What an attestation must be; None: not demanded."""

    subject: str
    """As `parse_subject` returns it."""
    stage: str | None = None
    policy_digest: str | None = None
    profile_digest: str | None = None
    max_age: int | None = None
    """Seconds."""
    accepted: frozenset[str] = frozenset()
    """Which of `unsigned`, `as-of` and `fail-on` may be other than by default."""


class Check(NamedTuple):
    """One thing that was looked at, or could have been."""

    name: str
    held: bool | None
    """None: not checked."""
    message: str
    """May hold hostile text: renderers escape it."""


def parse_subject(text: str) -> str:
    """Return the whole id of a commit or `sha256:...`, either with `NAME@` before it, the
    digits in lower case.

    Raises:
        UsageError: it is none of these.
    """
    name, at, digest = text.rpartition("@")
    subject = f"{name}{at}{digest.lower()}"
    if not _SUBJECT.fullmatch(subject):
        remedy = "give the full id of a commit, or NAME@sha256: and 64 hex digits"
        raise UsageError(f"{text} is no subject", remedy=remedy)
    return subject


def parse_age(text: str) -> int:
    """Return the seconds of `90m`, `24h` or `7d`.

    Raises:
        UsageError: it is no such time.
    """
    found = _AGE.fullmatch(text)
    if not found:
        raise UsageError(f"{text} is no age", remedy="write it like 90m, 24h or 7d")
    return int(found[1]) * _SECONDS[found[2]]


def repository_uri(origin: str, name: str) -> str:
    """Return `git+` and the address of a repository without user, password or query.

    Where `origin` is no plain address (a folder, or what may hide a password), it is `git:`
    and the `name` of the repository.
    """
    found = _ORIGIN.fullmatch(origin)
    if not found:
        return f"git:{quote(name) or 'repository'}"
    return f"git+{found[1] or 'ssh'}://{found[2] or found[3]}/{found[4]}"


def statement(result: CheckResult, subject: str, moment: str, form: str) -> dict[str, Any]:
    """Return the statement of a decision, taken at `moment` (RFC 3339, UTC, `...Z`).

    `subject` is as `parse_subject` returns it, with a name; `form` is a key of `TYPES`.
    """
    decision = result.decision
    assert decision is not None  # the gate decided
    name, _, digest = subject.rpartition("@")
    plain = digest.removeprefix("sha256:")
    passed = [f"AIGOV_STAGE_{decision.stage.upper()}_ALLOWED"] if decision.allow else []
    verifier = {"id": "urn:aigov:gate:v1", "version": {"aigov-gate": result.tool_version}}
    policies = {"sha256": result.policy_digest.removeprefix("sha256:")}
    policy = {"uri": "urn:aigov:policies", "digest": policies}
    predicates: dict[str, dict[str, Any]] = {
        "vsa": {
            "verifier": verifier,
            "timeVerified": moment,
            "resourceUri": subject,
            "policy": policy,
            "verificationResult": "PASSED" if decision.allow else "FAILED",
            "verifiedLevels": passed or ["FAILED"],
        },
        "svr": {
            "verifier": {**verifier, "policies": [policy]},
            "timeCreated": moment,
            "properties": passed,
        },
    }
    record = {
        "allow": decision.allow,
        "stage": decision.stage,
        "given": decision.given,
        "reasons": [{"code": one.code, "use_case": one.use_case} for one in decision.reasons],
        "policy_digest": result.policy_digest,
        "profile_digest": result.profile_digest,
        "use_cases": [_use_case(one) for one in result.documents if one.kind == "UseCase"],
    }
    algorithm = "gitCommit" if digest == plain else "sha256"
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {algorithm: plain}}],
        "predicateType": TYPES[form],
        "predicate": {**predicates[form], DECISION: record},
    }


def encode(value: object) -> bytes:
    """Return the one way in which the gate writes a statement or an envelope."""
    plain = json.loads(dump(value))  # without NaN and lone surrogates
    return f"{json.dumps(plain, sort_keys=True, separators=(',', ':'))}\n".encode()


def opened(
    data: bytes, holds: Callable[[object], bool]
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Return the envelope (None: there is none) and the statement of an attestation's bytes.

    `holds` tells whether a value has the shape of `schemas/attestation.v1.json`.

    Raises:
        ValueError: it is not byte for byte as the gate writes one.
    """
    value = _parse(data, holds)
    if "payload" not in value:
        return None, value
    found = _parse(_decode(value["payload"]), holds)
    _decode(value["signatures"][0]["sig"])
    if "payload" in found:
        raise ValueError
    return value, found


def verify(
    data: bytes,
    demands: Demands,
    now: datetime,
    holds: Callable[[object], bool],
    signed_by: Callable[[Mapping[str, Any]], str] | None,
) -> tuple[Check, ...]:
    """Check the bytes of an attestation; all `CHECKS` are told, in their order.

    What is not byte for byte as the gate writes it, or not signed as demanded, is looked at
    no further: nothing that it says counts.

    Args:
        holds: as in `opened`.
        signed_by: returns the id of the key that signed an envelope, "" where the given key
            did not; None where no key was given.
    """
    try:
        envelope, found = opened(data, holds)
    except ValueError:
        return _broken("form", "not, byte for byte, an attestation as the gate writes it")
    held, words = None, "it is signed, and no key was given"
    if envelope is None:
        held, words = None if "unsigned" in demands.accepted else False, "it is not signed"
    elif signed_by is not None:
        key = signed_by(envelope)
        held, words = bool(key), f"by key {key[:16]}" if key else "not by this key"
    if held is False:
        return _broken("signature", words)
    return Check("signature", held, words), *_checks(found, demands, now)


def _use_case(document: DocumentResult) -> dict[str, Any]:
    return {
        "id": document.use_case,
        "path": document.path,
        "digest": f"sha256:{document.digest}",
        "stage": document.stage,
        "tier": document.tier,
        "waived": [one.code for one in document.results if one.outcome is Outcome.WAIVED],
    }


def _parse(data: bytes, holds: Callable[[object], bool]) -> dict[str, Any]:
    """Parse what `encode` wrote: a key given twice, NaN or another spelling is refused."""
    try:
        value: dict[str, Any] = json.loads(data)
        if len(data) <= MOST and encode(value) == data and holds(value):
            return value
    except RecursionError:
        pass
    raise ValueError


def _decode(text: str) -> bytes:
    data = b64decode(text)
    if b64encode(data).decode() != text:  # bits that no reader looks at
        raise ValueError
    return data


def _broken(name: str, problem: str) -> tuple[Check, ...]:
    others = (one for one in CHECKS if one != name)
    return Check(name, False, problem), *(Check(one, None, "not reached") for one in others)


def _checks(found: Mapping[str, Any], demands: Demands, now: datetime) -> Iterator[Check]:
    """Check what is said; what is not demanded or let go of is told without a verdict."""
    predicate, (about,) = found["predicate"], found["subject"]
    record = predicate[DECISION]
    ((algorithm, digest),) = about["digest"].items()
    digest = f"sha256:{digest}" if algorithm == "sha256" else digest
    subject = f"{about['name']}@{digest}"
    yield _told("subject", subject, subject if demands.subject == digest else demands.subject)
    passed = predicate.get("verificationResult") == "PASSED" or bool(predicate.get("properties"))
    allowed = passed and record["allow"]
    words = f"{'allowed' if allowed else 'denied'} (use cases: {len(record['use_cases'])})"
    yield Check("decision", allowed, words)
    moment = predicate.get("timeVerified") or predicate["timeCreated"]
    for name, value, wanted in (
        ("as-of", record["given"]["as_of"], moment[:10]),
        ("fail-on", record["given"]["fail_on"], "block"),
        ("stage", record["stage"], demands.stage),
        ("policies", record["policy_digest"], demands.policy_digest),
        ("profile", record["profile_digest"] or "none", demands.profile_digest),
    ):
        yield _told(name, value, None if name in demands.accepted else wanted)
    age, most = (now - datetime.fromisoformat(moment)).total_seconds(), demands.max_age
    held = -SKEW <= age <= (age if most is None else most)
    limit = "" if most is None else f"; {most // 60} minutes are allowed"
    words = f"decided at {moment}, and it is {now:%Y-%m-%dT%H:%M:%SZ}{limit}"
    yield Check("age", None if held and most is None else held, words)


def _told(name: str, found: str, wanted: str | None) -> Check:
    if wanted in (None, found):
        return Check(name, None if wanted is None else True, found)
    return Check(name, False, f"{found}, not {wanted}")
