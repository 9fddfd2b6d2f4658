"""Where a repository says otherwise than its manifest, and what hostile files make of that."""

from __future__ import annotations

import json
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from aigov.agreement import agree
from aigov.findings import Enforcement, Outcome, Result
from aigov.preparing import prepare, read
from aigov.settings import Profile, Settings, parse_profile
from aigov.shelf import MAX_BYTES, MAX_ROWS, Repository
from aigov.source import load
from judging import AS_OF, EXAMPLES, changed, example, rules

LOW, RETAIL, CREDIT, READY = (
    "1-low-pilot", "2-moderate-production", "3-critical-production", "4-ready",
)  # fmt: skip
EVALS = "/spec/delivery/evaluations"
SLOS = "/spec/operations/slos"
OPENSLO = "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: up}\nspec:\n  objectives:\n"


def compare(
    name: str = RETAIL,
    files: dict[str, str | bytes] | None = None,
    put: dict[str, Any] | None = None,
    *,
    drop: tuple[str, ...] = (),
    path: str = "aigov.yaml",
    profile: Profile | None = None,
) -> dict[str, list[Result]]:
    """Return the results by code, of an example beside its evidence and `files`."""
    settings = Settings(AS_OF, profile=profile)
    prepared = prepare(path, changed(example(name), put=put, drop=drop), rules(), settings)
    folder = path.rpartition("/")[0]
    held: dict[str, bytes] = {
        f"{folder}/{one.relative_to(EXAMPLES).as_posix()}".lstrip("/"): one.read_bytes()
        for one in (EXAMPLES / "docs").rglob("*.json")
    }
    held |= {p: t if isinstance(t, bytes) else t.encode() for p, t in (files or {}).items()}
    found: dict[str, list[Result]] = {}
    for one in agree(prepared, Repository(held.keys(), held.get), rules(), settings):
        found.setdefault(one.code, []).append(one)
    assert [*found] == ["REP-002", "REP-003", "REP-004", "REP-005"]
    return found


def only(code: str, *given: Any, **named: Any) -> Result:
    (result,) = compare(*given, **named)[code]
    return result


def said(code: str, *given: Any, **named: Any) -> str:
    """Return the message of the one finding, "pass", or the note of what is not judged."""
    result = only(code, *given, **named)
    return result.message or result.note or str(result.outcome)


def northbank() -> Profile:
    (document,) = load((EXAMPLES / "organization.yaml").read_bytes()).documents
    return parse_profile(document, "organization.yaml")


# --- results of evaluations -----------------------------------------------------------------


@pytest.mark.parametrize("name", [RETAIL, CREDIT, READY])
def test_the_shipped_examples_agree_with_their_evidence(name):
    assert only("REP-004", name).outcome is Outcome.PASS


def test_a_use_case_without_result_at_is_not_judged():
    result = only("REP-004", LOW)
    assert (result.outcome, result.missing) == (Outcome.NOT_APPLICABLE, ())
    assert result.note == "none of delivery.evaluations has result_at"


def test_a_better_result_than_the_evidence_holds_blocks_at_the_number():
    result = only("REP-004", put={f"{EVALS}/1/result": 0.0001})
    assert result.message == (
        "result 0.0001, but docs/retail/evals-2026-10.json at /results/1/value says 0.0002"
    )
    place = example(RETAIL).place(f"{EVALS}/1/result")
    assert (result.pointer, result.place) == (f"{EVALS}/1/result", place)
    assert (result.outcome, result.enforcement) == (Outcome.FAIL, Enforcement.BLOCK)


def test_every_place_that_differs_is_a_finding_with_its_own_fingerprint():
    found = compare(put={f"{EVALS}/0/result": 1, f"{EVALS}/2/result": 0})["REP-004"]
    assert [one.pointer for one in found] == [f"{EVALS}/0/result", f"{EVALS}/2/result"]
    assert len({one.fingerprint for one in found}) == 2


EVIDENCE = "docs/retail/evals-2026-10.json"
NOWHERE = f"{EVIDENCE} holds nothing at "


