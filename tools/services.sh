#!/usr/bin/env bash
# Install the services that tests start by themselves: tools/services.sh
#
# A Docker Engine and an image registry, from Debian's or Ubuntu's own packages. Tests start each with folders of its
# own and stop it by its pid; an engine that runs on the machine already is left alone.
set -euo pipefail

say() { printf 'services: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

apt() {
  if [ "$(id -u)" = 0 ]; then
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@"
  else
    die "only root can install $missing: run \"sudo apt-get install $missing\" yourself."
  fi
}

missing=
command -v dockerd >/dev/null || [ -x /usr/sbin/dockerd ] || missing="$missing docker.io"
command -v docker-registry >/dev/null || missing="$missing docker-registry"
missing=${missing# }
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null || die "there is no apt-get here to install $missing with: install them yourself."
say "installing $missing"
# shellcheck disable=SC2086 # one word a package
apt install -y -qq $missing >&2 || {
  apt update -qq >&2
  # shellcheck disable=SC2086
  apt install -y -qq $missing >&2
} || die "could not install $missing: the tests that need it will fail, and say so."
