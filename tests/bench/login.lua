-- PATH MEMBERS STAMP: logs in members with odd numbers at random (store.rs says why), each time with a new code.
dofile("tests/bench/report.lua")

local path, half, stamp
local count = 0

function init(args)
    math.randomseed(os.time())
    path, half, stamp = args[1], math.max(1, math.floor(args[2] / 2)), args[3]
    wrk.headers["Content-Type"] = "application/json"
end

function request()
    count = count + 1
    local number = math.random(0, half - 1) * 2 + 1
    return wrk.format("POST", path, nil, string.format('{"code":"m%d-%s-%d"}', number, stamp, count))
end
