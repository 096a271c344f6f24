-- A site without its project: the folder that `dotnet publish` made, in which the site's own data has come to lie beside the program. A release comes as
-- another such folder, from the operator; what it holds of the program replaces what is here, and everything else stays.
local published = {}

local KEPT = { "umbraco/Data", "umbraco/Logs", "umbraco/Licenses", "wwwroot/media", ".playbook", "playbook.json" }

local function is_kept(path, app)
  for _, kept in ipairs(KEPT) do
    if path == kept then return true end
  end
  for _, variables in ipairs(app.variables) do
    if path == variables then return true end
  end
  return path == app.key_ring or path:find "^appsettings[^/]*%.json$" ~= nil
end

local function holds_kept(path)
  for _, kept in ipairs(KEPT) do
    if kept:sub(1, #path + 1) == path .. "/" then return true end
  end
  return false
end

local function joined(folder, path) return path == "" and folder or folder == "." and path or folder .. "/" .. path end

--- The file that names the program's packages; nil where the folder is no such site.
function published.program(folder)
  for _, entry in ipairs(file.list { path = folder }) do
    local is_program = entry.kind == "file" and entry.name:find "%.deps%.json$"
    if is_program and process.read({ "grep", "-q", '"Umbraco.Cms/', joined(folder, entry.name) }, { ok = { 0, 1 } }).status == 0 then return entry.name end
  end
end

--- The packages of Umbraco CMS in it: { file, package, version }.
function published.references(folder, program, packages)
  local named, found = {}, {}
  for _, package in ipairs(packages) do named[package] = true end
  local told = process.read({ "grep", "-o", "-E", '^ {4}"Umbraco\\.Cms[A-Za-z.]*/[^"]+"', joined(folder, program) }, { ok = { 0, 1 } }).out
  for package, version in told:gmatch '"([^/"]+)/([^"]+)"' do
    if named[package] then found[#found + 1] = { file = program, package = package, version = version } end
  end
  return found
end

--- What in such a folder is the program: files and whole folders, by their paths; what the site keeps for itself is not.
---@return { files: string[], folders: string[] }
function published.entries(app, folder, below, found)
  found, below = found or { files = {}, folders = {} }, below or ""
  for _, entry in ipairs(file.list { path = joined(folder, below) }) do
    local path = below == "" and entry.name or below .. "/" .. entry.name
    if entry.kind == "folder" and holds_kept(path) then
      published.entries(app, folder, path, found)
    elseif not is_kept(path, app) then
      local list = entry.kind == "folder" and found.folders or found.files
      list[#list + 1] = path
    end
  end
  return found
end

--- What backs the program up: optional files, and sources of folders. Files that only the folder to come has, `app.from`, go again with a restore.
function published.state(app)
  local here = published.entries(app, ".")
  local optional, state = here.files, {}
  for _, path in ipairs(app.from and published.entries(app, app.from).files or {}) do
    if not file.exists(path) then optional[#optional + 1] = path end
  end
  for _, path in ipairs(here.folders) do state[#state + 1] = { type = "directory", path = path, name = "program-" .. path:gsub("/", "-") } end
  return optional, state
end

local REPLACE = [[from=$1; shift
for path; do
  mkdir -p -- "$(dirname -- "./$path")"
  rm -rf -- "./$path"
  cp -a -- "$from/$path" "./$path"
done
sync]]

--- Puts the program of another folder, `app.from`, in the place of this one's.
function published.replace(app)
  local entries, argv = published.entries(app, app.from), { "sh", "-euc", REPLACE, "sh", app.from }
  for _, list in ipairs { entries.files, entries.folders } do
    for _, path in ipairs(list) do argv[#argv + 1] = path end
  end
  process.run(argv, { deadline = 3600, repeat_safe = true })
end

--- For scratch.copy: what of the site goes into a copy of another folder, over what that has.
function published.settings()
  local found = {}
  for _, entry in ipairs(file.list()) do
    if entry.kind == "file" and entry.name:find "^appsettings.*%.json$" then found[#found + 1] = { from = entry.name, to = entry.name } end
  end
  return found
end

return published
