from __future__ import annotations

import contextlib
import dataclasses
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import FormatError, InputError
from kgreason.records import Question
from kgreason.tasks import read_samples, write_samples
from tests.tasks.strategies import questions

CHOICE = {"task": "choice", "question": "Where do penguins live?", "options": ["zoo", "oven"]}
ENTAILMENT = {"task": "entailment", "premise": "A bird sings.", "hypothesis": "An animal sings."}
EMOTION = {"task": "emotion", "text": "What a day!"}
OPEN = {"task": "open", "question": "Who swims?"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("samples")


def read(folder, *rows, name="samples.jsonl"):
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return read_samples(folder / name)


@given(made=st.lists(questions(), min_size=1, max_size=5), packed=st.booleans())
def test_what_is_written_is_read_again(folder, made, packed):
    made = [dataclasses.replace(question, id=f"{index}") for index, question in enumerate(made)]
    path = folder / ("again.jsonl.gz" if packed else "again.jsonl")
    write_samples(path, made)
    assert read_samples(path) == made


@given(made=st.lists(questions(), min_size=1, max_size=3))
def test_the_same_questions_give_the_same_bytes(folder, made):
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        write_samples(folder / name, made)
    assert (folder / "one.jsonl.gz").read_bytes() == (folder / "two.jsonl.gz").read_bytes()


def test_an_answer_is_an_index_or_a_text(folder):
    for answer in (1, "oven"):
        (question,) = read(folder, CHOICE | {"answer": answer})
        assert question.answer == 1
        assert question.options == ("zoo", "oven")


def test_every_key_arrives(folder):
    common = {"language": "zh", "facts": [["企鹅", "IsA", "鸟"]], "context": "很久以前……", "source": {"page": 7}}
    choice, opened, entailment, emotion = read(
        folder,
        CHOICE | common | {"id": "a"},
        OPEN | {"answers": ["penguin", "/c/en/seal"], "id": 7},
        ENTAILMENT | {"label": "neutral"},
        EMOTION | {"label": "joy", "options": ["joy", "fear"], "vad": [1, 0.5, 0], "intensity": 0.3},
    )
    assert choice == Question(
        text="Where do penguins live?",
        options=("zoo", "oven"),
        language="zh",
        facts=(("企鹅", "IsA", "鸟"),),
        context="很久以前……",
        id="a",
        extra={"source": {"page": 7}},
    )
    assert (opened.gold, opened.id) == (("penguin", "/c/en/seal"), "7")
    assert (entailment.hypothesis, entailment.answer, entailment.id) == ("An animal sings.", 1, "line-3")
    assert (emotion.answer, emotion.vad, emotion.intensity) == (0, (1, 0.5, 0), 0.3)


def test_null_is_the_same_as_nothing(folder):
    nulls = dict.fromkeys(("answer", "context", "id", "language", "facts"))
    assert read(folder, CHOICE | nulls) == read(folder, CHOICE)


def test_emotion_labels_are_those_of_the_file(folder):
    found = read(folder, EMOTION | {"label": "joy"}, EMOTION | {"label": "anger"}, EMOTION)
    assert [(question.options, question.answer) for question in found] == [
        (("anger", "joy"), 1),
        (("anger", "joy"), 0),
        (("anger", "joy"), None),
    ]
    assert not any(question.multi_label for question in found)


def test_one_line_with_labels_makes_all_independent(folder):
    found = read(folder, EMOTION | {"labels": ["joy", "fear"]}, EMOTION | {"label": "joy"}, EMOTION)
    assert [question.answers for question in found] == [(1, 0), (1,), None]
    assert all(question.multi_label for question in found)


def test_affect_alone_needs_no_label(folder):
    (question,) = read(folder, EMOTION | {"vad": [0.1, 0.2, 0.3]})
    assert (question.options, question.vad) == ((), (0.1, 0.2, 0.3))


def test_entailment_is_two_way_where_the_file_is(folder):
    found = read(folder, ENTAILMENT | {"label": "entailment"}, ENTAILMENT | {"label": "not_entailment"})
    assert [(question.options, question.answer) for question in found] == [
        (("entailment", "not_entailment"), 0),
        (("entailment", "not_entailment"), 1),
    ]
    (alone,) = read(folder, ENTAILMENT | {"label": "contradiction"})
    assert (alone.options, alone.answer) == (("entailment", "neutral", "contradiction"), 2)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (CHOICE | {"options": []}, "0 entries"),
        (CHOICE | {"options": ["zoo"]}, "1 entry"),
        (CHOICE | {"options": [str(n) for n in range(65)]}, "65 entries"),
        (CHOICE | {"options": "zoo"}, "options is of type str"),
        (CHOICE | {"options": ["zoo", 3]}, "option 1 is of type int"),
        (CHOICE | {"options": ["zoo", " "]}, "option 1 is empty"),
        (CHOICE | {"options": ["zoo", "x" * 2**20]}, "option 1 has 1,048,576 bytes"),
        (CHOICE | {"answer": 2}, "answer is 2, but there are 2 options"),
        (CHOICE | {"answer": -1}, "answer is -1"),
        (CHOICE | {"answer": True}, "answer is of type bool"),
        (CHOICE | {"answer": 1.0}, "answer is of type float"),
        (CHOICE | {"answer": "nest"}, "'nest' is not allowed. Allowed are: .'zoo', 'oven'"),
        (CHOICE | {"options": ["zoo", "zoo"], "answer": "zoo"}, "more than one of the options"),
        (CHOICE | {"question": "字" * 2731}, "question has 8,193 bytes; 8,192 are allowed. Give long text as context"),
        (CHOICE | {"question": ""}, "question is empty"),
        (CHOICE | {"question": None}, "question is missing"),
        ('{"task": "open", "question": "half \\ud83d"}', "surrogate pair at character 5"),
        (CHOICE | {"context": "x" * (16 * 1024**2 + 1)}, "context has 16,777,217 bytes"),
        (CHOICE | {"facts": [["a", "b"]]}, "fact 0 is not a triple"),
        (CHOICE | {"facts": [["a", "b", 3]]}, "fact 0: target is of type int"),
        (CHOICE | {"facts": {"a": "b"}}, "facts is of type dict"),
        (CHOICE | {"language": "English"}, "language is 'English'"),
        (CHOICE | {"language": 3}, "language is 3"),
        (CHOICE | {"id": [1]}, "id is of type list"),
        (CHOICE | {"task": "quiz"}, "task is 'quiz'. Give one of choice, open, entailment, emotion"),
        (CHOICE | {"task": None}, "task is missing"),
        (CHOICE | {"task": ["choice"]}, r"task is \['choice'\]"),
        (OPEN | {"answers": "penguin"}, "answers is of type str"),
        (OPEN | {"answers": [3]}, "entry 0 of answers is of type int"),
        (ENTAILMENT | {"label": "maybe"}, "label 'maybe' is not allowed. Allowed are: .'entailment', 'neutral'"),
        (ENTAILMENT | {"hypothesis": None}, "hypothesis is missing"),
        (ENTAILMENT | {"options": ["entailment", "maybe"]}, "options names 'maybe'"),
        (EMOTION | {"label": "joy", "options": ["fear", "anger"]}, "label 'joy' is not allowed"),
        (EMOTION | {"label": "joy", "options": ["joy", "joy"]}, "'joy' is more than one"),
        (EMOTION | {"options": ["joy", "joy"]}, "options names 'joy' twice"),
        (EMOTION | {"label": 1, "options": ["0", "1"]}, "label: 1 is of type int"),
        (EMOTION | {"label": "joy"}, "its lines name 1 different label;"),
        (EMOTION | {"labels": [f"label {n}" for n in range(65)]}, "its lines name 65 different labels"),
        (EMOTION | {"label": "a", "labels": ["b"]}, "both label and labels"),
        (EMOTION | {"labels": "joy", "options": ["joy", "fear"]}, "labels is of type str"),
        (EMOTION | {"labels": ["joy", "joy"], "options": ["joy", "fear"]}, "answers names 0 twice"),
        (EMOTION | {"labels": ["joy"], "options": ["joy", "fear"], "multi_label": False}, "where multi_label is false"),
        (EMOTION | {"options": ["joy", "fear"], "multi_label": "yes"}, "multi_label is of type str"),
        (EMOTION | {"vad": [0.5, 1.01, 0]}, "vad: arousal is 1.01"),
        (EMOTION | {"vad": [0.5, 1]}, "vad is not a list of three"),
        (EMOTION | {"vad": [0.5, True, 1]}, "vad: arousal is of type bool"),
        (EMOTION | {"vad": 0.5}, "vad is of type float"),
        (EMOTION | {"intensity": -0.1}, "intensity is -0.1"),
        ('{"task": "emotion", "text": "x", "intensity": NaN}', "NaN is not a JSON number"),
        ('{"task": "emotion", "text": "x", "intensity": 1e999}', "intensity is inf"),
        ('{"task": "open", "task": "choice"}', "key 'task' is there twice"),
        ("[1, 2]", "holds a list"),
        ("{'task': 'open'}", "is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"id": ' + "9" * 5000 + "}", "is not JSON"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(folder, row, what):
    with pytest.raises(FormatError, match=what) as caught:
        read(folder, OPEN, "", row, name="bad.jsonl")
    assert caught.value.line == (None if what.startswith("its lines") else 3)
    assert str(caught.value).startswith(str(folder / "bad.jsonl"))
    assert caught.value.fix
    assert len(str(caught.value)) < 600 + len(str(folder))


def test_an_id_may_be_there_once(folder):
    with pytest.raises(FormatError, match=r"line 2: id 'a' is that of line 1 too"):
        read(folder, OPEN | {"id": "a"}, OPEN | {"id": "a"})


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "no sample"),
        (b"\n \n", "no sample"),
        (b'{"task": "open"}\n\xff\xfe', "line 2.*UTF-8"),
        (bytes(range(256)), "line 1"),
        (b"\x1f\x8b\x08 torn", "gzip"),
        (gzip.compress(b'{"task": "open", "question": "x"}')[:-5], "gzip"),
        (b'{"task": "open", "question": "' + b"x" * (32 * 1024**2) + b'"}', "line 1.*longer than"),
    ],
    ids=["empty", "blank", "latin", "binary", "torn", "cut", "long"],
)
def test_a_bad_file_is_refused(tmp_path, data, what):
    path = tmp_path / "samples.jsonl"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=what):
        read_samples(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"none\.jsonl"):
        read_samples(tmp_path / "none.jsonl")


