// What the stand-in reads from its environment, as the release that it stands for would. APP_ROOT and STAND_IN_* are its own: where its
// files are, and how it is to misbehave.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace stand_in {

struct Settings {
  std::string root;                              ///< APP_ROOT, /app in an image
  std::string version;                           ///< APP_VERSION, `v1.0.0-beta.41`
  int beta = 0;                                  ///< 41; alphas count as 0
  std::string database_url;                      ///< DATABASE_URL
  std::string encryption_key;                    ///< CONNECTION_ENCRYPTION_KEY, its 32 bytes
  int port = 3000;                               ///< PORT
  std::string fault;                             ///< STAND_IN_FAULT: never-ready, degraded, crash, or nothing
  std::chrono::milliseconds start{0}, drain{0};  ///< STAND_IN_START_MS, STAND_IN_DRAIN_MS: how long it takes

  bool has_version_in_health() const { return beta >= 39; }
  bool has_start_gate() const { return beta >= 42; }
};

/// `problems` are what the real one would name: `NAME: message`.
Settings read_settings(std::vector<std::string>& problems);

std::string base64_decoded(const std::string& text);

}  // namespace stand_in
