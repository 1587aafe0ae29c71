#!/usr/bin/env bash
# pg-down.sh DIR [--purge] [--now]
set -u
DIR=$(realpath -m "${1:?}"); BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1); BIN=${BIN:-$(dirname "$(command -v pg_ctl)")}; shift; mode=fast; purge=
for a in "$@"; do case $a in --purge) purge=1;; --now) mode=immediate;; esac; done
AS=(); [ "$(id -u)" = 0 ] && AS=(setpriv --reuid="${PGUSER_OS:-postgres}" --regid="${PGUSER_OS:-postgres}" --init-groups)
cd /; [ -f "$DIR/data/postmaster.pid" ] && "${AS[@]}" "$BIN/pg_ctl" -D "$DIR/data" -m $mode -w stop >/dev/null
[ -n "$purge" ] && rm -rf -- "$DIR"; exit 0
