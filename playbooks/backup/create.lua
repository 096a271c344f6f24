local playbook, families, sets = require "playbook", require "families", require "sets"

return playbook.define {
  name = "backup/create",
  summary = "Back up what is here, whatever application it is, into a set that is verified.",
  params = sets.MAKING,

  run = function(p)
    local _, app = families.here(p)
    gates(function() sets.demand_room(app, p) end)
    local set = sets.create(app, p)
    sets.prove(set, p)
    return set
  end,
}
