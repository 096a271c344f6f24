#include "runtime/engine/dialogue.h"

#include <algorithm>
#include <utility>

#include "runtime/base/diff.h"
#include "runtime/base/text.h"
#include "runtime/engine/undo.h"

namespace playbook {
namespace {

Answer value(Json json) { return {.kind = Answer::Kind::value, .value = std::move(json), .error = {}, .unknown_because = {}}; }
Answer failure(Error error) { return {.kind = Answer::Kind::error, .value = {}, .error = std::move(error), .unknown_because = {}}; }

Answer recorded_answer(const ActionRow& row) {
  return row.outcome == Outcome::ok ? value(row.result) : failure(Error::from_json(row.result));
}

constexpr const char* kRecheckMark = "recheck";

Error diverged(const ActionRow& row, const Request& request) {
  auto describe = [](const std::string& path, const std::string& name, const Json& args) {
    return path + "\n" + name + "\n" + args.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  };
  std::string diff = unified_diff(describe(row.path, row.name, row.args), describe(request.path, request.name, request.args));
  return {Code::replay_diverged,
          request.where + ": the playbook asks for something else than it did before:\n" + diff,
          "nothing was changed now; `playbook rollback` goes back to the old state",
          {{"recorded", row.path}, {"requested", request.path}, {"diff", diff}}};
}

}  // namespace

Ending Dialogue::carry(Script& script) {
  Answer next;
  try {
    for (;;) {
      Turn turn = script.resume(next);
      if (turn.kind == Turn::Kind::finished) return {Ending::Kind::finished, std::move(turn.result), {}, {}};
      if (turn.kind == Turn::Kind::failed) {
        if (actions_.control().suspend_requested() && !actions_.control().cancel_requested() && turn.error->code() == Code::cancelled)
          throw Stop{"suspended"};
        return {Ending::Kind::failed, {}, std::move(turn.error), {}};
      }
      next = answer(turn.request);
    }
  } catch (const Stop& stop) {
    return {Ending::Kind::stopped, {}, {}, stop};
  } catch (const std::exception& error) {
    return {Ending::Kind::failed, {}, as_error(error), {}};
  }
}

Answer Dialogue::answer(const Request& request) {
  if (request.name == "enter" || request.name == "leave") {
    scope_event(request);
    return value(nullptr);
  }
  Primitive* primitive = actions_.registry().find(request.name);
  if (primitive && primitive->declaration().kind == Kind::pure) {
    try {
      return value(actions_.compute(*primitive, request));
    } catch (const std::exception& error) {
      return failure(as_error(error));
    }
  }
  if (replaying()) return replay(request);
  go_live();
  return perform(request);
}

void Dialogue::go_live() {
  if (std::exchange(live_, true) || recorded_.empty()) return;
  actions_.events().emit("run.replayed", {{"actions", next_}, {"ms", watch_.ms()}});
  for (Json& scope : open_scopes_) actions_.events().emit("scope.entered", std::move(scope));
  open_scopes_.clear();
}

Answer Dialogue::replay(const Request& request) {
  const ActionRow& row = recorded_[next_];
  if (row.name == kRecheckMark) {
    ++next_;
    return {.kind = Answer::Kind::recheck, .value = {}, .error = {}, .unknown_because = {}, .recheck = row.args.value("number", 1)};
  }
  if (row.path != request.path || row.name != request.name || row.args_digest != digest(request.args)) throw diverged(row, request);
  ++next_;
  if (row.outcome == Outcome::ok) learn(row);
  return recorded_answer(row);
}

void Dialogue::learn(const ActionRow& row) {
  facts_.learn(row.name, row.path, row.args, row.result);
  const Primitive* primitive = row.change ? actions_.registry().find(row.name) : nullptr;
  if (primitive && primitive->undo_kind(row.full_args) != Undo::not_needed) facts_.note_change(actions_.describe(row.name, row.full_args));
}

Answer Dialogue::perform(const Request& request) {
  Control& control = actions_.control();
  if (control.cancel_requested()) return failure({Code::cancelled, "cancelled by the operator"});
  if (control.suspend_requested()) throw Stop{"suspended by the operator"};
  if (options_.phase == Phase::forward && actions_.journal().is_disk_full())
    throw Error(Code::disk_full, "the file system of the journal is full", "free space there");

  Primitive* primitive = actions_.registry().find(request.name);
  bool new_change = primitive ? primitive->declaration().kind == Kind::change : request.name == "downtime_begin";
  if (options_.resumed && new_change && !rechecked_) {
    rechecked_ = true;
    int number = options_.rechecks + 1;
    actions_.note({"resume#" + std::to_string(number), kRecheckMark, {{"number", number}}, ""}, options_.phase, nullptr);
    return {.kind = Answer::Kind::recheck, .value = {}, .error = {}, .unknown_because = {}, .recheck = number};
  }
  if (primitive) return perform_primitive(*primitive, request);
  return own_request(request);
}

Answer Dialogue::perform_primitive(Primitive& primitive, const Request& request) {
  ActionRow row;
  try {
    if (primitive.declaration().kind == Kind::read) {
      row = actions_.read(primitive, request, options_.phase);
      if (row.outcome == Outcome::none) throw Stop{"suspended by the operator"};
    } else {
      if (options_.phase == Phase::forward) {
        facts_.demand_open_gates(request), facts_.demand_way_back(primitive, request);
        if (primitive.undo_kind(checked_arguments(primitive.declaration(), request.args)) != Undo::not_needed)
          facts_.demand_known_overrides(options_.decisions.overrides, request);
      }
      row = actions_.change(primitive, request, options_.phase);
    }
  } catch (const Error& error) {
    // A refusal before the intent (wrong arguments, no way back) is the author's to hear; what the journal cannot take ends the run.
    if (error.code() == Code::argument_invalid || error.code() == Code::way_back_missing || error.code() == Code::gate_refused)
      return failure(error);
    if (error.code() == Code::process_lost) throw Stop{error.message(), false, {{"hint", error.hint()}}};
    throw;
  }
  if (row.outcome == Outcome::ok) learn(row);
  return recorded_answer(row);
}

Answer Dialogue::own_request(const Request& request) {
  const std::string& name = request.name;
  Json result = nullptr;
  if (name == "gate") try {
      facts_.demand_no_change(request);
    } catch (const Error& error) {
      return failure(error);
    }
  if (name == "gate" || name == "expect")
    result = check_result(request);
  else if (name == "accepted")
    result = options_.decisions.accepts(request.args.value("name", ""));
  else if (name == "confirm")
    result = confirm(request);
  else if (name == "downtime_begin")
    result = begin_downtime(request);
  else if (name == "downtime_end") {
    result = end_downtime();
  } else if (name == "downtime_closed")
    actions_.events().emit("downtime", {{"state", "closed"}});
  else if (name == "way_back")
    actions_.events().emit("way_back", {{"text", request.args.value("module", "") + "." + request.args.value("function", "")}});
  else if (name == "past_run")
    result = past_run(request);
  else if (name == "undo_action")
    return value(undo_past_action(request));
  else if (name == "recheck_failed")
    throw Stop{"gates refuse to go on", true, request.args};
  else if (name != "instance" && name != "stayed")
    return failure({Code::name_unknown, request.name + " does not exist" + did_you_mean(request.name, actions_.registry().names()),
                    "`playbook doc` lists the primitives"});
  ActionRow row = actions_.note(request, options_.phase, result);
  facts_.learn(row.name, row.path, row.args, row.result);
  return value(result);
}

Json Dialogue::check_result(const Request& request) const {
  Json event = request.args;
  Json result{{"overridden", false}};
  std::optional<std::string> reason = request.name == "gate" ? options_.decisions.override_of(request.args) : std::nullopt;
  if (reason) {
    result = {{"overridden", true}, {"reason", *reason}};
    event["overridden"] = *reason;
  }
  actions_.events().emit(request.name, std::move(event));
  return result;
}

Json Dialogue::confirm(const Request& request) {
  std::string text = request.args.value("text", "");
  if (options_.decisions.yes) {
    actions_.events().emit("answer", {{"id", request.path}, {"answer", "yes"}, {"by", "option"}, {"text", text}});
    return true;
  }
  std::optional<std::string> said = actions_.events().ask({request.path, text, {"yes", "no"}, request.args.value("details", Json())});
  if (!said) throw Stop{"a question needs an answer: " + text, false, {{"question", text}}};
  return *said == "yes";
}

Json Dialogue::begin_downtime(const Request& request) {
  facts_.demand_open_gates(request);
  facts_.demand_known_overrides(options_.decisions.overrides, request);
  if (options_.decisions.hold) throw Stop{"held before downtime"};
  Utc now = actions_.environment().clock->utc();
  if (options_.decisions.not_after && now > *options_.decisions.not_after)
    throw Error(Code::gate_refused,
                request.where + ": it is " + to_iso(now) + ", later than --not-after " + to_iso(*options_.decisions.not_after) +
                    "; the downtime was not begun",
                "run it again in the next window");
  actions_.events().emit("downtime", {{"state", "begun"}});
  downtime_watch_.emplace(*actions_.environment().clock);
  if (const std::string url = get_or<std::string>(facts_.instance(), "probe", ""); !url.empty()) prober_.emplace(url);
  return {{"time", to_iso(now)}};
}

/// {ms, changing_ms?}: for how long requests were refused, and how long all of it took; only the latter, as `ms`, where nobody asked. It is
/// monotonic where this process saw it begin; else by the clock on the wall, which may have jumped.
Json Dialogue::end_downtime() {
  std::int64_t all = 0;
  if (downtime_watch_) {
    all = downtime_watch_->ms();
  } else {
    auto length = actions_.environment().clock->utc() - parse_iso(facts_.downtime_began());
    all = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(length).count());
  }
  Json result{{"ms", all}};
  if (const auto refused = prober_ ? prober_->refused_ms() : std::nullopt) result = {{"ms", *refused}, {"changing_ms", all}};
  prober_.reset();
  Json event = result;
  event["state"] = "ended";
  actions_.events().emit("downtime", event);
  return result;
}

