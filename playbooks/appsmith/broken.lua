-- An Appsmith that is being rescued: as any other, but that the state it goes back to is broken, so that nobody can verify it.
local appsmith = require "appsmith"

return {
  stop_writers = appsmith.stop_writers,
  unfence = appsmith.unfence,
  restore = appsmith.restore,
  evidence = appsmith.evidence,
  inspect = appsmith.inspect,
}
