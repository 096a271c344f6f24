// A stand-in for the engine: runs a playbook to its end, answers its requests from a table, and keeps what was asked.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/lua/program.h"
#include "tests/support/catch.h"

namespace playbook::testing {

class MapSources : public Sources {
 public:
  std::map<std::string, std::string> modules, files;

  std::optional<SourceText> module(const std::string& name) override {
    auto found = modules.find(name);
    if (found == modules.end()) return std::nullopt;
    return SourceText{name + ".lua", found->second};
  }
  std::optional<SourceText> data(const std::string& path) override {
    auto found = files.find(path);
    if (found == files.end()) return std::nullopt;
    return SourceText{path, found->second};
  }
  std::vector<std::string> module_names() override {
    std::vector<std::string> names;
    for (const auto& [name, text] : modules) names.push_back(name);
    return names;
  }
};

/// A primitive that is only a declaration: the driver answers.
class Declared : public Primitive {
 public:
  explicit Declared(Declaration declaration) : declaration_(std::move(declaration)) {}
  const Declaration& declaration() const override { return declaration_; }
  Json run(Context&, const Json&, const Json&) override { return nullptr; }

 private:
  Declaration declaration_;
};

inline void add_fakes(Registry& registry) {
  auto add = [&](std::string name, std::vector<Parameter> parameters) {
    Declaration declaration;
    declaration.name = std::move(name);
    declaration.kind = Kind::read;
    declaration.summary = "is a stand-in";
    declaration.parameters = std::move(parameters);
    declaration.returns = "any";
    registry.add(std::make_unique<Declared>(std::move(declaration)));
  };
  add("shop.get", {{"key", Type::string, "what to get", true, {}}, {"deep", Type::boolean, "all of it", false, {}}});
  add("shop.set", {{"file", Type::path, "where", true, {}},
                   {"key", Type::string, "what", true, {}},
                   {"value", Type::any, "to what", true, {}},
                   {"public", Type::boolean, "no secret", false, {}}});
  add("shop.put", {{"record", Type::map, "what to put", true, {}}});
  add("shop.list", {{"items", Type::list, "what is in it", false, {}}, {"limit", Type::integer, "how many", false, {}}});
  add("clock.sleep", {{"duration", Type::duration, "how long", true, {}}});
}

inline Answer say(Json value) { return {.kind = Answer::Kind::value, .value = std::move(value), .error = {}, .unknown_because = {}}; }
inline Answer fail(Error error) { return {.kind = Answer::Kind::error, .value = {}, .error = std::move(error), .unknown_because = {}}; }
inline Answer unknown(std::string because) {
  return {.kind = Answer::Kind::unknown, .value = {}, .error = {}, .unknown_because = std::move(because)};
}
inline Answer recheck(int number) {
  return {.kind = Answer::Kind::recheck, .value = {}, .error = {}, .unknown_because = {}, .recheck = number};
}

struct Driver {
  Registry registry;
  MapSources sources;
  CancelToken cancel;
  size_t memory_cap = 64u << 20;
  std::function<Answer(const Request&)> answer = [](const Request&) { return say(nullptr); };
  std::vector<Request> asked;
  std::unique_ptr<Program> program;

  Driver() { add_fakes(registry); }

  ProgramOptions options() {
    ProgramOptions options;
    options.primitives = &registry;
    options.sources = &sources;
    options.cancel = &cancel;
    options.memory_cap = memory_cap;
    return options;
  }

  Program& load(const std::string& text, const std::string& name = "t.lua") {
    program = Program::load(options(), {name, text});
    return *program;
  }

  /// The error of a playbook that does not load.
  Error load_error(const std::string& text) {
    try {
      load(text);
    } catch (const Error& error) {
      return error;
    }
    return Error(Code::internal, "it loads");
  }

  Turn drive(Script& script) {
    Answer next;
    for (;;) {
      Turn turn = script.resume(next);
      if (turn.kind != Turn::Kind::request) return turn;
      asked.push_back(turn.request);
      next = answer(turn.request);
    }
  }

  Turn run(const std::string& text, const Json& params = Json::object()) {
    load(text);
    return drive(*program->main(params));
  }

  /// Line 1 opens run, so the lines of `body` count from 2.
  Turn run_body(const std::string& body, const std::string& before = "") {
    return run(before + "return playbook.define { name = 't', summary = 't', run = function(p)\n" + body + "\nend }");
  }

  /// What `return ...` in a run function gives.
  Json value_of(const std::string& body) {
    Turn turn = run_body(body);
    if (turn.error) UNSCOPED_INFO(turn.error->message());
    REQUIRE(turn.kind == Turn::Kind::finished);
    return turn.result;
  }

  Error error_of(const std::string& body) {
    Turn turn = run_body(body);
    REQUIRE(turn.kind == Turn::Kind::failed);
    return *turn.error;
  }

  /// `name path` of everything that was asked, but for enter and leave.
  std::vector<std::string> positions() const {
    std::vector<std::string> list;
    for (const Request& request : asked)
      if (request.name != "enter" && request.name != "leave") list.push_back(request.path);
    return list;
  }
};

inline std::string where_of(const Error& error) { return error.details().is_object() ? error.details().value("where", "") : ""; }

}  // namespace playbook::testing
