// ./dev bench: keys. 100,000 connections of Activepieces in a PostgreSQL, read and opened; and a backup of Appsmith with 1 GB of MongoDB's
// documents, unpacked, checked and searched for secrets, beside `gzip -dc` of what is in it. The better of two rounds counts.
#include <openssl/rand.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "runtime/backup/mongodump_archive.h"
#include "runtime/base/file.h"
#include "runtime/keys/cipher.h"
#include "tests/support/keys_bed.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

constexpr int kRounds = 2;
constexpr std::uint32_t kDocuments = 1'150'000;

/// What an act took, the least of the rounds: by the clock, and of processors' time, children included, which other work does not spoil.
struct Cost {
  double wall = 1e9, processor = 1e9;
};

double processor_seconds() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    struct rusage usage {};
    ::getrusage(who, &usage);
    for (const timeval& part : {usage.ru_utime, usage.ru_stime})
      seconds += static_cast<double>(part.tv_sec) + static_cast<double>(part.tv_usec) / 1e6;
  }
  return seconds;
}

template <typename Act>
Cost least(Act act) {
  Cost best;
  for (int i = 0; i < kRounds; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    const double used = processor_seconds();
    act();
    best.wall = std::min(best.wall, std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
    best.processor = std::min(best.processor, processor_seconds() - used);
  }
  return best;
}

void run(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error(command + " failed");
}

void measure_rows() {
  KeysBed bed;
  bed.sql(
      "create table app_connection (id int primary key, value jsonb not null);"
      "insert into app_connection select n, json_build_object('iv', '33177e09e66bddc9ca73ff048d903d13', 'data', "
      "'4d5047b0449aaf3bcd47ddcf638bbd98f4554c1b0da71c2fe540677d54cdb627c345b8af765e39a1a7a6ad2115fde28fa0de312a0653efd1323b4a950745e561') "
      "from generate_series(1, 100000) n");
  bed.env("KEY=4f1d2a9c0b7e63855d21c4fa98e07b36\n");
  const Json keyring{{"scheme", "activepieces"},
                     {"keys", {{"key", bed.dotenv("KEY")}}},
                     {"stored", {{"type", "postgres"}, {"server", bed.server}, {"columns", {"app_connection.value"}}}}};
  const Cost took = least([&] {
    if (bed.verify(Json::array({keyring})).at("verdict") != "match") throw std::runtime_error("not every value opens");
  });
  std::printf("%-52s %6.2f s   at most 2 s   (%.2f s of processor beside the server's)\n",
              "100,000 values of Activepieces, from rows to verdict", took.wall, took.processor);
}

std::string text_element(const std::string& name, const std::string& value) {
  const auto size = static_cast<std::uint32_t>(value.size() + 1);
  std::string element = "\x02" + name + '\0';
  for (unsigned shift : {0u, 8u, 16u, 24u}) element += static_cast<char>(size >> shift);
  return element + value + '\0';
}

std::string document(const std::string& elements) {
  const auto size = static_cast<std::uint32_t>(elements.size() + 5);
  std::string bson;
  for (unsigned shift : {0u, 8u, 16u, 24u}) bson += static_cast<char>(size >> shift);
  return bson + elements + '\0';
}

std::string header(bool ends, std::uint64_t crc) {
  std::string number;
  for (unsigned shift = 0; shift < 64; shift += 8) number += static_cast<char>(crc >> shift);
  const std::string flag(1, ends ? '\1' : '\0');
  return document(text_element("db", "appsmith") + text_element("collection", "newAction") + "\x08" + "EOF" + '\0' + flag + "\x12" + "CRC" +
                  '\0' + number);
}

// An archive as mongodump writes it, one collection, with text that compresses as documents do.
void write_archive(const std::filesystem::path& file) {
  FILE* out = std::fopen(file.c_str(), "wb");
  auto put = [&](const std::string& bytes) { std::fwrite(bytes.data(), 1, bytes.size(), out); };
  const std::string end = "\xff\xff\xff\xff";
  put("\x6d\xe2\x99\x81" + document(text_element("server_version", "7.0.14") + text_element("tool_version", "100.9.4")) +
      document(text_element("db", "appsmith") + text_element("collection", "newAction") + text_element("type", "collection")) + end);
  put(header(false, 0));
  std::uint64_t crc = 0;
  std::string noise(64, '\0');
  for (std::uint32_t i = 0; i < kDocuments; ++i) {
    RAND_bytes(reinterpret_cast<unsigned char*>(noise.data()), 64);
    std::string body;
    for (int line = 0; line < 12; ++line)
      body += "{{Query" + std::to_string(i % 977) + ".data.map(row => row." + hex_encoded(noise.substr(line * 5, 5)) + ")}} ";
    const std::string one = document(text_element("_id", std::to_string(i)) + text_element("body", body + body.substr(0, 300)));
    crc = crc64(one, crc);
    put(one);
  }
  put(end + header(true, crc) + end);
  if (std::fclose(out) != 0) throw std::runtime_error("cannot write " + file.string());
}

void measure_archive() {
  TempFolder folder;
  const std::string at = folder.path().string();
  write_archive(folder.path() / "mongodb-data");
  const double bytes = static_cast<double>(std::filesystem::file_size(folder.path() / "mongodb-data"));
  run("cd " + at + " && gzip mongodb-data && tar czf backup.tar.gz mongodb-data.gz");
  const Cost gzip = least([&] { run("gzip -dc " + at + "/mongodb-data.gz > /dev/null"); });
  std::uint64_t seen = 0;
  auto look = [&](const MongodumpCollection&, std::string_view bson) { seen += bson_text(bson, "body").has_value(); };
  const Cost plain = least([&] { read_mongodump_file(folder.path() / "mongodb-data.gz", look); });
  const Cost packed = least([&] { read_mongodump_file(folder.path() / "backup.tar.gz", look); });
  if (seen != 2ull * kRounds * kDocuments) throw std::runtime_error("documents were lost");
  std::printf("%.2f GB of documents, `gzip -dc` of them %.2f s (%.2f s of processor)\n", bytes / 1e9, gzip.wall, gzip.processor);
  for (const auto& [what, cost] :
       {std::pair{"an archive of mongodump, in gzip", plain}, {"a backup of Appsmith: gzip in tar in gzip", packed}})
    std::printf("%-52s %6.2f s   %.2f of its speed, at least 0.7   (%.2f s of processor, %.2f)\n", what, cost.wall, gzip.wall / cost.wall,
                cost.processor, gzip.processor / cost.processor);
}

}  // namespace

int main() {
  measure_rows();
  measure_archive();
}
