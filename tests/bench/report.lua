-- What every load prints when it is done: RESULT requests microseconds bad p50 p99 p99.9, times in microseconds.
-- Bad is whatever was no answer, or none of 2xx.
function done(summary, latency)
    local errors = summary.errors
    local bad = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    print(string.format("RESULT %d %d %d %d %d %d", summary.requests, summary.duration, bad,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end

-- The lines of a file.
function lines_of(path)
    local lines = {}
    for line in io.lines(path) do lines[#lines + 1] = line end
    if #lines == 0 then error(path .. " is empty") end
    return lines
end
