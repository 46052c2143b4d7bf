# What the tests of this folder share; read with `.`, by bash.

say() { printf '%s\n' "== $*" >&2; }
fail() { printf '%s\n' "error: $*" >&2; exit 1; }

need() {
  for program; do
    command -v "$program" >/dev/null || fail "expected $program on the PATH; Debian's package is named likewise"
  done
}

# Starts the script again with mounts of its own where it has to change some. On a host with both versions of cgroups
# ("hybrid") crun refuses to work; without the second hierarchy it sees the first, and is content.
own_mounts() {
  mountpoint -q /sys/fs/cgroup/unified || return 0
  [ -n "${OWN_MOUNTS-}" ] || OWN_MOUNTS=1 exec unshare --mount bash "$0" "$@"
  umount /sys/fs/cgroup/unified
}

# Limits that this machine may set: podman asks for a million files otherwise, which takes a privilege.
container_limits() {
  export CONTAINERS_CONF="$work/containers.conf"
  printf '[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\n' >"$CONTAINERS_CONF"
}

# Whether a pattern is in what comes. Unlike `grep -q` it reads to the end: whoever writes is not stopped by a closed pipe.
finds() { grep "$@" >/dev/null; }

# Waits for a condition, at most so many seconds.
eventually() {
  local seconds=$1 end
  shift
  end=$((SECONDS + seconds))
  until "$@" >"$work/last" 2>&1; do
    ((SECONDS < end)) || { cat "$work/last" >&2; fail "waited $seconds s in vain for: $*"; }
    sleep 0.2
  done
}

# An entry of a folder of the system's own temporary one, which goes with the script.
work_folder() {
  work="$(mktemp -d)"
  trap 'cleanup >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
}

cleanup() { :; }
