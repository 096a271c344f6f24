#include "runtime/keys/key_ring.h"

#include <algorithm>
#include <pugixml.hpp>
#include <tuple>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargest = 1 << 20;

pugi::xml_document parsed(const fs::path& file) {
  if (fs::file_size(file) > kLargest) throw Error(Code::file_failed, file.string() + " is too large for a key");
  const std::string text = read_file(file);
  pugi::xml_document document;
  if (const pugi::xml_parse_result result = document.load_buffer(text.data(), text.size()); !result)
    throw Error(Code::file_failed, file.string() + " is no XML: " + result.description());
  return document;
}

std::string text_of_child(const pugi::xml_node& node, const char* name) { return to_utf8(node.child_value(name)); }

RingKey key_from(const fs::path& file) {
  const pugi::xml_document document = parsed(file);
  const pugi::xml_node key = document.child("key");
  if (!key || !key.attribute("id")) throw Error(Code::file_failed, file.string() + " holds no key");
  return {to_utf8(key.attribute("id").value()), text_of_child(key, "creationDate"), text_of_child(key, "activationDate"),
          text_of_child(key, "expirationDate")};
}

// One key by its id, or with `*` all that were created until then. Times of one form compare as texts.
void revoke(std::vector<RingKey>& keys, const fs::path& file) {
  const pugi::xml_document document = parsed(file);
  const pugi::xml_node revocation = document.child("revocation");
  const std::string id = revocation.child("key").attribute("id").value(), date = text_of_child(revocation, "revocationDate");
  for (RingKey& key : keys) key.revoked = key.revoked || key.id == id || (id == "*" && key.created <= date);
}

}  // namespace

std::vector<RingKey> read_key_ring(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw Error(Code::file_missing, folder.string() + " is no folder");
  std::vector<RingKey> keys;
  std::vector<fs::path> revocations;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || !name.ends_with(".xml")) continue;
    if (name.starts_with("key-")) keys.push_back(key_from(entry.path()));
    if (name.starts_with("revocation-")) revocations.push_back(entry.path());
  }
  for (const fs::path& file : revocations) revoke(keys, file);
  std::sort(keys.begin(), keys.end(),
            [](const RingKey& a, const RingKey& b) { return std::tie(a.created, a.id) < std::tie(b.created, b.id); });
  return keys;
}

}  // namespace playbook
