// run_tree of journal_text.h: the rows of a run, which name their positions as paths, as a tree of steps.
#include <algorithm>
#include <map>

#include "bindings/cli/event_text.h"
#include "bindings/cli/journal_text.h"

namespace playbook::cli {
namespace {

struct Line {
  const char* mark;
  std::string text;
};

std::string title_of_function(const std::string& level) {
  const std::string name = level.substr(0, level.find_first_of("#@")), attempt = level.substr(level.rfind('@') + 1);
  return (name == "way_back" ? "way back" : one_line(name)) + (attempt == "1" ? "" : ", attempt " + attempt);
}

// `Back up#1` as a person says it: `Back up`, and `Back up (2)` for the second of that name.
std::string title_of_level(const std::string& level) {
  if (level.find('@') != std::string::npos) return title_of_function(level);
  const size_t hash = level.rfind('#');
  if (hash == std::string::npos) return one_line(level);
  const std::string number = level.substr(hash + 1), title = one_line(level.substr(0, hash));
  return number == "1" ? title : title + " (" + number + ")";
}

// The steps that a row stands in. A check has a level of its own, which its line replaces; on the way back the steps are those of the
// function that ran (`undo/downtime#1/way_back#1@1/...`: the way back, first attempt), and inverses stand alone.
std::vector<std::string> levels_of(const ActionRow& row) {
  std::vector<std::string> levels = split(row.path, '/');
  levels.pop_back();
  const bool check = row.name == "gate" || row.name == "expect";
  if (check && !levels.empty() && levels.back().rfind(text_of(row.args, "name") + "#", 0) == 0) levels.pop_back();
  if (row.phase == Phase::undo) return {};
  if (row.phase != Phase::back) return levels;
  const auto function =
      std::find_if(levels.begin(), levels.end(), [](const std::string& level) { return level.find('@') != std::string::npos; });
  return {function, levels.end()};
}

std::string action_text(const ActionRow& row, const Registry& primitives) {
  std::string text = row.name;
  const Primitive* primitive = primitives.find(row.name);
  if (!primitive) return text;
  for (const Parameter& parameter : primitive->declaration().parameters) {
    const Json value = get_or(row.full_args, parameter.name.c_str(), Json());
    if (!parameter.required || value.is_null()) continue;
    const std::string word = value.is_string() ? one_line(value.get<std::string>()) : one_line(text_of(value, "name"));
    if (!word.empty() && columns(word) <= 60) text += " " + word;
  }
  return text;
}

// What the engine itself notes, in words; nothing for what says nothing to a person.
std::optional<Line> note_line(const ActionRow& row, const Marks& marks) {
  if (row.name == "gate" || row.name == "expect") {
    Json data = row.args;
    const bool overridden = get_or(row.result, "overridden", false);
    if (overridden) data["overridden"] = text_of(row.result, "reason");
    const bool ok = get_or(data, "ok", true);
    return Line{get_or(data, "unknown", false) ? marks.unknown
                : ok                           ? marks.ok
                : overridden                   ? marks.warning
                                               : marks.failed,
                join(gate_lines(data), " ")};
  }
  if (row.name == "confirm")
    return Line{marks.unknown, one_line(text_of(row.args, "text")) + " " + (row.result == Json(true) ? "yes" : "no")};
  if (row.name == "accepted") {
    const std::string accepted = row.result == Json(true) ? "accepted: " : "not accepted: ";
    return Line{marks.note, accepted + one_line(text_of(row.args, "name"))};
  }
  if (row.name == "way_back" && row.phase == Phase::forward)
    return Line{marks.note, "way back: " + text_of(row.args, "module") + "." + text_of(row.args, "function")};
  if (row.name == "downtime_begin") return Line{marks.note, "the application is down from here"};
  if (row.name == "downtime_end") return Line{marks.note, up_again_text(row.result)};
  if (row.name == "attempt_failed") return Line{marks.failed, "attempt failed: " + error_line(row.result)};
  if (row.name == "recheck") return Line{marks.note, "resumed: all gates again"};
  return std::nullopt;
}

class Tree {
 public:
  Tree(const Registry& primitives, const Terminal& terminal)
      : primitives_(primitives), marks_(marks(terminal.unicode)), paint_(terminal.colours) {}

