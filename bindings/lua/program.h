// One playbook in one LuaJIT state: sandboxed, JIT off, capped in memory, deterministic. It is what the engine sees as a ScriptHost.
// Used by one thread at a time; several programs live side by side. Rules of embedding that are subtle stand in bindings/lua/state.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/cancel.h"
#include "runtime/engine/primitive.h"
#include "runtime/engine/script.h"

namespace playbook {

struct SourceText {
  std::string name;  ///< shown in errors: `demo/upgrade.lua`
  std::string text;
};

/// Where modules and data files come from: the library folders and the playbook's own folder, or the snapshot that travels with a run.
class Sources {
 public:
  virtual ~Sources() = default;
  /// `demo` or `demo.upgrade`; nothing when there is none.
  virtual std::optional<SourceText> module(const std::string& name) = 0;
  /// A JSON file by its path below the library or the playbook's folder: `demo/releases.json`.
  virtual std::optional<SourceText> data(const std::string& path) = 0;
  /// For "did you mean".
  virtual std::vector<std::string> module_names() = 0;
};

/// A parameter that a playbook declares: becomes a command-line option.
struct PlaybookParameter {
  std::string name;
  std::string type;  ///< string, integer, number, boolean, release, path, duration, choice, strings
  bool required = false;
  Json fallback;
  std::string help;
  std::vector<std::string> choices;
};

struct Definition {
  std::string name;  ///< `demo/upgrade`
  std::string summary;
  std::string help;  ///< longer text for `playbook doc`, may be empty
  std::vector<PlaybookParameter> parameters;
};

struct ProgramOptions {
  const Registry* primitives = nullptr;
  Sources* sources = nullptr;
  const CancelToken* cancel = nullptr;  ///< ends even a script that loops or swallows errors
  size_t memory_cap = 128u << 20;       ///< bytes
};

class Program : public ScriptHost {
 public:
  /// Runs the main chunk, which must return playbook.define{...}. No primitive may be called while it loads.
  /// Throws script.invalid, script.failed, name.unknown, memory.exceeded, cancelled; errors point at the author's line.
  static std::unique_ptr<Program> load(const ProgramOptions& options, const SourceText& playbook);
  /// For `playbook eval`: the chunk becomes the body of a run function.
  static std::unique_ptr<Program> evaluate(const ProgramOptions& options, const SourceText& code);

  virtual const Definition& definition() const = 0;
};

/// LuaCATS stub of all primitives and of the prelude: `playbook doc --stubs`.
std::string lua_stubs(const Registry& primitives);
/// Reference text of one primitive or module for `playbook doc NAME`.
std::string lua_reference(const Registry& primitives, const std::string& name);

}  // namespace playbook