@pytest.mark.parametrize(
    ("put", "words"),
    [
        ({"result_at": "/results/9/value"}, NOWHERE + "/results/9/value"),
        ({"result_at": "/results/00/value"}, NOWHERE + "/results/00/value"),
        ({"result_at": "/results/-1/value"}, NOWHERE + "/results/-1/value"),
        ({"result_at": "/results/0/value/x"}, NOWHERE + "/results/0/value/x"),
        ({"result_at": "/date"}, f"result 0.957, but {EVIDENCE} at /date says '2026-10-12'"),
        (
            {"result_at": "/results"},
            f"result 0.957, but {EVIDENCE} at /results says more than one value",
        ),
        ({"evidence": "docs/none.json"}, "docs/none.json is not in the repository"),
        ({"evidence": "../aigov.json"}, "../aigov.json is not in the repository"),
        (
            {"evidence": "https://wiki.northbank.internal/x.json"},
            "the evidence is no file of this repository, so nobody read its result",
        ),
        ({"evidence": ""}, "the evidence is no file of this repository, so nobody read its result"),
        ({"result": "0.957"}, f"result '0.957', but {EVIDENCE} at /results/0/value says 0.957"),
        ({"result": None}, f"result nothing, but {EVIDENCE} at /results/0/value says 0.957"),
    ],
)
def test_what_cannot_be_found_is_a_finding(put, words):
    assert said("REP-004", put={f"{EVALS}/0/{key}": one for key, one in put.items()}) == words


def holding(
    text: str | bytes, *, name: str = "e.json", at: str = "/a", result: object = 0.5
) -> str:
    """Return what is said of one evaluation whose evidence holds `text`."""
    one = {"metric": "rate", "result": result, "evidence": name, "result_at": at}
    return said("REP-004", LOW, {name: text}, {"/spec/delivery": {"evaluations": [one]}})


@pytest.mark.parametrize(
    "text", ['{"a": 0.5}', '{"a": 5e-1}', '{"a": 0.50000000000000001}', '\ufeff{"a": 0.5}']
)
def test_numbers_are_compared_as_numbers(text):
    assert holding(text) == "pass"


def test_a_whole_number_equals_the_same_with_a_point():
    assert holding('{"a": 3.0}', result=3) == "pass"
    assert holding('{"a": 0}', result=0.0) == "pass"
    assert "says 1e-12" in holding('{"a": 1e-12}', result=0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": NaN}', "e.json at /a says nan"),
        ('{"a": Infinity}', "e.json at /a says inf"),
        ('{"a": 1e999}', "e.json at /a says inf"),
        ('{"a": 1' + "0" * 400 + "}", "e.json at /a says inf"),
        ('{"a": true}', "e.json at /a says True"),
        ('{"a": "0.5"}', "e.json at /a says '0.5'"),
        ('{"a": null}', "e.json at /a says nothing"),
        ("{", "e.json cannot be read: Expecting property name"),
        (b"\xff\xfe\x00", "e.json cannot be read: "),
        (b"\xff", "e.json cannot be read: "),
        ("", "e.json cannot be read: Expecting value"),
        ("[" * 100_000, "e.json cannot be read: "),
        ('"' + "a" * MAX_BYTES + '"', "e.json is larger than 1 MiB"),
        ("version https://git-lfs.github.com/spec/v1\n", "e.json cannot be read: Expecting value"),
    ],
)
def test_what_is_no_number_is_a_finding(text, words):
    assert words in holding(text)


def test_nan_does_not_equal_itself():
    assert "result nan" in holding('{"a": NaN}', result=float("nan"))


def test_pointers_escape_and_yaml_is_read_too():
    assert holding('{"a/b": {"~": [1, 0.5]}}', at="/a~1b/~0/1") == "pass"
    assert holding("a: 0.5\n", name="e.yaml") == "pass"
    assert holding("", name="e.yml") == "e.yml holds nothing at /a"
    assert holding("a: .nan\n", name="e.yaml").startswith("e.yaml cannot be read: line 1: ")


CSV = "run,metric,value\n1,rate,0.5\n2,rate,0.7\n2,other,0.5\n"


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        (CSV, "run=1", "pass"),
        (CSV, "metric=other", "pass"),
        (CSV, "metric=rate", "result 0.5, but e.csv:3 says 0.7"),
        (CSV, "run=9", "e.csv has no row where run=9"),
        (CSV, "date=1", "e.csv has no one column date"),
        ("run\trate\n1\t+5e-1\n", "run=1", "pass"),
        ("run,result\r\n1, 0.5 \r\n", "run=1", "pass"),
        ('run,"rate"\n"1\n",0.4\n"1",".5"\n', "run=1", "pass"),
        ("grounded,n\n0.5,10\n", "grounded=0.5", "pass"),
        ("run,rate\n1,nan\n", "run=1", "result 0.5, but e.csv:2 says 'nan'"),
        ("run,rate\n1,0_5\n", "run=1", "result 0.5, but e.csv:2 says '0_5'"),
        ("run,rate\n1\n", "run=1", "e.csv has no row where run=1"),
        ("run,rate,rate\n1,0.5,0.9\n", "run=1", "e.csv has no one column run"),
        ("run,run,rate\n1,1,0.5\n", "run=1", "e.csv has no one column run"),
        ("", "run=1", "e.csv cannot be read: it is empty"),
        (b"run,rate\n\xff,1\n", "run=1", "e.csv cannot be read: 'utf-8' codec"),
        ("a" * 200_000, "run=1", "e.csv cannot be read: field larger than field limit"),
        ("a\n" * (MAX_ROWS + 1), "a=a", f"e.csv cannot be read: it has more than {MAX_ROWS} rows"),
    ],
)
def test_a_row_of_a_table_is_named_by_column_and_value(text, at, words):
    assert holding(text, name="e.csv", at=at).startswith(words)


