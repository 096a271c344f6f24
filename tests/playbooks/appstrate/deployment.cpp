#include "tests/playbooks/appstrate/deployment.h"

#include <sys/wait.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/http/http.h"

namespace playbook::testing {
namespace {

namespace fs = std::filesystem;

const fs::path kHere = fs::path(PLAYBOOK_SOURCE_DIR) / "tests/playbooks/appstrate";

std::string registry() { return std::getenv("PLAYBOOK_TEST_REGISTRY"); }
std::string bed(const std::string& tool) { return std::string(std::getenv("PLAYBOOK_TESTBED")) + "/" + tool; }

/// `heading`: what the generation of Compose wants at the top.
std::string compose_text(const std::string& heading) {
  std::string server = registry() + "/appstrate/appstrate:${APPSTRATE_VERSION:-1.0.0-beta.41}";
  std::string sidecar = registry() + "/appstrate/appstrate-sidecar:${APPSTRATE_VERSION:-1.0.0-beta.41}";
  std::string database = "DATABASE_URL=postgresql://${POSTGRES_USER:-appstrate}:${POSTGRES_PASSWORD}@postgres:5432/appstrate";
  return heading + R"(
services:
  postgres:
    image: )" +
         std::getenv("PLAYBOOK_TEST_POSTGRES") + R"(
    environment:
      POSTGRES_USER: ${POSTGRES_USER:-appstrate}
      POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?set it}
      POSTGRES_DB: appstrate
    restart: unless-stopped
    volumes: ["pgdata:/var/lib/postgresql/data"]
    healthcheck:
      test: ["CMD-SHELL", "pg_isready -q -h 127.0.0.1 -U $$POSTGRES_USER"]
      interval: 1s
      retries: 30
  migrate:
    image: )" +
         server + R"(
    command: ["bun", "packages/db/src/migrate.ts"]
    environment:
      - )" +
         database + R"(
    depends_on: {postgres: {condition: service_healthy}}
  sidecar-pull:
    image: )" +
         sidecar + R"(
    entrypoint: ["true"]
  appstrate:
    image: )" +
         server + R"(
    restart: unless-stopped
    ports: ["127.0.0.1:${PORT:-3000}:3000"]
    environment:
      - BETTER_AUTH_SECRET=${BETTER_AUTH_SECRET:?set it}
      - CONNECTION_ENCRYPTION_KEY=${CONNECTION_ENCRYPTION_KEY:?set it}
      - UPLOAD_SIGNING_SECRET=${UPLOAD_SIGNING_SECRET}
      - CONNECT_SESSION_SECRET=${CONNECT_SESSION_SECRET}
      - RUN_TOKEN_SECRET=${RUN_TOKEN_SECRET}
      - )" +
         database + R"(
      - FS_STORAGE_PATH=/data/storage
      - SIDECAR_IMAGE=)" +
         sidecar + R"(
    volumes: ["storagedata:/data/storage"]
    depends_on: {migrate: {condition: service_completed_successfully}}
volumes: {pgdata: {}, storagedata: {}}
)";
}

/// The same with the names and services of the vendor's file at the root.
std::string as_root(std::string text) {
  const size_t migrate = text.find("  migrate:\n");
  text.erase(migrate, text.find("  sidecar-pull:\n") - migrate);
  for (const auto& [piece, by] :
       {std::pair<std::string, std::string>{"  sidecar-pull:\n", "  appstrate-sidecar:\n"},
        {"  postgres:\n", "  appstrate-postgres:\n"},
        {"@postgres:", "@appstrate-postgres:"},
        {"{migrate: {condition: service_completed_successfully}}", "{appstrate-postgres: {condition: service_healthy}}"}})
    text.replace(text.find(piece), piece.size(), by);
  return text;
}

std::string env_text(const std::string& release, int port) {
  return "# settings of the stand-in\nAPPSTRATE_VERSION=" + release + "\nPORT=" + std::to_string(port) +
         "\nPOSTGRES_PASSWORD='pg $ecret #1'\nBETTER_AUTH_SECRET=" + kStandInSecret + "\nCONNECTION_ENCRYPTION_KEY=" + kStandInKey +
         "\nUPLOAD_SIGNING_SECRET=0123456789abcdef\nCONNECT_SESSION_SECRET=connect-0123456789\nRUN_TOKEN_SECRET=run-token-0123456789\n";
}

}  // namespace

