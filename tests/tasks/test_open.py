from __future__ import annotations

import pytest

from kgreason.errors import FormatError, InputError
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.retrieval import Retriever
from kgreason.tasks import load
from kgreason.tasks.open import graph_triples

ROWS = (
    ("who directed [It]", "Tommy Lee Wallace", "movie_to_director", "1", "0"),
    ("who acted in [It]", "Tim Curry|John Ritter", "movie_to_actor", "0", "1"),
    ("what films did [Tim Curry] act in", "It", "actor_to_movie", "1", "1"),
    *((f"who directed [Film {i}]", "Tommy Lee Wallace", "movie_to_director", "1", "0") for i in range(97)),
)
FILES = ("qa", "qtype", "oracle_ok", "template_heldout")


@pytest.fixture
def data(tmp_path):
    """Both sets as they are published, with a handful of rows."""
    for folder in ("metaqa", "pathquestion"):
        (tmp_path / folder).mkdir()
    for part in ("dev", "test"):
        columns = [[f"{text}\t{answers}" for text, answers, *_ in ROWS], *zip(*(row[2:] for row in ROWS), strict=True)]
        for name, column in zip(FILES, columns, strict=True):
            (tmp_path / "metaqa" / f"{name}_1hop_{part}.txt").write_text("".join(f"{line}\n" for line in column))
    (tmp_path / "metaqa" / "kb_recovered.txt").write_text(
        "It|directed_by|Tommy Lee Wallace\nIt|starred_actors|Tim Curry\nIt|starred_actors|John Ritter\n"
    )
    own = tmp_path / "pathquestion"
    (own / "PQ-2H.txt").write_text(
        "the nation of otto_ii 's couple ?\tfrance(italy/france/)\totto_ii#spouse#anna#nationality#france\n"
        "what is otto_ii 's heir 's sex ?\tmale_(m)(male_(m)/)\totto_ii#children#karl#gender#male_(m)#<end>#male_(m)\n"
        "the sex of karl 's heir ?\tmale(male/)\tkarl#children#otto_iii#gender#male#<end>#male\n"
    )
    (own / "PQL-3H.txt").write_text(
        " what is the genre of Hey_Jude___Yesterday 's artist ?\tRock(Rock/)\t"
        "Hey_Jude___Yesterday#__music__artist#The_Band#__music__genre#Rock\n"
    )
    (own / "topic_split.tsv").write_text(
        "PQ-2H.txt\t1\ttrain\nPQ-2H.txt\t2\ttrain\nPQ-2H.txt\t3\ttest\nPQL-3H.txt\t1\tdev\nPQL-2H.txt\t3\ttrain\n"
    )
    (own / "2H-kb.txt").write_text(
        "otto_ii\tspouse\tanna\nanna\tnationality\tfrance\nanna\tnationality\titaly\n"
        "otto_ii\tchildren\tkarl\nkarl\tgender\tmale_(m)\n"
    )
    (own / "PQL3-KB.txt").write_text("Hey_Jude___Yesterday\t__music__artist\tThe_Band\n")
    return tmp_path


def test_metaqa_keeps_the_topic_in_the_text(data):
    first, second, third, *_ = load("metaqa-1hop", "test", data=data)
    assert (first.text, first.gold, first.task) == ("who directed It", ("Tommy Lee Wallace",), "open")
    assert first.extra == {"topic": "It", "hop": 1, "path": "movie_to_director", "oracle_ok": True}
    assert (second.gold, second.extra["oracle_ok"]) == (("Tim Curry", "John Ritter"), False)
    assert (third.extra["topic"], third.id) == ("Tim Curry", "metaqa-1hop_test-3")


def test_metaqa_dev_is_divided_and_keeps_no_wording_of_test(data):
    train, dev = (load("metaqa-1hop", split, data=data) for split in ("train", "dev"))
    kept = {f"metaqa-1hop_dev-{number}" for number, row in enumerate(ROWS, start=1) if row[4] == "0"}
    assert {question.id for question in train} | {question.id for question in dev} == kept
    assert len(train) + len(dev) == len(kept)
    assert 2 <= len(dev) <= 20
    assert [question.id for question in load("metaqa-1hop", "wordings", data=data)] == ["metaqa-1hop_test-3"]


def test_metaqa_files_must_fit_together(data):
    path = data / "metaqa" / "qtype_1hop_test.txt"
    path.write_text("movie_to_director\n")
    with pytest.raises(FormatError, match="another number of lines"):
        load("metaqa-1hop", "test", data=data)
    for name in FILES:
        (data / "metaqa" / f"{name}_1hop_test.txt").write_text("who directed It\tTim Curry\n")
    with pytest.raises(FormatError, match=r"line 1: has no \[topic\]"):
        load("metaqa-1hop", "test", data=data)


def test_pathquestion_has_names_with_spaces_and_divides_by_topic(data):
    first, second = load("pathquestion-2hop", "train", data=data)
    assert (first.text, first.gold) == ("the nation of otto ii 's couple ?", ("italy", "france"))
    assert first.extra == {"topic": "otto ii", "hop": 2, "path": "spouse#nationality"}
    assert (second.gold, second.id) == (("male_(m)",), "PQ-2H-2")
    assert [question.id for question in load("pathquestion-2hop", "test", data=data)] == ["PQ-2H-3"]
    assert load("pathquestion-2hop", "dev", data=data) == []
    (large,) = load("pathquestion-large-3hop", "dev", data=data)
    assert large.text == "what is the genre of Hey Jude Yesterday 's artist ?"
    assert large.extra == {"topic": "Hey Jude Yesterday", "hop": 3, "path": "__music__artist#__music__genre"}


