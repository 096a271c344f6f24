// mongodump archives: made here by the format's specification, packed by gzip and tar, and damaged in every way that a reader can meet.
#include "runtime/backup/mongodump_archive.h"

#include <bson/bson.h>

#include <chrono>

#include "runtime/base/file.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

std::string bson_of(const Json& value) {
  bson_error_t error;
  std::string text = value.dump();
  bson_t* made = bson_new_from_json(reinterpret_cast<const std::uint8_t*>(text.data()), static_cast<ssize_t>(text.size()), &error);
  if (!made) throw std::runtime_error(error.message);
  std::string bytes(reinterpret_cast<const char*>(bson_get_data(made)), made->len);
  bson_destroy(made);
  return bytes;
}

const std::string kMagic = "\x6d\xe2\x99\x81", kEnd = "\xff\xff\xff\xff";

std::string prelude(const std::vector<std::string>& collections) {
  std::string text =
      kMagic + bson_of({{"concurrent_collections", 4}, {"version", "0.1"}, {"server_version", "6.0.14"}, {"tool_version", "100.9.4"}});
  for (const std::string& name : collections)
    text += bson_of({{"db", "appsmith"}, {"collection", name}, {"metadata", "{}"}, {"size", 0}, {"type", "collection"}});
  return text + kEnd;
}

std::string block(const std::string& collection, const std::vector<std::string>& documents) {
  std::string text = bson_of({{"db", "appsmith"}, {"collection", collection}, {"EOF", false}, {"CRC", 0}});
  for (const std::string& document : documents) text += document;
  return text + kEnd;
}

std::string last_block(const std::string& collection, std::uint64_t crc) {
  Json number{{"$numberLong", std::to_string(static_cast<std::int64_t>(crc))}};
  return bson_of({{"db", "appsmith"}, {"collection", collection}, {"EOF", true}, {"CRC", number}}) + kEnd;
}

const std::string kAda = bson_of({{"_id", {{"$oid", "507f1f77bcf86cd799439011"}}}, {"a", {{"b", {{"c", "deep"}}}}}});
const std::string kBob = bson_of({{"_id", 7}, {"name", "bob"}});

// Two collections whose blocks interleave.
std::string sample() {
  return prelude({"datasource", "user"}) + block("datasource", {kAda}) + block("user", {kBob}) + block("datasource", {kBob}) +
         last_block("user", crc64(kBob)) + last_block("datasource", crc64(kAda + kBob));
}

MongodumpArchive read_bytes(const std::string& bytes, const DocumentSink& sink = nullptr, size_t piece = 7) {
  size_t at = 0;
  return read_mongodump(
      [&]() -> std::string_view {
        std::string_view some = std::string_view(bytes).substr(at, piece);
        at += some.size();
        return some;
      },
      "dump.gz", sink);
}

std::string problem(const std::string& bytes) {
  return error_of([&] { read_bytes(bytes, nullptr, 4096); }).message();
}

void run(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error(command);
}

}  // namespace

TEST_CASE("crc64 is that of xz and of Go") {
  CHECK(crc64("123456789") == 0x995DC9BBDF1939FA);
  CHECK(crc64("") == 0);
  CHECK(crc64("456789", crc64("123")) == crc64("123456789"));
  CHECK(crc64("6789abcdefghij", crc64("12345")) == crc64("123456789abcdefghij"));
}

TEST_CASE("a mongodump archive is read document by document, whatever pieces it comes in") {
  for (size_t piece : {1u, 7u, 65536u}) {
    std::vector<std::string> seen;
    MongodumpArchive archive = read_bytes(
        sample(), [&](const MongodumpCollection& c, std::string_view bson) { seen.push_back(c.name + " " + bson_id(bson)); }, piece);
    CHECK(seen == std::vector<std::string>{"datasource 507f1f77bcf86cd799439011", "user 7", "datasource 7"});
    CHECK(archive.server_version == "6.0.14");
    CHECK(archive.tool_version == "100.9.4");
    REQUIRE(archive.collections.size() == 2);
    CHECK(archive.collections[0].documents == 2);
    CHECK(archive.collections[0].ended);
  }
  CHECK(bson_text(kAda, "a.b.c") == "deep");
  CHECK(bson_text(kAda, "a.b") == std::nullopt);
  CHECK(bson_text(kAda, "a.x.c") == std::nullopt);
}