  void measure(const std::vector<ActionRow>& actions) {
    for (const ActionRow& row : actions) by_id_[row.id] = &row;
    for (const ActionRow& row : actions) {
      if (row.started.empty() || row.finished.empty()) continue;
      std::string prefix;
      for (const std::string& level : levels_of(row)) {
        prefix += level + "/";
        auto [span, first] = spans_.emplace(prefix, std::pair{row.started, row.finished});
        if (first) continue;
        span->second.first = std::min(span->second.first, row.started);
        span->second.second = std::max(span->second.second, row.finished);
      }
    }
  }

  void add(const ActionRow& row) {
    const auto note = note_line(row, marks_);
    const bool own = row.name.find('.') == std::string::npos;
    if (own && !note) return;
    enter(levels_of(row));
    if (note) return line(note->mark, note->text, "");
    const char* mark = row.outcome == Outcome::ok ? marks_.ok : row.outcome == Outcome::none ? marks_.unknown : marks_.failed;
    const auto undone = row.phase == Phase::undo ? by_id_.find(get_or(row.args, "of", std::int64_t{-1})) : by_id_.end();
    const std::string text_of_action =
        undone == by_id_.end() ? action_text(row, primitives_) : "undo " + action_text(*undone->second, primitives_);
    line(mark, text_of_action, row.duration_ms > 0 ? humane_ms(static_cast<double>(row.duration_ms)) : "");
    if (row.outcome == Outcome::none) line(" ", "cut short: whether it took effect is not recorded", "");
    if (row.outcome == Outcome::error) line(" ", error_line(row.result), "");
  }

  std::string text;

 private:
  // Heads of the levels that the row before did not share.
  void enter(const std::vector<std::string>& levels) {
    size_t same = 0;
    while (same < levels.size() && same < open_.size() && levels[same] == open_[same]) ++same;
    std::string prefix;
    for (size_t i = 0; i < levels.size(); ++i) {
      prefix += levels[i] + "/";
      if (i < same) continue;
      text += std::string(i * 2, ' ') + paint_(Colour::bold, title_of_level(levels[i])) + span_of(prefix) + "\n";
    }
    open_ = levels;
  }

  std::string span_of(const std::string& prefix) const {
    auto span = spans_.find(prefix);
    if (span == spans_.end()) return "";
    try {
      const auto length = parse_iso(span->second.second) - parse_iso(span->second.first);
      return "  " + paint_(Colour::dim, humane(length));
    } catch (const Error&) {
      return "";
    }
  }

  void line(const char* mark, const std::string& words, const std::string& duration) {
    text += std::string(open_.size() * 2, ' ') + mark + " " + words + (duration.empty() ? "" : "  " + paint_(Colour::dim, duration)) + "\n";
  }

  const Registry& primitives_;
  const Marks& marks_;
  Paint paint_;
  std::vector<std::string> open_;
  std::map<std::string, std::pair<std::string, std::string>> spans_;  // position of a block -> first start, last end
  std::map<std::int64_t, const ActionRow*> by_id_;
};

}  // namespace

std::string run_tree(const std::vector<ActionRow>& actions, const Registry& primitives, const Terminal& terminal) {
  Tree tree(primitives, terminal);
  tree.measure(actions);
  bool back = false;
  for (const ActionRow& row : actions) {
    if (row.name.find('.') != std::string::npos && !row.change && row.outcome == Outcome::ok) continue;  // what was only read
    if (row.phase != Phase::forward && row.phase != Phase::mark && !back) {
      tree.text += "\n" + Paint(terminal.colours)(Colour::yellow, "Going back") + "\n";
      back = true;
    }
    tree.add(row);
  }
  return tree.text;
}

}  // namespace playbook::cli
