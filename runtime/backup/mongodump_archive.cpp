#include "runtime/backup/mongodump_archive.h"

#include <bson/bson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "runtime/base/error.h"

namespace playbook {
namespace {

constexpr std::uint32_t kMagic = 0x8199E26D, kEnd = 0xFFFFFFFF;
constexpr size_t kLongestDocument = (16u << 20) + (64u << 10);  // MongoDB's 16 MiB, and what its own metadata may add
constexpr size_t kMostCollections = 100'000;

std::string text_or_empty(std::string_view bson, const char* path) { return bson_text(bson, path).value_or(""); }

std::optional<std::int64_t> number(std::string_view bson, const char* name) {
  bson_iter_t iter;
  if (!bson_iter_init_from_data(&iter, reinterpret_cast<const std::uint8_t*>(bson.data()), bson.size()) || !bson_iter_find(&iter, name))
    return std::nullopt;
  if (BSON_ITER_HOLDS_BOOL(&iter)) return bson_iter_bool(&iter);
  if (!BSON_ITER_HOLDS_INT(&iter)) return std::nullopt;
  return bson_iter_as_int64(&iter);
}

class MongodumpReader {
 public:
  MongodumpReader(const ByteSource& bytes, const std::string& what, const DocumentSink& sink) : bytes_(bytes), what_(what), sink_(sink) {}

  MongodumpArchive read() {
    if (length() != kMagic) corrupt("it is no archive of mongodump");
    archive_.server_version = text_or_empty(document(length()), "server_version");
    archive_.tool_version = text_or_empty(buffer_view(), "tool_version");
    for (std::uint32_t size = length(); size != kEnd; size = length()) {
      std::string_view header = document(size);
      if (archive_.collections.size() >= kMostCollections) corrupt("it names too many collections");
      archive_.collections.push_back({text_or_empty(header, "db"), text_or_empty(header, "collection"), text_or_empty(header, "type")});
    }
    while (!at_end()) block();
    for (const MongodumpCollection& collection : archive_.collections)
      if (!collection.ended && collection.type != "view") corrupt("it is cut short: collection " + collection.name + " has no end");
    return std::move(archive_);
  }

 private:
  [[noreturn]] void corrupt(const std::string& why) const {
    throw Error(Code::backup_corrupt, what_ + " does not verify: " + why, "take it from another copy, or use another backup");
  }

  bool at_end() {
    while (ahead_.empty()) {
      ahead_ = bytes_();
      if (ahead_.empty()) return true;
    }
    return false;
  }

  void take(char* into, size_t size) {
    while (size > 0) {
      if (at_end()) corrupt("it ends in the middle");
      size_t some = std::min(size, ahead_.size());
      std::memcpy(into, ahead_.data(), some);
      ahead_.remove_prefix(some), into += some, size -= some;
    }
  }

  std::uint32_t length() {
    std::array<unsigned char, 4> raw{};
    take(reinterpret_cast<char*>(raw.data()), raw.size());
    return raw[0] | raw[1] << 8 | raw[2] << 16 | static_cast<std::uint32_t>(raw[3]) << 24;
  }

  // The rest of the document whose length was read; stays until the next.
  std::string_view document(std::uint32_t size) {
    if (size < 5 || size > kLongestDocument) corrupt("a document claims " + std::to_string(size) + " bytes");
    buffer_.clear();
    for (unsigned shift = 0; shift < 32; shift += 8) buffer_ += static_cast<char>(size >> shift);
    while (buffer_.size() < size) {  // as much as comes, whatever it claims
      if (at_end()) corrupt("it ends in the middle");
      const std::string_view some = ahead_.substr(0, size - buffer_.size());
      buffer_.append(some);
      ahead_.remove_prefix(some.size());
    }
    if (buffer_.back() != '\0') corrupt("a document does not end where it says");
    return buffer_view();
  }
  std::string_view buffer_view() const { return buffer_; }

  void block() {
    std::string_view header = document(length());
    const std::string database = text_or_empty(header, "db"), name = text_or_empty(header, "collection");
    const bool ends = number(header, "EOF").value_or(0) != 0;
    const auto wanted = static_cast<std::uint64_t>(number(header, "CRC").value_or(0));
    auto found = std::find_if(archive_.collections.begin(), archive_.collections.end(),
                              [&](const MongodumpCollection& one) { return one.name == name && one.database == database; });
    if (found == archive_.collections.end()) corrupt("it has documents of a collection that it does not name: " + name);
    if (found->ended) corrupt("collection " + name + " goes on after its end");
    std::uint64_t& crc = crcs_[&*found];
    for (std::uint32_t size = length(); size != kEnd; size = length()) {
      if (ends) corrupt("the end of collection " + name + " has documents");
      std::string_view bson = document(size);
      crc = crc64(bson, crc);
      ++found->documents, found->bytes += bson.size();
      if (sink_) sink_(*found, bson);
    }
    if (!ends) return;
    if (crc != wanted) corrupt("collection " + name + " has another checksum than the archive says");
    found->ended = true;
  }

  const ByteSource& bytes_;
  const std::string& what_;
  const DocumentSink& sink_;
  MongodumpArchive archive_;
  std::map<const MongodumpCollection*, std::uint64_t> crcs_;
  std::string_view ahead_;
  std::string buffer_;
};

bool init(bson_iter_t& iter, std::string_view bson) {
  return bson_iter_init_from_data(&iter, reinterpret_cast<const std::uint8_t*>(bson.data()), bson.size());
}

}  // namespace

MongodumpArchive read_mongodump(const ByteSource& bytes, const std::string& what, const DocumentSink& sink) {
  return MongodumpReader(bytes, what, sink).read();
}

std::optional<std::string> bson_text(std::string_view bson, const std::string& path) {
  bson_iter_t iter, found;
  if (!init(iter, bson) || !bson_iter_find_descendant(&iter, path.c_str(), &found) || !BSON_ITER_HOLDS_UTF8(&found)) return std::nullopt;
  std::uint32_t size = 0;
  const char* text = bson_iter_utf8(&found, &size);
  return std::string(text, size);
}

std::string bson_id(std::string_view bson) {
  bson_iter_t iter;
  if (!init(iter, bson) || !bson_iter_find(&iter, "_id")) return "";
  if (BSON_ITER_HOLDS_OID(&iter)) {
    char hex[25];
    bson_oid_to_string(bson_iter_oid(&iter), hex);
    return hex;
  }
  if (BSON_ITER_HOLDS_INT(&iter)) return std::to_string(bson_iter_as_int64(&iter));
  return bson_text(bson, "_id").value_or("");
}

}  // namespace playbook
