-- An Appsmith in its one container, under compose with its stacks in a folder of the host, read: which release and edition runs, what its embedded MongoDB
-- says of itself. Changes nothing. Kubernetes, named volumes and an external MongoDB are refused by name.
local playbook, composed = require "playbook", require "composed"

local instance = {}

local INFO = "/opt/appsmith/info.json"
local STACKS = "/appsmith-stacks"

--- Is there an Appsmith? Looks at files alone.
function instance.is_here(files) return composed.mentions("/appsmith%-[ce]e", files) end

local function refuse_other_shapes(files)
  if instance.is_here(files) then return end
  error {
    code = "instance.missing",
    message = "there is no compose file of an Appsmith here",
    hint = "name its folder with -C DIR, and its compose files with --files where they have other names; a container made by `docker run` is not known yet",
  }
end

local function only_service(config)
  local found = composed.services_of(config, { "appsmith-ce", "appsmith-ee" })
  if #found == 1 then return found[1] end
  error { code = "unsupported", message = "the compose project has " .. #found .. " services of Appsmith, expected one: " .. table.concat(found, ", ") }
end

--- The folder on this host that holds all of its state.
local function stacks_of(service, name)
  for _, volume in ipairs(service.volumes) do
    if volume.target == STACKS then
      if volume.type == "bind" then return volume.source end
      error { code = "unsupported", message = STACKS .. " of " .. name .. " is a volume of docker", hint = "only stacks in a folder of the host can be worked on yet" }
    end
  end
  error { code = "unsupported", message = name .. " mounts nothing at " .. STACKS, hint = "its state would go away with its container" }
end

--- Does MongoDB run inside of the container? Appsmith itself decides by this text; the address holds a password, so that it is not read here but counted.
local function is_embedded(app)
  local local_url = "^[[:space:]]*APPSMITH_(DB_URL|MONGODB_URI)=.*(localhost|127[.]0[.]0[.]1)"
  return process.read({ "grep", "-qE", local_url, app.docker_env }, { ok = { 0, 1 } }).status == 0
end

local QUESTION = [[print(JSON.stringify({
  fcv: db.adminCommand({ getParameter: 1, featureCompatibilityVersion: 1 }).featureCompatibilityVersion.version,
  schema: (db.config.findOne({ name: "schemaVersion" }) || { config: {} }).config.value || null,
  failed: db.mongockChangeLog.find({ state: { $in: ["FAILED", "ROLLBACK_FAILED"] } }).map(function (x) { return x.changeId }),
  changes: db.mongockChangeLog.distinct("changeId").length,
  enterprise: db.mongockChangeLog.countDocuments({ $or: [{ changeLogClass: /^com\.appsmith\.server\.migrations\.db\.(?!ce\.)/ },
    { changeLogClass: "com.appsmith.server.migrations.DatabaseChangelogEE" }] }) > 0,
  locked: db.mongockLock.countDocuments({ status: "LOCK_HELD", expiresAt: { $gt: new Date() } }) > 0,
  rows: Object.fromEntries(["workspace", "application", "newPage", "newAction", "datasource"].map(function (x) { return [x, db[x].countDocuments()] })),
})) /* playbook: facts */]]

--- What its database says of itself: { fcv, schema, failed, changes, enterprise, locked, rows }. Asked through its own tool, which knows its own password.
function instance.facts(app)
  local answer = compose.read(app.project, app.service, { "appsmithctl", "mongo-eval", QUESTION }, { deadline = 120 })
  for line in answer.out:gmatch "[^\n]+" do
    local text = line:match "^%s*({.*})%s*$"
    if text then return json.parse(text) end
  end
  error { code = "container.failed", message = "appsmithctl mongo-eval in " .. app.service .. " did not answer: " .. (answer.out .. answer.err):sub(1, 300) }
end

-- Fields that are encrypted (DatabaseChangelog2.java of 1.9.2, and what came later). One line of JSON for each value, and no other output counts.
local SECRETS = [[
  var config = ["connection.ssl.keyFile.base64Content", "connection.ssl.certificateFile.base64Content", "connection.ssl.caCertificateFile.base64Content",
    "connection.ssl.pemCertificate.file.base64Content", "connection.ssl.pemCertificate.password", "sshProxy.privateKey.keyFile.base64Content",
    "sshProxy.privateKey.password", "authentication.value", "authentication.password", "authentication.bearerToken", "authentication.clientSecret",
    "authentication.authenticationResponse.token", "authentication.authenticationResponse.refreshToken",
    "authentication.authenticationResponse.tokenResponse"].map(function (path) { return "datasourceConfiguration." + path });
  var places = { datasource: config, datasourceStorage: config, gitDeployKeys: ["gitAuth.privateKey"],
    application: ["gitApplicationMetadata.gitAuth.privateKey", "gitArtifactMetadata.gitAuth.privateKey"] };
  Object.keys(places).forEach(function (name) { db[name].find().forEach(function (found) { places[name].forEach(function (path) {
    var value = path.split(".").reduce(function (part, key) { return part ? part[key] : null }, found);
    if (typeof value === "string") print(JSON.stringify({ place: name + "." + path, id: found._id.toString(), text: value }));
  }) }) }) /* playbook: secrets */]]

--- Password and salt as the server gets them: from its container, else from docker.env. The scheme is that of the data, which a release may change.
function instance.keyrings(app, schema)
  local function place(name) return { name, secret.docker_env(app.docker_env, name) } end
  return {
    {
      scheme = schema == 1 and "appsmith-v1" or "appsmith-v2",
      service = { project = app.project, service = app.service },
      keys = { password = place "APPSMITH_ENCRYPTION_PASSWORD", salt = place "APPSMITH_ENCRYPTION_SALT" },
      stored = { type = "lines", project = app.project, service = app.service, command = { "appsmithctl", "mongo-eval", SECRETS } },
    },
  }
end

--- What the server says of itself: { well, version? }; nothing where it does not answer. Its first page answers 200 while it is down.
function instance.health(app)
  local answered, answer = pcall(http.get, app.url .. "/api/v1/health", { timeout = 10 })
  local found = { well = answered and answer.status == 200 }
  local told, info = pcall(http.get, app.url .. "/info", { json = true, timeout = 10 })
  if told and info.status == 200 and info.json.version then found.version = composed.bare(info.json.version) end
  return found
end

--- The release inside an image that is here; nil where it does not say (1.9 and older).
local function inside(ref)
  local read, text = pcall(image.read, ref, INFO)
  return read and composed.bare(json.parse(text).version) or nil
end

local function versions(app)
  local found = { server = instance.health(app).version }
  for _, container in ipairs(composed.containers(app.project, { app.service })) do
    found.image = inside(container.image_id)
    found.container = composed.bare(composed.tag_of(container.image) or "untagged")
  end
  return found
end

--- Reads the instance and makes it known to the run. `given.files` names the compose files where they are not the default ones.
function instance.inspect(given)
  local files = given and given.files
  refuse_other_shapes(files)
  local config = composed.project(files)
  local name = only_service(config)
  local service = config.services[name]
  local app = {
    type = "appsmith.instance",
    module = "appsmith",
    title = "Appsmith",
    files = files,
    project = { folder = config.folder, files = config.files, name = config.name, env_file = config.env_file },
    env_file = config.env_file or ".env",
    service = name,
    image = service.image,
    edition = composed.what_runs(service.image) == "appsmith-ee" and "business" or "community",
    pinned = composed.tag_of(service.image),
    settings = service.environment,
    overridden = config.overridden,
    stacks = stacks_of(service, name),
    url = composed.address(service, name, "80"),
  }
  app.docker_env = app.stacks .. "/configuration/docker.env"
  app.embedded = is_embedded(app)
  app.versions = versions(app)
  app.version = app.versions.server or app.versions.image or composed.release_in(app.pinned)
  local answered, facts = pcall(instance.facts, app)
  app.keyrings = instance.keyrings(app, answered and facts.schema or nil)
  app.state = {
    { type = "directory", path = app.stacks, helper = { project = app.project, service = name, path = STACKS } },
    { type = "files", paths = { unpack(config.files) }, optional = { app.env_file } },
  }
  playbook.instance(app)
  return app
end

--- A release as this instance would run it: by its tag, which carries a `v`, and its digest, for a tag can be given to another image.
function instance.release(app, name)
  local version = composed.bare(name)
  local ref = composed.without_tag(app.image) .. ":v" .. version
  local digest = image.resolve(ref).digest
  return { version = version, image = digest and ref .. "@" .. digest or ref }
end

return instance
