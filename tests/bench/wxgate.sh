# The server under test, one for each size. Sourced by run.

APPID=wx0123456789abcdef
declare -A sample with_phone server_pid public internal api_token phone_rate

# SIZE MEMBERS WECHAT-PORT: its configuration, its first start's files, its members and sessions. SIZE names the server.
wxgate_fill() {
    local size=$1 members=$2 filled
    public[$size]=$(free_port) internal[$size]=$(free_port) sample[$size]=$room/$size.skeys
    cat >"$room/$size.toml" <<TOML
data_dir = "$room/$size"
[listen]
public = "127.0.0.1:${public[$size]}"
internal = "127.0.0.1:${internal[$size]}"
[wechat]
base_url = "http://127.0.0.1:$3"
max_in_flight = 1024
[[app]]
appid = "$APPID"
secret = "0123456789abcdef0123456789abcdef"
[phone]
encrypted_data = "local"
[limits]
logins_per_minute = 0
requests_per_minute = 0
TOML
    chmod 600 "$room/$size.toml"
    api_token[$size]=$("$built/wxgate" token create --config "$room/$size.toml" --name bench --scope introspect --json |
        sed 's/.*"token": *"\([^"]*\)".*/\1/')
    [ "$members" -gt 0 ] || return 0
    filled=$(on_all "$built/examples/bench-store" fill "$room/$size" "$APPID" "$members" "${sample[$size]}")
    note fill "$size" $filled
    # What the disk still has to do for it is not what is measured.
    sync
    # Of one in ten the number becomes known, and then more is said of them.
    with_phone[$size]=$room/$size.with-phone
    sed -n '0~10p' "${sample[$size]}" >"${with_phone[$size]}"
    sed -i '0~10d' "${sample[$size]}"
}

# SIZE: starts the server and waits for its first answer; tenths of milliseconds in `first_answer`.
wxgate_start() {
    local size=$1 path=/healthz skey= line
    if [ "$size" != 0 ]; then path=/forward-auth; read -r skey <"${sample[$size]}"; fi
    started=${EPOCHREALTIME/./}
    on_server "wxgate-$size" "$built/wxgate" serve --config "$room/$size.toml"
    server_pid[$size]=$pid
    until { exec 3<>"/dev/tcp/127.0.0.1/${internal[$size]}"; } 2>/dev/null; do
        kill -0 "$pid" 2>/dev/null || die "wxgate did not start; --logs DIR keeps what it says"
    done
    printf 'GET %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n' "$path" "$skey" >&3
    read -r line <&3
    first_answer=$(((${EPOCHREALTIME/./} - started) / 100))
    exec 3>&-
    [[ $line == "HTTP/1.1 200 "* ]] || die "the first answer was $line"
}

# SIZE: starts it as often as there are rounds, and stops it again. 0 is a server without members.
measure_start() {
    local size=$1 turn
    [ "$size" -gt 0 ] || wxgate_fill 0 0 "$wechat_port"
    for ((turn = 0; turn < rounds; turn++)); do
        wxgate_start "$size"
        note start "$size" "$first_answer"
        if [ "$size" -gt 0 ]; then
            wait_until_loaded "$size"
            note loaded "$size" $(((${EPOCHREALTIME/./} - started) / 100))
        else
            note memory rest 0 "$(memory "$pid")"
        fi
        stop "$pid"
    done
}

# SIZE METHOD PORT PATH TEXT CURL-ARGUMENTS…: the answer holds the text, or nothing is worth measuring.
expect() {
    local answer
    answer=$(curl -s -i -X "$1" "http://127.0.0.1:$2$3" "${@:5}")
    grep -qi -- "$4" <<<"$answer" || die "$1 $3 did not answer with $4"
}

