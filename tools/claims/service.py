"""What we claim of the HTTP service and of exported models.

The figures take minutes and a quiet machine; they are read from docs/results.jsonl, where ``tools.bench.serve``,
``tools.bench.harm`` and ``tools.measure_service``, ``_masking`` and ``_install`` write them.
"""

from __future__ import annotations

from tools import measure_install, measure_masking, measure_service
from tools.bench import harm, serve
from tools.claims.claim import Claim, at_least, recorded
from tools.claims.exported import EXPORTED

__all__ = ["CLAIMS"]

#: An export in eight bits is to answer twice as many as torch has to.
_TWICE = {serve.RATE: at_least(2 * serve.TARGETS[serve.RATE].bound, "/s")}
_EXPORT = {f"{name}, exported": target for name, target in (serve.TARGETS | _TWICE).items()}
_TARGETS = serve.TARGETS | _EXPORT | harm.TARGETS
for _measured in (measure_service, measure_masking, measure_install):
    _TARGETS |= _measured.TARGETS
CLAIMS = [Claim(name, target, recorded(name)) for name, target in _TARGETS.items()] + EXPORTED
