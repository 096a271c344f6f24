// A playbook for tests of the engine, without Lua: a list of requests that are sent one after the other. It fails with the first error that
// it is answered, unless the request is marked as tolerated, and asks its gates again when the engine wants that.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/engine/script.h"

namespace playbook::testing {

struct FakeRequest {
  std::string path, name;
  Json args = Json::object();
  bool tolerated = false;
};

class FakeScript final : public Script {
 public:
  FakeScript(std::vector<FakeRequest> requests, std::vector<FakeRequest> gates, std::string prefix, std::vector<Json>& answers, Json result)
      : requests_(std::move(requests)),
        gates_(std::move(gates)),
        prefix_(std::move(prefix)),
        answers_(answers),
        result_(std::move(result)) {}

  Turn resume(const Answer& answer) override {
    if (answer.kind == Answer::Kind::recheck) {
      rechecking_ = true;
      queue_ = gates_;
      for (FakeRequest& gate : queue_) gate.path = "resume#" + std::to_string(answer.recheck) + "/" + gate.path;
    }
    if (rechecking_) {
      if (queue_.empty()) {
        rechecking_ = false;
        return request(requests_[next_ - 1]);
      }
      FakeRequest gate = queue_.front();
      queue_.erase(queue_.begin());
      return request(gate);
    }
    if (answer.kind == Answer::Kind::error && !requests_[next_ - 1].tolerated) return failed(*answer.error);
    if (answer.kind == Answer::Kind::unknown) return failed({Code::plan_unknown, "depends on " + answer.unknown_because});
    if (next_ > 0) answers_.push_back(answer.kind == Answer::Kind::error ? Json("error") : answer.value);
    if (next_ == requests_.size()) return {Turn::Kind::finished, {}, result_, {}};
    return request(requests_[next_++]);
  }

 private:
  Turn request(const FakeRequest& r) const { return {Turn::Kind::request, {prefix_ + r.path, r.name, r.args, "fake.lua:1"}, {}, {}}; }
  static Turn failed(const Error& error) { return {Turn::Kind::failed, {}, {}, error}; }

  std::vector<FakeRequest> requests_, gates_, queue_;
  std::string prefix_;
  std::vector<Json>& answers_;
  Json result_;
  size_t next_ = 0;
  bool rechecking_ = false;
};

/// Functions by `module.name`; `answers` are those of the last script.
class FakeScripts final : public ScriptHost {
 public:
  std::vector<FakeRequest> requests, gates;
  std::map<std::string, std::vector<FakeRequest>> functions;
  std::vector<Json> answers;
  Json result = "finished";  ///< of every script

  std::unique_ptr<Script> main(const Json&) override {
    answers.clear();
    return std::make_unique<FakeScript>(requests, gates, "", answers, result);
  }
  std::unique_ptr<Script> function(const std::string& module, const std::string& name, const Json&, const std::string& prefix) override {
    auto found = functions.find(module + "." + name);
    if (found == functions.end()) return nullptr;
    return std::make_unique<FakeScript>(found->second, std::vector<FakeRequest>{}, prefix, answers, result);
  }
};

}  // namespace playbook::testing
