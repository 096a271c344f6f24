#include "runtime/engine/session.h"

#include <algorithm>
#include <set>

#include "runtime/base/text.h"
#include "runtime/base/version.h"
#include "runtime/engine/evidence.h"
#include "runtime/engine/undo.h"

namespace playbook {
namespace {

constexpr std::chrono::milliseconds kRunningPoll{200};

std::vector<ActionRow> forward_rows(const std::vector<ActionRow>& rows) {
  std::vector<ActionRow> forward;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(forward),
               [](const ActionRow& row) { return row.phase == Phase::forward && row.outcome != Outcome::none; });
  return forward;
}

/// As Primitive::touches says: `file:/a` covers `file:/a/b`.
bool covers(const std::set<std::string>& things, const std::string& inner) {
  return std::any_of(things.begin(), things.end(), [&](const std::string& outer) {
    return inner == outer || (inner.starts_with(outer) && (outer.ends_with('/') || inner[outer.size()] == '/'));
  });
}

}  // namespace

RunResult Session::begin() { return forward(false); }

RunResult Session::resume() {
  if (run_.state == RunState::undoing || run_.state == RunState::attention) return rollback();
  try {
    settle_doubts(false);
    check_drift();
  } catch (const Stop& stop) {
    return paused(stop, RunState::suspended);
  } catch (const std::exception& thrown) {
    return not_begun(as_error(thrown));
  }
  return forward(true);
}

RunResult Session::rollback() {
  try {
    settle_doubts(true);
  } catch (const Stop& stop) {
    return paused(stop, run_.state);
  } catch (const std::exception& thrown) {
    return not_begun(as_error(thrown));
  }
  std::optional<Error> because;
  if (run_.verdict.is_object() && run_.verdict.contains("error")) because = Error::from_json(run_.verdict["error"]);
  return home(because);
}

/// What the run left could not be looked at (a locked database, a file that cannot be read), so nothing was done: the run stands as it was.
RunResult Session::not_begun(const Error& error) {
  RunResult result = paused({error.message()}, run_.state);
  result.error = error;
  return result;
}

RunResult Session::forward(bool resumed) {
  if (run_.state != RunState::running) set_state(RunState::running, nullptr);
  std::vector<ActionRow> recorded = forward_rows(rows());
  Dialogue::Options options;
  options.resumed = resumed;
  options.decisions = decisions_;
  for (const ActionRow& row : actions_.journal().all_actions(run_.id)) options.rechecks += row.name == "recheck";
  Dialogue dialogue(actions_, std::move(recorded), options);
  std::unique_ptr<Script> script = scripts_.main(run_.params);
  Ending ending = dialogue.carry(*script);
  const RunFacts& facts = dialogue.facts();
  if (facts.instance().is_object()) report_["old"] = facts.instance().value("version", Json());
  if (facts.downtime_ms()) report_["downtime_ms"] = *facts.downtime_ms();

  switch (ending.kind) {
    case Ending::Kind::stopped:
      return paused(ending.stop, RunState::suspended);
    case Ending::Kind::failed:
      return failed(*ending.error);
    case Ending::Kind::finished:
      break;
  }
  const bool stayed = facts.stayed().is_object();
  if (stayed) report_["stayed"] = facts.stayed();
  RunResult done = result(RunState::done, stayed ? kRolledBack : kReached,
                          stayed ? "STAYED AT " + get_or<std::string>(facts.stayed(), "at", "") : "DONE");
  done.value = ending.result;
  return done;
}

RunResult Session::failed(const Error& error) {
  if (error.code() == Code::replay_diverged) return paused({error.message(), true, error.details()}, RunState::suspended);
  std::vector<ActionRow> all = rows();
  report_["error"] = error.to_json();
  bool changed = std::any_of(all.begin(), all.end(), [&](const ActionRow& row) {
    if (row.phase != Phase::forward || !row.change) return false;
    const Primitive* primitive = actions_.registry().find(row.name);  // one that this program lacks may have changed anything
    return !primitive || primitive->undo_kind(row.full_args) != Undo::not_needed;
  });
  if (!changed) {
    RunResult refused = result(RunState::refused, exit_before_changes(error.code()), "REFUSED");
    refused.error = error;
    return refused;
  }
  set_state(RunState::undoing, report_);
  actions_.control().reset();  // what was cancelled is the way forward
  report_["evidence"] = {{"folder", (actions_.environment().run_folder / "evidence").string()},
                         {"files", collect_evidence(actions_, instance(), call_family("evidence").value_or(Json()), error)}};
  return home(error);
}

