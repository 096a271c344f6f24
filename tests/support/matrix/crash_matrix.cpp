#include "tests/support/matrix/crash_matrix.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include "runtime/base/file.h"
#include "tests/support/temp_folder.h"

namespace playbook::testing {
namespace {

namespace fs = std::filesystem;

/// Counts instants, and kills the process at one of them.
class KillAt final : public Faults {
 public:
  explicit KillAt(int at, bool only_back = false) : at_(at), armed_(!only_back) {}
  void reach(std::string_view instant) override {
    if (!armed_) return;
    names_ += std::string(instant) + "\n";
    if (++count_ == at_) ::kill(::getpid(), SIGKILL);
  }
  void arm() { armed_ = true; }
  const std::string& names() const { return names_; }

 private:
  int at_;
  bool armed_;
  int count_ = 0;
  std::string names_;
};

/// Every event is an instant too: those of a child's output, of progress and of log lines lie inside primitives.
class EventInstants final : public Observer {
 public:
  explicit EventInstants(KillAt& faults) : faults_(faults) {}
  void on_event(const Event& event) override {
    if (event.kind == "undo.started") faults_.arm();
    if (event.kind == "log" || event.kind == "action.progress") faults_.reach("event." + event.kind);
    last_ = event.data.dump();
  }
  std::optional<std::string> answer(const Question& question) override { return question.choices.front(); }
  const std::string& last() const { return last_; }

 private:
  KillAt& faults_;
  std::string last_;
};

RuntimeOptions options_for(const Scenario& scenario, Faults* faults) {
  RuntimeOptions options;
  options.library = scenario.library;
  options.library.push_back(PLAYBOOK_SOURCE_DIR);
  options.guardian = fs::path(PLAYBOOK_BINARY_DIR) / "playbook-guardian";
  options.faults = faults;
  return options;
}

enum class Act { run, resume, rollback };

/// What the child process does. Never returns: the parent's test must not go on in the child.
[[noreturn]] void be_the_host(const Scenario& scenario, const fs::path& instance, Act act, int at, int report) {
  std::string text;
  int status = 98;
  try {
    KillAt faults(at, scenario.kill_on_the_way_back && act == Act::run);
    EventInstants observer(faults);
    RunResult result;
    {
      Runtime runtime(options_for(scenario, &faults));
      Decisions decisions;
      decisions.accept = scenario.accepts;
      if (act == Act::run)
        result =
            runtime.run({.playbook = scenario.playbook, .instance = instance, .params = scenario.params, .decisions = decisions}, observer);
      else if (act == Act::resume)
        result = runtime.resume(instance, "", {}, observer);
      else
        result = runtime.rollback(instance, "", {}, observer);
    }
    text = faults.names() + "=" + result.summary + " | " + (result.error ? result.error->message() : "") + "\n";
    status = result.exit;
  } catch (const std::exception& error) {
    text = std::string("=threw ") + error.what() + "\n";
  }
  if (::write(report, text.data(), text.size()) < 0) ::_exit(99);
  ::_exit(status);
}

/// In a child process: does it, and writes names of instants and the result to `report`. Killed at `at`, or never for 0.
struct Attempt {
  bool killed = false;
  int status = 0;
  std::string names, summary;
};

Attempt attempt(const Scenario& scenario, const fs::path& instance, Act act, int at) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("pipe");
  pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    be_the_host(scenario, instance, act, at, ends[1]);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  Attempt done;
  done.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  done.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  size_t mark = text.rfind('=');
  if (mark != std::string::npos) done.names = text.substr(0, mark), done.summary = text.substr(mark + 1);
  return done;
}

/// The journal can be read at any time, and says whether there is something to go on with.
std::optional<RunState> state_of(const Scenario& scenario, const fs::path& instance) {
  Runtime runtime(options_for(scenario, nullptr));
  std::optional<RunRow> run = runtime.find_run(instance, "");
  if (run) runtime.actions(instance, run->id);
  return run ? std::optional(run->state) : std::nullopt;
}

struct Case {
  const Scenario& scenario;
  const MatrixOptions& options;
  int at;
  int instants;

  std::string run(const fs::path& instance) const {
    scenario.prepare(instance);
    std::string verdict = judge_after_crash(instance);
    if (scenario.clean) scenario.clean(instance);
    return verdict.empty() ? "" : "instant " + std::to_string(at) + ": " + verdict;
  }

