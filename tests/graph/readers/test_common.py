from __future__ import annotations

import pytest

from kgreason.errors import InputError
from kgreason.graph.readers.common import Options, relation_name


def test_relation_names_are_those_of_the_table():
    names = {"/r/IsA": "IsA", "ConceptuallyRelatedTo": "RelatedTo", "/r/dbpedia/genus": "dbpedia/genus", "Own": "Own"}
    assert {name: relation_name(name) for name in names} == names


def test_columns_must_exist():
    Options(None, {"source": "a"}).check()
    with pytest.raises(InputError, match=r"no column 'start'.*Map one of source"):
        Options(None, {"start": "a"}).check()
