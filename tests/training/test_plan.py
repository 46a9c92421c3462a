from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from kgreason.nn.model import ModelConfig
from kgreason.records import Question
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.plan import TRIALS, plan
from kgreason.training.practices import AdversarialConfig, AverageConfig, CurriculumConfig, OptimizerConfig
from kgreason.training.run import TaskData, plan_steps
from tests.models import tiny_model

LABELS = ("bad", "good")


def items(count: int) -> list[tuple[Question, None]]:
    return [(Question(f"text number {i}", LABELS, "emotion", answer=i % 2), None) for i in range(count)]


def run_of(base: str, **settings) -> RunConfig:
    tasks = {name: TaskConfig(data="sst2") for name in ("small", "large")}
    return RunConfig(output="nowhere", tasks=tasks, model=ModelConfig(base=base, lora=None), batch_size=4, **settings)


@pytest.fixture(scope="module")
def model(tiny_base):
    return tiny_model(tiny_base, knowledge=None)


DATA = {"small": TaskData(items(3), items(2), items(5)), "large": TaskData(items(48), [], items(7))}


def test_a_plan_counts_samples_shares_and_parameters(model, tiny_base):
    run = run_of(str(tiny_base), temperature=1.0)
    stages: list[tuple[str, int, int]] = []
    found = plan(run, model, DATA, progress=lambda *stage: stages.append(stage))
    assert found.steps == plan_steps(run, DATA) == 3 * 13
    assert [(task.train, task.held_out, task.dev) for task in found.tasks.values()] == [(3, 2, 5), (48, 0, 7)]
    assert found.tasks["small"].share == pytest.approx(3 / 51)
    assert found.parameters == sum(p.numel() for p in model.parameters())
    assert found.trainable == sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert stages == [("try steps", 0, 2), ("try steps", 1, 2)]


def test_expected_time_is_that_of_steps_reports_and_fit(model, tiny_base):
    run = run_of(str(tiny_base), dev_limit=6)
    found = plan(run, model, DATA)
    small, large = found.tasks["small"], found.tasks["large"]
    steps = found.steps * (small.share * small.step_seconds + large.share * large.step_seconds)
    reports = 3 * (5 * small.question_seconds + 6 * large.question_seconds)
    assert 3600 * found.hours == pytest.approx(steps + reports + 4 * small.question_seconds)
    assert small.step_seconds > 0
    assert 0.01 < found.memory_gb < 100


def test_the_model_stays_as_it_is(model, tiny_base):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    plan(run_of(str(tiny_base)), model, DATA)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.training
    assert model.backbone.autocast is None


def test_parts_held_fixed_are_not_counted_as_trained(model, tiny_base):
    learning = [p for p in model.backbone.parameters() if p.requires_grad]
    whole = plan(run_of(str(tiny_base)), model, DATA)
    try:
        for parameter in learning:
            parameter.requires_grad_(False)
        found = plan(run_of(str(tiny_base)), model, DATA)
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
    assert whole.trainable - found.trainable == sum(p.numel() for p in learning) > 0
    assert whole.parameters == found.parameters


def test_only_the_samples_tried_are_read(model, tiny_base):
    class Watched(list[tuple[Question, None]]):
        read = 0

        def __getitem__(self, index):
            self.read += 1
            return super().__getitem__(index)

    watched = Watched(items(1000))
    plan(run_of(str(tiny_base)), model, {"small": TaskData(watched, [], items(2)), "large": DATA["large"]})
    assert 0 < watched.read <= 16


def test_a_step_is_tried_as_the_run_makes_it(model, tiny_base):
    run = run_of(
        str(tiny_base),
        accumulate=2,
        adversarial=AdversarialConfig("pgd", steps=2),
        average=AverageConfig("tail"),
        optimizer=OptimizerConfig("adafactor"),
    )
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    passes = []
    watch = model.register_forward_pre_hook(lambda each, _: passes.append(each.training))
    plan(run, model, DATA)
    watch.remove()
    assert sum(passes) == 2 * (TRIALS + 1) * 2 * 3  # tasks, steps, parts; as it is, one step of PGD, perturbed
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_losses_before_training_and_later_tasks_count(model, tiny_base):
    tasks = {"small": TaskConfig("sst2"), "large": TaskConfig("sst2", from_epoch=3)}
    run = replace(run_of(str(tiny_base), temperature=1.0), tasks=tasks, curriculum=CurriculumConfig("loss"))
    found = plan(run, model, DATA)
    small, large = found.tasks["small"], found.tasks["large"]
    assert large.share == pytest.approx(48 / 51 / 3)
    assert small.share == pytest.approx(1 - large.share)
    steps = found.steps * (small.share * small.step_seconds + large.share * large.step_seconds)
    scored = (3 * 5 + 4 + 3) * small.question_seconds + (3 * 7 + 48) * large.question_seconds
    assert 3600 * found.hours == pytest.approx(steps + scored)
