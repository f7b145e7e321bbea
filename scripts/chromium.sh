#!/bin/sh
# Prints the path of a Chromium that runs, installing Debian's if there is none; what it has to say goes to standard error.
# $1: a browser to use instead of searching.
say() { printf '%s\n' "$*" >&2; }

runs() { "$1" --version >/dev/null 2>&1; } # Ubuntu's chromium-browser may be a stub that only names a snap

find_browser() {
    for name in chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Chromium.app/Contents/MacOS/Chromium" \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        path=$(command -v "$name") && runs "$path" && printf '%s\n' "$path" && return
    done
    return 1
}

if [ -n "${1-}" ]; then
    path=$(command -v "$1") && runs "$path" && printf '%s\n' "$path" && exit
    say "CHROMIUM=$1 does not run; searching for another."
fi
find_browser && exit

as_root=
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get >/dev/null && $as_root true 2>/dev/null; then
    say "Installing Chromium from the system's packages, for the browser tests."
    log=${TMPDIR:-/tmp}/macrid-chromium.$$.log
    apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1; }
    apt update
    if apt install --no-install-recommends chromium fonts-liberation && find_browser; then
        rm -f "$log"
        exit
    fi
    say "Chromium could not be installed: $(grep '^E:' "$log" | head -n 1) (details: $log)"
fi
say "No Chromium: the browser tests are skipped. Install Chromium or Chrome, or name one: make test CHROMIUM=/path/to/chromium"
exit 1
