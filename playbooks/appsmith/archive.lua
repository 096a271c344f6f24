-- The archive that `appsmithctl backup` makes: how it is taken and copied out, what it says of itself, and whether the keys that are at hand open what is
-- stored in it. A plain one is read as it is; an encrypted one is opened into a folder beside the compose file, for nobody but its owner, until it is closed.
local composed, instance, instances = require "composed", require "appsmith.instance", require "instances"

local archive = {}

local OPENED = "appsmith-archive.opened"

-- $1 the archive, $2 the folder. A wrong password mostly shows by the padding, else by what comes out, which is no gzip.
local OPEN = [[set -eu
umask 077
rm -rf "$2"
mkdir "$2"
openssl enc -d -aes-256-cbc -pbkdf2 -iter 100000 -in "$1" -out "$2/archive.tar.gz" -pass env:ARCHIVE_PASSWORD
gzip -t "$2/archive.tar.gz"
tar -xOf "$2/archive.tar.gz" --wildcards --no-anchored docker.env >"$2/docker.env"]]

-- Names of settings that the archive $1 has otherwise than the docker.env $2. Never their values.
local DIFFER = [[tar -xOf "$1" --wildcards --no-anchored docker.env 2>/dev/null | while IFS= read -r line; do
  case $line in [A-Za-z]*=?*) grep -qxF -- "$line" "$2" || echo "${line%%=*}" ;; esac
done]]

-- Migrations of the business edition in the archive $1: names of their classes are texts in its BSON.
local BUSINESS = [[tar -xOf "$1" --wildcards --no-anchored mongodb-data.gz | gzip -dc |
  grep -aoE 'com\.appsmith\.server\.migrations\.(db\.[A-Za-z0-9_.]+|DatabaseChangelogEE)' | grep -vm1 '\.migrations\.db\.ce\.']]

-- In the container: stops the server, so that the dump is of one moment, and starts it again whatever happens to who asked. The vendor keeps the 4 newest
-- archives, and removes others after each run.
local TAKE = [[trap 'supervisorctl start backend rts' EXIT
supervisorctl stop backend rts
APPSMITH_BACKUP_ARCHIVE_LIMIT=1000 appsmithctl backup --non-interactive]]

-- $1 where the vendor puts archives, $2 where the newest one goes; says its name there. What lies there is whole.
local COPY_OUT = [[set -eu
umask 077
mkdir -p "$2"
name=$(cd "$1" && ls | grep '^appsmith-backup-.*\.tar\.gz$' | LC_ALL=C sort | tail -n 1)
cp "$1/$name" "$2/$name.copying"
sync "$2/$name.copying"
cmp "$1/$name" "$2/$name.copying"
mv "$2/$name.copying" "$2/$name"
(cd "$2" && sha256sum "$name" >"$name.sha256")
printf '%s\n' "$name"]]

-- What the archive never has of this instance, and what belongs to the database or the keys.
local LEFT_OUT = { "^APPSMITH_ENCRYPTION", "^APPSMITH_MONGODB", "^APPSMITH_REDIS", "^APPSMITH_DB_URL$" }

local function sh(script, ...) return { "sh", "-c", script, "sh", ... } end

local function opened_folder(app) return app.project.folder .. "/" .. OPENED end

local function is_encrypted(path) return process.read(sh('[ "$(head -c 8 "$1" | tr -d "\\0")" = Salted__ ]', path), { ok = { 0, 1 } }).status == 0 end

local function refuse(path, hint) error { code = "backup.corrupt", message = path .. " cannot be unpacked", hint = hint } end

local function decrypt(app, path, password)
  if not password then refuse(path, "it is encrypted; give its password, in a file, with --password") end
  local options = { env = { ARCHIVE_PASSWORD = secret.file(password) }, harmless = true, repeat_safe = true, ok = { 0, 1, 2 } }
  if process.run(sh(OPEN, path, opened_folder(app)), options).status == 0 then return end
  archive.close(app)
  refuse(path, "the password in " .. password .. " is another one, or the archive is damaged")