  std::string judge_after_crash(const fs::path& instance) const {
    Attempt first = attempt(scenario, instance, Act::run, at);
    if (!first.killed && at + scenario.slack > instants && scenario.judge(instance) == scenario.ends)
      return "";  // it had fewer instants this time
    if (!first.killed) return "the process was not killed, exit " + std::to_string(first.status) + ": " + first.summary;
    std::string last;
    int kill_again = options.kill_twice ? std::max(1, at / 2) : 0;
    bool had_ended = false;  // killed after its last word: there is nothing left to roll back
    for (int tries = 0; tries < 4; ++tries) {
      std::optional<RunState> state = state_of(scenario, instance);
      if (!state) break;  // killed before there was a run: nothing may have changed
      if (is_finished(*state)) {
        had_ended = tries == 0;
        break;
      }
      Attempt next = attempt(scenario, instance, options.roll_back ? Act::rollback : Act::resume, std::exchange(kill_again, 0));
      last = next.summary;
    }
    std::optional<RunState> state = state_of(scenario, instance);
    std::string is = scenario.judge(instance);
    if (is != "old" && is != "new") return "mixed: " + is + " (" + last + ")";
    std::string expected = !state ? "old" : *state == RunState::done ? "new" : is_finished(*state) ? "old" : "nothing unfinished";
    if (is != expected)
      return "the instance is " + is + ", the journal says " + (state ? std::string(to_string(*state)) : "nothing") + " (" + last + ")";
    std::string wanted = !state ? "old" : options.roll_back && !had_ended ? "old" : scenario.ends;
    return is == wanted ? "" : "ended " + is + " and not " + wanted + " (" + last + ")";
  }
};

/// One of the workers: its share of the cases, a line for each that broke, "." for each that held.
void work(const Scenario& scenario, const MatrixOptions& options, const std::vector<int>& cases, int instants, int worker, int out) {
  for (size_t i = static_cast<size_t>(worker); i < cases.size(); i += static_cast<size_t>(options.workers)) {
    std::string line = ".";
    try {
      TempFolder folder;
      std::string broken = Case{scenario, options, cases[i], instants}.run(folder.path());
      if (!broken.empty()) line = broken;
    } catch (const std::exception& error) {
      line = "instant " + std::to_string(cases[i]) + ": " + error.what();
    }
    for (char& c : line) c = c == '\n' ? ' ' : c;
    line += "\n";
    if (::write(out, line.data(), line.size()) < 0) ::_exit(1);
  }
}

void collect(MatrixReport& report, int in) {
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = ::read(in, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(got));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    ++report.killed;
    if (line != ".") report.broken.push_back(line);
  }
}

/// A run without a kill, to the end that is expected.
void count_instants(const Scenario& scenario, MatrixReport& report) {
  TempFolder folder;
  scenario.prepare(folder.path());
  Attempt whole = attempt(scenario, folder.path(), Act::run, 0);
  std::string is = scenario.judge(folder.path());
  if (scenario.clean) scenario.clean(folder.path());
  if (is != scenario.ends)
    report.broken.push_back("without a crash it ends " + is + " and not " + scenario.ends + ", exit " + std::to_string(whole.status) +
                            ": " + whole.summary);
  std::istringstream names(whole.names);
  for (std::string name; std::getline(names, name); ++report.instants) ++report.by_name[name];
}

}  // namespace

MatrixReport run_crash_matrix(const Scenario& scenario, const MatrixOptions& options) {
  MatrixReport report;
  report.instants = options.instants;
  if (options.instants == 0) count_instants(scenario, report);
  if (!report.broken.empty()) return report;
  std::vector<int> cases;
  for (int at = 1 + options.seed % options.every; at <= report.instants; at += options.every) cases.push_back(at);

  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("pipe");
  std::vector<pid_t> workers;
  for (int worker = 0; worker < options.workers; ++worker) {
    pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      work(scenario, options, cases, report.instants, worker, ends[1]);
      ::_exit(0);
    }
    workers.push_back(child);
  }
  ::close(ends[1]);
  collect(report, ends[0]);
  ::close(ends[0]);
  for (pid_t worker : workers) ::waitpid(worker, nullptr, 0);
  if (report.killed != static_cast<int>(cases.size())) report.broken.push_back("a worker of the matrix died");
  return report;
}

}  // namespace playbook::testing
