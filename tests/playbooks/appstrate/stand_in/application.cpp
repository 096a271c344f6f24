#include "tests/playbooks/appstrate/stand_in/application.h"

#include <openssl/evp.h>
#include <signal.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "tests/playbooks/appstrate/stand_in/log.h"

namespace stand_in {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

/// `v1:<kid>:<base64(iv[12] | tag[16] | ciphertext)>` under AES-256-GCM. Throws what the real one says under a wrong key.
std::string decrypted(const std::string& stored, const std::string& key) {
  std::string bytes = base64_decoded(stored.substr(stored.rfind(':') + 1)), plain(bytes.size(), '\0');
  auto* data = reinterpret_cast<unsigned char*>(bytes.data());
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0, rest = 0;
  bool ok = bytes.size() >= 28 &&
            EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, reinterpret_cast<const unsigned char*>(key.data()), data) == 1 &&
            EVP_DecryptUpdate(context.get(), out, &size, data + 28, static_cast<int>(bytes.size() - 28)) == 1 &&
            EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, 16, data + 12) == 1 &&
            EVP_DecryptFinal_ex(context.get(), out + size, &rest) == 1;
  if (!ok) throw std::runtime_error("Unsupported state or unable to authenticate data");
  return plain.substr(0, static_cast<size_t>(size + rest));
}

std::string masked(std::string url) {
  size_t at = url.find('@'), colon = url.rfind(':', at);
  if (at != std::string::npos && colon > url.find("//")) url.replace(colon + 1, at - colon - 1, "***");
  return url;
}

}  // namespace

Application::Application(const Settings& settings)
    : settings_(settings), migrations_(read_migrations(settings.root)), database_(settings.database_url) {}

void Application::run() {
  log(kInfo, "Database: PostgreSQL", {{"url", masked(settings_.database_url)}});
  log(kWarning, "Process run adapter in use");  // a level 40 line at every start is normal
  auto serve = [this] { return std::make_unique<Server>(settings_.port, [this](const Request& request) { return answer(request); }); };
  std::unique_ptr<Server> server;
  if (settings_.has_start_gate()) {
    server = serve();
    log(kInfo, "Server listening (starting up)");
    log_plain("Started server: http://0.0.0.0:" + std::to_string(settings_.port));
  }
  migrate_under_lock();
  if (settings_.fault == "crash") throw std::runtime_error("Boot failed");
  bool stopping = stop_was_asked_for(settings_.start);
  if (!stopping && settings_.fault != "never-ready") {
    ready_ = true;
    if (!server) server = serve();
    log(kInfo, settings_.has_start_gate() ? "Server ready" : "Server started",
        {{"startupMs", std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began_).count()}});
  }
  while (!stopping) stopping = stop_was_asked_for(std::chrono::hours(1));

  log(kInfo, "Shutdown initiated, draining");
  server.reset();
  sigset_t none;
  sigemptyset(&none);
  timespec drain{settings_.drain.count() / 1000, settings_.drain.count() % 1000 * 1000000};
  sigtimedwait(&none, nullptr, &drain);
  log(kInfo, "Shutting down modules...");
  log(kInfo, "Closing database and infrastructure connections...");
  log(kInfo, "Shutdown complete");
}

void Application::migrate_under_lock() {
  Database database(settings_.database_url);
  database.execute("select pg_advisory_lock(7246811234567890)");
  migrate(database, migrations_);
  log(kInfo, "Core migrations applied");  // also where nothing ran
  database.execute(
      "update runs set status = 'failed', error = 'Server restarted while run was in progress. Please retry.' "
      "where status = 'running'");
}

bool Application::stop_was_asked_for(milliseconds patience) const {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  timespec limit{patience.count() / 1000, patience.count() % 1000 * 1000000};
  return sigtimedwait(&stop, nullptr, &limit) > 0;
}

Response Application::answer(const Request& request) {
  Json version{{"app", settings_.version}, {"commit", "stand-in"}};
  if (!ready_) {
    if (request.path != "/health") return {503, "starting\n", "Retry-After: 1\r\n"};
    return {503, Json{{"status", "starting"}, {"version", version}}.dump(), "Retry-After: 1\r\n"};
  }
  if (request.path == "/health") return health();
  if (request.path == "/") return {200, "Appstrate stand-in " + settings_.version + "\n"};
  if (request.path == "/api/proxies") return select("org_proxies", "url_encrypted");
  if (request.path == "/api/runs") return select("runs", "");
  if (request.path == "/api/orgs" && request.method == "POST")
    return add_organization(Json::parse(request.body, nullptr, false).value("name", ""));
  return {404, "{}"};
}

Response Application::health() {
  auto began = std::chrono::steady_clock::now();
  std::string database = "healthy";
  try {
    database_.query("select 1");
  } catch (const PostgresError&) {
    database = "unhealthy";
  }
  auto ms = [](auto duration) { return std::chrono::duration_cast<milliseconds>(duration).count(); };
  std::string agents = settings_.fault == "degraded" ? "degraded" : "healthy", status = database == "healthy" ? agents : "unhealthy";
  Json body{{"status", status}, {"uptime_ms", ms(std::chrono::steady_clock::now() - began_)}};
  body["checks"] = {{"database", {{"status", database}, {"latency_ms", ms(std::chrono::steady_clock::now() - began)}}},
                    {"agents", {{"status", agents}}}};
  if (settings_.has_version_in_health()) body["version"] = {{"app", settings_.version}, {"commit", "stand-in"}};
  return {status == "unhealthy" ? 503 : 200, body.dump()};
}

// Every invented migration renames the column `shape` of both tables, so that a release fits no schema but its own.
Response Application::select(const std::string& table, const std::string& encrypted) {
  try {
    std::string column = encrypted.empty() ? "id" : encrypted;
    auto rows =
        database_.query("select \"" + column + "\" as value, \"shape_" + migrations_.back().tag.substr(0, 4) + "\" from \"" + table + "\"");
    if (!encrypted.empty())
      for (auto& row : rows) decrypted(row["value"].value_or(""), settings_.encryption_key);
    return {200, Json{{"count", rows.size()}}.dump()};
  } catch (const PostgresError& error) {
    log(kError, "Request failed", {{"error", "Failed query: " + error.sql}, {"code", error.code}});
  } catch (const std::runtime_error& error) {
    log(kError, "Request failed", {{"error", error.what()}});
  }
  return {500, R"({"error":"Internal Server Error"})"};
}

Response Application::add_organization(const std::string& name) {
  try {
    database_.query("insert into organizations (id, name) values (gen_random_uuid()::text, $1)", {name});
    return {201, "{}"};
  } catch (const PostgresError& error) {
    log(kError, "Request failed", {{"error", "Failed query: " + error.sql}, {"code", error.code}});
    return {500, R"({"error":"Internal Server Error"})"};
  }
}

}  // namespace stand_in
