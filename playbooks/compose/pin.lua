-- For the many whose compose file came without a tag: what runs now gets its name, so that it is the same tomorrow.
local playbook = require "playbook"

return playbook.define {
  name = "compose/pin",
  summary = "Pin the images of a compose project to what runs now.",
  params = { files = { type = "strings", help = "compose files, where they are not the default ones" } },

  run = function(p)
    local project = { files = p.files }
    local services = image.current(project)
    local pins, open = {}, {}
    for name, service in pairs(services) do
      if service.pin then
        pins[name] = service.pin
        log.info(name .. ": " .. service.image .. " -> " .. service.pin .. " (" .. service.why .. ")")
      elseif service.floating then
        open[#open + 1] = name .. " (" .. service.image .. "): " .. (service.why or "it does not run")
      end
    end

    gates(function()
      gate("every image that floats can be pinned", #open == 0, table.concat(open, "; "), "start what does not run, or pin it by hand")
    end)

    if next(pins) == nil then return log.info("every image is pinned") end
    if confirm("Write these pins?") then image.pin(project, pins) end
  end,
}
