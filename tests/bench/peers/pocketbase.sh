# PocketBase, as its package has it: a member asks for their own record with their token. Sourced by run. It knows no
# WeChat, so there is no login to compare; without pip it is left out, and said so.

POCKETBASE_USERS=20 # each costs two bcrypts

pocketbase_start() {
    local peer=$room/pocketbase url user answer id token
    pocketbase_pid=
    if ! python3 -m pip install --quiet --no-deps --no-warn-script-location --target "$peer/lib" \
        --requirement tests/bench/peers/pocketbase/requirements.txt >/dev/null 2>&1; then
        say "PocketBase is left out: python3 -m pip does not install it"
        return
    fi
    pocketbase_port=$(free_port) url=http://127.0.0.1:$pocketbase_port/api/collections/users
    # With a superuser there is no installer that wants a browser.
    "$peer/lib/bin/pocketbase" superuser upsert bench@example.com 0123456789 --dir "$peer/data" >/dev/null
    on_server pocketbase "$peer/lib/bin/pocketbase" serve --http "127.0.0.1:$pocketbase_port" --dir "$peer/data"
    pocketbase_pid=$pid
    wait_for_port "$pocketbase_port" "$pid"
    for ((user = 0; user < POCKETBASE_USERS; user++)); do
        curl -s -o /dev/null "$url/records" -H 'Content-Type: application/json' \
            -d "{\"email\":\"m$user@example.com\",\"password\":\"0123456789\",\"passwordConfirm\":\"0123456789\"}"
        answer=$(curl -s "$url/auth-with-password" -H 'Content-Type: application/json' \
            -d "{\"identity\":\"m$user@example.com\",\"password\":\"0123456789\"}")
        id=$(sed -n 's/.*"id":"\([^"]*\)".*/\1/p' <<<"$answer") token=$(sed -n 's/.*"token":"\([^"]*\)".*/\1/p' <<<"$answer")
        [ "$id" ] && [ "$token" ] || die "PocketBase gave no token"
        echo "/api/collections/users/records/$id $token" >>"$peer/tokens"
    done
}

# One round.
pocketbase_loads() {
    [ "$pocketbase_pid" ] || return 0
    load pocketbase-check - "$pocketbase_pid" \
        record.lua "http://127.0.0.1:$pocketbase_port" "$room/pocketbase/tokens"
}

pocketbase_stop() { [ -z "$pocketbase_pid" ] || stop "$pocketbase_pid"; }
