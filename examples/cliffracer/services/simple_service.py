"""What the simple test of the original asked: ping, echo and compute over plain NATS, without Cliffracer."""

import asyncio
import json
import os
import uuid
from datetime import datetime, timezone
from typing import Any

import nats
from nats.aio.msg import Msg

COSTS = os.environ.get("COSTS", "0") != "0"


def answer(method: str, given: Any) -> dict[str, Any]:
    if method == "ping":
        return {"pong": True}
    if method == "echo":
        return {"echo": given}
    numbers = given["numbers"]
    return {"result": sum(n * n for n in numbers), "count": len(numbers)}


async def main() -> None:
    client = await nats.connect(os.environ["NATS_URL"])

    async def handle(message: Msg) -> None:
        if COSTS:
            await asyncio.sleep(0.0001)
        method = message.subject.removeprefix("test.")
        reply = answer(method, json.loads(message.data or b"{}"))
        reply["timestamp"] = datetime.now(timezone.utc).isoformat()
        reply["request_id"] = f"req_{uuid.uuid4().hex[:16]}"
        await message.respond(json.dumps(reply).encode())

    for method in ("ping", "echo", "compute"):
        await client.subscribe(f"test.{method}", queue="test", cb=handle)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
