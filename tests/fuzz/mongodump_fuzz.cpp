// libFuzzer: an archive of mongodump. It is read to its end, or refused as damaged; documents are looked into as keys do.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "runtime/backup/mongodump_archive.h"
#include "runtime/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  auto bytes = [&] {
    std::string_view piece = input.substr(0, 100);
    input.remove_prefix(piece.size());
    return piece;
  };
  auto look = [](const playbook::MongodumpCollection&, std::string_view bson) {
    playbook::bson_id(bson);
    playbook::bson_text(bson, "datasourceConfiguration.authentication.password");
  };
  try {
    playbook::read_mongodump(bytes, "fuzzed", look);
  } catch (const playbook::Error& error) {
    if (error.code() != playbook::Code::backup_corrupt) std::abort();
  }
  return 0;
}
