// The seam between the engine and the language that a playbook is written in. The engine asks a Script to go on; the Script answers with
// its next request, or that it ended. bindings/lua implements it; engine tests implement it in a few lines of C++.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/json.h"

namespace playbook {

/// One thing that the script asks for. Names with a dot are primitives; names without are the engine's own (Dialogue::own_request).
struct Request {
  std::string path;  ///< position: levels joined by "/", such as `Back up#1/backup.create#1`
  std::string name;
  Json args;          ///< as the author passed them, by parameter name
  std::string where;  ///< `upgrade.lua:31`
};

/// What the engine says to the script: a value, an error to raise at the author's line, or "ask all your gates again, then ask me again".
struct Answer {
  enum class Kind { value, error, recheck, unknown };
  Kind kind = Kind::value;
  Json value;
  std::optional<Error> error;
  std::string unknown_because;  ///< in a plan: what the value depends on
  int recheck = 0;              ///< number of the recheck, 1, 2, ...
};

/// How a script went on.
struct Turn {
  enum class Kind { request, finished, failed };
  Kind kind = Kind::finished;
  Request request;
  Json result;                 ///< of `finished`
  std::optional<Error> error;  ///< of `failed`; details.traceback and details.where point at the author's line
};

/// One coroutine: the playbook's run function, or one exported function (a way back, verify). Used by one thread.
class Script {
 public:
  virtual ~Script() = default;
  virtual Turn resume(const Answer& answer) = 0;
};

/// Makes coroutines of one loaded playbook. `prefix` is put before every position.
class ScriptHost {
 public:
  virtual ~ScriptHost() = default;
  virtual std::unique_ptr<Script> main(const Json& params) = 0;
  /// `module` as in require, or `@playbook` for what the playbook itself exports.
  virtual std::unique_ptr<Script> function(const std::string& module, const std::string& name, const Json& args,
                                           const std::string& prefix) = 0;
};

}  // namespace playbook
