#!/usr/bin/env bash
# Sets up what the bench scope `peers` compares with, below this folder: installs Aztec's packages, and, where this
# machine's glibc is older than their native module needs, unpacks a newer Debian's libc6, libstdc++6 and libgcc-s1 into
# .runtime/ and puts a copy of node there that patchelf makes run on them. Nothing outside this folder changes. Can be run again.
# Needs npm, and for the second part apt-get and dpkg-deb: a Debian, whose mirror it asks.
set -euo pipefail
cd "$(dirname "$0")"

readonly WANTED_GLIBC=2.38 SUITE=trixie RUNTIME="$PWD/.runtime"
# A node that patchelf 0.18 of the newer suite has changed crashes; 0.14 of this one does it right.
readonly PATCHELF_SUITE=bookworm

say() { echo "peers: $*"; }

install_packages() {
  say 'installing the locked packages (about 750 MB)'
  # Not `npm ci`: it refuses a lock without packages for other platforms that a registry may not have.
  npm install --no-save --ignore-scripts --no-audit --no-fund
}

# Whether this node's glibc is new enough: it says itself which one it runs on.
is_new_enough() {
  "$1" -e '
    const found = process.report.getReport().header.glibcVersionRuntime?.split(".").map(Number);
    const wanted = process.argv[1].split(".").map(Number);
    process.exit(found !== undefined && (found[0] > wanted[0] || (found[0] === wanted[0] && found[1] >= wanted[1])) ? 0 : 1);
  ' "$WANTED_GLIBC"
}

# apt, on lists and a cache of its own: it checks the signature of the suite, and by that each package.
newer_apt() {
  local apt="$RUNTIME/apt"
  apt-get -q -o Dir::State="$apt" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::sourcelist="$apt/sources.list" -o APT::Sandbox::User= "$@"
}

fetch_libraries() {
  local mirror
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' | head -n 1)
  # Before the first `apt-get update` apt knows of no origins.
  mirror=${mirror:-$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m 1 '/debian$' || true)}
  [ -n "$mirror" ] || { say "no Debian mirror among apt's sources: cannot fetch a newer libc6"; return 1; }
  say "fetching libc6, libstdc++6 and libgcc-s1 of $SUITE, and patchelf, from this machine's Debian mirror"
  mkdir -p "$RUNTIME/apt/lists/partial" "$RUNTIME/apt/archives/partial" "$RUNTIME/packages"
  : >"$RUNTIME/apt/status"
  for suite in "$SUITE" "$PATCHELF_SUITE"; do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
  done >"$RUNTIME/apt/sources.list"
  newer_apt update
  (cd "$RUNTIME/packages" && newer_apt download libc6 libstdc++6 libgcc-s1 "patchelf/$PATCHELF_SUITE")
  for package in "$RUNTIME"/packages/*.deb; do dpkg-deb -x "$package" "$RUNTIME"; done
  rm -r "$RUNTIME/apt" "$RUNTIME/packages"
}

# A copy, so that it alone is changed. Its libraries are those of the modules that it loads.
patch_node() {
  local libraries loader
  loader=$(find "$RUNTIME/usr/lib" -name 'ld-linux*' -type f | head -n 1)
  libraries=$(dirname "$loader")
  say 'making a copy of node that runs on them'
  cp "$(node -p process.execPath)" "$RUNTIME/node.new"
  "$RUNTIME/usr/bin/patchelf" --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$RUNTIME/node.new"
  mv "$RUNTIME/node.new" "$RUNTIME/node"
}

install_packages
if is_new_enough node; then
  say "this machine's glibc will do"
elif [ -x "$RUNTIME/node" ] && [ "$("$RUNTIME/node" --version)" = "$(node --version)" ] && is_new_enough "$RUNTIME/node"; then
  say 'the copy of node is there already'
else
  rm -rf "$RUNTIME"
  fetch_libraries
  patch_node
  is_new_enough "$RUNTIME/node" || { say 'the copy of node does not run on the newer glibc'; exit 1; }
fi
say 'ready: npm run bench -- peers'
