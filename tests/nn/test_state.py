"""The state that travels: writing makes a new one, and torch sees through it."""

import torch
from torch.utils import _pytree

from kgreason.nn.state import CognitiveState
from tests.cases import random_batch


def test_writing_leaves_the_old_state_as_it_was() -> None:
    state = CognitiveState(random_batch())
    written = state.write(tokens=torch.ones(2, 3, 5))
    assert state.tokens is None
    assert written.tokens is not None
    assert written.batch is state.batch


def test_it_is_a_pytree() -> None:
    state = CognitiveState(random_batch(), tokens=torch.ones(2, 3, 5))
    doubled = _pytree.tree_map(lambda leaf: leaf * 2 if isinstance(leaf, torch.Tensor) else leaf, state)
    assert doubled.tokens.sum() == 2 * 2 * 3 * 5