def test_paths_start_at_the_manifests_folder():
    assert only("REP-004", path="svc/bot/aigov.yaml").outcome is Outcome.PASS
    found = only(
        "REP-004", path="svc/bot/aigov.yaml", put={f"{EVALS}/0/evidence": "./docs/../gone.json"}
    )
    assert found.message == "svc/bot/gone.json is not in the repository"


def test_a_document_of_another_shape_is_compared_as_far_as_it_goes():
    put = {EVALS: ["text", {"result_at": 3}, {"name": "no place"}], SLOS: {"ref": "a#b"}}
    found = compare(put=put)
    assert [one.pointer for one in found["REP-004"]] == [f"{EVALS}/1/result_at"]
    assert found["REP-003"][0].note == "none of operations.slos has ref"


def test_many_hostile_files_take_little_time():
    nodes = (b"---\n[" + b"1," * 49_000 + b"]\n") * 3
    files = {f"{index}.yaml": nodes for index in range(50)}
    rows = [{"name": "x", "target": 0.9, "ref": f"{index}.yaml#x"} for index in range(50)]
    put = {"/spec/operations": {"slos": rows}}
    began = process_time()
    found = compare(LOW, files, put)["REP-003"]
    assert process_time() - began < 10
    assert found[0].message == "0.yaml holds no objective x"
    assert found[-1].message == "49.yaml cannot be read: the files named are too large together"


def test_aliases_of_long_texts_make_no_long_messages():
    one = {"result_at": "/" + "x" * 10_000, "evidence": "y" * 1_000}
    found = compare(LOW, put={"/spec/delivery": {"evaluations": [one] * 120}})["REP-004"]
    assert len(found) == 100
    assert all(len(result.message) <= 600 for result in found)


# --- objectives ------------------------------------------------------------------------------


def objective(text: str, target: object = 0.99, ref: str = "slo/up.yaml#up") -> str:
    slo = {"name": "up", "kind": "availability", "target": target, "ref": ref}
    return said("REP-003", LOW, {"slo/up.yaml": text}, {"/spec/operations": {"slos": [slo]}})


@pytest.mark.parametrize(
    ("text", "target", "words"),
    [
        (OPENSLO + "    - target: 0.99\n", 0.99, "pass"),
        (OPENSLO + "    - targetPercent: 99\n", 0.99, "pass"),
        (OPENSLO + "    - target: 0.95\n", 0.99, "target 0.99, but slo/up.yaml:6 says 0.95"),
        (OPENSLO + "    - target: '0.99'\n", 0.99, "target 0.99, but slo/up.yaml:6 says '0.99'"),
        (OPENSLO + "    - value: 3\n", 0.99, "target 0.99, but slo/up.yaml:6 says nothing"),
        (OPENSLO + "    - objective: x\n", 0.99, "target 0.99, but slo/up.yaml:6 says 'x'"),
        (OPENSLO + "    - target: true\n", 1, "target 1, but slo/up.yaml:6 says True"),
        (OPENSLO + "    - {target: 0.9}\n    - {target: 0.99}\n", 0.99, "pass"),
        (
            OPENSLO + "    - {target: 0.9}\n    - {target: 0.8}\n",
            0.99,
            "target 0.99, but slo/up.yaml:6 says 0.9 and slo/up.yaml:7 says 0.8",
        ),
        (OPENSLO + "    - 3\n", 0.99, "target 0.99, but slo/up.yaml:6 says nothing"),
        (OPENSLO, 0.99, "slo/up.yaml holds no objective up"),
        ("version: prometheus/v1\nslos: [{name: up, objective: 99.9}]\n", 0.999, "pass"),
        (
            "version: prometheus/v1\nslos: [{name: up, objective: 99.9}]\n",
            0.99,
            "target 0.99, but slo/up.yaml:2 says 0.999",
        ),
        (
            "apiVersion: sloth.slok.dev/v1\nmetadata: {name: up}\nspec: {slos: [{name: other}]}\n",
            0.99,
            "slo/up.yaml holds no objective up",
        ),
        ("- up\n", 0.99, "slo/up.yaml holds no objective up"),
        ("apiVersion: v1\nspec: {slos: [{name: up}]}\n", 0.99, "slo/up.yaml holds no objective up"),
        ("a: !tag b\n", 0.99, "slo/up.yaml cannot be read: line 1: "),
        (OPENSLO + "    - target: .nan\n", 0.99, "slo/up.yaml cannot be read: line 6: "),
        ("a: \x00\n", 0.99, "slo/up.yaml cannot be read: line 1: "),
    ],
)
def test_a_target_is_what_its_document_says(text, target, words):
    assert objective(text, target).startswith(words)


