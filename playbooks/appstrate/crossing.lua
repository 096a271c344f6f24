-- PGlite opens databases of its own PostgreSQL major alone. Where a release brings another one, the database is dumped by the engine that made it, loaded by the
-- next one into a new folder, compared row by row, and only then put in its place. The vendor's page does not know of it: the server just does not start.
-- Packages are npm's; engines by release: beta.17 to 27 have PGlite 0.4.5, which is PostgreSQL 17.5, beta.28 and later 0.5, which is PostgreSQL 18.3.
local crossing = {}

local FIRST_OF_18 = "1.0.0-beta.28"
local FOLDER = ".playbook/pglite" -- where npm puts the engines, when nobody names another folder
local PACKAGES = {
  ["17"] = { "@electric-sql/pglite@0.4.5", "@electric-sql/pglite-tools@0.3.5" },
  ["18"] = { "@electric-sql/pglite@0.5.4" },
}

-- node - ENGINES FROM TO DATA. Run again at any time it ends the same: what stands under another name is made anew, or is whole and only takes its place.
local CARRY = [[
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
const [engines, from, to, data] = process.argv.slice(2);
const bring = (major, name) => import(pathToFileURL(createRequire(path.resolve(engines, major, "package.json")).resolve(name)));
const loading = data + ".loading", carried = data + ".carried", before = data + ".before";
const major = (folder) => fs.existsSync(folder + "/PG_VERSION") ? fs.readFileSync(folder + "/PG_VERSION", "utf8").trim() : null;
const every = (folder, each) => {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) every(path.join(folder, entry.name), each); else each(path.join(folder, entry.name));
  }
  each(folder);
};
const flush = (name) => { const file = fs.openSync(name, "r"); fs.fsyncSync(file); fs.closeSync(file); };
const quoted = (name) => '"' + name.replace(/"/g, '""') + '"';

// Tables with their rows, sequences, extensions.
const fingerprint = async (database) => {
  const rows = async (sql) => (await database.query(sql, [], { rowMode: "array" })).rows;
  const found = { extensions: await rows("select extname from pg_extension order by 1"), tables: {},
    sequences: await rows("select schemaname, sequencename, last_value::text from pg_sequences order by 1, 2") };
  const tables = "select schemaname, tablename from pg_tables where schemaname !~ '^pg_' and schemaname <> 'information_schema' order by 1, 2";
  for (const [schema, table] of await rows(tables)) {
    const hashes = "select md5(t::text) as h from " + quoted(schema) + "." + quoted(table) + " t";
    const [told] = await rows("select count(*)::text, md5(coalesce(string_agg(h, '' order by h), '')) from (" + hashes + ") x");
    found.tables[schema + "." + table] = told.join(" ");
  }
  return found;
};

if (major(data) !== to) {
  if (!major(carried)) {
    if (major(data) !== from) throw new Error(data + " is not of PostgreSQL " + from);
    fs.rmSync(loading, { recursive: true, force: true });
    const owner = fs.statSync(data);
    const { PGlite: Old } = await bring(from, "@electric-sql/pglite"), { PGlite: New } = await bring(to, "@electric-sql/pglite");
    const { pgDump } = await bring(from, "@electric-sql/pglite-tools/pg_dump");
    const old = await Old.create(data);
    const was = JSON.stringify(await fingerprint(old));
    const dump = await (await pgDump({ pg: old, args: ["--no-owner"] })).text();
    await old.close();
    const loaded = await New.create(loading);
    await loaded.exec(dump);
    await loaded.exec("reset all");
    const is = JSON.stringify(await fingerprint(loaded));
    await loaded.close();
    if (was !== is) throw new Error("the loaded database is not the dumped one: " + was.length + " and " + is.length + " bytes of fingerprint differ");
    every(loading, (name) => { fs.chownSync(name, owner.uid, owner.gid); flush(name); });
    fs.chmodSync(loading, owner.mode & 0o7777);
    fs.renameSync(loading, carried);
    flush(path.dirname(path.resolve(data)));
    console.log(Object.keys(JSON.parse(is).tables).length + " tables are the same in PostgreSQL " + from + " and " + to);
  }
  if (fs.existsSync(data)) fs.renameSync(data, before);
  fs.renameSync(carried, data);
  flush(path.dirname(path.resolve(data)));
}
fs.rmSync(before, { recursive: true, force: true });
]]

--- The PostgreSQL major inside of a release's PGlite.
function crossing.engine(release) return version.compare(release, FIRST_OF_18) < 0 and "17" or "18" end

--- Is this the one crossing that is known, and can it be done here? Else why not.
function crossing.can(from, to, engines)
  if from ~= "17" or to ~= "18" then return false, "no way is known from PGlite of PostgreSQL " .. from .. " to " .. to end
  local missing = {}
  for _, tool in ipairs(engines and { "node" } or { "node", "npm" }) do
    if not host.tools({ tool })[tool] then missing[#missing + 1] = tool end
  end
  return #missing == 0, "the database of PostgreSQL " .. from .. " is carried over to " .. to .. " by " .. table.concat(missing, " and ") .. ", which is not here"
end

--- Has npm put both engines into a folder beside the journal; nothing where the operator has named one.
function crossing.fetch(engines)
  if engines then return end
  for major, packages in pairs(PACKAGES) do
    local folder = FOLDER .. "/" .. major
    process.run({ "npm", "install", "--silent", "--no-save", "--ignore-scripts", "--prefix", folder, unpack(packages) },
      { harmless = true, repeat_safe = true, deadline = 900, done_when = { "test", "-d", folder .. "/node_modules/@electric-sql/pglite" } })
  end
end

--- Puts the same database in the format of another major in the place of a folder, with nobody at work in it.
function crossing.carry(folder, from, to, engines)
  process.run({ "node", "--input-type=module", "-", engines or FOLDER, from, to, folder }, { input = CARRY, repeat_safe = true, deadline = 3600 })
end

--- Removes what a carrying over that was broken off has left beside a folder whose database has been brought back.
function crossing.clear(folder)
  local beside = {}
  for _, ending in ipairs { ".loading", ".carried", ".before" } do beside[#beside + 1] = file.exists(folder .. ending) and folder .. ending or nil end
  if #beside > 0 then process.run({ "rm", "-rf", "--", unpack(beside) }, { repeat_safe = true }) end
end

return crossing
