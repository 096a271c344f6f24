#include "bindings/lua/program.h"
namespace playbook {
std::string lua_stubs(const Registry&) { return ""; }
std::string lua_reference(const Registry&, const std::string&) { return ""; }
}  // namespace playbook
