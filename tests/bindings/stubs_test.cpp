#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/primitives/all.h"
#include "tests/bindings/driver.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

Registry& shop() {
  static Registry registry = [] {
    Registry made;
    Declaration declaration;
    declaration.name = "shop.sell";
    declaration.kind = Kind::read;
    declaration.summary = "Sells something.";
    declaration.parameters = {{"item", Type::string, "what is sold", true, {}},
                              {"end", Type::path, "a word of Lua", true, {}},
                              {"price", Type::number, "in euros", false, 1.5},
                              {"tags", Type::strings, "for the shelf", false, {}}};
    declaration.returns = "integer";
    declaration.returns_help = "how many are left";
    declaration.errors = {"shop.closed", "timeout"};
    declaration.example = "shop.sell(\"tea\", \"bag\") --> 3";
    made.add(std::make_unique<Declared>(declaration));
    return made;
  }();
  return registry;
}

}  // namespace

TEST_CASE("the stub of a primitive is made from its declaration") {
  std::string stubs = lua_stubs(shop());
  REQUIRE(stubs.starts_with("---@meta _\n"));
  REQUIRE(stubs.substr(stubs.find("\nshop = {}")) == R"(
shop = {}

---@class playbook.shop.sell.options
---@field price? number in euros (1.5 when not given)
---@field tags? string[] for the shelf

--- Sells something.
--- Raises `shop.closed`, `timeout`.
---
---     shop.sell("tea", "bag") --> 3
---@param item string what is sold
---@param end_ string a word of Lua
---@param options? playbook.shop.sell.options
---@return integer # how many are left
---@nodiscard
function shop.sell(item, end_, options) end
)");
}

TEST_CASE("the reference of a primitive is made from its declaration") {
  REQUIRE(lua_reference(shop(), "shop.sell") == R"(shop.sell(item, end_, { price, tags })
  Sells something.

  item   string   what is sold
  end    path     a word of Lua
  price  number   optional: in euros (1.5 when not given)
  tags   strings  optional: for the shelf

  returns  integer: how many are left
  raises   shop.closed, timeout
  kind     read: asks the world once, and is recorded

  shop.sell("tea", "bag") --> 3
)");
  REQUIRE(lua_reference(shop(), "shop") == lua_reference(shop(), "shop.sell"));
}

TEST_CASE("the prelude has its reference too") {
  REQUIRE_THAT(lua_reference(shop(), "step"), StartsWith("step(title, fn)\n  A step of the runbook."));
  REQUIRE_THAT(lua_reference(shop(), "playbook.check"), StartsWith("playbook.check(check)\n  Declares a check"));
  REQUIRE_THAT(lua_reference(shop(), "playbook"),
               ContainsSubstring("playbook.define(spec)") && ContainsSubstring("playbook.type(name, methods)"));
  REQUIRE_THAT(lua_reference(shop(), "gate"), StartsWith("gate\n  Before any change"));
}

TEST_CASE("an unknown name is answered with the nearest") {
  try {
    lua_reference(shop(), "shop.sel");
    FAIL();
  } catch (const Error& error) {
    REQUIRE(error.message() == "there is no primitive or module \"shop.sel\"; did you mean \"shop.sell\"?");
    REQUIRE(error.code() == Code::name_unknown);
  }
}

TEST_CASE("every global of the prelude is in the stub, and every function of the stub exists") {
  Driver d;
  Json globals = d.value_of(R"(
    local names = {}
    for name in pairs(_G) do names[#names + 1] = name end
    for name in pairs(playbook) do names[#names + 1] = "playbook." .. name end
    return names)");
  std::string stubs = lua_stubs(d.registry);
  for (const char* name : {"step", "gates", "downtime", "way_back", "retry", "confirm", "playbook.define", "playbook.check",
                           "playbook.instance", "playbook.accepted", "playbook.data", "playbook.type"})
    CHECK_THAT(stubs, ContainsSubstring(std::string("function ") + name + "("));
  for (const std::string& line : split(stubs, '\n')) {
    if (!line.starts_with("function ") || line.starts_with("function Definition")) continue;
    std::string name = line.substr(9, line.find('(') - 9);
    INFO(name);
    CHECK(d.value_of("return type(" + name + ")") == "function");
  }
}

// After a change: build/playbook doc --stubs > stdlib/meta/playbook.lua
TEST_CASE("the stub in the tree is that of the primitives") {
  Registry registry;
  register_all(registry);
  REQUIRE(read_file(PLAYBOOK_SOURCE_DIR "/stdlib/meta/playbook.lua") == lua_stubs(registry));
}

TEST_CASE("luacheck knows every global that a playbook can use") {
  Registry registry;
  register_all(registry);
  std::string settings = read_file(PLAYBOOK_SOURCE_DIR "/.luacheckrc");
  for (const std::string& name : registry.names()) CHECK_THAT(settings, ContainsSubstring("\"" + name.substr(0, name.find('.')) + "\""));
  for (const char* name : {"step", "gates", "gate", "expect", "downtime", "way_back", "retry", "confirm", "playbook", "null"})
    CHECK_THAT(settings, ContainsSubstring(std::string("\"") + name + "\""));
}
