// Our own libraries that are loaded when first needed, because what they link would slow the start of every playbook.
#pragma once

#include <string>

namespace playbook {

/// The symbol of `library` (such as libplaybook-postgres.so), which lies beside the program or where an installation puts it. Throws
/// `process.missing`: `<purpose> <library>, which cannot be loaded`; `package` has what it needs.
void* load_module(const std::string& library, const char* symbol, const std::string& purpose, const std::string& package);

}  // namespace playbook
