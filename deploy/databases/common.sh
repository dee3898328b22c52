# Shared by install.sh, server.sh and kinds/*.sh; sourced, never run.
# shellcheck shell=bash

cache=${COORDINATOR_CACHE:-/var/tmp/coordinator}
# shellcheck disable=SC2034  # used by those that source this
mysql_root=$cache/mysql-root

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "${0##*/}: $*"
  exit 1
}

# The cache holds what later runs execute, so it must be ours: /var/tmp is open to everybody.
ensure_cache() {
  mkdir -p "$cache"
  [[ -O $cache ]] || fail "$cache belongs to another user; set COORDINATOR_CACHE to a folder of your own"
}

# hold_lock FILE SECONDS: holds it on descriptor 9 until this shell ends.
# Whatever outlives the shell has to be started with 9>&-, or it would keep the lock.
hold_lock() {
  exec 9>"$1"
  flock -w "$2" 9 || fail "another process has held $1 for $2 s"
}
