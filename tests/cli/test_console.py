from __future__ import annotations

import json

import pytest
from rich.table import Table

from kgreason.cli.console import Output, complain


def test_json_is_the_only_thing_on_the_standard_output(capsys):
    Output(as_json=True, quiet=False).show({"a": "北京", "b": [1, 2.5]}, "for people")
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"a": "北京", "b": [1, 2.5]}
    assert "北京" in shown.out
    assert shown.err == ""


def test_people_get_every_part(capsys):
    table = Table("column")
    table.add_row("cell")
    Output(as_json=False, quiet=True).show({}, "first [not markup]", table)
    shown = capsys.readouterr().out
    assert shown.index("first [not markup]") < shown.index("column") < shown.index("cell")


@pytest.mark.parametrize(("as_json", "quiet"), [(False, False), (True, False), (False, True)])
def test_what_is_found_on_the_way_is_for_people_who_watch(capsys, as_json, quiet):
    Output(as_json, quiet).say("epoch 1")
    assert capsys.readouterr().out == ("" if as_json or quiet else "epoch 1\n")


def test_what_is_not_a_number_is_not_json():
    with pytest.raises(ValueError, match="not JSON compliant"):
        Output(as_json=True, quiet=True).show(float("nan"))


@pytest.mark.parametrize("quiet", [True, False])
def test_notes_and_stages_go_to_the_error_stream_unless_quiet(capsys, quiet):
    out = Output(as_json=True, quiet=quiet)
    out.note("by the way")
    with out.progress() as report:
        report("read", 0, 2)
        report("read", 1, 2)
        report("write", 0, 0)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == ("" if quiet else "by the way\nread …\nwrite …\n")


def test_a_complaint_names_the_fix_on_a_line_of_its_own(capsys):
    complain("options has 1 entry [1].", "Give 2 to 64 options.")
    assert capsys.readouterr().err == "error: options has 1 entry [1].\nGive 2 to 64 options.\n"
