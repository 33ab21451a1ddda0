#!/bin/sh
# Starts the built-in server of tools in a process of its own, and prints `ready`; SIGTERM stops it.
set -eu

# The first core is left to whoever sends the load.
if [ -z "${PINNED:-}" ] && [ "$(nproc)" -gt 1 ] && command -v taskset >/dev/null; then
  PINNED=1 exec taskset -c "1-$(($(nproc) - 1))" "$0" "$@"
fi

log=$(mktemp)
"${PLIMSOLL:-plimsoll}" target mcp --port "${PORT:-18320}" >"$log" 2>&1 &
child=$!
trap 'kill "$child" 2>/dev/null; wait "$child"; rm -f "$log"; exit 0' TERM INT
until grep -q "listens on" "$log"; do
  kill -0 "$child" 2>/dev/null || { cat "$log"; rm -f "$log"; exit 1; }
  sleep 0.05
done
echo ready
wait "$child"
