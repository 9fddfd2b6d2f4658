"""`aigov schema`: print a JSON Schema for editors."""

import json
import os

import click

from aigov.bundled import folder

_PARTS = {"use-case": "UseCase", "waiver": "Waiver", "organization": "Organization"}
"""Kind of document to its definition in the schema of manifests."""
_OTHERS = ("policy", "cases", "report", "audit", "attestation", "policies", "required")
KINDS = ("manifest", *_PARTS, *_OTHERS)


@click.command()
@click.argument("kind", default="manifest", type=click.Choice(KINDS))
def schema(kind: str) -> None:
    """Print the JSON Schema (draft 2020-12) of KIND (default: manifest).

    `required` prints when each field of a use case must be there, as YAML.

    \b
    Examples:
      aigov-gate schema > aigov.schema.json
      aigov-gate schema waiver
    """
    text = _read("manifest" if kind in _PARTS else kind)
    if kind == "audit":  # what it refers to is in it, under its own $id
        whole = json.loads(text)
        whole["$defs"]["report"] = json.loads(_read("report"))
        text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    if kind in _PARTS:
        whole = json.loads(text)
        whole = {
            "$schema": whole["$schema"],
            "$id": f"urn:aigov:schemas:{kind}:v1",
            "$ref": f"#/$defs/{_PARTS[kind]}",
            "$defs": whole["$defs"],
        }
        text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    click.echo(text, nl=False)


def _read(kind: str) -> str:
    name = f"{kind}{'.yaml' if kind == 'required' else '.v1.json'}"
    with open(os.path.join(folder("schemas"), name), encoding="utf-8") as file:
        return file.read()
