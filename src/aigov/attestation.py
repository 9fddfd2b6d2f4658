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
from urllib.parse import quote, urlsplit

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
VERIFIER = "urn:aigov:gate:v1"
MOST = 4 * 1024 * 1024
"""Bytes of an attestation that are read: as many as of a manifest file."""
SKEW = 300
"""Seconds that the clocks of two machines may differ."""
DEMANDS = ("signature", "subject", "decision", "as-of", "fail-on", "stage", "policies", "profile")
CHECKS = (*DEMANDS, "age")
"""What may be checked, in the order it is told."""

_SUBJECT = re.compile(r"(?:(.+)@)?(?:sha256:([0-9a-f]{64})|([0-9a-f]{40}(?:[0-9a-f]{24})?))", re.I)
_SCP = re.compile(r"(?:[^/:]+@)?([^/:@]{2,}):(?!//)(.+)")
"""The short form of ssh addresses; one letter before the colon is a drive of Windows."""
_AGE = re.compile(r"([0-9]{1,6})([mhd])")
_SECONDS = {"m": 60, "h": 3600, "d": 86400}


class Subject(NamedTuple):
    """What is attested: a commit, or what was built from it."""

    name: str
    """Empty in a demand that any name meets."""
    algorithm: str
    """`gitCommit` or `sha256`."""
    digest: str

    def __str__(self) -> str:
        digest = f"sha256:{self.digest}" if self.algorithm == "sha256" else self.digest
        return f"{self.name}@{digest}" if self.name else digest


class Demands(NamedTuple):
    """What an attestation must be; None: not demanded."""

    subject: Subject
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


def parse_subject(text: str) -> Subject:
    """Read the whole id of a commit or `sha256:...`, either with `NAME@` before it.

    Raises:
        UsageError: it is none of these.
    """
    found = _SUBJECT.fullmatch(text)
    if not found:
        remedy = "give the full id of a commit, or NAME@sha256: and 64 hex digits"
        raise UsageError(f"{text} is no subject", remedy=remedy)
    algorithm = "sha256" if found[2] else "gitCommit"
    return Subject(found[1] or "", algorithm, (found[2] or found[3]).lower())


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

    Where `origin` is no such address, or may hide a password where none belongs, it is
    `git:` and the `name` of the repository.
    """
    short = _SCP.fullmatch(origin)
    try:
        parts = urlsplit(f"ssh://{short[1]}/{short[2]}" if short else origin)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    hidden = "@" in f"{parts.path}{parts.query}{parts.fragment}"
    if hidden or not parts.hostname or parts.scheme not in {"https", "http", "ssh", "git"}:
        return f"git:{quote(name) or 'repository'}"
    path = quote(parts.path.rstrip("/").removesuffix(".git"), safe="/%")
    return f"git+{parts.scheme}://{quote(parts.hostname)}{port}{path}"


def statement(result: CheckResult, subject: Subject, moment: str, form: str) -> dict[str, Any]:
    """Return the statement of a decision, taken at `moment` (RFC 3339, UTC, `...Z`).

    `form` is a key of `TYPES`.
    """
    decision = result.decision
    assert decision is not None  # the gate decided
    level = f"AIGOV_STAGE_{decision.stage.upper()}_ALLOWED"
    policy = _resource("urn:aigov:policies", result.policy_digest)
    predicate: dict[str, Any] = {
        "verifier": {"id": VERIFIER, "version": {"aigov-gate": result.tool_version}},
        "timeVerified": moment,
        "resourceUri": str(subject),
        "policy": policy,
        "verificationResult": "PASSED" if decision.allow else "FAILED",
        "verifiedLevels": [level if decision.allow else "FAILED"],
    }
    if form == "svr":
        profile = result.profile_digest
        policies = [policy, *([_resource("urn:aigov:profile", profile)] if profile else [])]
        predicate = {
            "verifier": {"id": VERIFIER, "policies": policies},
            "timeCreated": moment,
            "properties": [level] if decision.allow else [],
        }
    predicate[DECISION] = {
        "tool": {"name": "aigov-gate", "version": result.tool_version},
        "allow": decision.allow,
        "stage": decision.stage,
        "given": decision.given,
        "reasons": [{"code": one.code, "use_case": one.use_case} for one in decision.reasons],
        "policy_digest": result.policy_digest,
        "profile_digest": result.profile_digest,
        "use_cases": [_use_case(one) for one in result.documents if one.kind == "UseCase"],
    }
    about = {"name": subject.name, "digest": {subject.algorithm: subject.digest}}
    made: dict[str, Any] = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [about],
        "predicateType": TYPES[form],
        "predicate": predicate,
    }
    return made


def encode(value: object) -> bytes:
    """Return the one way in which the gate writes a statement or an envelope."""
    plain = json.loads(dump(value))  # without lone surrogates
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"{text}\n".encode("ascii")


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
        holds: tells whether a value has the shape of `schemas/attestation.v1.json`.
        signed_by: returns the id of the key that signed an envelope, "" where the given key
            did not; None where no key was given.
    """
    try:
        value = _parse(data, holds)
        envelope = value if "payload" in value else None
        if envelope:
            value = _parse(_decode(envelope["payload"]), holds)
            _decode(envelope["signatures"][0]["sig"])
        predicate = value["predicate"]
    except (ValueError, KeyError, RecursionError):
        problem = "not, byte for byte, an attestation as the gate writes it"
        return _broken("form", problem)
    signature = _signature(envelope, demands, signed_by)
    if signature.held is False:
        return _broken("signature", signature.message)
    return signature, *_checks(value["subject"][0], predicate, demands, now)


