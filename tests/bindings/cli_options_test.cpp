// Options and parameters of the command line: what is taken, and the whole text of what is refused.
#include "bindings/cli/command_line.h"
#include "bindings/cli/host_options.h"
#include "bindings/cli/parameter_options.h"
#include "tests/support/catch.h"

using namespace playbook;
using namespace playbook::cli;

namespace {

// The options of `playbook run`, and what they were parsed to.
struct Options {
  OptionSet set{"playbook run"};
  HostOptions host;
  OutputOptions output;
  DecisionOptions decisions;
  Options() {
    decisions.declare(set);
    output.declare(set);
    host.declare(set);
  }
};

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + ": " + error.message() + (error.hint().empty() ? "" : " | " + error.hint());
  }
  return "no error";
}

Definition definition() {
  Definition demo;
  demo.name = "demo/upgrade";
  demo.parameters = {{"to", "release", true, nullptr, "such as 1.1", {}},
                     {"copy_to", "path", false, nullptr, "", {}},
                     {"wait", "duration", false, 90, "how long", {}},
                     {"tries", "integer", false, 3, "", {}},
                     {"ratio", "number", false, nullptr, "", {}},
                     {"careful", "boolean", false, true, "", {}},
                     {"mode", "choice", false, "fast", "", {"fast", "slow"}},
                     {"tag", "strings", false, Json::array({"a", "b"}), "", {}},
                     {"note", "string", false, nullptr, "", {}}};
  return demo;
}

Json parse(const std::vector<std::string>& arguments) {
  Options options;
  const ParameterOptions parameters(definition(), options.set);
  options.set.parse(arguments, false);
  return parameters.values("/home/op");
}

}  // namespace

TEST_CASE("wrong options are refused by name") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--hlod"}, "argument.invalid: option --hlod does not exist; did you mean \"--hold\"? | `playbook run --help` shows what it takes"},
      {{"--hlod=1"},
       "argument.invalid: option --hlod does not exist; did you mean \"--hold\"? | `playbook run --help` shows what it takes"},
      {{"-x"}, "argument.invalid: option -x does not exist | `playbook run --help` shows what it takes"},
      {{"left", "over"}, "argument.invalid: \"left\" is one argument too many | `playbook run --help` shows what it takes"},
      {{"-C"}, "argument.invalid: option -C needs a value"},
      {{"--on-event", "--json"}, "argument.invalid: option --on-event needs a value"},
      {{"--not-after", "a", "--not-after", "b"}, "argument.invalid: option --not-after is given more than once"},
      {{"--hold=maybe"}, "argument.invalid: option --hold takes no value"},
  };
  for (const auto& [arguments, expected] : cases) {
    Options options;
    CHECK(refusal([&, &given = arguments] { options.set.parse(given, false); }) == expected);
  }
}

TEST_CASE("decisions are read from the options") {
  Options options;
  options.set.parse({"--yes", "--hold", "--accept", "breaking,one-way", "--accept", "drift", "--override", "disk", "--reason", "cleaned up",
                     "--override", "age", "--reason", "known", "--not-after", "2026-11-22T04:00:00Z"},
                    false);
  const Decisions decisions = options.decisions.decisions(parse_iso("2026-11-21T07:00:00Z"));
  CHECK(decisions.yes);
  CHECK(decisions.hold);
  CHECK(decisions.accept == std::vector<std::string>{"breaking", "one-way", "drift"});
  CHECK(decisions.overrides == std::map<std::string, std::string>{{"disk", "cleaned up"}, {"age", "known"}});
  CHECK(to_iso(decisions.not_after.value()) == "2026-11-22T04:00:00.000Z");
}

TEST_CASE("an override needs a reason") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--override", "disk"},
       "argument.invalid: gate \"disk\" is overridden without a reason | write --override GATE --reason TEXT for each gate"},
      {{"--override", "disk", "--reason", " "},
       "argument.invalid: gate \"disk\" is overridden without a reason | write --override GATE --reason TEXT for each gate"},
      {{"--reason", "because"}, "argument.invalid: a --reason has no --override | write --override GATE --reason TEXT"},
  };
  for (const auto& [arguments, expected] : cases) {
    Options options;
    options.set.parse(arguments, false);
    CHECK(refusal([&] { options.decisions.decisions({}); }) == expected);
  }
}

TEST_CASE("a time of day is the nearest one, here, so that one just gone by is not tomorrow's") {
  setenv("TZ", "UTC", 1);
  tzset();
  const Utc now = parse_iso("2026-11-21T07:30:00Z");
  CHECK(to_iso(parse_not_after("08:15", now)) == "2026-11-21T08:15:00.000Z");
  CHECK(to_iso(parse_not_after("04:00", now)) == "2026-11-21T04:00:00.000Z");
  CHECK(to_iso(parse_not_after("07:30", now)) == "2026-11-21T07:30:00.000Z");
  CHECK(to_iso(parse_not_after("19:29", now)) == "2026-11-21T19:29:00.000Z");
  CHECK(to_iso(parse_not_after("02:00", parse_iso("2026-11-21T23:00:00Z"))) == "2026-11-22T02:00:00.000Z");
  for (const char* wrong : {"25:00", "04:60", "4 o'clock", "04:00x", ""}) {
    CHECK(refusal([&] { parse_not_after(wrong, now); }) ==
          "argument.invalid: option --not-after: \"" + std::string(wrong) + "\" is not a time; write 04:00 or 2026-11-21T04:00:00Z");
  }
}

