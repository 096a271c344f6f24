-- The archive that `appsmithctl backup` makes, opened: what it says of itself, and whether the keys that are at hand open what is stored in it. It is unpacked
-- beside itself, for nobody but its owner, and the folder goes when it is closed.
local composed, instance, instances = require "composed", require "appsmith.instance", require "instances"

local archive = {}

-- $1 the archive, $2 the folder. Of an encrypted one the password stands in ARCHIVE_PASSWORD; a wrong one mostly shows by its padding, else by what comes out.
local OPEN = [[set -eu
umask 077
mkdir -p "$2"
if [ "$(head -c 8 "$1")" = Salted__ ]; then
  openssl enc -d -aes-256-cbc -pbkdf2 -iter 100000 -in "$1" -out "$2/archive.tar.gz" -pass env:ARCHIVE_PASSWORD
else
  cp "$1" "$2/archive.tar.gz"
fi
for name in manifest.json docker.env; do
  tar -xOf "$2/archive.tar.gz" --wildcards --no-anchored "$name" >"$2/$name" 2>/dev/null || rm -f "$2/$name"
done
gzip -t "$2/archive.tar.gz"]]

-- Names of settings that the archive has otherwise than docker.env here: $1 and $2. Never their values.
local DIFFER = [[while IFS= read -r line; do
  case $line in [A-Za-z]*=?*) grep -qxF -- "$line" "$2" || echo "${line%%=*}" ;; esac
done <"$1"]]

--- Unpacks it: { path, folder, version?, dump, settings }. `settings` are names that it has otherwise than here; its keys are not among them.
---@param password? string the file that holds the archive's password
function archive.open(app, path, password)
  local folder = path .. ".opened"
  local unpacked = process.run({ "sh", "-c", OPEN, "sh", path, folder }, {
    env = password and { ARCHIVE_PASSWORD = secret.file(password) } or nil,
    harmless = true,
    repeat_safe = true,
    ok = { 0, 1, 2 },
  })
  if unpacked.status ~= 0 then
    error {
      code = "backup.corrupt",
      message = path .. " cannot be unpacked",
      hint = path:find "%.enc$" and "give the password of the archive, in a file, with --password" or "it is cut short, or no archive of Appsmith",
    }
  end
  local found = { path = path, folder = folder, dump = folder .. "/archive.tar.gz", settings = {} }
  if file.exists(folder .. "/manifest.json") then found.version = composed.bare(json.parse(file.read(folder .. "/manifest.json")).appsmithVersion) end
  if file.exists(folder .. "/docker.env") then
    for name in process.read({ "sh", "-c", DIFFER, "sh", folder .. "/docker.env", app.docker_env }).out:gmatch "[^\n]+" do
      if not name:find "^APPSMITH_ENCRYPTION" and not name:find "^APPSMITH_MONGODB" and not name:find "^APPSMITH_REDIS" and name ~= "APPSMITH_DB_URL" then
        found.settings[#found.settings + 1] = name
      end
    end
  end
  return found
end

function archive.close(opened) process.run({ "rm", "-rf", opened.folder }, { harmless = true, repeat_safe = true }) end

--- Its own keys, where it was encrypted and holds them.
function archive.offers(opened)
  local offers, path = {}, opened.folder .. "/docker.env"
  for key, name in pairs { password = "APPSMITH_ENCRYPTION_PASSWORD", salt = "APPSMITH_ENCRYPTION_SALT" } do
    local held = secret.docker_env(path, name)
    if file.exists(path) and secret.exists(held) then offers[#offers + 1] = { key = key, secret = held, place = "the archive" } end
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
