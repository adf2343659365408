-- What every run of wrk does here: an optional token, an optional JSON body,
-- and the result as one line of JSON for bench.py.

local token = os.getenv("WRK_TOKEN")
local body = os.getenv("WRK_BODY")

if token then
  wrk.headers["Authorization"] = "Bearer " .. token
end

if body then
  wrk.method = "POST"
  wrk.body = body
  wrk.headers["Content-Type"] = "application/json"
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %.6f, "refused": %d, "broken": %d, "p50Ms": %.3f, "p99Ms": %.3f}\n',
    summary.requests,
    summary.duration / 1e6,
    errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3
  ))
end
