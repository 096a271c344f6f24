#include "runtime/engine/undo.h"

#include <algorithm>

#include "runtime/engine/position.h"

namespace playbook {
namespace {

bool took_effect(const ActionRow& row) { return row.phase == Phase::forward && row.change; }

// Done, and still so: a run that could reach neither state stopped the writers anew, after their inverses had started them.
bool is_undone(const std::vector<ActionRow>& rows, const ActionRow& action) {
  bool undone = false;
  for (const ActionRow& row : rows) {  // in the order in which they ended
    if (row.outcome != Outcome::ok) continue;
    if (row.phase == Phase::undo && row.path == "undo/" + action.path) undone = true;
    if (row.phase == Phase::mark && row.name == action.name && row.path.starts_with("stop_writers/")) undone = false;
  }
  return undone;
}

bool is_file_edit(const ActionRow& row, const Registry& registry) {
  const Primitive* primitive = registry.find(row.name);
  return primitive && primitive->is_file_edit() && primitive->undo_kind(row.full_args) == Undo::inverse;
}

}  // namespace

std::vector<UndoItem> undo_list(const std::vector<ActionRow>& rows, const Registry& registry) {
  std::vector<ActionRow> ways_back, candidates;
  for (const ActionRow& row : rows) {
    if (row.phase != Phase::forward) continue;
    if (row.name == "way_back") ways_back.push_back(row);
    if (row.name == "way_back" || took_effect(row)) candidates.push_back(row);
  }
  std::sort(candidates.begin(), candidates.end(), [](const ActionRow& a, const ActionRow& b) { return a.id > b.id; });

  std::vector<UndoItem> items, leftovers;
  for (ActionRow& row : candidates) {
    bool covered = std::any_of(ways_back.begin(), ways_back.end(),
                               [&](const ActionRow& way) { return row.id > way.id && is_within(row.path, block_of(way.path)); });
    if (covered) {
      if (row.name != "way_back" && is_file_edit(row, registry)) leftovers.push_back({UndoItem::Kind::leftover, std::move(row)});
      continue;
    }
    if (row.name == "way_back") {
      items.push_back({UndoItem::Kind::way_back, std::move(row)});
      std::move(leftovers.begin(), leftovers.end(), std::back_inserter(items));  // behind the way back that covers them
      leftovers.clear();
      continue;
    }
    switch (registry.at(row.name).undo_kind(row.full_args)) {
      case Undo::inverse:
        items.push_back({UndoItem::Kind::inverse, std::move(row)});
        break;
      case Undo::impossible:
        items.push_back({UndoItem::Kind::impossible, std::move(row)});
        break;
      case Undo::not_needed:
        break;
    }
  }
  return items;
}

bool still_stands(Actions& actions, const ActionRow& edit) {
  if (edit.outcome == Outcome::none) return actions.probe(edit).state == Probe::State::done;
  return edit.outcome == Outcome::ok && !actions.drift(edit);
}

Json WayHome::go(const std::vector<ActionRow>& rows) {
  std::vector<UndoItem> items = undo_list(rows, actions_.registry());
  Json instance = nullptr;
  for (const ActionRow& row : rows)
    if (row.name == "instance") instance = row.args;

  size_t index = 0;
  const auto count = static_cast<size_t>(
      std::count_if(items.begin(), items.end(), [](const UndoItem& item) { return item.kind != UndoItem::Kind::leftover; }));
  for (const UndoItem& item : items) {
    if (item.kind != UndoItem::Kind::leftover) ++index;
    if (is_undone(rows, item.action)) continue;
    if (item.kind == UndoItem::Kind::leftover && !still_stands(actions_, item.action)) continue;
    actions_.events().emit("undo.item", {{"index", index},
                                         {"of", count},
                                         {"path", item.action.path},
                                         {"text", item.kind == UndoItem::Kind::way_back
                                                      ? item.action.args.value("module", "") + "." + item.action.args.value("function", "")
                                                      : actions_.describe(item.action.name, item.action.full_args)}});
    switch (item.kind) {
      case UndoItem::Kind::leftover:
      case UndoItem::Kind::inverse:
        actions_.undo(item.action);
        break;
      case UndoItem::Kind::way_back:
        run_way_back(item.action);
        break;
      case UndoItem::Kind::impossible:
        throw Error(Code::unsupported,
                    actions_.describe(item.action.name, item.action.full_args) + " (" + item.action.where + ") has no inverse",
                    "undo it by hand, then `playbook settle --as old --reason TEXT`");
    }
  }
  if (!instance.is_object() || !instance.contains("module")) return "the old state, by its inverses; nothing verified it";
  const std::string module = instance["module"];
  return run_function("undo/verify", module, "verify", Json::array({instance}))
      .value_or("the old state; not verified, because " + module + " exports no function verify");
}

void WayHome::run_way_back(const ActionRow& way_back) {
  std::string position = "undo/" + way_back.path;
  const Json& args = way_back.args;
  const std::string module = args.at("module"), function = args.at("function");
  if (!run_function(position, module, function, args.value("args", Json::array())))
    throw Error(Code::name_unknown, "module " + module + " exports no function " + function);
  actions_.note({position, "way_back", {{"of", way_back.id}}, way_back.where}, Phase::undo, nullptr);
}

/// Each attempt has its own prefix. One that failed is not replayed; one that a crash cut short is.
std::optional<Json> WayHome::run_function(const std::string& position, const std::string& module, const std::string& function,
                                          const Json& args) {
  std::vector<ActionRow> rows = actions_.journal().actions(actions_.environment().run_id);
  int attempt = 1;
  for (const ActionRow& row : rows)
    if (row.phase == Phase::mark && row.name == "attempt_failed" && row.path == position) ++attempt;
  std::string prefix = position + "@" + std::to_string(attempt) + "/";

  std::vector<ActionRow> recorded;
  for (const ActionRow& row : rows) {
    if (row.phase != Phase::back || !row.path.starts_with(prefix)) continue;
    if (row.outcome == Outcome::none) continue;  // settled before: Session::settle_doubts
    recorded.push_back(row);
  }
  std::unique_ptr<Script> script = scripts_.function(module, function, args, prefix);
  if (!script) return std::nullopt;
  Dialogue::Options options;
  options.phase = Phase::back;
  options.decisions = decisions_;
  Dialogue dialogue(actions_, std::move(recorded), options);
  Ending ending = dialogue.carry(*script);
  if (ending.kind == Ending::Kind::finished) return ending.result;
  if (ending.kind == Ending::Kind::stopped) throw ending.stop;
  actions_.note({position, "attempt_failed", {{"attempt", attempt}}, ""}, Phase::mark, ending.error->to_json());
  throw *ending.error;
}

}  // namespace playbook
