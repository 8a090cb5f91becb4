#!/bin/bash
# Property-based requests over everything in /api/schema/: no fault, no undocumented status, no undocumented content type,
# no body that the schema doesn't describe.
#
#   schemathesis.sh URL TOKEN [NAME]      NAME only labels the reports (staff, user)
#
#   EXAMPLES=10    test cases per operation in the fuzzing phase
#   PHASES=…       examples,fuzzing by default. With coverage each parameter is sent at and past its bounds, too: five times the
#                  requests, but its addresses of a megabyte are refused on the connection, and its own schema of uploads
#                  fails in the tool, both of which it counts as errors; so that phase is read by a person.
#   MINUTES=15     the run is stopped, and fails, after this long
#   ONLY=REGEX     only paths that match
#   REPORTS=DIR    where the junit report goes; default target/schemathesis
#
# Deterministic: the same server and schema give the same requests. Found failures are printed as curl commands.
set -euo pipefail
url=${1:?URL}; token=${2:?TOKEN}; name=${3:-staff}
here=$(cd "$(dirname "$0")/../.." && pwd)
reports=${REPORTS:-$here/target/schemathesis}/$name
bin=$(command -v schemathesis || echo "$here/target/venv/bin/schemathesis")

# Left out, because the rest of the run would be refused or end with them; tests/clients/bad_input.py and the server's own
# tests cover them.
exclude=(
  api_auth_logout                      # ends the session in use
  auth_tokens_destroy                  # ends somebody's session, perhaps this one
  users_refresh_token                  # replaces the token in use
  users_change_password                # of any user; on purpose expensive (password hashing)
  users_remove_password
  users_update users_partial_update    # may disable the user that runs this
  users_destroy
  roles_update roles_partial_update roles_disable roles_destroy   # takes away what the ordinary user may do
  api_auth_password                    # wrong passwords lock the name; on purpose expensive
)
pattern="^($(IFS='|'; echo "${exclude[*]}"))\$"

# The tool keeps what failed in a folder where it runs and tries that first the next time; a run must not depend on the last.
mkdir -p "$reports"
reports=$(realpath "$reports") bin=$(realpath "$bin")
cd "$reports"
rm -rf ./*.xml .schemathesis .hypothesis
status=0
timeout --signal=INT --kill-after=30 "${MINUTES:-15}m" "$bin" run "$url/api/schema/" \
  --url "$url" \
  --header "Authorization: Token $token" \
  --header "Accept: application/json" \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
  --phases "${PHASES:-examples,fuzzing}" \
  --max-examples "${EXAMPLES:-10}" \
  --generation-deterministic \
  --suppress-health-check all \
  --continue-on-failure \
  --request-timeout 20 \
  --exclude-operation-id-regex "$pattern" \
  ${ONLY:+--include-path-regex "$ONLY"} \
  --report junit --report-dir "$reports" \
  --no-color \
  >"$reports/log" 2>&1 || status=$?
# The whole log can be long; the failures are in it as curl commands, the summary is at its end.
if [ "$status" -ne 0 ]; then
  grep -n -m 400 -v '^ *$' "$reports/log" | sed -n '1,400p' | cut -c1-400
fi
sed -n '/= SUMMARY =/,$p' "$reports/log"
if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
  echo "schemathesis as $name: stopped after ${MINUTES:-15} minutes"
fi
echo "schemathesis as $name: exit $status, log $reports/log"
exit "$status"
