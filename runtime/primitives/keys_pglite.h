// Stored values in a PGlite folder, read by PGlite's own package in node, where both are there: the project needs neither. PGlite writes
// to whatever it opens and knows no lock, so a copy in scratch is read, of a folder whose server is proven stopped before and after.
#pragma once

#include <filesystem>

#include "runtime/backup/work.h"
#include "runtime/engine/context.h"
#include "runtime/keys/stored_values.h"

namespace playbook {

/// `stored`: {path=, columns=, modules=?}; `modules` is the folder with node's packages, else `node_modules` of the instance. Gives how
/// many values each place has. Throws `unsupported` where node, the package, or an engine that opens the folder is missing, and as
/// `expect_shut_down` does.
std::map<std::string, std::uint64_t> read_pglite(Context& context, const Json& stored, Work& work, const StoredValueSink& sink);
/// The same of a folder that nobody else uses, which it may change.
std::map<std::string, std::uint64_t> read_pglite_copy(Context& context, const Json& stored, const std::filesystem::path& copy,
                                                      const StoredValueSink& sink);

/// Takes the output of a program and hands over each line that is a JSON object, however long it is.
class JsonLines {
 public:
  explicit JsonLines(std::function<void(const Json&)> take) : take_(std::move(take)) {}
  void write(std::string_view bytes);
  /// A last line without an end.
  void finish() { write("\n"); }

 private:
  std::function<void(const Json&)> take_;
  std::string line_;
};

}  // namespace playbook
