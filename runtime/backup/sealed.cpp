#include "runtime/backup/sealed.h"

#include <algorithm>

#include "runtime/backup/services.h"
#include "runtime/backup/sums.h"
#include "runtime/backup/verify.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSealHint = "give recipients as `age-keygen -y FILE` prints them";

std::string unseal_hint(const fs::path& identity) { return "see whether " + identity.string() + " holds the key of one of its recipients"; }

Exit run_age(const Command& command, const std::string& what, const std::string& hint, Work& work) {
  Exit exit = work.children().run(command, nullptr, work.cancel());
  if (exit.cancelled) throw Error(Code::cancelled, what + " was cancelled");
  if (exit.status == 0) return exit;
  std::string said = last_said(exit);
  for (const std::string& line : split(to_utf8(exit.err), '\n'))  // its last line is an invitation to report a bug
    if (line.starts_with("age: error: ")) said = line.substr(12);
  throw Error(Code::backup_failed, what + " failed: " + said, hint, {{"status", exit.status}});
}

// As it would be had nobody encrypted it.
Manifest in_the_clear(Manifest manifest) {
  manifest.recipients.clear();
  for (Part& part : manifest.parts) part.sealed_sha256.clear(), part.sealed_bytes = 0;
  return manifest;
}

void expect_sums(const BackupSet& set, const std::string& digest, const SourceRegistry& sources, Work& work) {
  const std::vector<Finding> findings = verify_set(set.path(), digest, sources, work, Depth::stored);
  if (!findings.empty())
    throw Error(Code::backup_corrupt, "backup set " + set.path().string() + " is damaged: " + describe(findings),
                "nothing was changed; take the set from another copy, or use another set", {{"findings", to_json(findings)}});
}

}  // namespace

void check_recipients(const std::vector<std::string>& recipients) {
  for (const std::string& one : recipients)
    if (!one.starts_with("age1") && !one.starts_with("ssh-"))
      throw Error(Code::argument_invalid, "\"" + to_utf8(one) + "\" is no recipient of age",
                  "it begins with age1, as age-keygen prints it, or with ssh-ed25519 or ssh-rsa");
}

Part seal_part(const fs::path& folder, Part part, const std::vector<std::string>& recipients, Work& work) {
  const fs::path clear = folder / part.file, sealed = folder / (part.file + ".age");
  Command age;
  age.argv = {"age", "--encrypt", "--output", sealed};
  for (const std::string& one : recipients) age.argv.insert(age.argv.end(), {"--recipient", one});
  age.argv.push_back(clear);
  run_age(age, "encrypting " + part.file, kSealHint, work);
  fs::permissions(sealed, fs::perms::owner_read | fs::perms::owner_write);
  sync_file(sealed);
  part.sealed_sha256 = file_digest(sealed);
  part.sealed_bytes = fs::file_size(sealed);
  fs::remove(clear);
  work.advance(0);
  return part;
}

std::string sealed_text(const SecretBytes& text, const std::string& what, const std::vector<std::string>& recipients, Work& work) {
  Command age;
  age.argv = {"age", "--encrypt"};
  for (const std::string& one : recipients) age.argv.insert(age.argv.end(), {"--recipient", one});
  age.input = text.view();
  Exit exit = run_age(age, "encrypting " + what, kSealHint, work);
  SecretBytes::wipe(age.input);
  return std::move(exit.out);
}

SecretBytes unsealed_text(const fs::path& file, Work& work) {
  Command age;
  age.argv = {"age", "--decrypt", "--identity", work.identity(), file};
  Exit exit = run_age(age, "decrypting " + file.filename().string(), unseal_hint(work.identity()), work);
  return SecretBytes::taken_from(exit.out);
}

ClearSet::ClearSet(BackupSet set, const std::string& digest, const fs::path& identity, const SourceRegistry& sources, Work& work)
    : given_(std::move(set)), digest_(digest) {
  work.set_identity(identity);
  const Manifest& sealed = given_.manifest();
  if (sealed.recipients.empty()) return;
  if (identity.empty())
    throw Error(Code::argument_invalid, "backup set " + sealed.name + " is encrypted, and no identity is named that opens it",
                "name the file with one of its recipients' keys as `identity`");
  expect_sums(given_, digest, sources, work);
  scratch_.emplace(work, "clear-" + sealed.name);
  const fs::path folder = scratch_->path() / sealed.name;
  make_folder(folder);
  Manifest clear = in_the_clear(sealed);
  Sums sums;
  for (const Part& part : sealed.parts) {
    make_folder((folder / part.file).parent_path());
    Command age;
    age.argv = {"age", "--decrypt", "--identity", identity, "--output", folder / part.file, given_.path() / part.stored_as()};
    run_age(age, "decrypting " + part.stored_as(), unseal_hint(identity), work);
    if (file_digest(folder / part.file) != part.sha256)
      throw Error(Code::backup_corrupt, part.stored_as() + " decrypts to another content than was stored",
                  "take the set from another copy, or use another set");
    sums[part.file] = part.sha256;
  }
  replace_file(folder / kManifestFile, clear.to_text(), 0600);
  sums[std::string(kManifestFile)] = sha256(clear.to_text());
  replace_file(folder / kSumsFile, render_sums(sums), 0600);
  clear_ = BackupSet::open(folder);
  digest_ = clear_->digest();
}

void ClearSet::keep_attestation() const {
  if (!clear_) return;
  const std::vector<Json> lines = clear_->attestations();
  if (!lines.empty()) given_.attest(lines.back());
}

std::string unsealing_by_hand(const Manifest& manifest) {
  std::string text =
      "The parts are encrypted. Put the absolute path of a file with the key of one of these recipients into `AGE_IDENTITY`; the rest "
      "works\n   on "
      "what is decrypted:\n\n";
  for (const std::string& one : manifest.recipients) text += "   - `" + one + "`\n";
  text += "\n```sh\nset=$PWD\nclear=$(mktemp -d)\n";
  for (const Part& part : manifest.parts) {
    if (const fs::path folder = fs::path(part.file).parent_path(); !folder.empty())
      text += "mkdir -p \"$clear\"/" + shell_quoted(folder.string()) + "\n";
    text += "age --decrypt --identity \"$AGE_IDENTITY\" --output \"$clear\"/" + shell_quoted(part.file) + " \"$set\"/" +
            shell_quoted(part.stored_as()) + "\n";
  }
  return text + "cd \"$clear\"\n```\n";
}

}  // namespace playbook
