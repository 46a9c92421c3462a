"""Questions of every task that may be."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from kgreason.records import Question
from kgreason.tasks.entailment import THREE_WAY, TWO_WAY

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=23).filter(str.strip)
labels = st.one_of(texts, st.sampled_from(["喜悦", "愤怒", "ни то ни сё", '"quoted", with a comma']))
units = st.floats(0, 1)
json_values = st.one_of(st.none(), st.booleans(), st.integers(), texts, st.lists(st.integers(), max_size=3))


@st.composite
def questions(draw: st.DrawFn) -> Question:
    task = draw(st.sampled_from(["choice", "open", "entailment", "emotion"]))
    made: dict[str, Any] = {
        "text": draw(texts),
        "task": task,
        "context": draw(st.none() | texts),
        "facts": tuple(draw(st.lists(st.tuples(texts, texts, texts), max_size=2))),
        "language": draw(st.sampled_from(["en", "zh"])),
        "extra": draw(
            st.dictionaries(texts.map("x-{}".format), json_values.filter(lambda x: x is not None), max_size=2)
        ),
    }
    if task == "choice":
        made["options"] = tuple(draw(st.lists(labels, min_size=2, max_size=7)))
    elif task == "open":
        made["gold"] = tuple(draw(st.lists(labels, max_size=3)))
    elif task == "entailment":
        made |= {"hypothesis": draw(texts), "options": draw(st.sampled_from([THREE_WAY, TWO_WAY]))}
    else:
        made |= {
            "options": tuple(draw(st.just([]) | st.lists(labels, min_size=2, max_size=7, unique=True))),
            "vad": draw(st.none() | st.tuples(units, units, units)),
            "intensity": draw(st.none() | units),
        }
    options = made.get("options", ())
    indices = st.integers(0, len(options) - 1) if options else st.nothing()
    if task == "emotion" and draw(st.booleans()):
        several = st.lists(indices, unique=True).map(tuple) if options else st.none()
        made |= {"multi_label": True, "answers": draw(st.none() | several)}
    elif options:
        made["answer"] = draw(st.none() | indices)
    return Question(**made)