end

--- Reads it: { path, dump, folder?, version?, database?, settings }. `dump` is what can be read, `settings` are names that it has otherwise than here.
---@param password? string the file that holds the archive's password
function archive.open(app, path, password)
  local opened = { path = path, dump = path, settings = {} }
  if is_encrypted(path) then
    opened.folder = opened_folder(app)
    opened.dump = opened.folder .. "/archive.tar.gz"
    decrypt(app, path, password)
  elseif process.read(sh('tar -tf "$1" >/dev/null', path), { ok = { 0, 1, 2 } }).status ~= 0 then
    refuse(path, "it is cut short, or no archive of Appsmith")
  end
  local manifest = process.read({ "tar", "-xOf", opened.dump, "--wildcards", "--no-anchored", "manifest.json" }, { ok = { 0, 2 } })
  if manifest.status == 0 then
    local says = json.parse(manifest.out)
    opened.version, opened.database = composed.bare(says.appsmithVersion), says.dbName
  end
  for name in process.read(sh(DIFFER, opened.dump, app.docker_env)).out:gmatch "[^\n]+" do
    local left_out = false
    for _, pattern in ipairs(LEFT_OUT) do left_out = left_out or name:find(pattern) ~= nil end
    if not left_out then opened.settings[#opened.settings + 1] = name end
  end
  return opened
end

--- Takes away what an encrypted archive was opened into, by this run or by one that was killed.
function archive.close(app)
  if archive.left_open(app) then process.run({ "rm", "-rf", opened_folder(app) }, { harmless = true, repeat_safe = true }) end
end

--- The folder of an archive that is open, or was left so.
function archive.left_open(app) return file.exists(opened_folder(app)) and opened_folder(app) or nil end

--- Its own keys, which an encrypted one holds.
function archive.offers(opened)
  local offers = {}
  for key, name in pairs(opened.folder and { password = "APPSMITH_ENCRYPTION_PASSWORD", salt = "APPSMITH_ENCRYPTION_SALT" } or {}) do
    local held = secret.docker_env(opened.folder .. "/docker.env", name)
    if secret.exists(held) then offers[#offers + 1] = { key = key, secret = held, place = "the archive" } end
  end
  return offers
end

--- What keys.find says of the present keys and those that are offered, tried on what is stored in it. Every byte of the dump is read.
function archive.keys(app, opened, release, offers)
  local keyring = instance.keyrings(app, version.compare(release, "1.9.0") < 0 and 1 or 2)[1]
  local stored, given = { type = "mongodump", path = opened.dump, fields = instance.SECRET_FIELDS }, {}
  for i, offer in ipairs(offers) do given[i] = { key = offer.key, secret = offer.secret } end
  return keys.find({ instances.with(keyring, { stored = stored }) }, given)[1]
end

--- A class of migrations that only the business edition has, where the archive has had one.
function archive.business_class(opened)
  return process.read(sh(BUSINESS, opened.dump), { ok = { 0, 1 } }).out:match "%S+"
end

--- Takes one of the instance as it runs, copies it into a folder before the vendor's own retention removes it, and proves the copy: it is of this release, and
--- its keys open what is stored in it.
---@return string path of the copy
function archive.take(app, folder)
  compose.exec(app.project, app.service, sh(TAKE), { harmless = true, repeat_safe = true, deadline = 3600 })
  local copied = process.run(sh(COPY_OUT, app.stacks .. "/data/backup", folder), { harmless = true, repeat_safe = true, deadline = 3600 })
  local opened = archive.open(app, folder .. "/" .. copied.out:match "%S+")
  expect("the archive is of the release that runs", opened.version == app.version, opened.path .. " says that it is of " .. tostring(opened.version))
  local found = archive.keys(app, opened, app.version, {})
  expect("the keys open what is stored in the archive", found.tried == 0 or found.best ~= nil, "none of " .. found.tried .. " stored values opens")
  return opened.path
end

return archive
