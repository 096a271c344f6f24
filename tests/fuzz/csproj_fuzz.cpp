// libFuzzer: bytes up to the first zero byte are an MSBuild file, the rest is a value to set in it.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/csproj_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string input(reinterpret_cast<const char*>(data), size);
  std::size_t zero = input.find('\0');
  std::string value = zero == std::string::npos ? "1.2.3-<&\"'>" : input.substr(zero + 1);
  playbook::testing::check_csproj(input.substr(0, zero), value);
  return 0;
}
