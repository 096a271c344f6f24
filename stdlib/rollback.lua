-- Takes a finished run back, as a run of its own: `playbook rollback RUN`. It backs up the present first, so that this way has a way back too.
local playbook, sets = require "playbook", require "sets"

playbook.check {
  name = "set_is_whole",
  title = "the backup of the run that is taken back is whole",
  override = false,
  run = function(set)
    backup.verify(set)
    return true
  end,
}

-- The same data with the old backup set replaced by the new one: what the run's own way back takes, to come back to the present.
local function with_set(value, old, new)
  if type(value) ~= "table" then return value end
  if value.type == "backup.set" and value.path == old.path then return new end
  local copy = {}
  for key, item in pairs(value) do copy[key] = with_set(item, old, new) end
  return copy
end

local function first_way_back(past)
  for _, item in ipairs(past.items) do
    if item.kind == "way_back" then return item end
  end
  error("run " .. past.run .. " has no way back with a backup; undo by hand what `playbook show " .. past.run .. "` lists", 0)
end

return playbook.define {
  name = "playbook/rollback",
  summary = "Takes a finished run back: the present is backed up, then the old state restored and verified.",
  params = { run = { type = "string", required = true, help = "the run that is taken back" } },

  run = function(p)
    local past = playbook.past_run(p.run)
    local way = first_way_back(past)
    local set = past.backup.set
    if past.instance.module == "@playbook" then
      error {
        code = "unsupported",
        message = "run " .. p.run .. " goes back by functions of its own playbook file, which another run cannot call",
        hint = "`playbook backup restore " .. set.name .. "` brings its data back; in future export them from a module beside the playbook",
      }
    end
    local family = require(past.instance.module)
    local present = family.inspect and family.inspect() or past.instance
    if not family.inspect then playbook.instance(present) end

    gates(function() gate.set_is_whole(set) end)
    sets.agree(sets.question(set, past.instance.version))

    downtime(function()
      local saved = step("Back up the present", function()
        local named = { app = past.backup.args.app, version = present.version, note = "before rollback of " .. p.run }
        return backup.create(past.backup.args.sources, named)
      end)
      way_back(require(way.module)[way["function"]], unpack(with_set({ present, unpack(way.args, 2) }, set, saved)))

      step("Go back", function()
        for _, item in ipairs(past.items) do
          if item.kind == "way_back" then
            require(item.module)[item["function"]](unpack(item.args))
          else
            playbook.undo_action(p.run, item.id)
          end
        end
      end)
      if family.verify then step("Verify", function() return family.verify(past.instance) end) end
    end)
  end,
}
