#include "runtime/primitives/service.h"

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

std::filesystem::path file_for(const std::filesystem::path& folder, const Service& service) {
  return folder / (sha256(service.name()).substr(0, 16) + ".json");
}

std::filesystem::path fence_file(const Context& context, const Service& service) {
  return file_for(context.environment().state_folder / "fences", service);
}

std::filesystem::path foreseen_file(const Context& context, const Service& service) {
  return file_for(context.environment().run_folder / "foreseen", service);
}

}  // namespace

Parameter service_parameter() {
  return {"service", Type::map,
          "{systemd=\"NAME.service\"}, or {name=, start=argv, stop=argv, status=argv, fence=argv?, unfence=argv?, folder=?, env=?}", true,
          nullptr};
}

Parameter service_deadline_parameter() { return {"deadline", Type::duration, "how long it may take", false, 60}; }

std::unique_ptr<Service> open_service(Context& context, const Json& args) {
  const Json& description = args.at("service");
  service_name(description);  // refuses what is no service
  ServiceTools tools{context.children(), context.cancel(), context.instance(), {{"PLAYBOOK_ACTION", context.action_id()}}, nullptr};
  if (description.contains("folder")) tools.folder = context.resolve(description["folder"].get<std::string>());
  for (const Json env = get_or<Json>(description, "env", Json::object()); const auto& [name, value] : env.items()) {
    if (!value.is_string() && !is_secret(value))
      throw Error(Code::argument_invalid, "service: env." + name + " must be a string or a secret reference", "write numbers as strings");
    tools.environment[name] = context.open_secret(value);
  }
  tools.line = [&context](Stream, std::string_view line) { context.log(LogLevel::info, to_utf8(context.redactor().apply(line))); };
  return make_service(description, std::move(tools));
}

std::string service_thing(const Json& args) { return "service:" + service_name(args.at("service")); }

void foresee(const Context& context, const Service& service, Service::State state) {
  std::filesystem::path file = foreseen_file(context, service);
  make_folder(file.parent_path());
  replace_file(file, state == Service::State::running ? "running" : "stopped", 0600);
}

Service::State foreseen_state(const Context& context, Service& service) {
  std::optional<std::string> foreseen = try_read_file(foreseen_file(context, service));
  if (!foreseen) return service.state();
  return *foreseen == "running" ? Service::State::running : Service::State::stopped;
}

std::optional<Json> fence_record(const Context& context, const Service& service) {
  std::filesystem::path file = fence_file(context, service);
  std::optional<std::string> content = try_read_file(file);
  if (!content) return std::nullopt;
  return parse_json(*content, file.string()).at("startup");
}

void keep_fence_record(const Context& context, const Service& service, const Json& startup) {
  std::filesystem::path file = fence_file(context, service);
  make_folder(file.parent_path());
  Json record{
      {"service", service.name()}, {"startup", startup}, {"run", context.environment().run_id}, {"time", to_iso(context.clock().utc())}};
  replace_file(file, canonical(record) + "\n", 0600, std::nullopt, context.faults());
}

void drop_fence_record(const Context& context, const Service& service) { remove_file(fence_file(context, service)); }

void ensure_running(Context& context, Service& service, std::chrono::milliseconds deadline) {
  if (service.state() == Service::State::running) return;
  context.reach("service.start.before");
  service.start(deadline);
  context.reach("service.start.told");
  await(service, Service::State::running, deadline, context.cancel());
}

void ensure_stopped(Context& context, Service& service, std::chrono::milliseconds deadline) {
  if (service.state() == Service::State::stopped) return;
  context.reach("service.stop.before");
  service.stop(deadline);
  context.reach("service.stop.told");
  await(service, Service::State::stopped, deadline, context.cancel());
}

void ensure_fenced(Context& context, Service& service, const Json& startup) {
  if (!service.can_fence())
    context.log(LogLevel::warning, service.name() + " has no fence command: see to it that nothing else starts it meanwhile");
  keep_fence_record(context, service, startup);
  context.reach("service.fence.recorded");
  service.fence();
  context.reach("service.fence.done");
}

void ensure_unfenced(Context& context, Service& service) {
  std::optional<Json> startup = fence_record(context, service);
  if (!startup) return;
  context.reach("service.unfence.before");
  service.unfence(*startup);
  context.reach("service.unfence.done");
  drop_fence_record(context, service);
}

}  // namespace playbook
