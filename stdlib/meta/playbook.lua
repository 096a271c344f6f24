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

appsettings = {}

---@class playbook.appsettings.get.options
---@field environment? string its ASPNETCORE_ENVIRONMENT ("Production" when not given)
---@field over? string[] files of variables that win (A__B): units and drop-ins of systemd (.service, .conf), env files, services of compose files (compose.yml#site)

--- Gives a setting of a .NET application that is no secret, from appsettings.json, the file of its environment over it, and the variables that files set.
--- Raises `argument.invalid`, `file.denied`, `json.invalid`.
---
---     appsettings.get(".", "Umbraco:CMS:Unattended:UpgradeUnattended").value --> "true"
---@param folder string where the files are, below the instance or absolute
---@param key string such as ConnectionStrings:umbracoDbDSN
---@param options? playbook.appsettings.get.options
---@return {value: string, file: string?}? # nothing where nothing sets it, no file where a variable does; the password in a connection string is ***
---@nodiscard
function appsettings.get(folder, key, options) end

backup = {}

---@class playbook.backup.copy.options
---@field to? string a folder, or rclone:remote/path; default: backups in the state folder

--- Copies a backup set to another folder or by rclone, or fetches it from there, and verifies the copy.
--- Raises `backup.corrupt`, `backup.failed`, `backup.newer`, `disk.full`, `file.missing`, `process.missing`, `cancelled`.
---
---     backup.copy(saved, { to = "rclone:nas/acme" }).to --> "nas:acme"
---@param set any what backup.create gave, the path or name of a set, or rclone:remote/path/NAME
---@param options? playbook.backup.copy.options
---@return backup.set # the copy; of one that was sent by rclone {type="backup.copy", name, to, digest, bytes}
function backup.copy(set, options) end

---@class playbook.backup.create.options
---@field app? string name of the application, for the set's name
---@field version? string version of the application, for the set's name
---@field to? string folder for the set; default: backups in the state folder
---@field keyrings? any[] as keys.verify takes them: the set gets fingerprints of their keys
---@field recipients? string[] of age: the parts are encrypted to them, and only their keys open them
---@field note? string a remark that is stored in the set

--- Backs up databases and files into one new set and verifies what it wrote.
--- Raises `backup.failed`, `disk.full`, `file.missing`, `file.denied`, `file.changed`, `sqlite.failed`, `sqlite.locked`, `cancelled`.
---
---     backup.create({{type="sqlite", path="data/notes.db"}}, {app="demo", version="1.0"}).rows.notes --> 42
---@param sources any[] what to back up: {type="sqlite", path=...}, {type="postgres", server=...}, {type="directory", path=..., exclude={...}}, {type="files", paths={...}, optional={...}}, or of type volume, redis, s3, mongodb, sqlserver, command, image, external
---@param options? playbook.backup.create.options
---@return backup.set # the set: path, name, digest, created, bytes, parts, rows by table
function backup.create(sources, options) end

---@class playbook.backup.estimate.options
---@field to? string folder for the sets; default: backups in the state folder
---@field sets? integer how many sets are made (1 when not given)
---@field rehearse? boolean they are rehearsed (true when not given)
---@field restore? boolean one may have to be restored (true when not given)
---@field growth? number what a migration adds, as a share of the data (1 when not given)
---@field images? integer bytes of images that are pulled

--- Says how much room backups take, their rehearsal, the copy that a restore puts beside what is there, and a migration, on each disk.
--- Raises `argument.invalid`, `file.failed`, `postgres.failed`.
---
---     backup.estimate(app.state).disks[1].needed --> 83886080
---@param sources any[] what is backed up, as for backup.create
---@param options? playbook.backup.estimate.options
---@return {bytes: integer, disks: table[], unseen: string[]} # bytes that are read; disks of {path, available, needed, items}; sources whose disk cannot be seen from here
---@nodiscard
function backup.estimate(sources, options) end

---@class playbook.backup.import.options
---@field source? string name of the source that it is a copy of; default: the one that it looks like
---@field app? string name of the application, for the set's name
---@field version? string version of the application that wrote the data
---@field to? string folder for the set; default: backups in the state folder
---@field note? string a remark that is stored in the set

--- Makes a set of a copy that was made by hand (a dump of PostgreSQL, a SQLite database), verifies and rehearses it.
--- Raises `argument.invalid`, `backup.failed`, `disk.full`, `file.missing`, `postgres.failed`, `sqlite.failed`, `unsupported`, `cancelled`.
---
---     backup.import("/srv/shop.dump", app.state, { version = "1.0" }).rows.orders --> 40
---@param file string pg_dump's custom format, plain SQL of one database, or a SQLite database
---@param sources any[] what the instance keeps, as for backup.create
---@param options? playbook.backup.import.options
---@return backup.set # the set, which holds that one source
function backup.import(file, sources, options) end

---@class playbook.backup.list.options
---@field to? string folder of the sets; default: backups in the state folder

--- Lists the backup sets of this instance, oldest first.
--- Raises `file.denied`.
---
---     backup.list()[1].rehearsed_at --> "2026-11-21T07:13:49.000Z"
---@param options? playbook.backup.list.options
---@return backup.set[] # sets, with verified_at, rehearsed_at and needed_by (runs); one that cannot be used has `problem` and no `type`
---@nodiscard
function backup.list(options) end

---@class playbook.backup.loss.options
---@field only? string[] names of sources; default: all of the set
---@field identity? string of age: the file with a key that opens an encrypted set

--- Says what would be lost if a backup set was restored now: rows added, removed and changed since, table by table.
--- Raises `backup.corrupt`, `backup.newer`, `sqlite.failed`, `sqlite.locked`, `file.missing`, `cancelled`.
---
---     backup.loss(saved).text --> "table notes: 3 added, 1 changed"
---@param set any what backup.create gave, or the path or name of a set
---@param options? playbook.backup.loss.options
---@return {equal: boolean, text: string, sources: table[]} # text for people, and for each source items of {what, added, removed, changed}
---@nodiscard
function backup.loss(set, options) end

---@class playbook.backup.prune.options
---@field keep? integer how many of the newest sets stay
---@field younger_than? number sets younger than this stay
---@field to? string folder of the sets; default: backups in the state folder

--- Removes old backup sets; never the last good one, the last rehearsed one, or one that a run may still restore.
--- Raises `backup.corrupt`, `file.denied`, `cancelled`.
---
---     #backup.prune({ keep = 5 }).removed --> 2
---@param options? playbook.backup.prune.options
---@return {removed: string[], kept: table[], bytes: integer} # names of what was removed; {name, why} of each set that stays; bytes that were made free
function backup.prune(options) end

---@class playbook.backup.rehearse.options
---@field identity? string of age: the file with a key that opens an encrypted set

--- Restores a backup set into scratch, compares it with what was backed up, and notes in the set that it was rehearsed.
--- Raises `backup.corrupt`, `backup.newer`, `disk.full`, `file.missing`, `cancelled`.
---
---     backup.rehearse(saved).sources[1].rows.notes --> 42
---@param set any what backup.create gave, or the path or name of a set
---@param options? playbook.backup.rehearse.options
---@return {type: string, set: string, sources: table[]} # what was compared, source by source
function backup.rehearse(set, options) end

---@class playbook.backup.restore.options
---@field only? string[] names of sources; default: all of the set
---@field identity? string of age: the file with a key that opens an encrypted set
---@field moved? boolean the set may be of another instance; its paths become paths of this one (false when not given)

--- Verifies a backup set and brings it back; what it replaces is kept beside.
--- Raises `backup.corrupt`, `backup.newer`, `sqlite.locked`, `disk.full`, `file.denied`, `file.missing`, `cancelled`.
---
---     backup.restore(saved).loss.text --> "table notes: 3 added"
---@param set any what backup.create gave, or the path or name of a set
---@param options? playbook.backup.restore.options
---@return {type: string, set: string, sources: table[], kept: string[], loss: table} # what was restored, where the replaced files are kept, and what the present had that the set has not
function backup.restore(set, options) end

---@class playbook.backup.verify.options
---@field identity? string of age: the file with a key that opens an encrypted set
---@field attest? boolean note in the set, outside of what is verified, that it is good (false when not given)

--- Hashes every file of a backup set and decodes every part; names each file that is not as it was.
--- Raises `backup.corrupt`, `backup.newer`, `file.missing`, `cancelled`.
---
---     backup.verify(saved).name --> "20261121T071349Z-demo-1.0"
---@param set any what backup.create gave, or the path or name of a set
---@param options? playbook.backup.verify.options
---@return backup.set # the set; `moved` where it was made of an instance in another folder
---@nodiscard
function backup.verify(set, options) end

changelog = {}

---@class playbook.changelog.breaking.options
---@field before? string the changelog of the present release, where sections name no versions
---@field env_file? string a .env file: names of its settings that an entry mentions are told

--- What a changelog says breaks between two releases. It says less than what does break: compare settings and images too.
--- Raises `dotenv.invalid`, `file.denied`, `file.failed`, `file.missing`, `version.invalid`.
---
---     changelog.breaking("CHANGELOG.md", "1.4.0", "2.0.0")[1].text --> "BREAKING: the API answers a list"
---@param path string the changelog of the target
---@param from string the present release
---@param to string the target
---@param options? playbook.changelog.breaking.options
---@return {version: string?, kind: string, scope: string?, text: string, settings: string[]}[] # in the order of the file; empty where nothing is marked
---@nodiscard
function changelog.breaking(path, from, to, options) end

clock = {}

--- Gives the time in UTC.
---
---     clock.now().iso --> "2026-11-21T07:13:49.123Z"
---@return {iso: string, stamp: string, unix: integer} # ISO 8601, a form for names of files, and seconds since 1970
---@nodiscard
function clock.now() end

--- Waits. To wait for something, use http.wait or retry.
--- Raises `cancelled`.
---
---     clock.sleep(2.5)
---@param duration number seconds
function clock.sleep(duration) end

compose = {}

--- A compose project as Compose reads it, with the names of variables and never their values.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `file.missing`, `process.missing`, `unsupported`.
---
---     compose.config({}).services.app.image --> "ghcr.io/acme/app:1.2.0"
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@return compose.project # type, name, folder, working_dir (the folder, as the labels of containers name it), files, env_file, compose={version, generation}, engine={version}, services (build.context below the folder where it is), volumes, images, overridden (variables that the environment sets otherwise than the env file), unset (used and set nowhere)
---@nodiscard
function compose.config(project) end

---@class playbook.compose.create.options
---@field services? string[] with what they depend on; all when not given
---@field deadline? number how long it may take (300.0 when not given)

--- Makes the containers, networks and volumes of services as the compose files say, and starts nothing.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `file.missing`, `image.failed`, `process.missing`, `timeout`, `unsupported`, `cancelled`.
---
---     compose.create({})[1].state --> "created"
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@param options? playbook.compose.create.options
---@return {service: string, id: string, state: string}[] # the containers as compose.ps gives them
function compose.create(project, options) end

---@class playbook.compose.exec.options
---@field env? table<string, any> variables beside the host's own; values are strings or secret references
---@field folder? string where it runs; the instance when not given
---@field input? string|playbook.Secret given on standard input, which then ends
---@field deadline? number after this it is ended, and the call fails
---@field ok? any[] statuses that mean success ([0] when not given)
---@field secret_output? boolean its output is neither logged nor given back (false when not given)
---@field user? string as whom; the container's own when not given
---@field harmless? boolean it cannot touch the application's data, so it needs no way back (false when not given)
---@field repeat_safe? boolean running it again after it was cut short is right (false when not given)
---@field done_when? string[] a question: a command whose status 0 says that this is done already; asked before it runs and after a crash

--- Runs a program that changes something in the running container of a service.
--- Raises `argument.invalid`, `container.failed`, `process.failed`, `process.missing`, `secret.missing`, `timeout`, `cancelled`.
---
---     compose.exec({}, "app", {"./manage", "reindex"}, {repeat_safe=true}).status --> 0
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@param service string which
---@param argv string[] the program, looked up in PATH, and its arguments; no shell, no secrets
---@param options? playbook.compose.exec.options
---@return {status: integer, out: string, err: string, done_already: boolean} # its status and the last 64 KiB of its output, secrets masked
function compose.exec(project, service, argv, options) end

---@class playbook.compose.fence.options
---@field services? string[] all when not given

--- Takes the restart policies from containers, so that nothing starts them by itself, until compose.unfence.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `file.missing`, `process.missing`, `timeout`, `unsupported`, `cancelled`.
---
---     compose.fence({}, {services={"app"}}).fenced --> {"shop-app-1"}
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@param options? playbook.compose.fence.options
---@return {fenced: string[]} # names of containers
function compose.fence(project, options) end

---@class playbook.compose.logs.options
---@field services? string[] all when not given
---@field since? string a time, such as clock.now gives
---@field tail? integer of each container (200 when not given)

--- The last lines that the containers of a project said on both streams, secrets masked.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `file.missing`, `process.missing`, `unsupported`.
---
---     compose.logs({}, {services={"app"}, tail=1})[1].line --> "Server ready"
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@param options? playbook.compose.logs.options
---@return {service: string, line: string}[] # container by container, oldest first
---@nodiscard
function compose.logs(project, options) end

---@class playbook.compose.ps.options
---@field services? string[] all when not given

--- The containers of a compose project, stopped ones too, one-off ones not.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `file.missing`, `process.missing`, `unsupported`.
---
---     compose.ps({})[1].state --> "running"
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@param options? playbook.compose.ps.options
---@return {service: string, id: string, name: string, image: string, image_id: string, state: string, health: string?, exit_code: integer, restarts: integer, restart_policy: string, started: string}[] # sorted by name; image is what was asked for, image_id what runs
---@nodiscard
function compose.ps(project, options) end

---@class playbook.compose.pull.options
---@field services? string[] all when not given
---@field deadline? number for each image (1800.0 when not given)

--- Fetches the images of a compose project; those that are built here are left out.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `file.missing`, `image.failed`, `process.missing`, `timeout`, `unsupported`, `cancelled`.
---
---     compose.pull({})["redis:7.4-alpine"] --> "sha256:6ab0b6e7..."
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@param options? playbook.compose.pull.options
---@return table<string, string> # image -> its id
function compose.pull(project, options) end

---@class playbook.compose.read.options
---@field env? table<string, any> variables beside the host's own; values are strings or secret references
---@field folder? string where it runs; the instance when not given
---@field input? string|playbook.Secret given on standard input, which then ends
---@field deadline? number after this it is ended, and the call fails (60 when not given)
---@field ok? any[] statuses that mean success ([0] when not given)
---@field secret_output? boolean its output is neither logged nor given back (false when not given)
---@field user? string as whom; the container's own when not given

--- Runs a program that changes nothing in the running container of a service.
--- Raises `argument.invalid`, `container.failed`, `process.failed`, `process.missing`, `secret.missing`, `timeout`, `cancelled`.
---
---     compose.read({}, "app", {"./manage", "version"}).out --> "1.2.0\n"
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@param service string which
---@param argv string[] the program, looked up in PATH, and its arguments; no shell, no secrets
---@param options? playbook.compose.read.options
---@return {status: integer, out: string, err: string} # its status and the last 64 KiB of its output, secrets masked
---@nodiscard
function compose.read(project, service, argv, options) end

---@class playbook.compose.run.options
---@field env? table<string, any> variables beside the host's own; values are strings or secret references
---@field folder? string where it runs; the instance when not given
---@field input? string|playbook.Secret given on standard input, which then ends
---@field deadline? number after this it is ended, and the call fails
---@field ok? any[] statuses that mean success ([0] when not given)
---@field secret_output? boolean its output is neither logged nor given back (false when not given)
---@field user? string as whom; the container's own when not given
---@field harmless? boolean it cannot touch the application's data, so it needs no way back (false when not given)
---@field repeat_safe? boolean running it again after it was cut short is right (false when not given)
---@field done_when? string[] a question: a command whose status 0 says that this is done already; asked before it runs and after a crash

--- Runs a program that changes something in a container of its own, made like those of a service; what that depends on is not started.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `image.failed`, `process.failed`, `process.missing`, `secret.missing`, `timeout`, `cancelled`.
---
---     compose.run({}, "app", {"./migrate"}, {repeat_safe=true}).status --> 0
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@param service string which
---@param argv string[] the program, looked up in PATH, and its arguments; no shell, no secrets
---@param options? playbook.compose.run.options
---@return {status: integer, out: string, err: string, done_already: boolean} # its status and the last 64 KiB of its output, secrets masked
function compose.run(project, service, argv, options) end

---@class playbook.compose.start.options
---@field services? string[] all when not given
---@field deadline? number how long it may take (300.0 when not given)

--- Starts the containers that services have, as they are; an application may migrate its data as it starts.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `file.missing`, `process.missing`, `timeout`, `unsupported`, `cancelled`.
---
---     compose.start({}, {services={"app"}})[1].state --> "running"
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@param options? playbook.compose.start.options
---@return {service: string, id: string, state: string}[] # the containers as compose.ps gives them
function compose.start(project, options) end

---@class playbook.compose.stop.options
---@field services? string[] all when not given
---@field grace? number time to end by themselves; the compose file's when not given
---@field deadline? number how long it may take (300.0 when not given)

--- Stops services of a compose project; nothing is removed.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `file.missing`, `process.missing`, `timeout`, `unsupported`, `cancelled`.
---
---     compose.stop({}, {services={"app"}, grace=45}).stopped --> {"app"}
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@param options? playbook.compose.stop.options
---@return {stopped: string[]} # services that ran
function compose.stop(project, options) end

--- Gives containers the restart policies back that compose.fence took; does nothing where no fence stands.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `file.missing`, `process.missing`, `timeout`, `unsupported`, `cancelled`.
---
---     compose.unfence({}).fence_stood --> true
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@return {fence_stood: boolean} # whether there was a fence to lift
function compose.unfence(project) end

---@class playbook.compose.up.options
---@field services? string[] with what they depend on; all when not given
---@field images? table<string, any> service -> reference: Compose is asked first whether the files name them, such as after an edit of .env
---@field deadline? number how long it may take (600.0 when not given)

--- Makes and starts services as the compose files say, from images that are here; an application may migrate its data as it starts.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `file.missing`, `image.failed`, `process.missing`, `timeout`, `unsupported`, `cancelled`.
---
---     compose.up({})[1].state --> "running"
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@param options? playbook.compose.up.options
---@return {service: string, id: string, state: string}[] # the containers as compose.ps gives them
function compose.up(project, options) end

---@class playbook.compose.wait.options
---@field services? string[] which; must be given
---@field state? string running, healthy, completed (ended with status 0) or stopped ("running" when not given)
---@field deadline? number how long to go on (60.0 when not given)

--- Waits until services of a project are in a state; a service that ended instead ends the waiting.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `file.missing`, `process.missing`, `timeout`, `unsupported`, `cancelled`.
---
---     compose.wait({}, {services={"migrate"}, state="completed", deadline=300})[1].exit_code --> 0
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@param options? playbook.compose.wait.options
---@return {service: string, id: string, state: string}[] # the containers as compose.ps gives them
---@nodiscard
function compose.wait(project, options) end

container = {}

--- Lets Compose make a container of a service, never started and removed again, and compares it with one that is there.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `file.missing`, `process.missing`, `timeout`, `unsupported`, `cancelled`.
---
---     container.differences("activepieces", {}, "app") --> {}
---@param container string its name or id; `docker run` made it
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@param service string the name that it has, or gets, as a service
---@return string[] # names of what differs, such as "HostConfig.Devices"; empty where nothing does
function container.differences(container, project, service) end

--- Writes the compose file that makes a container of `docker run` again, which reads its settings from .env.
--- Raises `container.failed`, `image.failed`, `unsupported`, `file.changed`, `file.denied`, `file.missing`, `disk.full`, `process.missing`, `timeout`.
---
---     container.write_compose("docker-compose.yml", "activepieces", "app") --> true
---@param path string of the compose file, below the instance or absolute
---@param container string its name or id; `docker run` made it
---@param service string the name that it has, or gets, as a service
---@return boolean # whether anything changed
function container.write_compose(path, container, service) end

--- Writes the settings that a container of `docker run` was given, and its image does not set so, into a .env file.
--- Raises `container.failed`, `image.failed`, `unsupported`, `argument.invalid`, `dotenv.invalid`, `file.changed`, `file.denied`, `file.missing`, `disk.full`, `process.missing`, `timeout`.
---
---     container.write_dotenv(".env", "activepieces", "app") --> true
---@param path string of the .env file, below the instance or absolute
---@param container string its name or id; `docker run` made it
---@param service string the name that it has, or gets, as a service
---@return boolean # whether anything changed
function container.write_dotenv(path, container, service) end

csproj = {}

---@class playbook.csproj.get.options
---@field package? string a package, whose version is meant
---@field property? string an element of a PropertyGroup, such as TargetFramework

--- Gives the version of a package, or a property, of an MSBuild file.
--- Raises `argument.invalid`, `file.denied`, `file.failed`, `file.missing`, `unsupported`.
---
---     csproj.get("Shop.csproj", { package = "Umbraco.Cms" }) --> "13.5.2"
---@param path string of a .csproj or Directory.Packages.props, below the instance or absolute
---@param options? playbook.csproj.get.options
---@return string? # nothing when the file does not say it; $(Name) is followed to a property of the same file
---@nodiscard
function csproj.get(path, options) end

---@class playbook.csproj.set.options
---@field package? string a package, whose version is meant
---@field property? string an element of a PropertyGroup, such as TargetFramework

--- Sets the version of a package, or a property, that an MSBuild file has, and keeps every other byte of the file.
--- Raises `argument.invalid`, `file.changed`, `file.denied`, `file.failed`, `file.missing`, `unsupported`, `disk.full`.
---
---     csproj.set("Directory.Packages.props", "13.5.2", { package = "Umbraco.Cms" }) --> true
---@param path string of a .csproj or Directory.Packages.props, below the instance or absolute
---@param value string the version, or the property's value
---@param options? playbook.csproj.set.options
---@return boolean # whether anything changed
function csproj.set(path, value, options) end

dotenv = {}

---@class playbook.dotenv.get.options
---@field public? boolean the value is no secret and may enter playbook and journal (false when not given)

--- Gives a setting from a .env file, read as Docker Compose reads it: a secret reference, or with public the value.
--- Raises `dotenv.invalid`, `file.missing`, `file.denied`.
---
---     dotenv.get(".env", "PORT", { public = true }) --> "8080"
---@param path string of the .env file, below the instance or absolute
---@param key string of the setting
---@param options? playbook.dotenv.get.options
---@return secret|string? # nothing when the file does not set it
---@nodiscard
function dotenv.get(path, key, options) end

---@class playbook.dotenv.set.options
---@field public? boolean the value is no secret and may be shown in the plan (false when not given)
---@field once? boolean takes away other lines that set it (false when not given)

--- Sets a value in a .env file so that Docker Compose reads exactly it, and keeps every other byte of the file.
--- Raises `dotenv.invalid`, `file.missing`, `file.changed`, `file.denied`, `secret.missing`, `disk.full`.
---
---     dotenv.set(".env", "VERSION", "1.4.0", { public = true }) --> true
---@param path string of the .env file, below the instance or absolute
---@param key string of the setting; a new one goes to the end
---@param value string|playbook.Secret a string or a secret reference
---@param options? playbook.dotenv.set.options
---@return boolean # whether anything changed
function dotenv.set(path, key, value, options) end

---@class playbook.dotenv.unset.options
---@field public? boolean the value is no secret and may be shown in the plan (false when not given)

--- Takes a setting out of a .env file, with every line that sets it.
--- Raises `dotenv.invalid`, `file.missing`, `file.changed`, `file.denied`, `disk.full`.
---
---     dotenv.unset(".env", "LEGACY_MODE") --> true
---@param path string of the .env file, below the instance or absolute
---@param key string of the setting
---@param options? playbook.dotenv.unset.options
---@return boolean # whether it was there
function dotenv.unset(path, key, options) end

file = {}

--- Gives a file the whole content of another. Owner and mode of a file that is there stay; its folder must exist.
--- Raises `file.changed`, `file.denied`, `file.missing`, `file.failed`, `unsupported`, `disk.full`.
---
---     file.copy("docker-compose.yml", "release/docker-compose.yml") --> true
---@param path string the file that is changed or made
---@param from string the file whose content it gets
---@return boolean # whether anything changed
function file.copy(path, from) end

--- Gives the SHA-256 of the content of a file.
--- Raises `file.denied`, `file.failed`.
---
---     file.digest("app.db") --> "9f86d081884c7d65..."
---@param path string below the instance, or absolute
---@return string? # lower-case hex; nothing when there is no such file
---@nodiscard
function file.digest(path) end

--- Tells whether there is a file or folder, through symbolic links.
--- Raises `file.denied`.
---
---     file.exists("docker-compose.yml") --> true
---@param path string below the instance, or absolute
---@return boolean
---@nodiscard
function file.exists(path) end

---@class playbook.file.list.options
---@field path? string of the folder, below the instance or absolute ("." when not given)

--- Lists a folder, sorted by name.
--- Raises `file.missing`, `file.denied`.
---
---     file.list("releases")[1].name --> "v1"
---@param options? playbook.file.list.options
---@return {name: string, kind: string, size: integer?}[] # kind is file, folder, link or other
---@nodiscard
function file.list(options) end

---@class playbook.file.read.options
---@field limit? integer most bytes that it may have (1048576 when not given)

--- Reads a text file. Files of settings such as .env are read with dotenv.get, which keeps secrets out of the playbook.
--- Raises `file.missing`, `file.denied`, `file.failed`, `unsupported`.
---
---     file.read("VERSION") --> "1.4.0\n"
---@param path string below the instance, or absolute
---@param options? playbook.file.read.options
---@return string # its text
---@nodiscard
function file.read(path, options) end

--- Removes a file; a copy of its content stays with the run.
--- Raises `file.changed`, `file.denied`, `unsupported`, `disk.full`.
---
---     file.remove("maintenance.flag") --> true
---@param path string below the instance, or absolute
---@return boolean # whether there was one
function file.remove(path) end

---@class playbook.file.write.options
---@field mode? string of a new file, octal ("0644" when not given)

--- Gives a file its whole content. Owner and mode of a file that is there stay; its folder must exist.
--- Raises `file.changed`, `file.denied`, `file.missing`, `disk.full`.
---
---     file.write("VERSION", "1.4.0\n") --> true
---@param path string below the instance, or absolute
---@param content string|playbook.Secret the text, or a secret reference
---@param options? playbook.file.write.options
---@return boolean # whether anything changed
function file.write(path, content, options) end

host = {}

--- Gives the number of processors and their architecture.
---
---     host.cpu() --> { count = 2, architecture = "x86_64" }
---@return {count: integer, architecture: string} # count is what this command may use
---@nodiscard
function host.cpu() end

---@class playbook.host.disk.options
---@field path? string need not exist yet; its nearest folder counts ("." when not given)

--- Gives the room on the file system that holds a path, in bytes.
--- Raises `file.failed`.
---
---     host.disk().available --> 48318382080
---@param options? playbook.host.disk.options
---@return {total: integer, free: integer, available: integer, read_only: boolean} # available is what a program without special rights may use
---@nodiscard
function host.disk(options) end

--- Gives the memory of this machine, in bytes.
---
---     host.memory().available --> 3221225472
---@return {total: integer, available: integer} # available is what programs can still get without swapping
---@nodiscard
function host.memory() end

--- Finds programs in PATH.
---
---     host.tools({ "docker", "age" }) --> { docker = "/usr/bin/docker" }
---@param names string[] of the programs
---@return table<string, string> # the path of each program that is there
---@nodiscard
function host.tools(names) end

http = {}

---@class playbook.http.get.options
---@field headers? table<string, any> by name; values are strings or secret references
---@field timeout? number for one answer (30.0 when not given)
---@field follow? integer redirections at most; none where a header is a secret (5 when not given)
---@field json? boolean reads the body as JSON into `json` (false when not given)

--- Asks a URL once; any status is an answer.
--- Raises `http.failed`, `timeout`, `json.invalid`, `argument.invalid`, `secret.missing`, `cancelled`.
---
---     http.get("http://127.0.0.1:8080/health", {json=true}).json.version --> "1.1"
---@param url string http or https
---@param options? playbook.http.get.options
---@return {status: integer, headers: table<string, string>, body: string, truncated: boolean, json: any} # header names in lower case, the first 64 KiB of the body, secrets masked
---@nodiscard
function http.get(url, options) end

---@class playbook.http.wait.options
---@field headers? table<string, any> by name; values are strings or secret references
---@field timeout? number for one answer (10.0 when not given)
---@field follow? integer redirections at most; none where a header is a secret (5 when not given)
---@field status? integer the status that is waited for (200 when not given)
---@field body? string the whole answer as text, white space around it apart
---@field json? table<string, any> what the answer must hold at least, as JSON
---@field give_up_on? any[] statuses that will not get better: they end the waiting
---@field runs? string[] a command that ends with 0 as long as it runs that should answer: else the waiting ends
---@field deadline? number how long to go on (60 when not given)
---@field every? number pause between questions (0.5 when not given)

--- Asks a URL until its answer is the one that is waited for.
--- Raises `timeout`, `http.failed`, `argument.invalid`, `process.missing`, `secret.missing`, `cancelled`.
---
---     http.wait("http://127.0.0.1:8080/health", {json={status="ok"}, deadline=30}).status --> 200
---@param url string http or https
---@param options? playbook.http.wait.options
---@return {status: integer, headers: table<string, string>, body: string, truncated: boolean, json: any, attempts: integer} # the answer as http.get gives it, and how often it was asked
---@nodiscard
function http.wait(url, options) end

image = {}

--- Which image each service of a compose project has, where that is written, what runs, and what would pin it.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `dotenv.invalid`, `file.failed`, `file.missing`, `process.missing`, `unsupported`.
---
---     image.current({}).app.floating --> "it has no tag, which means latest"
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@return table<string, {image: string, place: string?, unknown_place: string?, variable: string?, unset: boolean?, floating: string?, running: {image: string, id: string, state: string}?, pin: string?, why: string?}> # of services that are not built here. floating says why it may be another image tomorrow; pin is a reference to what runs now, which its registry confirmed, and why says how that is known
---@nodiscard
function image.current(project) end

--- Whether a reference to an image may name another one tomorrow, and why.
--- Raises `argument.invalid`.
---
---     image.is_floating("redis").why --> "it has no tag, which means latest"
---@param ref string such as ghcr.io/acme/app:1.2.0
---@return {floating: boolean, why: string?} # a full version, a commit or a digest does not float
---@nodiscard
function image.is_floating(ref) end

--- The parts of a reference to an image.
--- Raises `argument.invalid`.
---
---     image.parse("postgres:16") --> {registry="docker.io", repository="library/postgres", tag="16"}
---@param ref string such as ghcr.io/acme/app:1.2.0
---@return {registry: string, repository: string, tag: string?, digest: string?} # registry and repository with what docker adds where it is not written
---@nodiscard
function image.parse(ref) end

--- Gives services of a compose project other images, where Compose takes them from: a compose file, or a variable in .env.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `dotenv.invalid`, `file.changed`, `file.denied`, `file.failed`, `file.missing`, `process.missing`, `unsupported`, `disk.full`.
---
---     image.pin({}, { app = "acme/app:1.2.0" }).files --> { ".env" }
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@param images table<string, any> service -> reference with a full version or a digest
---@return {changed: boolean, files: string[]} # the files that it edited; Compose reads them so that these images change and nothing else
function image.pin(project, images) end

---@class playbook.image.present.options
---@field env? string[] variables of the image to show, such as APP_VERSION

--- What the engine has of an image; nothing where it does not have it.
--- Raises `container.failed`, `process.missing`.
---
---     image.present("redis:7.4").id --> "sha256:6ab0b6e7..."
---@param ref string a reference or an id
---@param options? playbook.image.present.options
---@return {id: string, digests: string[], size: integer, created: string, labels: table<string, string>, environment: table<string, string>?}? # digests are empty for an image that never was in a registry
---@nodiscard
function image.present(ref, options) end

---@class playbook.image.pull.options
---@field deadline? number for each image (1800.0 when not given)

--- Fetches images from their registries.
--- Raises `argument.invalid`, `container.failed`, `image.failed`, `process.missing`, `timeout`, `cancelled`.
---
---     image.pull({"redis:7.4"})["redis:7.4"] --> "sha256:6ab0b6e7..."
---@param refs string[] references, each fetched once
---@param options? playbook.image.pull.options
---@return table<string, string> # reference -> id of the image
function image.pull(refs, options) end

--- The text of a file inside an image that is here; nothing of the image is started.
--- Raises `container.failed`, `file.missing`, `file.failed`, `image.failed`, `process.missing`.
---
---     image.read("acme/app:1.2.0", "/app/VERSION") --> "1.2.0\n"
---@param ref string a reference or an id
---@param path string in the image, from its root
---@return string # UTF-8
---@nodiscard
function image.read(ref, path) end

--- Asks the registry what a reference names for this machine, without fetching it.
--- Raises `argument.invalid`, `container.failed`, `process.missing`, `timeout`.
---
---     image.resolve("redis:0.0.1").missing --> "no such tag"
---@param ref string such as ghcr.io/acme/app:1.2.0
---@return {digest: string?, size: integer?, missing: string?} # size: of its layers in the registry, in bytes; missing says why: no such tag, unauthorized, registry unreachable, too many requests, or docker's words
---@nodiscard
function image.resolve(ref) end

--- Asks the registry which tags the repository of an image has, with docker's own logins; skopeo does it, for docker cannot.
--- Raises `argument.invalid`, `container.failed`, `timeout`.
---
---     image.tags("redis").tags[1] --> "2.6.17"
---@param ref string such as ghcr.io/acme/app; its tag counts for nothing
---@return {tags: string[]?, missing: string?} # missing says why: skopeo is not installed, no such repository, unauthorized, registry unreachable, or skopeo's words
---@nodiscard
function image.tags(ref) end

json = {}

--- Writes a value as JSON, with sorted keys and without spaces.
---
---     json.encode({ b = 1, a = true }) --> '{"a":true,"b":1}'
---@param value any any plain value
---@return string # the one text that equal values share
---@nodiscard
function json.encode(value) end

--- Reads JSON text.
--- Raises `json.invalid`.
---
---     json.parse('{"ready": true}').ready --> true
---@param text string one JSON value
---@return any # the value
---@nodiscard
function json.parse(text) end

keys = {}

--- Puts keys aside in a file that only the holders of age keys can open (`age --decrypt --identity KEY FILE`).
--- Raises `argument.invalid`, `secret.missing`, `file.failed`, `process.missing`, `backup.failed`, `disk.full`, `cancelled`.
---
---     keys.escrow(app.keyrings, "keys.age", {"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"})
---@param keyrings any[] {scheme=, keys={NAME=secret reference, or a variable of the service}, service={project=, service=}?, stored=?} each
---@param to string the file, which must not be there yet
---@param recipients string[] public keys of age
---@return {path: string} # the file, readable by its owner alone
function keys.escrow(keyrings, to, recipients) end

--- Finds which of several keys open what is stored: those that are in use, and those that are offered in their place.
--- Raises `argument.invalid`, `unsupported`, `secret.missing`, `postgres.failed`, `postgres.locked`, `process.missing`, `backup.corrupt`, `cancelled`.
---
---     keys.find(app.keyrings, {{secret=secret.file("old.key")}})[1].best --> {choice={key=1}, opened=42}
---@param keyrings any[] {scheme=, keys={NAME=secret reference, or a variable of the service}, service={project=, service=}?, stored=?} each
---@param offers any[] {secret=secret reference, key=its name in the scheme, where the scheme has several?} each
---@return table[] # for each keyring {scheme, tried, candidates, best={choice, opened}?, tied, others={choice, values, rows}[], none={values, rows}}; a choice maps names of keys to numbers of offers, and is empty for what is in use
---@nodiscard
function keys.find(keyrings, offers) end

---@class playbook.keys.fingerprint.options
---@field like? any[] earlier fingerprints: equal keys then give equal ones
---@field running? boolean of the keys with which the service's container runs, where one runs (false when not given)

--- Gives a fingerprint (scrypt, its salt beside) of every key, by which it is known again and from which it cannot be found.
--- Raises `argument.invalid`, `unsupported`.
---
---     keys.fingerprint(app.keyrings, {like=set.keys})[1].scrypt == set.keys[1].scrypt --> true
---@param keyrings any[] {scheme=, keys={NAME=secret reference, or a variable of the service}, service={project=, service=}?, stored=?} each
---@param options? playbook.keys.fingerprint.options
---@return {scheme: string, key: string, salt: string, scrypt: string}[] # one for each key that its scheme requires and that is there
---@nodiscard
function keys.fingerprint(keyrings, options) end

--- Lists the keys of an ASP.NET data-protection key ring, on which sessions and sent links hang.
--- Raises `file.missing`, `file.denied`, `file.failed`.
---
---     #keys.ring("DataProtection-Keys") --> 2
---@param path string the folder, below the instance or absolute
---@return {id: string, created: string, activated: string, expires: string, revoked: boolean}[] # oldest first; what a key is made of is not looked at
---@nodiscard
function keys.ring(path) end

---@class playbook.keys.verify.options
---@field set? any a backup set: what it holds is tried, in a scratch database beside, not what is live
---@field identity? string of age: the file with a key that opens an encrypted set

--- Tries keys on the secrets that an application has stored under them, in its database or in a backup set.
--- Raises `argument.invalid`, `unsupported`, `postgres.failed`, `postgres.locked`, `process.missing`, `backup.corrupt`, `cancelled`.
---
---     keys.verify(app.keyrings).text --> "appstrate: 42 of 42 stored values open"
---@param keyrings any[] {scheme=, keys={NAME=secret reference, or a variable of the service}, service={project=, service=}?, stored=?} each
---@param options? playbook.keys.verify.options
---@return keys.verdict # verdict (match, mismatch, partial, or unknown where there was nothing to try), text, and for each scheme how many values opened, failed, ask for a key that is not given, and where
---@nodiscard
function keys.verify(keyrings, options) end

log = {}

--- Says something in the log of the run.
---
---     log.info("the old release stays until tomorrow")
---@param message any a string, or any value, shown as JSON
function log.info(message) end

--- Warns in the log of the run.
---
---     log.warning("no copy is kept elsewhere")
---@param message any a string, or any value, shown as JSON
function log.warning(message) end

migrate = {}

---@class playbook.migrate.watch.options
---@field service? string the server; must be given
---@field url? string where it tells how it is; must be given
---@field ready? table<string, any> {status=200, json=?, lines={regular expressions}?}: the answer, and lines of the log, that are waited for ({"status":200} when not given)
---@field starting? table<string, any> {status=503}: the answer while it starts
---@field fail? string[] regular expressions of log lines that say that it failed
---@field progress? string[] regular expressions of log lines that people want to see
---@field restarts? integer how often its container may restart meanwhile (0 when not given)
---@field deadline? number how long to go on (300.0 when not given)

--- Follows log and health of a server that migrates its database as it starts, until it is ready or has failed.
--- Raises `argument.invalid`, `compose.invalid`, `container.failed`, `process.missing`, `timeout`, `unsupported`, `cancelled`.
---
---     migrate.watch({}, {service="app", url="http://127.0.0.1:3000/health", fail={"^error: "}, deadline=600}).lines --> 41
---@param project table<string, any> {folder="."?, files=?, name=?, env_file=?}, or what compose.config gave
---@param options? playbook.migrate.watch.options
---@return {ready_after_ms: integer, lines: integer} # time since the watch began, and how many lines the log had
---@nodiscard
function migrate.watch(project, options) end

postgres = {}

--- Gives row count and digest of every table of a PostgreSQL database, its sequences, extensions and a digest of its schema, all of one moment.
--- Raises `postgres.failed`, `postgres.locked`, `process.missing`, `cancelled`.
---
---     postgres.fingerprint(app.database).tables.notes.rows --> 42
---@param server table<string, any> {project=..., service="postgres", user=?, database=?}, or {url=secret reference or address without password}
---@return {version: integer, schema: string, tables: table<string, {rows: integer, digest: string}>, sequences: table<string, string>, extensions: table<string, string>, large_objects: integer} # equal values mean equal data
---@nodiscard
function postgres.fingerprint(server) end

---@class playbook.postgres.query.options
---@field args? any[] arguments in their order
---@field limit? integer fails when there are more rows than this (10000 when not given)
---@field deadline? number longest time for the query (60 when not given)

--- Reads rows of a PostgreSQL database in a read-only transaction.
--- Raises `argument.invalid`, `postgres.failed`, `postgres.locked`, `timeout`, `process.missing`, `cancelled`.
---
---     postgres.query(app.database, "select count(*) as n from notes where owner = $1", {args={"ada"}})[1].n --> 3
---@param server table<string, any> {project=..., service="postgres", user=?, database=?}, or {url=secret reference or address without password}
---@param sql string one query; `$1`, `$2` where arguments go
---@param options? playbook.postgres.query.options
---@return table[] # a map by column name for each row; times in ISO 8601, numbers that a double would change as strings
---@nodiscard
function postgres.query(server, sql, options) end

process = {}

---@class playbook.process.read.options
---@field env? table<string, any> variables beside the host's own; values are strings or secret references
---@field folder? string where it runs; the instance when not given
---@field input? string|playbook.Secret given on standard input, which then ends
---@field deadline? number after this it is ended, and the call fails (60 when not given)
---@field ok? any[] statuses that mean success ([0] when not given)
---@field secret_output? boolean its output is neither logged nor given back (false when not given)

--- Asks a program a question; it must change nothing, for plans and checks run it too.
--- Raises `process.failed`, `process.missing`, `secret.missing`, `timeout`, `cancelled`.
---
---     process.read({"git", "rev-parse", "HEAD"}).out --> "1f3870be274f6c49b3e31a0c6728957f7e2a1b90\n"
---@param argv string[] the program, looked up in PATH, and its arguments; no shell, no secrets
---@param options? playbook.process.read.options
---@return {status: integer, out: string, err: string} # its status and the last 64 KiB of its output, secrets masked
---@nodiscard
function process.read(argv, options) end

---@class playbook.process.run.options
---@field env? table<string, any> variables beside the host's own; values are strings or secret references
---@field folder? string where it runs; the instance when not given
---@field input? string|playbook.Secret given on standard input, which then ends
---@field deadline? number after this it is ended, and the call fails
---@field ok? any[] statuses that mean success ([0] when not given)
---@field secret_output? boolean its output is neither logged nor given back (false when not given)
---@field harmless? boolean it cannot touch the application's data, so it needs no way back (false when not given)
---@field repeat_safe? boolean running it again after it was cut short is right (false when not given)
---@field done_when? string[] a question: a command whose status 0 says that this is done already; asked before it runs and after a crash

--- Runs a program that changes something.
--- Raises `process.failed`, `process.missing`, `secret.missing`, `timeout`, `cancelled`.
---
---     process.run({"./rebuild-index", "--all"}, {deadline=600, repeat_safe=true}).status --> 0
---@param argv string[] the program, looked up in PATH, and its arguments; no shell, no secrets
---@param options? playbook.process.run.options
---@return {status: integer, out: string, err: string, done_already: boolean} # its status and the last 64 KiB of its output, secrets masked
function process.run(argv, options) end

scratch = {}

---@class playbook.scratch.copy.options
---@field name? string of the copy ("copy" when not given)
---@field except? string[] paths in the folder that are left out; the state folder always is
---@field files? any[] {from=, to=}: files that are put over those of the folder
---@field databases? any[] {from=, to=, sql=?}: SQLite databases, where each goes in the copy, and statements that are run on the copy
---@field projects? any[] {file=, package= or property=, value=}: what changes in MSBuild files of the copy

--- Copies a folder into the run's scratch, where a new release can be tried on it. It is gone when the run is undone; remove it where it is needed no more.
--- Raises `argument.invalid`, `file.missing`, `file.denied`, `file.failed`, `sqlite.failed`, `sqlite.locked`, `disk.full`, `cancelled`.
---
---     scratch.copy(".", { except = { "media" } }) --> "/srv/site/.playbook/runs/7/scratch/copy"
---@param folder string below the instance or absolute
---@param options? playbook.scratch.copy.options
---@return string # the folder of the copy
function scratch.copy(folder, options) end

---@class playbook.scratch.serve.options
---@field env? table<string, any> variables beside the host's own; values are strings or secret references; {port} stands for the port
---@field folder? string where it runs; the instance when not given
---@field deadline? number how long it may take until it answers (600 when not given)
---@field env_files? string[] of variables beneath `env`, as of appsettings.get: what its service gets
---@field url? string that is asked, such as http://127.0.0.1:{port}/health; must be given
---@field statuses? any[] any of these is waited for ([200] when not given)
---@field body? string the whole answer as text, white space around it apart
---@field give_up_on? any[] statuses that will not get better: they end the waiting

--- Starts a server of a scratch copy on a port of its own, waits until it answers as expected, and ends it.
--- Raises `argument.invalid`, `http.failed`, `process.failed`, `process.missing`, `secret.missing`, `timeout`, `cancelled`.
---
---     scratch.serve({"./server"}, { folder = copy, env = { PORT = "{port}" }, url = "http://127.0.0.1:{port}/health" }).ready_after_ms --> 812
---@param argv string[] the program, looked up in PATH, and its arguments; no shell, no secrets
---@param options? playbook.scratch.serve.options
---@return {ready_after_ms: integer} # how long it took
function scratch.serve(argv, options) end

secret = {}

---@class playbook.secret.appsettings.options
---@field environment? string its ASPNETCORE_ENVIRONMENT ("Production" when not given)
---@field over? string[] files of variables that win, as of appsettings.get
---@field part? string password: that of a connection string, and not all of it

--- Names a secret that is a setting of a .NET application, in appsettings.json, the file of its environment over it, or a variable that a file sets. Its value never enters the playbook.
---
---     secret.appsettings(".", "Umbraco:CMS:Imaging:HMACSecretKey")
---@param folder string where the files are, below the instance or absolute
---@param key string such as Umbraco:CMS:Imaging:HMACSecretKey
---@param options? playbook.secret.appsettings.options
---@return secret # a reference, for parameters that take one
---@nodiscard
function secret.appsettings(folder, key, options) end

--- Names a secret that is a value in Appsmith's docker.env, read as Appsmith reads it. Its value never enters the playbook.
---
---     secret.docker_env("stacks/configuration/docker.env", "APPSMITH_ENCRYPTION_SALT")
---@param path string of the file, below the instance or absolute
---@param key string of the value; the last line that sets it counts
---@return secret # a reference, for parameters that take one
---@nodiscard
function secret.docker_env(path, key) end

--- Names a secret that is a value in a .env file. Its value never enters the playbook.
---
---     secret.dotenv(".env", "POSTGRES_PASSWORD")
---@param path string of the .env file, below the instance or absolute
---@param key string of the value
---@return secret # a reference, for parameters that take one
---@nodiscard
function secret.dotenv(path, key) end

--- Names a secret that is in the environment of this command. Its value never enters the playbook.
---
---     secret.env("PGPASSWORD")
---@param name string of the environment variable
---@return secret # a reference, for parameters that take one
---@nodiscard
function secret.env(name) end

--- Tells whether a secret is there and is not empty.
--- Raises `dotenv.invalid`, `file.denied`.
---
---     secret.exists(secret.env("PGPASSWORD")) --> true
---@param secret table<string, any> a reference from secret.env, secret.file or secret.dotenv
---@return boolean # never the value
---@nodiscard
function secret.exists(secret) end

--- Names a secret that is the content of a file, without its final newline. Its value never enters the playbook.
---
---     secret.file("/etc/acme/backup.key")
---@param path string below the instance, or absolute
---@return secret # a reference, for parameters that take one
---@nodiscard
function secret.file(path) end

--- Names the first of several secrets that is there and not empty, as an application that looks in several places does.
--- Raises `argument.invalid`.
---
---     secret.first { secret.env("AP_ENCRYPTION_KEY"), secret.json("config/settings.json", "ENCRYPTION_KEY") }
---@param secrets any[] references in the order of the application
---@return secret # a reference, for parameters that take one
---@nodiscard
function secret.first(secrets) end

--- Names a secret that is a text in the JSON object of a file. Its value never enters the playbook.
---
---     secret.json("config/settings.json", "ENCRYPTION_KEY")
---@param path string of the file, below the instance or absolute
---@param key string of the member
---@return secret # a reference, for parameters that take one
---@nodiscard
function secret.json(path, key) end

service = {}

--- Sees to it that nothing starts a service by itself, until service.unfence.
--- Raises `argument.invalid`, `service.failed`, `process.missing`, `timeout`, `cancelled`.
---
---     service.fence({systemd="shop.service"}).fenced --> true
---@param service table<string, any> {systemd="NAME.service"}, or {name=, start=argv, stop=argv, status=argv, fence=argv?, unfence=argv?, folder=?, env=?}
---@return {fenced: boolean} # false where an operator's service has no fence command
function service.fence(service) end

---@class playbook.service.start.options
---@field deadline? number how long it may take (60 when not given)

--- Starts a service and waits until it runs; a new release may migrate its data as it starts.
--- Raises `argument.invalid`, `service.failed`, `process.missing`, `timeout`, `cancelled`.
---
---     service.start({systemd="shop.service"}).now --> "running"
---@param service table<string, any> {systemd="NAME.service"}, or {name=, start=argv, stop=argv, status=argv, fence=argv?, unfence=argv?, folder=?, env=?}
---@param options? playbook.service.start.options
---@return {was: string, now: string} # states as service.status gives them
function service.start(service, options) end

--- Tells whether a service runs.
--- Raises `argument.invalid`, `service.failed`, `process.missing`, `timeout`, `cancelled`.
---
---     service.status({systemd="shop.service"}) --> "running"
---@param service table<string, any> {systemd="NAME.service"}, or {name=, start=argv, stop=argv, status=argv, fence=argv?, unfence=argv?, folder=?, env=?}
---@return "running"|"stopped"|"changing" # "changing" while systemd starts or stops it
---@nodiscard
function service.status(service) end

---@class playbook.service.stop.options
---@field deadline? number how long it may take (60 when not given)

--- Stops a service and waits until it has stopped.
--- Raises `argument.invalid`, `service.failed`, `process.missing`, `timeout`, `cancelled`.
---
---     service.stop({systemd="shop.service"}).was --> "running"
---@param service table<string, any> {systemd="NAME.service"}, or {name=, start=argv, stop=argv, status=argv, fence=argv?, unfence=argv?, folder=?, env=?}
---@param options? playbook.service.stop.options
---@return {was: string, now: string} # states as service.status gives them
function service.stop(service, options) end

--- Restores how a service started by itself before service.fence; does nothing where no fence stands.
--- Raises `argument.invalid`, `service.failed`, `process.missing`, `timeout`, `cancelled`.
---
---     service.unfence({systemd="shop.service"}).fence_stood --> true
---@param service table<string, any> {systemd="NAME.service"}, or {name=, start=argv, stop=argv, status=argv, fence=argv?, unfence=argv?, folder=?, env=?}
---@return {fence_stood: boolean} # whether there was a fence to lift
function service.unfence(service) end

sqlite = {}

--- Gives row count and digest of every table of a SQLite database, and a digest of its schema, all of one moment.
--- Raises `file.missing`, `sqlite.failed`, `sqlite.locked`, `cancelled`.
---
---     sqlite.fingerprint("notes.db").tables.notes.rows --> 42
---@param path string database file
---@return {version: integer, user_version: integer, schema: string, tables: table<string, {rows: integer, digest: string}>} # equal values mean equal data
---@nodiscard
function sqlite.fingerprint(path) end

---@class playbook.sqlite.query.options
---@field args? any[] arguments in their order
---@field limit? integer fails when there are more rows than this (10000 when not given)

--- Reads rows of a SQLite database, also while the application runs.
--- Raises `argument.invalid`, `file.missing`, `sqlite.failed`, `sqlite.locked`, `cancelled`.
---
---     sqlite.query("notes.db", "select count(*) as n from notes where owner = ?", {args={"ada"}})[1].n --> 3
---@param path string database file
---@param sql string one statement that only reads; `?` where an argument goes
---@param options? playbook.sqlite.query.options
---@return table[] # a map by column name for each row; integers beyond 2^53 are strings, blobs {blob=sha256, size=bytes}
---@nodiscard
function sqlite.query(path, sql, options) end

---@class playbook.sqlite.swap.options
---@field key? string column of the names ("key" when not given)
---@field value? string column of the values, which are text and no secrets ("value" when not given)

--- Changes rows of a table of names and values where they are byte for byte as expected: all of them or none.
--- Raises `argument.invalid`, `drift`, `file.missing`, `sqlite.failed`, `sqlite.locked`, `disk.full`, `cancelled`.
---
---     sqlite.swap("site.db", "umbracoKeyValue", { { key = "mode", from = "a", to = "b" } }) --> true
---@param path string database file
---@param table string its name
---@param rows any[] {key=, from=?, to=?}: no from: there is none yet; no to: it goes away
---@param options? playbook.sqlite.swap.options
---@return boolean # whether anything changed: false where all rows are so already
function sqlite.swap(path, table, rows, options) end

sqlserver = {}

--- Reads rows of a database of SQL Server.
--- Raises `argument.invalid`, `process.failed`, `process.missing`, `secret.missing`, `cancelled`.
---
---     sqlserver.query(app.database, "select count(*) as n from umbracoNode")[1].n --> 3
---@param server table<string, any> {database=, password=a secret reference, user="sa"?, host="localhost"?, project=? and service=? where sqlcmd is that of a service}
---@param sql string one SELECT, every column of it with a name
---@return table[] # a map by column name for each row
---@nodiscard
function sqlserver.query(server, sql) end

---@class playbook.sqlserver.swap.options
---@field key? string column of the names ("key" when not given)
---@field value? string column of the values, which are text and no secrets ("value" when not given)

--- Changes rows of a table of names and values in SQL Server where they are byte for byte as expected: all of them or none.
--- Raises `argument.invalid`, `drift`, `process.failed`, `process.missing`, `secret.missing`, `cancelled`.
---
---     sqlserver.swap(app.database, "umbracoKeyValue", { { key = "mode", from = "a", to = "b" } }) --> true
---@param server table<string, any> {database=, password=a secret reference, user="sa"?, host="localhost"?, project=? and service=? where sqlcmd is that of a service}
---@param table string its name
---@param rows any[] {key=, from=?, to=?}: no from: there is none yet; no to: it goes away
---@param options? playbook.sqlserver.swap.options
---@return boolean # whether anything changed: false where all rows are so already
function sqlserver.swap(server, table, rows, options) end

version = {}

--- Compares two release versions: numbers as numbers, pre-releases below their release.
--- Raises `version.invalid`.
---
---     version.compare("1.9.0", "1.10.0") --> -1
---@param left string a version
---@param right string a version
---@return integer # -1 when left is older, 0 when they are equal, 1 when left is newer
---@nodiscard
function version.compare(left, right) end

--- Takes a release version apart.
---
---     version.parse("v1.0.0-beta.51").prerelease --> { "beta", "51" }
---@param text string such as v1.99.2 or 1.0.0-beta.51
---@return {text: string, bare: string, numbers: integer[], prerelease: string[]}? # bare is without a leading v and without build metadata; nil for what is no version, such as latest
---@nodiscard
function version.parse(text) end

---@class playbook.version.path.options
---@field facts? table<string, any> what is known of the instance: name -> boolean ({} when not given)

--- The way from one release to another through the releases that must come in between, with reasons.
--- Raises `json.invalid`, `version.invalid`.
---
---     version.path("1.95", "2.1", playbook.data "appsmith/data/checkpoints.json").hops[1].to --> "1.99"
---@param from string the present release
---@param to string the target
---@param data table<string, any> checkpoints, as runtime/pin/version_path.h describes them
---@param options? playbook.version.path.options
---@return {hops: {from: string, to: string, line: boolean?, reasons: table[], before: table[], unsure: table[], one_way: table[]}[]?, unsure: boolean?, blocked: {id: string, why: string, source: string}?} # the fewest hops, or what blocks the way; line: the newest release of that line is meant; before: what must hold before the hop; unsure: what the data is not sure of
---@nodiscard
function version.path(from, to, data, options) end

--- Tells whether a release version is within a range.
--- Raises `version.invalid`.
---
---     version.satisfies("1.97.2", ">=1.96 <2") --> true
---@param version string a version
---@param range string such as ">=1.96 <2", "1.2.x", "^2.1 || ~3.0"
---@return boolean # pre-releases of an excluded upper end are outside
---@nodiscard
function version.satisfies(version, range) end

--- Sorts release versions from the oldest to the newest; equal ones stay in their order.
--- Raises `version.invalid`.
---
---     version.sort({ "1.10", "1.9" })[1] --> "1.9"
---@param versions string[] versions
---@return string[]
---@nodiscard
function version.sort(versions) end

yaml = {}

---@class playbook.yaml.get.options
---@field public? boolean the value is no secret and may enter playbook and journal (false when not given)

--- Gives a value of a YAML file, through aliases and merge keys: a secret reference, or with public the value.
--- Raises `argument.invalid`, `file.denied`, `file.failed`, `file.missing`, `unsupported`.
---
---     yaml.get("compose.yml", { "services", "app", "image" }, { public = true }) --> "acme/app:1.2.0"
---@param path string of the file, below the instance or absolute
---@param keys string[] the keys on the way to it; the number of an item, from 1, where there is a list
---@param options? playbook.yaml.get.options
---@return any # nothing when the file has no such value
---@nodiscard
function yaml.get(path, keys, options) end

---@class playbook.yaml.set.options
---@field shared? boolean also where aliases use the value elsewhere (false when not given)
---@field public? boolean the value is no secret and may be shown in the plan (false when not given)

--- Sets a value that a YAML file has, and keeps every other byte of the file.
--- Raises `argument.invalid`, `file.missing`, `file.changed`, `file.denied`, `file.failed`, `secret.missing`, `unsupported`, `disk.full`.
---
---     yaml.set("compose.yml", { "services", "app", "image" }, "acme/app:1.3.0", { public = true }) --> true
---@param path string of the file, below the instance or absolute
---@param keys string[] the keys on the way to it; the number of an item, from 1, where there is a list
---@param value any a string, number, boolean or secret reference
---@param options? playbook.yaml.set.options
---@return boolean # whether anything changed
function yaml.set(path, keys, value, options) end
