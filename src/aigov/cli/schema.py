"""`aigov schema`: print a JSON Schema for editors."""

import json
import os

import click

from aigov.bundled import folder

KINDS = {
    "manifest": "manifest.v1.json",
    "use-case": "manifest.v1.json",
    "waiver": "manifest.v1.json",
    "organization": "manifest.v1.json",
    "policy": "policy.v1.json",
    "cases": "cases.v1.json",
    "report": "report.v1.json",
    "attestation": "attestation.v1.json",
    "policies": "policies.v1.json",
    "required": "required.yaml",
}
_DEFINITIONS = {"use-case": "UseCase", "waiver": "Waiver", "organization": "Organization"}


@click.command()
@click.argument("kind", default="manifest", type=click.Choice(list(KINDS)))
def schema(kind: str) -> None:
    """Print the JSON Schema (draft 2020-12) of KIND (default: manifest).

    `required` prints when each field of a use case must be there, as YAML.

    \b
    Examples:
      aigov-gate schema > aigov.schema.json
      aigov-gate schema waiver
    """
    path = os.path.join(folder("schemas"), KINDS[kind])
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if kind in _DEFINITIONS:
        whole = json.loads(text)
        whole = {
            "$schema": whole["$schema"],
            "$id": f"urn:aigov:schemas:{kind}:v1",
            "$ref": f"#/$defs/{_DEFINITIONS[kind]}",
            "$defs": whole["$defs"],
        }
        text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    click.echo(text, nl=False)
