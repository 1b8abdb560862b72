from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from mlpack.runtime.errors import DeadlineError, InferenceError, OverloadedError
from mlpack.runtime.service.batcher import Batcher


class Doubling:
    """Doubles what it gets, when the gate is open; keeps the size of every batch."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.sizes: list[int] = []

    def __call__(self, feed):
        assert self.gate.wait(20)
        values = feed["x"]
        self.sizes.append(len(values))
        if (values == 1e9).any():
            raise SystemExit(1)
        if (values < 0).any():
            raise ValueError("negative\nand a second line")
        return {"y": values * 2, "z": values[:, :1] > 1}


@pytest.fixture
def model():
    found = Doubling()
    yield found
    found.gate.set()


def batcher_of(model, **options):
    told = []
    given = {"best_batch": 8, "most": 100, "timeout": 20.0, "batched": lambda *one: told.append(one), **options}
    made = Batcher(model, **given)
    made.told = told
    return made


def rows(*values, width=2):
    return {"x": np.array([[value] * width for value in values], np.float32)}


async def settled(*futures):
    return await asyncio.gather(*futures, return_exceptions=True)


def test_one_that_comes_alone_goes_at_once(model):
    async def play():
        batcher = batcher_of(model)
        answer = await batcher.submit(rows(1, 2), 2)
        assert answer["y"].tolist() == [[2, 2], [4, 4]]
        assert batcher.is_idle
        assert [one[:2] for one in batcher.told] == [(1, 2)]
        batcher.close()

    asyncio.run(play())


def test_what_waits_while_the_model_answers_goes_as_one_array(model):
    async def play():
        batcher = batcher_of(model)
        model.gate.clear()
        first = batcher.submit(rows(0), 1)
        rest = [batcher.submit(rows(value), 1) for value in range(1, 8)]
        assert batcher.waiting == 7
        model.gate.set()
        answers = await settled(first, *rest)
        assert [answer["y"][0, 0] for answer in answers] == [2 * value for value in range(8)]
        assert [answer["z"].tolist() for answer in answers][:3] == [[[False]], [[False]], [[True]]]
        assert model.sizes == [1, 7]
        batcher.close()

    asyncio.run(play())


def test_no_batch_is_larger_than_the_best_one(model):
    async def play():
        batcher = batcher_of(model, best_batch=4)
        model.gate.clear()
        waiting = [batcher.submit(rows(*range(count)), count) for count in (1, 3, 3, 1, 9, 1)]
        model.gate.set()
        answers = await settled(*waiting)
        assert [len(answer["y"]) for answer in answers] == [1, 3, 3, 1, 9, 1]
        assert max(size for size in model.sizes if size != 9) <= 4
        assert sum(model.sizes) == 18
        batcher.close()

    asyncio.run(play())


def test_only_rows_of_one_shape_and_dtype_go_together(model):
    async def play():
        batcher = batcher_of(model)
        model.gate.clear()
        first = batcher.submit(rows(0), 1)
        narrow = [batcher.submit(rows(value), 1) for value in (1, 2)]
        wide = [batcher.submit(rows(value, width=5), 1) for value in (3, 4)]
        model.gate.set()
        answers = await settled(first, *narrow, *wide)
        assert [answer["y"].shape for answer in answers] == [(1, 2)] * 3 + [(1, 5)] * 2
        assert sorted(model.sizes) == [1, 2, 2]
        batcher.close()

    asyncio.run(play())


def test_a_request_that_the_model_refuses_takes_no_other_with_it(model):
    async def play():
        batcher = batcher_of(model)
        model.gate.clear()
        waiting = [batcher.submit(rows(value), 1) for value in (0, 1, -1, 2)]
        model.gate.set()
        answers = await settled(*waiting)
        assert [answers[place]["y"][0, 0] for place in (0, 1, 3)] == [0, 2, 4]
        assert isinstance(answers[2], InferenceError)
        assert answers[2].message == "the model failed: ValueError: negative"
        batcher.close()

    asyncio.run(play())


def test_a_model_that_wants_to_end_the_process_ends_its_request(model):
    async def play():
        batcher = batcher_of(model)
        (answer,) = await settled(batcher.submit(rows(1e9), 1))
        assert isinstance(answer, InferenceError)
        assert "SystemExit" in answer.message
        assert (await batcher.submit(rows(1), 1))["y"][0, 0] == 2
        batcher.close()

    asyncio.run(play())


def test_one_too_many_is_refused_at_once_and_the_next_is_answered(model):
    async def play():
        batcher = batcher_of(model, most=3)
        model.gate.clear()
        waiting = [batcher.submit(rows(value), 1) for value in range(4)]
        with pytest.raises(OverloadedError) as refusal:
            batcher.submit(rows(9), 1)
        assert refusal.value.retry_after >= 1
        model.gate.set()
        await settled(*waiting)
        assert (await batcher.submit(rows(9), 1))["y"][0, 0] == 18
        batcher.close()

    asyncio.run(play())


def test_one_that_waits_too_long_is_told_so_and_never_reaches_the_model(model):
    async def play():
        batcher = batcher_of(model, timeout=0.05)
        model.gate.clear()
        answers = await settled(batcher.submit(rows(0), 1), batcher.submit(rows(1), 1))
        assert all(isinstance(answer, DeadlineError) for answer in answers)
        model.gate.set()
        assert (await batcher.submit(rows(5), 1))["y"][0, 0] == 10
        assert model.sizes == [1, 1]
        batcher.close()

    asyncio.run(play())


def test_one_whose_client_went_away_is_left_out(model):
    async def play():
        batcher = batcher_of(model)
        model.gate.clear()
        waiting = [batcher.submit(rows(value), 1) for value in range(3)]
        waiting[1].cancel()
        model.gate.set()
        answers = await settled(waiting[0], waiting[2])
        assert [answer["y"][0, 0] for answer in answers] == [0, 4]
        assert model.sizes == [1, 1]
        batcher.close()

    asyncio.run(play())


def test_many_at_once_all_get_their_own_answer(model):
    async def play():
        batcher = batcher_of(model, best_batch=64, most=5000)

        async def ask(value):
            await asyncio.sleep(value % 7 * 1e-4)
            return (await batcher.submit(rows(value), 1))["y"][0, 0]

        assert await asyncio.gather(*map(ask, range(2000))) == [2 * value for value in range(2000)]
        assert len(model.sizes) < 2000
        assert sum(size for size in model.sizes) == 2000
        batcher.close()

    asyncio.run(play())
