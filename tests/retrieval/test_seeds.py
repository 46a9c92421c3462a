from __future__ import annotations

import numpy as np

from kgreason.config import RetrievalConfig
from kgreason.grounding import Grounder
from kgreason.records import ROLE_OPTION, ROLE_QUESTION, Candidate, Grounding, Mention, Question
from kgreason.retrieval.edits import GraphView
from kgreason.retrieval.scratch import Scratch
from kgreason.retrieval.seeds import Seeds, is_direct, seed_rows

OPTION, QUESTION, BOTH = ROLE_OPTION, ROLE_QUESTION, ROLE_OPTION | ROLE_QUESTION


def test_best_candidates_go_first_and_roles_and_priors_join(tiny_graph):
    def candidates(*nodes):
        return tuple(Candidate(node, tiny_graph.key(node), 1 / (i + 1)) for i, node in enumerate(nodes))

    grounding = Grounding(
        Question("a b", ("c", "d")),
        (
            Mention(0, 1, "a", candidates(7, 5)),
            Mention(2, 3, "b", candidates(3)),
            Mention(0, 1, "c", candidates(5, 7), 0),
            Mention(0, 1, "d", candidates(2), 1),
        ),
    )
    seeds = Seeds.of(grounding, GraphView(tiny_graph, grounding))
    assert seeds.nodes.tolist() == [7, 3, 5, 2]
    assert seeds.role.tolist() == [BOTH, QUESTION, BOTH, OPTION]
    assert seeds.prior.tolist() == [1.0, 1.0, 1.0, 1.0]
    assert seeds.of_options.tolist() == [[0, 0, 1], [0, 2, 3]]
    assert seeds.mentioned.tolist() == [[0, 0, 1, 2, 2, 3], [0, 2, 1, 0, 2, 3]]


def test_direct_edges_join_a_question_and_an_option():
    roles = np.array([0, QUESTION, OPTION, BOTH], np.uint8)
    direct = [[bool(is_direct(roles[a : a + 1], roles[b : b + 1])[0]) for b in range(4)] for a in range(4)]
    assert direct == [
        [False, False, False, False],
        [False, False, True, True],
        [False, True, False, True],
        [False, True, True, True],
    ]


def test_rows_leave_out_what_the_configuration_does(tiny_graph):
    grounding = Grounder(tiny_graph).ground(Question("penguin", ("zoo", "fly")))
    view = GraphView(tiny_graph, grounding)
    seeds = Seeds.of(grounding, view)

    def pairs(**config):
        rows = seed_rows(view, seeds, RetrievalConfig(**config), Scratch())
        names = (view.relations[code % len(view.relations)] for code in rows.code.tolist())
        ends = zip(seeds.nodes[rows.row_of()].tolist(), rows.idx.tolist(), strict=True)
        return {(view.key(a), name, view.key(b)) for (a, b), name in zip(ends, names, strict=True)}

    everything = pairs(negated=True)
    assert ("penguin", "NotCapableOf", "fly") in everything
    assert everything - pairs() == {edge for edge in everything if edge[1].startswith("Not")}
    ends = {"zoo", "fly"}
    assert pairs() - pairs(direct=False) == {
        edge
        for edge in pairs()
        if (edge[0] == "penguin" and edge[2] in ends) or (edge[2] == "penguin" and edge[0] in ends)
    }
