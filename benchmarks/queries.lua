-- What wrk sends: the queries of a file, one a line, by GET and in an order that is the same in every run.
local requests, number = {}, 0

local function escaped(char)
  return string.format("%%%02X", char:byte())
end

function init(arguments)
  local headers = { Accept = "application/sparql-results+json" }
  for line in io.lines(arguments[1]) do
    local query = line:gsub("[^%w]", escaped)
    requests[#requests + 1] = wrk.format("GET", wrk.path .. "?query=" .. query, headers)
  end
end

function request()
  number = number % #requests + 1
  return requests[number]
end
