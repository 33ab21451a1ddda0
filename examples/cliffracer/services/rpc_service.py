"""The order service over NATS, by Cliffracer itself."""

import asyncio
import os
import sys

from cliffracer import CliffracerService, ServiceConfig, rpc
from loguru import logger
from pydantic import ValidationError

from models import AnalyticsEvent, Anything, BatchProcessingRequest, ComplexOrder, ValidationErrorTest
from orders import PLENTY, Memory, OrderService, Payments, ingested, seconds, worked_through


class OrderProcessing(CliffracerService):
    def __init__(self, nats_url: str, health_port: int) -> None:
        super().__init__(
            ServiceConfig(name="order_processing_service", nats_url=nats_url, health_port=health_port)
        )
        self.orders = OrderService(Memory())
        self.payments = Payments()

    @rpc
    async def process_order(self, order: ComplexOrder) -> Anything:
        result, cost = self.orders.decide(order)
        await self.wait(cost)
        return Anything(**result)

    @rpc
    async def batch_process_orders(self, orders: list[Anything]) -> Anything:
        results, slowest, invalid = [], 0.0, 0
        for given in orders:
            try:
                result, cost = self.orders.decide(ComplexOrder.model_validate(given.model_extra))
            except ValidationError as error:
                self.orders.failed += 1
                invalid += 1
                result, cost = {"success": False, "error": "validation failed", "details": str(error)}, 0.0
            slowest = max(slowest, cost)
            results.append(result)
        await self.wait(slowest)
        self.orders.batches += 1
        successful = sum(1 for result in results if result["success"])
        return Anything(
            batch_id=f"batch-{self.orders.batches}",
            total_orders=len(orders),
            successful=successful,
            failed=len(orders) - successful,
            invalid=invalid,
            processing_time_seconds=slowest / 1e3,
            results=results,
        )

    @rpc
    async def analytics_ingestion(self, events: list[Anything]) -> Anything:
        valid = []
        for given in events:
            try:
                valid.append(AnalyticsEvent.model_validate(given.model_extra))
            except ValidationError:
                pass
        result, cost = ingested(valid, len(events))
        await self.wait(cost)
        return Anything(**result)

    @rpc
    async def large_payload_processing(self, request: BatchProcessingRequest) -> Anything:
        result, cost = worked_through(request)
        await self.wait(cost)
        return Anything(**result)

    @rpc
    async def error_scenario_test(self, test: ValidationErrorTest) -> Anything:
        return Anything(success=True, validated=True)

    @rpc
    async def get_service_metrics(self) -> Anything:
        return Anything(**self.orders.metrics())

    @rpc
    async def charge(self, order_id: str, amount: float) -> Anything:
        await self.wait(1.0)
        return Anything(**self.payments.charge(order_id, amount))

    @rpc
    async def restock(self, sku: str, quantity: int) -> Anything:
        self.orders.store.stock[sku] = quantity
        return await self.inventory(sku)

    @rpc
    async def inventory(self, sku: str) -> Anything:
        return Anything(sku=sku, left=self.orders.store.stock.get(sku, PLENTY))

    @staticmethod
    async def wait(cost_ms: float) -> None:
        if (time := seconds(cost_ms)) > 0:
            await asyncio.sleep(time)


if __name__ == "__main__":
    # One line for every request would be most of the work.
    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    OrderProcessing(os.environ["NATS_URL"], int(os.environ["HEALTH_PORT"])).run()
