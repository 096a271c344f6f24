// What the trusted prelude may ask of C++, and the exchange between the engine and the coroutine that runs now. All conversions of values
// happen in functions that Lua calls, inside the resume: there a Lua error or the memory cap ends the script and not the process.
#pragma once

#include <optional>

#include "bindings/lua/program.h"
#include "bindings/lua/state.h"

namespace playbook::lua {

/// What passes during one resume.
struct Exchange {
  Json start;                      ///< what the coroutine was made for
  const Answer* answer = nullptr;  ///< to the request before
  std::optional<Request> request;
  Json result;
};

class Host : public State {
 public:
  /// Loads the prelude.
  explicit Host(const ProgramOptions& options);
  static Host& of(lua_State* L) { return static_cast<Host&>(State::of(L)); }

  const Registry& primitives() const { return *options_.primitives; }
  Sources& sources() const { return *options_.sources; }
  /// Pushes one of the prelude's entries: load, main, find, call.
  void push_entry(lua_State* L, const char* name) const;

  Exchange* exchange = nullptr;  ///< of the coroutine that runs now

 private:
  ProgramOptions options_;
};

}  // namespace playbook::lua
