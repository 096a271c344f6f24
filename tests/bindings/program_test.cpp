#include "tests/bindings/driver.h"

using namespace playbook;
using namespace playbook::testing;

TEST_CASE("a playbook asks and returns") {
  Driver d;
  d.answer = [](const Request& request) { return say(request.args.at("key").get<std::string>() + "!"); };
  REQUIRE(d.value_of("return { shop.get('a'), shop.get('b', { deep = true }) }") == Json{"a!", "b!"});
  REQUIRE(d.asked[0].path == "shop.get#1");
  REQUIRE(d.asked[1].path == "shop.get#2");
  REQUIRE(d.asked[1].args == Json{{"key", "b"}, {"deep", true}});
  REQUIRE(d.asked[1].where == "t.lua:2");
}
