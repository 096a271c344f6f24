#include "bindings/api/playbook.h"

#include <algorithm>
#include <random>
#include <set>

#include "bindings/api/parameters.h"
#include "bindings/api/run_choice.h"
#include "bindings/api/workplace.h"
#include "runtime/base/text.h"
#include "runtime/engine/planner.h"
#include "runtime/engine/undo.h"
#include "runtime/primitives/all.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

std::string new_run_id(const Clock& clock) {
  std::random_device random;
  char tail[8];
  std::snprintf(tail, sizeof tail, "-%04x", random() & 0xFFFFu);
  return to_stamp(clock.utc()) + tail;
}

fs::path checked_instance(const fs::path& given) {
  std::error_code error;
  fs::path instance = fs::canonical(given.empty() ? fs::path(".") : given, error);
  if (error || !fs::is_directory(instance))
    throw Error(Code::instance_missing, given.string() + ": there is no such folder, or it cannot be read",
                "give the instance's folder with -C DIR");
  return instance;
}

RunResult refusal(const std::exception& thrown) {
  const Error error = as_error(thrown);
  RunResult result;
  result.exit = error.code() == Code::instance_missing || error.code() == Code::file_missing ? kUsage : exit_before_changes(error.code());
  result.error = error;
  result.summary = error.message();
  return result;
}

Snapshot read_snapshot(const Journal& journal, const std::string& run) {
  Snapshot snapshot;
  for (const std::string& name : journal.source_names(run)) {
    size_t bar = name.find('|');
    snapshot[name.substr(0, bar)] = {name.substr(bar + 1), journal.source(run, name).value_or("")};
  }
  return snapshot;
}

std::vector<std::pair<std::string, std::string>> stored_sources(const Snapshot& snapshot) {
  std::vector<std::pair<std::string, std::string>> sources;
  for (const auto& [key, source] : snapshot) sources.emplace_back(key + "|" + source.name, source.text);
  return sources;
}

Json started(const RunRow& run, const char* mode) {
  return {{"playbook", run.playbook}, {"instance", run.instance}, {"mode", mode}, {"version", tool_version()}, {"params", run.params}};
}

void emit_finished(EventStream& events, const RunResult& result) {
  Json data{{"exit", static_cast<int>(result.exit)}, {"summary", result.summary}, {"next", result.next}, {"report", result.report}};
  if (result.state) data["state"] = to_string(*result.state);
  if (result.error) data["error"] = result.error->to_json();
  events.emit("run.finished", std::move(data));
}

/// What a run in progress throws is what not even its journal could take (a full disk, the ballast spent): it stays unfinished, and says
/// so.
template <typename Work>
RunResult carried(Workplace& place, const RunRow& run, Work work) {
  RunResult result;
  try {
    result = work();
  } catch (const std::exception& thrown) {
    result = refusal(thrown);
    result.exit = kAttention;
    result.state = run.state;
    result.run = run.id;
    result.summary = "NEEDS ATTENTION " + run.playbook + ": the run could not be recorded any further: " + result.summary;
    result.next = {place.command("resume", run), place.command("rollback", run)};
  }
  emit_finished(place.events(), result);
  return result;
}

/// Left the instance as it was: nothing but backups, rehearsals and the like.
bool left_no_change(const Journal& journal, const Registry& registry, const RunRow& run) {
  return undo_list(journal.actions(run.id), registry).empty();
}

constexpr const char* kRollback = "playbook/rollback";  // stdlib/rollback.lua

/// Finished runs whose changes stand, newest first. A run and the rollback that took it back cancel each other.
std::vector<RunRow> standing_runs(const Journal& journal, const Registry& registry) {
  std::set<std::string> taken_back;
  std::vector<RunRow> standing;
  for (const RunRow& run : journal.runs()) {  // newest first
    if (run.state != RunState::done || taken_back.count(run.id)) continue;
    if (run.playbook == kRollback)
      taken_back.insert(get_or<std::string>(run.params, "run", ""));
    else if (!left_no_change(journal, registry, run))
      standing.push_back(run);
  }
  return standing;
}

