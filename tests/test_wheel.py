"""A clean wheel, installed without the checkout, works."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import venv
from pathlib import Path

from judging import EXAMPLES, ROOT


def test_a_clean_wheel_installs_and_judges(tmp_path, need):
    if importlib.util.find_spec("build") is None:
        need("wheel", "the package `build` is not installed")
    quiet = {"check": True, "capture_output": True, "text": True}
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)], **quiet
    )
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    if not python.exists():  # Windows
        python = tmp_path / "env" / "Scripts" / "python.exe"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, str(wheel)], **quiet)

    manifest = tmp_path / "aigov.yaml"
    manifest.write_bytes((EXAMPLES / "1-low-pilot.aigov.yaml").read_bytes())
    for command in ("aigov-gate", "aigov"):
        script = Path(python).with_name(command)
        done = subprocess.run(
            [str(script), "check", "--as-of", "2026-11-22", "."], cwd=tmp_path, **quiet
        )
        assert "1 use case: 1 passing" in done.stdout
    draft = [str(python), "-m", "aigov", "init", "--output", "-"]
    assert "kind: UseCase" in subprocess.run(draft, cwd=tmp_path, **quiet).stdout
    faulty = (EXAMPLES / "faulty" / "aigov.yaml").read_bytes()
    done = subprocess.run(
        [str(python), "-m", "aigov", "check", "-"], input=faulty, cwd=tmp_path, capture_output=True
    )
    assert done.returncode == 1
    for kind in ("manifest", "policy", "report"):
        schema = [str(python), "-m", "aigov", "schema", kind]
        assert '"$schema"' in subprocess.run(schema, **quiet).stdout
