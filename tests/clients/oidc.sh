#!/bin/bash
# Signs in at two real providers of OpenID Connect: a strict, certified one (npm) and a mock (PyPI).
#
#   tests/clients/oidc.sh URL-OF-STOA STAFF-TOKEN
#
# Needs node and npm. Everything is installed under target/.
set -euo pipefail
url=${1:?URL of a running server} token=${2:?token of a staff member}
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/clients/oidc
node=$root/target/clients/oidc-node
venv=$root/target/clients/oidc-venv
logs=$root/target/clients
python=${PYTHON:-$(command -v python3.11 || command -v python3)}
pids=()
finish() { for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; }
trap finish EXIT

mkdir -p "$node"
cp "$here/package.json" "$here/package-lock.json" "$here/provider.mjs" "$node/"
if ! cmp -s "$here/package-lock.json" "$node/installed"; then
  (cd "$node" && npm ci --no-audit --no-fund --silent && cp package-lock.json installed)
fi
if ! cmp -s "$here/requirements.txt" "$venv/installed"; then
  rm -rf "$venv"
  "$python" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$venv/installed"
fi

free_port() { "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
await() {
  for _ in $(seq 150); do
    curl --silent --fail --max-time 2 --output /dev/null "$1/.well-known/openid-configuration" && return 0
    sleep 0.2
  done
  echo "$1 isn't ready after half a minute"; return 1
}

port=$(free_port)
(cd "$node" && exec node provider.mjs "$port" stoa "a-secret-for-tests-only" "$url" strict) >"$logs/oidc-strict.log" 2>&1 &
pids+=($!)
await "http://127.0.0.1:$port"
echo "- strict provider"
"$venv/bin/python" "$here/flow.py" --strict --url "$url" --token "$token" --issuer "http://127.0.0.1:$port" --name strict \
  --client-id stoa --client-secret "a-secret-for-tests-only"

port=$(free_port)
"$venv/bin/oidc-provider-mock" --port "$port" --require-nonce true >"$logs/oidc-mock.log" 2>&1 &
pids+=($!)
await "http://127.0.0.1:$port"
echo "- mock provider"
"$venv/bin/python" "$here/flow.py" --mock --url "$url" --token "$token" --issuer "http://127.0.0.1:$port" --name mock \
  --client-id stoa --client-secret "a-secret-for-tests-only"
