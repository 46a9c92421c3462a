from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgreason.privacy import find, mask
from tools.personal import SHOWN, samples

MASKED = [
    ("Dr. John van der Berg rang 555-123-4567 on 2024-05-17", "Dr. [name] rang [phone] on 2024-05-17"),
    ("pay DE89 3704 0044 0532 0130 00 NOW", "pay [account] NOW"),
    ("card 4111 1111 1111 1111 12 times", "card [card] 12 times"),
    ("see https://ann:p%40ss@example.org/a@b", "see https://[login]@example.org/a@b"),
    ("from fe80::1ff:fe23:4567:890a or 10.0.0.1.", "from [address] or [address]."),
    ('{"password": "hunter22"}, token=abcd1234&x=1', '{"password": "[key]"}, token=[key]&x=1'),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE+/=\n-----END RSA PRIVATE KEY----- a", "[key] a"),
    ("my name is ann and 我叫王小明，电话 12345678", "my name is [name] and 我叫[name]，电话 [phone]"),
    ("11010519491231002X", "[identity]"),
]
KEPT = [
    "NO93 8601 1117 948", "4111 1111 1111 1112", "110105194912310021", "Version 1.2.3.4.5", "300.1.1.1",
    "12:30:45", "我叫了外卖",
    "std::vector", "1990-2000", "the password of a zoo", "3.1415926535", "000-12-3456", "My name is on a list",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MASKED)
def test_only_the_detail_is_masked(text, expected):
    assert mask(text) == expected


@pytest.mark.parametrize("text", KEPT)
def test_what_only_looks_so_is_kept(text):
    assert mask(text) == text


def test_every_kind_of_detail_is_found_as_what_it_is():
    for sample in samples(SHOWN, seed=1, count=500, innocent=0):
        detail = sample.text[sample.start : sample.end]
        found = [each.kind for each in find(sample.text) if each[:2] == (sample.start, sample.end)]
        assert found == [sample.kind], (sample.text, detail)


@settings(max_examples=100)
@given(st.text(st.sampled_from("aZ1 09.-:@/+(）我叫=\n"), max_size=80) | st.text(max_size=80))
def test_what_is_found_lies_in_order_and_in_the_text(text):
    found = find(text)
    ends = [0, *(place for each in found for place in each[:2]), len(text)]
    assert ends == sorted(ends)
    assert all(each.start < each.end for each in found)
    assert (mask(text) == text) == (not found)


@pytest.mark.parametrize(
    "part", ["a", "a@", "1 ", "+1-", "0", "1:", "A ", "my name is ", "4111-", "a@b.co ", "DE89 ", "x://"]
)
def test_no_text_takes_long(part):
    start = process_time()
    find(part * (100_000 // len(part)))
    assert process_time() - start < 5
