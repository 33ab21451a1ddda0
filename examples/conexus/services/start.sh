#!/bin/sh
# Starts the server of tools (server.py, with the official SDK) and prints `ready`; SIGTERM stops it.
set -eu

# The first core is left to whoever sends the load.
if [ -z "${PINNED:-}" ] && [ "$(nproc)" -gt 1 ] && command -v taskset >/dev/null; then
  PINNED=1 exec taskset -c "1-$(($(nproc) - 1))" "$0" "$@"
fi

here=$(cd "$(dirname "$0")" && pwd)
environment=${ENVIRONMENT:-$here/.venv}
if [ ! -e "$environment/complete" ]; then
  python3 -m venv "$environment"
  "$environment/bin/pip" install -q -r "$here/requirements.txt"
  touch "$environment/complete"
fi
exec "$environment/bin/python" "$here/server.py" "${PORT:-18340}"
