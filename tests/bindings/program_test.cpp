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

TEST_CASE("a definition says what the playbook is and takes") {
  Driver d;
  Program& program = d.load(R"(
    return playbook.define {
      name = "demo/upgrade", summary = "Upgrade.", help = "More.",
      params = {
        to = { type = "release", required = true, help = "such as 1.1" },
        keep = { type = "integer", default = 3 },
        mode = { type = "choice", choices = { "fast", "safe" }, default = "safe" },
        hosts = { type = "strings", default = {} },
        note = {},
      },
      run = function(p) end,
    })");
  const Definition& definition = program.definition();
  REQUIRE(definition.name == "demo/upgrade");
  REQUIRE(definition.summary == "Upgrade.");
  REQUIRE(definition.help == "More.");
  REQUIRE(definition.parameters.size() == 5);
  REQUIRE(definition.parameters[0].name == "to");
  REQUIRE(definition.parameters[0].required);
  REQUIRE(definition.parameters[0].help == "such as 1.1");
  REQUIRE(definition.parameters[1].name == "hosts");
  REQUIRE(definition.parameters[1].fallback == Json::array());
  REQUIRE(definition.parameters[2].name == "keep");
  REQUIRE(definition.parameters[2].fallback == 3);
  REQUIRE(definition.parameters[3].choices == std::vector<std::string>{"fast", "safe"});
  REQUIRE(definition.parameters[4].type == "string");
  REQUIRE(definition.parameters[4].fallback.is_null());
}

TEST_CASE("a definition with mistakes is refused at the author's line") {
  struct Case {
    const char* definition;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"{ name = 'x', run = function() end }", "playbook.define x: summary must be a string, found nothing"},
           {"{ name = 'x', summary = 's' }", "playbook.define x: run must be a function, found nothing"},
           {"{ name = '', summary = 's' }", "playbook.define: name must not be empty"},
           {"{ nam = 'x' }", "playbook.define: \"nam\" does not exist; did you mean \"name\"?"},
           {"{ name = 'x', summary = 's', run = step, params = { A = {} } }",
            "playbook.define x: a parameter is named like backup_folder, found \"A\""},
           {"{ name = 'x', summary = 's', run = step, params = { a = { type = 'sting' } } }",
            "playbook.define x: parameter a: type \"sting\" does not exist; did you mean \"string\"?"},
           {"{ name = 'x', summary = 's', run = step, params = { a = { type = 'integer', default = 1.5 } } }",
            "playbook.define x: parameter a: default must be of type integer, found 1.5"},
           {"{ name = 'x', summary = 's', run = step, params = { a = { type = 'choice', choices = { 'b' }, default = 'c' } } }",
            "playbook.define x: parameter a: default must be one of b, found \"c\""},
           {"{ name = 'x', summary = 's', run = step, params = { a = { required = true, default = 'x' } } }",
            "playbook.define x: parameter a is required and has a default; it can be one of them"},
       }) {
    Driver d;
    Error error = d.load_error(std::string("\n\nreturn playbook.define ") + c.definition);
    CHECK(error.message() == c.message);
    CHECK(error.code() == Code::argument_invalid);
    CHECK(where_of(error) == "t.lua:3");
  }
}

TEST_CASE("a file that is no playbook is refused") {
  Driver d;
  REQUIRE(d.load_error("return 1").message() == "t.lua returns 1; a playbook returns playbook.define { ... }");
  REQUIRE(d.load_error("").message() == "t.lua returns nothing; a playbook returns playbook.define { ... }");
  REQUIRE(d.load_error("return {}").code() == Code::script_invalid);
}

TEST_CASE("a syntax error names its line") {
  Driver d;
  Error error = d.load_error("local x = 1\nlocal = 2\n");
  REQUIRE(error.code() == Code::script_invalid);
  REQUIRE(error.message() == "'<name>' expected near '='");
  REQUIRE(where_of(error) == "t.lua:2");
}

TEST_CASE("positions name long file names whole") {
  Driver d;
  std::string name = "a-folder-with-a-long-name/another-folder-with-a-long-name/and-one-more/playbook.lua";
  try {
    d.load("\nlocal = 1", name);
    FAIL();
  } catch (const Error& error) {
    REQUIRE(where_of(error) == name + ":2");
  }
  d.load("return playbook.define { name = 't', summary = 't', run = function()\nlocal x = nil + 1 end }", name);
  Turn turn = d.drive(*d.program->main(nullptr));
  REQUIRE(turn.error->message() == "attempt to perform arithmetic on a nil value");
  REQUIRE(where_of(*turn.error) == name + ":2");
}

