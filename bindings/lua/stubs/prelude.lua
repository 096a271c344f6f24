---@meta _
-- What a playbook can use, for an editor. Never loaded by a run.
-- Made by `playbook doc --stubs`; in the source tree it is kept as stdlib/meta/playbook.lua.

--- An error as pcall gives it: of a primitive, a gate, an expectation. Raise the same shape with error { code = ..., message = ... }.
---@class playbook.Error
---@field code string such as `file.missing`; `script.failed` for plain error("text")
---@field message string lower case, names the object, what was expected, what was found
---@field hint? string the next safe action
---@field details? table data
---@field where? string the author's line: `upgrade.lua:31`

--- A secret is a name, never a value. Primitives open it; Lua never does.
---@class playbook.Secret
---@field type "secret"
---@field source "env"|"file"|"dotenv"
---@alias secret playbook.Secret

--- null, where nil will not do: inside a list, or to say that a field is there and empty.
null = nil ---@type userdata

---@class playbook.Parameter
---@field type? "string"|"integer"|"number"|"boolean"|"release"|"path"|"duration"|"choice"|"strings" string when not said; a duration is in seconds
---@field required? boolean
---@field default? any
---@field help? string one line
---@field choices? string[] of a choice

---@class playbook.Spec
---@field name string `family/verb`
---@field summary string one sentence
---@field help? string longer text for `playbook doc`
---@field params? table<string, playbook.Parameter> each becomes an option of the command
---@field run fun(p: table<string, any>): any the runbook; what it returns is the result of the run
---@field exports? table<string, function> functions that the engine may call in another process: ways back, stop_writers, verify

---@class playbook.Definition
---@field name string
---@field summary string
local Definition = {}

--- The same playbook with presets: what a site writes once.
---
---     return require("demo.upgrade").with { backups = "/srv/backup" }
---@param presets table<string, any>
---@return playbook.Definition
function Definition.with(presets) end

---@class playbook.Check
---@field name string gate.NAME and expect.NAME
---@field title string what holds when it is well: "there is room on the disk"
---@field run fun(...): boolean|string[], string?, string?, table? true; false with message, hint, details; or a list of what is wrong, with hint, details
---@field override? boolean may the operator pass over it by name with a reason? true unless false
---@field while_up? boolean it asks the running application: left out when a resumed run is in its downtime

---@class playbook.Instance
---@field module string whose exported stop_writers, start, unfence, verify, restore and evidence are called; `@playbook` for the playbook's own
---@field title? string
---@field version? string
---@field probe? string address that is asked ten times a second while the instance is down, which tells for how long it refused requests
---@field logs? string[] files that are kept as evidence of a failure; what `evidence(instance)` gives as {file name = text or lines} is kept beside

playbook = {}

--- Defines a playbook; its file returns it.
---@param spec playbook.Spec
---@return playbook.Definition
function playbook.define(spec) end

--- Declares a check with its two faces: gate.NAME(...) before any change, expect.NAME(...) after it. Raises `argument.invalid`.
---
---     playbook.check { name = "roomy", title = "there is room", run = function(free) return free > 10, free .. " GiB free" end }
---@param check playbook.Check
function playbook.check(check) end

--- Makes the instance known that this run works on. Its values are data, journaled. Raises `argument.invalid`.
---@param instance playbook.Instance
function playbook.instance(instance) end

--- Did the operator accept this danger by name (`--accept breaking`)?
---@param name string
---@return boolean
function playbook.accepted(name) end

--- Says that the run stays at a state on the way to its target, which was proved and is no failure to go back from: it ends with exit 1, and its last line
--- says so. To be called after the last change.
---
---     playbook.stayed("1.99", "2.1 failed to migrate")
---@param at string where it is now
---@param why string
function playbook.stayed(at, why) end

--- The families of playbooks that are here: names of modules that can inspect an instance, sorted.
---
---     for _, name in ipairs(playbook.families()) do require(name).is_here() end
---@return string[]
function playbook.families() end

--- Reads a JSON file of the library or of the playbook's folder. It travels with the run. Raises `name.unknown`, `json.invalid`.
---@param path string such as "demo/releases.json"
---@return any
function playbook.data(path) end

--- Declares the methods of values whose field `type` has this name, whether fresh from a primitive or replayed. Methods are not part of the data.
---@generic T: table
---@param name string such as "demo.instance"
---@param methods table<string, function>
---@return fun(value: T): T constructor that gives a table the type
function playbook.type(name, methods) end

--- A step of the runbook. Gives what the function gives and raises what it raises.
---
---     local saved = step("Back up", function() return backup.create(app.state) end)
---@generic T
---@param title string as a person would say it
---@param fn fun(): T
---@return T
function step(title, fn) end

--- Asks all gates of the block and reports them together; nothing has been changed yet. Raises `gate.refused` with details.gates. A resumed run asks
--- them again before it changes anything.
---@param fn fun()
function gates(fn) end

--- Before any change, inside gates: gate.NAME(...) of a declared check, or one made on the spot. Never raises by itself.
---
---     gate("it is night", clock.now().hour < 5, "the users are awake", "run it after midnight")
---@overload fun(title: string, ok: boolean, message?: string, hint?: string)
---@type table<string, fun(...)>
gate = {}

--- After a change: expect.NAME(...) of a declared check, or one made on the spot. Raises `expect.failed` at this line.
---@overload fun(title: string, ok: boolean, message?: string, hint?: string)
---@type table<string, fun(...)>
expect = {}

--- The block in which the application is down: stops the writers through the instance's module, works, lets them go. Raises `instance.missing`.
---@generic T
---@param fn fun(): T
---@return T
function downtime(fn) end

--- What undoes the rest of this block if it fails: a function that a module exports, and data. It may run tonight or next week, in another process, and
--- must bear a half-done block. Raises `argument.invalid`.
---@param fn function exported by a required module, or by `exports` of playbook.define
---@param ... any plain data
function way_back(fn, ...) end

--- Tries again what may pass: expectations, answers, locks. Mistakes in the playbook are not tried again. Raises the last error.
---
---     retry({ attempts = 5, wait = 10 }, function() expect.answers(app.url) end)
---@generic T
---@param options { attempts?: integer, wait?: number } 3 attempts, 0 seconds in between
---@param fn fun(attempt: integer): T
---@return T
function retry(options, fn) end

--- Asks the operator. Without anybody there the run stops and can be resumed; `--yes` agrees.
---@param text string a question that yes answers
---@param options? { details?: any }
---@return boolean
function confirm(text, options) end
