#!/usr/bin/env bash
# All tests, as CI runs them, on a fresh Debian with Rust. About twenty minutes on two cores.
#
#   scripts/test.sh           installs what is missing (chromium, curl, ethtool, iproute2, mosquitto and its clients, python3-venv, tsung, wrk; websockets, paho-mqtt, pyroaring, junitparser, prometheus_client, apache-otava, slixmpp, aioxmpp, python-pptx, openpyxl and pypdf into .venv), then tests
#   scripts/test.sh --quick   installs nothing: tests that need what is missing say so, or fail where CI is set
#
# Stops at the first failure, with its exit code.
set -euo pipefail
cd "$(dirname "$0")/.."

quick=no
for argument in "$@"; do
  case "$argument" in
    --quick) quick=yes ;;
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' scripts/test.sh; exit 0 ;;
    *) echo "error: unknown argument '$argument'; there is --quick" >&2; exit 2 ;;
  esac
done

section() { printf '\n== %s\n' "$1"; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

missing=()
# need TEST PACKAGE: notes the package unless the test command succeeds.
need() {
  sh -c "$1" >/dev/null 2>&1 || missing+=("$2")
}

if [ "$quick" = no ]; then
  section "What the tests need besides Rust"
  need 'command -v chromium' chromium
  need 'command -v curl' curl
  need 'python3 -c "import ensurepip, venv"' python3-venv
  need 'command -v ip' iproute2
  need 'command -v ethtool' ethtool
  need 'command -v wrk' wrk
  need 'command -v mosquitto || test -x /usr/sbin/mosquitto' mosquitto
  need 'command -v mosquitto_pub' mosquitto-clients
  # A hundred packages with it (Erlang, gnuplot, matplotlib), 111 MB, 40 seconds.
  need 'command -v tsung' tsung
  if [ "${#missing[@]}" -gt 0 ]; then
    echo "installing: ${missing[*]}"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
  fi
  [ -x .venv/bin/python ] || python3 -m venv .venv
  # wanted MODULE VERSION: whether the virtual environment has it.
  wanted() { .venv/bin/python -c "import $1; assert $1.__version__ == '$2'" >/dev/null 2>&1; }
  wanted websockets 17.4 || .venv/bin/pip install --quiet --disable-pip-version-check 'websockets==17.4'
  wanted paho.mqtt 2.2.0 || .venv/bin/pip install --quiet --disable-pip-version-check 'paho-mqtt==2.2.0'
  wanted slixmpp 1.17.0 || .venv/bin/pip install --quiet --disable-pip-version-check 'slixmpp==1.17.0'
  # Those that do not say their version themselves.
  for package in junitparser==5.0.3 prometheus_client==0.26.0; do
    .venv/bin/python -c "from importlib.metadata import version; assert version('${package%==*}') == '${package#*==}'" >/dev/null 2>&1 ||
      .venv/bin/pip install --quiet --disable-pip-version-check "$package"
  done
  # Of Otava the analysis alone, and what that needs: its databases and services would be forty packages more. 240 MB, half a minute.
  for package in apache-otava==0.8.0 numpy==2.4.6 scipy==1.17.1; do
    .venv/bin/python -c "from importlib.metadata import version; assert version('${package%==*}') == '${package#*==}'" >/dev/null 2>&1 ||
      .venv/bin/pip install --quiet --disable-pip-version-check --no-deps "$package"
  done
  wanted pyroaring 1.2.0 || .venv/bin/pip install --quiet --disable-pip-version-check 'pyroaring==1.2.0'
  wanted pptx 1.0.2 || .venv/bin/pip install --quiet --disable-pip-version-check 'python-pptx==1.0.2'
  wanted openpyxl 3.1.5 || .venv/bin/pip install --quiet --disable-pip-version-check 'openpyxl==3.1.5'
  wanted pypdf 7.1.1 || .venv/bin/pip install --quiet --disable-pip-version-check 'pypdf==7.1.1'
  # With pytz, which it needs and does not ask for. It wants an lxml that has no build for every Python: its test says SKIPPED without it.
  wanted aioxmpp 0.13.3 || .venv/bin/pip install --quiet --disable-pip-version-check 'aioxmpp==0.13.3' pytz || echo "aioxmpp cannot be installed here" >&2
  echo "chromium, curl, ip, ethtool, wrk, tsung, mosquitto and Python with websockets, paho-mqtt, pyroaring, junitparser, prometheus_client, apache-otava, slixmpp, aioxmpp, python-pptx, openpyxl and pypdf are there"
fi
if [ -z "${PUSHBENCH_PYTHON:-}" ] && [ -x .venv/bin/python ]; then
  PUSHBENCH_PYTHON="$PWD/.venv/bin/python"
  export PUSHBENCH_PYTHON
fi
# A snapshot that differs is a failure, never a new snapshot.
export INSTA_UPDATE=no

section "Format: cargo fmt --check"
cargo fmt --check

section "Lints: cargo clippy --all-targets -- -D warnings"
cargo clippy --locked --all-targets -- -D warnings

section "Tests: cargo test --locked"
cargo test --locked

section "Documentation: cargo doc --no-deps, warnings are errors"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

section "Smoke run: scenarios/ci-smoke.toml keeps its budgets, and its counts are those of ci/base"
# The binary that the tests have built: another build would compile every dependency once more.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# smoke NAME: a run and its comparison.
smoke() {
  target/debug/pushbench run scenarios/ci-smoke.toml --ui plain --out "$folder/$1" &&
    target/debug/pushbench compare ci/base "$folder/$1" --rules ci/counts.toml
}
# Exit code 4, not to be trusted, may be the machine's: somebody else's load in a window of two seconds. Not four times running.
for attempt in 1 2 3 4; do
  status=0
  smoke "$attempt" || status=$?
  [ "$status" -eq 4 ] || break
  sleep 15
done
[ "$status" -eq 0 ] || exit "$status"

section "All passed"
