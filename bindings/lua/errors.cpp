#include "bindings/lua/errors.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <memory>
#include <vector>

#include "bindings/lua/state.h"
#include "bindings/lua/values.h"
#include "runtime/base/text.h"

namespace playbook::lua {
namespace {

constexpr const char* kErrorMeta = "playbook.error";
constexpr const char* kParents = "playbook.parents";        // coroutine -> the one that resumed it; weak
constexpr const char* kPlaces = "playbook.places";          // coroutine -> where its code stands; weak
constexpr const char* kRemembered = "playbook.remembered";  // {value, where, traceback} of the last error that a handler saw
constexpr const char* kChunks = "playbook.chunks";          // name as Lua shortens it -> name
constexpr size_t kMostFrames = 100;

bool is_author(const lua_Debug& frame) {
  return *frame.what != 'C' && std::strncmp(frame.source, kPreludeChunk, std::strlen(kPreludeChunk)) != 0;
}

std::string name_of(const lua_Debug& frame) { return frame.source[0] == '@' || frame.source[0] == '=' ? frame.source + 1 : frame.source; }

// A frame that ran out of memory no longer knows its line: then where its function begins.
std::string line_of(const lua_Debug& frame) {
  int line = frame.currentline > 0 ? frame.currentline : std::max(1, frame.linedefined);
  return to_utf8(name_of(frame)) + ":" + std::to_string(line);
}

// Pushes what one of the tables by coroutine holds for it.
void push_of(lua_State* L, const char* table, lua_State* coroutine) {
  lua_getfield(L, LUA_REGISTRYINDEX, table);
  if (!lua_checkstack(coroutine, 1)) return lua_pushnil(L), lua_remove(L, -2);
  lua_pushthread(coroutine);
  if (coroutine != L) lua_xmove(coroutine, L, 1);
  lua_rawget(L, -2);
  lua_remove(L, -2);
}

// The coroutine that resumed this one, or nothing.
lua_State* parent_of(lua_State* L, lua_State* coroutine) {
  push_of(L, kParents, coroutine);
  lua_State* parent = lua_tothread(L, -1);
  lua_pop(L, 1);
  return parent;
}

std::string place_of(lua_State* L, lua_State* coroutine) {
  push_of(L, kPlaces, coroutine);
  std::string place = lua_isstring(L, -1) ? lua_tostring(L, -1) : "";
  lua_pop(L, 1);
  return place;
}

struct Frame {
  std::string line, function;
};

// The author's frames, innermost first, through parent coroutines; where a coroutine has none left, the place of its code stands in.
std::vector<Frame> author_frames(lua_State* L, lua_State* coroutine, size_t most) {
  std::vector<Frame> frames;
  for (lua_State* at = coroutine; at && frames.size() < most; at = parent_of(L, at)) {
    size_t before = frames.size();
    lua_Debug frame;
    for (int level = 0; frames.size() < most && lua_getstack(at, level, &frame); ++level) {
      lua_getinfo(at, "Snl", &frame);
      if (is_author(frame)) frames.push_back({line_of(frame), frame.name ? to_utf8(frame.name) : ""});
    }
    if (std::string place = place_of(L, at); frames.size() == before && !place.empty()) frames.push_back({place, ""});
  }
  return frames;
}

std::string line_in(lua_State* L, lua_State* coroutine) {
  std::vector<Frame> frames = author_frames(L, coroutine, 1);
  return frames.empty() ? "" : frames.front().line;
}

std::string traceback_in(lua_State* L, lua_State* coroutine) {
  std::vector<std::string> lines;
  for (const Frame& frame : author_frames(L, coroutine, kMostFrames))
    lines.push_back(frame.function.empty() ? frame.line : frame.line + " in " + frame.function);
  return join(lines, "\n");
}

void push_text(lua_State* L, const std::string& text) { lua_pushlstring(L, text.data(), text.size()); }

void set_text(lua_State* L, const char* field, const std::string& text) {
  push_text(L, text);
  lua_setfield(L, -2, field);
}

void raw_field(lua_State* L, int index, const char* field) {  // no metamethod of the author's runs here
  lua_pushstring(L, field);
  lua_rawget(L, index);
}

std::string text_field(lua_State* L, int index, const char* field) {
  raw_field(L, index, field);
  std::string text;
  if (lua_type(L, -1) == LUA_TSTRING) {
    size_t size = 0;
    const char* bytes = lua_tolstring(L, -1, &size);
    text = to_utf8({bytes, size});
  }
  lua_pop(L, 1);
  return text;
}

// `name:12: text` as Lua writes it, with the name of a loaded chunk: gives name:12 and leaves the text; else gives "".
std::string take_position(lua_State* L, std::string& text) {
  lua_getfield(L, LUA_REGISTRYINDEX, kChunks);
  std::string position;
  for (size_t colon = text.find(':'); colon < LUA_IDSIZE && position.empty(); colon = text.find(':', colon + 1)) {
    size_t end = colon + 1;
    while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end]))) ++end;
    if (end == colon + 1 || text.compare(end, 2, ": ") != 0) continue;
    if (std::string name = text_field(L, lua_gettop(L), text.substr(0, colon).c_str()); !name.empty()) {
      position = name + text.substr(colon, end - colon);
      text.erase(0, end + 2);
    }
  }
  lua_pop(L, 1);
  return position;
}

