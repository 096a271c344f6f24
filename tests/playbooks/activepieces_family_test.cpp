// What the Activepieces family knows of migrations, against what the vendor's own rollback command was seen to do: the table of the
// transcripts.
#include "runtime/base/file.h"
#include "runtime/primitives/all.h"
#include "tests/bindings/driver.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

namespace fs = std::filesystem;

struct Pieces : Driver {
  PrimitiveFixture files;

  Pieces() {
    sources.modules["activepieces.manifests"] = read_file(folder() / "manifests.lua");
    sources.files["activepieces/data/migrations.json"] = read_file(folder() / "data/migrations.json");
    registry = Registry();
    register_all(registry);
    answer = [this](const Request& request) { return say(files.call(request.name, request.args)); };
  }

  static fs::path folder() { return fs::path(PLAYBOOK_SOURCE_DIR) / "playbooks/activepieces"; }
};

/// `old` and `new` are the names of 0.82.1 and 0.83.0; `up(rows, names)` is what a start of the release makes of the rows.
const char* const kPrologue = R"(
local manifests = require "activepieces.manifests"
local old, new = manifests.of "0.82.1", manifests.of "0.83.0"
local function minus(names, count)
  local rest = {}
  for i = 1, #names - count do rest[i] = names[i] end
  return rest
end
local function up(rows, names)
  local all, there, pending = {}, {}, {}
  for i, name in ipairs(rows) do all[i], there[name] = name, true end
  for _, name in ipairs(names) do
    if not there[name] then pending[#pending + 1] = name end
  end
  table.sort(pending, function(a, b) return a:sub(-13) < b:sub(-13) end)
  for _, name in ipairs(pending) do all[#all + 1] = name end
  return all
end
)";

}  // namespace

TEST_CASE("the end of the vendor's rollback command is known beforehand") {
  struct Case {
    const char* what;
    const char* call;  ///< newer, older, rows
    bool ok;
    const char* why;
  };
  const std::vector<Case> cases{
      {"the documented step, from a database that was not migrated yet", "new, old, up({}, old)", false,
       "the vendor's command would stop with \"Migration order mismatch\" at MakeChatConversationPlatformWide1787000000000, where the "
       "database has MakeMcpOAuthProjectIdNullable1789000000000, and leave it migrated up"},
      {"the same from a migrated one", "new, old, up(up({}, old), new)", false,
       "the vendor's command would stop with \"Migration order mismatch\" at MakeChatConversationPlatformWide1787000000000, where the "
       "database has MakeMcpOAuthProjectIdNullable1789000000000, and leave it migrated up"},
      {"all but the last", "new, minus(new, 1), up(up({}, old), new)", true,
       "the vendor's command will undo 1 migration (RemoveMcpServerStatus1790000000000)"},
      {"all but the last two", "new, minus(new, 2), up(up({}, old), new)", false,
       "the vendor's command would stop with \"Migration order mismatch\" at MakeChatConversationPlatformWide1787000000000, where the "
       "database has MakeMcpOAuthProjectIdNullable1789000000000, and leave it migrated up"},
      {"0.82.1 without its last two", "old, minus(old, 2), up({}, old)", true,
       "the vendor's command will undo 2 migrations (DropWaitpointTimeoutSeconds1776342514732, "
       "AddDefaultToAiProvidersEnabled1776000000000)"},
      {"0.82.1 without its last three", "old, minus(old, 3), up({}, old)", false,
       "migration AddConcurrencyPoolTable1775800000000 is undone outside of a transaction, in which the vendor's command fails half-way"},
      {"an older release on a newer database", "old, minus(old, 1), up(up({}, old), new)", false,
       "the database holds 13 migrations (AddChatTables1776200000000, AddMcpServerTokenIndex1776400000000, "
       "AddRunStatusCoverIndex1777370308000, ...) that the newer release does not know"},
      {"a migration of the older release that never ran", "new, old, up({}, minus(old, 1))", false,
       "1 migration (DropWaitpointTimeoutSeconds1776342514732) of the older release never ran"},
  };
  Pieces world;
  for (const Case& one : cases) {
    INFO(one.what);
    Json found = world.value_of(std::string(kPrologue) + "return manifests.predict(" + one.call + ")");
    CHECK(found.at("why") == one.why);
    CHECK(found.at("ok") == one.ok);
  }
}

TEST_CASE("a migration that nobody knows is not left to the vendor's command") {
  Pieces world;
  CHECK(world.value_of(std::string(kPrologue) +
                       "local newest = up({}, new)\nnewest[#newest + 1] = 'Unheard1799000000000'\nlocal names = minus(new, 0)\n"
                       "names[#names + 1] = 'Unheard1799000000000'\nreturn manifests.predict(names, new, newest).why") ==
        "nothing is known of migration Unheard1799000000000, so nobody can say whether it can be undone");
}

TEST_CASE("the nulls of a manifest are the classes without a name, and another number of them is refused") {
  Pieces world;
  CHECK(world.value_of(std::string(kPrologue) + "return #old") == 353);
  CHECK(world.value_of(std::string(kPrologue) + "return #new") == 366);
  std::string nulls;
  for (int i = 0; i < 12; ++i) nulls += "null, ";
  const std::string parse = "local m = require 'activepieces.manifests'.parse('[" + nulls + "\"A1790000000000\"]') return ";
  CHECK(world.value_of(parse + "m[1] .. ' ' .. #m .. ' ' .. m[13]") == "FlowAndFileProjectId1674788714498 13 A1790000000000");
  CHECK(world.value_of("local ok, e = pcall(require 'activepieces.manifests'.parse, '[null, \"A1790000000000\"]') return e.message") ==
        "the image's list of migrations has 1 without a name, expected 12");
  CHECK(world.value_of(std::string(kPrologue) + "local n = json.parse(manifests.argument(new)) return #n") == 354);
}