any_text = st.text(st.characters(exclude_categories=()), max_size=5)
lines = st.one_of(
    st.binary(max_size=37),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | any_text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
        max_leaves=5,
    ).map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {"task": st.sampled_from(["choice", "open", "entailment", "emotion", "?"])},
        optional=dict.fromkeys(
            ("question", "options", "answer", "answers", "premise", "hypothesis", "label", "labels", "text", "vad",
             "intensity", "facts", "language", "id", "context", "multi_label"),
            st.one_of(st.none(), st.booleans(), st.integers(-1, 3), st.floats(), st.just("a"), any_text,
                      st.lists(st.sampled_from(["a", "b", 1, None, 0.5, ["a", "r", "b"]]), max_size=3)),
        ),
    ).map(lambda value: json.dumps(value).encode()),
)  # fmt: skip


@given(data=st.lists(lines, max_size=3).map(b"\n".join), suffix=st.sampled_from(["jsonl", "csv", "tsv"]))
def test_any_bytes_give_questions_or_our_error(folder, data, suffix):
    path = folder / f"fuzz.{suffix}"
    path.write_bytes(data)
    with contextlib.suppress(FormatError):
        found = read_samples(path)
        with contextlib.suppress(InputError):  # what came in as half a surrogate pair or as infinity does not go out
            write_samples(folder / "kept.jsonl", found)
            assert read_samples(folder / "kept.jsonl") == found


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("own.csv", 'text,label\n"Dull, dull",negative\n"He said ""no""\nand left",negative\n好看,positive\n'),
        ("own.csv", 'label,review\nnegative,"Dull, dull"\nnegative,"He said ""no""\nand left"\npositive,好看\n'),
        ("own.csv", '\ufefftext,label\r\n"Dull, dull",negative\r\n"He said ""no"" and left",negative\r\n好看,positive'),
        ("own.tsv", 'text\tlabel\nDull, dull\tnegative\nHe said "no" and left\tnegative\n好看\tpositive\n'),
    ],
    ids=["csv", "other-names", "excel", "tsv"],
)  # fmt: skip
def test_a_table_of_texts_and_labels_is_an_emotion_task(tmp_path, name, data):
    (tmp_path / name).write_bytes(data.encode())
    found = read_samples(tmp_path / name)
    assert [" ".join(question.text.split()) for question in found] == ["Dull, dull", 'He said "no" and left', "好看"]
    assert {question.options for question in found} == {("negative", "positive")}
    assert [question.answer for question in found] == [0, 0, 1]
    assert {question.task for question in found} == {"emotion"}


