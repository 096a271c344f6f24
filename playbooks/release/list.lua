-- Which releases there are: those that the family's data know and those that the registry has, and which of them a moving tag such as `latest` is today. A
-- playbook wants one release by its name; this says which.
local playbook, families, composed = require "playbook", require "families", require "composed"

local MOST_ASKED = 8 -- so many of the newest releases are compared with a moving tag
local STAGES = { alpha = true, beta = true, rc = true, preview = true, pre = true }

--- The release that a tag names, or nil: not of `latest`, of a platform's own tag (1.2.0-arm64), of a build of a commit.
local function release_of(tag)
  local bare = composed.bare(tag)
  local parsed = version.parse(bare)
  if not parsed or #parsed.numbers < 2 or bare ~= parsed.bare then return nil end
  local stage = parsed.prerelease[1]
  return (not stage or STAGES[stage:match "^%a*"]) and bare or nil
end

--- Of 1.9 and 1.9.60, the first is a tag that moves: release -> tag, without those that others continue.
local function named_by(tags)
  local found, continued = {}, {}
  for _, tag in ipairs(tags) do
    local release = release_of(tag)
    if release then
      found[release] = tag
      continued[release:match "^(.*)%.%d+$" or ""] = true
    end
  end
  for release in pairs(continued) do found[release] = nil end
  return found
end

local function newest_first(set)
  local names, list = {}, {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(version.sort(names)) do table.insert(list, 1, name) end
  return list
end

--- "through 1.99, 2.1", and what nobody is sure of; or why there is no way.
local function way(family, app, release)
  if not family.path then return "" end
  local path = family.path(app, release)
  if path.blocked then return "none: " .. path.blocked.why end
  local stops, doubts = {}, {}
  for i, hop in ipairs(path.hops) do
    if i < #path.hops then stops[i] = hop.to end
    for _, doubt in ipairs(hop.unsure) do doubts[#doubts + 1] = doubt.why end
  end
  local told = #stops > 0 and "through " .. table.concat(stops, ", ") or "at once"
  return #doubts > 0 and told .. "; not sure: " .. table.concat(doubts, "; ") or told
end

--- What a moving tag is today: the release whose image is the very same one.
local function meaning(repository, tag, tags, newest)
  local moving = image.resolve(repository .. ":" .. tag)
  if not moving.digest then return "unknown: " .. moving.missing end
  for i = 1, math.min(#newest, MOST_ASKED) do
    if image.resolve(repository .. ":" .. (tags[newest[i]] or newest[i])).digest == moving.digest then return newest[i] end
  end
  return "none of the newest " .. math.min(#newest, MOST_ASKED) .. " releases"
end

--- The tags that move: `latest`, and that of the compose file where it moves too.
local function moving_tags(app)
  local written, tags = composed.tag_of(app.image), { "latest" }
  if written and written ~= "latest" and image.is_floating(app.image).floating and not release_of(written) then tags[2] = written end
  return tags
end

return playbook.define {
  name = "release/list",
  summary = "List the releases that this playbook's data and the registry know, the way to each, and what `latest` is today.",
  params = {
    all = { type = "boolean", help = "older releases than the present one too" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },

  run = function(p)
    local family, app = families.here(p)
    local repository = app.image and composed.without_tag(app.image)
    local asked = repository and image.tags(repository) or { missing = "it is no image" }
    local tags, known = named_by(asked.tags or {}), {}
    for _, release in ipairs(family.releases or {}) do known[release] = "data" end
    for release in pairs(tags) do known[release] = known[release] and "registry, data" or "registry" end

    local newest, list, older = newest_first(known), {}, 0
    local how = {
      [-1] = function() return "back only" end,
      [0] = function() return "runs" end,
      [1] = function(release) return app.version and way(family, app, release) or "unknown: nothing tells which release runs" end,
    }
    for _, release in ipairs(newest) do
      local order = app.version and version.compare(release, app.version) or 1
      if order < 0 and not p.all then
        older = older + 1
      else
        list[#list + 1] = { release = release, source = known[release], way = how[order](release) }
      end
    end
    local moving = {}
    for _, tag in ipairs(repository and moving_tags(app) or {}) do moving[tag] = meaning(repository, tag, tags, newest) end
    return {
      application = app.title,
      version = app.version,
      repository = repository,
      registry = asked.missing or "asked",
      moving_tags = next(moving) and moving or nil,
      releases = list,
      older_releases = older,
    }
  end,
}
