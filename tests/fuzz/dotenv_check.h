// What must hold of a .env file made of any bytes. Used by the fuzz target, and by a unit test that replays its corpus.
#pragma once

#include <string>

#include "runtime/base/error.h"
#include "runtime/pin/dotenv.h"
#include "tests/fuzz/require.h"

namespace playbook::testing {

/// Every byte but those of the value is where it was: the texts share a beginning and an end that cover all else.
inline void check_set(const Dotenv& file, const std::string& key, const std::string& value) {
  Dotenv changed = file;
  changed.set(key, value);
  require(changed.get(key) == value, "a value that was set reads back");
  Dotenv again = changed;
  again.set(key, value);
  require(again.text() == changed.text(), "setting twice changes nothing more");
  const Dotenv::Entry* last = nullptr;
  for (const Dotenv::Entry& entry : file.entries())
    if (entry.key == key) last = &entry;
  std::string_view before = file.text(), after = changed.text();
  if (!last) return require(after.starts_with(before), "a new key goes to the end");
  require(after.starts_with(before.substr(0, last->value_begin)), "what is before the value stays");
  require(after.ends_with(before.substr(last->value_end)), "what is after the value stays");
}

/// `text`: the file. `value`: something to set. True when the file is one that Compose reads.
inline bool check_dotenv(const std::string& text, const std::string& value) {
  try {
    Dotenv file = Dotenv::parse(text);
    require(file.text() == text, "parsing keeps every byte");
    for (const Dotenv::Entry& entry : file.entries()) {
      try {
        file.get(entry.key);
      } catch (const Error& error) {
        require(error.code() == Code::dotenv_invalid, "a value that cannot be read is dotenv.invalid");
      }
    }
    check_set(file, "FUZZED", value);
    for (size_t i = 0; i < file.entries().size() && i < 8; ++i) {
      try {
        check_set(file, file.entries()[i].key, value);
      } catch (const Error& error) {
        require(error.code() == Code::argument_invalid, std::string("set refuses only what no file can hold, not: ") + error.what());
      }
      Dotenv less = file;
      require(less.unset(file.entries()[i].key), "a key that is there can be unset");
      require(!less.get(file.entries()[i].key), "a key that was unset is gone");
    }
    return true;
  } catch (const Error& error) {
    require(error.code() == Code::dotenv_invalid, std::string("a bad file is dotenv.invalid, not: ") + error.what());
    require(error.message().starts_with(".env:"), "an error says where");
    return false;
  }
}

}  // namespace playbook::testing
