#!/usr/bin/env bash
# Unpacks MySQL of Debian's unstable suite, with every library it needs, into a folder. Called by install.sh.
#   unpack-mysql.sh FOLDER
# apt works on a configuration, state and cache of its own, with no package installed: so it resolves the whole
# closure, libc included, and never looks at or changes the host's packages. Signatures are checked as ever.
set -euo pipefail
root=$1
work=$root.work

# "URI keyring" of the mirror that serves this release's main suite, from the machine's own apt sources.
find_mirror() {
  local suite
  # shellcheck source=/dev/null
  suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-none}")
  { cat /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } | awk -v suite="$suite" '
    function flush() { if (enabled && (" " suites " ") ~ (" " suite " ") && types ~ /(^| )deb( |$)/) print uri, key
                       uri = suites = types = key = ""; enabled = 1 }
    BEGIN { enabled = 1 }
    /^[[:space:]]*$/ { flush(); next }
    /^#/ { next }
    { value = $0; sub(/^[^:]*:[[:space:]]*/, "", value) }
    /^URIs:/ { split(value, uris, " "); uri = uris[1] }
    /^Suites:/ { suites = value }
    /^Types:/ { types = value }
    /^Signed-By:/ { key = value }
    /^Enabled:[[:space:]]*(no|false|0)/ { enabled = 0 }
    END { flush() }'
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } | awk -v suite="$suite" '
    $1 == "deb" { key = ""
                  if (match($0, /signed-by=[^] ]+/)) key = substr($0, RSTART + 10, RLENGTH - 10)
                  sub(/\[[^]]*\] */, "")
                  if ($3 == suite) print $2, key }'
}

configure_apt() {
  local mirror keyring
  read -r mirror keyring < <(find_mirror) || { echo "no apt source for this release found" >&2; return 1; }
  [[ $keyring == /* ]] || keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  mkdir -p "$work"/etc/{apt.conf.d,preferences.d,sources.list.d,trusted.gpg.d} \
    "$work"/state/lists/partial "$work"/cache/archives/partial
  : >"$work/state/status"
  echo "deb [signed-by=$keyring] $mirror sid main" >"$work/etc/sources.list"
  {
    # A proxy is the one thing of the machine's configuration that is needed here.
    apt-config dump | grep -iE '^Acquire::(http|https)::Proxy' || true
    cat <<CONF
Dir::Etc "$work/etc";
Dir::State "$work/state";
Dir::State::status "$work/state/status";
Dir::Cache "$work/cache";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "2";
APT::Update::Error-Mode "any";
APT::Install-Recommends "false";
CONF
  } >"$work/apt.conf"
  export APT_CONFIG=$work/apt.conf DEBIAN_FRONTEND=noninteractive
}

unpack() {
  local package
  # /bin, /lib ... are links into /usr, as on every Debian since 12; a package must not replace one by a folder.
  mkdir -p "$work"/root/usr/{bin,sbin,lib,lib64}
  for package in bin sbin lib lib64; do ln -s "usr/$package" "$work/root/$package"; done
  for package in "$work"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink --no-same-owner -C "$work/root"
  done
}

trap 'rm -rf "$work"' EXIT
rm -rf "$work" "$root"
configure_apt
apt-get update -qq
apt-get install -y -qq --download-only mysql-server-core mysql-client-core
unpack
[[ -x $work/root/usr/sbin/mysqld ]] || { echo "the packages hold no mysqld" >&2; exit 1; }
touch "$work/root/.complete"
mv "$work/root" "$root"
