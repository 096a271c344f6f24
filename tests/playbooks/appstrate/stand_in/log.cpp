#include "tests/playbooks/appstrate/stand_in/log.h"

#include <chrono>
#include <cstdio>

namespace stand_in {

void log_plain(const std::string& text) {
  std::string line = text + "\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

void log(Level level, const std::string& message, const nlohmann::ordered_json& fields) {
  using namespace std::chrono;
  nlohmann::ordered_json line{{"level", int(level)}, {"time", duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()}};
  if (fields.is_object()) line.update(fields);
  line["msg"] = message;
  log_plain(line.dump());
}

}  // namespace stand_in
