from __future__ import annotations

from importlib import metadata

from kgreason.cli.licences import licences, needed


def test_what_is_needed_is_followed_to_the_end_and_ends():
    found = needed("kgreason")
    assert {"torch", "networkx", "numpy", "rdflib"} < found.keys()
    assert "markupsafe" in found  # torch needs jinja2, which needs it
    assert "kgreason" not in found
    assert found.keys() == {row["name"] for row in licences()}
    assert next(row for row in licences() if row["name"] == "numpy")["version"] == metadata.version("numpy")


def test_no_package_asks_that_what_uses_it_be_given_away():
    named = {row["name"]: row["licence"] for row in licences()}
    assert not [name for name, licence in named.items() if "GPL" in licence or "General Public" in licence]
    assert "see its files" not in named.values()


def test_doctor_lists_packages_where_asked_to(run, home):
    assert "packages" not in run("doctor", "--json").json()
    assert run("doctor", "--json", "--packages").json()["packages"] == licences()
