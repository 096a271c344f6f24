#include "runtime/engine/actions.h"

#include "runtime/base/text.h"
#include "runtime/engine/stopwatch.h"

namespace playbook {
namespace {

// Reads may stop for a suspension too; changes only for a cancellation.
RunEnvironment interruptible(const RunEnvironment& environment, Control& control) {
  RunEnvironment copy = environment;
  copy.cancel = &control.interrupt_token();
  return copy;
}

Outcome outcome_of(const Error& error) { return error.code() == Code::cancelled ? Outcome::cancelled : Outcome::error; }

}  // namespace

Record to_record(const ActionRow& row) {
  return {row.path,
          row.name,
          row.version,
          row.full_args,
          row.prepared,
          row.outcome != Outcome::none,
          row.outcome == Outcome::ok ? row.result : Json()};
}

Context Actions::context(const std::string& path, const std::string& action_id, const RunEnvironment& environment) {
  return Context(
      environment, action_id,
      [this, path](std::uint64_t done, std::optional<std::uint64_t> total, const std::string& unit) {
        Json data{{"path", path}, {"done", done}, {"unit", unit}};
        if (total) data["total"] = *total;
        events_.emit("action.progress", std::move(data));
      },
      [this, path](LogLevel level, const std::string& line) {
        static constexpr const char* kLevels[] = {"debug", "info", "warning"};
        events_.emit("log", {{"level", kLevels[static_cast<int>(level)]}, {"line", to_utf8(line)}, {"path", path}});
      });
}

ActionRow Actions::row_for(const Declaration& declaration, const Request& request, const Json& full_args, Phase phase) const {
  ActionRow row;
  row.run = environment_.run_id;
  row.phase = phase;
  row.path = request.path;
  row.name = declaration.name;
  row.version = declaration.version;
  row.args_digest = digest(request.args);
  row.args = request.args;
  row.full_args = full_args;
  row.change = declaration.kind == Kind::change;
  row.where = request.where;
  row.started = to_iso(environment_.clock->utc());
  return row;
}

namespace {

/// An argument for people: a text as it is, a command as it is typed, a thing by its name.
std::string word_for(const Json& value) {
  if (is_secret(value)) return secret_label(value);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object()) {
    for (const char* key : {"name", "systemd", "service"})
      if (value.contains(key) && value[key].is_string()) return value[key].get<std::string>();
    return "";
  }
  std::vector<std::string> words;
  if (value.is_array())
    for (const Json& item : value)
      if (item.is_string()) words.push_back(item.get<std::string>());
  return join(words, " ");
}

}  // namespace

std::string Actions::describe(const std::string& name, const Json& args) const {
  std::string text = name;
  if (Primitive* primitive = registry_.find(name))
    for (const Parameter& parameter : primitive->declaration().parameters) {
      if (!parameter.required || !args.contains(parameter.name)) continue;
      const bool is_content = parameter.type == Type::secret || parameter.type == Type::any;
      if (is_content && !is_secret(args[parameter.name]) && !get_or(args, "public", false)) continue;
      std::string word = word_for(args[parameter.name]);
      std::string inside = environment_.instance.string() + "/";
      if (word.starts_with(inside)) word = word.substr(inside.size());
      if (!word.empty() && word.size() <= 80) text += " " + word;
    }
  return text;
}

void Actions::announce(const ActionRow& row, const Json& args) {
  events_.emit("action.started", {{"path", row.path},
                                  {"name", row.name},
                                  {"change", row.change},
                                  {"where", row.where},
                                  {"phase", to_string(row.phase)},
                                  {"text", describe(row.name, args)}});
}

void Actions::report(const ActionRow& row) {
  Json data{{"path", row.path},      {"name", row.name},     {"outcome", to_string(row.outcome)},
            {"ms", row.duration_ms}, {"change", row.change}, {"phase", to_string(row.phase)}};
  if (row.outcome != Outcome::ok) data["error"] = row.result;
  events_.emit("action.finished", std::move(data));
}

Json Actions::compute(Primitive& primitive, const Request& request) {
  Context lent = context(request.path, "", environment_);
  return primitive.run(lent, checked_arguments(primitive.declaration(), request.args), nullptr);
}

ActionRow Actions::read(Primitive& primitive, const Request& request, Phase phase) {
  Json args = checked_arguments(primitive.declaration(), request.args);
  ActionRow row = row_for(primitive.declaration(), request, args, phase);
  announce(row, args);
  RunEnvironment environment = interruptible(environment_, control_);
  Context lent = context(row.path, environment_.run_id + "/" + row.path, environment);
  Stopwatch watch(*environment_.clock);
  try {
    row.result = environment_.redactor->apply(primitive.run(lent, args, nullptr));
    row.outcome = Outcome::ok;
  } catch (const std::exception& thrown) {
    Error error = as_error(thrown);
    if (error.code() == Code::process_lost) throw;
    if (error.code() == Code::cancelled && !control_.cancel_requested()) return row;  // suspended: asked again on resume
    row.result = environment_.redactor->apply(error.to_json());
    row.outcome = outcome_of(error);
  }
  row.duration_ms = watch.ms();
  row.sequence = journal_.record(row);
  report(row);
  return row;
}

