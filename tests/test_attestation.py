"""Attestations: what is said, and that nothing else than it ever verifies."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from aigov import signing
from aigov.attestation import (
    CHECKS,
    DECISION,
    MOST,
    PAYLOAD,
    TYPES,
    Check,
    Demands,
    encode,
    parse_age,
    parse_subject,
    repository_uri,
    statement,
    verify,
)
from aigov.cases import AS_OF
from aigov.decisions import decide
from aigov.errors import UsageError
from aigov.findings import Outcome
from aigov.loading import schema
from aigov.results import CheckResult, Problem
from aigov.settings import Settings
from judging import example, judged

COMMIT = "d80d84590d89d2f877c1a95116764882f087976c"
IMAGE = "registry.northbank.internal/chat@sha256:" + "ab" * 32
SUBJECT = f"git+https://git.example/acme/r1@{COMMIT}"
MOMENT = f"{AS_OF}T08:00:00Z"
NOW = datetime.fromisoformat(MOMENT) + timedelta(hours=2)
GIVEN = {"rev": COMMIT, "base": None, "as_of": AS_OF, "fail_on": "block", "no_waivers": False}
HOLDS = Draft202012Validator(
    schema("attestation.v1.json"), offline=True, validate_formats=True
).is_valid

SignedBy = Callable[[Any], str]


def pems(key: Any, password: bytes | None = None) -> tuple[bytes, bytes]:
    """Return the private and the public half of a key, in PEM."""
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock), public


PRIVATE, PUBLIC = pems(Ed25519PrivateKey.generate())
SIGNED_BY = signing.signed_by(PUBLIC, "gate.pub")


@cache
def decided(stage: str = "production", **given: Any) -> CheckResult:
    """The example that is ready, allowed."""
    result = judged(example("4-ready"), Settings(AS_OF, digests=True))
    assert not result.problems
    return decide(result, stage, {**GIVEN, **given})


def denied() -> CheckResult:
    problem = Problem("SYN-001", "x.aigov.yaml", 3, 1, "not YAML")
    return decide(decided()._replace(problems=(problem,)), "production", GIVEN)


def written(
    result: CheckResult | None = None, form: str = "vsa", moment: str = MOMENT, subject: str = ""
) -> bytes:
    return encode(statement(result or decided(), subject or SUBJECT, moment, form))


def signed(payload: bytes, kind: str = PAYLOAD, private: bytes = PRIVATE) -> bytes:
    return encode(signing.sign(payload, kind, private, b""))


def checked(
    data: bytes, now: datetime = NOW, signed_by: SignedBy | None = SIGNED_BY, **demands: Any
) -> dict[str, Check]:
    found = verify(data, Demands(**{"subject": COMMIT, **demands}), now, HOLDS, signed_by)
    return {one.name: one for one in found}


def holds(*arguments: Any, **demands: Any) -> bool:
    return not any(one.held is False for one in checked(*arguments, **demands).values())


def failing(*arguments: Any, **demands: Any) -> list[str]:
    return [one.name for one in checked(*arguments, **demands).values() if one.held is False]


# --- what is said


@pytest.mark.parametrize("form", TYPES)
@pytest.mark.parametrize("result", [decided(), denied(), decided()._replace(documents=())])
@pytest.mark.parametrize("subject", [SUBJECT, IMAGE])
def test_a_statement_has_the_shape_of_its_schema(form, result, subject):
    made = statement(result, subject, MOMENT, form)
    assert HOLDS(made)
    assert made["predicateType"] == TYPES[form]
    (about,) = made["subject"]
    ((algorithm, digest),) = about["digest"].items()
    prefix = "sha256:" if algorithm == "sha256" else ""
    assert f"{about['name']}@{prefix}{digest}" == subject


def test_an_allowed_stage_is_a_level_and_a_property():
    vsa, svr = (statement(decided(), SUBJECT, MOMENT, form)["predicate"] for form in TYPES)
    assert (vsa["verificationResult"], vsa["resourceUri"]) == ("PASSED", SUBJECT)
    assert vsa["verifiedLevels"] == svr["properties"] == ["AIGOV_STAGE_PRODUCTION_ALLOWED"]
    assert vsa["policy"] == svr["verifier"]["policies"][0]
    assert vsa["policy"]["digest"]["sha256"] == decided().policy_digest.removeprefix("sha256:")
    assert vsa["timeVerified"] == svr["timeCreated"] == MOMENT


def test_a_denial_is_written_and_has_no_property():
    vsa, svr = (statement(denied(), SUBJECT, MOMENT, form)["predicate"] for form in TYPES)
    assert (vsa["verificationResult"], vsa["verifiedLevels"]) == ("FAILED", ["FAILED"])
    assert svr["properties"] == []
    assert vsa[DECISION]["reasons"] == [{"code": "SYN-001", "use_case": ""}]


def test_each_use_case_is_named_with_its_digest_stage_tier_and_waivers():
    (document,) = decided().documents
    first = document.results[0]._replace(outcome=Outcome.WAIVED)
    waiver = document._replace(kind="Waiver")
    result = decided()._replace(documents=(document._replace(results=(first,)), waiver))
    (told,) = statement(result, SUBJECT, MOMENT, "vsa")["predicate"][DECISION]["use_cases"]
    assert told == {
        "id": "branch-appointment-assistant",
        "path": document.path,
        "digest": f"sha256:{document.digest}",
        "stage": document.stage,
        "tier": "moderate",
        "waived": [first.code],
    }


def test_equal_decisions_are_equal_bytes_whatever_the_order_of_keys():
    backwards = dict(reversed(list(GIVEN.items())))
    other = decide(decided(), "production", backwards)
    assert written() == written(other)
    assert written().isascii()
    assert json.loads(written()) == statement(decided(), SUBJECT, MOMENT, "vsa")


def test_a_file_name_that_is_no_text_can_be_attested():
    (document,) = decided().documents
    result = decided()._replace(documents=(document._replace(path="\udcff/aigov.yaml"),))
    assert holds(signed(written(result)))


# --- what verifies


@pytest.mark.parametrize("form", TYPES)
def test_what_was_signed_verifies_and_what_was_not_demanded_is_listed(form):
    found = checked(signed(written(form=form)))
    assert tuple(found) == CHECKS
    assert [one.held for one in found.values()] == [True] * 5 + [None] * 4
    assert found["stage"].message == "production"


def test_all_that_can_be_demanded_holds_at_once():
    demands = {"stage": "production", "policy_digest": decided().policy_digest}
    found = checked(
        signed(written()), subject=SUBJECT, max_age=7200, profile_digest="none", **demands
    )
    assert [one.held for one in found.values()] == [True] * 9


@pytest.mark.parametrize(
    ("key", "password"),
    [
        (Ed25519PrivateKey.generate(), b"s3"),
        (ec_key(SECP256R1()), None),
        (rsa_key(65537, 2048), None),
    ],
)
def test_keys_of_every_common_kind_sign(key, password):
    private, public = pems(key, password)
    made = encode(signing.sign(written(), PAYLOAD, private, password or b""))
    assert holds(made, signed_by=signing.signed_by(public, ""))
    assert failing(made) == ["signature"]


def test_the_envelope_is_what_dsse_says():
    """Protocol 1.0.2: the signature is of `DSSEv1`, both lengths and both texts."""
    envelope = json.loads(signed(written()))
    head = f"DSSEv1 {len(PAYLOAD)} {PAYLOAD} {len(written())} ".encode()
    assert b64decode(envelope["payload"]) == written()
    assert envelope["payloadType"] == PAYLOAD
    (one,) = envelope["signatures"]
    load_pem_public_key(PUBLIC).verify(b64decode(one["sig"]), head + written())


def test_a_flip_of_any_byte_is_caught():
    data = signed(written())
    assert holds(data)
    for place in range(len(data)):
        for bit in (1, 32):
            other = bytearray(data)
            other[place] ^= bit
            assert not holds(bytes(other)), (place, bit)


@given(st.data())
def test_any_other_bytes_are_caught(data):
    whole = signed(written())
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 3)))
    other = whole[:start] + data.draw(st.binary(max_size=3)) + whole[end:]
    assert holds(other) is (other == whole)


@pytest.mark.parametrize("form", TYPES)
def test_a_flip_of_any_byte_of_the_payload_is_caught_however_it_is_wrapped(form):
    envelope, payload = json.loads(signed(written(form=form))), written(form=form)
    for place in range(len(payload)):
        other = bytearray(payload)
        other[place] ^= 1
        envelope["payload"] = b64encode(other).decode()
        assert failing(encode(envelope)) in (["form"], ["signature"])


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.replace(b'"payload":', b'"payload":"","payload":', 1),
        lambda one: one.replace(b":", b": ", 1),
        lambda one: one + b"\n",
        lambda one: one.rstrip(),
        lambda one: b"\xef\xbb\xbf" + one,
        lambda one: one.decode().encode("utf-16"),
        lambda _: b"",
        lambda _: b"null\n",
        lambda _: b"[]\n",
        lambda _: b"NaN\n",
        lambda _: b"1e999\n",
        lambda _: b"1" * 5000,
        lambda _: b"[" * 100_000,
        lambda _: written(subject=f"{'x' * MOST}@{COMMIT}"),
        lambda one: encode({**json.loads(one), "more": 1}),
        lambda one: encode({**json.loads(one), "signatures": []}),
        lambda one: encode({**json.loads(one), "signatures": json.loads(one)["signatures"] * 2}),
        lambda one: encode({**json.loads(one), "payload": b64encode(one).decode()}),
        lambda one: encode({**json.loads(one), "payload": "%"}),
    ],
)
def test_what_the_gate_would_not_write_is_read_no_further(change):
    data = change(signed(written()))
    found = checked(data)
    assert [one.name for one in found.values() if one.held is False] == ["form"]
    assert {one.held for one in found.values() if one.name != "form"} == {None}
    assert failing(data, signed_by=None, accepted=frozenset({"unsigned"})) == ["form"]


def test_the_bits_of_base64_that_no_reader_looks_at_count():
    envelope = json.loads(signed(written()))
    sig = envelope["signatures"][0]["sig"]
    assert sig.endswith("==")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    envelope["signatures"][0]["sig"] = f"{sig[:-3]}{letters[letters.index(sig[-3]) + 1]}=="
    assert b64decode(envelope["signatures"][0]["sig"]) == b64decode(sig)
    assert failing(encode(envelope)) == ["form"]


@pytest.mark.parametrize(
    "change",
    [
        {"subject": []},
        {"subject": [{"name": "x", "digest": {"gitCommit": COMMIT}}] * 2},
        {"subject": [{"name": "x", "digest": {"gitCommit": COMMIT, "sha256": "ab" * 32}}]},
        {"predicateType": "https://slsa.dev/provenance/v1"},
        {"predicateType": TYPES["svr"]},
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"predicate": {}},
    ],
)
def test_a_signed_statement_of_another_shape_does_not_verify(change):
    made = {**json.loads(written()), **change}
    assert failing(signed(encode(made))) == ["form"]


@pytest.mark.parametrize("moment", ["2026-02-30T08:00:00Z", "2026-11-22 08:00:00", "now", ""])
def test_a_moment_that_is_none_does_not_verify(moment):
    assert failing(signed(written(moment=moment))) == ["form"]


def test_bytes_that_were_signed_as_something_else_are_no_statement():
    assert failing(signed(written(), "text/plain")) == ["form"]
    envelope = {**json.loads(signed(written(), "text/plain")), "payloadType": PAYLOAD}
    assert failing(encode(envelope)) == ["signature"]


def test_the_signature_of_another_key_or_under_a_borrowed_name_is_none():
    private, public = pems(Ed25519PrivateKey.generate())
    forged = signed(written(), private=private)
    assert failing(forged) == ["signature"]
    envelope = json.loads(forged)
    envelope["signatures"][0]["keyid"] = json.loads(signed(written()))["signatures"][0]["keyid"]
    assert failing(encode(envelope)) == ["signature"]
    assert holds(forged, signed_by=signing.signed_by(public, ""))


def test_what_is_unsigned_verifies_only_where_that_is_accepted():
    unsigned = frozenset({"unsigned"})
    assert failing(written()) == ["signature"]
    assert failing(written(), signed_by=None) == ["signature"]
    assert holds(written(), signed_by=None, accepted=unsigned)
    assert checked(written(), accepted=unsigned)["signature"].held is None
    assert checked(signed(written()), signed_by=None, accepted=unsigned)["signature"].held is None
    assert failing(signed(written()), signed_by=SIGNED_BY, accepted=unsigned) == []
    other = signed(written(), private=pems(Ed25519PrivateKey.generate())[0])
    assert failing(other, accepted=unsigned) == ["signature"]


@pytest.mark.parametrize(
    ("made", "wanted", "held"),
    [
        (SUBJECT, SUBJECT, True),
        (SUBJECT, COMMIT, True),
        (SUBJECT, "0" * 40, False),
        (SUBJECT, f"git+https://git.example/acme/r2@{COMMIT}", False),
        (SUBJECT, f"r1@{COMMIT}", False),
        (IMAGE, IMAGE, True),
        (IMAGE, "sha256:" + "ab" * 32, True),
        (IMAGE, "ab" * 32, False),
        (IMAGE, "sha256:" + "ac" * 32, False),
        (f"a@{IMAGE}", IMAGE, False),
        (f"git:r1@{'ab' * 32}", "ab" * 32, True),
        (f"git:r1@{'ab' * 32}", "sha256:" + "ab" * 32, False),
    ],
)
def test_the_subject_is_the_one_demanded_or_it_fails(made, wanted, held):
    data = signed(written(subject=made))
    assert failing(data, subject=parse_subject(wanted)) == ([] if held else ["subject"])


@pytest.mark.parametrize("form", TYPES)
def test_a_denial_never_verifies(form):
    assert failing(signed(written(denied(), form))) == ["decision"]


@pytest.mark.parametrize("form", TYPES)
def test_the_type_and_the_decision_it_carries_must_both_allow(form):
    field = {"vsa": "verificationResult", "svr": "properties"}[form]
    for change in ({field: statement(denied(), SUBJECT, MOMENT, form)["predicate"][field]}, {}):
        said = statement(decided(), SUBJECT, MOMENT, form)
        said["predicate"].update(change)
        said["predicate"][DECISION]["allow"] = bool(change)
        assert failing(signed(encode(said))) == ["decision"]


@pytest.mark.parametrize(
    ("demand", "name"),
    [
        ({"stage": "authorization"}, "stage"),
        ({"policy_digest": "sha256:" + "00" * 32}, "policies"),
        ({"policy_digest": ""}, "policies"),
        ({"profile_digest": "sha256:" + "00" * 32}, "profile"),
        ({"max_age": 7199}, "age"),
        ({"max_age": 0}, "age"),
    ],
)
def test_a_demand_that_does_not_hold_is_named(demand, name):
    found = checked(signed(written()), **demand)
    assert [one.name for one in found.values() if one.held is False] == [name]
    assert len(found) == len(CHECKS)


@pytest.mark.parametrize(
    ("given_", "name"),
    [
        ({"as_of": "2025-01-01"}, "as-of"),
        ({"fail_on": "never"}, "fail-on"),
        ({"fail_on": "warn"}, "fail-on"),
    ],
)
def test_what_was_judged_otherwise_than_usual_fails_unless_that_is_accepted(given_, name):
    data = signed(written(decided(**given_)))
    assert failing(data) == [name]
    found = checked(data, accepted=frozenset({name}))[name]
    assert (found.held, found.message) == (None, next(iter(given_.values())))


def test_without_waivers_is_stricter_and_verifies():
    assert holds(signed(written(decided(no_waivers=True))))


@pytest.mark.parametrize(
    ("early", "demands", "failed"),
    [(300, {}, []), (301, {}, ["age"]), (300, {"max_age": 0}, []), (301, {"max_age": 60}, ["age"])],
)
def test_a_moment_that_is_still_to_come_fails_but_for_the_skew_of_clocks(early, demands, failed):
    now = datetime.fromisoformat(MOMENT) - timedelta(seconds=early)
    assert failing(signed(written()), now, **demands) == failed


# --- what the command line gives


@pytest.mark.parametrize(
    ("text", "seconds"), [("90m", 5400), ("24h", 86400), ("7d", 604800), ("0m", 0)]
)
def test_an_age_is_minutes_hours_or_days(text, seconds):
    assert parse_age(text) == seconds


@pytest.mark.parametrize("text", ["", "24", "h", "-1h", "1w", "1.5h", "24h ", "9999999d", "٣h"])
def test_any_other_age_is_refused(text):
    with pytest.raises(UsageError, match="is no age"):
        parse_age(text)


def test_the_digits_of_a_subject_are_one_whatever_their_case():
    assert parse_subject(f"Name@{COMMIT.upper()}") == f"Name@{COMMIT}"
    assert parse_subject(f"a@b@SHA256:{'AB' * 32}") == f"a@b@sha256:{'ab' * 32}"


@pytest.mark.parametrize(
    "text",
    ["", "HEAD", COMMIT[:12], f"@{COMMIT}", "name", "name@", f"sha512:{'ab' * 64}", f"{COMMIT}\n"],
)
def test_a_subject_that_could_be_two_things_is_refused(text):
    with pytest.raises(UsageError, match="is no subject"):
        parse_subject(text)


@pytest.mark.parametrize(
    ("origin", "uri"),
    [
        ("https://git.example/acme/r1.git", "git+https://git.example/acme/r1"),
        ("https://git.example:8443/acme/r1/", "git+https://git.example:8443/acme/r1"),
        ("https://user:s3cret@git.example/acme/r1", "git+https://git.example/acme/r1"),
        ("https://s3cret@git.example/acme/r1.git", "git+https://git.example/acme/r1"),
        ("ssh://git@git.example/acme/r1.git", "git+ssh://git.example/acme/r1"),
        ("git@git.example:acme/r1.git", "git+ssh://git.example/acme/r1"),
        ("git.example:/srv/r1", "git+ssh://git.example/srv/r1"),
        ("https://user:s3/cret@git.example/acme/r1", "git:r 1"),
        ("https://user:5/s3cret@git.example/acme/r1", "git:r 1"),
        ("https://git.example/r1?token=s3cret", "git:r 1"),
        ("https://git.example/r1#s3cret", "git:r 1"),
        ("https://git.example/r1\ns3cret", "git:r 1"),
        ("/srv/s3cret/r1", "git:r 1"),
        ("../s3cret", "git:r 1"),
        ("file:///srv/s3cret", "git:r 1"),
        ("C:/s3cret/r1", "git:r 1"),
        ("ext::sh -c s3cret", "git:r 1"),
        ("", "git:r 1"),
    ],
)
def test_the_address_of_a_repository_has_no_password(origin, uri):
    found = repository_uri(origin, "r 1")
    assert found == uri.replace(" ", "%20")
    assert "s3" not in found


@given(st.text())
def test_any_origin_gives_a_subject(origin):
    assert parse_subject(f"{repository_uri(origin, 'r1')}@{COMMIT}")
    assert "@" not in repository_uri(origin, "r1")


def test_a_repository_without_a_name_has_one():
    assert repository_uri("", "") == "git:repository"
