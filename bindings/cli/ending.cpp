#include "bindings/cli/ending.h"

#include "bindings/cli/event_text.h"

namespace playbook::cli {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

// What verify, or whoever reports, gave: a sentence, or data with a sentence in it.
std::string sentence(const Json& value) {
  if (value.is_string()) return one_line(value.get<std::string>());
  if (!value.is_object()) return "";
  for (const char* key : {"text", "summary", "message"}) {
    if (const std::string text = text_of(value, key); !text.empty()) return one_line(text);
  }
  return "";
}

/// {at, why} of a run that stayed on the way to its target.
Json stay_of(const Ending& ending) { return get_or(ending.report, "stayed", Json::object()); }

std::string now_text(const Ending& ending) {
  for (const char* key : {"now", "verified"}) {
    if (auto found = ending.report.find(key); found != ending.report.end()) {
      if (const std::string text = sentence(*found); !text.empty()) return text;
    }
  }
  if (ending.state == "rolled_back") return "the old state, verified";
  if (const std::string at = text_of(stay_of(ending), "at"); !at.empty()) return at + ", as it was proved before the next step";
  if (ending.state != "attention") return "";
  return get_or(ending.report, "writers_stopped", false) ? "neither the old state nor the new one; the writers are stopped"
                                                         : "neither the old state nor the new one; the writers may be RUNNING, stop them";
}

std::string evidence_folder(const Json& report) {
  auto found = report.find("evidence");
  if (found == report.end()) return "";
  return one_line(found->is_string() ? found->get<std::string>() : text_of(*found, "folder"));
}

Colour colour_of(const Ending& ending) {
  if (ending.exit == kReached) return Colour::green;
  return ending.exit == kSuspended || ending.exit == kRolledBack || ending.exit == kHeld ? Colour::yellow : Colour::red;
}

std::string headline(const Ending& ending) {
  if (!ending.summary.empty()) return one_line(ending.summary);
  return ending.state.empty() ? "" : ending.state;
}

std::vector<std::string> strings_of(const Json& list) {
  std::vector<std::string> strings;
  if (!list.is_array()) return strings;
  for (const Json& item : list) {
    if (item.is_string()) strings.push_back(item.get<std::string>());
  }
  return strings;
}

}  // namespace

Ending Ending::of(const RunResult& result) {
  Ending ending;
  ending.exit = result.exit;
  if (result.state) ending.state = to_string(*result.state);
  ending.summary = result.summary;
  if (result.error) ending.error = result.error->to_json();
  if (result.report.is_object()) ending.report = result.report;
  ending.next = result.next;
  return ending;
}

Ending Ending::of_event(const Json& run_finished) {
  Ending ending;
  ending.exit = static_cast<ExitCode>(get_or(run_finished, "exit", static_cast<int>(kReached)));
  ending.state = text_of(run_finished, "state");
  ending.summary = text_of(run_finished, "summary");
  ending.error = get_or(run_finished, "error", Json());
  ending.report = get_or(run_finished, "report", run_finished);
  ending.next = strings_of(get_or(run_finished, "next", Json()));
  return ending;
}

Ending Ending::of_row(const RunRow& row) {
  Ending ending;
  ending.state = to_string(row.state);
  if (!row.verdict.is_object()) return ending;
  ending.exit = static_cast<ExitCode>(get_or(row.verdict, "exit", static_cast<int>(kReached)));
  ending.summary = text_of(row.verdict, "summary");
  ending.error = get_or(row.verdict, "error", Json());
  ending.report = row.verdict;
  ending.next = strings_of(get_or(row.verdict, "next", Json()));
  return ending;
}

Facts facts_of(const Ending& ending) {
  Facts facts;
  auto add = [&](const char* name, const std::string& text) {
    if (!text.empty()) facts.emplace_back(name, text);
  };
  if (ending.error.is_object()) {
    add("why", one_line(text_of(ending.error, "message")));
    add("where", one_line(text_of(get_or(ending.error, "details", Json::object()), "where")));
    add("hint", one_line(text_of(ending.error, "hint")));
  }
  add("why", one_line(text_of(stay_of(ending), "why")));
  if (auto undo_error = ending.report.find("undo_error"); undo_error != ending.report.end() && *undo_error != ending.error) {
    add("stuck", error_line(*undo_error));
  }
  if (const std::string since = text_of(ending.report, "down_since"); !since.empty()) add("application", "DOWN since " + since);
  add("changed", changed_text(ending));
  add("now", now_text(ending));
  add("lost", one_line(text_of(ending.report, "loss")));
  add("evidence", evidence_folder(ending.report));
  for (const std::string& command : ending.next) add("next", one_line(command));
  return facts;
}

std::string ending_block(const Ending& ending, const Paint& paint) {
  const std::string head = headline(ending);
  std::string text = head.empty() ? "" : "\n" + paint(colour_of(ending), head) + "\n";
  std::vector<std::vector<std::string>> rows;
  std::string last;
  for (const auto& [name, value] : facts_of(ending)) {
    rows.push_back({name == last ? "" : name, value});
    last = name;
  }
  return text + table(rows, "  ");
}

std::string ending_line(const Ending& ending) {
  std::string text = headline(ending);
  std::string last;
  for (const auto& [name, value] : facts_of(ending)) {
    if (name == "where" || name == "hint") continue;  // the error block has them
    text += name == last ? " or " + value : (text.empty() ? "" : " | ") + name + ": " + value;
    last = name;
  }
  return text.empty() ? "" : text + "\n";
}

std::string error_block(const Json& error, const std::string& changed, const std::vector<std::string>& next, const Paint& paint) {
  const std::string message = printable(text_of(error, "message"));
  const std::string where = one_line(text_of(get_or(error, "details", Json::object()), "where"));
  const std::string hint = one_line(text_of(error, "hint"));
  std::string text;
  for (const std::string& line : lines_of(message)) text += (text.empty() ? paint(Colour::red, "error:") + " " : "  ") + line + "\n";
  if (!where.empty() && message.find(where) == std::string::npos) text += "  where: " + where + "\n";
  if (!hint.empty()) text += "  hint: " + hint + "\n";
  if (!changed.empty()) text += "  changed: " + changed + "\n";
  for (const std::string& command : next) text += "  next: " + one_line(command) + "\n";
  return text;
}

std::string changed_text(const Ending& ending) {
  if (ending.exit == kReached) return "";
  if (ending.state.empty() || ending.state == "refused") return "nothing";
  return "";
}

ExitCode exit_of(const Error& error) {
  switch (error.code()) {
    case Code::argument_invalid:
    case Code::name_unknown:
    case Code::instance_missing:
    case Code::file_missing:
    case Code::script_failed:
    case Code::script_invalid:
    case Code::memory_exceeded:
      return kUsage;
    case Code::run_busy:
    case Code::run_unfinished:
      return kHeld;
    case Code::internal:
      return kAttention;
    default:
      return kRefused;
  }
}

}  // namespace playbook::cli
