#!/usr/bin/env bash
# Make or update the virtual environment: tools/setup.sh VENV EXTRAS [PYTHON]
#
# Finds a Python 3.11 or newer, makes VENV with it, and installs this checkout with EXTRAS (comma separated).
# Uses uv where PyPI gives it, since it is several times faster, and pip where it does not.
set -euo pipefail

venv=$1
extras=$2
wanted=${3:-}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

new_enough() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
  if [ -n "$wanted" ]; then
    new_enough "$wanted" || die "PYTHON=$wanted is not Python 3.11 or newer: name one that is."
    printf '%s\n' "$wanted"
    return
  fi
  local candidate
  for candidate in python3 python3.13 python3.12 python3.11 python3.14 "$HOME"/.pyenv/versions/3.1[1-9]*/bin/python3; do
    if new_enough "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  die 'no Python 3.11 or newer found: install one, or name it with "make PYTHON=/path/to/python3 ...".'
}

apt() {
  if [ "$(id -u)" = 0 ]; then
    DEBIAN_FRONTEND=noninteractive apt-get "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo DEBIAN_FRONTEND=noninteractive apt-get "$@"
  else
    return 1
  fi
}

make_venv() {
  local python=$1 version
  if "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 && "$python" -m venv "$venv"; then
    return
  fi
  rm -rf "$venv"
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  say "$python cannot make virtual environments (Debian keeps that apart); installing python$version-venv"
  command -v apt-get >/dev/null || die "$python has no ensurepip, and there is no apt-get here to install it with."
  { apt update -qq && apt install -y -qq "python$version-venv"; } >&2 ||
    die "could not install it: run \"sudo apt-get install python$version-venv\" yourself, then make again."
  "$python" -m venv "$venv" || die "$python still cannot make a virtual environment."
}

install() {
  if [ ! -x "$venv/bin/uv" ]; then
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check uv ||
      say 'no uv here; installing with pip, which takes a few minutes'
  fi
  if [ -x "$venv/bin/uv" ]; then
    "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" -e "$root[$extras]" && return
    say 'uv could not install; trying pip'
  fi
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -e "$root[$extras]"
}

if [ ! -x "$venv/bin/python" ]; then
  python=$(find_python)
  say "making $venv with $("$python" -V) ($python)"
  make_venv "$python"
fi
say "installing jupyter_flows[$extras] into $venv"
install
