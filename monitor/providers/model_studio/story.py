"""What an emulated fine-tuning job is like: its names, its model, how long it takes and how it ends. All made up."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

WORKSPACE = "llm-demo"
PEOPLE = ("1396993924585947", "2088714030118862", "2077351946021175")
"""User ids; the first is the main account's."""
_MODELS = (
    ("qwen3-14b", "sft", 0),
    ("qwen3-14b", "efficient_sft", 0),
    ("qwen3-8b", "dpo_lora", 0),
    ("qwen3-32b", "efficient_sft", 4),
    ("qwen2.5-7b-instruct", "cpt", 0),
    ("qwen3-vl-8b-instruct", "sft", 3),
    ("cosyvoice-v3-flash", "sft", 5),
)
"""Model, training type and how many checkpoints it keeps (0: it does not tell any)."""
_NAMES = (
    "客服问答微调",
    "合同要素抽取",
    "医疗问诊",
    "多轮对话对齐",
    "sentiment-lora",
    "ticket-router",
    "sql-assistant",
    "商品标题生成",
)
_FAILURES = (
    ("InvalidFile.Content", "训练数据校验失败：第 17 行不是合法的 JSON，请检查后重新上传"),
    ("InvalidFile.TooLong", "3 samples exceed max_length 8192 after tokenization"),
    ("InternalError", "Training was interrupted by a hardware fault, please submit the job again"),
    ("OutOfMemory", "CUDA out of memory at step 412; lower batch_size or max_length"),
)
"""Codes of failed jobs are documented nowhere; these are invented, the shape is the reference's (section 1.1)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a job will go by itself: seconds of each stage, and the end."""

    wait: float
    queue: float
    run: float
    tokens: int
    checkpoints: int
    failure: tuple[str, str] | None = None
    rejected: bool = False
    """Fails while its data is looked at, before it is queued."""
    cancel_after: float | None = None
    delete_after: float | None = None
    """Seconds after the end until somebody deletes it."""


def invent(random: Random, *, usual: bool = False) -> tuple[Plan, dict[str, Any]]:
    """A job: its plan, and the fields of its wire object that do not change. `usual`: it will succeed and be kept."""
    model, kind, checkpoints = random.choice(_MODELS)
    luck = 1.0 if usual else random.random()
    plan = Plan(
        wait=random.uniform(5, 40),
        queue=random.uniform(15, 90),
        run=random.uniform(8 * 60, 35 * 60),
        tokens=random.randrange(40_000, 4_000_000),
        checkpoints=checkpoints,
        failure=random.choice(_FAILURES) if luck < 0.16 else None,
        rejected=luck < 0.04,
        cancel_after=random.uniform(30, 900) if 0.16 <= luck < 0.24 else None,
        delete_after=random.uniform(3600, 6 * 3600) if 0.24 <= luck < 0.3 else None,
    )
    person = random.choice(PEOPLE)
    fields: dict[str, Any] = {
        "job_name": f"{random.choice(_NAMES)}-{random.randrange(1, 40)}" if random.random() < 0.7 else None,
        "model": model,
        "base_model": model,
        "training_type": kind,
        "hyper_parameters": {
            "n_epochs": random.randrange(1, 5),
            "batch_size": random.choice((16, 32)),
            "learning_rate": random.choice(("1.6e-5", "3e-4", "1e-5")),
            "max_length": 8192,
        },
        "creator": person,
        "modifier": person,
    }
    if checkpoints:
        fields["max_output_cnt"] = checkpoints
    return plan, fields
