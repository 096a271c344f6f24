#include "runtime/primitives/keys_pglite.h"

#include "runtime/backup/pglite.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/process/children.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kDeadline{10};
constexpr int kNoPackage = 64, kNoEngine = 65;  // the script's own exit statuses

// One line {place, id, text} for each value, and at last {counts}. Patterns are those of ColumnChoice.
constexpr const char* kScript = R"js(
const { createRequire } = require("node:module");
const { folder, modules, columns, catalog } = JSON.parse(process.env.PLAYBOOK_PGLITE);
const stop = (status, error) => { console.error(String(error && error.message || error).split("\n")[0]); process.exit(status); };
const literally = (text) => text.replace(/[.\\+?^${}()|[\]]/g, "\\$&");
const patterns = columns.map((name) => new RegExp("^" + (name.split(".").length > 2 ? name : "public." + name).split("*").map(literally).join(".*") + "$"));
const quoted = (name) => '"' + name.replace(/"/g, '""') + '"';
let PGlite;
try { ({ PGlite } = createRequire(modules + "/")("@electric-sql/pglite")); } catch (error) { stop(64, error); }
(async () => {
  let database;
  try { database = new PGlite(folder); await database.waitReady; } catch (error) { stop(65, error); }
  const rows = async (sql) => (await database.query(sql, [], { rowMode: "array" })).rows;
  const counts = {};
  for (const [schema, table, column, key] of await rows(catalog)) {
    if (!patterns.some((pattern) => pattern.test(schema + "." + table + "." + column))) continue;
    const place = (schema === "public" ? "" : schema + ".") + table + "." + column;
    const found = await rows("select " + (key || "ctid::text") + ", " + quoted(column) + "::text from " + quoted(schema) + "." + quoted(table) +
      " where " + quoted(column) + " is not null");
    counts[place] = found.length;
    for (const [id, text] of found) process.stdout.write(JSON.stringify({ place, id, text }) + "\n");
  }
  process.stdout.write(JSON.stringify({ counts }) + "\n");
  await database.close();
})().catch((error) => stop(1, error));
)js";

std::string last_line(const std::string& text) {
  const std::string_view all = trim(text);
  return to_utf8(all.substr(all.rfind('\n') == std::string_view::npos ? 0 : all.rfind('\n') + 1));
}

}  // namespace

void JsonLines::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    if (const Json value = Json::parse(line_, nullptr, false); value.is_object()) take_(value);
    line_.clear();
  }
}

std::map<std::string, std::uint64_t> read_pglite_copy(Context& context, const Json& stored, const fs::path& copy,
                                                      const StoredValueSink& sink) {
  const std::string modules = context.resolve(get_or<std::string>(stored, "modules", "node_modules"));
  const Json order{{"folder", copy.string()}, {"modules", modules}, {"columns", stored.at("columns")}, {"catalog", kStoredColumns}};
  Command node;
  node.argv = {"node", "-"};
  node.input = kScript;
  node.environment["PLAYBOOK_PGLITE"] = order.dump();
  node.deadline = kDeadline;
  std::optional<Json> counts;
  std::map<std::string, std::uint64_t> read;
  JsonLines lines([&](const Json& line) {
    context.cancel().check();
    if (line.contains("counts")) return counts.emplace(line["counts"]), void();
    const std::string place = line.at("place"), id = get_or<std::string>(line, "id", ""), text = line.at("text");
    ++read[place];
    sink({place, id, text});
  });
  node.output = [&](std::string_view bytes) { lines.write(bytes); };
  const std::string label = "PGlite database " + get_or<std::string>(stored, "path", "");
  Exit exit;
  try {
    exit = context.children().run(node, nullptr, &context.cancel());
  } catch (const Error& error) {
    if (error.code() != Code::process_missing) throw;
    throw Error(Code::unsupported, label + " cannot be read: node is not here", "install node and @electric-sql/pglite of its release");
  }
  context.cancel().check();
  const std::string said = context.redactor().apply(last_line(exit.err));
  if (exit.status == kNoPackage)
    throw Error(Code::unsupported, label + " cannot be read: " + modules + " has no @electric-sql/pglite",
                "name the folder with it as `modules`: of the release that made the database");
  if (exit.status == kNoEngine)
    throw Error(Code::unsupported, label + " cannot be read: the PGlite in " + modules + " does not open it: " + said,
                "PGlite opens databases of its own PostgreSQL version alone");
  if (exit.status != 0 || exit.timed_out || !counts)
    throw Error(Code::process_failed, label + " cannot be read: " + (exit.timed_out ? "node did not end in time" : said));
  std::map<std::string, std::uint64_t> all = *counts;
  for (const auto& [place, count] : all)
    if (read[place] != count) throw Error(Code::process_failed, label + " was not read to its end");
  return all;
}

std::map<std::string, std::uint64_t> read_pglite(Context& context, const Json& stored, Work& work, const StoredValueSink& sink) {
  const fs::path folder = context.resolve(stored.at("path"));
  expect_shut_down(folder);
  const ScratchFolder scratch(work, "pglite");
  make_folder(scratch.path());
  std::error_code error;
  fs::copy(folder, scratch.path() / "data", fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
  if (error) throw system_error(error.value(), "cannot copy " + folder.string() + " to " + scratch.path().string());
  expect_shut_down(folder);  // nor did it start meanwhile
  return read_pglite_copy(context, stored, scratch.path() / "data", sink);
}

}  // namespace playbook
