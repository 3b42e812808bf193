-- Asks for a list of paths, over and over. Arguments: the file with the paths, one a line, and where in it to begin, from 0 to 1.
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
  thread:set("threads", threads)
end

local requests, at = {}, 0

function init(args)
  for path in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
  -- Threads begin far from one another, so that none finds what the other has just been given.
  at = math.floor(#requests * (tonumber(args[2]) + number * 0.5)) % #requests
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"bytes":%.0f,"microseconds":%.0f,"p50":%.0f,"p95":%.0f,"p99":%.0f,"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99),
    e.connect, e.read, e.write, e.status, e.timeout))
end
