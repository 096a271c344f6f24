-- How an Umbraco site is built, stopped and started: as a systemd unit or by the operator's commands, or as a service of a compose project. A new build never
-- meets a database unasked: while the fence stands nothing starts it but this, not even after a crash of it, of this command or of the machine.
local published = require "umbraco.published"
local composed, instances = require "composed", require "instances"

local running = {}

local function only(app) return { services = { app.container.service } } end

--- "running", "stopped" or "changing"; of a container what Docker calls it otherwise.
function running.status(app)
  if not app.container then return service.status(app.service) end
  local found = composed.containers(app.container.project, { app.container.service })
  if #found == 0 then return "stopped" end
  if #found > 1 then return #found .. " containers" end
  return found[1].state == "exited" and "stopped" or found[1].state
end

function running.stop(app)
  if app.container then
    compose.fence(app.container.project, only(app))
    compose.stop(app.container.project, only(app))
  else
    service.fence(app.service)
    service.stop(app.service)
  end
end

--- A container is made anew of the image that is there now, and fenced before it runs: `restart: always` would run failing migrations again and again.
function running.start(app)
  if not app.container then return service.start(app.service, { deadline = 600 }) end
  compose.create(app.container.project, only(app))
  compose.fence(app.container.project, only(app))
  compose.start(app.container.project, only(app))
end

function running.unfence(app)
  if app.container then
    compose.unfence(app.container.project)
  else
    service.unfence(app.service)
  end
end

--- A command that ends with 0 as long as the site runs, for http.wait; nil where there is none that answers so.
function running.alive(app)
  if app.container then
    local one = composed.containers(app.container.project, { app.container.service })[1]
    return one and { "docker", "top", one.id }
  end
  if app.service.systemd then return { "systemctl", "is-active", "--quiet", "--", app.service.systemd } end
  return not app.service.folder and not app.service.env and app.service.status or nil
end

--- The operator's own build, the image of its Dockerfile, or the folder that was published elsewhere.
function running.build(app)
  if app.published then return published.replace(app) end
  process.run(app.build, { deadline = 3600, repeat_safe = true })
end

--- The id of the image that its container would be made of; nil where it has none.
function running.image(app)
  local found = app.container and image.present(app.container.image)
  return found and found.id
end

--- The same site with the image of a release, where its tag names the release: the old tag stays with the old image.
function running.of_release(app, release)
  local named = app.container and app.container.image
  if not named or composed.tag_of(named) ~= app.version then return app end
  return instances.with(app, { container = instances.with(app.container, { image = composed.without_tag(named) .. ":" .. release }) })
end

--- A name for the image that runs, which tells its release: what is built gets the name that it has.
function running.tag_of(app) return composed.without_tag(app.container.image) .. ":" .. app.version end

return running
