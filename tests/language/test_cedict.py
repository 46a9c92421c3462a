from __future__ import annotations

import pytest

from kgreason.errors import FormatError
from kgreason.language.cedict import dictionary, read_senses

LINES = """# a remark
電影 电影 [dian4 ying3] /movie; film/CL:部[bu4],片[pian4]/
銀行 银行 [yin2 hang2] /bank/CL:家[jia1]/
感人 感人 [gan3 ren2] /touching; moving/
吃飯 吃饭 [chi1 fan4] /to have a meal; to eat/(also fig.) to make a living/
馬 马 [Ma3] /surname Ma/abbr. for Malaysia 馬來西亞|马来西亚[Ma3 lai2 xi1 ya4]/
亖 亖 [si4] /old variant of 四[si4]/
高興 高兴 [gao1 xing4] /happy, glad/
"""


@pytest.fixture
def senses(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text(LINES, encoding="utf-8")
    return list(read_senses(path))


def test_glosses_become_names(senses):
    found: dict[str, list[str]] = {}
    for sense in senses:
        found.setdefault(sense.simplified, []).append(sense.english)
    assert found == {
        "电影": ["movie", "film"],
        "银行": ["bank"],
        "感人": ["touching", "moving"],
        "吃饭": ["have a meal", "eat", "make a living"],
        "高兴": ["happy, glad", "happy", "glad"],
    }


def test_later_meanings_are_worth_less(senses):
    weights = [sense.weight for sense in senses if sense.simplified == "吃饭"]
    assert weights[0] == 1
    assert weights == sorted(weights, reverse=True)


def test_a_line_of_another_form_is_named(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text(f"{LINES}nonsense\n", encoding="utf-8")
    with pytest.raises(FormatError, match="line 9"):
        list(read_senses(path))


def test_the_installed_dictionary():
    senses = list(read_senses(dictionary()))
    assert len(senses) > 150_000
    assert all(sense.english.strip() and 0 < sense.weight <= 1 for sense in senses)
