-- An Appsmith in its one container, under compose with its stacks in a folder of the host or in a volume of docker, read: which release and edition runs,
-- what its MongoDB says of itself. Changes nothing. Other shapes are refused by name (shapes.lua).
local playbook, composed, shapes = require "playbook", require "composed", require "appsmith.shapes"

local instance = {}

local INFO, OLD_INFO = "/opt/appsmith/info.json", "/opt/appsmith/rts/version.js" -- the second up to 1.9
local STACKS = "/appsmith-stacks"

function instance.has_compose_file(files) return composed.mentions("/appsmith%-[ce]e", files) end

--- Is there an Appsmith, of whatever shape? Looks at files alone.
function instance.is_here(files)
  return instance.has_compose_file(files) or composed.mentions("/appsmith%-server", files) or shapes.is_helm() or shapes.has_stacks()
end

local function only_service(config)
  local found = composed.services_of(config, { "appsmith-ce", "appsmith-ee" })
  if #found == 1 then return found[1] end
  error { code = "unsupported", message = "the compose project has " .. #found .. " services of Appsmith, expected one: " .. table.concat(found, ", ") }
end

--- Where a volume of docker lies on this host.
local function mountpoint(volume)
  local found = composed.mountpoint(volume)
  if not found then
    error { code = "instance.missing", message = "there is no volume " .. volume .. " yet, so that no Appsmith has ever run here", hint = "is it the right folder?" }
  end
  if file.exists(found) then return found end
  error { code = "unsupported", message = "volume " .. volume .. " cannot be seen from here", hint = "run it as root, on the host of the engine" }
end

--- All of its state: the folder on this host that holds it, and the volume whose folder that is.
local function stacks_of(config, name)
  for _, mounted in ipairs(config.services[name].volumes) do
    if mounted.target == STACKS then
      if mounted.type == "bind" then return mounted.source end
      local volume = config.volumes[mounted.source] or mounted.source
      if not volume then break end
      return mountpoint(volume), volume
    end
  end
  error { code = "unsupported", message = name .. " has no folder and no named volume at " .. STACKS, hint = "its state would go away with its container" }
end

-- $1 docker.env. Of the addresses of its database and of its Redis, which hold passwords: where they are, and what the database is called. Appsmith itself takes
-- them for its own by the same text.
local ADDRESSES = [=[value() { sed -nE "s/^[[:space:]]*$1=//p" "$2" | tail -n 1 | sed -E "s/^(''|\"\")[[:space:]]*$//"; }
where() {
  case $1 in
    "") echo nowhere ;;
    postgresql:* | [\"\']postgresql:*) echo postgresql ;;
    *localhost* | *127.0.0.1*) echo embedded ;;
    *) echo elsewhere ;;
  esac
}
database=$(value APPSMITH_DB_URL "$1")
database=${database:-$(value APPSMITH_MONGODB_URI "$1")}
where "$database"
where "$(value APPSMITH_REDIS_URL "$1")"
printf '%s\n' "$database" | sed -nE "s#^[\"']?mongodb(\+srv)?://[^/]+/([A-Za-z0-9_-]+)([\"'?[:space:]].*)?\$#\2#p"]=]

--- { database, redis, name? }: "embedded", "elsewhere", "nowhere" or "postgresql"; the name of the database where its address says one.
local function addresses(docker_env)
  local said = process.read({ "sh", "-c", ADDRESSES, "sh", docker_env }).out
  local database, redis, name = said:match "^(%l+)\n(%l+)\n([^\n]*)"
  return { database = database, redis = redis, name = name ~= "" and name or nil }
end

--- Where its database is, as a secret, for it holds a password.
function instance.address_of_database(app)
  return secret.first { secret.docker_env(app.docker_env, "APPSMITH_DB_URL"), secret.docker_env(app.docker_env, "APPSMITH_MONGODB_URI") }
end

-- $1 what to ask, for the shell of the image itself: `appsmithctl mongo-eval` came after 1.8, and gives the password on its command line.
local SHELL = [=[set -eu
umask 077
value() { sed -nE "s/^[[:space:]]*$1=//p" /appsmith-stacks/configuration/docker.env 2>/dev/null | tail -n 1 | sed -E "s/^'(.*)'\$/\1/; s/^\"(.*)\"\$/\1/"; }
address=${APPSMITH_DB_URL:-${APPSMITH_MONGODB_URI:-$(value APPSMITH_DB_URL)}}
address=${address:-$(value APPSMITH_MONGODB_URI)}
script=$(mktemp --suffix=.js)
trap 'rm -f "$script"' EXIT
printf 'db = connect("%s");\n%s\n' "$(printf %s "$address" | sed 's/["\\]/\\&/g')" "$1" >"$script"
shell=$(command -v mongosh || command -v mongo)
"$shell" --nodb --quiet --norc "$script"]=]

