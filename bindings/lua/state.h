// One LuaJIT state, embedded so that a script can neither hang the host nor take it down:
//  - JIT off: compiled traces never call hooks, and the hook is how a looping script is cancelled.
//  - A capped allocator. LuaJIT has no emergency collection: `collect` does it. Whatever can run out of memory runs in `protect`,
//    which lends it a reserve.
//  - The cancel hook re-arms itself at every instruction until the stack is gone, so that no pcall, coroutine or xpcall swallows it. After
//  a
//    resume the token is looked at, never the status: `return pcall(f)` ends well though it was cancelled.
//  - Lua errors are foreign C++ exceptions here: they run destructors, pass typed catch clauses, and must meet neither `catch (...)` nor
//  `noexcept`.
// Used by one thread at a time.
#pragma once

#include <exception>
#include <lua.hpp>
#include <string>
#include <string_view>
#include <type_traits>

#include "runtime/base/cancel.h"
#include "runtime/base/error.h"

namespace playbook::lua {

class State {
 public:
  /// Opens base, table, string, math, bit and nothing else. Throws `internal` when the linked LuaJIT does not keep the rules above.
  State(size_t memory_cap, const CancelToken* cancel);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  lua_State* main() const { return main_; }
  static State& of(lua_State* L);

  /// lua_resume with the cancel hook armed.
  int resume(lua_State* coroutine);
  bool cancelled() const { return cancel_ && cancel_->requested(); }
  /// Full collection.
  void collect();
  /// The error of a script that met the cap.
  Error memory_error() const;

  /// Runs `body(lua_State*)` where a Lua error, out of memory included, becomes an Error. C++ exceptions pass through whole.
  template <typename F>
  void protect(F&& body) {
    Call call{&body, [](void* f, lua_State* L) { (*static_cast<std::remove_reference_t<F>*>(f))(L); }, nullptr};
    protect_call(call);
  }

 private:
  struct Call {
    void* body;
    void (*run)(void*, lua_State*);
    std::exception_ptr failure;
  };
  void protect_call(Call& call);
  void open_libraries();
  void check_embedding();
  static void* allocate(void* self, void* block, size_t before, size_t after);
  static int trampoline(lua_State* L);
  static void on_count(lua_State* L, lua_Debug*);
  static void count_tick(lua_State* L, lua_Debug*);

  size_t used_ = 0;
  size_t cap_;
  size_t lent_ = 0;  // beyond the cap, for the host's own work
  const CancelToken* cancel_;
  int ticks_ = 0;  // of the hook, while the embedding is checked
  lua_State* main_ = nullptr;
};

/// The value that cancellation raises. Scripts never get to keep it.
void push_cancel(lua_State* L);
bool is_cancel(lua_State* L, int index);

}  // namespace playbook::lua
