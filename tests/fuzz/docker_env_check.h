// What must hold of a docker.env made of any bytes. Used by the fuzz target, and by a unit test that replays its corpus.
#pragma once

#include <string>

#include "runtime/base/error.h"
#include "runtime/pin/docker_env.h"
#include "tests/fuzz/require.h"

namespace playbook::testing {

/// True when the file is one with which Appsmith starts.
inline bool check_docker_env(const std::string& text) {
  DockerEnv file;
  try {
    file = parse_docker_env(text);
  } catch (const Error& error) {
    require(error.code() == Code::dotenv_invalid, std::string("a bad file is dotenv.invalid, not: ") + error.what());
    require(error.message().starts_with("docker.env:"), "an error says where");
    return false;
  }
  std::string quoted;
  for (const auto& [name, value] : file.values) {
    require(value.find_first_of(std::string("\0\n\r\x7f", 4)) == std::string::npos, "no value holds a control character");
    quoted += name + "='";
    for (char c : value) quoted += c == '\'' ? "'\"'\"'" : std::string(1, c);  // as a shell quotes it
    quoted += "'\n";
  }
  require(parse_docker_env(quoted).values == file.values, "quoted values read back");
  require(parse_docker_env(text + "\nAPPSMITH_FUZZED=last").values.at("APPSMITH_FUZZED") == "last", "the last line counts");
  return true;
}

}  // namespace playbook::testing
