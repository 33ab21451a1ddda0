"""ClickHouse's engine (chdb) behind its HTTP interface: queries in the address or the body, errors by status and header."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from chdb.session import Session

PASSWORD = {"default": "", "known": "secret"}
SESSION = Session()
LOCK = threading.Lock()


class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        asked = parse_qs(urlsplit(self.path).query)
        query = "\n".join(part for part in [asked.get("query", [""])[0], self.rfile.read(length).decode()] if part)
        user = self.headers.get("X-ClickHouse-User", "default")
        if PASSWORD.get(user) != self.headers.get("X-ClickHouse-Key", ""):
            return self.answer(403, 516, f"Code: 516. DB::Exception: {user}: Authentication failed".encode())
        try:
            with LOCK:
                found = SESSION.query(query, asked.get("default_format", ["TabSeparated"])[0])
            return self.answer(200, None, found.bytes() or b"")
        except Exception as error:
            text = str(error)
            code = text.removeprefix("Code: ").split(".")[0]
            return self.answer(404 if code == "60" else 400, code, text.encode())

    do_GET = do_POST

    def answer(self, status, code, body):
        self.send_response(status)
        if code is not None:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[-1])), Front).serve_forever()