TEST_CASE("run gets its parameters with defaults, and a misspelt one is a mistake") {
  Driver d;
  std::string text =
      "return playbook.define { name = 't', summary = 't', params = { to = { required = true, help = 'such as 1.1' }, n = { type = "
      "'integer', "
      "default = 2 } },\nrun = function(p)\n if p.to == 'typo' then return p.too end return { p.to, p.n, p.none == nil } end }";
  text.replace(text.find(", p.none == nil"), 15, "");
  REQUIRE(d.run(text, {{"to", "1.1"}}).result == Json{"1.1", 2});
  REQUIRE(d.run(text, {{"to", "1.1"}, {"n", 5}}).result == Json{"1.1", 5});

  Turn turn = d.run(text, {{"to", "typo"}});
  REQUIRE(turn.error->message() == "t: parameter \"too\" does not exist; did you mean \"to\"?");
  REQUIRE(where_of(*turn.error) == "t.lua:3");
  REQUIRE(d.run(text, Json::object()).error->message() == "t: parameter to is missing");
  REQUIRE(d.run(text, {{"to", 1}}).error->message() == "t: parameter to must be of type string, found 1");
  REQUIRE(d.run(text, {{"to", "1"}, {"m", 1}}).error->message() == "t: parameter \"m\" does not exist; did you mean \"n\"?");
}

TEST_CASE("with presets parameters, called with a dot or a colon") {
  Driver d;
  d.sources.modules["demo.upgrade"] =
      "return playbook.define { name = 'demo/upgrade', summary = 's', params = { to = { required = true }, backups = {} }, "
      "run = function(p) return p.to .. ' ' .. (p.backups or 'none') end }";
  for (std::string call : {"require('demo.upgrade').with { backups = '/srv' }", "require('demo.upgrade'):with { backups = '/srv' }"}) {
    d.load("return " + call);
    REQUIRE(d.program->definition().parameters[1].fallback == "/srv");
    REQUIRE(d.drive(*d.program->main({{"to", "2"}})).result == "2 /srv");
  }
  d.load("return require('demo.upgrade').with { to = '3' }");
  REQUIRE_FALSE(d.program->definition().parameters[0].required);
  REQUIRE(d.drive(*d.program->main(nullptr)).result == "3 none");

  Error error = d.load_error("\nlocal upgrade = require 'demo.upgrade'\nreturn upgrade.with { backup = '/srv' }");
  REQUIRE(error.message() == "demo/upgrade: parameter \"backup\" does not exist; did you mean \"backups\"?");
  REQUIRE(where_of(error) == "t.lua:3");
}

TEST_CASE("evaluate runs an expression or a body") {
  Driver d;
  d.answer = [](const Request&) { return say(42); };
  auto evaluate = [&](const std::string& code) {
    d.program = Program::evaluate(d.options(), {"eval", code});
    return d.drive(*d.program->main(nullptr));
  };
  REQUIRE(evaluate("1 + 1").result == 2);
  REQUIRE(evaluate("shop.get('x') + 1").result == 43);
  REQUIRE(evaluate("local x = shop.get('x')\nreturn { x = x }").result == Json{{"x", 42}});
  REQUIRE_THROWS_AS(evaluate("local = 1"), Error);
  Turn turn = evaluate("local x = {}\nlocal y = x.y.z");
  REQUIRE(turn.error->message() == "attempt to index field 'y' (a nil value)");
  REQUIRE(where_of(*turn.error) == "eval:2");
}

TEST_CASE("require loads once, suggests, and refuses cycles by name") {
  Driver d;
  d.sources.modules["util"] = "local M = {} function M.twice(x) return 2 * x end return M";
  d.sources.modules["a"] = "return { b = require 'b' }";
  d.sources.modules["b"] = "return { c = require 'c' }";
  d.sources.modules["c"] = "return { a = require 'a' }";
  d.sources.modules["empty"] = "local x = 1";
  REQUIRE(d.value_of("return require('util').twice(4)") == 8);
  REQUIRE(d.value_of("return require('util') == require('util')") == true);
  Error error = d.error_of("local x = require 'utl'");
  REQUIRE(error.message() == "there is no module \"utl\"; did you mean \"util\"?");
  REQUIRE(error.code() == Code::name_unknown);
  REQUIRE(where_of(error) == "t.lua:2");
  error = d.error_of("local x = require 'a'");
  REQUIRE(error.message() == "modules require each other: a -> b -> c -> a");
  REQUIRE(where_of(error) == "c.lua:1");
  REQUIRE(d.error_of("require 'empty'").message() == "module empty returns nothing");
  REQUIRE(d.error_of("require('util').twice = 1").message() == "util is read-only: twice cannot be set");
}

