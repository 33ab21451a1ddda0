"""An ingestion pipeline of real parts: events come over HTTP, go through a Kafka-compatible broker, and are stored in PostgreSQL.

An event is accepted (202) when the broker has acknowledged it (`acks=all`), not before; a consumer group takes it from the topic and
inserts it in batches, and commits its place in the topic only when the database has it: at least once, made exactly once by the
primary key. The broker is librdkafka's own cluster for tests: real sockets, the real protocol, nothing on disk.

`pipeline.py HTTP_PORT DATABASE_URL` prints `ready`. `LOSE=7` in the environment loses every seventh event behind the broker.
"""

import json
import os
import signal
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
from confluent_kafka import Consumer, Producer

TOPIC = "events"
NEEDED = ("event_id", "app_id", "event_type", "platform", "timestamp")
PLATFORMS = ("android", "ios", "web")
LOSE = int(os.environ.get("LOSE", "0"))
STOP = threading.Event()


class Counters:
    """What every part says of itself."""

    def __init__(self):
        self.lock = threading.Lock()
        self.accepted = self.refused = self.stored = self.lost = 0

    def add(self, **more):
        with self.lock:
            for name, count in more.items():
                setattr(self, name, getattr(self, name) + count)


COUNTERS = Counters()


def wrong(event):
    """What is wrong with an event, if anything is."""
    if not isinstance(event, dict):
        return "an event is a mapping"
    for key in NEEDED:
        if not event.get(key):
            return f"{key} is missing"
    if str(event["platform"]).lower() not in PLATFORMS:
        return f"platform must be one of {', '.join(PLATFORMS)}"
    if not isinstance(event["timestamp"], int):
        return "timestamp must be a number of milliseconds since 1970"
    try:
        uuid.UUID(event["event_id"])
    except ValueError:
        return "event_id must be a UUID"
    return None


class Front(BaseHTTPRequestHandler):
    """The way in."""

    protocol_version = "HTTP/1.1"
    producer = None

    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, {"status": "healthy"})
        if self.path == "/v1/counters":
            with COUNTERS.lock:
                shown = {k: v for k, v in vars(COUNTERS).items() if k != "lock"}
            shown["waiting"] = shown["accepted"] - shown["stored"] - shown["lost"]
            return self.answer(200, shown)
        return self.answer(404, {"success": False, "error": "nothing is here"})

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        try:
            body = json.loads(self.rfile.read(length))
        except ValueError:
            return self.answer(400, {"success": False, "error": "this is not JSON"})
        is_batch = self.path.split("?")[0] == "/v1/events/batch"
        events = body.get("events", []) if is_batch else [body]
        if not 0 < len(events) <= 1000:
            return self.answer(400, {"success": False, "error": "a batch holds 1 to 1000 events"})
        problem = next(filter(None, map(wrong, events)), None)
        if problem:
            COUNTERS.add(refused=len(events))
            return self.answer(422, {"success": False, "error": problem})
        if not self.produced(events):
            return self.answer(503, {"success": False, "error": "the broker did not acknowledge"})
        COUNTERS.add(accepted=len(events))
        data = {"processed_count": len(events)} if is_batch else {"event_id": events[0]["event_id"]}
        return self.answer(202, {"success": True, "data": data})

    def produced(self, events):
        """Whether the broker has acknowledged all of them."""
        left, failed, done = [len(events)], [], threading.Event()
        lock = threading.Lock()

        def acknowledged(error, _message):
            with lock:
                left[0] -= 1
                if error:
                    failed.append(error)
                if left[0] == 0:
                    done.set()

        for event in events:
            self.producer.produce(TOPIC, json.dumps(event), key=event["event_id"], on_delivery=acknowledged)
        return done.wait(10) and not failed

    def answer(self, status, body):
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_):
        pass


def consume(brokers, database):
    """From the topic into the table: the place in the topic is committed behind the rows."""
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "store",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([TOPIC])
    seen = 0
    with psycopg.connect(database) as connection:
        while not STOP.is_set():
            messages = [m for m in consumer.consume(500, 0.05) if not m.error()]
            if not messages:
                continue
            rows = []
            for message in messages:
                seen += 1
                if LOSE and seen % LOSE == 0:
                    COUNTERS.add(lost=1)
                    continue
                event = json.loads(message.value())
                rows.append((event["event_id"], event["event_type"], event["timestamp"], json.dumps(event)))
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO events VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING", rows)
            connection.commit()
            consumer.commit(asynchronous=False)
            COUNTERS.add(stored=len(rows))
    consumer.close()


def main():
    port, database = int(sys.argv[1]), sys.argv[2]
    with psycopg.connect(database) as connection:
        connection.execute("DROP TABLE IF EXISTS events")
        connection.execute("CREATE TABLE events (event_id uuid PRIMARY KEY, event_type text, at_ms bigint, body jsonb)")
    # The cluster lives in this client; others reach it over sockets as they would any.
    host = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 3})
    listed = host.list_topics(timeout=10).brokers.values()
    brokers = ",".join(f"{broker.host}:{broker.port}" for broker in listed)
    Front.producer = Producer({"bootstrap.servers": brokers, "acks": "all", "linger.ms": 2})
    served = threading.Thread(target=deliver, args=(Front.producer,), daemon=True)
    served.start()
    store = threading.Thread(target=consume, args=(brokers, database), daemon=True)
    store.start()
    server = ThreadingHTTPServer(("127.0.0.1", port), Front)
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"kafka://{brokers}")
    print("ready", flush=True)
    server.serve_forever()
    STOP.set()
    store.join(5)


def deliver(producer):
    """Acknowledgements are told on this thread."""
    while not STOP.is_set():
        producer.poll(0.05)


main()
