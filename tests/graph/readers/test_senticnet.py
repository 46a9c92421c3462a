from __future__ import annotations

from tests.graph.readers.cases import ReaderCase

HEADER = "CONCEPT,INTROSPECTION,POLARITY VALUE,SEMANTICS\n"


class TestSenticNet(ReaderCase):
    reader = "senticnet"
    name = "senticnet.csv"
    good = HEADER + """a_little,-0.5,negative,"['weep', ""don't_cry"", 'it\\'s']"\nabacus,0,positive,[]\n"""
    expected = (
        ("/c/en/a_little", "RelatedTo", "/c/en/weep", 1000),
        ("/c/en/a_little", "RelatedTo", "/c/en/don't_cry", 1000),
        ("/c/en/a_little", "RelatedTo", "/c/en/it's", 1000),
    )
    bad = (
        (HEADER + "a,0,x\n", "line 2: it has 3 columns instead of 4"),
        (HEADER + "a,0,x,weep\n", "line 2: its SEMANTICS 'weep' is no list"),
        (HEADER + "a,0,x,[__import__('os')]\n", "no list"),
        (HEADER + "a,0,x," + "[" * 9999 + "\n", "no list"),
        (HEADER + 'a,0,x,"' + "['a', " * 9999 + '"\n', "no list"),
        (HEADER + " ,0,x,['a']\n", "line 2: it has an empty name"),
        ("CONCEPT,POLARITY\na,0\n", "line 1: it has no column SEMANTICS"),
        (HEADER + "a,0,x,[]\n", "no assertion"),
    )
