// A kind of state that a backup set can hold: a database, configuration files, later PostgreSQL, folders, volumes. One stateless class per
// kind, in one file, registered by one line in sources.cpp; nothing else knows the kinds. A spec is what a playbook asks for
// (`{type="sqlite", path=...}`); a stored source is what a manifest says about it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runtime/backup/manifest.h"
#include "runtime/backup/part.h"
#include "runtime/backup/work.h"

namespace playbook {

/// What a source sees of the set that is being written.
class SetWriter {
 public:
  virtual ~SetWriter() = default;
  /// A new file of the set; hand it back with `add` once it is finished.
  virtual std::unique_ptr<PartWriter> part(const std::string& file, const std::string& source, Encoding encoding,
                                           std::uint64_t expected_bytes) = 0;
  virtual void add(Part part) = 0;
  /// Where the finished parts lie, for a source that reads its own again.
  virtual const std::filesystem::path& folder() const = 0;
};

/// A source in a finished set. Refers to its manifest and must not outlive it.
struct Stored {
  const std::filesystem::path& folder;
  const Manifest& manifest;
  const StoredSource& source;
};

class Source {
 public:
  virtual ~Source() = default;
  virtual std::string type() const = 0;

  /// The spec, complete: absolute paths (relative ones are below `instance`), a `name`, defaults. Throws `argument.invalid`.
  virtual Json check(const Json& spec, const std::filesystem::path& instance) const = 0;
  /// For plans and progress: `database /srv/app/data.db`.
  virtual std::string describe(const Json& spec) const = 0;
  /// False for configuration, which a playbook itself edits after a backup: a difference there does not make the backup stale.
  virtual bool holds_data() const { return true; }
  /// What it reads and restores, as Primitive::touches says it.
  virtual std::vector<std::string> touches(const Json& spec) const = 0;
  /// Bytes that will be read.
  virtual std::uint64_t estimate(const Json& spec, Work& work) const = 0;

  /// Tells `work` what is to come, before `create`: all is read, compressed and read back.
  virtual void announce(const Json& spec, Work& work) const { work.expect(3 * estimate(spec, work)); }

  /// A folder on the disk that a restored copy takes room on, beside what is there; empty where that cannot be seen from here.
  virtual std::filesystem::path restored_below(const Json& spec, Work& work) const;

  /// Can it be read, and its parts be verified and rehearsed, on a thread of its own while others are? Not where it needs a server or the
  /// services of a project.
  virtual bool reads_beside(const Json&) const { return false; }

  /// Writes its parts and gives the state for the manifest.
  virtual Json create(const Json& spec, SetWriter& writer, Work& work) const = 0;
  /// Could a file or folder that was made by hand be a copy of such a state? Looks at its first bytes alone.
  virtual bool recognizes(const std::filesystem::path& copy) const;
  /// As `create`, of a copy of the state that was made by hand. Throws `unsupported` where there is no such copy.
  virtual Json import(const Json& spec, const std::filesystem::path& copy, SetWriter& writer, Work& work) const;
  /// What the operator should know of what was stored, such as broken references; no reason not to rely on it.
  virtual std::vector<std::string> warnings(const StoredSource&) const { return {}; }
  /// Row counts by table, `{}` where there are no rows.
  virtual Json rows(const StoredSource&) const { return Json::object(); }
  /// Looks into its parts, whose digests are known to be right. Throws `backup.corrupt`.
  virtual void verify(const Stored& stored, Work& work) const = 0;
  /// Restores into scratch, compares all that the manifest knows, removes the scratch. Gives what was compared. Throws `backup.corrupt`.
  virtual Json rehearse(const Stored& stored, Work& work) const = 0;

  /// Can it be restored now (rights, locks)? Throws what `restore` would, before any source of the set was touched.
  virtual void check_restore(const Stored& stored, Work& work) const = 0;
  /// Brings it back: the old state or the new one at every instant, and the same again when repeated. What was replaced is kept beside and
  /// named in `kept` of the result, what could not be brought back in `warnings`, what else is worth to be known in `notes`.
  virtual Json restore(const Stored& stored, Work& work) const = 0;

  /// What is there now against what was stored: a line for each difference, none when equal.
  virtual std::vector<std::string> differences(const Stored& stored, Work& work) const = 0;
  /// What a restore would take away and bring back: `{name, type, items=[{what, added, removed, changed}]}`, empty items when equal. An
  /// item may have a `text` that says it all.
  virtual Json loss(const Stored& stored, Work& work) const = 0;

  /// Its section of RESTORE.md: the exact commands, in a ```sh block that runs in the set's folder with `sh -eu`.
  virtual std::string instructions(const Stored& stored) const = 0;
};

class SourceRegistry {
 public:
  /// All kinds that this version knows.
  SourceRegistry();
  void add(std::unique_ptr<Source> source);
  /// Throws `unsupported` with "did you mean".
  const Source& at(const std::string& type) const;
  /// Is it of a kind that `reads_beside`? False for a kind that this version does not know.
  bool read_beside(const Json& spec) const;
  /// Complete specs with names that are unique in the set. Throws `argument.invalid`.
  std::vector<Json> check(const Json& specs, const std::filesystem::path& instance) const;

 private:
  std::vector<std::unique_ptr<Source>> sources_;
};

/// The loss of a source whose state is counted and not compared: its differences, or `equal`, such as `as many rows as then`.
Json counted_loss(const Source& source, const Stored& stored, Work& work, const std::string& equal);

/// Throws `argument.invalid` for a member of a spec that is not in `known`, and for a `name` that cannot be a file's name.
void check_spec(const Json& spec, const std::vector<std::string>& known);

/// A path of a spec: absolute, normal.
std::filesystem::path absolute_below(const std::filesystem::path& instance, const std::string& path);

/// Is it a regular file whose first bytes are these?
bool begins_with(const std::filesystem::path& file, const std::string& bytes);

}  // namespace playbook
