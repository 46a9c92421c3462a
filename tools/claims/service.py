"""What we claim of the HTTP service and of exported models.

The figures take minutes and a quiet machine; they are read from docs/results.jsonl, where ``tools.bench.serve`` writes
them.
"""

from __future__ import annotations

from tools.bench.serve import TARGETS
from tools.claims.claim import Claim, recorded
from tools.claims.exported import EXPORTED

__all__ = ["CLAIMS"]

CLAIMS = [Claim(name, target, recorded(name)) for name, target in TARGETS.items()] + EXPORTED
