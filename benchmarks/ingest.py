"""How fast events become durable, against only parsing them, measured side by side.

    python benchmarks/ingest.py [--requests N] [--clients N]

A request is the body of `/events/batch` with 100 events. `parse` decodes and validates it; `append` does that and waits
until it is on disk, as the API does when no metric has an expression; `computed` also evaluates an expression for each
event. All run in one event loop with that many clients, each waiting for its answer, in alternation.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from core.clock import SystemClock
from core.domain.expressions import Calculation
from core.warehouse.expressions import Expressions
from ingestion.calculate import Calculator
from ingestion.flush import flush
from ingestion.inbox import Inbox
from ingestion.landing import Landing
from ingestion.validate import Refusal, accepted_batch, parse_batch

EVENTS_PER_REQUEST = 100
TURNS = 5


def body_of_a_request() -> bytes:
    events = [
        {
            "transaction_id": f"0a1b2c3d-0000-4000-8000-{number:012d}",
            "external_subscription_id": f"sub_{number % 17:06d}",
            "code": "input_tokens",
            "timestamp": 1_700_000_000 + number / 8,
            "properties": {"model": "large", "tokens": 137 * number, "region": "eu", "cost": 0.25},
        }
        for number in range(EVENTS_PER_REQUEST)
    ]
    return json.dumps({"events": events}).encode()


async def rate(handle: Callable[[bytes], Awaitable[None]], body: bytes, requests: int, clients: int) -> float:
    """Events per second."""

    async def client(share: int) -> None:
        for _ in range(share):
            await handle(body)

    begin = time.perf_counter()
    await asyncio.gather(*(client(requests // clients) for _ in range(clients)))
    return requests // clients * clients * EVENTS_PER_REQUEST / (time.perf_counter() - begin)


async def measure(home: Path, requests: int, clients: int) -> None:
    inbox = Inbox(home / "inbox.sqlite", SystemClock())
    landing = Landing(home / "landing")
    body = body_of_a_request()
    nothing = Calculator({}, SystemClock(), Expressions())
    kilotokens = Calculation("kilotokens", "event.properties.tokens / 1000")
    expression = Calculator({"input_tokens": kilotokens}, SystemClock(), Expressions())

    async def parse(body: bytes) -> None:
        assert not isinstance(parse_batch(body), Refusal)
        await asyncio.sleep(0)

    async def append(body: bytes) -> None:
        await append_with(nothing, body)

    async def computed(body: bytes) -> None:
        await append_with(expression, body)

    async def append_with(calculator: Calculator, body: bytes) -> None:
        events = parse_batch(body)
        assert not isinstance(events, Refusal)
        if calculator.concerns(events):
            events = accepted_batch(await asyncio.to_thread(calculator.complete, events))
            assert not isinstance(events, Refusal)
        await inbox.append_async(events)

    rates: dict[str, list[float]] = {"parse": [], "append": [], "computed": [], "flush": []}
    for _ in range(TURNS):
        rates["parse"].append(await rate(parse, body, requests, clients))
        rates["computed"].append(await rate(computed, body, requests // 10, clients))
        flush(inbox, landing)
        rates["append"].append(await rate(append, body, requests, clients))
        begin = time.perf_counter()
        flush(inbox, landing)
        rates["flush"].append(requests // clients * clients * EVENTS_PER_REQUEST / (time.perf_counter() - begin))
    inbox.close()
    for name, values in rates.items():
        print(
            f"{name:8} {median(values):10,.0f} events/s  (of {', '.join(f'{value:,.0f}' for value in sorted(values))})"
        )
    ratios = [append / parse for parse, append in zip(rates["parse"], rates["append"], strict=True)]
    print(f"append / parse: {median(ratios):.0%}")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--requests", type=int, default=2_000, help="requests per turn")
    arguments.add_argument("--clients", type=int, default=64, help="clients that wait for an answer at the same time")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), given.requests, given.clients))
