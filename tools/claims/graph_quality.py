"""What retrieval keeps of the evidence and how unknown names are linked, as the benches have recorded it."""

from __future__ import annotations

from tools.bench import caps, meaning
from tools.claims.claim import Claim, at_least, recorded

__all__ = ["QUALITY"]

QUALITY = [
    *(Claim(f"{caps.MASS}: {shown}", at_least(90, "%"), recorded(f"{caps.MASS}: {shown}")) for shown in caps.CHOICE),
    *(Claim(name, at_least(least, "%"), recorded(name)) for name, least in zip(meaning.CLAIMS, (80, 90), strict=True)),
]
