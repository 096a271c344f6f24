#include "bindings/lua/program.h"

#include "bindings/lua/errors.h"
#include "bindings/lua/host.h"
#include "bindings/lua/values.h"

namespace playbook {
namespace {

using lua::Exchange;
using lua::Host;

// One coroutine of the state, from its entry in the prelude to its end. Anchored in the registry under its own address.
class Coroutine : public Script {
 public:
  Coroutine(std::shared_ptr<Host> host, const char* entry, Json start) : host_(std::move(host)) {
    exchange_.start = std::move(start);
    host_->protect([&](lua_State* L) {
      lua_pushlightuserdata(L, this);
      thread_ = lua_newthread(L);
      lua_rawset(L, LUA_REGISTRYINDEX);
      host_->push_entry(L, entry);
      lua_xmove(L, thread_, 1);
    });
  }

  ~Coroutine() override { release(); }
  Coroutine(const Coroutine&) = delete;
  Coroutine& operator=(const Coroutine&) = delete;

  Turn resume(const Answer& answer) override {
    if (!thread_) return failed(Error(Code::internal, "the script has ended and cannot go on"));
    exchange_.answer = &answer;
    exchange_.request.reset();
    host_->exchange = &exchange_;
    int status = host_->resume(thread_);
    host_->exchange = nullptr;
    if (host_->cancelled()) return end_badly(status);
    if (status == LUA_YIELD && exchange_.request) return {Turn::Kind::request, std::move(*exchange_.request), nullptr, {}};
    if (status != 0) return end_badly(status);
    release();
    return {Turn::Kind::finished, {}, std::move(exchange_.result), {}};
  }

 private:
  static Turn failed(Error error) { return {Turn::Kind::failed, {}, nullptr, std::move(error)}; }

  // Only tables that are there are touched, so this allocates nothing and cannot raise.
  void release() {
    if (!thread_) return;
    thread_ = nullptr;
    lua_State* L = host_->main();
    lua_pushlightuserdata(L, this);
    lua_pushnil(L);
    lua_rawset(L, LUA_REGISTRYINDEX);
  }

  Turn end_badly(int status) {
    Error error = failure(status);
    release();
    if (error.code() == Code::memory_exceeded || error.code() == Code::cancelled) host_->collect();
    return failed(std::move(error));
  }

  Error failure(int status) {
    Error error(Code::internal, "the script stopped without a request");
    host_->protect([&](lua_State* L) {
      bool cancelled = host_->cancelled() || lua::is_cancel(thread_, -1);
      if (!cancelled && status == LUA_YIELD) return;
      if (status == 0 || status == LUA_YIELD || cancelled)
        lua_pushliteral(L, "cancelled");
      else
        lua_xmove(thread_, L, 1);
      error = lua::to_error(L, lua_gettop(L), thread_);
      if (cancelled) error = Error(Code::cancelled, "cancelled", "", error.details());
    });
    return error;
  }

  std::shared_ptr<Host> host_;
  lua_State* thread_ = nullptr;
  Exchange exchange_;
};

Definition to_definition(const Json& value) {
  Definition definition{value.at("name"), value.at("summary"), get_or<std::string>(value, "help", ""), {}};
  for (const Json& given : value.at("parameters")) {
    PlaybookParameter parameter{given.at("name"),
                                given.at("type"),
                                given.at("required"),
                                given.value("fallback", Json()),
                                get_or<std::string>(given, "help", ""),
                                get_or<std::vector<std::string>>(given, "choices", {})};
    if (parameter.type == "strings" && parameter.fallback.empty() && !parameter.fallback.is_null()) parameter.fallback = Json::array();
    definition.parameters.push_back(std::move(parameter));
  }
  return definition;
}

class LuaProgram : public Program {
 public:
  LuaProgram(const ProgramOptions& options, const SourceText& source, const char* as) : host_(std::make_shared<Host>(options)) {
    Json definition = run_now("load", {{"name", source.name}, {"text", source.text}, {"as", as}});
    definition_ = to_definition(definition);
  }

  const Definition& definition() const override { return definition_; }

  std::unique_ptr<Script> main(const Json& params) override {
    return std::make_unique<Coroutine>(host_, "main", Json{{"params", params.is_null() ? Json::object() : params}});
  }

  std::unique_ptr<Script> function(const std::string& module, const std::string& name, const Json& args,
                                   const std::string& prefix) override {
    Json start{{"module", module}, {"name", name}, {"args", args}, {"prefix", prefix}};
    if (run_now("find", start) != true) return nullptr;
    return std::make_unique<Coroutine>(host_, "call", std::move(start));
  }

 private:
  // An entry that asks nothing of the engine.
  Json run_now(const char* entry, Json start) {
    Turn turn = Coroutine(host_, entry, std::move(start)).resume({});
    if (turn.kind == Turn::Kind::failed) throw *turn.error;
    return std::move(turn.result);
  }

  std::shared_ptr<Host> host_;
  Definition definition_;
};

}  // namespace

std::unique_ptr<Program> Program::load(const ProgramOptions& options, const SourceText& playbook) {
  return std::make_unique<LuaProgram>(options, playbook, "playbook");
}

std::unique_ptr<Program> Program::evaluate(const ProgramOptions& options, const SourceText& code) {
  return std::make_unique<LuaProgram>(options, code, "expression");
}

}  // namespace playbook