--- The command that has MongoDB's shell do something in the container of the service.
function instance.shell(text) return { "sh", "-c", SHELL, "sh", text } end

-- The shell of MongoDB 4.4 knows no newer JavaScript.
local QUESTION = [[
  var told = db.runCommand({ isMaster: 1 }), names = ["workspace", "application", "newPage", "newAction", "datasource"], rows = {};
  for (var name of names) rows[name] = Number(db[name].countDocuments({}));
  print(JSON.stringify({
    server: db.version(),
    replicated: !!told.setName || told.msg === "isdbgrid",
    fcv: (function () {
      try { return db.adminCommand({ getParameter: 1, featureCompatibilityVersion: 1 }).featureCompatibilityVersion.version } catch (e) { return null }
    })(),
    schema: Number((db.config.findOne({ name: "schemaVersion" }) || { config: {} }).config.value) || null,
    failed: db.mongockChangeLog.find({ state: { $in: ["FAILED", "ROLLBACK_FAILED"] } }).toArray().map(function (x) { return x.changeId }),
    enterprise: db.mongockChangeLog.countDocuments({ $or: [{ changeLogClass: /^com\.appsmith\.server\.migrations\.db\.(?!ce\.)/ },
      { changeLogClass: "com.appsmith.server.migrations.DatabaseChangelogEE" }] }) > 0,
    locked: db.mongockLock.countDocuments({ status: "LOCK_HELD", expiresAt: { $gt: new Date() } }) > 0,
    rows: rows,
  })) /* playbook: facts */]]

local function ask(app, question)
  local answer = compose.read(app.project, app.service, instance.shell(question), { deadline = 120 })
  for line in answer.out:gmatch "[^\n]+" do
    local text = line:match "^%s*({.*})%s*$"
    if text then return json.parse(text) end
  end
  error { code = "container.failed", message = "MongoDB's shell in " .. app.service .. " did not answer: " .. (answer.out .. answer.err):sub(1, 300) }
end

--- What its database says of itself: { server, replicated, fcv, schema, failed, enterprise, locked, rows }.
function instance.facts(app) return ask(app, QUESTION) end

local CHANGES = [[print(JSON.stringify({ ids: db.mongockChangeLog.find({ systemChange: { $ne: true } }).sort({ timestamp: 1 }).toArray().map(
  function (x) { return x.changeId }) })) /* playbook: changes */]]

--- The changes that its database has had, by their ids, oldest first.
function instance.changes(app) return ask(app, CHANGES).ids end

