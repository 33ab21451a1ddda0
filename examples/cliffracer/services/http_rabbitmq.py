"""The order service over HTTP, by Flask: what is valid goes through a queue of RabbitMQ to a worker, and its answer comes back.

`python http_rabbitmq.py worker` is the worker; `app` is the front.
"""

import json
import os
import sys
import threading
import time

import pika
from flask import Flask, Response, jsonify, request
from pydantic import ValidationError

from models import ComplexOrder
from orders import Memory, OrderService, seconds

QUEUE = "orders"


def connected() -> pika.BlockingConnection:
    return pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))


class Line:
    """A thread's own connection: pika's are not to be shared."""

    def __init__(self) -> None:
        self.connection = connected()
        self.channel = self.connection.channel()
        self.channel.queue_declare(QUEUE)
        self.replies: list[bytes] = []
        self.channel.basic_consume("amq.rabbitmq.reply-to", self.heard, auto_ack=True)

    def heard(self, _channel: object, _method: object, _properties: object, body: bytes) -> None:
        self.replies.append(body)

    def ask(self, body: bytes) -> bytes:
        properties = pika.BasicProperties(reply_to="amq.rabbitmq.reply-to")
        self.channel.basic_publish("", QUEUE, body, properties)
        while not self.replies:
            self.connection.process_data_events(time_limit=1)
        return self.replies.pop()


app = Flask(__name__)
lines = threading.local()


@app.get("/health")
def health() -> Response:
    return jsonify(status="healthy")


@app.post("/orders")
def process_order() -> tuple[Response, int] | Response:
    body = request.get_data()
    try:
        ComplexOrder.model_validate_json(body)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        return jsonify(success=False, error="validation failed", details=details), 422
    if not hasattr(lines, "own"):
        lines.own = Line()
    return Response(lines.own.ask(body), mimetype="application/json")


def work() -> None:
    """Takes orders from the queue and answers them, one after the other."""
    orders = OrderService(Memory())

    def handle(channel, method, properties, body) -> None:
        result, cost = orders.decide(ComplexOrder.model_validate_json(body))
        if (pause := seconds(cost)) > 0:
            time.sleep(pause)
        channel.basic_publish("", properties.reply_to, json.dumps(result))
        channel.basic_ack(method.delivery_tag)

    channel = connected().channel()
    channel.queue_declare(QUEUE)
    channel.basic_qos(prefetch_count=32)
    channel.basic_consume(QUEUE, handle)
    channel.start_consuming()


if __name__ == "__main__" and sys.argv[1:] == ["worker"]:
    work()
