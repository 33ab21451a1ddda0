#!/bin/sh
# The built-in assistant in a process of its own, for what is watched from outside. Prints `ready` when it answers, and stops it when it
# is told to (SIGTERM, SIGINT). ASSISTANT_PORT chooses another port; PLIMSOLL is the program, if it is not in the path.
set -eu

# The first core is left to whoever sends the load.
if [ -z "${PINNED:-}" ] && [ "$(nproc)" -gt 1 ] && command -v taskset >/dev/null; then
  PINNED=1 exec taskset -c "1-$(($(nproc) - 1))" "$0" "$@"
fi

port=${ASSISTANT_PORT:-18080}
out=$(mktemp)
assistant=
stop() {
  trap - EXIT TERM INT
  # One that is gone already is what is wanted.
  [ -z "$assistant" ] || kill -INT "$assistant" 2>/dev/null || true
  wait
  rm -f "$out"
}
trap stop EXIT
trap 'stop; exit 0' TERM INT

"${PLIMSOLL:-plimsoll}" target chat --port "$port" >"$out" &
assistant=$!
until grep -q "listens on" "$out"; do
  kill -0 "$assistant" 2>/dev/null || exit 1
  sleep 0.1
done
echo ready
wait
