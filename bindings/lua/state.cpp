#include "bindings/lua/state.h"

#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <new>

#include "runtime/base/text.h"

namespace playbook::lua {
namespace {

constexpr int kHookCount = 1000;
constexpr size_t kReserve = 4u << 20;  // lent to the host's own work: at the cap even a full collection needs some memory
const char kCancelKey = 0;             // its address is the cancel value

int panic(lua_State* L) {  // an unprotected error: a defect of this library; the journal is on disk, so ending here is safe
  const char* text = lua_tostring(L, -1);
  std::fprintf(stderr, "playbook: unprotected error in Lua: %s\n", text ? text : "(no text)");
  std::abort();
}

struct Witness {
  bool& gone;
  ~Witness() { gone = true; }
};

int raise_past_witness(lua_State* L) {
  Witness witness{*static_cast<bool*>(lua_touserdata(L, 1))};
  return luaL_error(L, "unwinds");
}

}  // namespace

State::State(size_t memory_cap, const CancelToken* cancel) : cap_(memory_cap), cancel_(cancel) {
  main_ = lua_newstate(&State::allocate, this);
  if (!main_) throw Error(Code::internal, "the Lua state could not be made", "is this LuaJIT built with GC64, as Debian's is?");
  lua_atpanic(main_, panic);
  try {
    protect([](lua_State* L) { luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF); });
    open_libraries();
    check_embedding();
  } catch (const std::exception&) {
    lua_close(main_);
    throw;
  }
}

State::~State() { lua_close(main_); }

State& State::of(lua_State* L) {
  void* self = nullptr;
  lua_getallocf(L, &self);
  return *static_cast<State*>(self);
}

void* State::allocate(void* self, void* block, size_t before, size_t after) {
  auto& state = *static_cast<State*>(self);
  if (after == 0) {
    state.used_ -= before;
    std::free(block);
    return nullptr;
  }
  if (after > before && state.used_ - before + after > state.cap_ + state.lent_)
    return nullptr;  // only growth is refused: shrinking must not fail
  void* moved = std::realloc(block, after);
  if (moved) state.used_ += after - before;
  return moved;
}

void State::collect() {
  protect([](lua_State* L) { lua_gc(L, LUA_GCCOLLECT, 0); });
}

Error State::memory_error() const {
  return Error(Code::memory_exceeded, "the script used more than " + humane_bytes(cap_) + " of memory",
               "let primitives work on files instead of reading large data into Lua");
}

void State::on_count(lua_State* L, lua_Debug*) {
  if (!of(L).cancelled()) return;
  lua_sethook(L, &State::on_count, LUA_MASKCOUNT | LUA_MASKCALL, 1);  // stay hot until the stack is gone
  push_cancel(L);
  lua_error(L);
}

void State::count_tick(lua_State* L, lua_Debug*) { ++of(L).ticks_; }

int State::resume(lua_State* coroutine) {
  lua_sethook(main_, &State::on_count, LUA_MASKCOUNT, kHookCount);  // hooks are global to the state, not per coroutine
  int status = lua_resume(coroutine, 0);
  lua_sethook(main_, nullptr, 0, 0);
  return status;
}

int State::trampoline(lua_State* L) {
  auto* call = static_cast<Call*>(lua_touserdata(L, 1));
  lua_settop(L, 0);
  try {
    call->run(call->body, L);
  } catch (const std::exception&) {
    call->failure = std::current_exception();
  }
  return 0;
}

void State::protect_call(Call& call) {
  lent_ = kReserve;
  int status = lua_cpcall(main_, &State::trampoline, &call);
  lent_ = 0;
  if (call.failure) std::rethrow_exception(call.failure);
  if (status == 0) return;
  std::string text = lua_tostring(main_, -1) ? lua_tostring(main_, -1) : "an error without text";
  lua_settop(main_, 0);
  if (status == LUA_ERRMEM) throw memory_error();
  throw Error(Code::internal, "Lua failed outside a script: " + to_utf8(text));
}

void State::open_libraries() {
  struct Library {
    const char* name;
    lua_CFunction open;
  };
  static constexpr Library kLibraries[] = {{"", luaopen_base},
                                           {LUA_TABLIBNAME, luaopen_table},
                                           {LUA_STRLIBNAME, luaopen_string},
                                           {LUA_MATHLIBNAME, luaopen_math},
                                           {LUA_BITLIBNAME, luaopen_bit}};
  protect([](lua_State* L) {
    for (const Library& library : kLibraries) {
      lua_pushcfunction(L, library.open);
      lua_pushstring(L, library.name);
      lua_call(L, 1, 0);
    }
  });
}

// Catches a LuaJIT that was built otherwise than Debian's: unwinding, hooks, refusal of bytecode. Takes some 0.05 ms.
void State::check_embedding() {
  bool unwound = false;
  int refused = 0;
  protect([&](lua_State* L) {
    lua_pushcfunction(L, raise_past_witness);
    lua_pushlightuserdata(L, &unwound);
    lua_pcall(L, 1, 0, 0);
    refused = luaL_loadbufferx(L, "\x1bLJ\x02", 4, "=check", "t");
    luaL_loadstring(L, "for i = 1, 5000 do end");
    lua_sethook(L, &State::count_tick, LUA_MASKCOUNT, kHookCount);
    lua_pcall(L, 0, 0, 0);
    lua_sethook(L, nullptr, 0, 0);
  });
  if (!unwound || refused != LUA_ERRSYNTAX || ticks_ < 4)
    throw Error(Code::internal, "the linked LuaJIT does not unwind C++ frames, call hooks or refuse bytecode as it must",
                "use the distribution's libluajit-5.1-2");
}

void push_cancel(lua_State* L) { lua_pushlightuserdata(L, const_cast<char*>(&kCancelKey)); }

bool is_cancel(lua_State* L, int index) { return lua_islightuserdata(L, index) && lua_touserdata(L, index) == &kCancelKey; }

}  // namespace playbook::lua