Json with_position(Json details, const std::string& where, const std::string& traceback) {
  if (details.is_null()) details = Json::object();
  if (!details.is_object()) details = Json{{"value", std::move(details)}};
  if (!where.empty() && !details.contains("where")) details["where"] = where;
  if (!traceback.empty() && !details.contains("traceback")) details["traceback"] = traceback;
  return details;
}

struct Position {
  std::string where, traceback;
};

// Where an error that carries no position of its own came from: what the handler saw, else the stack that the failed coroutine still has.
Position position_of(lua_State* L, int index, lua_State* coroutine) {
  lua_getfield(L, LUA_REGISTRYINDEX, kRemembered);
  int seen = lua_gettop(L);
  Position position;
  raw_field(L, seen, "value");
  if (!lua_isnil(L, -1) && lua_rawequal(L, -1, index)) position = {text_field(L, seen, "where"), text_field(L, seen, "traceback")};
  lua_settop(L, seen - 1);
  if (position.where.empty()) position = {line_in(L, coroutine), traceback_in(L, coroutine)};
  return position;
}

Error from_string(lua_State* L, int index, lua_State* coroutine) {
  size_t size = 0;
  const char* bytes = lua_tolstring(L, index, &size);
  std::string text = to_utf8({bytes, size});
  Position position = position_of(L, index, coroutine);
  if (text == "not enough memory") {
    Error error = State::of(L).memory_error();
    return Error(error.code(), error.message(), error.hint(), with_position(nullptr, position.where, position.traceback));
  }
  bool ours = text.compare(0, std::strlen(kPreludeChunk) - 1, kPreludeChunk + 1) == 0;
  if (!ours)
    if (std::string where = take_position(L, text); !where.empty()) position.where = where;
  return Error(ours ? Code::internal : Code::script_failed, text, "", with_position(nullptr, position.where, position.traceback));
}

// A table with a message: one of ours, or what an author raised in the same shape. A code that we do not know stays in the details.
Error from_table(lua_State* L, int index, lua_State* coroutine) {
  std::string code = text_field(L, index, "code"), message = text_field(L, index, "message");
  Json details;
  raw_field(L, index, "details");
  if (!lua_isnil(L, -1)) details = to_json_or_text(L, -1);
  lua_pop(L, 1);
  Position position{text_field(L, index, "where"), text_field(L, index, "traceback")};
  if (position.where.empty()) position = position_of(L, index, coroutine);
  details = with_position(std::move(details), position.where, position.traceback);
  std::optional<Code> known = code_from(code);
  if (!known && !code.empty()) details["code"] = code;
  if (message.empty()) message = code.empty() ? "the script raised a table without a message" : code;
  return Error(known.value_or(Code::script_failed), message, text_field(L, index, "hint"), details);
}

int error_text(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  raw_field(L, 1, "message");
  if (!lua_isstring(L, -1)) lua_pushliteral(L, "an error without a message");
  return 1;
}

// "failed: " .. err works although err is a table.
int error_concat(lua_State* L) {
  for (int index = 1; index <= 2; ++index) {
    if (lua_istable(L, index)) {
      raw_field(L, index, "message");
      lua_replace(L, index);
    }
    if (!lua_isstring(L, index)) return luaL_error(L, "attempt to concatenate a %s value", luaL_typename(L, index));
  }
  lua_settop(L, 2);
  lua_concat(L, 2);
  return 1;
}

}  // namespace

void open_errors(lua_State* L) {
  luaL_newmetatable(L, kErrorMeta);
  lua_pushcfunction(L, error_text);
  lua_setfield(L, -2, "__tostring");
  lua_pushcfunction(L, error_concat);
  lua_setfield(L, -2, "__concat");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);

  for (const char* table : {kParents, kPlaces}) {
    lua_newtable(L);
    lua_newtable(L);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, table);
  }
  for (const char* table : {kRemembered, kChunks}) {
    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, table);
  }
}

void push_parents(lua_State* L) { lua_getfield(L, LUA_REGISTRYINDEX, kParents); }

void push_places(lua_State* L) { lua_getfield(L, LUA_REGISTRYINDEX, kPlaces); }

std::string author_line(lua_State* L) { return line_in(L, L); }

std::string author_traceback(lua_State* L) { return traceback_in(L, L); }