# SIZE: each route that is measured does what it is measured for.
wxgate_check() {
    local size=$1 skey
    read -r skey <"${sample[$size]}"
    expect GET "${internal[$size]}" /forward-auth '^wxgate-openid: oBench0' -H "Authorization: Bearer $skey"
    expect GET "${public[$size]}" /v1/session '"member":{"id":"' -H "Authorization: Bearer $skey"
    expect POST "${internal[$size]}" /introspect '"active":true' -d "token=$skey" \
        -H "Authorization: Bearer ${api_token[$size]}"
    expect POST "${public[$size]}" /v1/login '"is_new":false' -H 'Content-Type: application/json' \
        -d "{\"code\":\"m1-check\"}"
}

# SIZE: one round.
wxgate_loads() {
    local size=$1 one="${server_pid[$1]}" behind
    local inside=http://127.0.0.1:${internal[$size]} outside=http://127.0.0.1:${public[$size]}
    load forward-auth "$size" "$one" get.lua "$inside" /forward-auth "${sample[$size]}" Authorization "Bearer "
    load session "$size" "$one" get.lua "$outside" /v1/session "${sample[$size]}" Authorization "Bearer "
    load introspect "$size" "$one" introspect.lua "$inside" "${sample[$size]}" "${api_token[$size]}"
    # At rest: every session was there to be checked, and nobody has logged in yet.
    [ "$round" -gt 0 ] || note memory rest "$size" "$(memory "$one")"
    load login "$size" "$one" login.lua "$outside" /v1/login "$size" "$EPOCHREALTIME"
    payloads "$room/payloads" "${phone_rate[$size]:-}"
    load phone "$size" "$one" \
        phone.lua "$outside" /v1/phone "${with_phone[$size]}" "$room/payloads" Authorization "Bearer "
    phone_rate[$size]=$rate
    load session-with-phone "$size" "$one" \
        get.lua "$outside" /v1/session "${with_phone[$size]}" Authorization "Bearer "
    wrk -t 1 -c 64 -d $((time + 1))s --timeout 10s -s tests/bench/login.lua "$outside" \
        -- /v1/login "$size" "$EPOCHREALTIME" >/dev/null &
    behind=$!
    load forward-auth-during-logins "$size" "$one" \
        get.lua "$inside" /forward-auth "${sample[$size]}" Authorization "Bearer "
    wait "$behind"
}

# One round with a WeChat that takes its time, and as many phones as the server may have calls under way.
distant_loads() {
    connections=1024 load login-distant-wechat "${sizes[0]}" "${server_pid[distant]}" \
        login.lua "http://127.0.0.1:${public[distant]}" /v1/login "${sizes[0]}" "$EPOCHREALTIME"
}

# SIZE ROWS: checks while the server removes that many sessions that are over. It removes nothing in its first ten minutes.
purge_loads() {
    local size=$1 rows=$2 before
    on_all "$built/examples/bench-store" expire "$room/$size" "$APPID" "$rows"
    wxgate_start "$size"
    say "waiting until the purge begins"
    wait_until_loaded "$size"
    before=$in_memory
    until [ "$in_memory" -lt "$before" ]; do sleep 0.2; sessions_of "$size"; done
    round=1 time=$seconds load forward-auth-during-purge "$size" "$pid" \
        get.lua "http://127.0.0.1:${internal[$size]}" /forward-auth "${sample[$size]}" Authorization "Bearer "
    sessions_of "$size"; before=$in_memory
    sleep 0.5; sessions_of "$size"
    [ "$in_memory" -lt "$before" ] || die "the purge was over before the load was: more --expired are needed"
    stop "$pid"
}

# SIZE: leaves `in_memory`, how many sessions its server has there.
sessions_of() {
    in_memory=$(curl -sf "http://127.0.0.1:${internal[$1]}/metrics" | sed -n 's/^wxgate_sessions //p')
    [ "$in_memory" ] || die "wxgate does not say how many sessions it has; --logs DIR keeps what it says"
}

# SIZE: until its server knows all sessions. Before that it has none in memory.
wait_until_loaded() {
    in_memory=0
    until [ "$in_memory" -gt 0 ]; do sleep 0.02; sessions_of "$1"; done
}
