#!/usr/bin/env bash
# What the tests need from the system: a Chromium for the pages, strace for the proofs that nothing leaves the
# machine and that a kill at any write loses nothing, a redis-server for the shared cache of query vectors.
set -euo pipefail

has() { command -v "$1" >/dev/null 2>&1; }

has_browser() {
    has chromium || has chromium-browser || has google-chrome || has google-chrome-stable ||
        [ -x "${CHROMIUM:-}" ] || compgen -G "${HOME}/.cache/ms-playwright/chromium-*" >/dev/null
}

missing=()
has_browser || missing+=(chromium fonts-dejavu-core)
has strace || missing+=(strace)
has redis-server || missing+=(redis-server)
[ ${#missing[@]} -eq 0 ] && exit 0

if has apt-get && [ "$(id -u)" -eq 0 ]; then
    echo "Installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null >/dev/null || true
    apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null || true
fi

if ! has_browser; then
    echo "Fetching a Chromium for the browser tests"
    .venv/bin/python -m playwright install chromium </dev/null || {
        echo "No browser could be installed. Do it by hand, then run make again:" >&2
        echo "    sudo apt-get install chromium        (Debian; elsewhere: your package manager)" >&2
        echo "or set CHROMIUM to the path of a Chromium or Chrome." >&2
        exit 1
    }
fi

has strace || echo "Note: no strace; the tests of write points fail, the egress test falls back to a Python audit hook. To install it: sudo apt-get install strace"
has redis-server || echo "Note: no redis-server; the tests of the shared cache fail. To install it: sudo apt-get install redis-server"