/// What `rollback` means: the named run, the unfinished one, or the newest whose changes stand.
RunRow run_to_roll_back(const Journal& journal, const Registry& registry, const std::string& wanted) {
  if (!wanted.empty()) return demand_run(journal, wanted);
  if (std::optional<RunRow> unfinished = journal.unfinished_run()) return *unfinished;
  std::vector<RunRow> standing = standing_runs(journal, registry);
  if (standing.empty())
    throw Error(Code::name_unknown, "no run here has changed anything that stands",
                "`playbook history` lists the runs, `playbook backup list` the sets");
  return standing.front();
}

class Silent final : public Observer {
  void on_event(const Event&) override {}
};

}  // namespace

const char* tool_version() { return PLAYBOOK_VERSION; }

struct Runtime::State {
  RuntimeOptions options;
  Registry registry;
  Control control;

  LibrarySources library(const fs::path& own_folder) const { return LibrarySources(options.library, own_folder); }
  std::unique_ptr<Journal> reader(const fs::path& instance) const {
    StateFolder folder(instance, options.state);
    if (!folder.exists()) return nullptr;
    return open_journal(folder.path(), {.read_only = true, .needs_ballast = false, .faults = nullptr, .clock = nullptr});
  }
  RunResult look(const RunRequest& request, Planner::Extent extent, const char* mode, Observer& observer);
  RunResult start(Workplace& place, Snapshot snapshot, Program& program, RunRow run, const Decisions& decisions, const char* mode);
  RunResult take_back(Workplace& place, const RunRow& past, const Decisions& decisions);
};

Runtime::Runtime(RuntimeOptions options) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  register_all(state_->registry);
}
Runtime::~Runtime() = default;

void Runtime::add(std::unique_ptr<Primitive> primitive) { state_->registry.add(std::move(primitive)); }
const Registry& Runtime::primitives() const { return state_->registry; }
Control& Runtime::control() { return state_->control; }

std::vector<PlaybookInfo> Runtime::playbooks() const {
  std::vector<PlaybookInfo> list;
  for (const auto& [name, file] : shipped_playbooks(state_->options.library)) {
    PlaybookInfo info{name, file.string(), "", ""};
    try {
      info.summary = define(name, {}).summary;
    } catch (const Error& error) {
      info.error = error.message();
    }
    list.push_back(std::move(info));
  }
  return list;
}

Definition Runtime::define(const std::string& playbook, const fs::path&) const {
  PlaybookFile file = find_playbook(state_->options.library, playbook);
  LibrarySources sources = state_->library(file.file.parent_path());
  ProgramOptions options{
      .primitives = &state_->registry, .sources = &sources, .cancel = nullptr, .memory_cap = state_->options.script_memory};
  return Program::load(options, file.source)->definition();
}

RunResult Runtime::run(const RunRequest& request, Observer& observer) {
  State& s = *state_;
  try {
    PlaybookFile file = find_playbook(s.options.library, request.playbook);
    fs::path instance = checked_instance(request.instance);
    LibrarySources sources = s.library(file.file.parent_path());
    ProgramOptions loading{
        .primitives = &s.registry, .sources = &sources, .cancel = &s.control.interrupt_token(), .memory_cap = s.options.script_memory};
    std::unique_ptr<Program> program = Program::load(loading, file.source);
    Json params = checked_parameters(program->definition(), request.params);

    Workplace place(s.options, s.registry, s.control, instance, Workplace::Purpose::forward, observer);
    refuse_unfinished(place.journal());
    expect_known_runs(place.journal(), place.folder());
    RunRow run;
    run.playbook = program->definition().name;
    run.instance = instance.string();
    run.params = std::move(params);
    Snapshot snapshot = sources.snapshot();
    snapshot["playbook"] = file.source;
    return s.start(place, std::move(snapshot), *program, std::move(run), request.decisions, "run");
  } catch (const std::exception& error) {
    return refusal(error);
  }
}

