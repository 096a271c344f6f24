#include "bindings/cli/journal_text.h"

#include "bindings/cli/ending.h"
#include "bindings/cli/event_text.h"

namespace playbook::cli {
namespace {

std::string when(const std::string& iso) { return iso.size() >= 19 ? iso.substr(0, 10) + " " + iso.substr(11, 8) : iso; }

std::string took(const std::string& from, const std::string& to) {
  try {
    return humane(parse_iso(to) - parse_iso(from));
  } catch (const Error&) {
    return "";
  }
}

std::string allowed(const RunRow& run) {
  std::vector<std::string> parts;
  const Json& options = run.options;
  if (get_or(options, "yes", false)) parts.push_back("every question (--yes)");
  for (const Json& danger : get_or(options, "accept", Json::array())) {
    if (danger.is_string()) parts.push_back(one_line(danger.get<std::string>()));
  }
  return join(parts, ", ");
}

}  // namespace

Json to_json(const RunRow& run) {
  return {{"run", run.id},
          {"playbook", run.playbook},
          {"instance", run.instance},
          {"state", to_string(run.state)},
          {"params", run.params},
          {"options", run.options},
          {"verdict", run.verdict},
          {"actor", run.actor},
          {"version", run.tool_version},
          {"started", run.started},
          {"changed", run.changed}};
}

Json to_json(const ActionRow& action) {
  static constexpr const char* kPhases[] = {"forward", "undo", "back", "mark"};
  Json json{{"path", action.path},
            {"name", action.name},
            {"phase", kPhases[static_cast<int>(action.phase)]},
            {"change", action.change},
            {"where", action.where},
            {"args", action.args},
            {"outcome", to_string(action.outcome)},
            {"result", action.result},
            {"started", action.started},
            {"finished", action.finished},
            {"ms", action.duration_ms}};
  return json;
}

std::string title_of_run(const RunRow& run) { return title_of_run(Json{{"playbook", run.playbook}, {"params", run.params}}); }

std::vector<std::string> next_commands(const RunRow& run, bool held) {
  const std::string where = " -C " + shell_quoted(run.instance) + " " + run.id;
  const bool going = run.state == RunState::running || run.state == RunState::undoing;
  if (going && held) return {"playbook attach" + where};
  if (is_finished(run.state)) return {};
  const Ending ending = Ending::of_row(run);
  if (!ending.next.empty()) return ending.next;
  if (run.state == RunState::attention) return {"playbook rollback" + where, "playbook settle" + where + " --as old --reason TEXT"};
  if (run.state == RunState::undoing) return {"playbook rollback" + where};
  return {"playbook resume" + where, "playbook rollback" + where};
}

std::string state_text(const RunRow& run, bool held) {
  const bool going = run.state == RunState::running || run.state == RunState::undoing;
  std::string text = run.state == RunState::rolled_back ? "rolled back"
                     : run.state == RunState::attention ? "needs attention"
                                                        : std::string(to_string(run.state));
  if (going) text += held ? " now" : ", but its process died";
  return text;
}

std::string history_table(const std::vector<RunRow>& runs) {
  std::vector<std::vector<std::string>> rows{{"RUN", "STATE", "STARTED (UTC)", "TOOK", "PLAYBOOK"}};
  for (const RunRow& run : runs)
    rows.push_back({run.id, std::string(to_string(run.state)), when(run.started), took(run.started, run.changed), title_of_run(run)});
  return table(rows);
}

std::string run_head(const RunRow& run, bool held, const Paint& paint, const std::string& folder) {
  std::vector<std::vector<std::string>> rows;
  auto add = [&](const std::string& name, const std::string& text) {
    if (!text.empty()) rows.push_back({name, text});
  };
  add("state", state_text(run, held));
  add("started", when(run.started) + " UTC by " + one_line(run.actor) + ", playbook " + run.tool_version);
  if (run.changed != run.started) add(is_finished(run.state) ? "ended" : "since", when(run.changed) + " UTC");
  add("allowed", allowed(run));
  const Json overrides = get_or(run.options, "overrides", Json::object());
  for (const auto& [gate, reason] : overrides.items())
    add("override", one_line(gate) + ": " + (reason.is_string() ? one_line(reason.get<std::string>()) : ""));
  Ending ending = Ending::of_row(run);
  ending.next = next_commands(run, held);
  add("said", one_line(ending.summary));
  add("down", duration_text(ending.report, "downtime_ms"));
  add("folder", one_line(folder));
  for (const auto& [name, text] : facts_of(ending)) add(name, text);
  return paint(Colour::bold, "run " + run.id + " " + title_of_run(run)) + "\n" + table(rows, "  ");
}

}  // namespace playbook::cli