TEST_CASE("parameters become typed values") {
  CHECK(parse({"--to", "1.1"}) == Json{{"to", "1.1"}});
  CHECK(parse({"--to=v1.2.3-rc.1", "--copy-to", "backup", "--wait", "1.5m", "--tries", "-2", "--ratio", "0.5", "--mode", "slow", "--note",
               ""}) == Json{{"to", "v1.2.3-rc.1"},
                            {"copy_to", "/home/op/backup"},
                            {"wait", 90.0},
                            {"tries", -2},
                            {"ratio", 0.5},
                            {"mode", "slow"},
                            {"note", ""}});
  CHECK(parse({"--to", "1.1", "--careful"}).at("careful") == true);
  CHECK(parse({"--to", "1.1", "--no-careful"}).at("careful") == false);
  CHECK(parse({"--to", "1.1", "--careful=false"}).at("careful") == false);
  CHECK(parse({"--to", "1.1", "--tag", "x", "--tag", "y z"}).at("tag") == Json::array({"x", "y z"}));
  CHECK(parse({"--to", "1.1", "--copy-to", "/srv/../srv/b"}).at("copy_to") == "/srv/b");
}

TEST_CASE("wrong parameters are refused by name") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "argument.invalid: option --to is required: such as 1.1"},
      {{"--to", "latest"}, "argument.invalid: option --to: \"latest\" is not a release, such as 1.2.3 | such as 1.1"},
      {{"--to", "1", "--wait", "long"},
       "argument.invalid: option --wait: \"long\" is not a duration; write a number with ms, s, m or h, such as 90s | how long"},
      {{"--to", "1", "--wait", "-5"},
       "argument.invalid: option --wait: \"-5\" is not a duration; write a number with ms, s, m or h, such as 90s | how long"},
      {{"--to", "1", "--tries", "2.5"}, "argument.invalid: option --tries: \"2.5\" is not a whole number"},
      {{"--to", "1", "--ratio", "nan"}, "argument.invalid: option --ratio: \"nan\" is not a number"},
      {{"--to", "1", "--mode", "slwo"}, "argument.invalid: option --mode: \"slwo\" is not one of fast, slow; did you mean \"slow\"?"},
      {{"--to", "1", "--copy-to", ""}, "argument.invalid: option --copy-to: \"\" is not a path"},
      {{"--to", "1", "--copy_to", "x"},
       "argument.invalid: option --copy_to does not exist; did you mean \"--copy-to\"? | `playbook run --help` shows what it takes"},
      {{"--to", "1", "--to", "2"}, "argument.invalid: option --to is given more than once"},
      {{"--to", "--hold"}, "argument.invalid: option --to needs a value"},
  };
  for (const auto& [arguments, expected] : cases) CHECK(refusal([&, &given = arguments] { parse(given); }) == expected);
}

TEST_CASE("a parameter may not take the name of an option of the command") {
  Options options;
  for (const std::string& taken : options.set.names()) {
    Definition wrong;
    wrong.name = "site/upgrade";
    wrong.parameters = {{taken.substr(2), "string", false, nullptr, "", {}}};
    CHECK(refusal([&] { ParameterOptions(wrong, options.set); }) == "script.invalid: site/upgrade: parameter \"" + taken.substr(2) +
                                                                        "\" has the name of the option " + taken +
                                                                        " | give the parameter another name");
  }
  CHECK(options.set.names().size() >= 10);
}

TEST_CASE("a parameter's name must make an option") {
  Options options;
  Definition wrong;
  wrong.name = "site/upgrade";
  wrong.parameters = {{"a b", "string", false, nullptr, "", {}}};
  CHECK(refusal([&] { ParameterOptions(wrong, options.set); }) ==
        "script.invalid: site/upgrade: parameter \"a b\" cannot be an option of the command | name it with letters, digits and _");
}

TEST_CASE("the help shows the parameters first, with types and defaults") {
  Options options;
  const ParameterOptions parameters(definition(), options.set);
  const std::string help = help_text(options.set, "run");
  CHECK_THAT(help, playbook::testing::StartsWith("playbook run NAME|FILE [--param value ...]\n"
                                                 "run a playbook\n"
                                                 "\n"
                                                 "Parameters of demo/upgrade:\n"
                                                 "  --to RELEASE             such as 1.1; required\n"
                                                 "  --copy-to PATH\n"
                                                 "  --wait DURATION          how long; default: 1m30s\n"
                                                 "  --tries INTEGER          default: 3\n"
                                                 "  --ratio NUMBER\n"
                                                 "  --careful, --no-careful  default: true\n"));
  CHECK_THAT(help, playbook::testing::ContainsSubstring("\nOptions:\n  --yes"));
}

TEST_CASE("the first word says what is meant") {
  using Words = std::vector<std::string>;
  CHECK(with_command({"status", "-C", "x"}) == Words{"status", "-C", "x"});
  CHECK(with_command({"demo/upgrade", "--to", "1"}) == Words{"run", "demo/upgrade", "--to", "1"});
  CHECK(with_command({"upgrade.lua"}) == Words{"run", "upgrade.lua"});
  CHECK(with_command({"help", "run"}) == Words{"run", "--help"});
  CHECK(refusal([] { with_command({"stauts"}); }) ==
        "argument.invalid: there is no command \"stauts\"; did you mean \"status\"? | `playbook --help` lists the commands");
  CHECK(refusal([] {
          with_command({"--json", "status"});
        }) == "argument.invalid: option --json stands before the command | write playbook COMMAND --json");
}
