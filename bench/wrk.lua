-- For wrk: posts the body in BENCH_BODY and checks every answer. An answer is right when its status is 200 and it has
-- each of the texts BENCH_EXPECT_1, BENCH_EXPECT_2, ... (blanks left out of both). Prints one line for bench/load.py.

local threads = {}

function setup(thread)
   table.insert(threads, thread)
end

function init()
   wrk.method = "POST"
   wrk.headers["Content-Type"] = "application/json"
   local file = assert(io.open(os.getenv("BENCH_BODY"), "rb"))
   wrk.body = file:read("*a")
   file:close()
   expected = {}
   for i = 1, 8 do
      local text = os.getenv("BENCH_EXPECT_" .. i)
      if text then
         table.insert(expected, (text:gsub("%s", "")))
      end
   end
   right = 0
   wrong = 0
end

local function is_right(status, body)
   if status ~= 200 then
      return false
   end
   body = body:gsub("%s", "")
   for _, text in ipairs(expected) do
      if not body:find(text, 1, true) then
         return false
      end
   end
   return true
end

function response(status, headers, body)
   if is_right(status, body) then
      right = right + 1
   else
      wrong = wrong + 1
   end
end

function done(summary, latency, requests)
   local all_right, all_wrong = 0, 0
   for _, thread in ipairs(threads) do
      all_right = all_right + thread:get("right")
      all_wrong = all_wrong + thread:get("wrong")
   end
   local errors = summary.errors
   io.write(string.format('BENCH {"right": %d, "wrong": %d, "failed": %d, "seconds": %.6f, "p50_us": %.1f}\n', all_right, all_wrong,
                          errors.connect + errors.read + errors.write + errors.timeout, summary.duration / 1e6,
                          latency:percentile(50)))
end
