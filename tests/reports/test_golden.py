"""Every format against its golden files, and the list of formats itself."""

from __future__ import annotations

import pickle

import pytest

from aigov.reports import FORMATS, Style, render
from aigov.reports.fleet import FLEET_FORMATS
from reports.goldens import FLEET_GOLDENS, FOLDER, GOLDENS, rendered
from reports.zoo import ZOO, hostile


@pytest.mark.parametrize("name", [*GOLDENS, *FLEET_GOLDENS])
def test_the_zoo_renders_as_its_golden_file(name: str) -> None:
    assert rendered(name) == (FOLDER / name).read_bytes().decode()


def test_every_golden_file_is_in_the_list_and_every_format_has_one() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*GOLDENS, *FLEET_GOLDENS}
    assert {form for form, _ in GOLDENS.values()} == set(FORMATS)
    assert {form for form, _ in FLEET_GOLDENS.values()} == set(FLEET_FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_the_hostile_twin_and_can_be_written_as_utf_8(name: str) -> None:
    report = "".join(render(name)(hostile(), Style()))
    assert report.encode().decode() == report
    assert report.endswith("\n")


def test_a_result_survives_the_way_between_processes() -> None:
    assert pickle.loads(pickle.dumps(ZOO)) == ZOO
