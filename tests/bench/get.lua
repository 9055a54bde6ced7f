-- PATH SAMPLE HEADER PREFIX: each request carries another skey of the sample, at random.
dofile("tests/bench/report.lua")

local requests = {}

function init(args)
    math.randomseed(os.time())
    for i, skey in ipairs(lines_of(args[2])) do
        requests[i] = wrk.format("GET", args[1], { [args[3]] = (args[4] or "") .. skey })
    end
end

function request()
    return requests[math.random(#requests)]
end
