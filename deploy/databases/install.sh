#!/usr/bin/env bash
# Installs the database servers that server.sh runs: what is missing, on Debian. See README.md.
#   install.sh [postgres] [mariadb] [mysql]      (default: postgres mariadb)
# Exit status: 0 all there, 1 failed, 3 MySQL cannot be had (the others can).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$here/common.sh"

policy=/usr/sbin/policy-rc.d
made_policy=false

have_postgres() { compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; }
have_mariadb() { [[ -x /usr/sbin/mariadbd ]] && command -v mariadb-install-db mariadb >/dev/null; }
have_mysql() { [[ -e $mysql_root/.complete ]]; }

main() {
  local kinds=("$@") kind packages=()
  ((${#kinds[@]})) || kinds=(postgres mariadb)
  for kind in "${kinds[@]}"; do
    case $kind in
      postgres) have_postgres || packages+=(postgresql) ;;
      mariadb) have_mariadb || packages+=(mariadb-server mariadb-client) ;;
      mysql) ;;
      *) fail "unknown database kind: $kind" ;;
    esac
  done
  ((${#packages[@]} == 0)) || install_packages "${packages[@]}"
  # Last, so that the others are there when MySQL cannot be had.
  if [[ " ${kinds[*]} " == *" mysql "* ]]; then install_mysql; fi
}

install_packages() {
  ((EUID == 0)) || fail "installing $* needs root"
  command -v apt-get >/dev/null || fail "no apt-get here: install $* by this system's own means"
  keep_services_down
  export DEBIAN_FRONTEND=noninteractive
  say "installing $*"
  # --no-remove: a server that is here already, for somebody else, stays.
  apt-get update -qq >&2
  apt-get install -y -qq --no-install-recommends --no-remove "$@" >&2
}

# Debian starts a server once its package is installed. Nobody asked for that one.
keep_services_down() {
  [[ ! -e $policy ]] || return 0
  trap 'if $made_policy; then rm -f "$policy"; fi' EXIT
  made_policy=true
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}

# Real MySQL, from Debian's unstable suite: unpacked beside the host, which stays as it is.
install_mysql() {
  ! have_mysql || return 0
  ensure_cache
  hold_lock "$cache/mysql-root.lock" 600
  ! have_mysql || return 0
  local reason=$cache/mysql-root.log
  say "installing MySQL into $mysql_root"
  if ! (set -e; unpack_mysql) >"$reason" 2>&1; then
    say "MySQL cannot be had here: $(first_complaint "$reason") ($reason)"
    exit 3
  fi
}

# apt tells the cause first, and ends with the consequence.
first_complaint() { grep -E -m 1 '^[WE]: ' "$1" || tail -n 1 "$1"; }

# A subshell of its own and never the condition's own body: there bash would ignore set -e.
unpack_mysql() {
  bash -euo pipefail "$here/unpack-mysql.sh" "$mysql_root"
}

main "$@"
