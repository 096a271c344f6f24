#include "bindings/lua/values.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "bindings/lua/errors.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook::lua {
namespace {

constexpr const char* kListMeta = "playbook.list";      // on empty lists, which Lua cannot tell from empty maps
constexpr const char* kUnknowns = "playbook.unknowns";  // {make, because}
constexpr int kMake = 1, kBecause = 2;
constexpr int kCdata = 10;                        // LuaJIT's own type; its headers do not name it
constexpr const char* kTypes = "playbook.types";  // type name -> metatable with its methods; made when first asked for
constexpr const char* kView = "__view";           // field of the metatable of read-only views; their data is __index
constexpr double kExact = 9007199254740992.0;     // 2^53: beyond it a double skips integers
constexpr size_t kDeepest = 64;

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.14g", value);
  return text;
}

// Reads one Lua value; keeps the path to where it is, for errors, and the tables around it, to find cycles.
class Reader {
 public:
  Reader(lua_State* L, std::string what) : L_(L), path_(std::move(what)) {}

  Json read(int index) {
    switch (lua_type(L_, index)) {
      case LUA_TNIL:
        return nullptr;
      case LUA_TBOOLEAN:
        return lua_toboolean(L_, index) != 0;
      case LUA_TNUMBER:
        return number(lua_tonumber(L_, index));
      case LUA_TSTRING:
        return text(index);
      case LUA_TTABLE:
        return table(index);
      case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(L_, index) == nullptr) return nullptr;
        break;
      default:
        break;
    }
    if (is_unknown(L_, index)) refuse_unknown(L_, index);
    refuse(std::string("is a ") + luaL_typename(L_, index) + ", which is not plain data");
  }

 private:
  [[noreturn]] void refuse(const std::string& why, const std::string& hint = "") {
    throw Error(Code::argument_invalid, path_ + " " + why, hint);
  }

  Json number(double value) {
    if (std::isnan(value)) refuse("is not a number (0/0)");
    if (std::isinf(value)) refuse("is infinite");
    if (value != std::floor(value)) return value;
    if (std::fabs(value) > kExact) refuse("is a number above 2^53, which Lua does not hold exactly", "pass it as a string");
    return static_cast<std::int64_t>(value);
  }

  Json text(int index) {
    size_t size = 0;
    const char* bytes = lua_tolstring(L_, index, &size);
    std::string value(bytes, size);
    if (!is_utf8(value)) refuse("is not UTF-8 text");
    return value;
  }

  Json table(int index) {
    luaL_checkstack(L_, 6, "value nested too deeply");
    int base = lua_gettop(L_);
    push_data(index);
    int at = lua_gettop(L_);
    const void* self = lua_topointer(L_, at);
    if (std::find(around_.begin(), around_.end(), self) != around_.end()) refuse("contains itself");
    if (around_.size() >= kDeepest) refuse("is nested deeper than " + std::to_string(kDeepest) + " levels");
    around_.push_back(self);
    Shape shape = shape_of(at);
    Json value = shape.named ? map(at) : list(at, shape.length);
    if (value.empty() && !marked_as_list(index)) value = Json::object();
    around_.pop_back();
    lua_settop(L_, base);
    return value;
  }

  // The table itself, or what a read-only view shows.
  void push_data(int index) {
    lua_pushvalue(L_, index);
    if (!lua_getmetatable(L_, -1)) return;
    lua_pushstring(L_, kView);
    lua_rawget(L_, -2);
    bool view = lua_toboolean(L_, -1);
    lua_pop(L_, 1);
    if (view) {
      lua_pushliteral(L_, "__index");
      lua_rawget(L_, -2);
      lua_replace(L_, -3);
    }
    lua_pop(L_, 1);
  }

  struct Shape {
    bool named = false;
    size_t length = 0;
  };

  Shape shape_of(int at) {
    size_t named = 0, counted = 0;
    double highest = 0;
    lua_pushnil(L_);
    while (lua_next(L_, at)) {
      lua_pop(L_, 1);
      if (lua_type(L_, -1) == LUA_TSTRING) {
        ++named;
      } else if (lua_type(L_, -1) == LUA_TNUMBER) {
        double key = lua_tonumber(L_, -1);
        if (key < 1 || key != std::floor(key)) refuse("has the key " + short_number(key) + "; keys are names, or 1, 2, 3, ...");
        ++counted;
        highest = std::max(highest, key);
      } else {
        refuse(std::string("has a ") + luaL_typename(L_, -1) + " as key; keys are names, or 1, 2, 3, ...");
      }
    }
    if (named && counted) refuse("mixes a list and named fields", "make it one or the other");
    if (highest > static_cast<double>(counted))
      refuse("is a list with a hole", "leave no nil in it; use null for a value that is not there");
    return {named > 0, counted};
  }

  Json list(int at, size_t length) {
    Json values = Json::array();
    size_t mark = path_.size();
    for (size_t i = 1; i <= length; ++i) {
      path_ += "[" + std::to_string(i) + "]";
      lua_rawgeti(L_, at, static_cast<int>(i));
      values.push_back(read(lua_gettop(L_)));
      lua_pop(L_, 1);
      path_.resize(mark);
    }
    return values;
  }

  Json map(int at) {
    Json values = Json::object();
    size_t mark = path_.size();
    lua_pushnil(L_);
    while (lua_next(L_, at)) {
      size_t size = 0;
      const char* bytes = lua_tolstring(L_, -2, &size);
      std::string key(bytes, size);
      if (!is_utf8(key)) refuse("has a key that is not UTF-8 text");
      path_ += (path_.empty() || path_.back() == ' ' ? "" : ".") + key;
      values[key] = read(lua_gettop(L_));
      lua_pop(L_, 1);
      path_.resize(mark);
    }
    return values;
  }

  bool marked_as_list(int index) {
    if (!lua_getmetatable(L_, index)) return false;
    luaL_getmetatable(L_, kListMeta);
    bool marked = lua_rawequal(L_, -1, -2);
    lua_pop(L_, 2);
    return marked;
  }

  lua_State* L_;
  std::string path_;
  std::vector<const void*> around_;
};