void push_error(lua_State* L, const Error& error) {
  luaL_checkstack(L, 8, "too many nested calls");
  lua_createtable(L, 0, 6);
  set_text(L, "code", std::string(to_string(error.code())));
  set_text(L, "message", error.message());
  if (!error.hint().empty()) set_text(L, "hint", error.hint());
  if (!error.details().is_null()) {
    push_json(L, error.details());
    lua_setfield(L, -2, "details");
  }
  std::string where = error.details().is_object() ? get_or<std::string>(error.details(), "where", "") : "";
  if (where.empty()) where = author_line(L);
  if (!where.empty()) set_text(L, "where", where);
  if (std::string traceback = author_traceback(L); !traceback.empty()) set_text(L, "traceback", traceback);
  luaL_getmetatable(L, kErrorMeta);
  lua_setmetatable(L, -2);
}

void push_internal(lua_State* L, const char* what) { push_error(L, Error(Code::internal, what)); }

int remember_error(lua_State* L) {
  if (is_cancel(L, 1) || lua_isnil(L, 1)) return 1;
  lua_getfield(L, LUA_REGISTRYINDEX, kRemembered);
  lua_getfield(L, -1, "value");
  bool known = lua_rawequal(L, -1, 1);  // raised again on its way out: the first place is the true one
  lua_pop(L, 1);
  if (!known) {
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "value");
    set_text(L, "where", author_line(L));
    set_text(L, "traceback", author_traceback(L));
  }
  lua_settop(L, 1);
  return 1;
}

Error to_error(lua_State* L, int index, lua_State* coroutine) {
  switch (lua_type(L, index)) {
    case LUA_TSTRING:
      return from_string(L, index, coroutine);
    case LUA_TTABLE:
      return from_table(L, index, coroutine);
    default:
      break;
  }
  Position position = position_of(L, index, coroutine);
  std::string what = lua_isnil(L, index) ? "nil" : std::string("a ") + luaL_typename(L, index);
  if (lua_type(L, index) == LUA_TNUMBER || lua_type(L, index) == LUA_TBOOLEAN)
    what = "the " + what.substr(2) + " " + to_json_or_text(L, index).dump();
  return Error(Code::script_failed, "the script raised " + what + " as its error", "raise text, or a table with code and message",
               with_position(nullptr, position.where, position.traceback));
}

void load_text(lua_State* L, const std::string& name, const std::string& text) {
  std::string chunk = "@" + name;
  if (text.compare(0, 1, LUA_SIGNATURE, 1) == 0)
    throw Error(Code::script_invalid, name + " is Lua bytecode; only source text is accepted", "", Json{{"where", name}});
  lua_Debug info;
  lua_getfield(L, LUA_REGISTRYINDEX, kChunks);
  luaL_loadbufferx(L, "", 0, chunk.c_str(), "t");  // an empty chunk says how Lua shortens the name
  lua_getinfo(L, ">S", &info);
  set_text(L, info.short_src, name);
  lua_pop(L, 1);
  int status = luaL_loadbufferx(L, text.data(), text.size(), chunk.c_str(), "t");
  if (status == 0) return;
  if (status == LUA_ERRMEM) throw State::of(L).memory_error();
  size_t size = 0;
  const char* bytes = lua_tolstring(L, -1, &size);
  std::string message = to_utf8({bytes, size});
  std::string where = take_position(L, message);
  throw Error(Code::script_invalid, message, "", with_position(nullptr, where.empty() ? name : where, ""));
}

namespace {

/// Asks a state of its own, because opening the jit library in a script's state turns compilation on.
std::string luajit_version() {
  std::unique_ptr<lua_State, decltype(&lua_close)> state(luaL_newstate(), &lua_close);
  if (!state) return "";
  lua_pushcfunction(state.get(), luaopen_jit);
  if (lua_pcall(state.get(), 0, 0, 0) != 0) return "";
  lua_getglobal(state.get(), "jit");
  if (!lua_istable(state.get(), -1)) return "";
  lua_getfield(state.get(), -1, "version");
  const char* version = lua_tostring(state.get(), -1);
  return version ? version : "";
}

}  // namespace

void load_prelude(lua_State* L, std::string_view name) {
  static const bool same_luajit = luajit_version() == prelude_code_version();
  std::string chunk = kPreludeChunk + std::string(name);
  for (const PreludeCode& code : prelude_code()) {
    if (!same_luajit || code.name != name) continue;
    if (luaL_loadbufferx(L, reinterpret_cast<const char*>(code.bytes.data()), code.bytes.size(), chunk.c_str(), "b") == 0) return;
    lua_pop(L, 1);
  }
  for (const PreludeFile& file : prelude_files())
    if (file.name == "prelude/" + std::string(name)) return load_text(L, chunk.substr(1), std::string(file.text));
  throw Error(Code::internal, "there is no prelude " + std::string(name));
}

}  // namespace playbook::lua
