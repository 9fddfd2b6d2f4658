"""The files of a policy pack: read, and held to the shape of their kind."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from aigov.errors import PackError, meant
from aigov.source import Document, join_pointer, load

CORPUS = "law/corpus.yaml"
"""Where a pack keeps the legal obligations."""
FRAMEWORKS = "frameworks/"
"""Where a pack keeps control frameworks, one a file that is named by its id."""
CODES = "codes.yaml"
"""Where a pack keeps the findings that are not policies."""
PIPELINES = "vocabulary/pipelines.yaml"
"""Where a pack keeps how pipelines run the gate."""
PROVIDERS = "vocabulary/providers.yaml"
"""Where a pack keeps how code names providers, models and tools."""
ACCOUNTS = "vocabulary/accounts.yaml"
"""Where a pack keeps how forges name those who commit."""
RULES = ("derivation/", "vocabulary/", CORPUS, CODES)
"""What the first pack alone may hold: there is one derivation, vocabulary and corpus."""
MANDATORY = (
    CODES,
    "vocabulary/placeholders.yaml",
    "vocabulary/role-mailboxes.yaml",
    "vocabulary/model-snapshots.yaml",
    "vocabulary/distinct-evidence.yaml",
    PIPELINES,
    PROVIDERS,
    ACCOUNTS,
)
DESCRIPTION = "pack.yaml"


class Pack(NamedTuple):
    """The files of one policy pack, parsed."""

    name: str
    """How errors name it: `policies` for the shipped one, else the folder as given."""
    documents: Mapping[str, Document]
    """POSIX path below the pack's folder to what the file holds; without case files."""
    hashes: Callable[[], Mapping[str, str]]
    """The sha256 (hex) of each file, for the digest."""
    trusted: bool = False
    """Shipped, so vetted by the tests: not vetted again at every start."""
    frameworks: Callable[[], Mapping[str, bytes]] = dict
    """The files of control frameworks: read only where someone asks for them."""

    def section(self, folder: str) -> dict[str, Any]:
        """Return the values of a folder's files, by name without `.yaml`, in order."""
        return {
            path.removesuffix(".yaml").removeprefix(folder): document.value
            for path, document in sorted(self.documents.items())
            if path.startswith(folder)
        }

    def policies(self) -> dict[str, Document]:
        """Return the files that hold a policy, by path, in order."""
        return {
            path: document
            for path, document in sorted(self.documents.items())
            if path != DESCRIPTION and not path.startswith(RULES)
        }


def read_pack(name: str, files: Mapping[str, bytes], *, trusted: bool = False) -> Pack:
    """Parse the files of a pack (path to content).

    Raises:
        PackError: a file is not exactly one YAML document; has its place.
    """
    frameworks = {path: data for path, data in files.items() if path.startswith(FRAMEWORKS)}
    documents = {
        path: read_document(data, f"{name}/{path}")
        for path, data in files.items()
        if path not in frameworks
    }
    return Pack(name, documents, partial(_hashes, files), trusted, lambda: frameworks)


def parsed_pack(
    name: str, files: Mapping[str, list[Any]], frameworks: Callable[[], Mapping[str, bytes]] = dict
) -> Pack:
    """Return the pack of files (path to [sha256, value]) that were parsed before."""
    return Pack(
        name,
        {path: Document("", 0, 0, value, (0, 0, None)) for path, (_, value) in files.items()},
        lambda: {path: one for path, (one, _) in files.items()} | _hashes(frameworks()),
        trusted=True,
        frameworks=frameworks,
    )


def _hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    from hashlib import sha256  # loads OpenSSL; only machine formats need it

    return {path: sha256(content).hexdigest() for path, content in files.items()}


def read_document(data: bytes, where: str) -> Document:
    """Read a file that is exactly one YAML document.

    Raises:
        PackError: it is not; has its place.
    """
    loaded = load(data)
    if loaded.troubles:
        trouble = loaded.troubles[0]
        raise PackError(trouble.message, where=f"{where}:{trouble.line}:{trouble.column}")
    if len(loaded.documents) != 1:
        line = loaded.documents[1].line if loaded.documents else 1
        raise PackError("exactly one YAML document is expected", where=f"{where}:{line}:1")
    return loaded.documents[0]


def vet_pack(pack: Pack, *, first: bool, schema: Callable[[str], Any]) -> None:
    """Hold every file of a pack to the shape of its kind; `schema` returns a JSON Schema
    by its name in `schemas/`.

    Raises:
        PackError: one does not hold; has its place.
    """
    kinds, policy = schema("pack.v1.json"), schema("policy.v1.json")
    frameworks = {
        path: read_document(data, f"{pack.name}/{path}") for path, data in pack.frameworks().items()
    }
    for path, document in {**pack.documents, **frameworks}.items():
        where = f"{pack.name}/{path}"
        if path.startswith(RULES) and not first:
            problem = "only the shipped pack holds such a file: this would not be read"
            raise PackError(problem, where=where, remedy=f"remove it from {pack.name}")
        kind = _kind(path)
        vet_shape(document, where, {**kinds, "$ref": f"#/$defs/{kind}"} if kind else policy)
    for path in MANDATORY if first else ():
        if path not in pack.documents:
            raise PackError(
                "a pack with rules of its own needs this file", where=f"{pack.name}/{path}"
            )
    if not pack.policies():
        remedy = "add one as <domain>/<id>.yaml, or give the folder that holds them"
        raise PackError("the pack holds no policy", where=pack.name, remedy=remedy)


def _kind(path: str) -> str:
    """Return which of the definitions in `pack.v1.json` a file has to meet, "" for none."""
    folder, _, name = path.rpartition("/")
    if folder == "vocabulary":
        return name.removesuffix(".yaml")
    if folder in ("derivation", "frameworks"):
        return folder.removesuffix("s")
    return {DESCRIPTION: "description", CORPUS: "corpus", CODES: "codes"}.get(path, "")


def vet_shape(document: Document, where: str, schema: Mapping[str, Any]) -> None:
    """Hold a file to its JSON Schema.

    Raises:
        PackError: the first place at which it does not hold.
    """
    from jsonschema import Draft202012Validator  # slow to import; only vetting needs it

    errors = []
    for error in Draft202012Validator(schema).iter_errors(document.value):
        pointer, message = join_pointer([str(one) for one in error.absolute_path]), error.message
        if error.validator == "additionalProperties":
            known = error.schema.get("properties", {})
            key = next(name for name in error.instance if name not in known)
            pointer, message = f"{pointer}{join_pointer([key])}", f"no key {key}{meant(key, known)}"
        elif error.validator == "oneOf":
            message = error.schema["description"]
        elif error.validator == "pattern":
            message = f"{error.instance}: {error.schema['description']}"
        elif error.absolute_path:
            message = f"{error.absolute_path[-1]}: {message}"
        # a key that nobody knows explains why another is missing
        errors.append((error.validator != "additionalProperties", document.place(pointer), message))
    for _, place, message in sorted(errors)[:1]:
        raise PackError(message, where=f"{where}:{place.line}:{place.column}")