def _resource(uri: str, digest: str) -> dict[str, Any]:
    return {"uri": uri, "digest": {"sha256": digest.removeprefix("sha256:")}}


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
    value: dict[str, Any] = json.loads(data[: MOST + 1])
    if len(data) > MOST or encode(value) != data or not holds(value):
        raise ValueError
    return value


def _decode(text: str) -> bytes:
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text:  # bits that no reader looks at
        raise ValueError
    return data


def _broken(name: str, problem: str) -> tuple[Check, ...]:
    others = (one for one in CHECKS if one != name)
    return Check(name, False, problem), *(Check(one, None, "not reached") for one in others)


def _signature(
    envelope: Mapping[str, Any] | None,
    demands: Demands,
    signed_by: Callable[[Mapping[str, Any]], str] | None,
) -> Check:
    if envelope is None:
        held = None if "unsigned" in demands.accepted else False
        return Check("signature", held, "it is not signed")
    if signed_by is None:
        return Check("signature", None, "it is signed, and no key was given")
    key = signed_by(envelope)
    return Check("signature", bool(key), f"by key {key[:16]}" if key else "not by this key")


def _checks(
    about: Mapping[str, Any], predicate: Mapping[str, Any], demands: Demands, now: datetime
) -> Iterator[Check]:
    record = predicate[DECISION]
    stage, given = record["stage"], record["given"]
    ((algorithm, digest),) = about["digest"].items()
    subject = Subject(about["name"], algorithm, digest)
    wanted = demands.subject
    same = wanted == (subject if wanted.name else subject._replace(name=""))
    yield Check("subject", same, str(subject) if same else f"{subject}, not {wanted}")
    allowed = predicate.get("verificationResult") == "PASSED" or bool(predicate.get("properties"))
    cases = len(record["use_cases"])
    count = f"{cases} use case{'s' * (cases != 1)}"
    held = allowed and record["allow"]
    yield Check("decision", held, f"{'allowed' if held else 'denied'} for {stage}, {count}")
    moment = predicate.get("timeVerified") or predicate["timeCreated"]
    as_of = given["as_of"], moment[:10]
    words = f"judged as of {as_of[0]}, decided on {as_of[1]}"
    yield _unless("as-of", as_of[0] == as_of[1], words, demands)
    fail_on = given["fail_on"]
    yield _unless("fail-on", fail_on == "block", f"--fail-on {fail_on}", demands)
    yield _equal("stage", stage, demands.stage)
    yield _equal("policies", record["policy_digest"], demands.policy_digest)
    yield _equal("profile", record["profile_digest"] or "none", demands.profile_digest)
    yield _age(moment, demands.max_age, now)


def _unless(name: str, held: bool, words: str, demands: Demands) -> Check:
    """Return a check that can be let go of."""
    if name in demands.accepted:
        return Check(name, None, f"{words}: accepted")
    return Check(name, held, words)


def _equal(name: str, found: str, wanted: str | None) -> Check:
    if wanted is None:
        return Check(name, None, found)
    return Check(name, found == wanted, found if found == wanted else f"{found}, not {wanted}")


def _age(moment: str, most: int | None, now: datetime) -> Check:
    seconds = (now - datetime.fromisoformat(moment)).total_seconds()
    if seconds < -SKEW:
        return Check("age", False, f"decided at {moment}, which is still to come")
    held = None if most is None else seconds <= most
    old = f"{max(0, int(seconds)) // 60} minutes ago"
    return Check(
        "age", held, f"decided at {moment}, {old}{'' if held is not False else ': too old'}"
    )
