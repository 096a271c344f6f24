-- What stdlib/rollback.lua needs to take a finished run back; not for playbooks of an application.
local _, P = ...

--- What a finished run left to go back over: {run, instance, backup = {args, set}, items = {{kind, id, text, module?, function?, args?}, ...}}.
function P.playbook.past_run(run) return P.ask("past_run", { run = P.need("playbook.past_run: the run", run, "string") }) end

--- The inverse of one action of a finished run, as an action of this one.
function P.playbook.undo_action(run, id)
  P.need("playbook.undo_action: the run", run, "string")
  P.ask("undo_action", { run = run, id = P.need("playbook.undo_action: the action", id, "string") })
end
