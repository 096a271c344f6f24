// ./dev bench: what a run costs, each figure as a ratio to something measured in the same run on the same file system.
//   start-up       an empty playbook, to `luajit -e ''`              (whole processes, median of 21)
//   durable step   a change without an effect, to two SQLite commits with synchronous=FULL
//   replay         of 1000 recorded actions, in milliseconds
//   yaml           one value set in a compose file of 10,000 lines, which is parsed again, and parsing it, in milliseconds
//   memory         resident at most, of an empty playbook
//   fifty steps    that each run `true`, to the same in Ansible, where ansible-playbook is installed (Debian: ansible-core)
#include <fcntl.h>
#include <spawn.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "bindings/api/playbook.h"
#include "runtime/base/file.h"
#include "runtime/pin/yaml.h"
#include "tests/support/temp_folder.h"

extern char** environ;

namespace fs = std::filesystem;
using namespace playbook;

namespace {

double now_ms() { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

class Nothing final : public Primitive {
 public:
  const Declaration& declaration() const override {
    static const Declaration d{.name = "bench.nothing",
                               .kind = Kind::change,
                               .summary = "Changes nothing.",
                               .parameters = {{"number", Type::integer, "which", true, nullptr}},
                               .returns = "integer",
                               .returns_help = "the number",
                               .errors = {},
                               .example = "bench.nothing(1) --> 1"};
    return d;
  }
  Json run(Context&, const Json& args, const Json&) override { return args["number"]; }
  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
};

class Listener final : public Observer {
 public:
  void on_event(const Event& event) override {
    if (event.kind == "run.replayed") replay_ms = event.data["ms"].get<double>();
  }
  double replay_ms = -1;
};

struct Spawned {
  double ms = 0;
  long peak_kib = 0;
};

Spawned spawn(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  double start = now_ms();
  if (posix_spawnp(&pid, argv[0], &quiet, nullptr, argv.data(), environ) != 0) throw std::runtime_error(words[0] + " cannot be started");
  int status = 0;
  rusage usage{};
  ::wait4(pid, &status, 0, &usage);
  posix_spawn_file_actions_destroy(&quiet);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error(words[0] + " failed");
  return {now_ms() - start, usage.ru_maxrss};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void sql(sqlite3* db, const char* text) {
  if (sqlite3_exec(db, text, nullptr, nullptr, nullptr) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db));
}

/// Milliseconds for `steps` pairs of commits, each with a row of the size of a journal row.
double raw_commits(const fs::path& folder, int steps) {
  sqlite3* db = nullptr;
  sqlite3_open((folder / "raw.db").c_str(), &db);
  sql(db, "pragma journal_mode=wal; pragma synchronous=full; create table rows (id integer primary key, text text)");
  std::string insert = "insert into rows (text) values ('" + std::string(300, 'x') + "')";
  double start = now_ms();
  for (int i = 0; i < steps; ++i)
    sql(db, insert.c_str()), sql(db, "update rows set text = text || 'done' where id = (select max(id) from rows)");
  double took = now_ms() - start;
  sqlite3_close(db);
  return took;
}

RuntimeOptions options() {
  RuntimeOptions o;
  o.library = {PLAYBOOK_SOURCE_DIR};
  o.guardian = fs::path(PLAYBOOK_BINARY_DIR) / "playbook-guardian";
  return o;
}

std::string playbook_text(const std::string& body) {
  return "return playbook.define { name = \"bench\", summary = \"A bench.\", run = function() " + body + " end }\n";
}

void row(const char* what, double value, const char* unit, double peer, const char* peer_name, double ratio, const char* goal) {
  std::printf("%-34s %9.2f %-4s %-34s %9.2f   %6.2f   %s\n", what, value, unit, peer_name, peer, ratio, goal);
}

void bench_steps() {
  constexpr int kSteps = 300;
  std::vector<double> ratios, mine, theirs;
  for (int round = 0; round < 5; ++round) {
    playbook::testing::TempFolder folder;
    std::ofstream(folder.path() / "steps.lua") << playbook_text("for i = 1, " + std::to_string(kSteps) + " do bench.nothing(i) end");
    Runtime runtime(options());
    runtime.add(std::make_unique<Nothing>());
    Listener listener;
    double start = now_ms();
    RunResult result = runtime.run(
        {.playbook = folder.path() / "steps.lua", .instance = folder.path(), .params = Json::object(), .decisions = {}}, listener);
    double took = now_ms() - start;
    if (result.exit != kReached) throw std::runtime_error(result.summary);
    double raw = raw_commits(folder.path(), kSteps);
    mine.push_back(took / kSteps), theirs.push_back(raw / kSteps), ratios.push_back(took / raw);
  }
  row("a durable step", median(mine), "ms", median(theirs), "two commits, synchronous=FULL", median(ratios), "at most 1.5");
}

void bench_replay() {
  playbook::testing::TempFolder folder;
  std::ofstream(folder.path() / "replay.lua") << playbook_text("for i = 1, 1000 do bench.nothing(i) end confirm(\"go on?\")");
  Runtime runtime(options());
  runtime.add(std::make_unique<Nothing>());
  Listener listener;
  runtime.run({.playbook = folder.path() / "replay.lua", .instance = folder.path(), .params = Json::object(), .decisions = {}}, listener);
  std::vector<double> times;
  for (int i = 0; i < 9; ++i) {
    runtime.resume(folder.path(), "", {}, listener);
    times.push_back(listener.replay_ms);
  }
  row("replay of 1000 actions", median(times), "ms", 50, "goal", median(times) / 50, "at most 50 ms");
}

void bench_yaml() {
  std::string text = "services:\n";
  for (int i = 0; i < 2500; ++i) {
    std::string n = std::to_string(i);
    text += "  s" + n + ":\n    image: acme/app" + n + ":1.2.0\n    environment:\n      PORT: \"80" + n + "\" # port\n";
  }
  std::vector<double> reads, sets;
  for (int round = 0; round < 9; ++round) {
    const double start = now_ms();
    Yaml file = Yaml::parse(text, "compose.yml");
    reads.push_back(now_ms() - start);
    file.set({"services", "s2400", "image"}, "acme/app:2.0.0");
    sets.push_back(now_ms() - start - reads.back());
  }
  row("a value set in 10,000 YAML lines", median(sets), "ms", 15, "goal", median(sets) / 15, "at most 15 ms");
  row("reading 10,000 YAML lines", median(reads), "ms", 15, "goal", median(reads) / 15, "at most 15 ms");
}

void bench_start() {
  playbook::testing::TempFolder folder;
  fs::path file = folder.write("empty.lua", playbook_text(""));
  std::string command = fs::path(PLAYBOOK_BINARY_DIR) / "playbook";
  std::vector<double> mine, theirs;
  long peak = 0;
  for (int i = 0; i < 21; ++i) {
    Spawned run = spawn({command, "run", file.string(), "-C", folder.path().string()});
    mine.push_back(run.ms), peak = std::max(peak, run.peak_kib);
    theirs.push_back(spawn({"luajit", "-e", ""}).ms);
  }
  row("an empty playbook, start to end", median(mine), "ms", median(theirs), "luajit -e ''", median(mine) / median(theirs),
      "at most 10 ms");
  row("resident memory of it", static_cast<double>(peak) / 1024, "MiB", 20, "goal", static_cast<double>(peak) / 1024 / 20, "at most 20 MB");
}

void bench_ansible() {
  constexpr int kSteps = 50;
  playbook::testing::TempFolder folder;
  std::string tasks = "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n";
  for (int i = 0; i < kSteps; ++i) tasks += "    - ansible.builtin.command: 'true'\n";
  fs::path theirs_file = folder.write("steps.yml", tasks);
  fs::path mine_file = folder.write(
      "steps.lua", playbook_text("for i = 1, " + std::to_string(kSteps) + " do process.run({\"true\"}, {harmless = true}) end"));
  std::vector<double> mine, theirs;
  try {
    for (int i = 0; i < 3; ++i) theirs.push_back(spawn({"ansible-playbook", "-i", "localhost,", theirs_file.string()}).ms);
  } catch (const std::runtime_error& error) {
    std::printf("50 steps beside Ansible: not measured, %s\n", error.what());
    return;
  }
  for (int i = 0; i < 9; ++i)
    mine.push_back(spawn({fs::path(PLAYBOOK_BINARY_DIR) / "playbook", "run", mine_file.string(), "-C", folder.path().string()}).ms);
  row("50 steps that run `true`", median(mine), "ms", median(theirs), "ansible-playbook, 50 commands", median(theirs) / median(mine),
      "80 times faster");
}

}  // namespace

int main() {
  std::printf("%-34s %9s %-4s %-34s %9s   %6s   %s\n", "what", "measured", "", "beside", "measured", "ratio", "goal");
  bench_start();
  bench_steps();
  bench_replay();
  bench_yaml();
  bench_ansible();
}
