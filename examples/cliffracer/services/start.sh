#!/bin/sh
# Starts the real services with their brokers on this machine, says `ready` when all of them answer, and stops everything it started
# when it is told to end (SIGTERM, SIGINT).
#
#   services/start.sh [nats] [http-redis] [http-rabbitmq]       without a name: all three
#
# Needs Python 3.12 or newer (PYTHON=... says which), and of nats-server, redis-server and rabbitmq-server those that are asked for.
# COSTS=1 lets the services sleep as the original does. MAX_PAYLOAD (bytes) is NATS's limit for a message. Ports are those below.
set -eu

# The first core is left to whoever sends the load.
if [ -z "${PINNED:-}" ] && [ "$(nproc)" -gt 1 ] && command -v taskset >/dev/null; then
    PINNED=1 exec taskset -c "1-$(($(nproc) - 1))" "$0" "$@"
fi

here=$(cd "$(dirname "$0")" && pwd)
: "${NATS_PORT:=4222}" "${REDIS_PORT:=6390}" "${AMQP_PORT:=5690}" "${REDIS_HTTP_PORT:=8101}" "${RABBIT_HTTP_PORT:=8102}" "${HEALTH_PORT:=8103}"
: "${MAX_PAYLOAD:=1048576}" "${COSTS:=0}"
export COSTS PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$here"
[ $# -gt 0 ] || set -- nats http-redis http-rabbitmq

place=$(mktemp -d "${TMPDIR:-/tmp}/cliffracer.XXXXXX")
started=""

end() {
    trap - EXIT INT TERM
    # Last started, first stopped: services before their brokers.
    for one in $started; do kill "$one" 2>/dev/null || true; done
    for one in $started; do wait "$one" 2>/dev/null || true; done
    [ -z "${names:-}" ] || ERL_EPMD_PORT=$names epmd -kill >/dev/null 2>&1 || true
    rm -rf "$place"
    exit "${1:-0}"
}
trap 'end $?' EXIT
trap 'end 0' INT TERM

fail() { echo "start.sh: $1" >&2; exit 1; }

run() { # NAME COMMAND...: in the background, with a log
    name=$1
    shift
    "$@" >"$place/$name.log" 2>&1 &
    started="$! $started"
    last=$!
}

wait_for() { # NAME CONDITION...: until it holds
    name=$1
    shift
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if ! kill -0 "$last" 2>/dev/null || [ $tries -gt 300 ]; then
            tail -n 20 "$place/$name.log" >&2
            fail "$name did not start"
        fi
        sleep 0.1
    done
}

needs() { command -v "$1" >/dev/null || [ -x "$1" ] || fail "$1 is missing; the package $2 has it"; }

listens() { "$python" -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$1"; }

# Somebody else's server would answer in place of ours.
free() { ! listens "$1" 2>/dev/null || fail "port $1 is taken; its variable at the head of this script names another"; }

healthy() { "$python" -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=1)' "http://127.0.0.1:$1/health"; }

subscribed() { # SUBJECT: somebody answers over NATS
    "$python" -c '
import asyncio, nats, sys
async def main():
    client = await nats.connect(sys.argv[1])
    await client.request(sys.argv[2], b"", timeout=1)
    await client.close()
asyncio.run(main())' "nats://127.0.0.1:$NATS_PORT" "$1"
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; }

# An environment of its own, made on first use; another set of packages is another environment.
environment() {
    found=""
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python3; do
        if new_enough "$candidate"; then found=$candidate && break; fi
    done
    [ -n "$found" ] || fail "Python 3.12 or newer is missing; PYTHON=/path/to/python3 says where it is"
    venv="${CLIFFRACER_VENV:-${TMPDIR:-/tmp}/cliffracer-venv-$(id -u)-$(cksum <"$here/requirements.txt" | cut -d' ' -f1)}"
    if [ ! -e "$venv/complete" ]; then
        "$found" -m venv --clear "$venv" || fail "python -m venv failed"
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2 || fail "pip install failed"
        : >"$venv/complete"
    fi
    python="$venv/bin/python"
}

start_nats() {
    needs nats-server nats-server
    free "$NATS_PORT"
    free "$HEALTH_PORT"
    cat >"$place/nats.conf" <<END
listen: 127.0.0.1:$NATS_PORT
max_payload: $MAX_PAYLOAD
END
    run nats-server nats-server -c "$place/nats.conf"
    wait_for nats-server listens "$NATS_PORT"
    run cliffracer env NATS_URL="nats://127.0.0.1:$NATS_PORT" HEALTH_PORT="$HEALTH_PORT" "$python" "$here/rpc_service.py"
    wait_for cliffracer subscribed order_processing_service.describe
    run simple env NATS_URL="nats://127.0.0.1:$NATS_PORT" "$python" "$here/simple_service.py"
    wait_for simple subscribed test.ping
}

start_http_redis() {
    needs redis-server redis-server
    free "$REDIS_PORT"
    free "$REDIS_HTTP_PORT"
    run redis-server redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --save "" --appendonly no --dir "$place"
    wait_for redis-server listens "$REDIS_PORT"
    run fastapi env REDIS_URL="redis://127.0.0.1:$REDIS_PORT/0" "$python" -m uvicorn --app-dir "$here" --host 127.0.0.1 \
        --port "$REDIS_HTTP_PORT" --log-level error --no-access-log http_redis:app
    wait_for fastapi healthy "$REDIS_HTTP_PORT"
}

start_http_rabbitmq() {
    # Debian's command in the path changes users; the program behind it does not.
    rabbit=/usr/lib/rabbitmq/bin/rabbitmq-server
    [ -x $rabbit ] || rabbit=rabbitmq-server
    needs $rabbit rabbitmq-server
    free "$AMQP_PORT"
    free "$RABBIT_HTTP_PORT"
    names=$((AMQP_PORT + 1))
    echo "[]." >"$place/plugins"
    : >"$place/rabbit.conf"
    run rabbitmq-server env HOME="$place" RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODENAME="cliffracer$AMQP_PORT@localhost" \
        RABBITMQ_MNESIA_BASE="$place/data" RABBITMQ_LOG_BASE="$place/logs" RABBITMQ_PID_FILE="$place/pid" \
        RABBITMQ_ENABLED_PLUGINS_FILE="$place/plugins" RABBITMQ_CONFIG_FILE="$place/rabbit.conf" RABBITMQ_NODE_PORT="$AMQP_PORT" \
        RABBITMQ_DIST_PORT=$((AMQP_PORT + 2)) ERL_EPMD_PORT=$names ERL_EPMD_ADDRESS=127.0.0.1 $rabbit
    wait_for rabbitmq-server listens "$AMQP_PORT"
    url="amqp://guest:guest@127.0.0.1:$AMQP_PORT/%2F"
    run worker env AMQP_URL="$url" "$python" "$here/http_rabbitmq.py" worker
    run flask env AMQP_URL="$url" "$python" -m gunicorn --chdir "$here" --bind "127.0.0.1:$RABBIT_HTTP_PORT" --workers 1 --threads 32 \
        --keep-alive 60 --worker-tmp-dir "$place" --log-level error http_rabbitmq:app
    wait_for flask healthy "$RABBIT_HTTP_PORT"
}

environment
for arm in "$@"; do
    case $arm in
    nats) start_nats ;;
    http-redis) start_http_redis ;;
    http-rabbitmq) start_http_rabbitmq ;;
    *) fail "\`$arm\` is none of nats, http-redis and http-rabbitmq" ;;
    esac
done
echo ready
# Until somebody ends it, or something it started ends by itself.
while :; do
    for one in $started; do kill -0 "$one" 2>/dev/null || fail "a service has ended by itself; see what it said above"; done
    sleep 1 &
    wait $! || true
done
