// The table of states: what it says of every release, and of every pair of them; on real databases where states are written.
#include "runtime/base/text.h"
#include "tests/playbooks/umbraco/fixture.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;
using umbraco::Site;
namespace fs = std::filesystem;

namespace {

const Json& states_table() {
  static const Json table =
      parse_json(read_file(fs::path(PLAYBOOK_SOURCE_DIR) / "playbooks/umbraco/data/states.json"), "the table of states");
  return table;
}

const Json& ends_of(const std::string& release) { return states_table()["releases"][release]; }

bool end_alike(const std::string& a, const std::string& b) {
  return ends_of(a)["core"] == ends_of(b)["core"] && ends_of(a).value("pre", Json()) == ends_of(b).value("pre", Json());
}

/// "10.4.0 to 10.4.2, 11.0.0 to 11.1.0": the releases that end as this one does.
std::string alike(const std::string& release) {
  const std::vector<std::string> order = states_table()["order"];
  std::string text;
  for (size_t i = 0; i < order.size(); ++i) {
    if (!end_alike(order[i], release)) continue;
    size_t last = i;
    while (last + 1 < order.size() && end_alike(order[last + 1], release)) ++last;
    text += (text.empty() ? "" : ", ") + order[i] + (last == i ? "" : " to " + order[last]);
    i = last;
  }
  return text;
}

/// What Lua says, asked with the modules of the family.
Json told_by(const std::string& code) {
  const TempFolder folder;
  const Finished run = run_playbook({"eval", "--json", code}, folder.path());
  INFO(run.err);
  REQUIRE(run.status == 0);
  return parse_json(run.out, "the answer");
}

/// umbracoKeyValue alone, with states set and changed by the primitive that the playbooks use.
class KeyValues : public PrimitiveFixture {
 public:
  KeyValues() {
    Sqlite(path(), Sqlite::Mode::create)
        .script(
            "pragma journal_mode = wal; create table umbracoKeyValue (\"key\" text collate nocase primary key, \"value\" text collate "
            "nocase null, \"updated\" text not null default current_timestamp)");
  }
  fs::path path() const { return instance / "site.db"; }
  void be(const Json& ends) {
    Sqlite database(path(), Sqlite::Mode::write);
    database.script("delete from umbracoKeyValue");
    for (const auto& [key, end] : {std::pair(kCore, "core"), std::pair(kPre, "pre")})
      if (const Json state = ends.value(end, Json()); state.is_string())
        database.script("insert into umbracoKeyValue(\"key\", value) values ('" + std::string(key) + "', '" + state.get<std::string>() +
                        "')");
  }
  /// Byte for byte.
  bool is(const Json& ends) {
    Sqlite database(path(), Sqlite::Mode::read);
    auto state = [&](const char* key) {
      return database.scalar("select max(value) from umbracoKeyValue where \"key\" = '" + std::string(key) + "'");
    };
    return state(kCore) == ends["core"] && state(kPre) == ends.value("pre", Json());
  }
  Json edit(const Json& rows) { return {{"path", "site.db"}, {"table", "umbracoKeyValue"}, {"rows", rows}}; }

 private:
  static constexpr const char* kCore = "Umbraco.Core.Upgrader.State+Umbraco.Core";
  static constexpr const char* kPre = "Umbraco.Core.Upgrader.State+Umbraco.Core.Premigrations";
};

constexpr const char* kEdits = R"(local s, w = require "umbraco.states", require "umbraco.ways"
local seen, firsts, found = {}, {}, {}
for _, name in ipairs(s.releases) do
  local ends = s.release(name)
  local id = ends.core .. (ends.pre or "")
  if not seen[id] then seen[id], firsts[name] = true, true end
end
for from in pairs(firsts) do
  local old = s.release(from)
  for to in pairs(firsts) do
    if version.compare(to, from) < 0 then
      local forced = w.forced(from, { core = old.core, pre = old.pre }, to)
      found[#found + 1] = { from = from, to = to, rows = forced and forced.rows or nil }
    end
  end
end
return found)";

/// For every n-th pair: refused, or the edit ends in exactly the target's two states; it is undone to exactly the old ones, and where one
/// row is not as expected nothing is changed.
void check_edits(size_t every) {
  KeyValues database;
  size_t refused = 0, written = 0, number = 0;
  std::string wrong;
  for (const Json all = told_by(kEdits); const Json& one : all) {
    const std::string from = one["from"], to = one["to"];
    if (!one.contains("rows")) ++refused;
    if (!one.contains("rows") || one["rows"].empty() || end_alike(from, to) || number++ % every != 0) continue;
    ++written;
    database.be(ends_of(from));
    database.call("sqlite.swap", database.edit(one["rows"]));
    const bool there = database.is(ends_of(to));
    database.undo();
    Json unexpected = one["rows"];
    unexpected.back()["from"] = "{00000000-0000-0000-0000-000000000000}";
    const bool back = database.is(ends_of(from)),
               drifts = error_of([&] { database.call("sqlite.swap", database.edit(unexpected)); }).code() == Code::drift;
    if (!there || !back || !drifts || !database.is(ends_of(from))) wrong += from + " => " + to + " ";
  }
  CHECK(wrong == "");
  CHECK(refused == 648);
  CHECK(written == (528 + every - 1) / every);
}

}  // namespace

