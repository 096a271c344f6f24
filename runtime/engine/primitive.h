// A primitive is one thing that a playbook can ask of the host, declared once: from this one type come its Lua function, its argument
// check, its documentation and editor stub, its plan text, its journal record, its undo and its probe. Plain values in, plain values out;
// no Lua here. An embedder adds one in the same way as runtime/primitives does: derive, declare, register.
//
// Life of a change:  prepare (reads what undo and probe will need) -> intent is durable -> run -> outcome is durable.
// After a crash between intent and outcome:  probe(record) -> done | not_done | running | unknown.
// Every method may be called again at any time with the same record; undo must tolerate that run was never reached, half done, or whole.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/json.h"

namespace playbook {

class Context;  // runtime/engine/context.h

/// pure: computed inline, not recorded. read: asks the world, recorded once. change: recorded before and after.
enum class Kind { pure, read, change };

/// What can be done about a change when the run turns back.
enum class Undo {
  inverse,     ///< `undo` restores what was
  not_needed,  ///< it only added something beside (a backup set, a pulled image)
  impossible,  ///< only a way back that the playbook declares can help; such a change is refused outside of one
};

/// `any` is every plain value; `secret` is a secret reference or a plain string; `duration` is seconds, fractions allowed.
enum class Type { any, boolean, number, integer, string, path, duration, list, strings, map, secret };

struct Parameter {
  std::string name{};
  Type type = Type::any;
  std::string help{};       ///< one line
  bool required = false;    ///< required ones come first and are positional in Lua; the others go by name in one trailing table
  Json fallback = nullptr;  ///< value when it is not given; null: stays away
};

struct Declaration {
  std::string name{};  ///< `module.verb`
  int version = 1;     ///< of its record in the journal; raised when args, prepared or result change their shape
  Kind kind = Kind::pure;
  std::string summary{};  ///< one sentence, present tense, for `playbook doc` and the stub
  std::vector<Parameter> parameters{};
  std::string returns{};              ///< LuaCATS type of the result, "" when it returns nothing
  std::string returns_help{};         ///< one line
  std::vector<std::string> errors{};  ///< codes that it raises
  std::string example{};              ///< Lua, call and result: `dotenv.get(".env", "PORT") --> "8080"`
};

/// What undo, probe and drift get: one row of the journal.
struct Record {
  std::string path;  ///< position in the playbook
  std::string name;  ///< of the primitive
  int version = 1;
  Json args;              ///< with defaults filled in
  Json prepared;          ///< what `prepare` returned
  bool finished = false;  ///< has an outcome
  Json result;            ///< null unless the outcome is ok
};

struct Probe {
  enum class State { done, not_done, running, unknown };
  State state = State::unknown;
  Json result = nullptr;    ///< for `done`: what run would have returned
  std::string explanation;  ///< for `running` and `unknown`: what is known, for the operator
  /// For `unknown`: whether the effect may be partial (the run then needs attention rather than an answer).
  bool may_be_partial = false;
};

struct Planned {
  std::string text;        ///< what it would do, one or more lines; secrets masked
  std::string diff;        ///< unified diff where it edits a text
  bool predicted = false;  ///< `result` can be relied on by what follows
  Json result = nullptr;
};

class Primitive {
 public:
  virtual ~Primitive() = default;
  virtual const Declaration& declaration() const = 0;

  /// Reads (only reads) what undo, probe and drift will need. Recorded with the intent. Files kept for undo go under
  /// `context.keep_folder()`.
  virtual Json prepare(Context&, const Json& /*args*/) { return nullptr; }

  /// Does it. Throws Error. Long work reports progress and looks at the cancel token.
  virtual Json run(Context&, const Json& args, const Json& prepared) = 0;

  /// What it would do. Must not change anything. For reads the engine calls `run` itself, unless something they read was planned to change:
  /// then it calls this. The default says "name args" and predicts nothing.
  virtual Planned plan(Context&, const Json& args);

  virtual Undo undo_kind(const Json& /*args*/) const { return Undo::impossible; }
  virtual void undo(Context&, const Record&);

  /// Default: reads are `not_done`, changes `unknown`.
  virtual Probe probe(Context&, const Record&);

  /// The result of a change that the operator says is done, when nobody else could tell. Null where that serves the playbook.
  virtual Json told_done(const Json& /*args*/) const { return nullptr; }

  /// Compares the world with what a finished change left behind: nothing when it still stands, else one sentence that says what differs.
  virtual std::optional<std::string> drift(Context&, const Record&) { return std::nullopt; }

  /// What it reads or changes, as `file:/abs/path`, `service:name`, `*` for anything. A planned change makes reads of the same things
  /// predictions; of several finished changes of one thing only the last is asked for drift. Prefix rule: `file:/a` covers `file:/a/b`.
  virtual std::vector<std::string> touches(Context&, const Json& /*args*/) const { return {}; }

  /// True where this call can destroy or rewrite the application's data (law 2): then the engine demands downtime and a proven way back.
  virtual bool may_lose_data(const Json& /*args*/) const { return false; }

  /// True where all that it changes is the content of files, `drift` tells whether they still stand so, and its inverse brings them back:
  /// such an edit is undone also where a way back was declared and left it standing.
  virtual bool is_file_edit() const { return false; }

  /// True where doing it again at any later time is harmless (stop, back up): resume may then do it anew when its effect has drifted.
  virtual bool repeatable() const { return false; }
};

/// All primitives by name. Filled before the first run, read-only afterwards.
class Registry {
 public:
  void add(std::unique_ptr<Primitive> primitive);  ///< throws `argument.invalid` on a wrong or repeated declaration
  Primitive* find(std::string_view name) const;
  /// Throws `name.unknown` with "did you mean".
  Primitive& at(std::string_view name) const;
  std::vector<const Primitive*> all() const;  ///< sorted by name
  std::vector<std::string> names() const;

 private:
  std::vector<std::unique_ptr<Primitive>> primitives_;  // sorted by name
};

/// Checks and completes the arguments by the declaration: unknown names ("did you mean"), missing ones, wrong types, defaults.
/// Throws `argument.invalid`: `dotenv.set: parameter "valeu" does not exist; did you mean "value"?`
Json checked_arguments(const Declaration& declaration, const Json& given);

std::string_view to_string(Kind kind);
std::string_view to_string(Type type);

}  // namespace playbook
