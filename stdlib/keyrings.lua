-- Where the files of an instance set its keys: for what puts a key there, or puts keys aside. `local keyrings = require "keyrings"`.
local keyrings = {}

--- The file of this instance that sets a key: `variable` where it is one setting of several, else the whole file belongs to the server; `secret` opens it.
---@param app table
---@param keyring table one of app.keyrings
---@param name string as its scheme calls the key
---@return { path: string, variable?: string, secret: table }? place nil where no file that is known sets it
function keyrings.place(app, keyring, name)
  local place = keyring.keys[name]
  local places = type(place) == "table" and not place.type and place or { place }
  for _, one in ipairs(places) do
    if type(one) == "string" then one = secret.dotenv(app.env_file, one) end
    local editable = one.source == "dotenv" or one.source == "docker_env"
    if editable and file.exists(one.path) and dotenv.get(one.path, one.name) then return { path = one.path, variable = one.name, secret = one } end
    if (one.source == "json" or one.source == "file") and secret.exists(one) then return { path = one.path, secret = one } end
  end
end

--- Where an operator says that a key stands: [NAME=]FILE, [NAME=]env:VARIABLE, [NAME=]dotenv|json|docker_env:FILE:MEMBER; NAME is that of the key in its scheme.
---@param text string
---@return { key?: string, secret: table, place: string }
function keyrings.offer(text)
  local key, place = text:match "^(%l+)=(.+)$"
  place = place or text
  local variable = place:match "^env:([%w_]+)$"
  local kind, path, member = place:match "^([%l_]+):(.+):([%w_]+)$"
  if variable then return { key = key, secret = secret.env(variable), place = place } end
  if kind == "dotenv" then return { key = key, secret = secret.dotenv(path, member), place = place } end
  if kind == "json" then return { key = key, secret = secret.json(path, member), place = place } end
  if kind == "docker_env" then return { key = key, secret = secret.docker_env(path, member), place = place } end
  return { key = key, secret = secret.file(place), place = place }
end

--- A source for backup.create: the keys, encrypted by age to these recipients. Only what is really in use is put aside.
---
---     keyrings.escrow(app, { "age1..." }) --> { type = "keys", pieces = {...}, recipients = {...} }
---
---@param app table
---@param recipients string[]
---@return table
function keyrings.escrow(app, recipients)
  local pieces, taken, aside = {}, {}, {}
  for i, keyring in ipairs(app.keyrings or {}) do
    aside[i] = { scheme = keyring.scheme, keys = {} }
    for name in pairs(keyring.keys) do
      local place = keyrings.place(app, keyring, name)
      aside[i].keys[name] = place and place.secret
      local id = place and place.path .. "\n" .. (place.variable or "")
      if place and not taken[id] and secret.exists(place.secret) then
        taken[id] = true
        pieces[#pieces + 1] = place.variable and place.secret or secret.file(place.path)
      end
    end
  end
  local used = keys.fingerprint(app.keyrings or {})
  for _, one in ipairs(used) do
    for i, keyring in ipairs(aside) do
      local known = keyring.scheme == one.scheme and keyring.keys[one.key] and keys.fingerprint({ keyring }, { like = used }) or nil
      for _, other in ipairs(known or {}) do
        if other.key == one.key and other.scrypt == one.scrypt then one.found = true end
      end
    end
    if not one.found then
      error {
        code = "unsupported",
        message = ("the %s of %s that is in use stands in no file from which it can be put aside"):format(one.key, one.scheme),
        hint = "set it in " .. tostring(app.env_file) .. ", or put it aside with keys.escrow",
      }
    end
  end
  if #pieces == 0 then error { code = "unsupported", message = "no keys are known of " .. (app.title or app.module) } end
  return { type = "keys", pieces = pieces, recipients = recipients }
end

return keyrings
