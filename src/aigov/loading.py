"""Rules and profiles: the shipped ones, those in folders, and those of the cache of pinned ones."""

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from aigov.bundled import compiled_expressions, folder, parsed_rules, read_tree
from aigov.errors import ProfileError, UsageError
from aigov.packs import FRAMEWORKS, Pack, parsed_pack, read_document, read_pack
from aigov.repositories import is_url
from aigov.rules import Rules, Shapes, build_rules
from aigov.settings import Profile, parse_profile, profile_error
from aigov.source import Document, load
from aigov.tightening import tighten


def load_rules(
    folders: Iterable[str] = (), profile: str | None = None
) -> tuple[Rules, Profile | None]:
    """Build the rules of the shipped pack, the given packs, and the profile: each a path, or
    a URL that was fetched before.

    Raises:
        UsageError, PackError, ProfileError: something does not hold.
    """
    shipped, shapes = _shipped()
    packs = [shipped, *(read_pack(one.rstrip("/"), policy_files(one)) for one in folders)]
    rules = build_rules(packs, shapes, compiled_expressions())
    if profile is None:
        return rules, None
    document = _profile_document(profile)
    for issue in rules.schemas["Organization"].issues(document.value, people_mapped=True):
        raise profile_error(document, profile, issue.pointer, issue.message)
    parsed = parse_profile(document, profile)
    return tighten(rules, parsed), parsed


def _profile_document(path: str) -> Document:
    loaded = load(_profile_text(path))
    for trouble in loaded.troubles:
        raise ProfileError(trouble.message, where=f"{path}:{trouble.line}:{trouble.column}")
    if len(loaded.documents) != 1:
        raise ProfileError("a profile is exactly one document", where=path)
    return loaded.documents[0]


def _pinned(url: str) -> Mapping[str, bytes]:
    from aigov.pinned import read_pinned  # hashes and decodes; few runs read a cache

    return read_pinned(url)


def _profile_text(path: str) -> bytes:
    if is_url(path):
        return _pinned(path).get("", b"")  # of a folder: no document, which is then said
    return read_file(path, "profile")


def read_file(path: str, what: str, most: int = -1) -> bytes:
    """Read the first bytes (all by default) of a file that was named; `what` says what it is.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read(most)
    except OSError as error:
        raise UsageError(f"the {what} cannot be read ({error.strerror})", where=path) from None


def _shipped() -> tuple[Pack, Shapes]:
    """Return the shipped pack and schemas, parsed before where this is a wheel."""
    parsed = parsed_rules()
    if parsed is None:
        files = policy_files(folder("policies"))
        return read_pack("policies", files, trusted=True), shipped_shapes()
    schemas = parsed["schemas"]
    shapes = _shapes(lambda name: schemas[name][1])
    return parsed_pack("policies", parsed["policies"], _shipped_frameworks), shapes


def _shipped_frameworks() -> dict[str, bytes]:
    """Read the shipped frameworks, of which a wheel carries no parsed copy."""
    root = os.path.join(folder("policies"), FRAMEWORKS)
    return {FRAMEWORKS + path: content for path, content in read_tree(root, ".yaml").items()}


def _shapes(read: Callable[[str], Any]) -> Shapes:
    synonyms = partial(read, "synonyms.yaml")
    return Shapes(read("manifest.v1.json"), read("required.yaml"), synonyms, schema)


def shipped_shapes() -> Shapes:
    """Read what `schemas/` says of manifests."""
    return _shapes(schema)


def schema(name: str) -> Any:
    """Return what a file of `schemas/` (JSON or YAML) holds."""
    import json  # a wheel has what judging needs parsed already

    with open(os.path.join(folder("schemas"), name), "rb") as file:
        data = file.read()
    return json.loads(data) if name.endswith(".json") else read_document(data, name).value


def policy_files(root: str) -> Mapping[str, bytes]:
    """Read the files of a pack below `root`, a folder or a URL, but for the cases.

    Raises:
        UsageError: there is no such folder, or it cannot be read.
    """
    if is_url(root):
        return _pinned(root)
    if not os.path.isdir(root):
        raise UsageError("no such folder of policies", where=root)
    return read_tree(root, ".yaml", but=".cases.yaml")
