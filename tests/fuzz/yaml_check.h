// What must hold of a YAML file made of any bytes. Used by the fuzz target, and by a unit test that replays its corpus.
#pragma once

#include <string>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/pin/yaml.h"
#include "tests/fuzz/require.h"

namespace playbook::testing {

/// Every byte but those of the node is where it was, and setting again changes nothing.
inline void check_yaml_set(const Yaml& file, size_t node, const Json& value) {
  Yaml changed = file;
  changed.set(node, value);
  require(changed.value(node) == value, "a value that was set reads back");
  std::string_view before = file.text(), after = changed.text();
  const Yaml::Node& was = file.nodes()[node];
  require(after.starts_with(before.substr(0, was.begin)), "what is before the value stays");
  require(after.ends_with(before.substr(was.end)), "what is after the value stays");
  Yaml again = changed;
  again.set(node, value);
  require(again.text() == changed.text(), "setting twice changes nothing more");
}

/// `text`: the file. `value`: something to set. True when the file is one that is read.
inline bool check_yaml(const std::string& text, const std::string& value) {
  try {
    Yaml file = Yaml::parse(text, "fuzz.yml");
    require(file.text() == text, "parsing keeps every byte");
    int tried = 0;
    for (size_t node = 0; node < file.nodes().size() && tried < 8; ++node) {
      const Yaml::Node& one = file.nodes()[node];
      require(one.begin <= one.end && one.end <= text.size(), "a value lies within its file");
      if (one.kind == Yaml::Kind::scalar) ++tried;
      for (const Json& wanted : {Json(value), Json(1.5), Json(true)}) {
        try {
          check_yaml_set(file, node, wanted);
        } catch (const Error& error) {
          bool known = error.code() == Code::unsupported || (error.code() == Code::argument_invalid && !is_utf8(value));
          require(known, std::string("set refuses only what it says, not: ") + error.what());
        }
      }
    }
    try {
      if (!file.nodes().empty()) file.value(0);
      file.find({"services", "app", "image"});
    } catch (const Error& error) {
      require(error.code() == Code::unsupported, std::string("a value that cannot be given is refused, not: ") + error.what());
    }
    return true;
  } catch (const Error& error) {
    require(error.code() == Code::file_failed || error.code() == Code::unsupported,
            std::string("a bad file is refused, not: ") + error.what());
    require(error.message().starts_with("fuzz.yml"), "an error names the file");
    return false;
  }
}

}  // namespace playbook::testing