def test_an_objective_whose_document_is_gone_is_a_finding_at_its_ref():
    put = {f"{SLOS}/0/ref": "slo/gone.yaml#up"}
    result = only("REP-003", put=put)
    assert result.message == "slo/gone.yaml is not in the repository"
    assert (result.pointer, result.enforcement) == (f"{SLOS}/0/ref", Enforcement.BLOCK)
    assert result.place == changed(example(RETAIL), put=put).place(f"{SLOS}/0")


@pytest.mark.parametrize(
    ("file", "name", "target"),
    [
        ("openslo/examples/budgeting-method/occurences-slo.yaml", "search-slo", 0.99),
        ("openslo/examples/budgeting-method/timeslices-slo.yaml", "service-availability", 0.995),
        ("sloth/examples/getting-started.yml", "requests-availability", 0.999),
        ("sloth/examples/k8s-multifile.yml", "requests-availability", 0.9999),
        ("sloth/examples/openslo-getting-started.yml", "sloth-slo-my-service", 0.999),
        ("sloth/examples/home-wifi.yml", "good-wifi-client-satisfaction", 0.95),
    ],
)
def test_published_samples_are_read(shared: Path, file, name, target):
    text = (shared / "data" / "slo" / file).read_text("utf-8")
    ref = f"slo/up.yaml#{name}"
    assert objective(text, target, ref) == "pass"
    assert "says" in objective(text, 0.9876, ref)


# --- owners ----------------------------------------------------------------------------------


def owned(owners: str, *, profile: Profile | None = None, path: str = "aigov.yaml", **files) -> str:
    return said("REP-002", RETAIL, {"CODEOWNERS": owners, **files}, profile=profile, path=path)


HERE = "group:retail-digital and lukas.meyer@northbank.internal here, but "


@pytest.mark.parametrize(
    ("owners", "words"),
    [
        ("* @northbank/retail-digital\n", "pass"),
        ("* @nb/sub/Retail-Digital @x\n", "pass"),
        ("* @retail-digital\n", "pass"),
        ("* @nb/conversational-ai\n", "pass"),  # who builds it reviews the code
        ("* lukas.Meyer+x@northbank.internal\n", "pass"),
        ("* @nb/other\n", HERE + "CODEOWNERS:1 says @nb/other"),
        (
            "* @nb/retail-digital\n\n* @nb/other @nb/more # us\n",
            HERE + "CODEOWNERS:3 says @nb/other @nb/more",
        ),
        ("* @nb/retail-digital\naigov.yaml @nb/ai-office\n", "pass"),
        ("* @nb/other\naigov.yaml @nb/retail-digital\n", "pass"),
        ("*.py @nb/other\n", "no owner stands both here and in CODEOWNERS or a catalogue file"),
        ("* @nb/other\n*\n", "no owner stands both here and in CODEOWNERS or a catalogue file"),
        ("\n" * 10_001, HERE + "CODEOWNERS cannot be read: it has more than 10000 lines"),
    ],
)
def test_code_owners_name_the_accountable_or_the_technology_owner(owners, words):
    assert owned(owners) == words


def test_people_compare_through_the_profile():
    assert owned("* @inescosta\n", profile=northbank()) == "pass"
    words = owned("* @sofialind\n", profile=northbank())
    assert words == HERE + "CODEOWNERS:1 says @sofialind"
    unknown = "CODEOWNERS:1 says @stranger, and no profile's people say who that is"
    result = only("REP-002", files={"CODEOWNERS": "* @stranger\n"}, profile=northbank())
    assert (result.outcome, result.note, result.missing) == (Outcome.NOT_APPLICABLE, unknown, ())
    result = only("REP-002", files={"CODEOWNERS": "* @stranger\n"})
    assert (result.note, result.missing) == (unknown, ("profile",))
    assert "says @nb/x @stranger" in owned("* @nb/x @stranger\n")


