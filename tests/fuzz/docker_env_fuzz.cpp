// libFuzzer: the text of a docker.env.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/docker_env_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  playbook::testing::check_docker_env(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