void push_integer(lua_State* L, const Json& value) {
  constexpr auto kMost = static_cast<std::int64_t>(kExact);
  bool exact = value.is_number_unsigned() ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(kMost)
                                          : value.get<std::int64_t>() >= -kMost && value.get<std::int64_t>() <= kMost;
  if (exact)
    lua_pushnumber(L, value.get<double>());
  else
    lua_pushstring(L, value.dump().c_str());
}

void push_list(lua_State* L, const Json& values) {
  lua_createtable(L, static_cast<int>(values.size()), 0);
  if (values.empty()) mark_list(L);
  int at = 0;
  for (const Json& value : values) {
    if (value.is_null())
      push_null(L);
    else
      push_json(L, value);
    lua_rawseti(L, -2, ++at);
  }
}

void push_map(lua_State* L, const Json& values) {
  lua_createtable(L, 0, static_cast<int>(values.size()));
  for (const auto& [key, value] : values.items()) {
    if (value.is_null()) continue;
    lua_pushlstring(L, key.data(), key.size());
    push_json(L, value);
    lua_rawset(L, -3);
  }
  auto type = values.find("type");
  if (type == values.end() || !type->is_string()) return;
  lua_getfield(L, LUA_REGISTRYINDEX, kTypes);
  const auto& name = type->get_ref<const std::string&>();
  lua_pushlstring(L, name.data(), name.size());
  lua_gettable(L, -2);  // its __index makes what is not there yet
  if (lua_istable(L, -1)) lua_setmetatable(L, -3), lua_pushnil(L);
  lua_pop(L, 2);
}

// Calls one of the functions that set_unknowns was given with the value on top of the stack, which it takes.
void call_unknowns(lua_State* L, int function) {
  lua_getfield(L, LUA_REGISTRYINDEX, kUnknowns);
  lua_rawgeti(L, -1, function);
  lua_remove(L, -2);
  lua_insert(L, -2);
  lua_call(L, 1, 1);
}

}  // namespace

void open_values(lua_State* L) {
  luaL_newmetatable(L, kListMeta);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
  lua_newtable(L);
  lua_setfield(L, LUA_REGISTRYINDEX, kTypes);
}

Json to_json(lua_State* L, int index, const std::string& what) {
  if (index < 0 && index > LUA_REGISTRYINDEX) index = lua_gettop(L) + index + 1;
  return Reader(L, what).read(index);
}

Json to_json_or_text(lua_State* L, int index) {
  try {
    return to_json(L, index, "it");
  } catch (const Error& error) {
    return error.message();
  }
}

void push_json(lua_State* L, const Json& value) {
  luaL_checkstack(L, 6, "value nested too deeply");
  switch (value.type()) {
    case Json::value_t::boolean:
      return lua_pushboolean(L, value.get<bool>());
    case Json::value_t::number_float:
      return lua_pushnumber(L, value.get<double>());
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return push_integer(L, value);
    case Json::value_t::string: {
      const auto& text = value.get_ref<const std::string&>();
      lua_pushlstring(L, text.data(), text.size());
      return;
    }
    case Json::value_t::array:
      return push_list(L, value);
    case Json::value_t::object:
      return push_map(L, value);
    default:
      return lua_pushnil(L);
  }
}

void push_unknown(lua_State* L, const std::string& because) {
  lua_pushlstring(L, because.data(), because.size());
  call_unknowns(L, kMake);
}

bool is_unknown(lua_State* L, int index) {
  if (lua_type(L, index) != kCdata) return false;
  lua_pushvalue(L, index);
  call_unknowns(L, kBecause);
  bool known = lua_isnil(L, -1);
  lua_pop(L, 1);
  return !known;
}

void refuse_unknown(lua_State* L, int index) {
  lua_pushvalue(L, index);
  call_unknowns(L, kBecause);
  std::string because = lua_tostring(L, -1);
  lua_pop(L, 1);
  throw Error(Code::plan_unknown, "depends on " + because);
}

void set_unknowns(lua_State* L) {
  lua_createtable(L, 2, 0);
  lua_insert(L, -3);
  lua_rawseti(L, -3, kBecause);
  lua_rawseti(L, -2, kMake);
  lua_setfield(L, LUA_REGISTRYINDEX, kUnknowns);
}

void push_null(lua_State* L) { lua_pushlightuserdata(L, nullptr); }

void mark_list(lua_State* L) {
  luaL_getmetatable(L, kListMeta);
  lua_setmetatable(L, -2);
}

void set_type_finder(lua_State* L) {
  lua_getfield(L, LUA_REGISTRYINDEX, kTypes);
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_pop(L, 2);
}

}  // namespace playbook::lua
