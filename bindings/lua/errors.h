// Errors across the boundary. In Lua a failure of the host is a table {code, message, hint, details, where, traceback} that scripts may
// catch and look at; anything else that a script raises becomes script.failed on the way out. `where` is always the author's line, never
// the prelude's.
#pragma once

#include <lua.hpp>
#include <string>

#include "bindings/lua/prelude.h"
#include "runtime/base/error.h"

namespace playbook::lua {

/// Makes the metatable of error tables and the table of parent coroutines. Once per state.
void open_errors(lua_State* L);

/// Pushes the table coroutine -> coroutine that resumed it, which the prelude keeps.
void push_parents(lua_State* L);
/// Pushes the table coroutine -> where its code stands; the prelude fills it. It serves where a tail call left no frame of the author's.
void push_places(lua_State* L);

/// `upgrade.lua:31`: the innermost line of the author's, through parent coroutines too; "" when there is none.
std::string author_line(lua_State* L);
/// The author's frames, innermost first, one per line.
std::string author_traceback(lua_State* L);

/// Pushes an error table with the position of now.
void push_error(lua_State* L, const Error& error);
/// Like push_error, for an exception that is no Error.
void push_internal(lua_State* L, const char* what);

/// A message handler for xpcall: keeps where and how an error came about, for `to_error`; gives the error back as it is.
int remember_error(lua_State* L);
/// What a script raised, as an Error with details.where and details.traceback; `coroutine` is the one that failed. May raise Lua errors.
Error to_error(lua_State* L, int index, lua_State* coroutine);
/// Pushes the function that `text` is; positions name it `name`. Bytecode and what does not parse throws `script.invalid`.
void load_text(lua_State* L, const std::string& name, const std::string& text);
/// Pushes the chunk of the prelude with that name, from bytecode where this LuaJIT made it. Throws `internal` when there is none.
void load_prelude(lua_State* L, std::string_view name);

/// Turns C++ exceptions into error tables. Lua errors are foreign exceptions and pass. Every function that Lua may call goes through this.
template <lua_CFunction F>
int guarded(lua_State* L) {
  try {
    return F(L);
  } catch (const Error& error) {
    push_error(L, error);
  } catch (const std::exception& error) {
    push_internal(L, error.what());
  }
  return lua_error(L);
}

}  // namespace playbook::lua
