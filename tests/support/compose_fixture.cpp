#include "tests/support/compose_fixture.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "tests/support/crash.h"

namespace playbook::testing {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
  return text;
}

std::string registry_address() {
  const char* address = std::getenv("PLAYBOOK_TEST_REGISTRY");
  if (address == nullptr) throw std::runtime_error("not in the test bed; run tests/testbed/bed build/test_containers");
  return address;
}

}  // namespace

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> part{};
  for (size_t got = 0; (got = fread(part.data(), 1, part.size(), pipe)) > 0;) text.append(part.data(), got);
  if (pclose(pipe) != 0) throw std::runtime_error(command + " failed: " + text);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string build_release(const std::string& name, const std::string& tag) {
  std::string shell_image = output_of("\"$PLAYBOOK_TESTBED/image\" shell");
  TempFolder folder;
  folder.write("Dockerfile",
               "FROM " + shell_image + "\nENV APP_VERSION=" + tag + "\nRUN [\"sh\", \"-c\", \"echo " + tag + " > /VERSION\"]\n");
  return output_of("\"$PLAYBOOK_TESTBED/image\" build " + name + ":" + tag + " " + folder.path().string());
}

ComposeFixture::ComposeFixture(const std::string& compose_file, const std::string& env_file)
    : children(make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1})) {
  static int projects = 0;
  name = "project" + std::to_string(++projects);
  project = {{"name", name}};
  environment.children = children.get();
  shell_image = output_of("\"$PLAYBOOK_TESTBED/image\" shell");
  write("docker-compose.yml", compose_file);
  if (!env_file.empty()) write(".env", env_file);
}

ComposeFixture::~ComposeFixture() {
  shell("docker ps --all --quiet --filter label=com.docker.compose.project=" + name +
        " | xargs --no-run-if-empty docker rm --force --volumes >/dev/null");
  shell("docker network ls --quiet --filter label=com.docker.compose.project=" + name +
        " | xargs --no-run-if-empty docker network rm >/dev/null");
  shell("docker volume ls --quiet --filter label=com.docker.compose.project=" + name +
        " | xargs --no-run-if-empty docker volume rm >/dev/null");
}

void ComposeFixture::write(const std::string& file, std::string text) const {
  instance_folder.write(file, replaced(replaced(std::move(text), "@shell@", shell_image), "@registry@", registry_address()));
}

Json ComposeFixture::container(const std::string& service) {
  Context look(environment, "look", nullptr, nullptr);
  const Json found = registry.at("compose.ps").run(look, {{"project", project}}, nullptr);
  for (const Json& one : found)
    if (one.at("service") == service) return one;
  return nullptr;
}

Variable::Variable(std::string name, const char* value) : name_(std::move(name)) {
  if (const char* was = std::getenv(name_.c_str())) was_set_ = true, was_ = was;
  if (value)
    setenv(name_.c_str(), value, 1);
  else
    unsetenv(name_.c_str());
}

Variable::~Variable() {
  if (was_set_)
    setenv(name_.c_str(), was_.c_str(), 1);
  else
    unsetenv(name_.c_str());
}

}  // namespace playbook::testing
