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

/// A service of the application, as the vendor's file has it: the tag stands in it, once for each.
std::string server(const std::string& name, const std::string& release, int port, const std::string& more) {
  std::string text = "  " + name + ":\n    image: " + registry() + "/activepieces/activepieces:" + release +
                     "   # the server\n    restart: unless-stopped\n    env_file: .env\n" + more;
  if (port != 0) text += "    ports:\n      - '127.0.0.1:" + std::to_string(port) + ":80'\n";
  return text;
}

std::string compose_file(const std::string& project, const std::string& release, int port, Shape shape) {
  const std::string head = "name: " + project + "\nservices:\n";
  const std::string database = "    depends_on:\n      postgres: {condition: service_healthy}\n";
  const std::string redis =
      "  redis:\n    image: " + redis_image() + "\n    restart: unless-stopped\n    volumes: ['redis_data:/data']\n" +
      (shape == Shape::appending_redis ? "    command: redis-server --appendonly yes --requirepass 'jobs $$ecret'\n" : "");
  const std::string postgres = "  postgres:\n    image: " + std::string(std::getenv("PLAYBOOK_TEST_POSTGRES")) + R"(
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
)";
  switch (shape) {
    case Shape::pglite:
      return head + server("activepieces", release, port, "    volumes: ['./config:/root/.activepieces']\n");
    case Shape::one_service:
      return head + server("activepieces", release, port, database) + postgres + redis + "volumes: {postgres_data: {}, redis_data: {}}\n";
    case Shape::url:
      return head + server("app", release, port, "    environment: [AP_CONTAINER_TYPE=APP]\n") +
             server("worker", release, 0, "    environment: [AP_CONTAINER_TYPE=WORKER]\n") + redis + "volumes: {redis_data: {}}\n";
    default:
      return head + server("app", release, port, database + "    environment: [AP_CONTAINER_TYPE=APP]\n") +
             server("worker", release, 0, "    depends_on: [app]\n    environment: [AP_CONTAINER_TYPE=WORKER]\n") + postgres + redis +
             "volumes: {postgres_data: {}, redis_data: {}}\n";
  }
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

Deployment::Deployment(const std::string& release, Shape shape) : shape_(shape) {
  static int made = 0;
  project_ = "pieces" + std::to_string(++made);
  port_ = 3300 + made;
  output_of(bed("image") + " postgres");
  push_release(release, release);
  folder_.write("docker-compose.yml", compose_file(project_, release, port_, shape));
  set_key(kKey);
  if (shape == Shape::pglite) {
    fs::create_directories(folder() / "config/pglite/global");
    std::string control(8192, '\0');
    control[16] = 1;
    folder_.write("config/pglite/global/pg_control", control);
    folder_.write("config/pglite/PG_VERSION", "17\n");
    folder_.write("config/settings.json", "{}");
  }
  if (shape == Shape::url)
    output_of("docker run -d --name " + database_container() + " -p " + std::to_string(port_ + 400) +
              ":5432 -e POSTGRES_USER=postgres -e POSTGRES_PASSWORD=elsewhere -e POSTGRES_DB=activepieces " +
              std::getenv("PLAYBOOK_TEST_POSTGRES") + " && until docker exec " + database_container() +
              " pg_isready -q -h 127.0.0.1 -U postgres; do sleep 0.1; done");
  compose("up -d --quiet-pull");
  for (auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60); running() != release;) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("the stand-in is not healthy: " + compose("logs"));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  if (shape != Shape::pglite) ask(seed_sql());
}

Deployment::~Deployment() {
  try {
    const std::string of_project = " --filter label=com.docker.compose.project=" + project_;
    output_of("docker rm -fv " + (shape_ == Shape::url ? database_container() : "") + " $(docker ps -aq" + of_project +
              "); docker volume rm -f $(docker volume ls -q" + of_project + "); docker network rm " + project_ + "_default");
  } catch (const std::exception&) {  // what a failed test left is gone with the bed
  }
}

std::string Deployment::compose_text() const { return read_file(folder() / "docker-compose.yml"); }
void Deployment::set_compose_text(const std::string& text) const { replace_file(folder() / "docker-compose.yml", text); }
void Deployment::set_key(const std::string& key) const {
  std::string text = "AP_ENCRYPTION_KEY=" + key + "\nAP_JWT_SECRET=0123456789\n";
  if (shape_ == Shape::pglite)
    text += "AP_DB_TYPE=PGLITE\nAP_REDIS_TYPE=MEMORY\n";
  else if (shape_ == Shape::url)
    text += "AP_REDIS_HOST=redis\nAP_POSTGRES_URL=postgresql://postgres:elsewhere@172.17.0.1:" + std::to_string(port_ + 400) +
            "/activepieces\n";
  else
    text +=
        "AP_POSTGRES_DATABASE=activepieces\nAP_POSTGRES_HOST=postgres\nAP_POSTGRES_PORT=5432\n"
        "AP_POSTGRES_USERNAME=postgres\nAP_POSTGRES_PASSWORD='pieces $ecret'\n";
  if (shape_ == Shape::appending_redis) text += "AP_REDIS_PASSWORD='jobs $ecret'\n";
  replace_file(folder() / ".env", text);
}
std::string Deployment::compose(const std::string& arguments) const { return output_of("docker compose " + arguments, folder()); }

std::string Deployment::database_container() const { return project_ + (shape_ == Shape::url ? "-elsewhere" : "-postgres-1"); }

std::string Deployment::ask(const std::string& sql) const {
  TempFolder scratch;
  scratch.write("ask.sql", sql);
  return output_of("docker exec -i " + database_container() + " psql -q -v ON_ERROR_STOP=1 -U postgres -d activepieces -At < ask.sql",
                   scratch.path());
}

std::string Deployment::redis(const std::string& words) const {
  const std::string password = shape_ == Shape::appending_redis ? "-e REDISCLI_AUTH='jobs $ecret' " : "";
  return compose("exec -T " + password + "redis redis-cli " + words);
}
std::string Deployment::queued(const std::string& name) const { return shape_ == Shape::pglite ? "" : redis("get " + name); }
void Deployment::queue(const std::string& name, const std::string& what) const {
  if (shape_ != Shape::pglite) redis("set " + name + " " + what);
}

void Deployment::lose() const {
  compose("down --volumes --timeout 1");
  for (const fs::directory_entry& entry : fs::directory_iterator(folder())) fs::remove_all(entry.path());
  if (shape_ == Shape::url) ask("drop schema public cascade; create schema public");
}

std::string Deployment::fingerprint() const {
  if (shape_ == Shape::pglite) return output_of("sort -u config/pglite/migrations", folder());
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
