#include "tests/playbooks/activepieces/deployment.h"

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/http/http.h"
#include "tests/playbooks/activepieces/stand_in/release.h"
#include "tests/playbooks/appstrate/deployment.h"
#include "tests/support/redis_image.h"

namespace playbook::testing::pieces {
namespace {

namespace fs = std::filesystem;

std::string registry() { return std::getenv("PLAYBOOK_TEST_REGISTRY"); }
std::string bed(const std::string& tool) { return std::string(std::getenv("PLAYBOOK_TESTBED")) + "/" + tool; }

// As the vendor's file has it: the tag stands in it, once for each service.
std::string compose_file(const std::string& project, const std::string& release, int port) {
  std::string image = registry() + "/activepieces/activepieces:" + release;
  return "name: " + project + R"(
services:
  app:
    image: )" +
         image + R"(   # the server
    restart: unless-stopped
    ports:
      - '127.0.0.1:)" +
         std::to_string(port) + R"(:80'
    depends_on:
      postgres: {condition: service_healthy}
    env_file: .env
    environment:
      - AP_CONTAINER_TYPE=APP
  worker:
    image: )" +
         image + R"(
    restart: unless-stopped
    depends_on: [app]
    env_file: .env
    environment:
      - AP_CONTAINER_TYPE=WORKER
  postgres:
    image: )" +
         std::getenv("PLAYBOOK_TEST_POSTGRES") + R"(
    restart: unless-stopped
    environment:
      - 'POSTGRES_DB=${AP_POSTGRES_DATABASE}'
      - 'POSTGRES_PASSWORD=${AP_POSTGRES_PASSWORD}'
      - 'POSTGRES_USER=${AP_POSTGRES_USERNAME}'
    volumes: ['postgres_data:/var/lib/postgresql/data']
    healthcheck:
      test: ["CMD-SHELL", "pg_isready -q -h 127.0.0.1 -U $$POSTGRES_USER"]
      interval: 1s
      retries: 30
  redis:
    image: )" +
         redis_image() + R"(
    restart: unless-stopped
    volumes: ['redis_data:/data']
volumes:
  postgres_data:
  redis_data:
)";
}

}  // namespace

void push_release(const std::string& tag, const std::string& release, bool fails, const std::string& fault) {
  TempFolder context;
  std::string program = std::string(PLAYBOOK_BINARY_DIR) + "/stand-in-activepieces";
  fs::copy_file(program, context.path() / "node");
  write_release(context.path() / "app", release, fails);
  std::string text = read_file(fs::path(PLAYBOOK_SOURCE_DIR) / "tests/playbooks/activepieces/image/Dockerfile");
  text.insert(text.find("STAND_IN_FAULT=") + std::string("STAND_IN_FAULT=").size(), fault);
  context.write("Dockerfile", text);
  output_of(bed("image") + " build " + registry() + "/activepieces/activepieces:" + tag + " " + context.path().string() + " " + program);
}

Deployment::Deployment(const std::string& release) {
  static int made = 0;
  project_ = "pieces" + std::to_string(++made);
  port_ = 3300 + made;
  output_of(bed("image") + " postgres");
  push_release(release, release);
  folder_.write("docker-compose.yml", compose_file(project_, release, port_));
  set_key(kKey);
  compose("up -d --quiet-pull");
  for (auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60); running() != release;) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("the stand-in is not healthy: " + compose("logs"));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ask(seed_sql());
}

Deployment::~Deployment() {
  try {
    compose("down --volumes --timeout 1");
  } catch (const std::exception&) {  // what a failed test left is gone with the bed
  }
}

std::string Deployment::compose_text() const { return read_file(folder() / "docker-compose.yml"); }
void Deployment::set_compose_text(const std::string& text) const { replace_file(folder() / "docker-compose.yml", text); }
void Deployment::set_key(const std::string& key) const {
  replace_file(folder() / ".env",
               "AP_ENCRYPTION_KEY=" + key +
                   "\nAP_JWT_SECRET=0123456789\nAP_POSTGRES_DATABASE=activepieces\nAP_POSTGRES_HOST=postgres\nAP_POSTGRES_PORT=5432\n"
                   "AP_POSTGRES_USERNAME=postgres\nAP_POSTGRES_PASSWORD='pieces $ecret'\n");
}
std::string Deployment::compose(const std::string& arguments) const { return output_of("docker compose " + arguments, folder()); }

std::string Deployment::ask(const std::string& sql) const {
  TempFolder scratch;
  scratch.write("ask.sql", sql);
  return output_of("docker exec -i " + project_ + "-postgres-1 psql -q -v ON_ERROR_STOP=1 -U postgres -d activepieces -At < ask.sql",
                   scratch.path());
}

std::string Deployment::fingerprint() const {
  return ask(R"(select string_agg(t || ' ' || (xpath('//c/text()', query_to_xml(
      'select count(*) || '':'' || coalesce(sum(hashtextextended(x::text, 0)), 0) as c from ' || t || ' x', false, true, '')))[1]::text, E'\n' order by t)
    from (select format('%I.%I', table_schema, table_name) t from information_schema.tables
          where table_schema = 'public' and table_type = 'BASE TABLE') names)");
}

std::string Deployment::running() const {
  try {
    HttpResponse answer = make_http_client()->send({.url = "http://127.0.0.1:" + std::to_string(port_) + "/api/v1/flags"});
    return parse_json(answer.body, "flags").at("CURRENT_VERSION");
  } catch (const Error&) {
    return "down";
  }
}

std::string Deployment::containers() const {
  return output_of("docker ps -a --filter label=com.docker.compose.project=" + project_ +
                   R"( --format '{{.Label "com.docker.compose.service"}} {{.Image}} {{.State}}' | sed 's#[^ ]*/##' | sort)");
}

}  // namespace playbook::testing::pieces
