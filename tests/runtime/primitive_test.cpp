// The contract of primitives: declarations, the registry, the check of arguments, what a context gives.
#include "runtime/engine/primitive.h"

#include <sys/stat.h>

#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using playbook::testing::error_of;
using playbook::testing::PrimitiveFixture;

namespace {

Declaration sample() {
  return {.name = "thing.make",
          .kind = Kind::change,
          .summary = "Makes a thing.",
          .parameters = {{.name = "path", .type = Type::path, .required = true},
                         {.name = "count", .type = Type::integer, .fallback = 3},
                         {.name = "ratio", .type = Type::number},
                         {.name = "wait", .type = Type::duration},
                         {.name = "tags", .type = Type::strings},
                         {.name = "items", .type = Type::list},
                         {.name = "options", .type = Type::map},
                         {.name = "key", .type = Type::secret},
                         {.name = "force", .type = Type::boolean, .fallback = false},
                         {.name = "note", .type = Type::string}}};
}

class Sample : public Primitive {
 public:
  explicit Sample(Declaration declaration) : declaration_(std::move(declaration)) {}
  const Declaration& declaration() const override { return declaration_; }
  Json run(Context&, const Json&, const Json&) override { return nullptr; }

 private:
  Declaration declaration_;
};

std::string refusal(const Json& args) {
  return error_of([&] { checked_arguments(sample(), args); }).message();
}

}  // namespace

TEST_CASE("arguments are completed with defaults") {
  CHECK(checked_arguments(sample(), {{"path", "a"}}).dump() == R"({"count":3,"force":false,"path":"a"})");
  CHECK(checked_arguments(sample(), {{"path", "a"}, {"count", nullptr}, {"note", nullptr}}).dump() ==
        R"({"count":3,"force":false,"path":"a"})");
}

TEST_CASE("values of the right type pass, and an empty Lua table is a list or a map as the parameter says") {
  Json given{{"path", "a"},
             {"count", 4.0},
             {"ratio", 1.5},
             {"wait", 0},
             {"tags", Json::object()},
             {"items", Json::array({1, "x"})},
             {"options", Json::array()},
             {"key", secret_from_env("K")}};
  Json complete = checked_arguments(sample(), given);
  CHECK(complete["count"].is_number_integer());
  CHECK(complete["tags"].dump() == "[]");
  CHECK(complete["options"].dump() == "{}");
}

TEST_CASE("wrong arguments are refused by name, with types and without values") {
  struct Case {
    Json args;
    std::string message;
  };
  const std::vector<Case> cases{
      {nullptr, "thing.make: parameter \"path\" is missing; expected path"},
      {{{"path", "a"}, {"cuont", 1}}, "thing.make: parameter \"cuont\" does not exist; did you mean \"count\"?"},
      {{{"path", "a"}, {"zzzzzz", 1}}, "thing.make: parameter \"zzzzzz\" does not exist"},
      {Json::array({1}), "thing.make: arguments must be a map by parameter name, found list"},
      {{{"path", ""}}, "thing.make: parameter \"path\" must be path, found an empty string"},
      {{{"path", std::string("a\0b", 3)}}, "thing.make: parameter \"path\" must be path, found a string with a zero byte"},
      {{{"path", 7}}, "thing.make: parameter \"path\" must be path, found integer"},
      {{{"path", "a"}, {"count", 1.9}}, "thing.make: parameter \"count\" must be integer, found number 1.9"},
      {{{"path", "a"}, {"count", 1e300}}, "thing.make: parameter \"count\" must be integer, found number 1e+300"},
      {{{"path", "a"}, {"count", "3"}}, "thing.make: parameter \"count\" must be integer, found string"},
      {{{"path", "a"}, {"wait", -1}}, "thing.make: parameter \"wait\" must be duration in seconds, 0 or more, found -1"},
      {{{"path", "a"}, {"tags", {"x", 2}}}, "thing.make: parameter \"tags\" must be list of strings, found integer at position 2"},
      {{{"path", "a"}, {"tags", "x"}}, "thing.make: parameter \"tags\" must be list of strings, found string"},
      {{{"path", "a"}, {"items", {{"k", 1}}}}, "thing.make: parameter \"items\" must be list, found map"},
      {{{"path", "a"}, {"options", {1}}}, "thing.make: parameter \"options\" must be map, found list"},
      {{{"path", "a"}, {"key", 5}}, "thing.make: parameter \"key\" must be string or secret reference, found integer"},
      {{{"path", "a"}, {"note", secret_from_env("K")}}, "thing.make: parameter \"note\" must be string, found secret reference"},
      {{{"path", "a"}, {"force", "yes"}}, "thing.make: parameter \"force\" must be boolean, found string"},
  };
  for (const Case& one : cases) CHECK(refusal(one.args) == one.message);
  Error error = error_of([&] { checked_arguments(sample(), nullptr); });
  CHECK(error.code() == Code::argument_invalid);
  CHECK(error.hint() == "see `playbook doc thing.make`");
}

