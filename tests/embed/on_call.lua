local playbook = require "playbook"

return playbook.define {
  name = "embed/on_call",
  summary = "Note down who is on call.",
  params = { day = { required = true } },
  run = function(p)
    local name = crew.on_call(p.day)
    step("Note it", function() file.write("on_call.txt", name .. "\n") end)
    return name
  end,
}
