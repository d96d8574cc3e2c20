-- Posts the body in BENCH_BODY, and says what came of it in one line of JSON.
wrk.method = "POST"
wrk.body = os.getenv("BENCH_BODY")
wrk.headers["Content-Type"] = os.getenv("BENCH_TYPE") or "application/json"

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '{"responses": %d, "micros": %d, "bytes": %d, "p50Micros": %d, "p99Micros": %d, '
         .. '"notOK": %d, "broken": %d}\n',
      summary.requests, summary.duration, summary.bytes, latency:percentile(50),
      latency:percentile(99), errors.status,
      errors.connect + errors.read + errors.write + errors.timeout))
end
