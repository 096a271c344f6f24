// What the stand-in writes on standard output: pino's JSON lines, and the plain text with which the real one crashes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace stand_in {

enum Level { kInfo = 30, kWarning = 40, kError = 50 };

/// `{"level":30,"time":...,"msg":"Server ready",...}`. From any thread.
void log(Level level, const std::string& message, const nlohmann::ordered_json& fields = {});
void log_plain(const std::string& text);

}  // namespace stand_in
