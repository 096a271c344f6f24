#include "runtime/container/images.h"

#include <algorithm>
#include <cstdlib>

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
    {"repository name not known", "no such tag"},
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
Json for_this_platform(const Json& answer) {
  if (answer.is_object()) return answer;
  for (const Json& one : answer) {
    const Json platform = get_or<Json>(one.at("Descriptor"), "platform", Json::object());
    if (get_or<std::string>(platform, "os", "") == "linux" && get_or<std::string>(platform, "architecture", "") == "amd64") return one;
  }
  return nullptr;
}

std::string without_tag(const std::string& reference) {
  std::string name = reference.substr(0, reference.find('@'));
  size_t colon = name.rfind(':');
  return colon != std::string::npos && name.find('/', colon) == std::string::npos ? name.substr(0, colon) : name;
}

bool is_repository(const std::string& reference, const ImageReference& wanted) {
  try {
    const ImageReference image = parse_image(reference);
    return image.registry == wanted.registry && image.repository == wanted.repository;
  } catch (const Error&) {
    return false;  // `<none>:<none>`
  }
}

// Where `docker login` keeps what other tools may use.
std::filesystem::path docker_logins() {
  const char *folder = std::getenv("DOCKER_CONFIG"), *home = std::getenv("HOME");
  return (folder ? std::filesystem::path(folder) : std::filesystem::path(home ? home : "/root") / ".docker") / "config.json";
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
  const Json found = for_this_platform(parse_json(exit.out, "docker manifest inspect"));
  if (found.is_null()) return {"", "not for linux/amd64"};
  Resolved resolved{found.at("Descriptor").at("digest"), ""};
  for (const char* kind : {"SchemaV2Manifest", "OCIManifest"})
    if (const Json manifest = get_or<Json>(found, kind, Json()); manifest.is_object()) {
      resolved.id = manifest.at("config").at("digest");
      for (const Json& layer : manifest.at("layers")) resolved.size += layer.at("size").get<std::uint64_t>();
    }
  return resolved;
}

Tags list_tags(const Docker& docker, const std::string& reference) {
  const ImageReference image = parse_image(reference);
  Command command;
  command.argv = {"skopeo", "list-tags"};
  if (const auto logins = docker_logins(); std::filesystem::exists(logins)) command.argv.insert(command.argv.end(), {"--authfile", logins});
  if (is_insecure(docker, image.registry)) command.argv.push_back("--tls-verify=false");
  command.argv.push_back("docker://" + image.registry + "/" + image.repository);
  command.deadline = 2min;
  command.capture_limit = 16 << 20;
  Exit exit;
  try {
    exit = docker.run(std::move(command));
  } catch (const Error& error) {
    if (error.code() != Code::process_missing) throw;
    return {{}, "skopeo is not installed"};
  }
  if (exit.status != 0) {
    std::string said = last_words(exit), reason = image_failure(said);
    return {{}, reason == "no such tag" ? "no such repository" : reason == "other" ? said : reason};
  }
  return {parse_json(exit.out, "skopeo list-tags").at("Tags").get<std::vector<std::string>>(), ""};
}

Pin find_pin(const Docker& docker, const std::string& written, const std::string& id) {
  const std::string name = without_tag(written);
  const ImageReference wanted = parse_image(name);
  std::optional<Json> image = docker.image(id);
  if (!image) return {"", "the engine has lost the image that it runs"};

  std::vector<std::string> tags;
  if (std::string tag = parse_image(written).tag; !tag.empty()) tags.push_back(tag);
  for (const Json all = get_or<Json>(*image, "RepoTags", Json::array()); const Json& tag : all)
    if (is_repository(tag, wanted)) tags.push_back(parse_image(tag.get<std::string>()).tag);
  const Json labels = get_or<Json>(get_or<Json>(*image, "Config", Json::object()), "Labels", Json::object());
  if (std::string version = get_or<std::string>(labels, "org.opencontainers.image.version", ""); !version.empty()) {
    tags.push_back(version);
    tags.push_back(version.starts_with('v') ? version.substr(1) : "v" + version);
  }
  std::string digest;
  for (const Json all = get_or<Json>(*image, "RepoDigests", Json::array()); const Json& one : all)
    if (is_repository(one, wanted)) digest = parse_image(one.get<std::string>()).digest;

  std::string local, short_tag;  // such as v1.99: a word for people beside the digest
  for (const std::string& tag : tags) {
    ImageReference tagged = wanted;
    tagged.tag = tag;
    const bool is_short = floating_reason(tagged).has_value();
    if (is_short && tag.find_first_of("0123456789") > 1) continue;
    std::string reference = name + ":" + tag;
    Resolved resolved = resolve_image(docker, reference);
    const bool is_it = resolved.missing.empty() && (resolved.id == id || resolved.digest == digest);
    if (is_it && !is_short) return {reference, "its registry has it by this tag"};
    if (is_it && short_tag.empty()) short_tag = ":" + tag;
    if (!is_short && local.empty() && docker.image(reference)) local = reference;
  }
  if (!digest.empty()) return {name + short_tag + "@" + digest, "no tag with a full version names it in its registry"};
  if (!local.empty()) return {local, "only this engine has it"};
  return {"", "no registry and no tag with a full version names it"};
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
