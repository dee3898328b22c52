#!/usr/bin/env bash
# Installs the browser that the tests open pages in: Debian's chromium, if none is there. Prints its path.
set -euo pipefail

say() { echo "$*" >&2; }

if ! command -v chromium >/dev/null; then
  ((EUID == 0)) || { say "installing chromium needs root"; exit 1; }
  command -v apt-get >/dev/null || { say "no apt-get here: install chromium by this system's own means"; exit 1; }
  say "installing chromium"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2
  apt-get install -y -qq --no-install-recommends --no-remove chromium fonts-dejavu-core >&2
fi
command -v chromium
