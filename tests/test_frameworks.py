"""Control frameworks: what ships, what policies cite of it, and what a broken file is told."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
import yaml

from aigov.bundled import folder
from aigov.errors import PackError
from aigov.frameworks import Framework
from aigov.loading import policy_files, shipped_shapes
from aigov.packs import FRAMEWORKS, parsed_pack, read_pack
from aigov.rules import Rules, build_rules
from judging import ROOT, rules

SHIPPED = rules().frameworks()
NAMES = {
    "ai-verify", "canada-adm", "eu-ai-act", "finos-aigf", "gdpr", "iso-42001", "nist-ai-rmf",
    "omb-m-25-21", "openslo", "owasp-agentic", "owasp-llm", "sr-26-2",
}  # fmt: skip


def annex_a() -> list[str]:
    return [one for one in SHIPPED["iso-42001"].controls if one.startswith("A.")]


# --- what ships


def test_these_frameworks_ship_in_order():
    assert list(SHIPPED) == sorted(NAMES)
    files = {path.stem for path in (ROOT / "policies" / "frameworks").iterdir()}
    assert files == NAMES


def test_the_page_about_frameworks_names_each():
    page = (ROOT / "docs" / "frameworks.md").read_text("utf-8")
    assert set(re.findall("^\\| `([^`]+)` \\|", page, re.MULTILINE)) == NAMES
    own = page.partition("## A framework of your own")[2]
    text = "".join(f"{line[4:]}\n" for line in own.splitlines() if line.startswith("    "))
    built = given("  acme-controls: [AC-7.2]", {"acme-controls.yaml": text})
    assert built.frameworks()["acme-controls"].control("AC-7.2") == "AC-7"


@pytest.mark.parametrize(
    ("name", "number"),
    [("nist-ai-rmf", 72), ("owasp-llm", 10), ("owasp-agentic", 10), ("omb-m-25-21", 12)],
)
def test_a_framework_has_all_its_controls(name, number):
    assert len(SHIPPED[name].controls) == number


def test_annex_a_has_38_controls_and_the_clauses_stand_apart():
    assert len(annex_a()) == 38
    clauses = SHIPPED["iso-42001"].controls.keys() - set(annex_a())
    assert all(re.fullmatch(r"([4-9]|10)\.[1-5]", one) for one in clauses)
    assert len(clauses) == 24


def test_the_ids_are_the_official_ones(shared):
    official = yaml.safe_load((shared / "domain" / "frameworks.yaml").read_text("utf-8"))
    assert list(SHIPPED["nist-ai-rmf"].controls) == list(official["nist_ai_rmf"])
    assert annex_a() == list(official["iso_42001"])


def test_no_title_is_the_one_that_iso_holds_the_rights_to(shared):
    official = yaml.safe_load((shared / "domain" / "frameworks.yaml").read_text("utf-8"))
    for control, title in official["iso_42001"].items():
        assert SHIPPED["iso-42001"].controls[control].lower() != title.lower()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_title_is_short_and_the_edition_is_named(name):
    framework = SHIPPED[name]
    assert framework.publisher
    assert framework.version
    for title in framework.controls.values():
        assert len(title) <= 64
        assert not title.endswith(".")
    assert len(set(framework.controls.values())) == len(framework.controls)


_SHORT = {
    "AIGF": "finos-aigf", "AIV": "ai-verify", "SR": "sr-26-2", "ISO": "iso-42001",
    "OMB": "omb-m-25-21", "RMF": "nist-ai-rmf", "ADM": "canada-adm", "OpenSLO": "openslo",
    "GDPR": "gdpr", "AIA": "eu-ai-act",
}  # fmt: skip
_FUNCTIONS = {"GV": "GOVERN", "MP": "MAP", "MS": "MEASURE", "MG": "MANAGE"}


def cited(reference: str) -> list[tuple[str, str]]:
    """Return framework and control of a short form: `AIA 26.2` is `Art. 26(2)`."""
    if re.fullmatch("(LLM|ASI)[0-9]{2}", reference):
        return [("owasp-llm" if reference[0] == "L" else "owasp-agentic", reference)]
    kind, _, one = reference.partition(" ")
    framework = _SHORT[kind]
    if kind == "RMF":
        return [(framework, f"{_FUNCTIONS[one[:2]]} {one[3:]}")]
    if kind in ("AIA", "GDPR"):
        if "-" in one:
            first, last = map(int, one.split("-"))
            return [(framework, f"Art. {number}") for number in range(first, last + 1)]
        article, *point = one.split(".")
        return [(framework, f"Art. {article}" + "".join(f"({part})" for part in point))]
    if kind == "OMB":
        if one == "4b-i..vii":
            numerals = ("i", "ii", "iii", "iv", "v", "vi", "vii")
            return [(framework, f"4(b)({numeral})") for numeral in numerals]
        whole, _, numeral = one.replace("4b", "4(b)").partition("-")
        ways_out = {"pilot": "pilots", "waiver": "waivers"}
        return [(framework, ways_out.get(whole, whole) + (f"({numeral})" if numeral else ""))]
    return [(framework, "Appendix B" if reference == "ADM B" else one)]


def test_every_reference_of_the_catalogue_is_known(shared):
    catalogue = yaml.safe_load((shared / "domain" / "policies.yaml").read_text("utf-8"))
    found = [pair for row in catalogue for one in row["refs"] for pair in cited(one)]
    assert len(found) > 200
    assert [(f, one) for f, one in found if SHIPPED[f].control(one) is None] == []


# --- what a citation lies in


@pytest.mark.parametrize(
    ("name", "given", "control"),
    [
        ("eu-ai-act", "Art. 26", "Art. 26"),
        ("eu-ai-act", "Art. 26(2)", "Art. 26"),
        ("eu-ai-act", "Art. 5(1)(f)", "Art. 5"),
        ("eu-ai-act", "Art. 5(1)(ba)", "Art. 5"),
        ("eu-ai-act", "Art. 4a(1)", "Art. 4a"),
        ("eu-ai-act", "Art. 260", None),
        ("eu-ai-act", "Art. 26(", None),
        ("eu-ai-act", "(2)", None),
        ("eu-ai-act", "", None),
        ("iso-42001", "7.5.2", "7.5"),
        ("iso-42001", "A.6.2", None),
        ("canada-adm", "6.3.5", "6.3"),
        ("nist-ai-rmf", "GOVERN 1.1", "GOVERN 1.1"),
        ("nist-ai-rmf", "GOVERN 1.1.1", None),
        ("omb-m-25-21", "4(b)(viii)", None),
        ("omb-m-25-21", "4(b)", "4(b)"),
    ],
)
def test_a_citation_lies_in_its_control_where_the_framework_goes_deeper(name, given, control):
    assert SHIPPED[name].control(given) == control


def test_a_citation_has_the_short_title_of_its_control():
    assert SHIPPED["eu-ai-act"].short_title("Art. 26(2)") == "What deployers owe"


# --- vetting

POLICY = (
    "id: own\ncode: OWN-001\ntitle: It is low\nfrom: pilot\nenforcement: {low: warn}\n"
    "require: \"spec.risk.tier != 'low'\"\nat: /spec/risk/tier\nmessage: no\n"
    "remedy: Raise it.\ncontrols:\n"
)
OWN = (
    "id: acme\ntitle: Our rules\npublisher: Acme\nversion: '3'\n"
    "source: https://northbank.internal/rules\ncontrols:\n  R-1: Somebody answers\n"
    "  R-2: It is tested\n"
)


def given(citations: str, frameworks: dict[str, str] | None = None) -> Rules:
    """Return the shipped rules with a pack beside them that cites, and brings frameworks."""
    files = {"a/own.yaml": POLICY + citations}
    files |= {FRAMEWORKS + path: text for path, text in (frameworks or {}).items()}
    pack = read_pack("mine", {path: text.encode() for path, text in files.items()})
    shipped = read_pack("policies", policy_files(folder("policies")), trusted=True)
    return build_rules([shipped, pack], shipped_shapes())


@pytest.mark.parametrize(
    ("citations", "place", "words"),
    [
        ("  nist-ai-rmf: [GOVERN 1.1]\n  eu-ai-akt: [Art. 5]", "12:3",
         "no framework eu-ai-akt; did you mean eu-ai-act?"),
        ("  sr-11-7: [VI]", "11:3", "no framework sr-11-7"),
        ("  eu-ai-act: [Art. 5, Art 26]", "11:23",
         "eu-ai-act has no control Art 26; did you mean Art. 26?"),
        ("  nist-ai-rmf: [GOVERN 1.8]", "11:17", "nist-ai-rmf has no control GOVERN 1.8; did"),
        ("  canada-adm: [B]", "11:16", "canada-adm has no control B"),
        ("  openslo: [zzz]", "11:13", "openslo has no control zzz"),
        ("  omb-m-25-21: [5]", "11:17", "0: 5 is not of type 'string'"),
        ("  openslo: v1", "11:12", "openslo: 'v1' is not of type"),
        ("  openslo: []", "11:3", "openslo: [] should be non-empty"),
        ("  'a/b~c': [x]", "11:3", "no framework a/b~c"),
    ],
)  # fmt: skip
def test_a_citation_of_nothing_is_an_error_with_its_place(citations, place, words):
    with pytest.raises(PackError) as raised:
        given(citations)
    assert raised.value.problem.startswith(words)
    assert raised.value.where == f"mine/a/own.yaml:{place}"


def test_a_pack_may_bring_a_framework_of_its_own():
    built = given("  acme: [R-1]\n  iso-42001: [7.5.3]", {"acme.yaml": OWN})
    assert built.policies["OWN-001"].controls == {"acme": ("R-1",), "iso-42001": ("7.5.3",)}
    assert set(built.frameworks()) == NAMES | {"acme"}
    assert built.frameworks()["acme"] == Framework(
        "acme", "Our rules", "Acme", "3", "https://northbank.internal/rules",
        {"R-1": "Somebody answers", "R-2": "It is tested"},
    )  # fmt: skip
    with pytest.raises(PackError, match="acme has no control R-3; did you mean R-2"):
        given("  acme: [R-3]", {"acme.yaml": OWN})


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        (OWN, "- x", "1:1", "['x'] is not of type 'object'"),
        ("title:", "titel:", "2:8", "no key titel; did you mean title?"),
        ("version: '3'", "version: 3", "4:10", "version: 3 is not of type 'string'"),
        ("publisher: Acme\n", "", "1:1", "'publisher' is a required property"),
        ("id: acme", "id: acne", "1:5", "the file of acne is frameworks/acne.yaml"),
        ("https://", "http://", "5:9", "http://northbank.internal/rules: An https page"),
        ("R-2: It is tested", "R-2: 2", "8:8", "R-2: 2 is not of type"),
        ("R-2: It is tested", "R-2: ''", "8:8", "R-2: '' should be non-empty"),
        ("controls:", "groups: {All: R-9}\ncontrols:", "6:15", "no control R-9; did you mean R-2"),
        ("controls:", "groups: {Some: R-2}\ncontrols:", "6:1", "the first control stands below"),
    ],
)
def test_a_broken_framework_is_an_error_even_where_nobody_cites_it(old, new, place, words):
    with pytest.raises(PackError) as raised:
        given("  openslo: [v1]", {"acme.yaml": OWN.replace(old, new)})
    assert raised.value.problem.startswith(words)
    assert raised.value.where == f"mine/frameworks/acme.yaml:{place}"


def test_a_framework_stands_in_one_pack_and_is_named_by_its_file():
    text = OWN.replace("id: acme", "id: openslo")
    with pytest.raises(PackError, match="openslo stands in another pack already") as raised:
        given("  openslo: [v1]", {"openslo.yaml": text})
    assert raised.value.where == "mine/frameworks/openslo.yaml:1:5"
    with pytest.raises(PackError, match="no key publisher"):  # it is taken for a policy
        given("  openslo: [v1]", {"deeper/acme.yaml": OWN})


def test_frameworks_alone_are_no_pack():
    pack = read_pack("mine", {"frameworks/acme.yaml": OWN.encode()})
    shipped = read_pack("policies", policy_files(folder("policies")), trusted=True)
    with pytest.raises(PackError, match="the pack holds no policy"):
        build_rules([shipped, pack], shipped_shapes())


# --- what judging pays, and the digest


def test_judging_by_the_shipped_pack_reads_no_framework():
    def read() -> dict[str, bytes]:
        raise AssertionError("frameworks were read")

    whole = read_pack("policies", policy_files(folder("policies")), trusted=True)
    parsed = {p: [whole.hashes()[p], d.value] for p, d in whole.documents.items()}
    assert not any(path.startswith(FRAMEWORKS) for path in parsed)
    built = build_rules([parsed_pack("policies", parsed, read)], shipped_shapes())
    assert built.policies.keys() == rules().policies.keys()
    with pytest.raises(AssertionError, match="frameworks were read"):
        built.digest()


def test_a_check_does_not_even_load_the_module():
    check = ["check", "--as-of", "2026-11-22", "examples/1-low-pilot.aigov.yaml"]
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "aigov", *check],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": "src"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "aigov.check" in loaded
    assert "aigov.frameworks" not in loaded


def test_the_digest_covers_the_frameworks():
    files = policy_files(folder("policies"))
    before = build_rules([read_pack("policies", files, trusted=True)], shipped_shapes()).digest()
    assert before == rules().digest()
    files["frameworks/openslo.yaml"] += b"# changed"
    after = build_rules([read_pack("policies", files, trusted=True)], shipped_shapes()).digest()
    assert after != before