@pytest.mark.parametrize("answers", ["male", "male(female/)", "male(male"])
def test_answers_of_another_form_are_refused(data, answers):
    (data / "pathquestion" / "PQ-2H.txt").write_text(f"who ?\t{answers}\ta#b#c\n")
    with pytest.raises(FormatError, match="answers are"):
        load("pathquestion-2hop", "train", data=data)


@pytest.mark.parametrize(("name", "split"), [("metaqa-1hop", "test"), ("pathquestion-2hop", "train")])
def test_the_topic_is_grounded_and_the_answers_are_reached(data, name, split):
    graph = KnowledgeGraph.from_triples(graph_triples(name, data))
    for question in load(name, split, data=data)[:2]:
        subgraph = Retriever(graph).retrieve(Grounder(graph).ground(question))
        (mention,) = subgraph.grounding.mentions
        assert mention.surface == question.extra["topic"]
        assert subgraph.keys[0].replace("_", " ") == mention.surface
        assert {subgraph.keys[node] for node in subgraph.gold} == set(question.gold)


def test_a_name_of_a_large_graph_is_found_by_its_words(data):
    graph = KnowledgeGraph.from_triples(graph_triples("pathquestion-large-3hop", data))
    (question,) = load("pathquestion-large-3hop", "dev", data=data)
    (mention,) = Grounder(graph).ground(question).mentions
    assert mention.candidates[0].key == "Hey_Jude___Yesterday"


def test_graphs_are_read_as_published(data):
    assert graph_triples("metaqa-1hop", data)[0] == ("It", "directed_by", "Tommy Lee Wallace")
    assert len(graph_triples("pathquestion-2hop", data)) == 5
    with pytest.raises(InputError, match="'openbookqa' has no graph of its own"):
        graph_triples("openbookqa", data)
    (data / "metaqa" / "kb_recovered.txt").write_text("a|b|c\na|b\n")
    with pytest.raises(FormatError, match="line 2: holds no triple"):
        graph_triples("metaqa-3hop", data)


def test_the_table_reader_reads_a_graph_with_bars(data):
    from kgreason.graph import readers

    numbers = {"source": "0", "relation": "1", "target": "2"}
    chunks = readers.read(data / "metaqa" / "kb_recovered.txt", columns=numbers)
    found = [row[:3] for chunk in chunks for row in chunk.iter_rows()]
    assert found == graph_triples("metaqa-2hop", data)


BLOCK = "<question id={0}>\t{1}？\n<triple id={0}>\t{2}\n<answer id={0}>\tx\n{3}\n"


@pytest.fixture
def nlpcc(tmp_path):
    folder = tmp_path / "nlpcc2016-kbqa-zh"
    folder.mkdir()
    train = (
        ("谁写了红楼梦", "红楼梦 ||| 作者 ||| 曹雪芹"),
        ("多少", "红楼梦 ||| 字数 ||| "),
        ("日文", " ||| 日语 ||| カ"),
    )
    for part, blocks in (("training", train), ("testing", train[:1])):
        text = "".join(BLOCK.format(i, *block, "=" * 50) for i, block in enumerate(blocks, start=1))
        (folder / f"nlpcc-iccpol-2016.kbqa.{part}-data").write_bytes(text.replace("\n", "\r\n").encode())
    return tmp_path


def test_nlpcc_is_questions_with_their_triples(nlpcc):
    first, second = load("nlpcc2016-kbqa-zh", "train", data=nlpcc)
    assert (first.text, first.gold, first.language) == ("谁写了红楼梦？", ("曹雪芹",), "zh")
    assert first.extra == {"topic": "红楼梦", "hop": 1, "path": "作者"}
    assert (second.gold, second.id) == (("カ",), "nlpcc-iccpol-2016.kbqa.training-data-9")
    assert graph_triples("nlpcc2016-kbqa-zh", nlpcc) == [("红楼梦", "作者", "曹雪芹")]


def test_a_cut_block_of_nlpcc_is_refused(nlpcc):
    path = nlpcc / "nlpcc2016-kbqa-zh" / "nlpcc-iccpol-2016.kbqa.testing-data"
    path.write_text(path.read_text() + "<question id=2>\t谁？\n")
    with pytest.raises(FormatError, match="line 5: is not as published"):
        load("nlpcc2016-kbqa-zh", "test", data=nlpcc)
    with pytest.raises(FormatError, match="line 5: holds no triple"):
        graph_triples("nlpcc2016-kbqa-zh", nlpcc)


@pytest.mark.data
def test_the_graph_of_nlpcc_is_its_gold_triples(data_dir):
    assert len(graph_triples("nlpcc2016-kbqa-zh", data_dir)) == 24_477 - 2  # two lack a part


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(("hops", "share"), [(1, 0.999), (2, 0.96), (3, 0.97)])
def test_answers_of_metaqa_are_reached(data_dir, hops, share):
    from kgreason.config import RetrievalConfig

    name = f"metaqa-{hops}hop"
    graph = KnowledgeGraph.from_triples(graph_triples(name, data_dir))
    config = RetrievalConfig(hops=hops)
    grounder, retriever = Grounder(graph, config), Retriever(graph, config)
    asked = load(name, "test", data=data_dir)[::37]
    found = [len(retriever.retrieve(grounder.ground(question)).gold) / len(question.gold) for question in asked]
    assert sum(found) / len(found) >= share
