# Reads what run noted and prints the tables. Medians over the rounds; a ratio is the median of each round's own ratio.

function median(list,    n, values, i, j, value) {
    n = split(list, values, " ")
    for (i = 2; i <= n; i++) {
        value = values[i] + 0
        for (j = i - 1; j > 0 && values[j] + 0 > value; j--) values[j + 1] = values[j]
        values[j + 1] = value
    }
    return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
}

# The median of what WHAT and another row have in the same round, one divided by the other.
function ratio(field, key, other,    round, list) {
    for (round = 1; round <= rounds; round++)
        if (((field, key, round) in at) && at[field, other, round] > 0) list = list " " at[field, key, round] / at[field, other, round]
    return list == "" ? "" : sprintf("%.2f", median(list))
}

function times(us) { return us < 10000 ? sprintf("%.2f ms", us / 1000) : sprintf("%.0f ms", us / 1000) }
function thousands(number,    text, out) {
    text = sprintf("%.0f", number)
    while (length(text) > 3) { out = "," substr(text, length(text) - 2) out; text = substr(text, 1, length(text) - 3) }
    return text out
}
function put(field, value) { all[field, key] = all[field, key] " " value; at[field, key, round] = value }

$1 == "load" {
    key = $2 " " $3
    if (!(key in seen)) { seen[key] = 1; order[++keys] = key }
    round = $4
    if (round > rounds) rounds = round
    put("rate", $5 / $6 * 1e6)
    # Of two loads at once nobody knows whose CPU it was.
    if ($2 !~ /during/) { put("cpu", $5 ? $7 / hz * 1e6 / $5 : 0); put("busy", $7 / hz * 1e6 / $6 * 100) }
    put("p50", $8); put("p99", $9); put("p999", $10)
}
$1 == "start" { if (!($2 in starts)) sized[++sizes] = $2; starts[$2] = starts[$2] " " $3 / 10 }
$1 == "loaded" { loaded[$2] = loaded[$2] " " $3 / 10 }
$1 == "memory" { memory[$2, $3] = $4 / 1024 }
$1 == "fill" && $2 != "distant" { filled[$2] = $3 / $4 }
$1 == "store" { together[$2] = $3; alone[$2] = $4 }
$1 == "purge" { purged[$2] = $3; purge_seconds[$2] = $4; slice[$2] = $5 }
$1 == "binary" { binary = $2 }
$1 == "bad" { bad[$2 " " $3] += $4 }

END {
    bare = "bare -"
    print "| what | sessions | requests/s | ÷ bare | CPU a request | ÷ bare | core busy | p50 | p99 | p99.9 | p99 ÷ bare |"
    print "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for (i = 1; i <= keys; i++) {
        key = order[i]
        split(key, name, " ")
        what = name[1]; gsub(/-/, " ", what); sub(/^forward auth/, "forward-auth", what)
        if (key in bad) what = what " (" bad[key] " failed)"
        cost = " | | "
        if (("cpu", key) in all)
            cost = sprintf("%.1f µs | %s | %.0f %%", median(all["cpu", key]), ratio("cpu", key, bare), median(all["busy", key]))
        printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", what, name[2] == "-" ? "" : thousands(name[2]),
            thousands(median(all["rate", key])), ratio("rate", key, bare), cost, times(median(all["p50", key])),
            times(median(all["p99", key])), times(median(all["p999", key])), ratio("p99", key, bare)
    }

    print "\n| sessions | first answer | all in memory | memory at rest | after the rounds | filled/s | store: logins/s of 64 callers | of one | purge | longest slice |"
    print "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for (i = 1; i <= sizes; i++) {
        size = sized[i]
        ready = size == 0 ? "" : sprintf("%.0f ms", median(loaded[size]))
        printf "| %s | %.0f ms | %s | %.1f MB |", thousands(size), median(starts[size]), ready, memory["rest", size]
        if (size == 0) { print " | | | | | |"; continue }
        printf " %.1f MB | %s | %s | %s | %s rows in %.1f s | %.1f ms |\n", memory["after", size], thousands(filled[size]),
            thousands(together[size]), thousands(alone[size]), thousands(purged[size]), purge_seconds[size], slice[size]
    }

    print ""
    for (i = 1; i <= sizes; i++) {
        size = sized[i]
        if (size == 0) continue
        compare("forward-auth p99 while logins run, against at rest", "p99", "forward-auth-during-logins " size, "forward-auth " size)
        compare("forward-auth p99 during a purge, against at rest", "p99", "forward-auth-during-purge " size, "forward-auth " size)
        if (i > 2) {
            compare("forward-auth, against " thousands(sized[2]), "rate", "forward-auth " size, "forward-auth " sized[2])
            compare("forward-auth p99, against " thousands(sized[2]), "p99", "forward-auth " size, "forward-auth " sized[2])
            printf "- store, 64 callers, against %s, %s sessions: %.2f\n", thousands(sized[2]), thousands(size), together[size] / together[sized[2]]
        }
        compare("login, against a store that does nothing", "rate", "login " size, "login-without-store -")
        compare("login, against node", "rate", "login " size, "node-login " sized[2])
        compare("phone, against node", "rate", "phone " size, "node-phone " sized[2])
        compare("forward-auth, against node's check", "rate", "forward-auth " size, "node-check " sized[2])
        compare("forward-auth, against PocketBase's own record", "rate", "forward-auth " size, "pocketbase-check -")
        if (alone[size] > 0) printf "- %s, %s sessions: %.1f\n", "store, 64 callers against one", thousands(size), together[size] / alone[size]
    }
    printf "- release binary: %.1f MB\n", binary / 1e6
    printf "- memory of the bare route: %.1f MB\n", memory["bare", "-"]
    if (("node", sized[2]) in memory) printf "- memory of node, MariaDB and Redis at rest: %.1f MB\n", memory["node", sized[2]]
}

function compare(text, field, key, other,    value) {
    value = ratio(field, key, other)
    if (value != "") printf "- %s, %s sessions: %s\n", text, thousands(size), value
}
