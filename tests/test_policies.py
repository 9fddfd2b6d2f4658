"""Every shipped policy: its file, its cases, and what a broken one is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aigov.bundled import folder
from aigov.errors import PackError, ProfileError, UsageError
from aigov.loading import policy_files, shipped_shapes
from aigov.packs import parsed_pack, read_pack
from aigov.policies import DOMAINS
from aigov.rules import build_rules
from aigov.settings import parse_profile
from aigov.source import load
from judging import ROOT, rules

POLICIES = ROOT / "policies"


def test_a_policys_folder_is_its_domain_and_its_words_are_there():
    for policy in rules().policies.values():
        assert policy.domain in DOMAINS
        assert policy.where.split("/")[1] in (policy.domain, "law", "portfolio")
        assert policy.why
        assert policy.controls
        assert len(policy.title) <= 72


def shipped() -> dict[str, bytes]:
    return policy_files(folder("policies"))


def test_the_shipped_pack_stands_the_vetting_that_a_given_pack_gets():
    vetted = build_rules([read_pack("policies", shipped())], shipped_shapes())
    assert vetted.policies.keys() == rules().policies.keys()


def broken(old: str, new: str, path: str = "strategy-governance/tier-understated.yaml") -> str:
    """Return what the vetting says of the shipped pack with `old` replaced in `path`."""
    files = shipped()
    assert old.encode() in files[path]
    files[path] = files[path].replace(old.encode(), new.encode(), 1)
    with pytest.raises(PackError) as raised:
        build_rules([read_pack("mine", files)], shipped_shapes())
    return f"{raised.value.where}: {raised.value.problem}"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("from: pilot", "from: pilto", "yaml:4:7: from: 'pilto' is not one of"),
        ("code: GOV-004", "cod: GOV-004", "yaml:2:6: no key cod; did you mean code?"),
        ("id: tier-understated", "id: tier-low", "yaml:1:5: the id is tier-low, but the file is"),
        ("title: The", "title: [The", "yaml:4:5: not YAML"),
        ("at: /spec/risk/tier", "at: /spec/risk/teir", "no field /spec/risk/teir"),
        ("at: /spec/risk/tier", "at: spec.risk.tier", "no field spec.risk.tier"),
        ("at: /spec/risk/tier", "at: derived.nothing", "no field derived.nothing"),
        ("early: warn", "early: shout", "early: 'shout' is not one of"),
        ("low: block", "lo: block", "no key lo; did you mean low?"),
        ("{{spec.risk.tier}}", "{{spec.risk.teir}}", "no field spec.risk.teir"),
        ("tiers[derived.tier_max]", "tiers[derived.tier_max", "expected ']', found"),
        ("tiers[derived.tier_max]", "tiers[derived.tier_mxa]", "no derived.tier_mxa"),
        ("tiers[derived.tier_max]", "'high'", "found no matching overload"),
        ("waivable: false", "waivable: {max_days: {}}", "'approver_not' is a required property"),
        ("to: warn}", "too: warn}", "no key too; did you mean to?"),
        ("waivable: false", "waivable: 3", "waivable: 3 is not of type"),
        ("waivable: false", "needs: [nothing]", "0: 'nothing' is not one of"),
        ("waivable: false", "params: {days: 3}", "a param starts with max_ or min_"),
        ("waivable: false", "params: {max_days: {low: x}}", "low: 'x' is not of type"),
        ("remedy: ", "remedy: ''\nwhy: ", "yaml"),
        ("waivable: false", "when: spec.risk.tier", "a bare value is no condition"),
        ("waivable: false", "params: {max_days: -1}", "max_days: -1 is less than the minimum"),
        ("code: GOV-004", "code: zz1", "yaml:2:7: zz1: Stable code"),
        ("waivable: false", "to: intake", "it never binds"),
        ("waivable: false", "obligations: [gdpr-2]", "no obligation gdpr-2 in the corpus; did you"),
        ("from: pilot", "from: retired", "it never binds"),
        ("waivable: false", f"when: {'(' * 120}true{')' * 120}", "nested more than 50 deep"),
        ("waivable: false", f"when: {'(' * 3000}true{')' * 3000}", "nested more than 50 deep"),
        ("waivable: false", f"when: 'true {'|| tier == 1 ' * 2000}'", "a chain of more than 100"),
        ("waivable: false", r"when: spec.risk.tier == '\x4'", "is no text"),
        ("waivable: false", """when: '{"a": 1, ''a'': 2}["a"] == 1'""", "stands twice"),
    ],
)  # fmt: skip
def test_a_broken_policy_is_an_error_with_file_line_and_column(old, new, expected):
    found = broken(old, new)
    assert found.startswith("mine/strategy-governance/tier-understated.yaml")
    assert expected in found


def test_a_policy_needs_its_mandatory_keys():
    path = "strategy-governance/tier-understated.yaml"
    lines = shipped()[path].decode().splitlines(keepends=True)
    kept = "".join(line for line in lines if not line.startswith("remedy:"))
    assert "'remedy' is a required property" in broken(shipped()[path].decode(), kept)


def test_a_policy_is_one_mapping():
    path = "strategy-governance/tier-understated.yaml"
    assert "['x'] is not of type 'object'" in broken(shipped()[path].decode(), "- x\n")
    whole = shipped()[path].decode()
    assert "yaml:3:1: exactly one YAML document" in broken(whole, "a: 1\n---\nb: 2\n")
    assert "yaml:1:1: exactly one YAML document" in broken(whole, "")
    assert "stands twice" in broken("code: GOV-004", "code: GOV-004\ncode: GOV-004")


@pytest.mark.parametrize(
    ("name", "words"),
    [("code: GOV-004", "GOV-004 is already taken by"), ("id: x", "x is already taken by")],
)
def test_a_code_or_id_given_twice_is_an_error(name, words):
    path = "strategy-governance/tier-understated.yaml"
    text = shipped()[path].decode()
    if name.startswith("code"):
        text = text.replace("id: tier-understated", "id: x")
        files = {"strategy-governance/x.yaml": text.encode()}
    else:
        text = text.replace("id: tier-understated", "id: x").replace("GOV-004", "MINE-001")
        files = {"strategy-governance/x.yaml": text.encode(), "b/x.yaml": text.encode()}
    with pytest.raises(PackError) as raised:
        build_rules(
            [read_pack("policies", shipped(), trusted=True), read_pack("mine", files)],
            shipped_shapes(),
        )
    assert words.split()[1:] == raised.value.problem.split()[1 : len(words.split())]
    assert raised.value.where.endswith("x.yaml:2:7")


def beside_the_shipped(*given: dict[str, bytes]) -> PackError:
    """Return the error of packs that are given beside the shipped one."""
    packs = [read_pack(f"mine{number}", files) for number, files in enumerate(given)]
    with pytest.raises(PackError) as raised:
        build_rules([read_pack("policies", shipped(), trusted=True), *packs], shipped_shapes())
    return raised.value


OWN = shipped()["strategy-governance/tier-understated.yaml"]
OWN = OWN.replace(b"tier-understated", b"own").replace(b"GOV-004", b"OWN-001")


def test_each_given_pack_holds_a_policy():
    assert beside_the_shipped({}).problem == "the pack holds no policy"
    found = beside_the_shipped({"a/own.yaml": OWN}, {"pack.yaml": b"id: mine"})
    assert (found.where, found.problem) == ("mine1", "the pack holds no policy")
    assert "<domain>/<id>.yaml" in found.remedy


@pytest.mark.parametrize("name", ["derivation", "vocabulary"])
def test_what_would_not_be_read_of_a_given_pack_is_refused(name):
    found = beside_the_shipped({"a/own.yaml": OWN, f"{name}/tier.yaml": b"- x"})
    assert "only the shipped pack holds such a file" in found.problem
    assert found.where == f"mine0/{name}/tier.yaml"
    assert found.remedy == "remove it from mine0"


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        (b"- x", "1:1", "is not of type 'object'"),
        (b"id: mine\nversoin: '1'", "2:10", "no key versoin"),
        (b"id: mine\nversion: 1.0", "2:10", "version: 1.0 is not of type"),
    ],
)
def test_a_pack_is_described_in_texts(text, where, words):
    found = beside_the_shipped({"a/own.yaml": OWN, "pack.yaml": text})
    assert found.where == f"mine0/pack.yaml:{where}"
    assert words in found.problem


@pytest.mark.parametrize(
    ("path", "text", "where", "words"),
    [
        ("derivation/x.yaml", "tires: []", "1:1", "no key tires"),
        ("derivation/x.yaml", "triggers: [{id: X}]", "1:12", "'tier' is a required property"),
        ("derivation/x.yaml", "triggers:\n  - {id: X, tier: huge, when: 'true'}", "2:19", "'huge'"),
        ("vocabulary/placeholders.yaml", "words: tbd", "1:8", "is not of type 'array'"),
        ("vocabulary/model-snapshots.yaml", "providers: {}", "1:1", "'floating' is a required"),
        ("law/corpus.yaml", "obligations: {x: {duty: y}}", "1:15", "is a required property"),
        ("frameworks/x.yaml", "id: x", "1:1", "is a required property"),
    ],
)
def test_the_rules_of_a_pack_of_its_own_have_their_shape(path, text, where, words):
    with pytest.raises(PackError) as raised:
        build_rules([read_pack("mine", shipped() | {path: text.encode()})], shipped_shapes())
    assert raised.value.where == f"mine/{path}:{where}"
    assert words in raised.value.problem


def test_a_pack_with_rules_of_its_own_has_all_words():
    files = {path: data for path, data in shipped().items() if "role-mailboxes" not in path}
    with pytest.raises(PackError, match="a pack with rules of its own needs this file"):
        build_rules([read_pack("mine", files)], shipped_shapes())


def test_an_empty_pack_is_an_error():
    files = {
        path: data for path, data in shipped().items() if path.startswith(("der", "voc", "cod"))
    }
    with pytest.raises(PackError, match="holds no policy"):
        build_rules([read_pack("mine", files)], shipped_shapes())


@pytest.mark.parametrize("name", ["x.yml", "x.yaml"])
def test_a_folder_of_that_name_is_no_policy(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(UsageError) as raised:
        policy_files(str(tmp_path))
    assert raised.value.where == str(tmp_path / name)


def test_what_would_be_passed_over_hang_or_crash_is_refused(tmp_path):
    for name, make, words in (
        ("x.yml", Path.touch, "only .yaml is read"),
        ("x.yaml", lambda path: path.symlink_to("nowhere"), "not a regular file"),
        ("linked", lambda path: path.symlink_to("/"), "a linked folder is not entered"),
        ("x.yaml", os.mkfifo, "not a regular file"),
    ):
        make(tmp_path / name)
        with pytest.raises(UsageError, match=words):
            policy_files(str(tmp_path))
        (tmp_path / name).unlink()


@pytest.mark.parametrize("name", ["REP-005", "gate-not-in-pipeline", "GOV-004", "tier-understated"])
def test_a_pack_takes_no_code_and_no_id_that_ships(name):
    own = (POLICIES / "deploy-operate" / "oversight-understaffed.yaml").read_text("utf-8")
    own = own.replace("min_oversight", "min_own")
    code, id_ = ("OWN-001", name) if name.islower() else (name, "queue-short")
    own = own.replace("OPS-008", code).replace("id: oversight-understaffed", f"id: {id_}")
    packs = [read_pack("policies", shipped(), trusted=True)]
    with pytest.raises(PackError, match=f"{name} is already taken by policies/"):
        build_rules(
            [*packs, read_pack("ours", {f"law/{id_}.yaml": own.encode()})], shipped_shapes()
        )


def test_the_digest_is_that_of_the_files_wherever_they_lie():
    own = (POLICIES / "deploy-operate" / "oversight-understaffed.yaml").read_text("utf-8")
    own = own.replace("min_oversight", "min_own").replace("OPS-008", "OWN-001")
    own = own.replace("id: oversight-understaffed", "id: queue-short")
    first = read_pack("policies", shipped(), trusted=True)
    digests = {
        build_rules(
            [first, read_pack(name, {"law/queue-short.yaml": text})], shipped_shapes()
        ).digest()
        for name in ("here", "git+https://there")
        for text in (own.encode(), own.encode() + b"\n")
    }
    assert len(digests) == 2


def test_a_spelling_belongs_to_one_person():
    text = "kind: Organization\nspec:\n  people: {a@x.com: ['@a'], b@x.com: ['@A']}\n"
    with pytest.raises(ProfileError) as raised:
        parse_profile(load(text.encode()).documents[0], "profile.yaml")
    assert raised.value.problem == "@A stands for two people: a@x.com and b@x.com"
    assert raised.value.where == "profile.yaml:3:3"


def test_a_condition_of_a_required_field_is_vetted_too():
    for condition, words in (
        ("spec.risk.teir == 'low'", r"no field spec\.risk\.teir"),
        ("((", "expected a name"),
        ("today > 3", "no matching overload"),
    ):
        shapes = shipped_shapes()
        row = {"paths": ["/spec/x"], "from": "pilot", "when": condition}
        shapes = shapes._replace(required=[*shapes.required, row])
        with pytest.raises(PackError, match=words):
            build_rules([read_pack("policies", shipped())], shapes)


def test_every_shipped_expression_compiles_with_its_types_checked():
    texts = {expression.text for expression in rules().expressions()}
    assert len(texts) > 100
    for text in texts:
        rules().engine.compile(text)


def test_a_pack_parsed_before_is_the_pack_itself():
    whole = read_pack("policies", shipped(), trusted=True)
    parsed = {p: [whole.hashes()[p], d.value] for p, d in whole.documents.items()}
    again = build_rules([parsed_pack("policies", parsed, whole.frameworks)], shipped_shapes())
    assert again.digest() == rules().digest()
    assert again.policies.keys() == rules().policies.keys()
    for code, policy in again.policies.items():
        assert policy.require.text == rules().policies[code].require.text