TEST_CASE("a mongodump archive that is damaged is refused with what is wrong") {
  const std::string good = sample(), start = prelude({"user"});
  auto says = [](const std::string& why) { return "dump.gz does not verify: " + why; };
  CHECK(problem("") == says("it ends in the middle"));
  CHECK(problem("\x1f\x8b\x08\x08more") == says("it is no archive of mongodump"));
  CHECK(problem(start) == says("it is cut short: collection user has no end"));
  CHECK(problem(start + block("user", {kBob}) + last_block("user", crc64(kBob) ^ 1)) ==
        says("collection user has another checksum than the archive says"));
  CHECK(problem(start + block("other", {kBob})) == says("it has documents of a collection that it does not name: other"));
  CHECK(problem(start + last_block("user", 0) + block("user", {kBob})) == says("collection user goes on after its end"));
  CHECK(problem(start + std::string("\xff\xff\xff\x7f", 4)) == says("a document claims 2147483647 bytes"));
  CHECK(problem(start + std::string("\x04\0\0\0", 4)) == says("a document claims 4 bytes"));
  CHECK(problem(start + std::string("\x05\0\0\0\x01", 5)) == says("a document does not end where it says"));

  for (size_t size = 0; size < good.size(); ++size)
    if (error_of([&] { read_bytes(good.substr(0, size), nullptr, 4096); }).code() != Code::backup_corrupt) FAIL_CHECK("cut to " << size);
  const size_t first = prelude({"datasource", "user"}).size() +
                       bson_of({{"db", "appsmith"}, {"collection", "datasource"}, {"EOF", false}, {"CRC", 0}}).size();
  for (size_t at = first; at < first + kAda.size(); ++at) {
    std::string flipped = good;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    if (error_of([&] { read_bytes(flipped, nullptr, 4096); }).code() != Code::backup_corrupt) FAIL_CHECK("flipped at " << at);
  }
}

TEST_CASE("what the fuzzer has found in archives is read to its end or refused as damaged") {
  for (const auto& entry : std::filesystem::directory_iterator(PLAYBOOK_SOURCE_DIR "/tests/fuzz/corpus/mongodump")) {
    INFO(entry.path());
    try {
      read_bytes(read_file(entry.path()), [](const MongodumpCollection&, std::string_view bson) { bson_id(bson), bson_text(bson, "a.b"); });
    } catch (const Error& error) {
      CHECK(error.code() == Code::backup_corrupt);
    }
  }
}

TEST_CASE("mongodump archives are found in gzip and in Appsmith's tar") {
  TempFolder folder;
  const std::string in = "cd " + folder.path().string() + " && ";
  folder.write("dump", sample());
  run(in +
      "gzip -k dump && mkdir -p appsmith-backup && cp dump.gz appsmith-backup/mongodb-data.gz && echo '{}' > appsmith-backup/manifest.json"
      " && tar czf backup.tar.gz appsmith-backup && tar cf backup.tar appsmith-backup && head -c 60 dump.gz > cut.gz && rm "
      "appsmith-backup/mongodb-data.gz && tar czf empty.tar.gz appsmith-backup");
  for (const char* name : {"dump", "dump.gz", "backup.tar.gz", "backup.tar"}) {
    INFO(name);
    CHECK(read_mongodump_file(folder.path() / name).collections.at(0).documents == 2);
  }
  CHECK(error_of([&] { read_mongodump_file(folder.path() / "empty.tar.gz"); }).message() ==
        "empty.tar.gz does not verify: it holds no mongodb-data.gz");
  CHECK(error_of([&] { read_mongodump_file(folder.path() / "cut.gz"); }).code() == Code::backup_corrupt);
  CHECK(error_of([&] { read_mongodump_file(folder.path() / "none"); }).code() == Code::file_missing);
  int read = 0;
  auto stop = [&](const MongodumpCollection&, std::string_view) {
    ++read;
    throw Error(Code::cancelled, "enough");
  };
  CHECK(error_of([&] { read_mongodump_file(folder.path() / "backup.tar.gz", stop); }).code() == Code::cancelled);
  CHECK(read == 1);
}

TEST_CASE("a large mongodump archive is read at no less than 0.7 of the speed of gzip -dc", "[.][keys][exhaustive]") {
  TempFolder folder;
  std::string text, document = bson_of({{"_id", 1}, {"text", std::string(900, 'x')}, {"other", "y"}});
  for (unsigned i = 0; i < 200000; ++i) {
    std::string one = document;
    for (size_t at = 30; at < 900; at += 7) one[at] = static_cast<char>('a' + (i * 2654435761u >> at % 24) % 26);
    text += one;
  }
  std::uint64_t crc = crc64(text);
  replace_file(folder.path() / "dump", prelude({"user"}) + block("user", {text}) + last_block("user", crc));
  run("gzip -1 " + (folder.path() / "dump").string());
  auto timed = [](const std::function<void()>& work) {
    auto began = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  double gzip = timed([&] { run("gzip -dc " + (folder.path() / "dump.gz").string() + " > /dev/null"); });
  double ours = timed([&] { CHECK(read_mongodump_file(folder.path() / "dump.gz").collections.at(0).documents == 200000); });
  WARN("gzip -dc " << gzip << " s, read and checked " << ours << " s, ratio " << gzip / ours);
  CHECK(gzip / ours >= 0.7);
}
