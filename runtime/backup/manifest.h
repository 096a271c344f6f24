// manifest.json of a backup set: what is in it, from where, and what it held. Format 1:
//
//   format              1; a reader refuses a higher number (`backup.newer`) and ignores members that it does not know
//   name                name of the set's folder
//   created             UTC, ISO 8601
//   application, version, note, instance, actor, action      strings, "" where unknown; action is `<run>/<action>` of the journal
//   tools               what made it: {playbook, sqlite, zstd, ...} -> version
//   sources[]           {type, name, spec, state}: spec is what was asked for, with absolute paths; state is what the source's own code
//   wrote down
//                       (fingerprints, owners, modes) and alone understands
//   parts[]             {file, source, encoding, bytes, stored_bytes, sha256, content_sha256}: encoding is "zstd" or "plain"; bytes and
//                       content_sha256 are of the decoded content, stored_bytes and sha256 of the file; content_sha256 is "" where
//                       the source's state proves the content
//   recipients[]        of age, where the parts are encrypted; then each part has sealed={sha256, bytes} of the file `<file>.age`, and all
//                       else it says is of what is in that
//   keys[]              {scheme, key, salt, scrypt}: fingerprints of the keys that were set (runtime/keys/fingerprint.h); may be missing
//
// It holds no secret values. A set never changes after it got its name, and so never does its manifest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/json.h"

namespace playbook {

constexpr int kManifestFormat = 1;

enum class Encoding { plain, zstd };

struct Part {
  std::string file;    ///< relative to the set's folder
  std::string source;  ///< name of its source
  Encoding encoding = Encoding::plain;
  std::uint64_t bytes = 0;
  std::uint64_t stored_bytes = 0;
  std::string sha256;
  std::string content_sha256;
  std::string sealed_sha256{};  ///< of an encrypted set: the digest of `stored_as`; all else is of what is in it
  std::uint64_t sealed_bytes = 0;

  bool is_sealed() const { return !sealed_sha256.empty(); }
  /// The file's name in the set.
  std::string stored_as() const { return is_sealed() ? file + ".age" : file; }
};

struct StoredSource {
  std::string type;
  std::string name;
  Json spec;
  Json state;
};

struct Manifest {
  std::string name, created, application, version, note, instance, actor, action;
  Json tools = Json::object();
  std::vector<StoredSource> sources;
  std::vector<Part> parts;
  Json keys = Json::array();
  std::vector<std::string> recipients;  ///< of age; none where the set is not encrypted

  std::string to_text() const;
  /// `where` names the set in errors: backup.corrupt, backup.newer.
  static Manifest parse(std::string_view text, const std::string& where);
  /// The one part of a source that has just one; throws `backup.corrupt` when there is none.
  const Part& part_of(const std::string& source) const;
  /// The part in `file`; throws `backup.corrupt` when there is none.
  const Part& part_named(const std::string& file) const;
};

/// Runs `body`, which reads what sources wrote into a manifest: a member that is missing or of the wrong type is `backup.corrupt`, not a
/// defect.
template <typename Body>
auto reading_manifest(const std::string& set, Body body) {
  try {
    return body();
  } catch (const Json::exception&) {
    throw Error(Code::backup_corrupt, "manifest.json of " + set + " lacks a member or has one of the wrong type",
                "take the set from another copy, or use another set");
  }
}

/// True for a name that stays inside the set's folder: relative, no `..`, no control characters or backslashes.
bool is_safe_name(std::string_view file);

}  // namespace playbook
