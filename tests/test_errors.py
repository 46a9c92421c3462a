from __future__ import annotations

import pytest

from kgreason import errors
from kgreason.errors import FormatError, InputError, KGReasonError, LimitError

KINDS: list[type[KGReasonError]] = [kind for name in errors.__all__ if isinstance(kind := getattr(errors, name), type)]
PLAIN = [kind for kind in KINDS if kind is not FormatError]


@pytest.mark.parametrize("kind", PLAIN)
def test_an_error_says_what_and_how_to_mend_it(kind):
    error = kind("epochs is 0.", fix="Give 1 or more.")
    assert str(error) == "epochs is 0. Give 1 or more."
    assert (error.message, error.fix) == ("epochs is 0", "Give 1 or more.")
    assert str(kind("epochs is 0")) == "epochs is 0"
    assert isinstance(error, KGReasonError)


def test_codes_tell_kinds_apart():
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len(codes)
    assert issubclass(LimitError, InputError)


@pytest.mark.parametrize(("line", "where"), [(None, "a.csv"), (17, "a.csv, line 17")])
def test_a_format_error_names_file_and_line(line, where):
    error = FormatError("a.csv", "it is empty", line=line, fix="Give a row.")
    assert str(error) == f"{where}: it is empty. Give a row."
    assert (error.path, error.line) == ("a.csv", line)
