#include "tests/support/stand_in_docker/state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string_view>

namespace stand_in {
namespace {

namespace fs = std::filesystem;

Json read(const fs::path& file) {
  std::ifstream stream(file);
  return stream ? Json::parse(stream) : Json::object();
}

void write(const fs::path& file, const Json& value) {
  fs::path fresh = file.string() + ".new";
  std::ofstream(fresh) << value.dump(1);
  fs::rename(fresh, file);
}

}  // namespace

fs::path engine_folder() {
  const char* folder = std::getenv("STAND_IN_DOCKER");
  if (!folder || !fs::is_directory(folder))
    throw Failure{1, "Cannot connect to the Docker daemon at STAND_IN_DOCKER. Is the docker daemon running?"};
  return folder;
}

State::State() : lock_(open((engine_folder() / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  flock(lock_, LOCK_EX);
  images = read(engine_folder() / "images.json");
  registry = read(engine_folder() / "registry.json");
  containers = read(engine_folder() / "containers.json");
}

State::~State() { close(lock_); }

void State::save() {
  write(engine_folder() / "images.json", images);
  write(engine_folder() / "containers.json", containers);
}

Json& State::container(const std::string& name) {
  for (auto& [id, found] : containers.items())
    if (id.starts_with(name) || found.at("name") == name) return found;
  throw Failure{1, "Error: No such container: " + name};
}

const Json& State::image(const std::string& ref) const {
  for (const std::string& name : {without_digest(ref), without_latest(ref)})
    if (images.contains(name)) return images[name];
  for (const auto& [name, found] : images.items())
    if (found["id"] == ref) return found;
  throw Failure{1, "Error: No such image: " + ref};
}

std::vector<std::string> State::of_project(const std::string& project, const std::vector<std::string>& services) {
  std::vector<std::string> ids;
  for (const auto& [id, found] : containers.items())
    if (found.at("project") == project &&
        (services.empty() || std::find(services.begin(), services.end(), found.at("service").get<std::string>()) != services.end()))
      ids.push_back(id);
  return ids;
}

std::string without_latest(const std::string& ref) {
  constexpr std::string_view kLatest = ":latest";
  return ref.ends_with(kLatest) ? ref.substr(0, ref.size() - kLatest.size()) : ref;
}

std::string without_digest(const std::string& ref) { return ref.substr(0, ref.find('@')); }

std::string now() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  tm parts{};
  gmtime_r(&time.tv_sec, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &parts);
  return text + std::to_string(1'000'000'000 + time.tv_nsec).substr(1) + "Z";
}

}  // namespace stand_in
