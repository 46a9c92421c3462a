from __future__ import annotations

import json

from kgreason.evaluation.findings import Calibration, Diagnosis, Result, Slice
from kgreason.metrics import ReliabilityBin


def test_a_diagnosis_is_json():
    weak = Slice("a", "negation", 12, 0.5, (0.25, 0.75), 0.75, -0.25, (-0.5, -0.1))
    bins = (ReliabilityBin(3, 0.5, 1.0),)
    found = Diagnosis(
        weak,
        (Result("a", "choice", 3, 1.0, (0.4, 1.0)),),
        (weak,),
        (),
        (),
        (Calibration("a", 3, 0.5, bins),),
        (),
        2,
        0.5,
    )
    values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert values["weakness"] == values["slices"][0]
    assert values["slices"][0]["ends"] == [-0.5, -0.1]
    assert values["calibration"][0]["bins"] == [{"n": 3, "confidence": 0.5, "accuracy": 1.0}]
    assert (values["left_out"], values["seconds"]) == (2, 0.5)
