from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import FormatError, InputError
from kgreason.serving.access import Access, Rates, Window, add_key, check_bind, read_keys
from kgreason.serving.refusals import Refusal


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def refused(call, *arguments, **named):
    with pytest.raises(Refusal) as error:
        call(*arguments, **named)
    return error.value.status, error.value.code


def test_a_file_holds_digests_alone(tmp_path):
    path = tmp_path / "keys.json"
    first, second = add_key(path, "ann"), add_key(path, "bob", ask=False)
    assert first != second
    assert first not in path.read_text()
    assert [(key.name, key.ask) for key in read_keys(path)] == [("ann", True), ("bob", False)]
    with pytest.raises(InputError, match="has a key already"):
        add_key(path, "ann")


@pytest.mark.parametrize("text", ["[]", '{"keys": [1]}', '{"keys": [{"name": 1, "digest": ""}]}', "{", '{"keys": 3}'])
def test_another_file_is_refused(tmp_path, text):
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(FormatError):
        read_keys(path)


def test_who_is_known_and_what_it_may(tmp_path):
    path = tmp_path / "keys.json"
    ann, bob = add_key(path, "ann"), add_key(path, "bob", ask=False)
    access = Access(read_keys(path))
    assert refused(access.key, None, "a") == (401, "key")
    assert refused(access.key, "Bearer wrong", "a") == (401, "key")
    assert refused(access.key, f"Basic {ann}", "a") == (401, "key")
    asker, reader = access.key(f"Bearer {ann}", "a"), access.key(f"bearer {bob}", "a")
    access.spend(asker, 1, dear=True)
    access.spend(reader, 1, dear=False)
    assert refused(access.spend, reader, 1, dear=True) == (403, "scope")
    assert Access().key(None, "a") is None


def test_ten_wrong_keys_a_minute(tmp_path):
    path, clock = tmp_path / "keys.json", Clock()
    secret = add_key(path, "ann")
    access = Access(read_keys(path), now=clock)
    for _ in range(10):
        assert refused(access.key, "Bearer wrong", "a")[0] == 401
    assert refused(access.key, "Bearer wrong", "a") == (429, "tries")
    assert refused(access.key, "Bearer wrong", "b")[0] == 401
    assert access.key(f"Bearer {secret}", "a")  # behind a proxy all have one address; who has a key is let in
    clock.time = 60.0
    assert refused(access.key, "Bearer wrong", "a")[0] == 401


def test_cheap_and_dear_rates_are_apart(tmp_path):
    clock = Clock()
    secret = add_key(tmp_path / "k", "ann")
    access = Access(read_keys(tmp_path / "k"), Rates(cheap=5, dear=2), now=clock)
    key = access.key(f"Bearer {secret}", "a")
    access.spend(key, 2, dear=True)
    assert refused(access.spend, key, 1, dear=True) == (429, "rate")
    access.spend(key, 5, dear=False)
    assert refused(access.spend, key, 1, dear=False) == (429, "rate")
    clock.time = 60.0
    access.spend(key, 2, dear=True)


@given(st.lists(st.tuples(st.floats(0, 40), st.integers(1, 4)), max_size=30))
def test_no_minute_holds_more_than_its_limit(steps):
    clock, spent = Clock(), []
    window = Window(6, now=clock)
    for pause, count in steps:
        clock.time += pause
        wait = window.wait("a", count)
        if not wait:
            window.spend("a", count)
            spent += [clock.time] * count
        else:
            assert 0 < wait <= 60
            clock.time += wait + 1e-6
            assert window.wait("a", count) == 0
    assert all(sum(start <= time < start + 60 for time in spent) <= 6 for start in spent)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.org"])
def test_others_are_listened_to_with_a_key_alone(host, tmp_path):
    with pytest.raises(InputError, match="no key"):
        check_bind(host, ())
    add_key(tmp_path / "k", "ann")
    check_bind(host, read_keys(tmp_path / "k"))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.3.2.1"])
def test_this_machine_needs_no_key(host):
    check_bind(host, ())
