-- PATH SAMPLE PAYLOADS HEADER PREFIX: another skey of the sample at random, and the next payload: each is good once.
dofile("tests/bench/report.lua")

local path, skeys, payloads, header, prefix
local count = 0

function init(args)
    math.randomseed(os.time())
    path, skeys, payloads, header, prefix = args[1], lines_of(args[2]), lines_of(args[3]), args[4], args[5] or ""
end

function request()
    count = count + 1
    -- Behind the last one comes nothing good, and the server's refusal is counted.
    local data, iv = (payloads[count] or "none none"):match("(%S+) (%S+)")
    local headers = { [header] = prefix .. skeys[math.random(#skeys)], ["Content-Type"] = "application/json" }
    return wrk.format("POST", path, headers, '{"encryptedData":"' .. data .. '","iv":"' .. iv .. '"}')
end
