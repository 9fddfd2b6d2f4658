"""Declaration and code: what is undeclared, unused or uncovered, and where that is told."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from aigov.bundled import shipped_detectors
from aigov.detectors import Detectors
from aigov.findings import Enforcement, Outcome, Result
from aigov.packs import PROVIDERS
from aigov.preparing import prepare
from aigov.reconciliation import CODES, Reconciled, reconcile
from aigov.results import NEEDING, Detection
from aigov.settings import Settings, parse_profile
from aigov.sightings import Sightings, sight
from aigov.source import load
from judging import AS_OF, EXAMPLES, changed, example, rules

READY = "4-ready"
MODELS = "/spec/architecture/models"
PROFILE = parse_profile(load((EXAMPLES / "organization.yaml").read_bytes()).documents[0], "p")
MISTRAL = {"app.py": "import mistralai\n", "requirements.txt": "mistralai\n"}


@cache
def detectors() -> Detectors:
    return shipped_detectors()


def look(files: dict[str, str]) -> Sightings:
    held = {path: text.encode() for path, text in files.items()}
    names: Any = rules().packs[0].documents[PROVIDERS].value
    return sight(held, held.get, detectors(), names)


def judge(
    files: dict[str, str] | Sightings,
    put: dict[str, Any] | None = None,
    *,
    drop: tuple[str, ...] = (),
    paths: tuple[str, ...] = ("aigov.yaml",),
    **named: Any,
) -> Reconciled:
    """Reconcile files with the example that is ready, once for each of `paths`."""
    settings = Settings(named.pop("today", AS_OF), profile=named.pop("profile", None))
    document = changed(example(READY), put=put, drop=drop)
    use_cases = [prepare(path, document, rules(), settings) for path in paths]
    seen = look(files) if isinstance(files, dict) else files
    return reconcile(seen, use_cases, detectors(), rules(), settings, **named)


def results(*arguments: Any, **named: Any) -> tuple[Result, ...]:
    (found,) = judge(*arguments, **named).results.values()
    assert [*dict.fromkeys(sorted(one.code for one in found))] == [*CODES]
    return found


def told(*arguments: Any, **named: Any) -> list[str]:
    """Return code, place and words of each finding."""
    return [
        f"{one.code} {one.path}:{one.place.line} {one.message}".replace(" :", " manifest:")
        for one in results(*arguments, **named)
        if one.is_finding and one.place
    ]


def codes(*arguments: Any, **named: Any) -> list[str]:
    return sorted(one.code for one in results(*arguments, **named) if one.is_finding)


def test_code_that_does_what_is_declared_passes():
    assert {one.outcome for one in results(MISTRAL)} == {Outcome.PASS}


@pytest.mark.parametrize("files", [{}, {"docs/a.md": "Our LLM is openai\n"}])
def test_without_code_nothing_is_compared_and_that_is_said(files):
    found = results(files)
    assert {(one.outcome, one.note) for one in found} == {
        (Outcome.NOT_APPLICABLE, "the scope holds no code")
    }


def test_an_undeclared_provider_is_told_once_at_its_first_line():
    files = {**MISTRAL, "app.py": "import mistralai\nimport openai\n", "b.py": "import openai\n"}
    files["requirements.txt"] = "mistralai\nopenai\n"
    (words,) = told(files)
    assert words.startswith("REC-001 app.py:2 no provider openai is declared, but openai is used")
    assert words.endswith(" here and in 2 more places")
    (one,) = (one for one in results(files) if one.is_finding)
    assert (one.pointer, one.enforcement, one.place.column) == (MODELS, Enforcement.BLOCK, 1)


@pytest.mark.parametrize(
    ("files", "provider"),
    [
        ({"a.py": 'URL = "https://api.openai.com/v1/chat/completions"\n'}, "openai"),
        ({"a.py": 'URL = "https://x.openai.azure.com/"\n'}, "azure-openai"),
        ({"a.py": 'import boto3\nboto3.client("bedrock-runtime")\n'}, "amazon"),
        ({"main.tf": 'resource "aws_bedrockagent_agent" "a" {\n}\n'}, "amazon"),
        ({"main.tf": 'resource "google_vertex_ai_endpoint" "a" {\n}\n'}, "google"),
        ({"main.tf": 'resource "azurerm_cognitive_account" "a" {\n}\n'}, "azure-openai"),
        (
            {"compose.yaml": "services:\n  a:\n    environment:\n      OPENAI_API_KEY: x\n"},
            "openai",
        ),
        ({"package.json": '{"dependencies": {"@anthropic-ai/sdk": "1"}}'}, "anthropic"),
        ({"go.mod": "module a\n\nrequire github.com/openai/openai-go v1.0.0\n"}, "openai"),
    ],
)
def test_packages_addresses_and_resources_tell_the_provider(files, provider):
    (words,) = (one for one in told({**MISTRAL, **files}) if one.startswith("REC-001"))
    assert f"no provider {provider} is declared" in words


@pytest.mark.parametrize(
    "files",
    [
        {"requirements.txt": "langchain\ntransformers\nlitellm\nchromadb\ntorch\n"},
        {"compose.yaml": "services:\n  a:\n    image: qdrant/qdrant:v1.9\n"},
        {"compose.yaml": "services:\n  a:\n    image: vllm/vllm-openai:v0.6\n"},  # one's own
        {"a.py": 'URL = "http://gateway.internal/v1/chat/completions"\n'},
        {"tests/test_a.py": "import openai\n"},
        {"README.md": "We compared openai and anthropic\n"},
        {".github/workflows/a.yaml": "steps:\n  - uses: openai/codex-action@v1\n"},
    ],
)
def test_what_names_no_provider_is_no_finding(files):
    assert "REC-001" not in codes({**MISTRAL, **files})


def test_a_model_that_is_run_here_is_declared_as_ones_own():
    engine = {"compose.yaml": "services:\n  a:\n    image: ollama/ollama:0.3\n", **MISTRAL}
    assert codes(engine) == []
    assert codes(engine, {f"{MODELS}/1/provider": "mistral"}) == []  # hosted in a private cloud
    hosted = {f"{MODELS}/1/provider": "mistral", f"{MODELS}/1/hosting": "hosted_saas"}
    assert codes(engine, hosted) == ["REC-001"]


@pytest.mark.parametrize(
    ("put", "expected"),
    [
        ({f"{MODELS}/0/provider": "openai"}, []),
        ({f"{MODELS}/0/provider": "azure-openai"}, []),  # whom the package can call, too
        ({f"{MODELS}/0/provider": "azure"}, []),
        ({"/spec/third_parties/0/name": "OpenAI Ireland Ltd."}, []),
        ({"/spec/architecture/components/0/ref": "component:openai-proxy"}, []),
        ({"/spec/architecture/components/0/ref": "component:azure-openai-proxy"}, []),
        ({f"{MODELS}/0/provider": "groq"}, ["REC-001"]),
        ({"/spec/architecture/models": "none"}, ["REC-001"]),
        ({"/spec/third_parties": [7]}, ["REC-001"]),
    ],
)
def test_who_carries_the_calls_may_be_declared_instead(put, expected):
    files = {"a.py": "import openai\nimport langchain\n"}
    assert codes(files, put) == expected


def test_the_interface_of_another_is_explained_by_that_others_address_alone():
    groq = {f"{MODELS}/0/provider": "groq"}
    files = {"a.py": 'import openai\nopenai.OpenAI(base_url="https://api.groq.com/openai/v1")\n'}
    assert codes(files, groq) == []
    files["b.py"] = 'URL = "https://api.openai.com/v1"\n'
    assert told(files, groq) == [
        "REC-001 b.py:1 no provider openai is declared, but api.openai.com is used here"
    ]
    azure = {f"{MODELS}/0/provider": "azure-openai"}
    assert codes(files, azure) == ["REC-001", "REC-001"]


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("mistral-medium-2508", True),
        ("mistral-medium", True),
        ("mistral/mistral-medium-2508", True),
        ("mistral-medium-latest", False),
        ("mistral-large-2508", False),
        ("gpt-4o", False),
    ],
)
def test_a_model_is_declared_by_name_and_version(name, declared):
    files = {**MISTRAL, "app.py": f'import mistralai\nask("{name}")\n'}
    expected = [f"REC-002 app.py:2 the model {name} is used here, and is not declared"]
    assert told(files) == ([] if declared else expected)
    assert codes(files, drop=(f"{MODELS}/0/name", f"{MODELS}/0/version")) == ["REC-002"]


def test_a_model_file_of_ollama_names_a_model():
    assert codes({**MISTRAL, "Modelfile": "FROM llama3.2:3b\n"}) == ["REC-002"]


def test_tools_are_declared_by_their_name_in_the_code():
    files = {**MISTRAL, "app.py": "import mistralai\n@tool\ndef look_up(x):\n    pass\n",
             "agent/mcp.json": '{"mcpServers": {"git-hub": {}}}'}  # fmt: skip
    assert told(files) == [
        "REC-003 agent/mcp.json:1 the tool git-hub is used here, and no agent declares it",
        "REC-003 app.py:3 the tool look_up is used here, and no agent declares it",
    ]
    tools = [{"name": "look-up"}, {"name": "git_hub issues"}]
    assert codes(files, {"/spec/architecture/agent": {"tools": tools}}) == []


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        (".mcp.json", "rag", []),
        (".mcp.json", "multi_agent", ["REC-003"]),
        (".vscode/mcp.json", "agent", []),
        ("mcp.json", "rag", ["REC-003"]),
    ],
)
def test_the_servers_of_a_developers_assistant_are_no_tools(path, pattern, expected):
    files = {**MISTRAL, path: '{"mcpServers": {"github": {}}}'}
    assert codes(files, {"/spec/architecture/pattern": pattern}) == expected


@pytest.mark.parametrize(
    ("files", "put", "unused"),
    [
        ({"a.py": "print()\n"}, {}, True),
        ({"a.py": "import anthropic\n"}, {"/spec/third_parties/0/name": "Anthropic"}, True),
        ({"a.py": "import langchain\n"}, {}, False),
        ({"a.py": "import litellm\n"}, {}, False),
        ({"a.py": "import openai\n"}, {"/spec/third_parties/0/name": "OpenAI"}, False),
        ({"a.py": "print()\n"}, {"/spec/architecture/pattern": "embedded_saas"}, False),
        ({"a.py": "print()\n"}, {f"{MODELS}/0/provider": "acme"}, True),
        ({"a.py": "import anthropic\n"}, {f"{MODELS}/0/provider": "acme"}, False),
        ({"a.py": "print()\n"}, {f"{MODELS}/0/provider": "internal"}, False),
    ],
)
def test_what_nothing_could_be_is_told_at_its_line_of_the_manifest(files, put, unused):
    found = [one for one in results(files, put) if one.code == "REC-004" and one.is_finding]
    place = example(READY).place(f"{MODELS}/0/provider")
    assert [(one.path, one.place, one.enforcement) for one in found] == (
        [("", place, Enforcement.WARN)] if unused else []
    )


def test_a_model_without_a_provider_is_not_unused():
    assert codes({"a.py": "print()\n"}, drop=(f"{MODELS}/0/provider",)) == []


def test_a_scope_with_two_components_is_too_wide():
    files = {f"{one}/{name}": text for one in ("a", "b") for name, text in MISTRAL.items()}
    assert told(files) == ["REC-005 manifest:3 2 components with AI in one scope: a, b"]
    assert codes(files, {"/metadata/scope": ["a"]}) == []
    assert codes({**files, "b/app.py": "", "b/requirements.txt": "flask\n"}) == []


def test_the_whole_repository_beside_other_manifests_is_too_wide():
    paths = ("aigov.yaml", "a/aigov.yaml", "b/aigov.yaml")
    found = judge(MISTRAL, paths=paths).results
    (wide,) = (one for each in found.values() for one in each if one.is_finding)
    assert wide.message == "the whole repository, beside 2 other folders with manifests"
    for less in (judge(MISTRAL, paths=paths[:2]), judge({"a.py": "print()\n"}, paths=paths),
                 judge(MISTRAL, {"/metadata/scope": ["app.py", "req*"]}, paths=paths)):  # fmt: skip
        wider = [one for each in less.results.values() for one in each if one.code == "REC-005"]
        assert all(not one.is_finding for one in wider)


def test_what_is_retired_and_off_is_not_compared_and_what_still_runs_is():
    retired = {"/spec/lifecycle/stage": "retired"}
    off = judge({"a.py": "print()\n"}, retired)
    assert (off.results, [*off.running.values()]) == ({}, [[]])
    infrastructure = {"main.tf": 'resource "aws_bedrockagent_agent" "a" {\n}\n'}
    assert judge(infrastructure, retired).results == {}
    still = judge({**MISTRAL, "b.py": "import openai\n"}, retired)
    (places,) = still.running.values()
    assert places == [{
        "pointer": "/spec/lifecycle/stage",
        "at": "app.py:1 (mistralai), b.py:1 (openai), requirements.txt:1 (mistralai)",
    }]  # fmt: skip
    assert [one.code for one in next(iter(still.results.values())) if one.blocks] == ["REC-001"]


def test_code_that_a_live_use_case_shares_does_not_keep_a_retired_one_running():
    settings = Settings(AS_OF)
    old = changed(example("1-low-pilot"), put={"/spec/lifecycle/stage": "retired"})
    use_cases = [
        prepare("old.aigov.yaml", old, rules(), settings),
        prepare("aigov.yaml", example(READY), rules(), settings),
    ]
    found = reconcile(look(MISTRAL), use_cases, detectors(), rules(), settings)
    assert {path for path, _ in found.results} == {"aigov.yaml"}
    ids = ", ".join(one.id for one in use_cases)
    assert {one.use_case for one in found.detections} == {ids}


def test_what_no_manifest_covers_is_one_problem_a_component():
    files = {
        "a/requirements.txt": "openai\nanthropic\n", "a/app.py": 'import openai\nask("gpt-4o")\n',
        "b/package.json": '{\n"dependencies": {"openai": "4"}}', "c/requirements.txt": "flask\n",
    }  # fmt: skip
    found = judge(files, paths=("d/aigov.yaml",))
    ending = ", and no manifest says what for"
    assert [f"{one.code} {one.path}:{one.line} {one.message}" for one in found.problems] == [
        f"REP-001 a/app.py:1 openai is used here and in 2 more places, with anthropic{ending}",
        f"REP-001 b/package.json:2 openai is used here{ending}",
    ]
    assert found.ai_use == "unregistered"
    assert {one.use_case for one in found.detections} == {None}


@pytest.mark.parametrize(
    ("files", "paths", "named", "state"),
    [
        ({"a.py": "print()\n"}, (), {}, "none"),
        ({"a.md": "openai\n", ".mcp.json": "{}"}, (), {}, "none"),
        (MISTRAL, (), {}, "unregistered"),
        (MISTRAL, ("aigov.yaml",), {}, "registered"),
        ({}, ("aigov.yaml",), {}, "registered"),
        (MISTRAL, ("x/aigov.yaml",), {}, "unregistered"),
        (MISTRAL, (), {"profile": PROFILE}, "unregistered"),
        (
            MISTRAL, (), {"profile": PROFILE, "repository": "northbank/vault-torch"},
            "declared_not_ai",
        ),
        (
            MISTRAL, (),
            {"profile": PROFILE, "repository": "northbank/vault-torch", "today": "2027-06-01"},
            "unregistered",
        ),
    ],
)  # fmt: skip
def test_how_a_repository_uses_ai(files, paths, named, state):
    found = judge(files, paths=paths, **named)
    assert found.ai_use == state
    assert bool(found.problems) == (state == "unregistered")
    assert bool(found.notes) == ("repository" in named)


folders = st.sampled_from(["", "a/", "a/b/", "c/"])
detections = st.builds(
    Detection,
    st.builds("{}{}.py".format, folders, st.sampled_from(["x", "y"])),
    st.integers(1, 3),
    st.sampled_from(["runtime", "infrastructure", "model", "notebook", "tooling", "mention"]),
    st.sampled_from(["openai", "torch", "\ud800<b>::"]),
    st.just("python"),
    st.sampled_from(["python-import", "endpoint", "model-file", "word"]),
    st.just("high"),
    use_case=st.none(),
)


@hypothesis(deadline=None)
@given(st.lists(detections, max_size=8), st.lists(folders, max_size=3), st.lists(folders))
def test_every_use_of_ai_belongs_to_a_use_case_or_to_a_problem(seen, places, components):
    stated = tuple(sorted({one.rstrip("/") for one in components}))
    paths = tuple(f"{one}aigov.yaml" for one in places)
    found = judge(Sightings(tuple(sorted(seen)), stated, ()), paths=paths)
    told_at = [one.path for one in found.problems]
    for one in found.detections:
        if one.kind in NEEDING and one.use_case is None:
            inside = max((c for c in stated if not c or one.path.startswith(f"{c}/")), key=len,
                         default=None)  # fmt: skip
            assert any(inside is None or path.startswith(inside) for path in told_at)
    assert (found.ai_use == "unregistered") == bool(told_at)
    assert judge(Sightings(tuple(sorted(seen)), stated, ()), paths=paths) == found


def test_hostile_names_stay_short_and_on_their_line():
    evil = Detection("\x1b[2J::error.py", 2, "runtime", "", "any", "", "high")
    seen = (
        evil._replace(detector="model-name", name="<b>\n" * 900),
        evil._replace(detector="agent-tool", name="]( " * 900),
        evil._replace(detector="endpoint-path", name="\ud800" * 900),
        evil._replace(detector="endpoint", name="api.openai.com"),
    )
    found = judge(Sightings(seen, (), ()))
    shown = [one for one in next(iter(found.results.values())) if one.is_finding]
    assert [one.code for one in shown] == ["REC-001", "REC-002", "REC-003"]
    assert all((one.path, one.place.line) == (evil.path, 2) for one in shown if one.place)
    (problem,) = judge(Sightings(seen, (), ()), paths=()).problems
    assert all(len(one.message) < 900 for one in (*shown, problem))
