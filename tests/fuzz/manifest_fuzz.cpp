// libFuzzer: bytes up to the first zero byte are a manifest.json, the rest is a SHA256SUMS. What is accepted must come out again as it went
// in, and no part may lie outside of its set; everything else must be refused as a damaged or newer set.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "runtime/backup/manifest.h"
#include "runtime/backup/sums.h"
#include "runtime/base/error.h"

namespace {

using playbook::Code;
using playbook::Error;

void demand(bool holds) {
  if (!holds) std::abort();
}

void check_manifest(std::string_view text) {
  try {
    playbook::Manifest manifest = playbook::Manifest::parse(text, "fuzzed");
    for (const playbook::Part& part : manifest.parts) demand(playbook::is_safe_name(part.file));
    demand(playbook::Manifest::parse(manifest.to_text(), "fuzzed").to_text() == manifest.to_text());
  } catch (const Error& error) {
    demand(error.code() == Code::backup_corrupt || error.code() == Code::backup_newer);
  }
}

void check_sums(std::string_view text) {
  try {
    demand(playbook::render_sums(playbook::parse_sums(text)) == text);
  } catch (const Error& error) {
    demand(error.code() == Code::backup_corrupt);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::size_t zero = input.find('\0');
  check_manifest(input.substr(0, zero));
  if (zero != std::string_view::npos) check_sums(input.substr(zero + 1));
  return 0;
}