RunResult Runtime::State::start(Workplace& place, Snapshot snapshot, Program& program, RunRow run, const Decisions& decisions,
                                const char* mode) {
  run.id = new_run_id(place.clock());
  run.options = decisions.to_json();
  run.actor = actor();
  run.tool_version = tool_version();
  run.started = run.changed = to_iso(place.clock().utc());
  place.enter_run(run.id);  // first: where its folder cannot be made, there is no run either
  place.journal().create_run(run, stored_sources(snapshot));
  place.events().emit("run.started", started(run, mode));
  return carried(place, run, [&] { return Session(place.actions(), program, run, decisions).begin(); });
}

RunResult Runtime::State::look(const RunRequest& request, Planner::Extent extent, const char* mode, Observer& observer) {
  try {
    PlaybookFile file = find_playbook(options.library, request.playbook);
    fs::path instance = checked_instance(request.instance);
    LibrarySources sources = library(file.file.parent_path());
    if (extent != Planner::Extent::reads)
      if (std::unique_ptr<Journal> journal = reader(instance)) refuse_unfinished(*journal);
    Workplace place(options, registry, control, instance, Workplace::Purpose::look, observer);
    std::unique_ptr<Program> program = Program::load(place.program_options(sources), file.source);
    RunRow run;
    run.playbook = program->definition().name;
    run.instance = instance.string();
    run.params = checked_parameters(program->definition(), request.params);
    place.events().emit("run.started", started(run, mode));
    std::unique_ptr<Script> script = program->main(run.params);
    RunResult result = Planner(place.actions(), request.decisions, extent).walk(*script);
    emit_finished(place.events(), result);
    return result;
  } catch (const std::exception& error) {
    return refusal(error);
  }
}

RunResult Runtime::plan(const RunRequest& request, Observer& observer) {
  return state_->look(request, Planner::Extent::whole, "plan", observer);
}
RunResult Runtime::check(const RunRequest& request, Observer& observer) {
  return state_->look(request, Planner::Extent::gates, "check", observer);
}

RunResult Runtime::read(const RunRequest& request, Observer& observer) {
  return state_->look(request, Planner::Extent::reads, "read", observer);
}

RunResult Runtime::evaluate(const std::string& code, const fs::path& folder, Observer& observer) {
  State& s = *state_;
  try {
    LibrarySources sources = s.library(fs::current_path());
    Workplace place(s.options, s.registry, s.control, checked_instance(folder), Workplace::Purpose::look, observer);
    std::unique_ptr<Program> program = Program::evaluate(place.program_options(sources), {"eval", code});
    std::unique_ptr<Script> script = program->main(Json::object());
    RunResult result = Planner(place.actions(), {}, Planner::Extent::reads).walk(*script);
    if (!result.error) result.summary = canonical(result.value);
    return result;
  } catch (const std::exception& error) {
    return refusal(error);
  }
}

RunResult Runtime::inspect(const fs::path& instance) {
  RunResult nothing;
  std::vector<std::string> asked;
  for (const auto& [name, file] : shipped_playbooks(state_->options.library)) {
    if (!name.ends_with("/inspect")) continue;
    asked.push_back(name.substr(0, name.find('/')));
    RunRequest request{.playbook = name, .instance = instance, .params = Json::object(), .decisions = {}};
    Silent silent;
    RunResult result = state_->look(request, Planner::Extent::reads, "inspect", silent);
    if (result.error && result.error->code() == Code::instance_missing && !result.error->details().is_object()) return result;
    if (result.error || !result.value.is_null()) return result;
  }
  nothing.exit = kRefused;
  nothing.error = Error(Code::instance_missing, instance.string() + ": no application that is known here; looked for " + join(asked, ", "),
                        "give the instance's folder with -C DIR");
  nothing.summary = nothing.error->message();
  return nothing;
}

