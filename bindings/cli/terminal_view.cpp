#include "bindings/cli/terminal_view.h"

namespace playbook::cli {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr size_t kOutputWhileRunning = 4, kOutputOfFailure = 12;  // lines

Utc time_of(const Json& data) {
  try {
    return parse_iso(text_of(data, "time"));
  } catch (const Error&) {
    return {};
  }
}

Row::Mark outcome_mark(const std::string& outcome) {
  return outcome == "ok" ? Row::Mark::ok : outcome == "cancelled" ? Row::Mark::cancelled : Row::Mark::failed;
}

std::string rate_text(const Json& data, std::chrono::milliseconds elapsed) {
  const auto done = get_or(data, "done", 0.0), total = get_or(data, "total", 0.0);
  std::string text;
  if (total > 0) text += "  " + std::to_string(static_cast<int>(std::min(done / total, 1.0) * 100)) + "%";
  if (text_of(data, "unit") == "bytes" && elapsed.count() >= 500) {
    text += "  " + humane_bytes(static_cast<unsigned long long>(done * 1000 / static_cast<double>(elapsed.count()))) + "/s";
  }
  return text;
}

Colour diff_colour(const std::string& line) {
  if (line.rfind("+", 0) == 0) return Colour::green;
  if (line.rfind("-", 0) == 0) return Colour::red;
  return line.rfind("@@", 0) == 0 ? Colour::cyan : Colour::dim;
}

}  // namespace

TerminalView::TerminalView(std::ostream& out, const Terminal& terminal, const Clock& clock, bool ticking) : rows_(out, terminal, clock) {
  if (!ticking) return;
  ticker_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kTick, [this] { return ended_; })) {
      if (!paused_ && rows_.changing()) rows_.draw();
    }
  });
}

TerminalView::~TerminalView() { finish(); }

void TerminalView::finish() {
  {
    std::lock_guard lock(mutex_);
    if (!ended_) rows_.settle();
    ended_ = true;
  }
  wake_.notify_all();
  if (ticker_.joinable()) ticker_.join();
}

void TerminalView::tick() {
  std::lock_guard lock(mutex_);
  if (!paused_) rows_.draw();
}

void TerminalView::pause() {
  std::lock_guard lock(mutex_);
  paused_ = true;
  if (!ended_) rows_.hide();
}

void TerminalView::proceed() {
  std::lock_guard lock(mutex_);
  paused_ = false;
  if (!ended_) rows_.draw();
}

TerminalView::Handler TerminalView::handler_of(const std::string& kind) {
  static const std::map<std::string_view, Handler> kHandlers = {
      {"run.started", &TerminalView::run_started},
      {"run.finished", &TerminalView::run_finished},
      {"scope.entered", &TerminalView::scope_entered},
      {"scope.left", &TerminalView::scope_left},
      {"action.started", &TerminalView::action_started},
      {"action.progress", &TerminalView::action_progress},
      {"action.finished", &TerminalView::action_finished},
      {"action.planned", &TerminalView::action_planned},
      {"gate", &TerminalView::verdict},
      {"expect", &TerminalView::verdict},
      {"undo.started", &TerminalView::undo_started},
      {"undo.item", &TerminalView::undo_item},
      {"question", &TerminalView::question},
      {"answer", &TerminalView::answered},
      {"log", &TerminalView::log_line},
  };
  const auto found = kHandlers.find(kind);
  return found == kHandlers.end() ? nullptr : found->second;
}

void TerminalView::on_event(const Event& event) {
  std::lock_guard lock(mutex_);
  if (Handler handler = handler_of(event.kind))
    (this->*handler)(event.data);
  else
    other(event.kind, event.data);
  if (!paused_) rows_.draw();
}

void TerminalView::note(Row::Mark mark, const std::string& text, Colour colour, int deeper) {
  Row row;
  row.depth = depth() + deeper;
  row.mark = mark;
  row.text = text;
  row.colour = colour;
  rows_.add(std::move(row));
}

void TerminalView::open(const Json& data, const std::string& text, Colour colour, bool quiet) {
  Row row;
  row.key = text_of(data, "path");
  row.depth = depth();
  row.mark = Row::Mark::open;
  row.text = text;
  row.colour = colour;
  row.began = time_of(data);
  row.quiet = quiet;
  rows_.add(std::move(row));
}

void TerminalView::error_rows(const Json& data) {
  const auto error = data.find("error");
  if (error != data.end() && error->is_object()) note(Row::Mark::none, error_line(*error), Colour::red, 2);
}

void TerminalView::run_started(const Json& data) {
  text_.lines({"run.started", data});
  const std::string mode = text_of(data, "mode");
  plan_ = mode == "plan";
  note(Row::Mark::none, (mode.empty() || mode == "run" ? "" : mode + " ") + title_of_run(data), Colour::bold);
}

void TerminalView::run_finished(const Json& data) {
  close_undo_item(get_or(data, "exit", 0) == kAttention ? Json{{"outcome", "error"}} : Json::object());
  for (Row& row : rows_.rows()) {  // what did not end has no mark of its own
    if (row.mark == Row::Mark::open) row.mark = Row::Mark::note;
  }
  scopes_.clear();
  base_depth_ = 0;
}

void TerminalView::scope_entered(const Json& data) {
  const std::string title = title_of_scope(data);
  open(data, title, Colour::bold, false);
  scopes_.push_back({text_of(data, "path"), title, plan_ && text_of(data, "kind") != "gates", time_of(data)});
}