std::string output_of(const std::string& command, const fs::path& folder) {
  std::string text = "exec 2>&1; " + (folder.empty() ? "" : "cd '" + folder.string() + "' && ") + command, out;
  FILE* pipe = popen(text.c_str(), "r");
  std::array<char, 4096> buffer{};
  for (size_t got; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) out.append(buffer.data(), got);
  if (int status = pclose(pipe); status != 0)
    throw std::runtime_error(command + ": status " + std::to_string(WEXITSTATUS(status)) + ": " + out);
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

void push_release(const std::string& tag, const std::string& release, Flaw flaw, const std::string& fault) {
  TempFolder context;
  fs::copy_file(kHere / "image/Dockerfile", context.path() / "Dockerfile");
  std::string program = std::string(PLAYBOOK_BINARY_DIR) + "/stand-in-appstrate";
  fs::copy_file(program, context.path() / "bun");
  write_release(context.path() / "app", release, flaw);
  std::string text = read_file(context.path() / "Dockerfile");
  for (const auto& [name, value] : {std::pair{"APP_VERSION", "v" + release}, std::pair{"STAND_IN_FAULT", fault}}) {
    size_t at = text.find("ARG " + std::string(name)), end = text.find('\n', at);
    text.replace(at, end - at, "ARG " + std::string(name) + "=" + value);
  }
  replace_file(context.path() / "Dockerfile", text);
  for (const char* name : {"appstrate", "appstrate-sidecar"})
    output_of(bed("image") + " build " + registry() + "/appstrate/" + name + ":" + tag + " " + context.path().string() + " /usr/bin/true " +
              program);
}

Deployment::Deployment(const std::string& release, int compose, Layout layout) : compose_(compose), layout_(layout) {
  static int made = 0;
  project_ = "acme" + std::to_string(++made);
  port_ = 3100 + made;
  output_of(bed("image") + " postgres");
  push_release(release, release);
  const std::string text = compose_text(layout == Layout::nameless ? "" : compose_ == 2 ? "name: " + project_ : "version: '3.8'");
  folder_.write("docker-compose.yml", layout == Layout::root ? as_root(text) : text);
  if (layout == Layout::nameless) folder_.write(".appstrate/project.json", R"({"projectName": ")" + project_ + "\"}\n");
  folder_.write(".env", env_text(release, port_) + (compose_ == 2 ? "" : "COMPOSE_PROJECT_NAME=" + project_ + "\n"));
  this->compose("up -d --quiet-pull");
  wait_healthy();
  folder_.write("seed.sql", seed_sql());
  output_of("docker exec -i " + container("postgres") + " psql -q -v ON_ERROR_STOP=1 -U appstrate -d appstrate < seed.sql", folder());
  fs::remove(folder() / "seed.sql");
  seeded_ = fingerprint(), old_env_ = env();
}

Deployment::~Deployment() {
  std::string of_project = "--filter label=com.docker.compose.project=" + project_;
  int status =
      std::system(("docker rm -fv $(docker ps -aq " + of_project + ") > /dev/null 2>&1; docker volume rm -f $(docker volume ls -q " +
                   of_project + ") > /dev/null 2>&1; docker network rm " + project_ + "_default > /dev/null 2>&1")
                      .c_str());
  (void)status;
}

std::string Deployment::env() const { return read_file(folder() / ".env"); }
void Deployment::set_env(const std::string& text) const { replace_file(folder() / ".env", text); }

void Deployment::edit(const std::string& file, const std::string& piece, const std::string& by) const {
  std::string text = read_file(folder() / file);
  size_t at = text.find(piece);
  if (at == std::string::npos) throw std::runtime_error(file + " has no " + piece);
  for (; at != std::string::npos; at = text.find(piece, at + by.size())) text.replace(at, piece.size(), by);
  replace_file(folder() / file, text);
}

std::string Deployment::compose(const std::string& arguments) const {
  const std::string named = layout_ == Layout::nameless ? "--project-name " + project_ + " " : "";
  return output_of((compose_ == 2 ? "docker compose " : "docker-compose ") + named + arguments, folder());
}

std::string Deployment::container(const std::string& service) const {
  const char* between = compose_ == 2 ? "-" : "_";
  return project_ + between + (layout_ == Layout::root && service == "postgres" ? "appstrate-" : "") + service + between + "1";
}

Finished Deployment::playbook(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment) const {
  std::map<std::string, std::string> all = environment;
  if (compose_ == 1) all["DOCKER_CONFIG"] = without_plugin_.path().string();
  arguments.insert(arguments.end(), {"-C", folder().string()});
  CommandProcess process(arguments, folder(), CommandProcess::On::pipes, all);
  const int status = process.finish();
  return {status, process.out, process.err};
}

std::string Deployment::ask(const std::string& sql, const std::string& database) const {
  folder_.write("ask.sql", sql);
  std::string answer = output_of(
      "docker exec -i " + container("postgres") + " psql -q -v ON_ERROR_STOP=1 -U appstrate -d " + database + " -At < ask.sql", folder());
  fs::remove(folder() / "ask.sql");
  return answer;
}

std::string Deployment::fingerprint() const {
  return ask(R"(select string_agg(t || ' ' || (xpath('//c/text()', query_to_xml(
      'select count(*) || '':'' || coalesce(sum(hashtextextended(x::text, 0)), 0) as c from ' || t || ' x', false, true, '')))[1]::text, E'\n' order by t)
    from (select format('%I.%I', table_schema, table_name) t from information_schema.tables
          where table_schema in ('public', 'drizzle') and table_type = 'BASE TABLE') names)");
}

std::string Deployment::get(const std::string& path) const {
  try {
    HttpResponse answer = make_http_client()->send({.url = url(path)});
    return std::to_string(answer.status) + " " + answer.body;
  } catch (const Error&) {
    return "down";
  }
}

std::string Deployment::look(const std::string& service, const std::string& format) const {
  return output_of("docker inspect --format '{{" + format + "}}' " + container(service));
}

std::string Deployment::state(const std::string& env) const {
  const std::string health = get("/health"), proxies = get("/api/proxies"), policy = look("appstrate", ".HostConfig.RestartPolicy.Name");
  auto runs = [&](const char* release) { return health.find(R"("app":"v)" + std::string(release) + "\"") != std::string::npos; };
  const bool well = proxies.starts_with("200 ") && policy == "unless-stopped";
  if (well && runs("1.0.0-beta.41") && env == old_env_ && fingerprint() == seeded_) return "old";
  const std::string counts = ask("select (select count(*) from drizzle.__drizzle_migrations) || ' ' || (select count(*) from \"user\")");
  if (well && runs("1.0.0-beta.51") && env.find("APPSTRATE_VERSION=1.0.0-beta.51\n") != std::string::npos && counts == "39 30")
    return "new";
  return health + ", proxies " + proxies + ", policy " + policy + ", migrations and people " + counts + ", " +
         env.substr(env.rfind("APPSTRATE_VERSION"));
}

void Deployment::wait_healthy() const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(3);
  while (!get("/health").starts_with("200 ")) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("the stand-in is not healthy: " + compose("logs"));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace playbook::testing
