# The stack of the tutorials: node (express, mysql2, ioredis), MariaDB and Redis, all on the server's core. Sourced by run.

# Of Debian's packages those that hold the programs and start no service.
node_needs() {
    need node nodejs
    need npm npm
    need mariadbd mariadb-server-core
    need redis-check-rdb redis-tools
}

# MEMBERS
node_start() {
    local peer=$room/node mysql_port redis_port me
    mysql_port=$(free_port) redis_port=$(free_port) node_port=$(free_port) me=$(id -un)
    mkdir "$peer" "$peer/redis"
    cp tests/bench/peers/node/{package.json,server.js,fill.js} "$peer"
    npm install --prefix "$peer" --silent --no-package-lock --no-audit --no-fund --ignore-scripts >/dev/null

    mariadb-install-db --no-defaults --user="$me" --datadir="$peer/mysql" --auth-root-authentication-method=normal \
        --skip-test-db >/dev/null
    # One statement a line: what --init-file takes.
    printf '%s;\n' "CREATE DATABASE bench" "CREATE USER bench@'127.0.0.1'" "GRANT ALL ON bench.* TO bench@'127.0.0.1'" \
        >"$peer/init.sql"
    on_server mariadb mariadbd --no-defaults --user="$me" --datadir="$peer/mysql" --init-file="$peer/init.sql" \
        --bind-address=127.0.0.1 --port="$mysql_port" --socket=socket --pid-file=pid --skip-name-resolve
    node_pids=$pid
    wait_for_port "$mysql_port" "$pid"

    # Debian's server is this very program under its other name.
    ln -s "$(command -v redis-check-rdb)" "$peer/redis-server"
    on_server redis "$peer/redis-server" --bind 127.0.0.1 --port "$redis_port" --dir "$peer/redis"
    node_pids+=" $pid"
    wait_for_port "$redis_port" "$pid"

    export MYSQL_PORT=$mysql_port REDIS_PORT=$redis_port
    node "$peer/fill.js" "$1" "$peer/skeys"
    PORT=$node_port WECHAT=http://127.0.0.1:$wechat_port APPID=$APPID SECRET=0123456789abcdef0123456789abcdef \
        NODE_ENV=production on_server node node "$peer/server.js"
    node_pids+=" $pid"
    wait_for_port "$node_port" "$pid"

    local skey
    read -r skey <"$peer/skeys"
    expect GET "$node_port" /session '"openid":"oBench0' -H "skey: $skey"
    expect POST "$node_port" /login '"skey":"' -H 'Content-Type: application/json' -d '{"code":"m1-check"}'
}

# MEMBERS: one round.
node_loads() {
    local url=http://127.0.0.1:$node_port
    load node-check "$1" "$node_pids" get.lua "$url" /session "$room/node/skeys" skey
    [ "$round" -gt 0 ] || note memory node "$1" "$(memory $node_pids)"
    payloads "$room/payloads" "${phone_rate[node]:-}"
    load node-phone "$1" "$node_pids" phone.lua "$url" /phone "$room/node/skeys" "$room/payloads" skey
    phone_rate[node]=$rate
    load node-login "$1" "$node_pids" login.lua "$url" /login "$1" "$EPOCHREALTIME"
}

node_stop() {
    local pids=($node_pids) i
    # Node first: it minds when the others go.
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do stop "${pids[i]}"; done
}
