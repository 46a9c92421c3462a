from __future__ import annotations

import ctypes
import importlib.util
import os
import pickle  # noqa: TID251 - has to be found out
import socket
import subprocess
import sys
from contextlib import suppress

import numba
import pytest

import kg_data
from kgreason.errors import InputError
from kgreason.nn.model import ReasoningModel
from tools.safety.attack import SECRET, Attack, reached

pytestmark = pytest.mark.enable_socket


def refusal(words: str) -> InputError:
    return InputError(words, fix="Do not.")


def calls(place):
    host, _, port = place.host.rpartition(":")
    socket.create_connection((host, int(port))).close()
    raise refusal("called")


def reads(place):
    place.secret.read_text()
    raise refusal("read")


def reads_by_bytes(place):
    os.close(os.open(os.fsencode(place.secret), os.O_RDONLY))
    raise refusal("read")


def reads_by_a_way_round(place):
    (place.folder / ".." / place.secret.name).open().close()
    raise refusal("read")


def starts_a_process(place):
    subprocess.run([sys.executable, "-c", ""], check=True)
    raise refusal("started")


def starts_a_process_in_the_name_of_the_child(place):
    subprocess.run([sys.executable, "-c", "", "sparql_child.py"], check=True)
    raise refusal("started")


def sends(place):
    host, _, port = place.host.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendmsg([b"x"], [], 0, (host, int(port)))
    raise refusal("sent")


def imports_what_lies_there(place):
    code = place.file("evil.py", "x = 1")
    spec = importlib.util.spec_from_file_location("evil", code)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    raise refusal("imported")


def loads_a_library_that_lies_there(place):
    with suppress(OSError):
        ctypes.CDLL(str(place.file("evil.so", b"")))
    raise refusal("loaded")


def spawns(place):
    os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {}), 0)
    raise refusal("spawned")


def reads_by_a_link(place):
    (place.folder / "link").symlink_to(place.secret)
    (place.folder / "link").read_text()
    raise refusal("read")


def writes(place):
    place.marker.mkdir()
    raise refusal("written")


def tells(place):
    raise refusal(f"it says {SECRET}")


def unpickles(place):
    pickle.loads(b"cos\ngetcwd\n(tR.")  # noqa: S301 - has to be found out
    raise refusal("unpickled")


def unpickles_in_the_name_of_numba(place):
    code = compile("import pickle\npickle.loads(b'cos\\ngetcwd\\n(tR.')", numba.__file__, "exec")
    exec(code)  # noqa: S102 - has to be found out
    raise refusal("unpickled")


def fails(place):
    raise RuntimeError


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (calls, "socket."),
        (reads, "open"),
        (reads_by_bytes, "open"),
        (reads_by_a_way_round, "open"),
        (starts_a_process, "subprocess.Popen"),
        (starts_a_process_in_the_name_of_the_child, "subprocess.Popen"),
        (sends, "socket.sendmsg"),
        (imports_what_lies_there, "exec"),
        (loads_a_library_that_lies_there, "ctypes.dlopen"),
        (reads_by_a_link, "open"),
        (spawns, "os.posix_spawn"),
        (writes, "made marker"),
        (tells, "told the secret"),
        (fails, "RuntimeError"),
        (unpickles, "pickle.find_class"),
        (unpickles_in_the_name_of_numba, "pickle.find_class"),
        (lambda place: 7, "gave 7"),
    ],
)
def test_what_an_attack_reaches_is_found_out(run, says):
    (found,) = reached([Attack("a", run)])
    assert says in found


def test_what_reaches_nothing_may_be_read():
    assert not reached([Attack("a", lambda place: 7, refused=False)])


def test_reading_what_is_sound_is_no_finding():
    """What libraries do when they are first used is done before the watch begins, and it hides nothing after that."""
    load = Attack(
        "a sound checkpoint", lambda _: ReasoningModel.from_pretrained(kg_data.path("checkpoints/mini")), refused=False
    )
    assert reached([load, load]) == []
