#include "runtime/container/images.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/container/image_reference.h"

namespace playbook {
namespace {

using namespace std::chrono_literals;

struct Known {
  const char *said, *reason;
};
constexpr Known kKnown[] = {
    {"no space left on device", "disk full"},
    {"toomanyrequests", "too many requests"},
    {"manifest unknown", "no such tag"},
    {"no such manifest", "no such tag"},
    {"not found: ", "no such tag"},
    {"no basic auth credentials", "unauthorized"},
    {"unauthorized", "unauthorized"},
    {"denied", "unauthorized"},
    {"connection refused", "registry unreachable"},
    {"no such host", "registry unreachable"},
    {"network is unreachable", "registry unreachable"},
    {"no route to host", "registry unreachable"},
    {"connection reset", "registry unreachable"},
    {"timeout", "registry unreachable"},
    {"Client.Timeout", "registry unreachable"},
    {"server misbehaving", "registry unreachable"},
    {": EOF", "registry unreachable"},
};

std::string hint_for(const std::string& reason, const std::string& registry) {
  if (reason == "no such tag") return "look at the tags that " + registry + " has";
  if (reason == "unauthorized") return "`docker login " + registry + "` as the user who runs this, or mend the name";
  if (reason == "registry unreachable") return "look at the network between here and " + registry;
  if (reason == "disk full") return "make room where the engine keeps its data; `docker system df` tells what it holds";
  return "";
}

bool is_insecure(const Docker& docker, const std::string& registry) {
  if (is_loopback_registry(registry)) return true;
  const Json known =
      parse_json(docker.must("ask the Docker engine", {"info", "--format", "{{json .RegistryConfig.IndexConfigs}}"}), "docker info");
  return known.contains(registry) && !get_or(known[registry], "Secure", true);
}

// `docker manifest inspect --verbose`: one object, or a list of one for each platform.
std::string digest_of(const Json& answer) {
  if (answer.is_object()) return answer.at("Descriptor").at("digest");
  for (const Json& one : answer) {
    const Json platform = get_or<Json>(one.at("Descriptor"), "platform", Json::object());
    if (get_or<std::string>(platform, "os", "") == "linux" && get_or<std::string>(platform, "architecture", "") == "amd64")
      return one["Descriptor"].at("digest");
  }
  return "";
}

}  // namespace

std::string image_failure(std::string_view said) {
  for (const Known& known : kKnown)
    if (said.find(known.said) != std::string_view::npos) return known.reason;
  return "other";
}

void pull_image(const Docker& docker, const std::string& reference, std::chrono::milliseconds deadline) {
  const std::string registry = parse_image(reference).registry;
  Command command;
  command.argv = {"docker", "pull", "--", reference};
  command.deadline = deadline;
  command.capture_limit = 64 * 1024;
  Exit exit = docker.run(std::move(command), false);
  if (exit.status == 0) return;
  std::string said = last_words(exit), reason = image_failure(said);
  std::string why = reason == "other" ? said : reason + " (" + said + ")";
  throw Error(Code::image_failed, "image " + reference + " cannot be pulled: " + why, hint_for(reason, registry),
              {{"image", reference}, {"reason", reason}});
}

Resolved resolve_image(const Docker& docker, const std::string& reference) {
  const std::string registry = parse_image(reference).registry;
  Command command;
  command.argv = {"docker", "manifest", "inspect", "--verbose"};
  if (is_insecure(docker, registry)) command.argv.push_back("--insecure");  // else it says "no such manifest" of every image there
  command.argv.insert(command.argv.end(), {"--", reference});
  command.deadline = 1min;
  command.capture_limit = 4 << 20;
  Exit exit = docker.run(std::move(command));
  if (exit.status != 0) {
    std::string said = last_words(exit), reason = image_failure(said);
    return {"", reason == "other" ? said : reason};
  }
  std::string digest = digest_of(parse_json(exit.out, "docker manifest inspect"));
  return digest.empty() ? Resolved{"", "not for linux/amd64"} : Resolved{digest, ""};
}

std::string read_from_image(const Docker& docker, const std::string& reference, const std::string& path,
                            const std::filesystem::path& scratch) {
  const DockerTools& tools = docker.tools();
  const std::string label = "playbook.reads=" + tools.action;
  auto remove = [&] {
    for (const Container& left : docker.containers({label})) docker.must("remove " + left.name, {"rm", "--force", "--volumes", left.id});
  };
  remove();  // what a killed attempt left
  std::string id = docker.must("look into image " + reference, {"create", "--label", label, "--label", "playbook.run=" + tools.run,
                                                                "--network", "none", "--entrypoint", "/", "--", reference});
  std::filesystem::path copy = scratch / "file-in-image";
  Command command;
  command.argv = {"docker", "cp", "--follow-link", std::string(trim(id)) + ":" + path, copy.string()};
  command.deadline = 1min;
  Exit exit;
  try {
    exit = docker.run(std::move(command));
  } catch (...) {
    remove();
    throw;
  }
  remove();
  if (exit.status != 0) {
    bool missing =
        exit.err.find("No such container:path") != std::string::npos || exit.err.find("Could not find the file") != std::string::npos;
    throw Error(missing ? Code::file_missing : Code::container_failed,
                "image " + reference + (missing ? " has no " + path : ": cannot read " + path + ": " + last_words(exit)));
  }
  if (!std::filesystem::is_regular_file(copy)) {
    std::filesystem::remove_all(copy);
    throw Error(Code::file_failed, "image " + reference + ": " + path + " is no file");
  }
  std::string content = read_file(copy);
  remove_file(copy);
  return content;
}

}  // namespace playbook
