// libFuzzer: bytes up to the first zero byte are a YAML file, the rest is a value to set in it.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/yaml_check.h"

/// libfyaml 0.7.12 keeps up to some tens of KiB of a text with long quoted keys and never gives them back (corpus/yaml/leak.yml).
extern "C" const char* __lsan_default_suppressions() { return "leak:libfyaml.so"; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string input(reinterpret_cast<const char*>(data), size);
  std::size_t zero = input.find('\0');
  std::string value = zero == std::string::npos ? "it's: \"a\" #1" : input.substr(zero + 1);
  playbook::testing::check_yaml(input.substr(0, zero), value);
  return 0;
}
