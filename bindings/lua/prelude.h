// The trusted Lua that travels inside the library: the prelude as text (embed.cmake) and as bytecode (compile_prelude), and the
// hand-written part of the editor stub. Reading the text anew takes a third of the time in which an empty playbook runs; bytecode is read
// by the LuaJIT that made it and by no other.
#pragma once

#include <span>
#include <string_view>

namespace playbook::lua {

/// Chunks of the prelude are named so; positions skip them.
inline constexpr const char* kPreludeChunk = "@prelude:";

struct PreludeFile {
  std::string_view name;  ///< `prelude/core`, `stubs/prelude`
  std::string_view text;
};
std::span<const PreludeFile> prelude_files();

struct PreludeCode {
  std::string_view name;  ///< `core`
  std::span<const unsigned char> bytes;
};
std::span<const PreludeCode> prelude_code();
/// `jit.version` of the LuaJIT that made it.
const char* prelude_code_version();

}  // namespace playbook::lua
