from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.language import detect, language

tokenize = language("zh").tokenize

MIXED = st.text(st.one_of(st.sampled_from("的不没有电影很感人這個iPad 3.5😀，。"), st.characters()), max_size=40)


class TestTokens:
    @given(MIXED)
    def test_they_stand_in_the_text_one_after_another(self, text):
        end = 0
        for token in tokenize(text):
            assert end <= token.start < token.end
            assert text[token.start : token.end] == token.text
            end = token.end

    @given(st.text("电影感人一二三书𠀀々", max_size=20))
    def test_no_character_is_lost(self, text):
        assert "".join(token.text for token in tokenize(text)) == text

    @pytest.mark.parametrize(
        ("text", "tokens"),
        [
            ("这个电影", ["这个", "电", "影"]),
            ("為什麼", ["為什麼"]),
            ("T恤和iPhone 15", ["T", "恤", "和", "iPhone", "15"]),
            ("😀😀！", []),
            ("", []),
        ],
    )
    def test_examples(self, text, tokens):
        assert [token.text for token in tokenize(text)] == tokens


def test_word_lists_do_not_overlap():
    chinese = language("zh")
    assert chinese.stop_words.isdisjoint(chinese.break_words | chinese.weak_words)
    assert chinese.break_words.isdisjoint(chinese.weak_words)


class TestDetection:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("这个电影很感人", "zh"),
            ("這部電影很感人", "zh"),
            ("iPhone 15的屏幕很好", "zh"),
            ("The film was moving.", "en"),
            ("The character 马 means horse.", "en"),
            ("この映画は感動的だ", "en"),
            ("그 영화는 감동적이다", "en"),
            ("😀😀😀", "en"),
            ("", "en"),
        ],
    )
    def test_by_script(self, text, code):
        assert detect(text) == code

    @given(st.text())
    def test_any_text_has_one(self, text):
        assert detect(text) in {"en", "zh"}
