// Plain data across the boundary. What is not plain (functions, cycles, NaN, text that is not UTF-8, ...) is refused with the path to it:
// `dotenv.set: options.items[3] is a function, which is not plain data`.
#pragma once

#include <lua.hpp>
#include <string>

#include "runtime/base/json.h"

namespace playbook::lua {

/// Makes the metatables that values carry. Once per state.
void open_values(lua_State* L);

/// Converts the value at `index`. `what` names it in errors. Throws `argument.invalid`, and `plan.unknown` for a value only a real run
/// knows.
Json to_json(lua_State* L, int index, const std::string& what);
/// The same, but what cannot cross becomes the text that says so: for the details of errors.
Json to_json_or_text(lua_State* L, int index);

/// null becomes nil (inside a list: the null value); integers that a double cannot hold become strings; a map with a `type` gets the
/// methods that its module declared. May raise Lua errors.
void push_json(lua_State* L, const Json& value);

/// A value that only the real run can know: any use of it raises plan.unknown.
void push_unknown(lua_State* L, const std::string& because);
bool is_unknown(lua_State* L, int index);
/// Throws plan.unknown.
[[noreturn]] void refuse_unknown(lua_State* L, int index);

/// Takes two functions from the top of the stack: one makes an unknown value of the text that says what it depends on, one gives that text
/// back.
void set_unknowns(lua_State* L);

/// null, where a nil will not do.
void push_null(lua_State* L);
/// Marks the table on top of the stack as a list, also while it is empty.
void mark_list(lua_State* L);
/// Sets the function that gives the metatable of values of a declared type; it is on top of the stack and is taken.
void set_type_finder(lua_State* L);

}  // namespace playbook::lua
