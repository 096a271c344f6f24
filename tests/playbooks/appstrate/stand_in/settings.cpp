#include "tests/playbooks/appstrate/stand_in/settings.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace stand_in {
namespace {

std::string variable(const char* name, const char* fallback = "") {
  const char* value = std::getenv(name);
  return value && *value ? value : fallback;
}

int beta_of(const std::string& version) {
  size_t at = version.find("-beta.");
  return at == std::string::npos ? 0 : std::atoi(version.c_str() + at + 6);
}

}  // namespace

std::string base64_decoded(const std::string& text) {
  std::string bytes(text.size(), '\0');
  int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), reinterpret_cast<const unsigned char*>(text.data()),
                             static_cast<int>(text.size()));
  if (size < 0) return "";
  for (size_t i = text.size(); i > 0 && text[i - 1] == '='; --i) --size;
  return bytes.substr(0, static_cast<size_t>(size));
}

Settings read_settings(std::vector<std::string>& problems) {
  Settings settings;
  settings.root = variable("APP_ROOT", "/app");
  settings.version = variable("APP_VERSION", "dev");
  settings.beta = beta_of(settings.version);
  settings.database_url = variable("DATABASE_URL");
  settings.encryption_key = base64_decoded(variable("CONNECTION_ENCRYPTION_KEY"));
  settings.port = std::atoi(variable("PORT", "3000").c_str());
  settings.fault = variable("STAND_IN_FAULT");
  settings.start = std::chrono::milliseconds(std::atoi(variable("STAND_IN_START_MS", "0").c_str()));
  settings.drain = std::chrono::milliseconds(std::atoi(variable("STAND_IN_DRAIN_MS", "0").c_str()));

  std::vector<const char*> required{"BETTER_AUTH_SECRET", "CONNECTION_ENCRYPTION_KEY", "UPLOAD_SIGNING_SECRET"};
  if (settings.beta >= 40) required.insert(required.end(), {"CONNECT_SESSION_SECRET", "RUN_TOKEN_SECRET"});
  for (const char* name : required)
    if (variable(name).empty()) problems.push_back(std::string(name) + ": Required");
  if (!variable("CONNECTION_ENCRYPTION_KEY").empty() && settings.encryption_key.size() != 32)
    problems.push_back("CONNECTION_ENCRYPTION_KEY: CONNECTION_ENCRYPTION_KEY must be 32 bytes (256-bit) base64-encoded");
  return settings;
}

}  // namespace stand_in