-- Fields that are encrypted (DatabaseChangelog2.java of 1.9.2, and what came later), as a collection and a path.
local CONFIGURATION = {
  "connection.ssl.keyFile.base64Content", "connection.ssl.certificateFile.base64Content", "connection.ssl.caCertificateFile.base64Content",
  "connection.ssl.pemCertificate.file.base64Content", "connection.ssl.pemCertificate.password", "sshProxy.privateKey.keyFile.base64Content",
  "sshProxy.privateKey.password", "authentication.value", "authentication.password", "authentication.bearerToken", "authentication.clientSecret",
  "authentication.authenticationResponse.token", "authentication.authenticationResponse.refreshToken", "authentication.authenticationResponse.tokenResponse",
}
instance.SECRET_FIELDS = {
  "gitDeployKeys.gitAuth.privateKey",
  "application.gitApplicationMetadata.gitAuth.privateKey",
  "application.gitArtifactMetadata.gitAuth.privateKey",
}
for _, path in ipairs(CONFIGURATION) do
  for _, collection in ipairs { "datasource", "datasourceStorage" } do
    instance.SECRET_FIELDS[#instance.SECRET_FIELDS + 1] = collection .. ".datasourceConfiguration." .. path
  end
end

-- One line of JSON for each value, and no other output counts.
local function secrets_question()
  return [[
  var places = {};
  ]] .. json.encode(instance.SECRET_FIELDS) .. [[.forEach(function (field) { var dot = field.indexOf("."), name = field.slice(0, dot);
    (places[name] = places[name] || []).push(field.slice(dot + 1)) });
  Object.keys(places).forEach(function (name) { db[name].find().forEach(function (found) { places[name].forEach(function (path) {
    var value = path.split(".").reduce(function (part, key) { return part ? part[key] : null }, found);
    if (typeof value === "string") print(JSON.stringify({ place: name + "." + path, id: String(found._id.str || found._id), text: value }));
  }) }) }) /* playbook: secrets */]]
end

--- How secrets are encrypted in data of this schemaVersion.
function instance.scheme(schema) return schema == 1 and "appsmith-v1" or "appsmith-v2" end

--- Password and salt as the server gets them: from its container, else from docker.env. The scheme is that of the data, which a release may change.
function instance.keyrings(app, schema)
  local function place(name) return { name, secret.docker_env(app.docker_env, name) } end
  return {
    {
      scheme = instance.scheme(schema),
      service = { project = app.project, service = app.service },
      keys = { password = place "APPSMITH_ENCRYPTION_PASSWORD", salt = place "APPSMITH_ENCRYPTION_SALT" },
      stored = { type = "lines", project = app.project, service = app.service, command = instance.shell(secrets_question()) },
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

--- Programs that supervisord gave up, or tries again and again: { { name, state }, ... }; itself where it does not say that anything runs.
function instance.failed_programs(app)
  local told, failed, runs = compose.read(app.project, app.service, { "supervisorctl", "status" }, { ok = { 0, 1, 2, 3, 4 } }), {}, false
  for line in told.out:gmatch "[^\n]+" do
    local name, state = line:match "^(%S+)%s+(%u+)"
    runs = runs or state == "RUNNING"
    if state == "FATAL" or state == "BACKOFF" then failed[#failed + 1] = { name = name, state = state } end
  end
  if not runs then failed[#failed + 1] = { name = "supervisord", state = "silent" } end
  return failed
end

--- The release inside an image that is here; nil where it does not say.
function instance.inside(ref)
  local read, text = pcall(image.read, ref, INFO)
  if read then return composed.bare(json.parse(text).version) end
  read, text = pcall(image.read, ref, OLD_INFO)
  local found = read and text:match 'VERSION%s*=%s*["\']([^"\']+)'
  return found and composed.bare(found) or nil
end

local function versions(app)
  local found = { server = instance.health(app).version }
  for _, container in ipairs(composed.containers(app.project, { app.service })) do
    found.image = instance.inside(container.image_id)
    found.container = composed.bare(composed.tag_of(container.image) or "untagged")
  end
  return found
end

--- What a way back needs: the stacks, cold; a database elsewhere, dumped by the tools of the image; the files that say how the container is made.
function instance.state(app)
  local stacks = { type = "directory", path = app.stacks, helper = { project = app.project, service = app.service, path = STACKS } }
  if app.volume then stacks = { type = "volume", volume = app.volume } end
  local state = { stacks, { type = "files", paths = { unpack(app.project.files) }, optional = { app.env_file } } }
  if not app.embedded then
    local server = { project = app.project, service = app.service }
    state[3] = { type = "mongodb", server = server, beside = true, uri = instance.address_of_database(app) }
  end
  return state
end

--- Reads the instance and makes it known to the run. `given.files` names the compose files where they are not the default ones.
function instance.inspect(given)
  local files = given and given.files
  if not instance.has_compose_file(files) then shapes.refuse(files) end
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
    url = composed.address(service, name, "80"),
  }
  app.probe = app.url .. "/api/v1/health"
  app.stacks, app.volume = stacks_of(config, name)
  app.docker_env = app.stacks .. "/configuration/docker.env"
  local at = addresses(app.docker_env)
  if at.database == "postgresql" then
    error {
      code = "unsupported",
      message = app.docker_env .. " names PostgreSQL as the database of Appsmith, and only MongoDB is known here",
      hint = "back it up with pg_dump, and upgrade it as the vendor's page says",
    }
  end
  app.embedded, app.database, app.database_name, app.redis = at.database == "embedded", at.database, at.name, at.redis
  app.versions = versions(app)
  app.version = app.versions.server or app.versions.image or composed.release_in(app.pinned)
  local answered, facts = pcall(instance.facts, app)
  app.keyrings = instance.keyrings(app, answered and facts.schema or nil)
  app.state = instance.state(app)
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