RunResult Session::home(const std::optional<Error>& because) {
  std::vector<ActionRow> all = rows();
  if (because) report_["error"] = because->to_json();
  if (const Json known = instance(); known.is_object()) report_["old"] = known.value("version", Json());
  set_state(RunState::undoing, report_);
  actions_.control().reset();
  WayHome way(actions_, scripts_, decisions_);
  try {
    actions_.events().emit(
        "undo.started", {{"items", undo_list(all, actions_.registry()).size()}, {"because", because ? because->message() : "asked for"}});
    report_["verified"] = way.go(all);
  } catch (const Stop& stop) {
    return paused(stop, RunState::undoing);
  } catch (const std::exception& thrown) {
    return attention(as_error(thrown));
  }
  Json restored = Json::array();
  for (const ActionRow& row : rows())
    if (row.phase == Phase::back && row.name == "backup.restore" && row.outcome == Outcome::ok) restored.push_back(row.result);
  if (!restored.empty()) report_["restored"] = restored;
  RunResult back = result(RunState::rolled_back, kRolledBack, "ROLLED BACK");
  back.error = because;
  return back;
}

/// Law 4: neither state could be reached, so at least nothing may write until a person has looked.
RunResult Session::attention(const Error& error) {
  report_["undo_error"] = error.to_json();
  set_state(RunState::attention, report_);
  actions_.control().reset();
  if (instance().is_object()) report_["writers_stopped"] = call_family("stop_writers").has_value();
  RunResult stuck = result(RunState::attention, kAttention, "NEEDS ATTENTION");
  stuck.error = error;
  stuck.next = {command("rollback"), command("show"), command("settle") + " --as old --reason TEXT"};
  return stuck;
}

Json Session::instance() {
  Json instance = nullptr;
  for (const ActionRow& row : rows())
    if (row.name == "instance" && row.phase == Phase::forward) instance = row.args;
  return instance;
}

/// The result of a function that the instance's module exports, outside of the replay; nothing where there is none or it fails.
std::optional<Json> Session::call_family(const std::string& function) {
  const Json known = instance();
  if (!known.is_object() || !known.contains("module")) return std::nullopt;
  std::string why;
  try {
    std::unique_ptr<Script> script = scripts_.function(known["module"], function, Json::array({known}), function + "/");
    if (!script) return std::nullopt;
    Dialogue::Options options;
    options.phase = Phase::mark;
    Ending ending = Dialogue(actions_, {}, options).carry(*script);
    if (ending.kind == Ending::Kind::finished) return ending.result;
    why = ending.error ? ending.error->message() : ending.stop.why;
  } catch (const Error& failure) {
    why = failure.message();
  }
  actions_.events().emit("log", {{"level", "warning"}, {"line", function + " failed: " + why}});
  return std::nullopt;
}

namespace {

/// What helps a run that would not go on: a resume alone would stop at the same place.
std::string hint_of(const Stop& stop) {
  if (stop.details.is_object() && stop.details.contains("drift"))
    return "put it back as it was and resume, or resume with --accept drift to go on with what is there, or roll back";
  return "mend what it names and resume, or roll back";
}

}  // namespace

RunResult Session::paused(const Stop& stop, RunState state) {
  report_["stopped"] = stop.why;
  if (const std::string since = down_since(rows()); !since.empty()) report_["down_since"] = since;
  if (!stop.details.is_null()) report_["details"] = stop.details;
  bool partial = stop.details.is_object() && stop.details.value("may_be_partial", false);
  RunResult pause = result(state, partial ? kAttention : stop.refused ? kRefused : kSuspended, "SUSPENDED");
  if (stop.refused) pause.error = Error(Code::drift, stop.why, hint_of(stop), stop.details);
  const bool asks = stop.details.is_object() && stop.details.contains("question");
  pause.next = {command("resume") + (asks ? " --yes" : ""), command("rollback")};
  if (stop.details.is_object() && stop.details.contains("doubt")) {
    pause.next.insert(pause.next.begin(),
                      {command("settle") + " --as done --reason TEXT", command("settle") + " --as not-done --reason TEXT"});
  }
  return pause;
}

RunResult Session::result(RunState state, ExitCode exit, const std::string& word) {
  RunResult r;
  r.run = run_.id;
  r.exit = exit;
  r.state = state;
  const Json wanted = run_.params.is_object() ? run_.params.value("to", Json()) : Json();
  if (wanted.is_string() && Version::try_parse(wanted.get<std::string>())) report_["new"] = wanted;  // a backup's is a folder
  std::string text = word + " " + run_.playbook;
  if (report_.contains("old") && report_["old"].is_string() && report_.contains("new")) {
    std::string from = report_["old"], to = report_["new"].is_string() ? report_["new"].get<std::string>() : report_["new"].dump();
    text += state == RunState::rolled_back ? " " + to + " -> " + from : " " + from + " -> " + to;
  }
  if (report_.contains("downtime_ms") && state == RunState::done)
    text += ", down " + humane(std::chrono::milliseconds(report_["downtime_ms"].get<std::int64_t>()));
  if (report_.contains("stopped")) text += ": " + report_["stopped"].get<std::string>();
  r.summary = actions_.environment().redactor->apply(std::string_view(text));
  r.report = report_;
  Json verdict = report_;
  verdict["summary"] = r.summary;
  verdict["exit"] = exit;
  set_state(state, verdict);
  return r;
}

