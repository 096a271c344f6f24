#include "runtime/primitives/compose.h"

#include <algorithm>
#include <cstdlib>
#include <regex>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "runtime/base/text.h"
#include "runtime/container/service_place.h"
#include "runtime/pin/dotenv.h"

namespace playbook {
namespace {

using std::chrono::milliseconds;

std::optional<std::string> variable(const Project& project, const char* name) {
  if (const char* exported = std::getenv(name)) return exported;
  std::string file = project.env_file.empty() ? ".env" : project.env_file;
  std::optional<std::string> text = try_read_file(project.folder / file);
  return text ? Dotenv::parse(std::move(*text), file).get(name) : std::nullopt;
}

// The order of names is Compose's (compose-go, cli/options.go).
std::vector<std::string> found_files(const Project& project) {
  if (std::optional<std::string> named = variable(project, "COMPOSE_FILE"); named && !named->empty()) {
    std::string separator = variable(project, "COMPOSE_PATH_SEPARATOR").value_or(":");
    return split(*named, separator.empty() ? ':' : separator[0]);
  }
  for (const char* name : {"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"}) {
    if (!std::filesystem::exists(project.folder / name)) continue;
    std::vector<std::string> files{name};
    for (const char* beside :
         {"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"})
      if (std::filesystem::exists(project.folder / beside)) {
        files.push_back(beside);
        break;
      }
    return files;
  }
  throw Error(Code::file_missing, project.folder.string() + " has no compose file",
              "name its folder with -C DIR, or the files in the project: {files={\"NAME.yml\"}}");
}

bool looks_secret(const std::string& name) {
  static const std::regex pattern("PASS|SECRET|TOKEN|KEY|CREDENTIAL|PRIVATE|SALT", std::regex::icase);
  return std::regex_search(name, pattern);
}

std::filesystem::path fence_file(const Context& context, const std::string& project) {
  return context.environment().state_folder / "fences" / ("compose-" + sha256(project).substr(0, 16) + ".json");
}

std::vector<std::string> names(const std::vector<Container>& containers) {
  std::vector<std::string> all;
  for (const Container& one : containers)
    if (std::find(all.begin(), all.end(), one.service) == all.end()) all.push_back(one.service);
  return all;
}

void make_anew(ComposeWork& work, const char* how, const std::vector<std::string>& services, milliseconds deadline) {
  std::vector<std::string> order{"up", how, "--no-deps", "--no-build"};
  if (work.compose.tool().generation == 2) order.insert(order.end(), {"--pull", "never"});
  order.insert(order.end(), services.begin(), services.end());
  work.compose.must("bring back " + join(services, ", "), order, deadline);
}

}  // namespace

Parameter project_parameter() {
  return {"project", Type::map, "{folder=\".\"?, files=?, name=?, env_file=?}, or what compose.config gave", true, nullptr};
}
Parameter services_parameter(const std::string& help) { return {"services", Type::strings, help, false, nullptr}; }
Parameter compose_deadline_parameter(double seconds, const std::string& help) { return {"deadline", Type::duration, help, false, seconds}; }

DockerTools docker_tools(Context& context) {
  LineSink line = [&context](Stream, std::string_view text) { context.log(LogLevel::info, to_utf8(context.redactor().apply(text))); };
  return {context.children(), context.cancel(), context.environment().run_id, context.action_id(), line, context.environment().findings};
}

Project project_from(const Context& context, const Json& description) {
  const std::vector<std::string> known{"folder", "files", "name", "env_file"};
  bool configured = get_or<std::string>(description, "type", "") == "compose.project";
  for (const auto& [key, value] : description.items()) {
    bool expected = std::find(known.begin(), known.end(), key) != known.end();
    if (!expected && !configured)
      throw Error(Code::argument_invalid, "project: \"" + key + "\" does not belong there" + did_you_mean(key, known));
    if (!expected || key == "files" || value.is_string()) continue;
    throw Error(Code::argument_invalid, "project: " + key + " must be a string");
  }
  Project project;
  project.folder = context.resolve(get_or<std::string>(description, "folder", "."));
  if (!project.folder.has_filename()) project.folder = project.folder.parent_path();
  project.name = get_or<std::string>(description, "name", "");
  project.env_file = get_or<std::string>(description, "env_file", "");
  if (!std::filesystem::is_directory(project.folder)) throw Error(Code::file_missing, project.folder.string() + " is no folder");
  const Json files = get_or<Json>(description, "files", Json::array());
  for (const Json& file : files) {
    if (!file.is_string()) throw Error(Code::argument_invalid, "project: files must be a list of paths");
    project.files.push_back(file);
  }
  if (project.files.empty()) project.files = found_files(project);
  for (const std::string& file : project.files)
    if (!std::filesystem::exists(project.folder / file))
      throw Error(Code::file_missing, (project.folder / file).string() + " does not exist");
  return project;
}

ComposeWork::ComposeWork(Context& context, const Json& args)
    : docker(docker_tools(context)),
      compose(docker, project_from(context, args.at("project"))),
      services(get_or<std::vector<std::string>>(args, "services", {})) {}

Json ComposeWork::checked_config() {
  Json config = compose.config();
  std::vector<std::string> known;
  for (const Json all = get_or<Json>(config, "services", Json::object()); const auto& [name, unused] : all.items()) known.push_back(name);
  for (const std::string& service : services)
    if (std::find(known.begin(), known.end(), service) == known.end())
      throw Error(Code::argument_invalid, "project " + compose.name() + " has no service " + service + did_you_mean(service, known),
                  "it has " + join(known, ", "));
  return config;
}

std::unique_ptr<Place> open_service_place(Context& context, const Json& project, const std::string& service, const std::string& user) {
  return service_place(docker_tools(context), project_from(context, project), service, user);
}

std::string project_thing(const Context& context, const Json& args, const std::string& part) {
  std::string folder = context.resolve(get_or<std::string>(args.at("project"), "folder", ".")).string();
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  return "compose:" + folder + part;
}

void learn_secrets(Context& context, const Json& config) {
  static const std::regex address("://[^:/@]*:([^@/]+)@");
  for (const Json services = get_or<Json>(config, "services", Json::object()); const auto& [service, settings] : services.items()) {
    const Json environment = get_or<Json>(settings, "environment", Json::object());
    if (!environment.is_object()) continue;
    for (const auto& [name, value] : environment.items()) {
      if (!value.is_string()) continue;
      std::string text = value;
      std::smatch password;
      if (std::regex_search(text, password, address)) context.redactor().add(name, password[1].str());
      if (looks_secret(name) && text.size() >= 6) context.redactor().add(name, text);
    }
  }
}

std::map<std::string, std::string> demand_images(ComposeWork& work, const Json& config) {
  const Json services = summary(config, work.compose.name()).at("services");
  std::vector<std::string> starting = work.services, images;
  if (starting.empty())
    for (const auto& [name, unused] : services.items()) starting.push_back(name);
  std::map<std::string, std::string> service_of;
  for (size_t i = 0; i < starting.size(); ++i) {  // grows by what they depend on
    const Json service = services.value(starting[i], Json::object());
    for (const Json needed = get_or<Json>(service, "depends_on", Json::object()); const auto& [name, unused] : needed.items())
      if (std::find(starting.begin(), starting.end(), name) == starting.end()) starting.push_back(name);
    const std::string image = get_or<std::string>(service, "image", "");
    if (!image.empty() && service_of.emplace(image, starting[i]).second) images.push_back(image);
  }
  std::map<std::string, std::string> ids = work.docker.image_ids(images);
  for (const std::string& image : images)
    if (!ids.contains(image))
      throw Error(Code::image_failed, "image " + image + " of service " + service_of[image] + " is not here",
                  "pull it first; nothing was changed", {{"image", image}, {"reason", "not present"}});
  return ids;
}

std::optional<std::string> changed_from_outside(Context& context, const Record& record) {
  std::vector<Container> now = ComposeWork(context, record.args).compose.containers();
  for (const Json& left : record.result) {
    auto same = std::find_if(now.begin(), now.end(), [&](const Container& one) { return Json(one.id) == left.at("id"); });
    std::string service = left.at("service");
    if (same == now.end())
      return "service " + service + " has another container than the one that the run left (" + left.at("name").get<std::string>() + ")";
    const bool has_done_its_work = left.at("restart_policy") == "no" && same->exit_code == 0;  // such as a migration, or `true`
    const bool is_fenced = left.at("restart_policy") != "no" && same->policy == "no";          // by the run itself, which then stopped it
    if (left.at("state") == "running" && !same->is_running() && !has_done_its_work && !is_fenced)
      return "service " + service + " is " + same->state + " although the run left it running";
  }
  return std::nullopt;
}

Json shown(const std::vector<Container>& containers) {
  Json all = Json::array();
  for (const Container& one : containers) {
    Json item{{"service", one.service},       {"id", one.id},          {"name", one.name},           {"image", one.image},
              {"image_id", one.image_id},     {"state", one.state},    {"exit_code", one.exit_code}, {"restarts", one.restarts},
              {"restart_policy", one.policy}, {"started", one.started}};
    if (!one.health.empty()) item["health"] = one.health;
    all.push_back(std::move(item));
  }
  return all;
}

Error has_ended(Context& context, const ComposeWork& work, const Container& container, const std::string& before) {
  // The last one that says so itself, such as `PostgresError: relation "runs" does not exist`; what follows it are often codes and traces.
  static const std::regex names_an_error(R"(^\s*(\w*error|\w*exception|fatal|panic)\b.*:.*\S)", std::regex::icase);
  Json lines = Json::array();
  std::string telling;
  bool is_named = false;
  for (const std::string& raw : work.docker.last_lines(container, 20)) {
    const std::string line = context.redactor().apply(raw);
    const bool names = std::regex_search(line, names_an_error);
    if (names || (!is_named && !trim(line).empty())) telling = trim(line);
    is_named = is_named || names;
    lines.push_back(line);
  }
  return {Code::container_failed,
          before + "service " + container.service + " ended with status " + std::to_string(container.exit_code) +
              (telling.empty() ? "" : ": " + telling.substr(0, 500)),
          "",
          {{"service", container.service}, {"status", container.exit_code}, {"last_lines", lines}}};
}

void stop_services(Context& context, ComposeWork& work, const std::vector<std::string>& services, std::optional<int> grace,
                   milliseconds deadline) {
  std::vector<Container> running = work.compose.containers(services);
  std::erase_if(running, [](const Container& one) { return !one.is_running(); });
  if (running.empty()) return;
  std::vector<std::string> order{"stop"};
  if (grace) order.insert(order.end(), {"--timeout", std::to_string(*grace)});
  const std::vector<std::string> stopping = names(running);
  order.insert(order.end(), stopping.begin(), stopping.end());
  context.reach("compose.stop.before");
  work.compose.must("stop " + join(stopping, ", "), order, deadline);
  context.reach("compose.stop.done");
  if (const std::vector<Container> left = work.compose.running(stopping); !left.empty())
    throw Error(Code::container_failed,
                "service " + left[0].service + " runs again after it was stopped: container " + left[0].name + " is " + left[0].state,
                "something else starts it; end that first");
}

void bring_back(Context& context, ComposeWork& work, const Json& before, milliseconds deadline) {
  std::vector<Container> now = work.compose.containers();
  std::vector<std::string> make;
  for (const Json& was : before) {
    if (was.at("state") != "running" && was["state"] != "restarting") continue;
    auto same = std::find_if(now.begin(), now.end(), [&](const Container& one) { return Json(one.id) == was.at("id"); });
    if (same == now.end()) {
      std::string service = was["service"];
      if (std::find(make.begin(), make.end(), service) == make.end()) make.push_back(service);
    } else if (same->state != "running") {
      work.docker.must("start " + same->name, {"start", same->id}, true, deadline);
    }
    context.reach("compose.back.one");
  }
  if (make.empty()) return;
  make_anew(work, "--detach", make, deadline);
  context.reach("compose.back.made");
  for (const Container& one : work.compose.containers(make))
    for (const Json& was : before)
      if (was.at("service") == one.service && was.at("image_id") != one.image_id)
        throw Error(Code::container_failed,
                    "service " + one.service + " was brought back with another image: " + one.image + " is " + one.image_id +
                        ", expected " + was["image_id"].get<std::string>(),
                    "bring back the image " + was["image"].get<std::string>() + " that it ran, then try again");
}

void bring_back_ended(Context& context, ComposeWork& work, const Json& before, milliseconds deadline) {
  std::vector<std::string> make;
  for (const Container& one : work.compose.containers())
    for (const Json& was : before)
      if (was.at("service") == one.service && was.at("state") == "exited" && !one.is_running() && was.at("image_id") != one.image_id)
        make.push_back(one.service);
  if (make.empty()) return;
  try {
    make_anew(work, "--no-start", make, deadline);
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
    context.log(LogLevel::warning, "the ended containers of " + join(make, ", ") +
                                       " are of another release, and `docker compose start` would run them: " + error.message());
  }
}

void stop_started(Context& context, ComposeWork& work, const Json& before, milliseconds deadline) {
  std::vector<std::string> started;
  for (const Container& one : work.compose.containers()) {
    bool ran = std::any_of(before.begin(), before.end(), [&](const Json& was) {
      return was.at("id") == one.id && (was.at("state") == "running" || was["state"] == "restarting");
    });
    if (one.is_running() && !ran) started.push_back(one.service);
  }
  if (!started.empty()) stop_services(context, work, started, std::nullopt, deadline);
}

std::optional<ComposeFence> compose_fence_record(const Context& context, const std::string& project) {
  std::filesystem::path file = fence_file(context, project);
  std::optional<std::string> content = try_read_file(file);
  if (!content) return std::nullopt;
  return ComposeFence{project, parse_json(*content, file.string()).at("containers")};
}

void keep_compose_fence_record(const Context& context, const ComposeFence& fence) {
  std::filesystem::path file = fence_file(context, fence.project);
  make_folder(file.parent_path());
  Json record{{"project", fence.project},
              {"containers", fence.containers},
              {"run", context.environment().run_id},
              {"time", to_iso(context.clock().utc())}};
  replace_file(file, canonical(record) + "\n", 0600, std::nullopt, context.faults());
}

void drop_compose_fence_record(const Context& context, const std::string& project) { remove_file(fence_file(context, project)); }

void ensure_fenced(Context& context, ComposeWork& work, const ComposeFence& fence) {
  keep_compose_fence_record(context, fence);
  context.reach("compose.fence.recorded");
  for (const Container& one : work.compose.containers()) {
    if (!fence.containers.contains(one.id) || one.policy == "no") continue;
    work.docker.set_policy(one, "no");
    context.reach("compose.fence.one");
  }
}

void ensure_unfenced(Context& context, ComposeWork& work) {
  std::optional<ComposeFence> fence = compose_fence_record(context, work.compose.name());
  if (!fence) return;
  for (const Container& one : work.compose.containers()) {
    if (!fence->containers.contains(one.id)) continue;
    std::string policy = fence->containers[one.id].at("policy");
    if (one.policy != policy) work.docker.set_policy(one, policy);
    context.reach("compose.unfence.one");
  }
  drop_compose_fence_record(context, work.compose.name());
}

}  // namespace playbook
