"""A server of tools made with the protocol's official SDK: `tools.py stdio`, or `tools.py http PORT`."""

import sys

from mcp.server import MCPServer

server = MCPServer("sdk", log_level="ERROR")


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers that are not negative."""
    if a < 0 or b < 0:
        raise ValueError("negative")
    return a + b


if sys.argv[1] == "stdio":
    server.run("stdio")
else:
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
