// What must hold of an MSBuild file made of any bytes. Used by the fuzz target, and by a unit test that replays its corpus.
#pragma once

#include <string>

#include "runtime/base/error.h"
#include "runtime/pin/csproj.h"
#include "tests/fuzz/require.h"

namespace playbook::testing {

/// True when the file is one that is read.
inline bool check_csproj(const std::string& text, const std::string& value) {
  try {
    Csproj file = Csproj::parse(text, "fuzz.csproj");
    require(file.text() == text, "parsing keeps every byte");
    for (auto [what, name] : {std::pair{Csproj::What::package, "Umbraco.Cms"}, {Csproj::What::property, "TargetFramework"}}) {
      try {
        Csproj changed = file;
        changed.set(what, name, value);
        require(changed.get(what, name) == value, "a value that was set reads back");
        Csproj again = changed;
        again.set(what, name, value);
        require(again.text() == changed.text(), "setting twice changes nothing more");
        size_t same = 0, tail = 0;
        while (same < text.size() && same < changed.text().size() && text[same] == changed.text()[same]) ++same;
        while (tail + same < std::min(text.size(), changed.text().size()) &&
               text[text.size() - 1 - tail] == changed.text()[changed.text().size() - 1 - tail])
          ++tail;
        bool cdata = text.find("<![CDATA[") != std::string::npos;  // there a value may hold anything
        require(cdata || text.substr(same, text.size() - same - tail).find('<') == std::string::npos, "no element changes with a value");
      } catch (const Error& error) {
        bool known = error.code() == Code::unsupported || error.code() == Code::argument_invalid;
        require(known, std::string("set refuses only what it says, not: ") + error.what());
      }
    }
    return true;
  } catch (const Error& error) {
    require(error.code() == Code::file_failed, std::string("a bad file is refused, not: ") + error.what());
    require(error.message().starts_with("fuzz.csproj"), "an error names the file");
    return false;
  }
}

}  // namespace playbook::testing
