#!/bin/sh
# PostgreSQL and Redis for the variant `real` of the suite: on the loopback interface, with everything they write in a directory that is
# gone afterwards. Prints `ready` when both answer, and stops both when it is told to (SIGTERM, SIGINT). POSTGRES_PORT and REDIS_PORT
# choose other ports; then `-e DB=... -e REDIS=...` have to name them, too.
set -eu

# The first core is left to whoever sends the load.
if [ -z "${PINNED:-}" ] && [ "$(nproc)" -gt 1 ] && command -v taskset >/dev/null; then
  PINNED=1 exec taskset -c "1-$(($(nproc) - 1))" "$0" "$@"
fi

POSTGRES_PORT=${POSTGRES_PORT:-54329}
REDIS_PORT=${REDIS_PORT:-63799}

missing() {
  echo "$1 is missing: apt-get install $2" >&2
  exit 1
}

command -v redis-server >/dev/null || missing redis-server redis-server
command -v redis-cli >/dev/null || missing redis-cli redis-tools
# Debian keeps the server's programs out of the path, in a directory for every version: the newest is taken.
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "$bin" ]; then
  command -v initdb >/dev/null || missing initdb postgresql
  bin=$(dirname "$(command -v initdb)")
fi

dir=$(mktemp -d)
chmod 755 "$dir"
mkdir "$dir/postgres" "$dir/redis"
# PostgreSQL refuses to run as root.
as=
if [ "$(id -u)" = 0 ]; then
  chown postgres "$dir/postgres"
  as="setpriv --reuid postgres --regid postgres --init-groups"
fi

postgres= redis=
stop() {
  trap - EXIT TERM INT
  for process in $redis $postgres; do
    # One that is gone already is what is wanted. PostgreSQL takes an interrupt for: at once, and orderly.
    kill -INT "$process" 2>/dev/null || true
  done
  wait
  rm -rf "$dir"
}
trap stop EXIT
trap 'stop; exit 0' TERM INT

$as "$bin/initdb" --pgdata "$dir/postgres/data" --username postgres --auth trust --no-sync >"$dir/initdb.log" 2>&1 ||
  { cat "$dir/initdb.log" >&2; exit 1; }
$as "$bin/postgres" -D "$dir/postgres/data" -c listen_addresses=127.0.0.1 -c "port=$POSTGRES_PORT" \
  -c "unix_socket_directories=$dir/postgres" -c max_connections=100 -c fsync=off >"$dir/postgres.log" 2>&1 &
postgres=$!
redis-server --bind 127.0.0.1 --port "$REDIS_PORT" --save "" --appendonly no --dir "$dir/redis" >"$dir/redis.log" 2>&1 &
redis=$!

# Both are asked until they answer; one that has ended will not, whoever else answers in its place.
while :; do
  kill -0 "$postgres" 2>/dev/null || { cat "$dir/postgres.log" >&2; exit 1; }
  kill -0 "$redis" 2>/dev/null || { cat "$dir/redis.log" >&2; exit 1; }
  if grep -q "ready to accept connections" "$dir/postgres.log" && grep -qi "ready to accept connections" "$dir/redis.log"; then break; fi
  sleep 0.1
done
echo ready
wait
