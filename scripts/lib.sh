# shellcheck shell=bash
# Shared by scripts/test and scripts/bench: what they need from Debian and PyPI. Source it.

say() { printf '\n== %s\n' "$*" >&2; }

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# need COMMAND=PACKAGE...: installs the packages whose command is missing.
need() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "installing ${missing[*]}"
  if ! command -v apt-get >/dev/null || ! as_root true 2>/dev/null; then
    die "missing, and neither root nor sudo works here to install them: ${missing[*]}"
  fi
  apt_install "${missing[@]}" || die "could not install: ${missing[*]}"
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || die "installed ${pair#*=}, yet there is no ${pair%%=*}"
  done
}

# Quiet, without questions, and no package starts a service: Postfix is run by the tests alone, on
# a configuration of their own.
apt_install() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  apt() {
    as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >/dev/null
  }
  apt update &&
    { [[ " $* " != *" postfix "* ]] || preseed_postfix; } &&
    apt install -y --no-install-recommends "$@"
)

preseed_postfix() {
  echo 'postfix postfix/main_mailer_type select No configuration' | as_root debconf-set-selections
}
