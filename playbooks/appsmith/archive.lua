-- The archive that `appsmithctl backup` makes: what it says of itself, and whether the keys that are at hand open what is stored in it. A plain one is read as
-- it is; an encrypted one is opened into a folder beside it, for nobody but its owner, until it is closed.
local composed, instance, instances = require "composed", require "appsmith.instance", require "instances"

local archive = {}

-- $1 the archive, $2 the folder. A wrong password mostly shows by the padding, else by what comes out, which is no gzip.
local OPEN = [[set -eu
umask 077
mkdir -p "$2"
openssl enc -d -aes-256-cbc -pbkdf2 -iter 100000 -in "$1" -out "$2/archive.tar.gz" -pass env:ARCHIVE_PASSWORD
gzip -t "$2/archive.tar.gz"
tar -xOf "$2/archive.tar.gz" --wildcards --no-anchored docker.env >"$2/docker.env"]]

-- Names of settings that the archive $1 has otherwise than the docker.env $2. Never their values.
local DIFFER = [[tar -xOf "$1" --wildcards --no-anchored docker.env 2>/dev/null | while IFS= read -r line; do
  case $line in [A-Za-z]*=?*) grep -qxF -- "$line" "$2" || echo "${line%%=*}" ;; esac
done]]

-- What the archive never has of this instance, and what belongs to the database or the keys.
local LEFT_OUT = { "^APPSMITH_ENCRYPTION", "^APPSMITH_MONGODB", "^APPSMITH_REDIS", "^APPSMITH_DB_URL$" }

local function sh(script, ...) return { "sh", "-c", script, "sh", ... } end

local function is_encrypted(path) return process.read(sh('[ "$(head -c 8 "$1" | tr -d "\\0")" = Salted__ ]', path), { ok = { 0, 1 } }).status == 0 end

local function refuse(path, hint) error { code = "backup.corrupt", message = path .. " cannot be unpacked", hint = hint } end

local function decrypt(opened, path, password)
  if not password then refuse(path, "it is encrypted; give its password, in a file, with --password") end
  local options = { env = { ARCHIVE_PASSWORD = secret.file(password) }, harmless = true, repeat_safe = true, ok = { 0, 1, 2 } }
  if process.run(sh(OPEN, path, opened.folder), options).status == 0 then return end
  archive.close(opened)
  refuse(path, "the password in " .. password .. " is another one, or the archive is damaged")
end

--- Reads it: { path, dump, folder?, version?, settings }. `dump` is what can be read, `settings` are names that it has otherwise than here.
---@param password? string the file that holds the archive's password
function archive.open(app, path, password)
  local opened = { path = path, dump = path, settings = {} }
  if is_encrypted(path) then
    opened.folder = path .. ".opened"
    opened.dump = opened.folder .. "/archive.tar.gz"
    decrypt(opened, path, password)
  elseif process.read(sh('tar -tf "$1" >/dev/null', path), { ok = { 0, 1, 2 } }).status ~= 0 then
    refuse(path, "it is cut short, or no archive of Appsmith")
  end
  local manifest = process.read({ "tar", "-xOf", opened.dump, "--wildcards", "--no-anchored", "manifest.json" }, { ok = { 0, 2 } })
  if manifest.status == 0 then opened.version = composed.bare(json.parse(manifest.out).appsmithVersion) end
  for name in process.read(sh(DIFFER, opened.dump, app.docker_env)).out:gmatch "[^\n]+" do
    local left_out = false
    for _, pattern in ipairs(LEFT_OUT) do left_out = left_out or name:find(pattern) ~= nil end
    if not left_out then opened.settings[#opened.settings + 1] = name end
  end
  return opened
end

function archive.close(opened)
  if opened.folder then process.run({ "rm", "-rf", opened.folder }, { harmless = true, repeat_safe = true }) end
end

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

return archive