/// What a finished run left to go back over: its instance, the sources of its backup, and its undo list.
Json Dialogue::past_run(const Request& request) const {
  std::string id = request.args.value("run", "");
  std::vector<ActionRow> rows = actions_.journal().actions(id);
  Json past{{"run", id}, {"instance", nullptr}, {"backup", nullptr}, {"items", Json::array()}};
  for (const ActionRow& row : rows) {
    if (row.phase != Phase::forward || row.outcome != Outcome::ok) continue;
    if (row.name == "instance") past["instance"] = row.args;
    if (row.name == "backup.create") past["backup"] = {{"args", row.args}, {"set", row.result}};
  }
  for (const UndoItem& item : undo_list(rows, actions_.registry())) {
    Json entry{{"id", std::to_string(item.action.id)},
               {"name", item.action.name},
               {"text", actions_.describe(item.action.name, item.action.full_args)}};
    constexpr const char* kKinds[] = {"inverse", "way_back", "leftover", "impossible"};
    entry["kind"] = kKinds[static_cast<int>(item.kind)];
    if (item.kind == UndoItem::Kind::way_back) entry.update(item.action.args);
    past["items"].push_back(std::move(entry));
  }
  return past;
}

/// The inverse of an action of an earlier run, as an action of this one. It may be done twice; it has no inverse of its own, so it needs a
/// way back.
Json Dialogue::undo_past_action(const Request& request) {
  for (UndoItem& item : undo_list(actions_.journal().actions(request.args.value("run", "")), actions_.registry())) {
    ActionRow& past = item.action;
    if (std::to_string(past.id) != request.args.value("id", "")) continue;
    const bool undone = item.kind == UndoItem::Kind::leftover && !still_stands(actions_, past);
    past.path = past.run + "/" + past.path;  // apart from this run's own positions
    if (!undone) actions_.undo(past);
    actions_.note(request, options_.phase, nullptr);
    return nullptr;
  }
  throw Error(Code::name_unknown, "run " + request.args.value("run", "") + " has no action " + request.args.value("id", ""));
}

void Dialogue::scope_event(const Request& request) {
  Json data = request.args;
  data["path"] = request.path;
  if (replaying()) {
    if (request.name == "enter") open_scopes_.push_back(std::move(data));
    if (request.name == "leave" && !open_scopes_.empty()) open_scopes_.pop_back();
    return;
  }
  go_live();
  actions_.events().emit(request.name == "enter" ? "scope.entered" : "scope.left", std::move(data));
}

}  // namespace playbook
