"""The order service itself: the same decisions in the same order, whichever way an order comes in.

Where stock and customers are kept is for each service to say (`Memory`, or Redis in `http_redis.py`). Of a valid order
`decide` says what becomes of it, and how long the original would have slept.
"""

import os
from collections import Counter, deque
from typing import Any

from models import AnalyticsEvent, BatchProcessingRequest, ComplexOrder

# The sleeps of the original, in milliseconds. COSTS=0 leaves them out: then only real work is measured.
COSTS = os.environ.get("COSTS", "0") != "0"
FRAUD, ITEM, RULES, SAVING = 1.0, 0.5, 2.0, 8.0
EVENT, BATCH_ITEM = 1.0, 0.1

# Pieces of what nobody has stocked.
PLENTY = 1_000_000_000


def seconds(cost_ms: float) -> float:
    """How long to sleep for such a cost."""
    return cost_ms / 1e3 if COSTS else 0.0


class Memory:
    """Stock and customers in this process."""

    def __init__(self) -> None:
        self.stock: dict[str, int] = {}
        self.scores: dict[str, float] = {}

    def score(self, customer: str) -> float | None:
        return self.scores.get(customer)

    def left(self, skus: list[str]) -> dict[str, int]:
        return {sku: self.stock.get(sku, PLENTY) for sku in skus}

    def take(self, wanted: dict[str, int], customer: str, score: float) -> None:
        for sku, quantity in wanted.items():
            self.stock[sku] = self.stock.get(sku, PLENTY) - quantity
        self.scores.setdefault(customer, score)


def wanted(order: ComplexOrder) -> dict[str, int]:
    """Pieces by article: an order may name one twice."""
    pieces: Counter[str] = Counter()
    for item in order.items:
        pieces[item.variant_sku] += item.quantity
    return dict(pieces)


def fraud_score(order: ComplexOrder, known: float | None) -> float:
    """As the original's, with the payment's own risk in place of its dice."""
    risk = order.payment.risk_score or 0.0
    large = 0.2 if order.total_amount > 5_000 else 0.0
    crypto = 0.3 if order.payment.method == "crypto" else 0.0
    return (0.3 * risk if known is None else known) + 0.2 * risk + large + crypto


def refused(error: str, **more: Any) -> dict[str, Any]:
    return {"success": False, "error": error, **more}


def refusal(order: ComplexOrder, score: float, left: dict[str, int]) -> tuple[dict[str, Any] | None, float]:
    """Why an order is not taken, if it is not, and what finding that out costs."""
    if score > 0.8:
        return refused("Order flagged for fraud review", fraud_score=score), FRAUD
    cost = FRAUD + ITEM * len(order.items)
    short = sorted(sku for sku, pieces in wanted(order).items() if left[sku] < pieces)
    if short:
        available = {sku: left[sku] for sku in short}
        return refused(f"Insufficient inventory: {short}", available_inventory=available), cost
    if order.metadata.get("force_error") is True:
        error = "Business rule violation: Forced error"
        return refused(error, rule_violations=["Forced error"]), cost + RULES
    return None, cost + RULES


def taken(order: ComplexOrder, score: float, number: int, cost: float) -> dict[str, Any]:
    return {
        "success": True,
        "order_id": order.order_id,
        "status": "processed",
        "estimated_ship_date": order.expected_ship_date.isoformat() if order.expected_ship_date else None,
        "tracking_number": f"TRK{number:012}",
        "total_amount": order.total_amount,
        "processing_time_ms": cost,
        "fraud_score": score,
    }


def fnv(text: str) -> int:
    """FNV-1a, so that the same attempts are declined everywhere."""
    found = 0xCBF29CE484222325
    for byte in text.encode():
        found = ((found ^ byte) * 0x100000001B3) % 2**64
    return found


class Payments:
    """One attempt in five is declined; what is paid is not paid again."""

    def __init__(self) -> None:
        self.attempts: Counter[str] = Counter()
        self.paid: set[str] = set()

    def charge(self, order_id: str, amount: float) -> dict[str, Any]:
        self.attempts[order_id] += 1
        attempts, repeated = self.attempts[order_id], order_id in self.paid
        if not repeated and fnv(f"{order_id}/{attempts}") % 5 == 0:
            return refused("Payment declined", attempts=attempts)
        self.paid.add(order_id)
        return {"success": True, "order_id": order_id, "amount": amount, "attempts": attempts, "repeated": repeated}


class OrderService:
    """Decides about orders and counts them."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.processed = 0
        self.failed = 0
        self.revenue = 0.0
        self.cost_ms = 0.0
        self.recent: deque[float] = deque(maxlen=10)
        self.batches = 0

    def decide(self, order: ComplexOrder) -> tuple[dict[str, Any], float]:
        """What becomes of a valid order, and what that costs in milliseconds."""
        pieces = wanted(order)
        score = fraud_score(order, self.store.score(order.customer.customer_id))
        result, cost = refusal(order, score, self.store.left(list(pieces)))
        if result is None:
            self.store.take(pieces, order.customer.customer_id, 0.3 * (order.payment.risk_score or 0.0))
            self.processed += 1
            self.revenue += order.total_amount
            cost += SAVING
            result = taken(order, score, self.processed, cost)
        else:
            self.failed += 1
        self.cost_ms += cost
        self.recent.append(cost)
        return result, cost

    def metrics(self) -> dict[str, Any]:
        seen = self.processed + self.failed
        return {
            "service_name": "order_processing_service",
            "processed_orders": self.processed,
            "failed_orders": self.failed,
            "success_rate": self.processed / seen if seen else None,
            "total_revenue": self.revenue,
            "average_processing_time_ms": self.cost_ms / seen if seen else None,
            "recent_processing_times": list(self.recent),
        }


def ingested(events: list[AnalyticsEvent], given: int) -> tuple[dict[str, Any], float]:
    """Counts analytics events that are valid, of so many that were given."""
    cost = EVENT * given
    value = sum(float(event.properties.get("value", 0)) for event in events)
    result = {
        "events_processed": len(events),
        "events_refused": given - len(events),
        "processing_time_seconds": cost / 1e3,
        "event_type_counts": dict(Counter(event.event_type for event in events)),
        "unique_users": len({event.user_id for event in events}),
        "total_value": value,
        "average_value": value / len(events) if events else None,
    }
    return result, cost


def worked_through(request: BatchProcessingRequest) -> tuple[dict[str, Any], float]:
    """Works through a large batch."""
    cost = BATCH_ITEM * len(request.items)
    result = {
        "batch_id": request.batch_id,
        "operation_type": request.operation_type,
        "total_items": len(request.items),
        "processed_items": len(request.items),
        "failed_items": 0,
    }
    return result, cost