TEST_CASE("the registry is sorted, finds by name, and says what was meant") {
  Registry registry;
  for (const char* name : {"b.two", "a.one", "c.three"})
    registry.add(std::make_unique<Sample>(Declaration{.name = name, .summary = "Does."}));
  CHECK(registry.names() == std::vector<std::string>{"a.one", "b.two", "c.three"});
  CHECK(registry.find("b.two") == registry.all()[1]);
  CHECK(registry.find("b") == nullptr);
  Error error = error_of([&] { registry.at("b.tow"); });
  CHECK(error.code() == Code::name_unknown);
  CHECK(error.message() == "there is no primitive \"b.tow\"; did you mean \"b.two\"?");
}

TEST_CASE("a wrong declaration is refused") {
  auto refused = [](auto change) {
    Declaration declaration = sample();
    change(declaration);
    Registry registry;
    return error_of([&] { registry.add(std::make_unique<Sample>(declaration)); }).message();
  };
  CHECK(refused([](Declaration& d) { d.name = "Thing"; }) == "\"Thing\" is not a name for a primitive; expected module.verb in lower case");
  CHECK(refused([](Declaration& d) { d.summary = " "; }) == "thing.make: a primitive needs a summary");
  CHECK(refused([](Declaration& d) { d.version = 0; }) == "thing.make: version must be 1 or more");
  CHECK(refused([](Declaration& d) { d.parameters.push_back({.name = "path"}); }) == "thing.make: parameter \"path\" is declared twice");
  CHECK(refused([](Declaration& d) { d.parameters.push_back({.name = "late", .required = true}); }) ==
        "thing.make: required parameter \"late\" comes after an optional one");
  CHECK(refused([](Declaration& d) { d.parameters[1].fallback = "three"; }) == "thing.make: the default of \"count\" must be integer");
  Registry registry;
  registry.add(std::make_unique<Sample>(sample()));
  CHECK(error_of([&] { registry.add(std::make_unique<Sample>(sample())); }).message() ==
        "thing.make: a primitive of this name is already there");
}

TEST_CASE("every shipped primitive is declared whole") {
  PrimitiveFixture fixture;
  CHECK(fixture.registry.all().size() > 25);
  for (const Primitive* primitive : fixture.registry.all()) {
    const Declaration& declaration = primitive->declaration();
    INFO(declaration.name);
    CHECK(declaration.summary.ends_with('.'));
    CHECK_FALSE(declaration.example.empty());
    for (const std::string& code : declaration.errors) CHECK(code_from(code));
    for (const Parameter& parameter : declaration.parameters) {
      INFO(parameter.name);
      CHECK_FALSE(parameter.help.empty());
    }
  }
}

TEST_CASE("the defaults: a change is in doubt after a crash, a read is not; a plan hides plain secrets") {
  PrimitiveFixture fixture;
  fixture.registry.add(std::make_unique<Sample>(sample()));
  fixture.begin("thing.make", {{"path", "a"}});
  CHECK(fixture.probe().state == Probe::State::unknown);
  CHECK(error_of([&] { fixture.undo(); }).message() == "thing.make cannot be undone");
  CHECK(fixture.plan("thing.make", {{"path", "a"}, {"key", "hunter2"}, {"count", 3}}).text == "thing.make path=\"a\" key=***");
  CHECK(fixture.plan("thing.make", {{"path", "a"}, {"key", secret_from_env("K")}}).text == "thing.make path=\"a\" key=secret env K");
  fixture.begin("clock.now");
  CHECK(fixture.probe().state == Probe::State::not_done);
}

TEST_CASE("a context keeps what undo needs in a private folder of the action") {
  PrimitiveFixture fixture;
  Context plain(fixture.environment, fixture.environment.run_id + "/17", nullptr, nullptr);
  CHECK(plain.keep_folder() == fixture.run_folder.path() / "keep/17");
  struct stat status {};
  REQUIRE(::stat(plain.keep_folder().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0700);
  Context odd(fixture.environment, "../x", nullptr, nullptr), other(fixture.environment, "...x", nullptr, nullptr);
  CHECK(odd.keep_folder().parent_path() == fixture.run_folder.path() / "keep");
  CHECK(odd.keep_folder() != other.keep_folder());
}

TEST_CASE("paths of arguments are below the instance unless they are absolute") {
  PrimitiveFixture fixture;
  Context context(fixture.environment, "1", nullptr, nullptr);
  CHECK(context.resolve("a/../.env") == fixture.instance / ".env");
  CHECK(context.resolve("/etc/x") == "/etc/x");
}