void TerminalView::scope_left(const Json& data) {
  if (scopes_.empty()) return;
  const Scope scope = scopes_.back();
  scopes_.pop_back();
  Row* row = rows_.find(scope.path);
  if (!row) {  // its head has scrolled away
    note(Row::Mark::open, scope.title, Colour::bold);
    row = &rows_.rows().back();
  }
  row->mark = get_or(data, "ok", true) ? Row::Mark::ok : Row::Mark::failed;
  if (!scope.planned)
    row->took = std::max(std::chrono::milliseconds(0), time_of(data) - scope.began);
  else if (row->mark == Row::Mark::ok)
    row->mark = Row::Mark::note;
}

void TerminalView::action_started(const Json& data) {
  if (text_of(data, "phase") == "undo") return;  // undo.item has shown it
  open(data, title_of_action(data), Colour::none, !get_or(data, "change", true));
}

void TerminalView::action_progress(const Json& data) {
  if (Row* row = rows_.find(text_of(data, "path"))) row->detail = progress_text(data) + rate_text(data, time_of(data) - row->began);
}

void TerminalView::action_finished(const Json& data) {
  const std::string key = text_of(data, "path"), outcome = text_of(data, "outcome");
  if (text_of(data, "phase") == "undo") return close_undo_item(data);
  Row* row = rows_.find(key);
  if (outcome == "ok" && row && row->quiet) return rows_.erase(key);
  rows_.trim_output(key, outcome == "ok" ? 0 : kOutputOfFailure);
  row = rows_.find(key);
  if (!row) {
    note(Row::Mark::open, title_of_action(data));
    row = &rows_.rows().back();
  }
  row->mark = outcome_mark(outcome);
  row->took = std::chrono::milliseconds(get_or(data, "ms", std::int64_t{0}));
  if (row->quiet) row->took.reset();
  if (outcome != "ok") error_rows(data);
}

void TerminalView::action_planned(const Json& data) {
  bool first = true;
  for (const std::string& line : lines_of(printable(text_of(data, "text")))) {
    note(first ? Row::Mark::note : Row::Mark::none, (first ? "would " : "") + line, Colour::none, first ? 0 : 1);
    first = false;
  }
  for (const std::string& line : lines_of(printable(text_of(data, "diff")))) note(Row::Mark::none, line, diff_colour(line), 2);
  if (text_of(data, "undo") == "impossible") note(Row::Mark::warning, "cannot be undone by itself", Colour::yellow, 1);
}

void TerminalView::verdict(const Json& data) {
  const auto lines = gate_lines(data);
  Row::Mark mark = get_or(data, "ok", true) ? Row::Mark::ok : Row::Mark::failed;
  if (get_or(data, "unknown", false)) mark = Row::Mark::unknown;
  if (data.contains("overridden")) mark = Row::Mark::warning;
  note(mark, lines[0]);
  for (size_t i = 1; i < lines.size(); ++i) note(Row::Mark::none, lines[i], Colour::dim, 1);
}

void TerminalView::undo_started(const Json& data) {
  for (Row& row : rows_.rows()) {
    if (row.mark == Row::Mark::open) row.mark = Row::Mark::failed;
  }
  scopes_.clear();
  base_depth_ = 0;
  const std::string because = one_line(text_of(data, "because"));
  note(Row::Mark::warning, "Going back" + (because.empty() ? "" : ": " + because), Colour::yellow);
  base_depth_ = 1;
}

void TerminalView::close_undo_item(const Json& data) {
  if (undo_item_.empty()) return;
  const std::string outcome = text_of(data, "outcome");
  Row* row = rows_.find(undo_item_);
  if (row) row->mark = outcome.empty() ? Row::Mark::ok : outcome_mark(outcome);
  if (!outcome.empty() && outcome != "ok") error_rows(data);
  undo_item_.clear();
  base_depth_ = 1;
}

void TerminalView::undo_item(const Json& data) {
  close_undo_item(Json::object());
  Json item = data;
  item["path"] = "undo item " + text_of(data, "path");
  open(item, "undo " + one_line(text_of(data, "text")), Colour::none, false);
  undo_item_ = text_of(item, "path");
  base_depth_ = 2;
}

void TerminalView::question(const Json& data) { questions_[text_of(data, "id")] = one_line(text_of(data, "text")); }

void TerminalView::answered(const Json& data) {
  const std::string asked = questions_[text_of(data, "id")], by = one_line(text_of(data, "by"));
  const std::string question = asked.empty() ? one_line(text_of(data, "text")) : asked;
  note(Row::Mark::unknown,
       (question.empty() ? "answer" : question) + " " + one_line(text_of(data, "answer")) + (by.empty() ? "" : " (by " + by + ")"));
}

void TerminalView::log_line(const Json& data) {
  const std::string level = text_of(data, "level"), line = one_line(text_of(data, "line")), path = text_of(data, "path");
  const Row* action = path.empty() ? nullptr : rows_.find(path);
  if (level == "warning") return note(Row::Mark::warning, line, Colour::yellow, action ? 1 : 0);
  const bool is_output = action && !action->quiet;
  if (level == "debug" && !is_output) return;
  if (!is_output) return note(Row::Mark::note, line);
  Row row;
  row.key = path;
  row.depth = action->depth + 2;
  row.text = line;
  row.colour = Colour::dim;
  row.output = true;
  rows_.add(std::move(row));
  rows_.trim_output(path, kOutputWhileRunning);
}

void TerminalView::other(const std::string& kind, const Json& data) {
  for (const std::string& line : text_.lines({kind, data})) note(kind == "drift" ? Row::Mark::warning : Row::Mark::note, line, Colour::dim);
}

}  // namespace playbook::cli
