from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import polars as pl
import pytest

from kgreason.graph.build import build
from tests.models import opened, tiny_model
from tests.web import LOCAL

#: Workers that tell who they are to whoever connects.
TELLING = """
import os, socket
from kgreason.serving.workers import keep

def work():
    while True:
        caller, _ = listener.accept()
        with caller:
            caller.sendall(str(os.getpid()).encode())

with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    keep(2, work)
"""
FAILING = """
from kgreason.serving import logs, workers
import sys
logs.log_to(sys.stderr)
workers.keep(1, lambda: 1 / 0)
"""
WHERE = {"question": "Where would you keep a penguin?", "options": ["zoo", "desert", "oven"]}


@contextmanager
def started(*command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        for worker in workers_of(process):
            os.kill(worker, signal.SIGKILL)
        process.kill()
        process.communicate()


def first_line(process):
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], 60)[0]
    return process.stdout.readline().strip()


def workers_of(process):
    try:
        return set(map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()))
    except OSError:
        return set()


def who(port):
    """The worker that answers, or None."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
            return int(caller.recv(20) or 0) or None
    except OSError:
        return None


def wait_for(what, seconds=20.0):
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)
    return found


@LOCAL
def test_workers_that_are_killed_are_replaced_and_all_end_with_their_parent():
    with started(sys.executable, "-c", TELLING) as process:
        port = int(first_line(process))
        first = wait_for(lambda: len(found := workers_of(process)) == 2 and found)
        assert wait_for(lambda: who(port)) in first
        for worker in first:
            os.kill(worker, signal.SIGKILL)
        second = wait_for(lambda: len(found := workers_of(process) - first) == 2 and found)
        assert wait_for(lambda: who(port)) in second
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert who(port) is None


@LOCAL
def test_workers_end_when_their_parent_is_killed():
    with started(sys.executable, "-c", TELLING) as process:
        port = int(first_line(process))
        wait_for(lambda: len(workers_of(process)) == 2)
        process.kill()
        wait_for(lambda: who(port) is None)


def test_a_worker_that_cannot_work_is_started_once_a_second_and_said_to_fail():
    with started(sys.executable, "-c", FAILING) as process:
        time.sleep(2.5)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 0
        assert 2 <= said.count("a worker failed") <= 4
        assert "ZeroDivisionError" in said
        assert "exit 1" in said


@LOCAL
@pytest.mark.slow
def test_a_server_answers_again_when_all_its_workers_were_killed(tiny_base, facts, tmp_path):
    opened(tiny_model(tiny_base)).save_pretrained(tmp_path / "model")
    build(pl.DataFrame(facts, schema=["source", "relation", "target", "weight"], orient="row"), tmp_path / "graph")
    options = (
        "--port",
        "0",
        "--workers",
        "2",
        "--graph",
        f"default={tmp_path / 'graph'}",
        "--model",
        tmp_path / "model",
    )
    with started(sys.executable, "-m", "kgreason", "serve", *map(str, options)) as process:
        address = first_line(process)
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address)

        def answered():
            try:
                return httpx.post(f"{address}/v1/ask", json=WHERE, timeout=30, trust_env=False).status_code == 200
            except httpx.TransportError:
                return False

        wait_for(answered)
        for _ in range(2):
            before = workers_of(process)
            assert len(before) == 2
            for worker in before:
                os.kill(worker, signal.SIGKILL)
            wait_for(lambda gone=before: workers_of(process).isdisjoint(gone) and answered())
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0
