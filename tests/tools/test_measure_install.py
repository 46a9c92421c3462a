from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.web import LOCAL
from tools.measure_install import curled


@LOCAL
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_server_away_from_the_checkout_answers_curl(tmp_path):
    assert curled(Path(sys.executable), tmp_path)
