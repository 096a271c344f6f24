-- What playbooks that go back to a backup set ask of the operator. `local sets = require "sets"`.
local sets = {}

--- "Go back to 1.4.0 as of 2026-11-21T07:13:49Z? Lost since then: table orders: 3 added"
---@param set table what backup.verify or backup.create gave
---@param to? string what it goes back to; the version of the set when not said
---@param identity? string the file with a key that opens an encrypted set
---@return string
function sets.question(set, to, identity)
  local loss = backup.loss(set, { identity = identity })
  return "Go back to " .. tostring(to or set.version) .. " as of " .. set.created .. "? " .. (loss.equal and "Nothing is lost." or "Lost since then: " .. loss.text)
end

--- Asks the operator, and refuses as a gate where the answer is no. To be called where nothing has been changed yet.
---@param question string
function sets.agree(question)
  local agreed = confirm(question)
  gates(function() gate("the operator agrees", agreed, "not agreed to", "answer yes, or run it with --yes") end)
end

return sets
