-- SAMPLE of lines `PATH TOKEN`: one of them at random.
dofile("tests/bench/report.lua")

local requests = {}

function init(args)
    math.randomseed(os.time())
    for i, line in ipairs(lines_of(args[1])) do
        local path, token = line:match("(%S+) (%S+)")
        requests[i] = wrk.format("GET", path, { Authorization = token })
    end
end

function request()
    return requests[math.random(#requests)]
end
