-- The requests of one work, made beforehand, one after the other; the result as one line of JSON.
local requests, at = {}, 0

function init(args)
  local method, path, body = args[1], args[2], args[3]
  local headers
  if body == '' then
    body = nil
  else
    headers = { ['content-type'] = 'application/json' }
  end
  for id = 1, 980 do
    requests[id] = wrk.format(method, (path:gsub('%%d', id)), headers, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%f,"p50Ms":%f,"p99Ms":%f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