def test_other_columns_of_a_table_are_carried_along(tmp_path):
    (tmp_path / "own.csv").write_text("id,text,label,stars,language\na,good,yes,5,zh\nb,bad,no,,en\nc,so so,,3,en\n")
    found = read_samples(tmp_path / "own.csv")
    assert [(question.id, question.answer, question.language, question.extra) for question in found] == [
        ("a", 1, "zh", {"stars": "5"}),
        ("b", 0, "en", {}),
        ("c", None, "en", {"stars": "3"}),
    ]


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [
        ("review,sentiment\nfine,yes\n", 1, r"columns are \('review', 'sentiment'\). Name columns text and label"),
        ("text,label,text\nfine,yes,no\n", 1, "two columns have one name"),
        ("text,label\nfine,yes\nfine,no,maybe\n", 3, "3 cells, but 2 columns"),
        ('text,label\n"fine,yes\n', None, "unexpected end of data"),
        ("text,label\nfine,yes\n ,no\n", 3, "text is empty"),
        ("text,label\n", None, "no sample"),
        ("text,label\nfine,yes\n" + "x" * 200_000 + ",no\n", None, "field larger"),
    ],
)
def test_a_bad_table_is_refused(tmp_path, data, line, what):
    (tmp_path / "own.csv").write_text(data)
    with pytest.raises(FormatError, match=what) as caught:
        read_samples(tmp_path / "own.csv")
    assert line is None or caught.value.line == line


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), object()])
def test_what_json_cannot_say_is_not_written(tmp_path, value):
    with pytest.raises(InputError, match="sample 'a'"):
        write_samples(tmp_path / "out.jsonl", [Question("Who?", task="open", id="a", extra={"x": value})])
    assert not list(tmp_path.iterdir())


def test_an_invalid_question_is_not_written(tmp_path):
    with pytest.raises(InputError, match="question is empty"):
        write_samples(tmp_path / "out.jsonl", [Question("", task="open")])
    assert not list(tmp_path.iterdir())
