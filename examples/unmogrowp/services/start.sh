#!/bin/sh
# Starts PostgreSQL and the pipeline (pipeline.py) on fixed ports, prints `ready`, and stops both on SIGTERM.
set -eu

# The first core is left to whoever sends the load.
if [ -z "${PINNED:-}" ] && [ "$(nproc)" -gt 1 ] && command -v taskset >/dev/null; then
  PINNED=1 exec taskset -c "1-$(($(nproc) - 1))" "$0" "$@"
fi

here=$(cd "$(dirname "$0")" && pwd)
http_port=${HTTP_PORT:-18330}
db_port=${DB_PORT:-18331}
place=$(mktemp -d "${TMPDIR:-/tmp}/unmogrowp.XXXXXX")
environment=${ENVIRONMENT:-$here/.venv}

programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$programs" ] || programs=$(dirname "$(command -v postgres || echo /missing/postgres)")
[ -x "$programs/postgres" ] || { echo "PostgreSQL is missing: apt-get install postgresql" >&2; exit 1; }

# PostgreSQL refuses to run as root.
as=
if [ "$(id -u)" = 0 ]; then
  as="setpriv --reuid=postgres --regid=postgres --clear-groups"
  chown postgres "$place"
fi

if [ ! -e "$environment/complete" ]; then
  python3 -m venv "$environment"
  "$environment/bin/pip" install -q -r "$here/requirements.txt"
  touch "$environment/complete"
fi

$as "$programs/initdb" -D "$place/data" --username=pipeline --auth=trust --no-sync --encoding=UTF8 --locale=C >"$place/initdb.log"
$as "$programs/postgres" -D "$place/data" -p "$db_port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= >"$place/postgres.log" 2>&1 &
database=$!
until "$programs/pg_isready" -q -h 127.0.0.1 -p "$db_port"; do
  kill -0 "$database" 2>/dev/null || { cat "$place/postgres.log"; exit 1; }
  sleep 0.1
done

"$environment/bin/python" "$here/pipeline.py" "$http_port" "postgres://pipeline@127.0.0.1:$db_port/postgres" &
pipeline=$!

stop() {
  trap - TERM INT
  kill "$pipeline" 2>/dev/null || true
  wait "$pipeline" 2>/dev/null || true
  kill -INT "$database" 2>/dev/null || true
  wait "$database" 2>/dev/null || true
  rm -rf "$place"
  exit 0
}
trap stop TERM INT
wait "$pipeline" || { stop; }