ActionRow Actions::change(Primitive& primitive, const Request& request, Phase phase) {
  Json args = checked_arguments(primitive.declaration(), request.args);
  ActionRow row = row_for(primitive.declaration(), request, args, phase);
  announce(row, args);
  Stopwatch watch(*environment_.clock);
  Context lent = context(row.path, environment_.run_id + "/" + row.path, environment_);
  try {
    row.prepared = primitive.prepare(lent, args);
  } catch (const std::exception& thrown) {  // nothing was changed; the failure is a fact like any other
    row.change = false;
    row.result = environment_.redactor->apply(as_error(thrown).to_json());
    row.outcome = outcome_of(as_error(thrown));
    row.duration_ms = watch.ms();
    row.sequence = journal_.record(row);
    report(row);
    return row;
  }
  row.id = journal_.begin(row);
  reach(environment_.faults, "action.begun");
  try {
    row.result = environment_.redactor->apply(primitive.run(lent, args, row.prepared));
    row.outcome = Outcome::ok;
  } catch (const std::exception& thrown) {
    if (as_error(thrown).code() == Code::process_lost) throw;  // in doubt, as after a crash: the next resume probes
    row.result = environment_.redactor->apply(as_error(thrown).to_json());
    row.outcome = outcome_of(as_error(thrown));
  }
  reach(environment_.faults, "action.done");
  row.duration_ms = watch.ms();
  row.sequence = journal_.finish(row.id, row.outcome, row.result, row.duration_ms);
  report(row);
  return row;
}

ActionRow Actions::note(const Request& request, Phase phase, Json result) {
  ActionRow row;
  row.run = environment_.run_id;
  row.phase = phase;
  row.path = request.path;
  row.name = request.name;
  row.args_digest = digest(request.args);
  row.args = environment_.redactor->apply(request.args);
  row.where = request.where;
  row.outcome = Outcome::ok;
  row.result = std::move(result);
  row.sequence = journal_.record(row);
  return row;
}

void Actions::undo(const ActionRow& done) {
  Primitive& primitive = primitive_of(done);
  ActionRow row;
  row.run = environment_.run_id;
  row.phase = Phase::undo;
  row.path = "undo/" + done.path;
  row.name = done.name;
  row.args = {{"of", done.id}};
  row.change = true;
  announce(row, done.full_args);
  Stopwatch watch(*environment_.clock);
  row.id = journal_.begin(row);
  RunEnvironment environment = environment_;  // what an earlier run kept for its undo lies in that run's folder
  if (done.run != environment_.run_id) environment.run_folder = environment_.run_folder.parent_path() / done.run;
  Context lent = context(row.path, environment_.run_id + "/" + done.path, environment);
  std::optional<Error> failure;
  try {
    primitive.undo(lent, to_record(done));
    row.outcome = Outcome::ok;
  } catch (const std::exception& thrown) {
    failure = as_error(thrown);
    row.outcome = outcome_of(*failure);
    row.result = environment_.redactor->apply(failure->to_json());
  }
  reach(environment_.faults, "undo.done");
  row.duration_ms = watch.ms();
  row.sequence = journal_.finish(row.id, row.outcome, row.result, row.duration_ms);
  report(row);
  if (failure) throw *failure;
}

Primitive& Actions::primitive_of(const ActionRow& row) const {
  Primitive& primitive = registry_.at(row.name);
  if (row.version > primitive.declaration().version)
    throw Error(Code::unsupported,
                row.name + " (" + row.where + ") was recorded by a newer playbook: version " + std::to_string(row.version) +
                    " of its record, this one knows " + std::to_string(primitive.declaration().version),
                "go on with the newer playbook");
  return primitive;
}

Probe Actions::probe(const ActionRow& row) {
  Context lent = context(row.path, environment_.run_id + "/" + row.path, environment_);
  return primitive_of(row).probe(lent, to_record(row));
}

std::optional<std::string> Actions::drift(const ActionRow& row) {
  Context lent = context(row.path, environment_.run_id + "/" + row.path, environment_);
  return primitive_of(row).drift(lent, to_record(row));
}

std::vector<std::string> Actions::touches(const ActionRow& row) {
  Context lent = context(row.path, environment_.run_id + "/" + row.path, environment_);
  return primitive_of(row).touches(lent, row.full_args);
}

}  // namespace playbook
