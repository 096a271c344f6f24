local playbook, umbraco = require "playbook", require "umbraco"

-- The newest backup that tells which key signed addresses of images.
local function last_with_keys()
  local found
  for _, set in ipairs(backup.list()) do
    if set.type == "backup.set" and set.application == "umbraco" and set.keys and set.keys[1] then found = set end
  end
  return found
end

return playbook.define {
  name = "umbraco/verify",
  summary = "Prove that an Umbraco site works: one release referenced, its final states in the database byte for byte, pages, a whole database, its keys.",

  run = function()
    local app = umbraco.inspect()
    expect.one_release_is_referenced(app)
    expect.operation_is_described(app)
    expect.states_fit_the_release(app)
    expect.nobody_migrates(app)
    expect.lock_rows_are_there(app)
    expect.site_runs(app)
    expect.pages_come(app)
    expect.database_is_whole(app)
    expect.key_ring_is_kept(app.key_ring)
    if app.container then
      expect.settings_are_read(app)
      expect.container_keeps_no_data(app)
      expect.container_runs_its_image(app)
    end
    if not app.key_ring then log.info "playbook.json names no key_ring: whether sessions and links that were sent outlive the site's process is not known" end
    local last = last_with_keys()
    if last then
      expect.keys_match(app, last)
    elseif app.keyrings then
      log.info "no backup tells which key signed addresses of images: whether it is still the same is not known"
    end
  end,
}
