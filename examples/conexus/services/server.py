"""A server of Conexus's four tools, made with the protocol's official SDK: `server.py PORT` prints `ready` when it listens.

It searches real files: those of the folder named by ROOT (the folder of this example without it), cut into pieces of some lines, by
how many of the words asked for each holds. Nothing is made up, and nothing sleeps.
"""

import os
import re
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from mcp.server import MCPServer
from starlette.requests import Request
from starlette.responses import JSONResponse

ROOT = Path(os.environ.get("ROOT", Path(__file__).parent.parent))
SUFFIXES = (".md", ".yaml", ".js", ".py", ".sh")
LINES = 12

server = MCPServer("conexus", log_level="ERROR")
connectors: dict[str, str] = {}
calls = 0

class Index:
    """Pieces of files with the words in each."""

    def __init__(self):
        self.running, self.revision, self.pieces = True, 0, []
        self.fill()

    def fill(self):
        pieces = []
        for path in sorted(ROOT.rglob("*")):
            if path.suffix not in SUFFIXES or ".venv" in path.parts:
                continue
            lines = path.read_text(errors="replace").splitlines()
            for at in range(0, len(lines), LINES):
                text = "\n".join(lines[at : at + LINES])
                pieces.append((str(path.relative_to(ROOT)), at + 1, text, frozenset(words(text))))
        self.pieces = pieces
        self.revision += 1

def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())

index = Index()

def found(asked: list[str], most: int, offset: int = 0) -> dict[str, Any]:
    global calls
    calls += 1
    wanted = set(asked)
    scored = [(len(wanted & has), path, line, text) for path, line, text, has in index.pieces]
    scored = sorted((one for one in scored if one[0]), key=lambda one: (-one[0], one[1], one[2]))
    shown = [
        {"file_path": path, "line": line, "score": score, "content": text}
        for score, path, line, text in scored[offset : offset + most]
    ]
    return {"results": shown, "total": len(scored)}

@server.custom_route("/health", methods=["GET"])
async def health(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "healthy", "version": "1"})

@server.custom_route("/stats", methods=["GET"])
async def stats(_request: Request) -> JSONResponse:
    return JSONResponse({"calls": calls, "documents": len(index.pieces)})

@server.tool(name="context.search")
def search(query: str, top_k: int = 20, offset: int = 0) -> dict[str, Any]:
    """Finds pieces of files by the words they hold."""
    if not 1 <= top_k <= 100:
        raise ValueError("top_k lies between 1 and 100")
    return found(words(query), top_k, offset)

@server.tool(name="context.get_related_info")
def related(file_path: str | None = None, ticket_id: str | None = None) -> dict[str, Any]:
    """Finds pieces that have to do with a file or a ticket."""
    named = file_path or ticket_id
    if not named:
        raise ValueError("one of file_path and ticket_id is needed")
    return found(words(named), 20)

@server.tool(name="context.index_control")
def index_control(action: str, paths: list[str] | None = None) -> dict[str, Any]:
    """Looks after the index: start, stop, status, force_reindex, reindex_paths."""
    if action in ("start", "stop"):
        index.running = action == "start"
    elif action in ("force_reindex", "reindex_paths"):
        index.fill()
    elif action != "status":
        raise ValueError("action is one of start, stop, status, force_reindex, reindex_paths")
    status = "running" if index.running else "stopped"
    return {"status": status, "documents": len(index.pieces), "revision": index.revision}

@server.tool(name="context.connector_management")
def connector_management(action: str, name: str | None = None, kind: str = "file") -> dict[str, Any]:
    """Looks after connectors: list, add, update, remove."""
    if action != "list" and not name:
        raise ValueError("name is needed")
    if action in ("update", "remove") and name not in connectors:
        raise ValueError(f"no connector is called {name}")
    if action == "remove":
        del connectors[name]
    elif action in ("add", "update"):
        connectors[name] = kind
    elif action != "list":
        raise ValueError("action is one of list, add, update, remove")
    return {"connectors": [{"name": name, "kind": kind} for name, kind in connectors.items()]}

def tell(port: int):
    """Says that it can be used once it listens."""
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                print("ready", flush=True)
                return
        time.sleep(0.05)

port = int(sys.argv[1])
threading.Thread(target=tell, args=(port,), daemon=True).start()
server.run("streamable-http", host="127.0.0.1", port=port)
