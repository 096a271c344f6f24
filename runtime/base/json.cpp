#include "runtime/base/json.h"

#include "runtime/base/error.h"
#include "runtime/base/hash.h"

namespace playbook {

std::string canonical(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string digest(const Json& value) { return sha256(canonical(value)); }

namespace {

// What walks a value (masking, canonical text, Lua) calls itself for each level.
constexpr int kDeepest = 200;

bool is_too_deep(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Json parse_json(std::string_view text, std::string_view what) {
  if (is_too_deep(text))
    throw Error(Code::json_invalid, std::string(what) + " is JSON nested deeper than " + std::to_string(kDeepest) + " levels");
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) throw Error(Code::json_invalid, std::string(what) + " is not valid JSON");
  return value;
}

}  // namespace playbook
