// Encrypted sets: the parts of a set, each encrypted to recipients of age (age-encryption.org) by its own program. The manifest, RESTORE.md
// and the sums stay readable; no part and no secret is. What works on the content works on a set in the clear, made of it in scratch.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/backup/set.h"
#include "runtime/keys/secret_bytes.h"

namespace playbook {

/// Throws `argument.invalid` for what is no recipient.
void check_recipients(const std::vector<std::string>& recipients);

/// Replaces the part's file in `folder` by its encryption, synced. Throws `backup.failed`, process.missing.
Part seal_part(const std::filesystem::path& folder, Part part, const std::vector<std::string>& recipients, Work& work);

/// A short text, encrypted by age without a file in between; `what` names it in errors. Throws `backup.failed`, process.missing.
std::string sealed_text(const SecretBytes& text, const std::string& what, const std::vector<std::string>& recipients, Work& work);
/// The text in a file that `sealed_text` made, opened with the identity of `work`, and no file in between.
SecretBytes unsealed_text(const std::filesystem::path& file, Work& work);

/// A set whose parts can be read: itself, or for an encrypted one its decryption in scratch, which goes with this object.
class ClearSet {
 public:
  /// Decrypts with the identity file, which from now on is that of `work`, after the sums of the encrypted set were compared (with `digest`
  /// where that is known). Throws `backup.corrupt`, and `argument.invalid` where an identity is missing.
  ClearSet(BackupSet set, const std::string& digest, const std::filesystem::path& identity, const SourceRegistry& sources, Work& work);

  const BackupSet& set() const { return clear_ ? *clear_ : given_; }
  /// Of SHA256SUMS of `set()`, as far as it is known.
  const std::string& digest() const { return digest_; }
  /// Puts an attestation about `set()` into the set that lasts.
  void keep_attestation() const;

 private:
  BackupSet given_;
  std::string digest_;
  std::optional<ScratchFolder> scratch_;
  std::optional<BackupSet> clear_;
};

/// For RESTORE.md of an encrypted set: the commands that decrypt it and go to the folder of what was decrypted.
std::string unsealing_by_hand(const Manifest& manifest);

}  // namespace playbook
