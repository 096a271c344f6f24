#include "runtime/engine/planner.h"

#include <algorithm>

#include "runtime/base/text.h"

namespace playbook {
namespace {

bool is_file(const std::string& thing) { return thing.starts_with("file:"); }

bool overlaps(const std::string& a, const std::string& b) {
  auto covers = [](const std::string& outer, const std::string& inner) {
    return inner == outer || (inner.starts_with(outer) && (outer.ends_with('/') || inner[outer.size()] == '/'));
  };
  return a == "*" || b == "*" || covers(a, b) || covers(b, a);
}

Answer value(Json json) {
  Answer answer;
  answer.value = std::move(json);
  return answer;
}

Answer failure(const Error& error) {
  Answer answer;
  answer.kind = Answer::Kind::error;
  answer.error = error;
  return answer;
}

Answer unknown(std::string because) {
  Answer answer;
  answer.kind = Answer::Kind::unknown;
  answer.unknown_because = std::move(because);
  return answer;
}

constexpr const char* kNoGates = "the playbook asks no gates before its first change, so nothing can be said of it";

const char* word(Undo undo) { return undo == Undo::inverse ? "inverse" : undo == Undo::not_needed ? "not_needed" : "way_back"; }

}  // namespace

RunResult Planner::walk(Script& script) {
  RunResult result;
  result.summary = "the plan is whole";
  try {
    for (Answer next;;) {
      Turn turn = script.resume(next);
      if (turn.kind == Turn::Kind::request) {
        next = answer(turn.request);
        continue;
      }
      if (turn.kind == Turn::Kind::finished) {
        result.value = std::move(turn.result);
        if (extent_ == Extent::gates) result.summary = asked_ ? "all gates are open" : kNoGates;
      } else if (turn.error->code() == Code::plan_unknown) {
        result.summary = turn.error->message();
        result.report["ends_at"] = turn.error->details();
      } else {
        result.error = std::move(turn.error);
        result.exit = exit_before_changes(result.error->code());
        result.summary = result.error->message();
      }
      return result;
    }
  } catch (const End&) {
    result.exit = refused_ ? kRefused : kReached;
    result.summary = refused_ ? "gates refuse" : asked_ ? "all gates are open" : kNoGates;
    return result;
  }
}

Answer Planner::answer(const Request& request) {
  if (actions_.control().interrupt_token().requested()) return failure({Code::cancelled, "cancelled by the operator"});
  Primitive* primitive = actions_.registry().find(request.name);
  try {
    if (!primitive) return own_request(request);
    switch (primitive->declaration().kind) {
      case Kind::pure:
        return value(actions_.compute(*primitive, request));
      case Kind::read:
        return read(*primitive, request);
      case Kind::change:
        return change(*primitive, request);
    }
  } catch (const Error& error) {
    return failure(error);
  }
  return unknown(request.name);
}

Context Planner::context(const Request& request) { return Context(actions_.environment(), "plan/" + request.path, nullptr, nullptr); }

/// A change of anything but files may show in everything that is not a file; what can rewrite data may show anywhere.
bool Planner::is_affected(const std::vector<std::string>& things) const {
  if (planned_.empty()) return false;
  if (planned_.count("*")) return true;
  bool only_files = !things.empty() && std::all_of(things.begin(), things.end(), is_file);
  if (!only_files && !std::all_of(planned_.begin(), planned_.end(), is_file)) return true;
  return std::any_of(things.begin(), things.end(), [&](const std::string& thing) {
    return std::any_of(planned_.begin(), planned_.end(), [&](const std::string& change) { return overlaps(thing, change); });
  });
}

Answer Planner::read(Primitive& primitive, const Request& request) {
  Json args = checked_arguments(primitive.declaration(), request.args);
  Context lent = context(request);
  if (!is_affected(primitive.touches(lent, args))) return value(actions_.environment().redactor->apply(primitive.run(lent, args, nullptr)));
  Planned planned = primitive.plan(lent, args);
  if (planned.predicted) return value(planned.result);
  return unknown(actions_.describe(request.name, args) + " (" + request.where + "), after " + first_change_);
}

Answer Planner::change(Primitive& primitive, const Request& request) {
  if (extent_ == Extent::gates) throw End{};
  if (extent_ == Extent::reads)
    throw Error(Code::unsupported, request.where + ": " + request.name + " changes something; only reads are allowed here",
                "write a playbook and run it");
  Json args = checked_arguments(primitive.declaration(), request.args);
  facts_.demand_way_back(primitive, request);
  Context lent = context(request);
  Planned planned = primitive.plan(lent, args);
  Json event{{"path", request.path},
             {"name", request.name},
             {"text", planned.text},
             {"predicted", planned.predicted},
             {"undo", word(primitive.undo_kind(args))},
             {"where", request.where}};
  if (!planned.diff.empty()) event["diff"] = planned.diff;
  actions_.events().emit("action.planned", std::move(event));

  std::string text = actions_.describe(request.name, args);
  if (first_change_.empty()) first_change_ = text;
  if (primitive.undo_kind(args) != Undo::not_needed) facts_.note_change(text);
  for (const std::string& thing : primitive.touches(lent, args)) planned_.insert(thing);
  if (primitive.may_lose_data(args)) planned_.insert("*");
  if (!planned.predicted) return unknown(text + " (" + request.where + ")");
  facts_.learn(request.name, request.path, request.args, planned.result);
  return value(planned.result);
}

Answer Planner::own_request(const Request& request) {
  const std::string& name = request.name;
  Json result = nullptr;
  if (name == "enter" || name == "leave") {
    Json data = request.args;
    data["path"] = request.path;
    actions_.events().emit(name == "enter" ? "scope.entered" : "scope.left", std::move(data));
  } else if (name == "gate" || name == "expect") {
    if (name == "gate") facts_.demand_no_change(request), asked_ = true;
    Json event = request.args;
    std::optional<std::string> reason = name == "gate" ? decisions_.override_of(event) : std::nullopt;
    bool refuses = !event.value("ok", false) && !event.value("unknown", false);
    if (reason) event["overridden"] = *reason;
    if (name == "gate" && refuses && !reason) ++refused_;
    actions_.events().emit(name, std::move(event));
    result = {{"overridden", reason.has_value()}};
  } else if (name == "accepted") {
    result = decisions_.accepts(request.args.value("name", ""));
  } else if (name == "confirm") {
    actions_.events().emit("action.planned", {{"path", request.path},
                                              {"name", "confirm"},
                                              {"text", "ask: " + request.args.value("text", "")},
                                              {"predicted", true},
                                              {"undo", "not_needed"},
                                              {"where", request.where}});
    result = true;
  } else if (name == "downtime_begin") {
    if (extent_ == Extent::gates) throw End{};
    result = {{"time", to_iso(actions_.environment().clock->utc())}};
    actions_.events().emit("downtime", {{"state", "begun"}});
  } else if (name == "downtime_end") {
    result = {{"ms", 0}};
    actions_.events().emit("downtime", {{"state", "ended"}});
  } else if (name == "way_back") {
    actions_.events().emit("way_back", {{"text", request.args.value("module", "") + "." + request.args.value("function", "")}});
  } else if (name == "past_run" || name == "undo_action") {
    return unknown("the run that is taken back");
  } else if (name != "instance" && name != "downtime_closed" && name != "stayed") {
    throw Error(Code::name_unknown, request.name + " does not exist" + did_you_mean(request.name, actions_.registry().names()),
                "`playbook doc` lists the primitives");
  }
  facts_.learn(name, request.path, request.args, result);
  return value(result);
}

}  // namespace playbook
