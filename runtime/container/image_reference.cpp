#include "runtime/container/image_reference.h"

#include <regex>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {

ImageReference parse_image(std::string_view text) {
  auto refuse = [&](const std::string& why) -> Error {
    return {Code::argument_invalid, "\"" + to_utf8(text) + "\" is no reference to an image: " + why, "such as postgres:16.4-alpine"};
  };
  ImageReference image;
  std::string rest(text);
  if (size_t at = rest.find('@'); at != std::string::npos) {
    image.digest = rest.substr(at + 1);
    rest.resize(at);
    if (!std::regex_match(image.digest, std::regex("sha256:[0-9a-f]{64}"))) throw refuse("its digest is not sha256: and 64 hex digits");
  }
  if (size_t colon = rest.rfind(':'); colon != std::string::npos && rest.find('/', colon) == std::string::npos) {
    image.tag = rest.substr(colon + 1);
    rest.resize(colon);
    if (!std::regex_match(image.tag, std::regex("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")))
      throw refuse("its tag is empty or has other characters");
  }
  size_t slash = rest.find('/');
  std::string first = rest.substr(0, slash);
  if (slash != std::string::npos && (first == "localhost" || first.find_first_of(".:") != std::string::npos)) {
    image.registry = first;
    rest = rest.substr(slash + 1);
  } else {
    image.registry = "docker.io";
    if (slash == std::string::npos) rest = "library/" + rest;
  }
  constexpr const char* kName = "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*";
  if (rest.size() > 255 || !std::regex_match(rest, std::regex(kName)))
    throw refuse("its name must be of lower case letters, digits, and single separators between them");
  image.repository = rest;
  return image;
}

std::optional<std::string> floating_reason(const ImageReference& image) {
  if (!image.digest.empty()) return std::nullopt;
  if (image.tag.empty()) return "it has no tag, which means latest";
  std::smatch number;
  if (!std::regex_search(image.tag, number, std::regex("^v?(\\d+)(\\.\\d+)?(\\.\\d+)?"))) {
    if (std::regex_match(image.tag, std::regex("(sha-)?[0-9a-f]{7,64}"))) return std::nullopt;  // a commit
    return "the tag " + image.tag + " is a name that moves from release to release";
  }
  if (number[3].matched) return std::nullopt;
  if (std::regex_match(image.tag, std::regex("v?\\d{8,}"))) return std::nullopt;  // a date
  // PostgreSQL and the like count in two numbers; that 16.4 is whole cannot be told from 1.4 which is not.
  if (number[2].matched && image.repository.ends_with("/postgres")) return std::nullopt;
  return "the tag " + image.tag + " moves with every release of " + number[0].str();
}

bool is_loopback_registry(const std::string& registry) {
  return registry.starts_with("127.") || registry.starts_with("[::1]") || registry == "localhost" || registry.starts_with("localhost:");
}

}  // namespace playbook
