#include "bindings/lua/host.h"

#include "bindings/lua/errors.h"
#include "bindings/lua/prelude.h"
#include "bindings/lua/values.h"
#include "runtime/base/text.h"

namespace playbook::lua {
namespace {

constexpr const char* kEntries = "playbook.entries";
constexpr const char* kStepsAside =
    "a primitive cannot be called in a table.sort comparator, a string.gsub callback or an xpcall handler: LuaJIT cannot wait there";

std::string text_at(lua_State* L, int index) {
  size_t size = 0;
  const char* bytes = luaL_checklstring(L, index, &size);
  return {bytes, size};
}

std::string optional_text_at(lua_State* L, int index) { return lua_isnoneornil(L, index) ? "" : text_at(L, index); }

std::vector<std::string> texts_at(lua_State* L, int index) {
  std::vector<std::string> texts;
  for (size_t i = 1; i <= lua_objlen(L, index); ++i) {
    lua_rawgeti(L, index, static_cast<int>(i));
    texts.push_back(text_at(L, -1));
    lua_pop(L, 1);
  }
  return texts;
}

void push_source(lua_State* L, const SourceText& source) {
  lua_pushlstring(L, source.name.data(), source.name.size());
  lua_pushlstring(L, source.text.data(), source.text.size());
}

// prelude(name) -> the chunk
int prelude(lua_State* L) {
  load_prelude(L, text_at(L, 1));
  return 1;
}

// load(name, text) -> function
int load(lua_State* L) {
  load_text(L, text_at(L, 1), text_at(L, 2));
  return 1;
}

// module(name) -> source name, text; nothing when there is none
int module(lua_State* L) {
  std::optional<SourceText> source = Host::of(L).sources().module(text_at(L, 1));
  if (!source) return 0;
  push_source(L, *source);
  return 2;
}

int module_names(lua_State* L) {
  push_json(L, Host::of(L).sources().module_names());
  return 1;
}

// data(path) -> value
int data(lua_State* L) {
  std::string path = text_at(L, 1);
  std::optional<SourceText> source = Host::of(L).sources().data(path);
  if (!source)
    throw Error(Code::name_unknown, "there is no data file \"" + to_utf8(path) + "\"",
                "it is a JSON file by its path, such as \"demo/releases.json\"");
  push_json(L, parse_json(source->text, source->name));
  return 1;
}

// nearest(word, candidates) -> the candidate that may be meant, or ""
int nearest_name(lua_State* L) {
  std::string text = nearest(text_at(L, 1), texts_at(L, 2));
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

// raise(code, message, hint?, details?)
int raise(lua_State* L) {
  std::string name = text_at(L, 1);
  Json details = lua_isnoneornil(L, 4) ? Json() : to_json_or_text(L, 4);
  throw Error(code_from(name).value_or(Code::internal), to_utf8(text_at(L, 2)), to_utf8(optional_text_at(L, 3)), std::move(details));
}

// tostring(value) without addresses, which differ from run to run
int text_of(lua_State* L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  if (luaL_callmeta(L, 1, "__tostring")) return 1;
  switch (lua_type(L, 1)) {
    case LUA_TNUMBER:
    case LUA_TSTRING:
      lua_tostring(L, 1);
      break;
    case LUA_TBOOLEAN:
      lua_pushstring(L, lua_toboolean(L, 1) ? "true" : "false");
      break;
    case LUA_TLIGHTUSERDATA:
      lua_pushstring(L, lua_touserdata(L, 1) ? "userdata" : "null");
      break;
    default:
      lua_pushstring(L, luaL_typename(L, 1));
  }
  return 1;
}

int cancel_value(lua_State* L) {
  lua_pushboolean(L, is_cancel(L, 1));
  return 1;
}

// check() raises the cancel value when the operator asked for it: pcall and its kin look before they protect anything
int check(lua_State* L) {
  if (!State::of(L).cancelled()) return 0;
  push_cancel(L);
  return lua_error(L);
}

int unknown_value(lua_State* L) {
  lua_pushboolean(L, is_unknown(L, 1));
  return 1;
}

// known(...) raises plan.unknown when one of them is not
int known(lua_State* L) {
  for (int index = 1; index <= lua_gettop(L); ++index)
    if (is_unknown(L, index)) refuse_unknown(L, index);
  return 0;
}

int where(lua_State* L) {
  std::string line = author_line(L);
  lua_pushlstring(L, line.data(), line.size());
  return 1;
}

// defined(function) -> `upgrade.lua:12`
int defined(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_Debug info;
  lua_getinfo(L, ">S", &info);
  std::string line = to_utf8(info.source + (*info.source == '@')) + ":" + std::to_string(info.linedefined > 0 ? info.linedefined : 1);
  lua_pushlstring(L, line.data(), line.size());
  return 1;
}

// primitives() -> list of names
int primitives(lua_State* L) {
  Json names = Json::array();
  for (const Primitive* primitive : Host::of(L).primitives().all()) names.push_back(primitive->declaration().name);
  push_json(L, names);
  return 1;
}

// signature(name) -> {name, required = names, optional = names, first = type of the first parameter, changes}; asked for when first called,
// for a run uses few of all primitives
int signature(lua_State* L) {
  const Declaration& declaration = Host::of(L).primitives().find(text_at(L, 1))->declaration();
  Json required = Json::array(), optional = Json::array();
  for (const Parameter& parameter : declaration.parameters) (parameter.required ? required : optional).push_back(parameter.name);
  push_json(L, {{"name", declaration.name},
                {"required", required},
                {"optional", optional},
                {"first", declaration.parameters.empty() ? "" : std::string(to_string(declaration.parameters.front().type))},
                {"changes", declaration.kind == Kind::change}});
  return 1;
}

// Can this coroutine and all that resumed it wait?
bool can_wait(lua_State* L) {
  push_parents(L);
  int parents = lua_gettop(L);
  bool can = true;
  for (lua_State* at = L; at && can;) {
    can = lua_isyieldable(at);
    lua_checkstack(at, 1);
    lua_pushthread(at);
    if (at != L) lua_xmove(at, L, 1);
    lua_rawget(L, parents);
    at = lua_tothread(L, -1);
    lua_pop(L, 1);
  }
  lua_settop(L, parents - 1);
  return can;
}

// ask(path, name, args): the request of the yield that follows
int ask(lua_State* L) {
  Host& host = Host::of(L);
  if (!can_wait(L)) throw Error(Code::script_invalid, kStepsAside, "call it before, and use its result there");
  Request request;
  request.path = text_at(L, 1);
  request.name = text_at(L, 2);
  request.args = to_json(L, 3, request.name + ": ");
  request.where = author_line(L);
  if (Primitive* primitive = host.primitives().find(request.name)) checked_arguments(primitive->declaration(), request.args);
  host.exchange->request = std::move(request);
  return 0;
}

// take() -> value, number of the recheck that has to come first; raises the error that was answered
int take(lua_State* L) {
  const Answer& answer = *Host::of(L).exchange->answer;
  switch (answer.kind) {
    case Answer::Kind::value:
      push_json(L, answer.value);
      return 1;
    case Answer::Kind::unknown:
      push_unknown(L, answer.unknown_because);
      return 1;
    case Answer::Kind::recheck:
      lua_pushnil(L);
      lua_pushinteger(L, answer.recheck);
      return 2;
    case Answer::Kind::error:
      break;
  }
  throw answer.error.value_or(Error(Code::internal, "an error was answered without saying which"));
}

int start(lua_State* L) {
  push_json(L, Host::of(L).exchange->start);
  return 1;
}

// finish(result, what)
int finish(lua_State* L) {
  Exchange& exchange = *Host::of(L).exchange;
  exchange.result = is_unknown(L, 1) ? Json() : to_json(L, 1, text_at(L, 2));
  return 0;
}

int as_list(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  mark_list(L);
  return 1;
}

int type_finder(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  set_type_finder(L);
  return 0;
}

// unknowns(make, because)
int unknowns(lua_State* L) {
  lua_settop(L, 2);
  set_unknowns(L);
  return 0;
}

// open_ffi() -> the FFI library, for unknown values alone
int open_ffi(lua_State* L) {
  lua_pushcfunction(L, luaopen_ffi);
  lua_call(L, 0, 1);
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"prelude", guarded<prelude>},
    {"load", guarded<load>},
    {"module", guarded<module>},
    {"module_names", guarded<module_names>},
    {"data", guarded<data>},
    {"nearest", guarded<nearest_name>},
    {"raise", guarded<raise>},
    {"tostring", guarded<text_of>},
    {"is_cancel", guarded<cancel_value>},
    {"check", guarded<check>},
    {"is_unknown", guarded<unknown_value>},
    {"known", guarded<known>},
    {"where", guarded<where>},
    {"defined", guarded<defined>},
    {"primitives", guarded<primitives>},
    {"signature", guarded<signature>},
    {"ask", guarded<ask>},
    {"take", guarded<take>},
    {"start", guarded<start>},
    {"finish", guarded<finish>},
    {"as_list", guarded<as_list>},
    {"type_finder", guarded<type_finder>},
    {"unknowns", guarded<unknowns>},
    {"open_ffi", guarded<open_ffi>},
    {"remember", guarded<remember_error>},
    {nullptr, nullptr},
};

}  // namespace

Host::Host(const ProgramOptions& options) : State(options.memory_cap, options.cancel), options_(options) {
  protect([](lua_State* L) {
    open_errors(L);
    open_values(L);
    lua_newtable(L);
    luaL_setfuncs(L, kFunctions, 0);
    push_null(L);
    lua_setfield(L, -2, "null");
    push_parents(L);
    lua_setfield(L, -2, "parents");
    push_places(L);
    lua_setfield(L, -2, "places");
    int host = lua_gettop(L);
    lua_getfield(L, host, "prelude");
    lua_pushliteral(L, "init");
    lua_call(L, 1, 1);
    lua_pushvalue(L, host);
    lua_call(L, 1, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, kEntries);
  });
}

void Host::push_entry(lua_State* L, const char* name) const {
  lua_getfield(L, LUA_REGISTRYINDEX, kEntries);
  lua_getfield(L, -1, name);
  lua_replace(L, -2);
}

}  // namespace playbook::lua
