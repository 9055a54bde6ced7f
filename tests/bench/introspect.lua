-- SAMPLE API_TOKEN: asks about another skey of the sample each time, at random.
dofile("tests/bench/report.lua")

local requests = {}

function init(args)
    math.randomseed(os.time())
    local headers = { Authorization = "Bearer " .. args[2], ["Content-Type"] = "application/x-www-form-urlencoded" }
    for i, skey in ipairs(lines_of(args[1])) do
        requests[i] = wrk.format("POST", "/introspect", headers, "token=" .. skey)
    end
end

function request()
    return requests[math.random(#requests)]
end
