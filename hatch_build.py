"""Put the shipped rules into the wheel once more, parsed: a hook starts faster from them.

The YAML files travel too, for people; the parsed copy is made from them by the project's
own loader, so the two cannot say different things.  It is a Python literal, because
byte code loads faster than JSON does.
"""

import json
import sys
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent


def parsed_rules() -> dict[str, dict[str, list[Any]]]:
    """Return folder to path to [sha256 of the file, its value], as `aigov.bundled` reads it."""
    sys.path.insert(0, str(ROOT / "src"))
    from aigov.bundled import read_tree
    from aigov.source import load

    rules: dict[str, dict[str, list[Any]]] = {}
    for folder, wanted in (("policies", ""), ("schemas", ("required.yaml", "synonyms.yaml"))):
        rules[folder] = {}
        for path, data in read_tree(str(ROOT / folder), ".yaml", but=".cases.yaml").items():
            if not path.endswith(wanted) or path.startswith("frameworks/"):
                continue  # frameworks are read only where someone asks for controls
            (document,) = load(data).documents
            rules[folder][path] = [sha256(data).hexdigest(), document.value]
    manifest = (ROOT / "schemas" / "manifest.v1.json").read_bytes()
    rules["schemas"]["manifest.v1.json"] = [sha256(manifest).hexdigest(), json.loads(manifest)]
    return rules


def parsed_detectors() -> dict[str, Any]:
    """Return name to value of each file of `detectors`, as `aigov.bundled` reads it."""
    from aigov.bundled import read_tree
    from aigov.source import load

    files = read_tree(str(ROOT / "detectors"), ".yaml", but=".cases.yaml")
    return {name: load(data).documents[0].value for name, data in files.items()}


def compiled_expressions(rules: dict[str, dict[str, list[Any]]]) -> dict[str, bytes]:
    """Return every shipped expression as the CEL library serializes it, by its text."""
    from aigov.packs import parsed_pack
    from aigov.rules import Shapes, build_rules

    schemas = {path: value for path, (_, value) in rules["schemas"].items()}
    shapes = Shapes(schemas["manifest.v1.json"], schemas["required.yaml"], dict, dict)
    built = build_rules([parsed_pack("policies", rules["policies"])], shapes)
    texts = sorted({expression.text for expression in built.expressions()})
    return {text: built.engine.compile(text, checked=False).serialize() for text in texts}


class CustomBuildHook(BuildHookInterface[Any]):
    """Adds `aigov/parsed*.py` to a wheel; an editable install reads the YAML files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version == "editable":
            return
        rules = parsed_rules()
        target = Path(self.directory) / "parsed.py"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(
            '"""The shipped rules, parsed and compiled when the wheel was built."""\n\n'
            f"CEL_VERSION = {metadata.version('cel-expr-python')!r}\n"
            f"EXPRESSIONS = {compiled_expressions(rules)!r}\n"
            f"RULES = {rules!r}\n",
            "utf-8",
        )
        build_data["force_include"][str(target)] = "aigov/parsed.py"
        target = target.with_name("parsed_detectors.py")
        text = '"""The shipped detectors, parsed when the wheel was built."""\n\n'
        target.write_text(f"{text}DETECTORS = {parsed_detectors()!r}\n", "utf-8")
        build_data["force_include"][str(target)] = "aigov/parsed_detectors.py"