def test_who_is_not_named_is_not_compared():
    files = {"CODEOWNERS": "* @nb/x\n", "catalog-info.yaml": "a: ["}
    result = only("REP-002", RETAIL, files, drop=("/spec/ownership",))
    assert result.outcome is Outcome.NOT_APPLICABLE
    (found,) = compare(RETAIL, files, drop=("/spec/ownership/accountable",))["REP-002"]
    assert found.message == "nobody here, but CODEOWNERS:1 says @nb/x"


ENTITY = (
    "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
    "metadata: {{name: {}}}\nspec: {{owner: '{}'}}\n"
)


@pytest.mark.parametrize(
    ("owner", "words"),
    [
        ("group:default/retail-digital", "pass"),
        ("retail-digital", "pass"),
        ("Group:Retail-Digital", "pass"),
        (
            "User:default/retail",
            "catalog-info.yaml:4 says @retail, and no profile's people say who that is",
        ),
        (
            "group:other/conversational-ai",
            HERE + "catalog-info.yaml:4 says @catalogue/other/conversational-ai",
        ),
        (
            "user:default/lm",
            "catalog-info.yaml:4 says @lm, and no profile's people say who that is",
        ),
        ("", "no owner stands both here and in CODEOWNERS or a catalogue file"),
    ],
)
def test_the_catalogue_names_the_accountable_owner(owner, words):
    assert said("REP-002", files={"catalog-info.yaml": ENTITY.format("x", owner)}) == words


def test_the_nearest_catalogue_file_and_the_entity_of_the_use_case_count():
    ours, other = (
        ENTITY.format("retail-support-bot", "retail-digital"), ENTITY.format("x", "other"),
    )  # fmt: skip
    files = {"catalog-info.yaml": other, "svc/catalog-info.yml": f"{other}---\n{ours}"}
    assert said("REP-002", files=files, path="svc/bot/aigov.yaml") == "pass"
    assert "catalog-info.yaml:4 says" in said("REP-002", files=files)
    both = said("REP-002", files={**files, "CODEOWNERS": "* @nb/x"})
    assert "CODEOWNERS:1 says @nb/x; catalog-info.yaml:4 says @catalogue/other" in both


def test_owner_findings_warn_at_the_team():
    result = only(
        "REP-002", files={".github/CODEOWNERS": "* @nb/x", "CODEOWNERS": "* @retail-digital"}
    )
    assert (result.outcome, result.enforcement) == (Outcome.FAIL, Enforcement.WARN)
    assert ".github/CODEOWNERS:1 says @nb/x" in result.message
    assert result.place == example(RETAIL).place("/spec/ownership/accountable/team")
    assert said("REP-002", files={"catalog-info.yaml": "a: ["}).startswith(
        HERE + "catalog-info.yaml cannot be read: line "
    )


# --- pipelines -------------------------------------------------------------------------------


def test_no_pipeline_is_a_warning_at_the_pipeline():
    result = only("REP-005")
    assert result.message == "there is no pipeline to run the gate"
    assert (result.enforcement, result.pointer) == (Enforcement.WARN, "/spec/delivery/pipeline")


def test_one_pipeline_that_runs_the_gate_is_enough():
    files = {f".github/workflows/{name}.yml": "on: push\n" for name in "abcde"}
    assert said("REP-005", files=files) == (
        "nothing runs the gate in .github/workflows/a.yml, .github/workflows/b.yml, "
        ".github/workflows/c.yml and 2 more"
    )
    files[".gitlab-ci.yml"] = "deploy: {script: [aigov-gate gate --stage production]}\n"
    assert said("REP-005", files=files) == "pass"


def test_a_pipeline_too_large_to_read_is_named():
    assert said("REP-005", files={"Jenkinsfile": " " * (MAX_BYTES + 1)}) == (
        "nothing runs the gate in Jenkinsfile is larger than 1 MiB"
    )


def test_two_runs_say_the_same():
    put = {f"{EVALS}/0/result": 1, f"{SLOS}/0/ref": "gone#x"}
    assert json.dumps(compare(put=put)) == json.dumps(compare(put=put))


def test_a_document_that_is_no_use_case_at_all_is_survived():
    (one,) = read("a.yaml", b"spec: 3\n", rules(), Settings(AS_OF)).documents
    outcomes = [one.outcome for one in agree(one, Repository([], {}.get), rules(), Settings(AS_OF))]
    assert outcomes == [Outcome.NOT_APPLICABLE] * 3 + [Outcome.FAIL]