RunResult Runtime::resume(const fs::path& folder, const std::string& wanted, const Decisions& decisions, Observer& observer) {
  State& s = *state_;
  try {
    Workplace place(s.options, s.registry, s.control, checked_instance(folder), Workplace::Purpose::home, observer);
    RunRow run = demand_run(place.journal(), wanted);
    if (is_finished(run.state))
      throw Error(Code::name_unknown, "run " + run.id + " is finished: " + std::string(to_string(run.state)),
                  "`playbook show` tells how it ended");
    SnapshotSources sources(read_snapshot(place.journal(), run.id));
    std::unique_ptr<Program> program = Program::load(place.program_options(sources), read_snapshot(place.journal(), run.id).at("playbook"));
    place.enter_run(run.id);
    place.events().emit("run.started", started(run, "resume"));
    return carried(place, run, [&] { return Session(place.actions(), *program, run, decisions.with_earlier(run.options)).resume(); });
  } catch (const std::exception& error) {
    return refusal(error);
  }
}

RunResult Runtime::rollback(const fs::path& folder, const std::string& wanted, const Decisions& decisions, Observer& observer) {
  State& s = *state_;
  try {
    Workplace place(s.options, s.registry, s.control, checked_instance(folder), Workplace::Purpose::home, observer);
    RunRow run = run_to_roll_back(place.journal(), s.registry, wanted);
    if (run.state == RunState::done) return s.take_back(place, run, decisions);
    if (is_finished(run.state))
      throw Error(Code::name_unknown, "run " + run.id + " changed nothing that stands: " + std::string(to_string(run.state)),
                  "there is nothing to roll back");
    SnapshotSources sources(read_snapshot(place.journal(), run.id));
    std::unique_ptr<Program> program = Program::load(place.program_options(sources), read_snapshot(place.journal(), run.id).at("playbook"));
    place.enter_run(run.id);
    place.events().emit("run.started", started(run, "rollback"));
    return carried(place, run, [&] {
      RunResult result = Session(place.actions(), *program, run, decisions).rollback();
      if (result.state == RunState::rolled_back) result.exit = kReached;  // what was asked for
      return result;
    });
  } catch (const std::exception& error) {
    return refusal(error);
  }
}

/// A finished run is taken back by a run of its own: stdlib/rollback.lua, with the finished run's modules.
RunResult Runtime::State::take_back(Workplace& place, const RunRow& past, const Decisions& decisions) {
  refuse_unfinished(place.journal());
  const std::vector<RunRow> standing = standing_runs(place.journal(), registry);
  const bool stands = std::any_of(standing.begin(), standing.end(), [&](const RunRow& run) { return run.id == past.id; });
  if (past.playbook != kRollback && !stands)
    throw Error(Code::name_unknown, "run " + past.id + " has changed nothing that stands, or was taken back already",
                "`playbook history` lists the runs");
  std::set<std::string> after;  // runs that were made later
  for (const RunRow& run : place.journal().runs()) {
    if (run.id == past.id) break;
    after.insert(run.id);
  }
  for (const RunRow& later : standing)
    if (after.count(later.id))
      throw Error(Code::drift, "run " + later.id + " (" + later.playbook + ") came after " + past.id,
                  "roll that one back first: playbook rollback " + later.id);
  LibrarySources beside = library({});
  Snapshot snapshot = read_snapshot(place.journal(), past.id);
  std::optional<SourceText> source = beside.module("rollback");
  if (!source) throw Error(Code::internal, "stdlib/rollback.lua is missing from the library", "install playbook again");
  snapshot["playbook"] = *source;
  for (const auto& [key, found] : beside.snapshot()) snapshot.emplace(key, found);
  SnapshotSources sources(snapshot, &beside);
  std::unique_ptr<Program> program = Program::load(place.program_options(sources), *source);
  RunRow run;
  run.playbook = program->definition().name;
  run.instance = past.instance;
  run.params = checked_parameters(program->definition(), {{"run", past.id}});
  return start(place, std::move(snapshot), *program, std::move(run), decisions, "rollback");
}

