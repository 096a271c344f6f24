// An engine over a real journal in a temporary folder, with a small world of its own: named values that primitives put, take and break.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/engine/session.h"
#include "tests/support/fake_script.h"
#include "tests/support/temp_folder.h"

namespace playbook::testing {

/// What the primitives of these tests change. It outlives a "process" (an EngineFixture::Process).
struct World {
  std::map<std::string, std::string> values;
  int backups = 0;
  int puts = 0;  ///< how often world.put ran
  bool wiped = false;
  std::string wipe_rewrites;  ///< the value that world.wipe rewrites before it is done
  bool unknown = false;       ///< world.put cannot be looked up after a crash
  std::string fails;          ///< world.put of this value fails
  std::string undo_fails;
  std::string loses;   ///< what became of world.put of this value is not known
  bool blind = false;  ///< nobody can look whether a put still stands
};

class Listener final : public Observer {
 public:
  void on_event(const Event& event) override { events.push_back(event); }
  std::optional<std::string> answer(const Question& question) override {
    questions.push_back(question.text);
    return reply;
  }
  bool saw(const std::string& kind) const {
    for (const Event& event : events)
      if (event.kind == kind) return true;
    return false;
  }
  std::vector<Event> events;
  std::vector<std::string> questions;
  std::optional<std::string> reply;
};

/// Throws at the n-th instant, as a process that dies there would leave things.
class DieAt final : public Faults {
 public:
  struct Died {};
  explicit DieAt(std::string instant) : instant_(std::move(instant)) {}
  void reach(std::string_view instant) override {
    if (instant == instant_) throw Died{};
  }

 private:
  std::string instant_;
};

class EngineFixture {
 public:
  EngineFixture();
  ~EngineFixture();

  World world;
  FakeScripts scripts;
  Listener listener;
  Decisions decisions;
  Control control;
  TempFolder folder;
  std::string dies_at;  ///< instant at which the next process dies; "" for never

  RunResult begin();
  RunResult resume();
  RunResult rollback();
  /// True when the process died at `dies_at`.
  bool died() const { return died_; }
  /// The next process is of a program that lacks this primitive.
  void forget(const std::string& primitive) { forgotten_ = primitive; }
  RunRow run();
  std::vector<ActionRow> actions();

 private:
  enum class Act { begin, resume, rollback };
  RunResult act(Act act);

  bool died_ = false;
  std::string forgotten_;
};

}  // namespace playbook::testing
