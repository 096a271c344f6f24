// What `mongodump --archive` wrote, read and checked without MongoDB: the collections and every document, as a stream that never holds more
// than one document. Format: github.com/mongodb/mongo-tools, common/archive/spec.md:
//
//   6d e2 99 81                                               magic
//   {concurrent_collections, version, server_version, tool_version} {db, collection, metadata, size, type}...  ff ff ff ff
//   ({db, collection, EOF: false, CRC: 0} document...  ff ff ff ff   |   {db, collection, EOF: true, CRC} ff ff ff ff)...
//
// Everything in it is hostile until it was read: lengths are bounded, documents are looked into by libbson alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/cancel.h"
#include "runtime/process/children.h"

namespace playbook {

struct MongodumpCollection {
  std::string database, name;
  std::string type{};  ///< collection, timeseries, view; "" in old dumps
  std::uint64_t documents = 0, bytes = 0;
  bool ended = false;  ///< its end was seen, and the CRC there was right
};

struct MongodumpArchive {
  std::string server_version, tool_version;
  std::vector<MongodumpCollection> collections;
};

using DocumentSink = std::function<void(const MongodumpCollection& collection, std::string_view bson)>;

/// Reads `bytes` to their end. Throws `backup.corrupt` naming `what` where anything is cut short, out of bounds, of a wrong CRC, or where a
/// collection has no end.
MongodumpArchive read_mongodump(const ByteSource& bytes, const std::string& what, const DocumentSink& sink = nullptr);

/// The same from a file: the archive, gzip of it, or a tar (gzip or not) that holds one as `mongodb-data.gz`, as Appsmith's backups do.
MongodumpArchive read_mongodump_file(const std::filesystem::path& file, const DocumentSink& sink = nullptr,
                                     const CancelToken* cancel = nullptr);

/// The text at a dotted path of a document, nothing where there is none.
std::optional<std::string> bson_text(std::string_view bson, const std::string& path);
/// `_id` for people: an ObjectId in hex, a text or a number as it is, "" for anything else.
std::string bson_id(std::string_view bson);

/// CRC-64 of the ECMA polynomial, reflected (as xz and Go have it); `before` goes on with an earlier one.
std::uint64_t crc64(std::string_view bytes, std::uint64_t before = 0);

}  // namespace playbook
