-- step, retry, confirm.
local host, P = ...
local type, error, pcall = type, error, pcall

function P.globals.step(title, fn)
  P.need_title("step: title", title)
  P.need("step " .. title .. ": what it does", fn, "function")
  return P.block(P.open("step", title), "step", title, fn)
end

-- retry ---------------------------------------------------------------------------------------------------------------------------------------------

-- Errors that another attempt cannot cure.
local LASTING = {
  ["argument.invalid"] = true,
  ["gate.refused"] = true,
  ["memory.exceeded"] = true,
  ["name.unknown"] = true,
  ["plan.unknown"] = true,
  ["script.failed"] = true,
  ["script.invalid"] = true,
  ["unsupported"] = true,
  ["way_back.missing"] = true,
}

local function need_number(what, value, least)
  host.known(value)
  if type(value) ~= "number" or value < least or value ~= value then P.wrong(what .. " must be a number of at least " .. least .. ", found " .. P.describe(value)) end
  return value
end

local function attempts(scope, options, fn)
  for attempt = 1, options.attempts do
    local inner = P.open("retry", "attempt")
    local results = { pcall(P.block, inner, "attempt", "attempt " .. attempt, fn, attempt) }
    if results[1] then return unpack(results, 2, table.maxn(results)) end
    local e = results[2]
    if attempt == options.attempts or P.is_final(e) or LASTING[P.code_of(e)] then error(e, 0) end
    if options.wait > 0 then P.globals.clock.sleep(options.wait) end
  end
end

function P.globals.retry(options, fn)
  P.need("retry: options", options, "table")
  P.need_fields("retry", options, { attempts = true, wait = true })
  P.need("retry: what it does", fn, "function")
  local settled = {
    attempts = need_number("retry: attempts", options.attempts == nil and 3 or options.attempts, 1),
    wait = need_number("retry: wait", options.wait == nil and 0 or options.wait, 0),
  }
  local scope = P.open("retry", "retry")
  return P.block(scope, "retry", "retry", attempts, scope, settled, fn)
end

-- confirm -------------------------------------------------------------------------------------------------------------------------------------------

function P.globals.confirm(text, options)
  P.need_title("confirm: the question", text)
  if options ~= nil then
    P.need("confirm: options", options, "table")
    P.need_fields("confirm", options, { details = true })
  end
  return P.ask("confirm", { text = text, details = options and options.details }) == true
end