TEST_CASE("of all pairs of releases a database is refused, or the migrations that will run end in exactly the target's states",
          "[umbraco]") {
  TempFolder folder;
  folder.write("code", R"(local s = require "umbraco.states"
local seen, count, wrong = {}, { refused = 0, goes = 0, writes = 0 }, {}
local function last(steps, from) return steps[#steps] or s.id(from) end
for _, from in ipairs(s.releases) do
  local old = s.release(from)
  local row = old.core .. (old.pre or "")
  if not seen[row] then
    seen[row] = true
    for _, to in ipairs(s.releases) do
      local new = s.release(to)
      if s.refusal(old.core, old.pre, from, to) then
        count.refused = count.refused + 1
      else
        local steps = s.pending(old.core, old.pre, to)
        count.goes = count.goes + 1
        local ends = last(steps.core, old.core) == s.id(new.core) and (not new.pre or last(steps.pre, old.pre) == s.id(new.pre))
        if not ends then wrong[#wrong + 1] = from .. " -> " .. to end
      end
      for _, change in ipairs(require("umbraco.ways").rows({ core = old.core, pre = old.pre }, to)) do
        count.writes = count.writes + 1
        if change.key == s.CORE and change.to ~= new.core or change.key == s.PRE and change.to ~= new.pre then wrong[#wrong + 1] = from .. " => " .. to end
      end
    end
  end
end
return { wrong = table.concat(wrong, ", "), count = count })");
  const Finished run = run_playbook({"eval", "--json", read_file(folder.path() / "code")}, folder.path());
  INFO(run.err);
  REQUIRE(run.status == 0);
  const Json found = parse_json(run.out, "the answer");
  CHECK(found["wrong"] == "");
  CHECK(found["count"]["refused"].get<int>() + found["count"]["goes"].get<int>() == 231 * 49);
  CHECK(found["count"]["goes"] == 2492);  // counted from the plans by another program
}

TEST_CASE("states are written for pairs of releases: refused, or exactly the target's two, undone to exactly the old two", "[umbraco]") {
  check_edits(37);
}

TEST_CASE("states are written for all pairs of releases", "[.][umbraco][exhaustive]") { check_edits(1); }

TEST_CASE("the releases that a database may be of are named for the states of all 231 releases", "[umbraco]") {
  const Json found = told_by(R"(local s, found = require "umbraco.states", {}
for _, name in ipairs(s.releases) do
  local release = s.release(name)
  found[name] = s.told(s.releases_of(release.core, release.pre))
end
return found)");
  CHECK(found.size() == 231);
  std::string wrong;
  for (const auto& [release, told] : found.items())
    if (told != Json(alike(release))) wrong += release + ": " + told.get<std::string>() + ", not " + alike(release) + "\n";
  CHECK(wrong == "");
}

TEST_CASE("inspect names the releases that a database of Umbraco may be of, on sites of ten releases", "[umbraco]") {
  for (const char* release :
       {"8.18.15", "9.5.4", "10.4.2", "11.5.0", "12.3.10", "13.5.2", "14.3.1", "15.4.3", "16.4.1", "17.5.2", "18.0.2"}) {
    INFO(release);
    Site site(release);
    const Json found = parse_json(site.said({"inspect", "--json"}, 0), "what inspect says");
    CHECK(found["version"] == release);
    CHECK(found["database_of"] == Json(alike(release)));
    if (release == std::string("10.4.2"))
      for (const char* way : {"10.8.7: 2 migrations", "13.5.2: 21 migrations", "17.5.2: after 13"})
        CHECK_THAT(found["ways_on"].dump(), ContainsSubstring(way));
  }
}
