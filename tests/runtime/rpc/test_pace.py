from __future__ import annotations

import asyncio
import itertools
from time import perf_counter

from mlpack.runtime.rpc.pace import Load, Pace

TRIAL, MISSES, LONGEST = 64, 3, 0.001


async def answer(pace: Pace) -> bool:
    """One call that is answered; whether it had to wait."""
    turn = pace.wait()
    if turn is None:
        return False
    begun = perf_counter()
    await turn
    return perf_counter() - begun > LONGEST / 2


def test_who_has_time_answers_at_once():
    pace = Pace(lambda: False)
    assert all(pace.wait() is None for _ in range(10 * TRIAL))


def test_the_only_client_waits_now_and_then_and_ever_more_seldom():
    async def alone() -> list[int]:
        pace = Pace(lambda: True)
        return [call for call in range(1, 2000) if await answer(pace)]

    waits = asyncio.run(alone())
    trials, rest = waits[::MISSES], waits[1::MISSES]
    assert trials[0] == TRIAL
    assert [after - before for before, after in itertools.pairwise(trials)] == [
        MISSES - 1 + many * TRIAL for many in (2, 4, 8, 16)
    ]
    assert rest == [one + 1 for one in trials], "it is tried a few times in a row"


def test_answers_of_many_clients_go_out_eight_at_a_time():
    async def crowd() -> list[int]:
        pace, sizes = Pace(lambda: True), []
        held: list[asyncio.Future[None]] = []

        async def client() -> None:
            for _ in range(100):
                turn = pace.wait()
                if turn is not None:
                    held.append(turn)
                    if turn.done():  # the last of those that go out together
                        sizes.append(len(held))
                        held.clear()
                    await turn
                await asyncio.sleep(0)

        await asyncio.gather(*(client() for _ in range(16)))
        return sizes

    sizes = asyncio.run(crowd())
    assert sizes == sorted(sizes)
    assert set(sizes) == {2, 4, 8}


def test_whoever_goes_away_keeps_nobody_waiting():
    async def two() -> None:
        pace = Pace(lambda: True)
        for _ in range(TRIAL - 1):
            assert pace.wait() is None
        first, second = pace.wait(), pace.wait()
        assert first.done(), "it was tried whether two can go together"
        assert second.done()
        lone = pace.wait()
        lone.cancel()
        other = pace.wait()
        await other

    asyncio.run(asyncio.wait_for(two(), 10))


def test_busy_is_who_used_up_a_processor():
    clock = {"now": 0.0, "spent": 0.0}
    load = Load(spent=lambda: clock["spent"], now=lambda: clock["now"])

    def after(seconds: float, share: float) -> bool:
        """What it says of 32 calls in ``seconds``."""
        clock["now"] += seconds
        clock["spent"] += seconds * share
        return [load.is_busy() for _ in range(32)][-1]

    assert not after(1.0, 0.5)
    assert after(1.0, 0.9)
    assert after(0.001, 0.0), "too short a time to tell"
    assert not after(1.0, 0.2)
    assert after(1.0, 0.9)
    clock["now"] += 60.0
    assert not load.is_busy(), "the first call after a pause"
