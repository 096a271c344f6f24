#include "tests/playbooks/appsmith/deployment.h"

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/http/http.h"
#include "tests/playbooks/appstrate/deployment.h"

namespace playbook::testing::appsmith {
namespace {

namespace fs = std::filesystem;

const fs::path kParts = fs::path(PLAYBOOK_SOURCE_DIR) / "tests/playbooks/appsmith/image";

std::string registry() { return std::getenv("PLAYBOOK_TEST_REGISTRY"); }
std::string build_image() { return std::string(std::getenv("PLAYBOOK_TESTBED")) + "/image build "; }

// python3 with its library and a shell, once for all releases.
std::string base() {
  static const std::string reference = [] {
    std::string built = registry() + "/appsmith/base:1";
    output_of(
        build_image() + built + " " + kParts.string() +
        " /usr/bin/python3 /bin/sh /usr/bin/env /usr/bin/cat /usr/bin/grep /usr/bin/head /usr/bin/mktemp /usr/bin/printenv /usr/bin/rm "
        "/usr/bin/sed /usr/bin/sort /usr/bin/tail $(cd /usr/lib && find $PWD/python3.* -name '*.py' -maxdepth 1; cd "
        "/usr/lib/python3.*[0-9] && find "
        "$PWD/lib-dynload "
        "$PWD/collections $PWD/email $PWD/html $PWD/http $PWD/importlib $PWD/json $PWD/re $PWD/urllib $PWD/encodings/__init__.py "
        "$PWD/encodings/aliases.py $PWD/encodings/ascii.py $PWD/encodings/idna.py $PWD/encodings/latin_1.py $PWD/encodings/utf_8.py "
        "-type f -not -name '*.pyc')");
    return built;
  }();
  return reference;
}

}  // namespace

void push_release(const std::string& release, bool fails) {
  TempFolder context;
  Json info{{"version", "v" + release}, {"commitUrl", "https://github.com/appsmithorg/appsmith/commit/0"}, {"imageBuiltAt", "2026-01-01"}};
  if (fails) info["fails"] = true;
  context.write("info.json", info.dump());
  context.write("Dockerfile", "FROM " + base() + "\nCOPY info.json /opt/appsmith/info.json\n");
  output_of(build_image() + registry() + "/appsmith/appsmith-ce:v" + release + " " + context.path().string());
}

Deployment::Deployment(const std::string& release, Stacks stacks) {
  static int made = 0;
  project_ = "smith" + std::to_string(++made);
  port_ = 3500 + made;
  push_release(release);
  const std::string source = stacks == Stacks::folder ? "./stacks" : "data";
  folder_.write("docker-compose.yml",
                "name: " + project_ + "\nservices:\n  appsmith:\n    image: " + registry() + "/appsmith/appsmith-ce:v" + release +
                    "   # the release\n    ports: ['127.0.0.1:" + std::to_string(port_) + ":80']\n    volumes: ['" + source +
                    ":/appsmith-stacks']\n    restart: unless-stopped\n" + (stacks == Stacks::folder ? "" : "volumes: {data: {}}\n"));
  compose("up -d --quiet-pull");
  wait();
}

Deployment::~Deployment() {
  try {
    compose("down --timeout 1");
  } catch (const std::exception&) {  // what a failed test left is gone with the bed
  }
}

void Deployment::wait() const {
  auto client = make_http_client();
  HttpRequest request;
  request.url = "http://127.0.0.1:" + std::to_string(port_) + "/api/v1/health";
  for (auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);;) {
    try {
      if (client->send(request).status == 200) return;
    } catch (const Error&) {  // not yet
    }
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("the stand-in is not well: " + compose("logs"));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void Deployment::restart() const {
  compose("restart --timeout 5");
  wait();
}

std::string Deployment::compose(const std::string& arguments) const { return output_of("docker compose " + arguments, folder()); }
fs::path Deployment::stacks() const {
  if (fs::exists(folder() / "stacks")) return folder() / "stacks";
  std::string place = output_of("docker volume inspect --format '{{.Mountpoint}}' " + project_ + "_data");
  return place.substr(0, place.find('\n'));
}
std::string Deployment::database() const { return read_file(stacks() / "data/mongodb/db.json"); }
std::string Deployment::compose_text() const { return read_file(folder() / "docker-compose.yml"); }
std::string Deployment::settings() const { return read_file(stacks() / "configuration/docker.env"); }
std::string Deployment::container() const {
  return output_of("docker ps -a --filter label=com.docker.compose.project=" + project_ + " --format '{{.Image}} {{.State}}'");
}

}  // namespace playbook::testing::appsmith