void Session::settle_doubts(bool going_home) {
  for (const ActionRow& row : rows()) {
    if (row.outcome != Outcome::none || row.phase == Phase::undo) continue;  // an inverse is simply done again
    if (row.phase == Phase::mark) {
      actions_.journal().void_action(row.id);
      continue;
    }
    if (going_home && row.phase == Phase::forward) continue;  // inverses and ways back stand a half-done change
    settle_doubt(row);
  }
}

void Session::settle_doubt(const ActionRow& row) {
  Probe probe = actions_.probe(row);
  for (; probe.state == Probe::State::running; probe = actions_.probe(row)) {
    actions_.events().emit("log", {{"level", "info"}, {"line", "still running: " + probe.explanation}, {"path", row.path}});
    if (!actions_.control().interrupt_token().wait(kRunningPoll))
      throw Stop{"suspended while " + row.name + " of an earlier process still runs"};
  }
  std::string what = actions_.describe(row.name, row.full_args) + " (" + row.where + ")";
  std::optional<std::string> said;
  if (probe.state == Probe::State::unknown) {
    said = actions_.events().ask({"doubt:" + row.path,
                                  what + " was cut short, and cannot be looked up: " + probe.explanation + ". Is it done?",
                                  {"done", "not-done"},
                                  nullptr});
    if (!said)
      throw Stop{what + " was cut short, and cannot be looked up: " + probe.explanation,
                 false,
                 {{"doubt", row.path}, {"action", row.id}, {"may_be_partial", probe.may_be_partial}}};
  }
  if (probe.state == Probe::State::done || said == "done")
    actions_.journal().finish(row.id, Outcome::ok, said ? actions_.registry().at(row.name).told_done(row.full_args) : probe.result, 0);
  else
    actions_.journal().void_action(row.id);
  actions_.events().emit(
      "log", {{"level", "info"},
              {"path", row.path},
              {"line", what + (probe.state == Probe::State::done || said == "done" ? " had been done" : " had not been done")}});
}

/// The last finished change of each thing must still stand. Where all that came after the first that does not is harmless to repeat (stop,
/// back up), it is taken back and done again; else the run stops.
void Session::check_drift() {
  std::vector<ActionRow> changes;
  std::int64_t last_data_change = 0;  // also one that a crash cut short: it may have reached the data before it was taken back
  for (ActionRow& row : actions_.journal().all_actions(run_.id)) {
    if (row.phase != Phase::forward || !row.change) continue;
    const bool changes_data = actions_.registry().at(row.name).may_lose_data(row.full_args);
    if (changes_data) last_data_change = std::max(last_data_change, row.id);
    if (changes_data || (!row.voided && row.outcome == Outcome::ok)) changes.push_back(std::move(row));
  }
  Json items = Json::array();
  std::int64_t first = 0;
  std::set<std::string> seen;
  for (auto row = changes.rbegin(); row != changes.rend(); ++row) {
    const Primitive& primitive = actions_.registry().at(row->name);
    std::vector<std::string> things = actions_.touches(*row);
    bool only_last =
        !things.empty() && std::all_of(things.begin(), things.end(), [&](const std::string& thing) { return covers(seen, thing); });
    seen.insert(things.begin(), things.end());
    if (row->voided || row->outcome != Outcome::ok)
      continue;  // cut short: it may have changed what it touches, and left nothing to compare
    // After a change of the data a backup of it is not stale but the way back, and what was brought back goes on from there.
    bool superseded = row->id < last_data_change && primitive.undo_kind(row->full_args) != Undo::inverse;
    if (only_last || superseded) continue;
    if (std::optional<std::string> text = actions_.drift(*row)) {
      items.push_back({{"path", row->path}, {"text", *text}});
      first = row->sequence;
    }
  }
  if (items.empty()) return;
  bool repeatable = std::all_of(changes.begin(), changes.end(), [&](const ActionRow& row) {
    return row.voided || row.sequence < first || actions_.registry().at(row.name).repeatable();
  });
  bool accepted = decisions_.accepts("drift");
  actions_.events().emit("drift", {{"items", items}, {"done_again", repeatable}, {"accepted", accepted}});
  if (repeatable)
    actions_.journal().void_from(run_.id, first);
  else if (!accepted)
    throw Stop{"the world is not as the run left it: " + items[0]["text"].get<std::string>(), true, {{"drift", items}}};
}

void Session::set_state(RunState state, const Json& verdict) {
  run_.state = state;
  actions_.journal().set_state(run_.id, state, actions_.environment().redactor->apply(verdict));
}

std::string Session::command(const std::string& verb) const {
  return "playbook " + verb + " " + actions_.environment().where + " " + run_.id;
}

}  // namespace playbook
