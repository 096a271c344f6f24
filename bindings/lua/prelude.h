// The trusted Lua text that travels inside the library: the prelude, and the hand-written part of the editor stub. Made by embed.cmake.
#pragma once

#include <span>
#include <string_view>

namespace playbook::lua {

struct PreludeFile {
  std::string_view name;  ///< `prelude/core`, `stubs/prelude`
  std::string_view text;
};
std::span<const PreludeFile> prelude_files();

}  // namespace playbook::lua
