// How a person brings a database back out of a set without this program: the part of RESTORE.md that is of a source `postgres`.
#pragma once

#include <string>

#include "runtime/backup/source.h"

namespace playbook {

/// Markdown, with the commands; holds no password.
std::string postgres_instructions(const Stored& stored);

}  // namespace playbook