TEST_CASE("an error in a module names the module's line") {
  Driver d;
  d.sources.modules["bad"] = "\n\nlocal x = nothing_here";
  REQUIRE(where_of(d.error_of("require 'bad'")) == "bad.lua:3");
  d.sources.modules["bad"] = "\nlocal = ";
  Error error = d.error_of("require 'bad'");
  REQUIRE(error.code() == Code::script_invalid);
  REQUIRE(where_of(error) == "bad.lua:2");
  d.sources.modules["bad"] = "\nerror { code = 'file.missing', message = 'gone' }";
  error = d.error_of("require 'bad'");
  REQUIRE(error.code() == Code::file_missing);
  REQUIRE(where_of(error) == "bad.lua:2");
}

TEST_CASE("primitives are refused while a chunk loads") {
  Driver d;
  Error error = d.load_error("\nlocal x = shop.get 'a'\nreturn 1");
  REQUIRE(error.code() == Code::script_invalid);
  REQUIRE(error.message() == "shop.get can be called only while the playbook runs, not while t.lua loads");
  REQUIRE(where_of(error) == "t.lua:2");
  d.sources.modules["eager"] = "local x = shop.get 'a'\nreturn {}";
  REQUIRE(d.error_of("require 'eager'").message() == "shop.get can be called only while the playbook runs, not while eager.lua loads");
  d.sources.modules["eager"] = "coroutine.wrap(function() step('x', function() end) end)()\nreturn {}";
  REQUIRE(d.error_of("require 'eager'").message() == "step can be called only while the playbook runs, not while eager.lua loads");
}

TEST_CASE("data files are read as values") {
  Driver d;
  d.sources.files["demo/releases.json"] = R"({"1.0": {"schema": 1}, "none": []})";
  REQUIRE(d.value_of("return playbook.data('demo/releases.json')['1.0'].schema") == 1);
  REQUIRE(d.value_of("return playbook.data('demo/releases.json')") == Json{{"1.0", {{"schema", 1}}}, {"none", Json::array()}});
  REQUIRE(d.error_of("playbook.data('demo/x.json')").message() == "there is no data file \"demo/x.json\"");
  d.sources.files["bad.json"] = "{";
  REQUIRE(d.error_of("playbook.data('bad.json')").message() == "bad.json is not valid JSON");
}

TEST_CASE("exported functions run as scripts of their own, with prefixed positions") {
  Driver d;
  d.sources.modules["demo"] = "return { restore = function(app, set) return shop.get(app.name .. (set or 'nothing')) end, other = 1 }";
  d.answer = [](const Request& request) { return say(request.args.at("key")); };
  d.load("return playbook.define { name = 't', summary = 't', run = function() end, exports = { verify = function(x) return x end } }");

  Turn turn = d.drive(*d.program->function("demo", "restore", Json::array({{{"name", "shop"}}, "7"}), "undo/way_back#1@1/"));
  REQUIRE(turn.result == "shop7");
  REQUIRE(d.asked[0].path == "undo/way_back#1@1/shop.get#1");
  REQUIRE(d.drive(*d.program->function("demo", "restore", Json::array({{{"name", "shop"}}, nullptr}), "")).result == "shopnothing");
  REQUIRE(d.asked[1].path == "shop.get#1");
  REQUIRE(d.drive(*d.program->function("@playbook", "verify", Json::array({{{"a", 1}}}), "x/")).result == Json{{"a", 1}});

  REQUIRE(d.program->function("demo", "gone", Json::array(), "") == nullptr);
  REQUIRE(d.program->function("demo", "other", Json::array(), "") == nullptr);
  REQUIRE(d.program->function("@playbook", "gone", Json::array(), "") == nullptr);
  REQUIRE_THROWS_AS(d.program->function("dmo", "restore", Json::array(), ""), Error);
}

TEST_CASE("a script that has ended says so") {
  Driver d;
  d.load("return playbook.define { name = 't', summary = 't', run = function() end }");
  auto script = d.program->main(nullptr);
  REQUIRE(script->resume({}).kind == Turn::Kind::finished);
  REQUIRE(script->resume({}).error->message() == "the script has ended and cannot go on");
}

TEST_CASE("a playbook that does nothing starts within milliseconds") {
  auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    Driver d;
    d.run_body("");
  }
  auto each = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count() / 20;
  INFO(each << " ms");
  CHECK(each < 30);  // 3 ms on an idle machine; the bench measures it
}
