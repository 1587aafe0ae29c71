#!/usr/bin/env bash
# pg-up.sh DIR PORT - throwaway PostgreSQL cluster, no systemd. Works as root (drops to PGUSER_OS, default postgres) or as any user.
#   unix socket in DIR/sock (path must stay under 108 bytes), TCP on 127.0.0.1:PORT only if TCP=1.
#   FSYNC=on|off (default on), PG_EXTRA="-c k=v ..." ; superuser "archive", trust on the socket (dir mode 0700), scram over TCP.
set -euo pipefail
DIR=$(realpath -m "${1:?usage: pg-up.sh DIR PORT}"); PORT=${2:?}; FSYNC=${FSYNC:-on}; OSU=${PGUSER_OS:-postgres}
BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true); BIN=${BIN:-$(dirname "$(command -v pg_ctl || true)")}; [ -x "$BIN/pg_ctl" ] || { echo "pg-up: apt-get install -y --no-install-recommends postgresql" >&2; exit 3; }
AS=(); if [ "$(id -u)" = 0 ]; then AS=(setpriv --reuid="$OSU" --regid="$OSU" --init-groups --reset-env env LC_ALL=C.UTF-8 PATH="$PATH"); fi
T0=$(date +%s%N); say(){ echo "[$(( ($(date +%s%N)-T0)/1000000 )) ms] $*" >&2; }
mkdir -p "$DIR"; [ "$(id -u)" = 0 ] && chown "$OSU": "$DIR"; cd "$DIR"
if [ ! -f "$DIR/data/PG_VERSION" ]; then
  (umask 077; echo "${PGPASSWORD:-archivesecret}" > "$DIR/pw"); [ "$(id -u)" = 0 ] && chown "$OSU" "$DIR/pw"
  # --no-sync: initdb's own fsyncs are skipped, the server still fsyncs everything written later
  "${AS[@]}" "$BIN/initdb" -D "$DIR/data" -U archive --auth-local=trust --auth-host=scram-sha-256 --pwfile="$DIR/pw" --no-sync -E UTF8 --locale=C.UTF-8 >"$DIR/initdb.log" 2>&1 || { cat "$DIR/initdb.log" >&2; exit 1; }
  "${AS[@]}" mkdir -p -m 700 "$DIR/sock"; say "initdb done"
fi
# after a kill -9 the old postmaster may still be a zombie (or its children alive) and holds postmaster.pid
if [ -f "$DIR/data/postmaster.pid" ]; then P=$(head -n 1 "$DIR/data/postmaster.pid")
  for _ in $(seq 100); do
    [ -d "/proc/$P" ] || break
    grep -q '^State:.*Z' "/proc/$P/status" 2>/dev/null || { say "already running, pid $P"; break; }
    sleep .1
  done
fi
LISTEN=; [ "${TCP:-1}" = 1 ] && LISTEN=127.0.0.1
"${AS[@]}" "$BIN/pg_ctl" -D "$DIR/data" -l "$DIR/pg.log" -w -t 60 -o "-p $PORT -k $DIR/sock -c listen_addresses='$LISTEN' -c fsync=$FSYNC -c shared_buffers=256MB -c max_wal_size=2GB -c max_connections=100 ${PG_EXTRA:-}" start >/dev/null || { tail -n 20 "$DIR/pg.log" >&2; exit 1; }
say "postgres answers, pid $(head -n 1 "$DIR/data/postmaster.pid")"
printf 'PGHOST=%s\nPGPORT=%s\nPGUSER=archive\nPG_TCP_URL=postgres://archive:%s@127.0.0.1:%s/postgres\n' "$DIR/sock" "$PORT" "$(cat "$DIR/pw")" "$PORT"
