"""The order service over HTTP, by FastAPI; stock and customers are kept in Redis."""

import os
import time
from typing import Any

import redis
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from models import ComplexOrder
from orders import PLENTY, OrderService, seconds


class Redis:
    """Stock and customers in Redis, one round trip for each question."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url, decode_responses=True)
        self.client.ping()

    def score(self, customer: str) -> float | None:
        known = self.client.hget("customers", customer)
        return None if known is None else float(known)

    def left(self, skus: list[str]) -> dict[str, int]:
        taken = self.client.hmget("taken", skus)
        return {sku: PLENTY - int(pieces or 0) for sku, pieces in zip(skus, taken)}

    def take(self, wanted: dict[str, int], customer: str, score: float) -> None:
        pipe = self.client.pipeline(transaction=True)
        for sku, quantity in wanted.items():
            pipe.hincrby("taken", sku, quantity)
        pipe.hsetnx("customers", customer, score)
        pipe.execute()


app = FastAPI()
orders = OrderService(Redis(os.environ["REDIS_URL"]))


@app.exception_handler(RequestValidationError)
async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    details = [{"type": e["type"], "loc": e["loc"], "msg": e["msg"]} for e in error.errors()]
    body = {"success": False, "error": "validation failed", "details": details}
    return JSONResponse(body, status_code=422)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "healthy"}


# Not `async`: Redis is asked by a client that waits, and FastAPI gives such handlers to its threads.
@app.post("/orders")
def process_order(order: ComplexOrder) -> dict[str, Any]:
    result, cost = orders.decide(order)
    if (pause := seconds(cost)) > 0:
        time.sleep(pause)
    return result
