#include "runtime/base/json.h"

#include "runtime/base/error.h"
#include "runtime/base/hash.h"

namespace playbook {

std::string canonical(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string digest(const Json& value) { return sha256(canonical(value)); }

Json parse_json(std::string_view text, std::string_view what) {
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) throw Error(Code::json_invalid, std::string(what) + " is not valid JSON");
  return value;
}

}  // namespace playbook