RunResult Runtime::settle(const fs::path& folder, const std::string& wanted, Settlement settlement, const std::string& reason,
                          Observer& observer) {
  State& s = *state_;
  try {
    Workplace place(s.options, s.registry, s.control, checked_instance(folder), Workplace::Purpose::home, observer);
    RunRow run = demand_run(place.journal(), wanted);
    if (is_finished(run.state)) throw Error(Code::name_unknown, "run " + run.id + " is finished: " + std::string(to_string(run.state)));
    place.enter_run(run.id);
    RunResult result;
    result.run = run.id;
    if (settlement == Settlement::new_state || settlement == Settlement::old_state) {
      Json verdict = run.verdict.is_object() ? run.verdict : Json::object();
      const char* word = settlement == Settlement::new_state ? "new" : "old";
      verdict["settled"] = {{"as", word}, {"reason", reason}, {"by", actor()}};
      std::string summary = "SETTLED " + run.playbook + ": the " + word + " state stands, says " + actor() + " (" + reason + ")";
      if (const std::string since = down_since(place.journal().actions(run.id)); !since.empty()) {
        verdict["down_since"] = since;
        summary += "; the run stopped the application at " + since +
                   " and did not start it again: start it yourself, and look at its restart policy";
      }
      result.summary = verdict["summary"] = summary;
      place.journal().set_state(run.id, RunState::settled, verdict);
      result.state = RunState::settled;
    } else {
      std::vector<ActionRow> rows = place.journal().actions(run.id);
      auto doubt = std::find_if(rows.begin(), rows.end(),
                                [](const ActionRow& row) { return row.outcome == Outcome::none && row.phase != Phase::undo; });
      if (doubt == rows.end())
        throw Error(Code::argument_invalid, "run " + run.id + " has no action in doubt", "`playbook resume` goes on");
      if (settlement == Settlement::action_done)
        place.journal().finish(doubt->id, Outcome::ok, s.registry.at(doubt->name).told_done(doubt->full_args), 0);
      else
        place.journal().void_action(doubt->id);
      result.summary = place.actions().describe(doubt->name, doubt->full_args) +
                       (settlement == Settlement::action_done ? " counts as done" : " counts as not done");
      result.state = run.state;
      result.next = {place.command("resume", run)};
    }
    place.events().emit("answer", {{"id", "settle"}, {"answer", result.summary}, {"by", "operator"}, {"reason", reason}});
    return result;
  } catch (const std::exception& error) {
    return refusal(error);
  }
}

std::vector<RunRow> Runtime::history(const fs::path& instance) const {
  std::unique_ptr<Journal> journal = state_->reader(checked_instance(instance));
  if (journal) expect_known_runs(*journal, StateFolder(checked_instance(instance), state_->options.state));
  return journal ? journal->runs() : std::vector<RunRow>{};
}

std::optional<RunRow> Runtime::find_run(const fs::path& instance, const std::string& run) const {
  std::unique_ptr<Journal> journal = state_->reader(checked_instance(instance));
  return journal ? choose_run(*journal, run) : std::nullopt;
}

std::vector<ActionRow> Runtime::actions(const fs::path& instance, const std::string& run) const {
  std::unique_ptr<Journal> journal = state_->reader(checked_instance(instance));
  return journal ? journal->all_actions(run) : std::vector<ActionRow>{};
}

fs::path Runtime::run_folder(const fs::path& instance, const std::string& run) const {
  return StateFolder(checked_instance(instance), state_->options.state).run_folder(run);
}

bool Runtime::is_held(const fs::path& instance) const {
  return StateFolder(checked_instance(instance), state_->options.state).holder().has_value();
}

}  // namespace playbook
