#include "bindings/cli/event_text.h"

#include <string_view>

#include "bindings/cli/terminal.h"

namespace playbook::cli {
namespace {

using Lines = std::vector<std::string>;
constexpr std::chrono::seconds kProgressEvery{10};

std::string value_text(const Json& value) { return one_line(value.is_string() ? value.get<std::string>() : value.dump()); }

Lines planned_lines(const Json& data) {
  Lines lines;
  for (const std::string& line : lines_of(printable(text_of(data, "text")))) lines.push_back(lines.empty() ? "would " + line : "  " + line);
  for (const std::string& line : lines_of(printable(text_of(data, "diff")))) lines.push_back("  " + line);
  if (text_of(data, "undo") == "impossible") lines.push_back("  cannot be undone by itself");
  return lines;
}

Lines drift_lines(const Json& data) {
  Lines lines;
  for (const Json& item : get_or(data, "items", Json::array())) lines.push_back("differs: " + one_line(text_of(item, "text")));
  return lines;
}

Lines finished_action(const Json& data, const std::string& title, bool full) {
  const std::string outcome = text_of(data, "outcome");
  const std::string duration = duration_text(data);
  if (outcome == "ok") {
    if (!full && (!get_or(data, "change", true) || text_of(data, "phase") == "undo")) return {};  // undo.item has said it
    return {"ok " + title + (duration.empty() ? "" : ", " + duration)};
  }
  Lines lines{(outcome == "cancelled" ? "cancelled " : "failed ") + title + (duration.empty() ? "" : ", " + duration)};
  if (auto error = data.find("error"); error != data.end() && error->is_object()) lines.push_back("  " + error_line(*error));
  return lines;
}

}  // namespace

std::string text_of(const Json& data, const char* key) {
  if (!data.is_object()) return "";
  auto found = data.find(key);
  return found != data.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string humane_ms(double milliseconds) { return humane(std::chrono::milliseconds(static_cast<long long>(milliseconds))); }

std::string duration_text(const Json& data, const char* key) {
  auto found = data.is_object() ? data.find(key) : data.end();
  return found != data.end() && found->is_number() ? humane_ms(found->get<double>()) : "";
}

std::vector<std::string> lines_of(const std::string& text) {
  auto lines = split(text, '\n');
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

std::string error_line(const Json& error) {
  const std::string hint = one_line(text_of(error, "hint"));
  return one_line(text_of(error, "message")) + (hint.empty() ? "" : " (" + hint + ")");
}

std::string title_of_run(const Json& started) {
  std::string title = one_line(text_of(started, "playbook"));
  const Json params = get_or(started, "params", Json::object());
  for (const auto& [name, value] : params.items()) title += " " + one_line(name) + "=" + value_text(value);
  return title;
}

std::string title_of_scope(const Json& data) {
  const std::string title = one_line(text_of(data, "title")), kind = text_of(data, "kind");
  if (kind == "gates" && (title.empty() || title == kind)) return "Checks";
  if (kind == "downtime" && (title.empty() || title == kind)) return "Downtime";
  return title.empty() ? kind : title;
}

std::string title_of_action(const Json& data) {
  const std::string text = text_of(data, "text");
  if (text.empty()) return one_line(text_of(data, "name"));
  return one_line(lines_of(text).front());
}

std::vector<std::string> gate_lines(const Json& data) {
  std::string title = one_line(text_of(data, "title"));
  if (title.empty()) title = one_line(text_of(data, "name"));
  const std::string message = one_line(text_of(data, "message")), hint = one_line(text_of(data, "hint"));
  if (!message.empty() && message != title) title += ": " + message;
  if (const std::string reason = text_of(data, "overridden"); !reason.empty()) title += " (overridden: " + one_line(reason) + ")";
  Lines lines{title};
  if (!hint.empty() && !get_or(data, "ok", true)) lines.push_back("  " + hint);
  return lines;
}

std::string up_again_text(const Json& data) {
  const std::string down = duration_text(data), all = duration_text(data, "changing_ms");
  if (down.empty()) return "the application is up again";
  if (all.empty()) return "the application is up again, it was down " + down;
  return "the application is up again, it refused requests for " + down + " of the " + all + " that the change took";
}

std::string progress_text(const Json& data) {
  const auto done = get_or(data, "done", std::uint64_t{0});
  const std::string unit = text_of(data, "unit");
  auto amount = [&](std::uint64_t value) { return unit == "bytes" ? humane_bytes(value) : std::to_string(value); };
  std::string text = amount(done);
  if (auto total = data.find("total"); total != data.end() && total->is_number()) text += " of " + amount(total->get<std::uint64_t>());
  return unit.empty() || unit == "bytes" ? text : text + " " + unit;
}

namespace {

std::string word(const Json& data, const char* key) { return one_line(text_of(data, key)); }

Lines run_started(const Json& data, bool) { return {word(data, "mode") + " " + word(data, "run") + " " + title_of_run(data)}; }

Lines run_replayed(const Json& data, bool) {
  return {std::to_string(get_or(data, "actions", 0)) + " actions from the journal, " + duration_text(data)};
}

Lines run_finished(const Json& data, bool full) {
  if (!full) return {};  // the last screen says it
  const std::string state = word(data, "state"), summary = word(data, "summary");
  return {"run ended: " + (state.empty() ? "exit " + std::to_string(get_or(data, "exit", 0)) : state) +
          (summary.empty() ? "" : ", " + summary)};
}

Lines scope_left(const Json& data, bool full) {
  const bool ok = get_or(data, "ok", true);
  if (ok && !full) return {};
  const std::string duration = duration_text(data);
  return {title_of_scope(data) + (ok ? " ended" : " failed") + (duration.empty() ? "" : ", " + duration)};
}

Lines verdict(const Json& data, const char* refusal) {
  Lines lines = gate_lines(data);
  const char* mark = refusal;
  if (get_or(data, "unknown", false))
    mark = "unknown ";
  else if (data.contains("overridden"))
    mark = "overridden ";
  else if (get_or(data, "ok", true))
    mark = "ok ";
  lines[0] = mark + lines[0];
  return lines;
}

Lines downtime(const Json& data, bool) {
  const std::string state = word(data, "state");
  if (get_or(data, "planned", false)) return state == "begun" ? Lines{"the application would be down from here"} : Lines{};
  if (state == "begun") return {"the application is down from here"};
  if (state == "ended") return {up_again_text(data)};
  return {};
}

Lines undo_started(const Json& data, bool) {
  const std::string because = word(data, "because");
  return {"GOING BACK" + (because.empty() ? "" : ": " + because)};
}

Lines answer(const Json& data, bool) {
  const std::string by = word(data, "by"), question = word(data, "text");
  return {(question.empty() ? "answer: " : question + " ") + word(data, "answer") + (by.empty() ? "" : " (by " + by + ")")};
}

Lines log_line(const Json& data, bool full) {
  const std::string level = word(data, "level");
  if (level == "debug" && !full) return {};
  return {(level == "warning" ? "warning: " : "") + word(data, "line")};
}

struct Stateless {
  std::string_view kind;
  Lines (*lines)(const Json& data, bool full);
};

constexpr Stateless kStateless[] = {
    {"run.started", run_started},
    {"run.replayed", run_replayed},
    {"run.finished", run_finished},
    {"scope.entered", [](const Json& data, bool) { return Lines{title_of_scope(data)}; }},
    {"scope.left", scope_left},
    {"action.started", [](const Json& data, bool full) { return full ? Lines{"start " + title_of_action(data)} : Lines{}; }},
    {"action.planned", [](const Json& data, bool) { return planned_lines(data); }},
    {"gate", [](const Json& data, bool) { return verdict(data, "refused "); }},
    {"expect", [](const Json& data, bool) { return verdict(data, "failed "); }},
    {"downtime", downtime},
    {"way_back", [](const Json& data, bool) { return Lines{"way back: " + word(data, "text")}; }},
    {"undo.started", undo_started},
    {"undo.item", [](const Json& data, bool) { return Lines{"undo " + word(data, "text")}; }},
    {"question", [](const Json& data, bool) { return Lines{"question: " + word(data, "text")}; }},
    {"answer", answer},
    {"log", log_line},
    {"evidence", [](const Json& data, bool) { return Lines{"evidence kept in " + word(data, "folder")}; }},
    {"drift", [](const Json& data, bool) { return drift_lines(data); }},
};

}  // namespace

std::vector<std::string> EventText::lines(const Event& event) {
  const Json& data = event.data;
  if (event.kind == "scope.left" && depth_ > 0) --depth_;
  Lines lines = unindented(event);
  const std::string indent(static_cast<size_t>(depth_) * 2, ' ');
  for (std::string& line : lines) line = indent + line;
  if (event.kind == "scope.entered") ++depth_;
  if (event.kind == "undo.started") depth_ = 1;
  if (event.kind == "question") questions_[text_of(data, "id")] = one_line(text_of(data, "text"));
  return lines;
}

std::vector<std::string> EventText::progress(const Json& data) {
  const std::string path = text_of(data, "path");
  if (detail_ == Detail::full) return {};
  try {
    const Utc now = parse_iso(text_of(data, "time"));
    auto [last, first] = last_progress_.emplace(path, now);
    if (first || now - last->second < kProgressEvery) return {};
    last->second = now;
  } catch (const Error&) {
    return {};
  }
  return {actions_[path] + ": " + progress_text(data)};
}

std::vector<std::string> EventText::unindented(const Event& event) {
  const Json& data = event.data;
  const bool full = detail_ == Detail::full;
  if (event.kind == "run.started" || event.kind == "run.finished") depth_ = 0;
  if (event.kind == "action.started") actions_[text_of(data, "path")] = title_of_action(data);
  if (event.kind == "action.progress") return progress(data);
  if (event.kind == "action.finished") {
    const std::string& known = actions_[text_of(data, "path")];
    return finished_action(data, known.empty() ? title_of_action(data) : known, full);
  }
  if (event.kind == "run.started") plan_ = text_of(data, "mode") == "plan";
  for (const auto& [kind, lines] : kStateless) {
    if (kind != event.kind) continue;
    if (!plan_ || kind != "downtime") return lines(data, full);
    Json planned = data;
    planned["planned"] = true;
    return lines(planned, full);
  }
  return {};
}

}  // namespace playbook::cli
