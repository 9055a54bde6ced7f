# Programs, ports, cores and loads. Sourced by run.

say() { printf '== %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# PROGRAM PACKAGE: takes it from Debian when it is not there.
need() {
    command -v "$1" >/dev/null && return
    say "installing $2"
    local sudo=; [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}

# Where cargo builds, absolute.
target_directory() { cargo metadata --format-version 1 --no-deps --locked | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'; }

# DIR: a temporary directory below it, on the disk and not in memory: durable writes are what is measured.
open_room() {
    mkdir -p "$1"
    room=$(mktemp -d "$1/bench.XXXXXX")
    notes=$room/notes
    children=()
    trap clean EXIT
    trap 'exit 130' HUP INT PIPE TERM
}

clean() {
    local child
    for child in "${children[@]}"; do stop "$child"; done
    rm -rf "$room"
}

# PID: ends a child and waits for it.
stop() {
    kill "$1" 2>/dev/null || return 0
    wait "$1" 2>/dev/null || true
}

# What was measured: a line of fields for table.awk.
note() { printf '%s\n' "$*" >>"$notes"; }

# The server has one core and the load another, where there are two; this script runs with the load.
choose_cores() {
    local part cores=()
    all_cores=$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)
    for part in ${all_cores//,/ }; do
        read -ra part <<<"$(seq -s ' ' "${part%-*}" "${part#*-}")"
        cores+=("${part[@]}")
    done
    server_core=${cores[0]} load_core=${cores[1]:-${cores[0]}}
    taskset -pc "$load_core" $$ >/dev/null
}

on_all() { taskset -c "$all_cores" "$@"; }
on_server() { spawn "$server_core" "$@"; }
on_load() { spawn "$load_core" "$@"; }

# CORE NAME PROGRAM…: starts it; `pid` is its id.
spawn() {
    local core=$1 log=$logs
    [ "$logs" = /dev/null ] || log=$logs/$2.log
    taskset -c "$core" "${@:3}" >>"$log" 2>&1 &
    pid=$!
    children+=("$pid")
}

# Below the range that outgoing connections take theirs from.
free_port() {
    local port
    while :; do
        port=$((RANDOM % 20000 + 10000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

# PORT PID: until the program listens.
wait_for_port() {
    until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
        kill -0 "$2" 2>/dev/null || die "a program did not start; --logs DIR keeps what it says"
        sleep 0.05
    done
}

# PID…: clock ticks of CPU that they have used.
cpu() {
    local one stat ticks=0
    for one in "$@"; do
        stat=$(<"/proc/$one/stat")
        read -ra stat <<<"${stat##*) }"
        ticks=$((ticks + stat[11] + stat[12]))
    done
    echo "$ticks"
}

# PID…: kilobytes that they have in memory.
memory() {
    local one kilobytes=0
    for one in "$@"; do
        kilobytes=$((kilobytes + $(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$one/status")))
    done
    echo "$kilobytes"
}

# WHAT SIZE PIDS SCRIPT URL ARGUMENTS…: one round of one load; PIDS are whose CPU it costs. Leaves `rate`, requests a second.
load() {
    local what=$1 size=$2 before after answer requests time_us bad p50 p99 p999
    before=$(cpu $3)
    answer=$(wrk -t 1 -c "${connections:-64}" -d "${time}s" --timeout 10s -s "tests/bench/$4" "$5" -- "${@:6}") || die "wrk: $what failed"
    after=$(cpu $3)
    read -r requests time_us bad p50 p99 p999 <<<"$(sed -n 's/^RESULT //p' <<<"$answer")"
    [ -n "$requests" ] || die "wrk: $what gave no result"
    rate=$((requests * 1000000 / time_us))
    [ "$bad" -eq 0 ] || note bad "$what" "$size" "$bad"
    [ "$round" -eq 0 ] ||
        note load "$what" "$size" "$round" "$requests" "$time_us" $((after - before)) "$p50" "$p99" "$p999"
}

# FILE: so many phone payloads that the next load does not run out of them; RATE is the last one's, if there was one.
payloads() { on_all "$built/examples/bench-store" payloads "$APPID" $(((${2:-30000} * 2 + 5000) * time)) "$1"; }

# What the figures were taken on.
describe() {
    local model memory
    model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sed 1q)
    memory=$(awk '/^MemTotal/ { printf "%.0f GB", $2 / 1048576 }' /proc/meminfo)
    echo "${model:-$(uname -m)}, cores $all_cores (server $server_core, load $load_core), $memory," \
        "data on $(stat -f -c %T "$room"); $rounds rounds of ${seconds} s, 64 connections"
}
