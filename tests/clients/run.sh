#!/bin/bash
# Drives a server with the clients and tools that it must satisfy.
#
#   tests/clients/run.sh PATH-TO-STOA [sqlite | postgres://…] [PART…]
#
# Parts, all by default: example team nodes oidc strict bad_input schemathesis. The first ones run on fresh stores (`team` in a
# browser: chromium and chromium-driver; `nodes` on PostgreSQL only; `oidc` with node and npm), the last three on a demo store.
# With PostgreSQL the URL names an empty database for the example; databases NAME_demo… are made next to it (needs psql).
# EXAMPLES, PHASES and MINUTES reach schemathesis.sh. Leaves logs in target/clients. Exit code 0: everything passed.
set -euo pipefail
stoa=$(realpath "${1:?path to the stoa binary}")
database=${2:-sqlite}
shift; [ $# -gt 0 ] && shift
parts=("$@"); [ ${#parts[@]} -gt 0 ] || parts=(example team nodes oidc strict bad_input schemathesis)

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/clients
python=${PYTHON:-$(command -v python3.11 || command -v python3)}
venv=$root/target/venv
logs=$root/target/clients/${database%%:*}
work=$(mktemp -d)
server=
failed=()
mkdir -p "$logs"

finish() { stop_server; rm -rf "$work"; }
trap finish EXIT

# --- the clients -----------------------------------------------------------------------------------------------------

prepare_venv() {
  local stamp; stamp=$(sha256sum "$here/requirements.txt" | cut -d' ' -f1)
  [ -f "$venv/stamp" ] && [ "$(cat "$venv/stamp")" = "$stamp" ] && return
  echo "installing the clients into ${venv#"$root"/}"
  rm -rf "$venv"
  "$python" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
  echo "$stamp" >"$venv/stamp"
}

# --- the server ------------------------------------------------------------------------------------------------------

free_port() { "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# An empty database of its own for each store; prints its URL, nothing for SQLite.
database_for() {
  [ "$database" = sqlite ] && return
  local name=$1 base=${database%%\?*} query=
  [ "$base" = "$database" ] || query="?${database#*\?}"
  local fresh="${base##*/}_$name"
  psql --quiet --no-psqlrc "$database" -c "DROP DATABASE IF EXISTS \"$fresh\"" -c "CREATE DATABASE \"$fresh\"" >&2
  echo "${base%/*}/$fresh$query"
}

# start_server NAME [options of `stoa serve`]; sets url, data, store and server.
start_server() {
  local name=$1; shift
  local port; port=$(free_port)
  data=$work/$name; mkdir -p "$data"
  url=http://127.0.0.1:$port
  store=(--data "$data")
  local address; address=$(database_for "$name")
  [ -z "$address" ] || store+=(--database "$address")
  listen "$name" "$port" "$@"
}

# One more node over the store of the last one; sets url and server.
start_node() {
  local port; port=$(free_port)
  url=http://127.0.0.1:$port
  listen second-node "$port"
}

# listen NAME PORT [options]: serves $store and waits until it is ready.
listen() {
  local name=$1 port=$2; shift 2
  [ "$name" != team ] || export STOA_PUBLIC_URL="http://localhost:$port"
  "$stoa" serve "$@" "${store[@]}" --listen "127.0.0.1:$port" >"$logs/$name.log" 2>&1 &
  server=$!
  for _ in $(seq 600); do
    if ! kill -0 "$server" 2>/dev/null; then
      echo "the server ended while starting:"; tail -30 "$logs/$name.log"; server=; return 1
    fi
    curl --silent --fail --max-time 2 --output /dev/null "$url/readyz" && return 0
    sleep 0.2
  done
  echo "the server isn't ready after two minutes:"; tail -30 "$logs/$name.log"
  return 1
}

stop_server() {
  [ -n "$server" ] || return 0
  kill -TERM "$server" 2>/dev/null || true
  for _ in $(seq 100); do kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
  if kill -0 "$server" 2>/dev/null; then
    echo "the server doesn't stop on TERM within ten seconds"; kill -KILL "$server"; failed+=(stop)
  fi
  wait "$server" 2>/dev/null || true
  server=
}

# new_user NAME [--staff]: makes the user, prints the token. The password only has to satisfy the rules for passwords.
new_user() {
  local name=$1; shift
  head -c 24 /dev/urandom | base64 | sed 's/$/-Aa1/' | "$stoa" admin user "$name" "$@" --password-stdin "${store[@]}" >/dev/null
  "$stoa" admin token "$name" "${store[@]}" | tail -1 | tr -d '[:space:]'
}

# --- the parts -------------------------------------------------------------------------------------------------------

part() {
  local name=$1; shift
  local started=$SECONDS
  echo "--- $name ($database)" | sed 's#postgres[a-z]*://[^ )]*#postgres#'
  if "$@"; then
    echo "--- $name: passed in $((SECONDS - started)) s"
  else
    echo "--- $name: FAILED after $((SECONDS - started)) s"; failed+=("$name")
  fi
}

wanted() { local one; for one in "${parts[@]}"; do [ "$one" = "$1" ] && return 0; done; return 1; }

prepare_venv
py=$venv/bin/python

if wanted example; then
  start_server fresh
  staff=$(new_user kit-staff --staff)
  part example "$py" "$root/examples/first_allocation.py" --url "$url" --token "$staff"
  stop_server
fi

# Passkeys need a name, so people see the server as `localhost` here; the example takes the mail.
if wanted team; then
  smtp=127.0.0.1:$(free_port)
  export STOA_SMTP_URL="smtp://$smtp?tls=none" STOA_MAIL_FROM="Stoa <stoa@example.org>"
  start_server team
  staff=$(new_user kit-staff --staff)
  part team "$py" "$root/examples/invite_a_team.py" --url "${url/127.0.0.1/localhost}" --token "$staff" --smtp "$smtp"
  stop_server
  unset STOA_SMTP_URL STOA_MAIL_FROM STOA_PUBLIC_URL
fi

if wanted nodes && [ "$database" != sqlite ]; then
  start_server nodes
  staff=$(new_user kit-staff --staff)
  first=$url first_server=$server
  start_node
  part nodes "$py" "$here/two_nodes.py" --first "$first" --second "$url" --token "$staff"
  stop_server
  server=$first_server stop_server
fi

if wanted oidc; then
  start_server oidc
  staff=$(new_user kit-staff --staff)
  part oidc "$here/oidc.sh" "$url" "$staff"
  stop_server
fi

if wanted strict || wanted bad_input || wanted schemathesis; then
  start_server demo --demo
  staff=$(new_user kit-staff --staff)
  owner=$(new_user kit-owner)        # becomes an owner of organizations in strict.py
  stranger=$(new_user kit-stranger)  # never gets a role
  if wanted strict; then
    part strict "$py" "$here/strict.py" --url "$url" --token "$staff" --user-token "$owner" --make-owner
  fi
  if wanted bad_input; then
    part bad_input "$py" "$here/bad_input.py" --url "$url" --token "$staff" --stranger-token "$stranger" --pid "$server"
  fi
  if wanted schemathesis; then
    part "schemathesis as staff" "$here/schemathesis.sh" "$url" "$staff" staff
    part "schemathesis as user" env PHASES="${PHASES:-examples,fuzzing}" "$here/schemathesis.sh" "$url" "$owner" user
  fi
  stop_server
fi

if [ ${#failed[@]} -gt 0 ]; then
  echo "FAILED on ${database%%:*}: ${failed[*]}"
  exit 1
fi
echo "all passed on ${database%%:*}: ${parts[*]}"
